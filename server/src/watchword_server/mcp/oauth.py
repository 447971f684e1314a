"""`/oauth/...` as an ASGI application: what clients, their browsers and an operator ask for.

The MCP package takes most of a second to import, so it is imported with the first client.
"""

import asyncio
from collections.abc import Mapping
from importlib import import_module
from typing import Any
from urllib.parse import parse_qsl

from watchword_server.api.answer import Answer, fields, header
from watchword_server.api.network import Hosts, Proxies
from watchword_server.api.problems import Problems
from watchword_server.api.request import Asgi, ConnectionScope, Headers, Receive, Send
from watchword_server.api.routing import wrong_method
from watchword_server.api.site.well_known import AUTHORIZE, REVOKE, TOKEN
from watchword_server.domain import ids
from watchword_server.domain.errors import BODY_TOO_LARGE, RATE_LIMITED, Problem
from watchword_server.domain.limits import Rate, Refusal
from watchword_server.domain.oauth import Authorization, Fault, Status, answered
from watchword_server.mcp import consent_pages as pages
from watchword_server.runtime import Runtime

WAIT, CONSENT = "/oauth/wait", "/oauth/consent"
CLIENT = Rate("oauth", 240, 60)
"""Requests of one address a minute; a browser that waits makes twenty."""
_METHODS: Mapping[str, tuple[str, ...]] = {
    AUTHORIZE: ("GET",), TOKEN: ("POST", "OPTIONS"), REVOKE: ("POST", "OPTIONS"),
    WAIT: ("GET", "HEAD"), CONSENT: ("GET", "HEAD", "POST"),
}  # fmt: skip
_MOST_FORM, _MOST_FIELDS = 1_024, 5
_GONE = 410


class OAuth:
    """Answers OAuth for a runtime."""

    def __init__(self, runtime: Runtime) -> None:
        settings = runtime.settings
        self._runtime = runtime
        self._url = settings.public_url
        self._problems = Problems(settings.public_url)
        self._hosts = Hosts(settings.public_url, settings.allowed_hosts)
        self._proxies = Proxies(settings.trusted_proxies)

    def mounts(self) -> Mapping[str, Asgi]:
        """Its paths; none where no tokens are given."""
        return dict.fromkeys(_METHODS, self) if self._runtime.settings.issues_tokens else {}

    async def __call__(self, scope: ConnectionScope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        headers: Headers = dict(scope["headers"])
        path = scope["path"]
        try:
            self._hosts.check(headers.get(b"host"))
            if scope["method"] not in _METHODS[path]:
                raise wrong_method(_METHODS[path])
            peer = scope.get("client")
            client = self._proxies.client(peer[0] if peer else "", headers)
            self._admit(client)
            if path in (WAIT, CONSENT):
                shown = self._waited if path == WAIT else self._decided
                await answer(send, await shown(scope, receive))
                return
            handlers = await asyncio.to_thread(import_module, "watchword_server.mcp.handlers")
            if path == AUTHORIZE:
                begun = await handlers.authorize(self._runtime, scope, client)
                await begun(scope, receive, send)
            else:
                await handlers.exchange(self._runtime, scope, receive, send, client)
        except Exception as error:
            await answer(send, self._problems.answer(error, "req_oauth", path))

    def _admit(self, client: str) -> None:
        services = self._runtime.services
        outcome = services.throughput.admit_one(CLIENT, client, services.clock.now())
        if isinstance(outcome, Refusal):
            detail = "Too many requests for access came from this address."
            wait = outcome.retry_after_s
            raise Problem(RATE_LIMITED, detail, retry_after=wait, extra={"limit": CLIENT.name})

    async def _waited(self, scope: ConnectionScope, _receive: Receive) -> Answer:
        """Wait on, or go back to the client with what was decided."""
        requests = self._runtime.services.oauth_requests
        found = await requests.waiting(_field(scope["query_string"], "r"))
        if found is None:
            said = "Begin again in the client: a request waits for ten minutes."
            return pages.told("This request has ended", said, _GONE)
        if found.status == Status.PENDING:
            return pages.waiting(found)
        if found.status == Status.DENIED:
            said = "The operator denied access."
            return self._back(found, error=Fault.ACCESS_DENIED.value, error_description=said)
        ticket = await requests.ticket(found)
        if ticket is None:
            return pages.told("Connected", "The client has access; this page can be closed.")
        return self._back(found, code=ticket)

    def _back(self, request: Authorization, **said: str) -> Answer:
        target = answered(request.redirect_uri, **said, state=request.state, iss=self._url)
        shown = pages.told("Going back to the client", "This page can be closed.", 302)
        where = (b"location", target.encode())
        return Answer(shown.status, shown.body, shown.content_type, (*shown.headers, where))

    async def _decided(self, scope: ConnectionScope, receive: Receive) -> Answer:
        """Show what an operator's link decides, or decide."""
        requests = self._runtime.services.oauth_requests
        if scope["method"] != "POST":
            link = _field(scope["query_string"], "k")
            found = await requests.opened(link)
            if found is None:
                return _used()
            return pages.deciding(found, await self._named(found.project), link)
        form = await _form(receive)
        yes = _field(form, "decision") == "grant"
        request = await requests.decided(_field(form, "k"), yes=yes)
        if request is None:
            return _used()
        said = f"{request.client_name}: the browser that asked goes on by itself."
        return pages.told("Access granted" if yes else "Access denied", said)

    async def _named(self, project: bytes) -> str:
        try:
            return (await self._runtime.services.directory.project(project)).name
        except Problem:
            return ids.text(ids.Prefix.PROJECT, project)


async def answer(send: Send, given: Answer) -> None:
    """Send a whole answer."""
    block = header(given, b"req_mcp", None)
    await send({"type": "http.response.start", "status": given.status, "headers": fields(block)})
    await send({"type": "http.response.body", "body": given.body})


def _used() -> Answer:
    said = "It decides once, and for ten minutes. See what waits: watchword-server oauth requests"
    return pages.told("This link has been used, or has ended", said, _GONE)


async def _form(receive: Receive) -> bytes:
    raw = bytearray()
    while True:
        event: Any = await receive()
        raw += event.get("body", b"")
        if len(raw) > _MOST_FORM:
            raise Problem(BODY_TOO_LARGE, "This page takes its own form only.")
        if not event.get("more_body"):
            return bytes(raw)


def _field(raw: bytes, name: str) -> str:
    try:
        pairs = parse_qsl(raw.decode(), max_num_fields=_MOST_FIELDS)
    except ValueError:
        return ""
    return dict(pairs).get(name, "")
