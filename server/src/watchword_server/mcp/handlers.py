"""The three endpoints of OAuth, by the handlers of the MCP package."""

from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode

from mcp.server.auth.handlers.authorize import AuthorizationHandler
from mcp.server.auth.handlers.revoke import RevocationHandler
from mcp.server.auth.handlers.token import TokenHandler
from mcp.server.auth.middleware.client_auth import ClientAuthenticator
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from watchword_server.api.request import ConnectionScope, Receive, Send
from watchword_server.api.site.well_known import TOKEN
from watchword_server.domain import oauth
from watchword_server.mcp.consent_pages import told
from watchword_server.mcp.oauth import WAIT
from watchword_server.mcp.provider import Bound, Provider
from watchword_server.runtime import Runtime

MOST_BODY = 16_384
_MOST_FIELDS = 20
_BAD, _TOO_LARGE = 400, 413
_MOVED = range(300, 400)
_FORM = "application/x-www-form-urlencoded"


async def authorize(runtime: Runtime, scope: ConnectionScope, client_ip: str) -> Response:
    """Begin a request, or say in the browser why not."""
    url = runtime.settings.public_url
    asked = _single(scope["query_string"])
    if asked is None:
        return _said("The request names a parameter twice, or too many of them.")
    provider = Provider(runtime.services, url, asked, client_ip)
    answer = await AuthorizationHandler(provider).handle(Request(dict(scope)))
    target = answer.headers.get("location", "")
    if answer.status_code in _MOVED:
        if not target.startswith(f"{url}{WAIT}?"):
            answer.headers["location"] = f"{target}&{urlencode({'iss': url})}"  # RFC 9207
        return answer
    complaint = provider.complaint or "The request breaks a rule of OAuth 2.1: see docs/oauth.md."
    return _said(complaint)


async def exchange(
    runtime: Runtime, scope: ConnectionScope, receive: Receive, send: Send, client_ip: str
) -> None:
    """Answer at the token or the revocation endpoint, to clients in browsers too."""

    async def answer(inner: ConnectionScope, receive: Receive, send: Send) -> None:
        response = await _exchanged(runtime, inner, receive, client_ip)
        await response(inner, receive, send)

    cors = CORSMiddleware(
        answer, allow_origins="*", allow_methods=["POST"], allow_headers=["MCP-Protocol-Version"]
    )
    await cors(scope, receive, send)


async def _exchanged(
    runtime: Runtime, scope: ConnectionScope, receive: Receive, client_ip: str
) -> Response:
    url = runtime.settings.public_url
    raw = await _body(receive)
    if raw is None:
        return _refused("invalid_request", "The body is too long.", _TOO_LARGE)
    given = _single(raw)
    kind = Request(dict(scope)).headers.get("content-type", "").partition(";")[0].strip().lower()
    if given is None or kind != _FORM:
        return _refused("invalid_request", f"Send {_FORM}, each parameter once.")
    if not oauth.is_ours(given.get("resource"), url):
        return _refused("invalid_target", "Tokens are given for /mcp alone.")
    provider = Bound(runtime.services, url, given, client_ip)
    authenticator = ClientAuthenticator(provider)
    if scope["path"] == TOKEN:
        answered: Response = await TokenHandler(provider, authenticator).handle(
            _request(scope, given)
        )
        return answered
    # The handler wants a field that public clients do not have.
    form = {**given, "client_secret": ""}
    return await RevocationHandler(provider, authenticator).handle(_request(scope, form))


def _request(scope: ConnectionScope, form: Mapping[str, str]) -> Request:
    """The request with a body that was read."""
    raw = urlencode(form).encode()

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": raw, "more_body": False}

    headers = [pair for pair in scope["headers"] if pair[0] != b"content-length"]
    return Request({**scope, "headers": headers}, receive)


async def _body(receive: Receive) -> bytes | None:
    """What was sent; None where it is too long, or nobody waits any more."""
    raw = bytearray()
    while True:
        event = await receive()
        raw += event.get("body", b"")
        if event["type"] != "http.request" or len(raw) > MOST_BODY:
            return None
        if not event.get("more_body"):
            return bytes(raw)


def _single(raw: bytes) -> dict[str, str] | None:
    """Parameters, each of which may be there once (RFC 6749, section 3.1)."""
    try:
        pairs = parse_qsl(raw.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError:
        return None
    found = dict(pairs)
    return found if len(found) == len(pairs) else None


def _refused(error: str, said: str, status: int = _BAD) -> Response:
    body = {"error": error, "error_description": said}
    return JSONResponse(body, status, {"cache-control": "no-store"})


def _said(said: str) -> Response:
    page = told("This request cannot be used", said, _BAD)
    headers = {name.decode(): value.decode() for name, value in page.headers}
    headers["cache-control"] = "no-store"
    return Response(page.body, page.status, headers, page.content_type.decode())
