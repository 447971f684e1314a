"""The small files that agents and crawlers look for at fixed paths."""

import json
import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from watchword_server import __version__
from watchword_server.api.site.contents import Section
from watchword_server.api.site.pages import Library, Page
from watchword_server.domain.oauth import SCOPES

ABOUT = (
    "Self-hosted one-time passcodes: send a code by SMS, WhatsApp, email or voice, fall back, "
    "verify what the user typed. The agent never needs to see a code."
)
RESOURCE_METADATA = "/.well-known/oauth-protected-resource"
ISSUER_METADATA = "/.well-known/oauth-authorization-server"
AUTHORIZE, TOKEN, REVOKE = "/oauth/authorize", "/oauth/token", "/oauth/revoke"
SERVER_CARD = "/mcp/server-card"
CARD = b"application/mcp-server-card+json"
_SCHEMAS = "https://static.modelcontextprotocol.io/schemas/v1"
_FIRST_STEPS = """\
Send: `POST {url}/v1/messages` with `{{"to": "+14155550123", "template": {{"id": "otp-sms"}}}}`.
Check: `POST {url}/v1/verifications` with `{{"message_id": "...", "verify_code": "..."}}`.
Try it without an account: HTTP Basic `watchword_sandbox_demo:watchword_sandbox_secret`, template \
`sandbox-otp-tpl`, number `+10000000005`, code `123456`.
For machines: [{url}/openapi.json]({url}/openapi.json), flows that run: \
[{url}/arazzo.json]({url}/arazzo.json). Credentials: [{url}/auth.md]({url}/auth.md)."""
_SKIPPABLE = "Optional"


def llms(library: Library, url: str) -> str:
    """The index for language models (llmstxt.org, version 2).

    What a section has in a folder (every error, every call) is behind the folder's own page, and
    listed under `Optional`, which that standard lets a reader skip: what is before it has to fit
    into 2,000 tokens.
    """
    lines = ["# Watchword", "", f"> {ABOUT}", "", _FIRST_STEPS.format(url=url), ""]
    skippable: list[str] = []
    for section, pages in library.sections():
        first = [one for one in pages if not _is_deep(one, section)]
        if first:
            lines += [f"## {section.title}", ""]
            lines += [_entry(one, url, one.note if section.folder is None else "") for one in first]
            lines.append("")
        skippable += [_entry(one, url, "") for one in pages if one not in first]
    return "\n".join((*lines, f"## {_SKIPPABLE}", "", *skippable, ""))


def _is_deep(page: Page, section: Section) -> bool:
    """Whether a page is one of many in a folder."""
    deep = section.folder is not None and page.name.startswith(f"{section.folder}/")
    return section.title == _SKIPPABLE or (deep and not page.name.endswith("/index"))


def _entry(page: Page, url: str, note: str) -> str:
    return f"- [{page.title}]({url}{page.path}.md)" + (f": {note}" if note else "")


def llms_full(library: Library) -> str:
    """Every page, one after the other."""
    pages = [page for _, pages in library.sections() for page in pages]
    return "\n\n---\n\n".join(library.markdown(page) for page in pages)


def api_catalog(url: str) -> bytes:
    """RFC 9727."""
    return _json(
        {
            "linkset": [
                {
                    "anchor": f"{url}/v1",
                    "service-desc": [{"href": f"{url}/openapi.json", "type": "application/json"}],
                    "service-doc": [
                        {"href": f"{url}/docs/quickstart.md", "type": "text/markdown"},
                        {"href": f"{url}/llms.txt", "type": "text/markdown"},
                    ],
                    "status": [{"href": f"{url}/healthz", "type": "application/json"}],
                }
            ]
        }
    )


def resource_metadata(url: str, *, oauth: bool) -> bytes:
    """What `/mcp` is as a protected resource (RFC 9728): its bearer token is an API key, or what
    this very server gives by OAuth."""
    given = {"authorization_servers": [url], "scopes_supported": list(SCOPES)} if oauth else {}
    return _json(
        {
            "resource": f"{url}/mcp",
            "resource_name": "Watchword",
            "bearer_methods_supported": ["header"],
            "resource_documentation": f"{url}/docs/mcp.md",
            **given,
        }
    )


def issuer_metadata(url: str) -> bytes:
    """How tokens for `/mcp` are had (RFC 8414)."""
    return _json(
        {
            "issuer": url,
            "authorization_endpoint": f"{url}{AUTHORIZE}",
            "token_endpoint": f"{url}{TOKEN}",
            "revocation_endpoint": f"{url}{REVOKE}",
            "scopes_supported": list(SCOPES),
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": ["authorization_code", "refresh_token"],
            "token_endpoint_auth_methods_supported": ["none"],
            "revocation_endpoint_auth_methods_supported": ["none"],
            "code_challenge_methods_supported": ["S256"],
            "client_id_metadata_document_supported": True,
            "authorization_response_iss_parameter_supported": True,
            "service_documentation": f"{url}/docs/oauth.md",
        }
    )


def server_card(url: str) -> bytes:
    """What a client of MCP has to know to connect (SEP-2127)."""
    key = {
        "name": "Authorization",
        "description": "Bearer, then an API key: its dev_key, a dot, its dev_secret.",
        "isRequired": True,
        "isSecret": True,
    }
    remote = {
        "type": "streamable-http",
        "url": f"{url}/mcp",
        "supportedProtocolVersions": ["2026-07-28", "2025-11-25", "2025-06-18"],
        "headers": [key],
    }
    return _json(
        {
            "$schema": f"{_SCHEMAS}/server-card.schema.json",
            "name": f"{'.'.join(reversed(_host(url).split('.')))}/watchword",
            "version": __version__,
            "title": "Watchword",
            "description": "One-time passcodes that the agent never sees: send, verify, fall back.",
            "websiteUrl": f"{url}/docs/mcp",
            "remotes": [remote],
        }
    )


def ai_catalog(url: str) -> bytes:
    """Where the server cards of this host are."""
    card = {
        "identifier": f"urn:air:{_host(url)}:mcp:watchword",
        "displayName": "Watchword",
        "type": CARD.decode(),
        "url": f"{url}{SERVER_CARD}",
    }
    return _json({"specVersion": "1.0", "entries": [card]})


def _host(url: str) -> str:
    """The host's name; an address has none, and is reached from this machine or by a number."""
    host = urlsplit(url).hostname or ""
    return host if re.search(r"[a-z]", host) and ":" not in host else "localhost"


def robots(url: str) -> str:
    """Everything here may be read, also by machines that answer questions with it."""
    return (
        "User-agent: *\nContent-Signal: search=yes, ai-input=yes, ai-train=yes\n"
        f"Allow: /\nDisallow: /v1/\n\nSitemap: {url}/sitemap.xml\n"
    )


def sitemap(url: str, paths: Sequence[str]) -> bytes:
    """The pages, for crawlers (sitemaps.org 0.9)."""
    places = "".join(f"<url><loc>{url}{path}</loc></url>" for path in paths)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{places}</urlset>'
    ).encode()


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()
