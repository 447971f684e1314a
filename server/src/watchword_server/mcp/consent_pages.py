"""The two pages of OAuth: one on which a browser waits, one on which an operator decides.

Both work without JavaScript, load nothing, and show what a client says of itself as text only.
"""

import base64
import hashlib
from datetime import UTC, datetime
from html import escape
from urllib.parse import urlsplit

from watchword_server.api.answer import HTML, Answer
from watchword_server.domain.oauth import Authorization, spoken

_STYLE = (
    "body{font:17px/1.5 system-ui,sans-serif;max-width:38rem;margin:3rem auto;padding:0 1rem;"
    "color:#1a1a1a;background:#fff}h1{font-size:1.5rem}dt{color:#555}dd{margin:0 0 .8rem;"
    "overflow-wrap:anywhere}code{background:#f1f1f1;padding:.1em .3em}.word{font-size:2rem;"
    "letter-spacing:.1em}button{font:inherit;padding:.6em 1.2em;margin-right:1em}"
)
_DIGEST = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_DIGEST}'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
_MS = 1000
POLL_S = 3


def waiting(request: Authorization) -> Answer:
    """A browser waits for the operator, and asks again by itself."""
    word = spoken(request.word)
    body = (
        f"<h1>Waiting for the operator</h1>{_facts(request, request.scopes)}"
        f"<p>Whoever operates this server sees the same word and decides:</p>"
        f'<p class="word">{word}</p><p><code>watchword-server oauth approve {word}</code></p>'
        "<p>Then this page goes on by itself.</p>"
    )
    return _page("Waiting for the operator", body, refresh=True)


def deciding(request: Authorization, project: str, link: str) -> Answer:
    """An operator decides."""
    until = datetime.fromtimestamp(request.expires_at / _MS, UTC)
    body = (
        f"<h1>Grant access?</h1>{_facts(request, request.granted)}"
        f"<dl><dt>Project</dt><dd>{escape(project)}</dd>"
        f"<dt>Shown in the browser that asks</dt><dd>{spoken(request.word)}</dd>"
        f"<dt>Asked from</dt><dd>{escape(request.client_ip)}</dd></dl>"
        "<p>Grant it only if you began this yourself, just now, and see this word there.</p>"
        f'<form method="post"><input type="hidden" name="k" value="{escape(link, quote=True)}">'
        '<button name="decision" value="grant">Grant access</button>'
        '<button name="decision" value="deny">Deny</button></form>'
        f"<p>The link is good until {until:%H:%M} UTC, once.</p>"
    )
    return _page("Grant access?", body)


def told(title: str, said: str, status: int = 200) -> Answer:
    """A page that only says something."""
    return _page(title, f"<h1>{escape(title)}</h1><p>{escape(said)}</p>", status)


def _facts(request: Authorization, scopes: str) -> str:
    target = urlsplit(request.redirect_uri)
    rows = (
        ("Client", request.client_name),
        ("Described at", request.client),
        ("Goes back to", f"{target.scheme}://{target.netloc}{target.path}"),
        ("May", scopes),
    )
    shown = "".join(f"<dt>{name}</dt><dd>{escape(value)}</dd>" for name, value in rows)
    return f"<dl>{shown}</dl>"


def _page(title: str, body: str, status: int = 200, *, refresh: bool = False) -> Answer:
    again = f'<meta http-equiv="refresh" content="{POLL_S}">' if refresh else ""
    text = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}'
        '</title><meta name="viewport" content="width=device-width, initial-scale=1">'
        f"{again}<style>{_STYLE}</style></head><body><main>{body}</main></body></html>"
    )
    headers = (
        (b"content-security-policy", _POLICY.encode()),
        (b"referrer-policy", b"no-referrer"),
        (b"x-content-type-options", b"nosniff"),
        (b"x-frame-options", b"DENY"),
        (b"x-robots-tag", b"noindex"),
    )
    return Answer(status, text.encode(), HTML, headers)
