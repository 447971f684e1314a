"""What is answered to whoever reads without a key: pages in the format that is asked for."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache, partial
from typing import Any, NamedTuple

from watchword_server.api.answer import HTML, JSON, MARKDOWN, Answer, Header
from watchword_server.api.site import arazzo, entrances, skills, sources, well_known
from watchword_server.api.site.pages import Library, Page

_VARY = (b"vary", b"accept")
_NO_FOREIGN = (
    b"content-security-policy",
    b"default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; "
    b"frame-ancestors 'none'",
)
_NOSNIFF = (b"x-content-type-options", b"nosniff")
_FOR_BROWSERS = ((b"access-control-allow-origin", b"*"),)
"""What a client within a browser may read from wherever its page is from."""
_TEXT = b"text/plain; charset=utf-8"
_GZIP = b"application/gzip"
_HOME, _FIRST = "/docs", "/agents"
"""Whoever comes without a path is shown the first page."""
_SECURITY = "/.well-known/security.txt"
"""Made anew each time, because it says when it expires."""


class File(NamedTuple):
    """Something at a fixed path that has one format."""

    content_type: bytes
    make: Callable[[], bytes]
    headers: tuple[Header, ...] = ()


class Site:
    """The pages of a server at `public_url`, each made when it is first asked for.

    Args:
        contact: whom to tell of a weakness; None: a page says it.
        is_sandbox_on: whether its public keys work here.
        oauth: whether it gives tokens.
    """

    def __init__(
        self, public_url: str, document: Callable[[], Mapping[str, Any]],
        contact: str | None = None, is_sandbox_on: bool = False, *, oauth: bool = False,
    ) -> None:  # fmt: skip
        self._url, self._contact, self._is_sandbox_on = public_url, contact, is_sandbox_on
        self._oauth = oauth
        self._document = document
        self._library = cache(self._made)
        self._files = {**self._fixed(), **_skills()}
        self._markdown = cache(self._as_markdown)
        self._html = cache(self._as_html)
        self._file = cache(self._as_file)

    def find(self, path: str, accept: bytes) -> Answer | None:
        """The page or file at a path, in the format of the path's ending or of `accept`."""
        if path == _SECURITY:
            said = entrances.security(self._url, self._contact, datetime.now(UTC))
            return Answer(200, said.encode(), _TEXT, (_NOSNIFF,))
        if path in self._files:
            return self._file(path)
        if path in ("/", _HOME, f"{_HOME}.md"):
            path = _FIRST + (".md" if path.endswith(".md") else "")
        page = self._library().by_path.get(path.removesuffix(".md"))
        if page is None:
            return None
        is_markdown = path.endswith(".md") or prefers_markdown(accept)
        return self._markdown(page) if is_markdown else self._html(page)

    def _made(self) -> Library:
        return Library(self._url, self._document())

    def _fixed(self) -> dict[str, File]:
        url = self._url
        return {
            "/llms.txt": File(MARKDOWN, lambda: well_known.llms(self._library(), url).encode()),
            "/llms-full.txt": File(
                MARKDOWN, lambda: well_known.llms_full(self._library()).encode()
            ),
            "/robots.txt": File(_TEXT, lambda: well_known.robots(url).encode()),
            "/sitemap.xml": File(
                b"application/xml", lambda: well_known.sitemap(url, list(self._library().by_path))
            ),
            "/.well-known/api-catalog": File(
                b'application/linkset+json; profile="https://www.rfc-editor.org/info/rfc9727"',
                lambda: well_known.api_catalog(url),
                ((b"link", b'</.well-known/api-catalog>; rel="api-catalog"'),),
            ),
            **{
                f"{well_known.RESOURCE_METADATA}{of}": File(
                    JSON,
                    lambda: well_known.resource_metadata(url, oauth=self._oauth),
                    _FOR_BROWSERS,
                )
                for of in ("", "/mcp")
            },
            **(self._issuer() if self._oauth else {}),
            **{
                path: File(well_known.CARD, lambda: well_known.server_card(url), _FOR_BROWSERS)
                for path in ("/.well-known/mcp/server-card.json", well_known.SERVER_CARD)
            },
            "/.well-known/ai-catalog.json": File(
                b"application/ai-catalog+json", lambda: well_known.ai_catalog(url), _FOR_BROWSERS
            ),
            "/auth.md": File(MARKDOWN, lambda: entrances.auth(url, self._is_sandbox_on).encode()),
            "/AGENTS.md": File(MARKDOWN, lambda: entrances.rules(url).encode()),
            "/arazzo.json": File(JSON, lambda: json.dumps(arazzo.document(url)).encode()),
            "/docs/style.css": File(b"text/css; charset=utf-8", sources.style),
        }

    def _issuer(self) -> dict[str, File]:
        """What clients of OAuth look for."""
        issuer = File(JSON, lambda: well_known.issuer_metadata(self._url), _FOR_BROWSERS)
        return {well_known.ISSUER_METADATA: issuer}

    def _as_file(self, path: str) -> Answer:
        file = self._files[path]
        return Answer(200, file.make(), file.content_type, (*file.headers, _NOSNIFF))

    def _as_markdown(self, page: Page) -> Answer:
        text = self._library().markdown(page).encode()
        return Answer(200, text, MARKDOWN, (_VARY, self._link(page), _NOSNIFF))

    def _as_html(self, page: Page) -> Answer:
        headers = (_VARY, self._link(page), _NO_FOREIGN, _NOSNIFF)
        return Answer(200, self._library().html(page), HTML, headers)

    def _link(self, page: Page) -> Header:
        alternate = f'<{page.path}.md>; rel="alternate"; type="text/markdown"'
        described = '</llms.txt>; rel="describedby"; type="text/markdown"'
        return b"link", f"{alternate}, {described}".encode()


def _skills() -> dict[str, File]:
    """The skills: two indexes, an archive of each skill, and its files."""
    found = {
        skills.INDEX: File(JSON, skills.index),
        skills.OLDER_INDEX: File(JSON, skills.older_index),
    }
    for path, what in skills.published().items():
        if isinstance(what, skills.Skill):
            found[path] = File(_GZIP, partial(skills.archive, what))
        else:
            kind = MARKDOWN if path.endswith(".md") else _TEXT
            found[path] = File(kind, partial(bytes, what))
    return found


def prefers_markdown(accept: bytes) -> bool:
    """Whether an Accept field asks for Markdown rather than HTML (RFC 9110, section 12.5.1).

    Markdown has to be named: a browser's or curl's `*/*` gets HTML.
    """
    weights: dict[str, float] = {}
    for part in accept.decode("latin-1").split(","):
        name, *parameters = (one.strip().lower() for one in part.split(";"))
        weight = next((one[2:] for one in parameters if one.startswith("q=")), "1")
        try:
            weights[name] = float(weight)
        except ValueError:
            weights[name] = 0.0
    markdown = weights.get("text/markdown", 0.0)
    return markdown > 0 and markdown >= weights.get("text/html", 0.0)
