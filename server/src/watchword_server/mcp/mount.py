"""`/mcp` as an ASGI application: who calls, then the session manager of the MCP package.

The package takes most of a second to import, so it is imported with the first call.
"""

import asyncio
from collections.abc import Iterable
from contextlib import AsyncExitStack
from importlib import import_module
from typing import Any

from msgspec.structs import replace

from watchword_server.api.answer import Answer
from watchword_server.api.network import Proxies
from watchword_server.api.problems import Problems
from watchword_server.api.request import ConnectionScope, Headers, Receive, Send
from watchword_server.api.site.well_known import RESOURCE_METADATA
from watchword_server.domain.errors import UNAUTHENTICATED, Problem
from watchword_server.domain.oauth import MARKS, SCOPES, Kind
from watchword_server.domain.project import Caller
from watchword_server.mcp.oauth import answer
from watchword_server.runtime import Runtime

PATH = "/mcp"


class Mount:
    """Answers MCP for a runtime; `aclose` ends its sessions."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._url = runtime.settings.public_url
        self._problems = Problems(self._url)
        self._proxies = Proxies(runtime.settings.trusted_proxies)
        self._starting = asyncio.Lock()
        self._app: Any = None
        self._stop = asyncio.Event()
        self._life: asyncio.Task[None] | None = None

    async def __call__(self, scope: ConnectionScope, receive: Receive, send: Send) -> None:
        """Answer one request at `/mcp`."""
        headers: Headers = dict(scope["headers"])
        peer = scope.get("client")
        client = self._proxies.client(peer[0] if peer else "", headers)
        try:
            caller = await self._proven(headers.get(b"authorization", b""), client)
        except Exception as error:
            await answer(send, self._refused(error, b"authorization" in headers))
            return
        if self._app is None:
            await self._start()
        await self._app({**scope, "headers": _trimmed(scope["headers"])}, caller, receive, send)

    async def aclose(self) -> None:
        """End every session."""
        self._stop.set()
        if self._life is not None:
            await self._life

    async def _proven(self, authorization: bytes, client: str) -> Caller:
        """Who has an API key, or a token for `/mcp`; such a token is worth nothing elsewhere."""
        services = self._runtime.services
        token = _token(authorization) if self._runtime.settings.issues_tokens else None
        if token is None:
            return await services.directory.authenticate(authorization, client)
        proven = await services.oauth_tokens.prove(token)
        if proven is None:
            raise Problem(UNAUTHENTICATED, "The token is wrong, or no longer good.")
        caller = await services.directory.caller_of(proven.api_key, client)
        return replace(caller, scopes=caller.scopes & proven.scopes)

    def _refused(self, error: Exception, has_shown: bool) -> Answer:
        """A refusal that says where credentials come from (RFC 9728, section 5.1)."""
        answer = self._problems.answer(error, "req_mcp", PATH)
        if isinstance(error, Problem) and error.kind.status == UNAUTHENTICATED.status:
            told = f'Bearer resource_metadata="{self._url}{RESOURCE_METADATA}{PATH}"'
            if self._runtime.settings.issues_tokens:
                told += f', scope="{" ".join(SCOPES)}"'
            if has_shown:
                told += ', error="invalid_token"'
            kept = [one for one in answer.headers if one[0] != b"www-authenticate"]
            return Answer(
                answer.status, answer.body, answer.content_type,
                (*kept, (b"www-authenticate", told.encode())),
            )  # fmt: skip
        return answer

    async def _start(self) -> None:
        async with self._starting:
            if self._app is not None:
                return
            served = await asyncio.to_thread(import_module, "watchword_server.mcp.serving")
            ready: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
            self._life = asyncio.create_task(self._live(served, ready))
            self._app = await ready

    async def _live(self, served: Any, ready: "asyncio.Future[Any]") -> None:
        """The life of the session manager, begun and ended by one task, as its task group wants."""
        async with AsyncExitStack() as stack:
            try:
                ready.set_result(await stack.enter_async_context(served.serving(self._runtime)))
            except Exception as error:
                ready.set_exception(error)
                return
            await self._stop.wait()


def _trimmed(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Values without the white space around them, which is no part of them (RFC 9110, section
    5.5); the parser leaves what follows a value."""
    return [(name, value.strip(b" \t")) for name, value in headers]


def _token(authorization: bytes) -> str | None:
    """An access token of OAuth, which its beginning tells from an API key."""
    scheme, _, value = authorization.partition(b" ")
    text = value.strip().decode("latin-1")
    return text if scheme.lower() == b"bearer" and text.startswith(MARKS[Kind.ACCESS]) else None


def as_user(caller: Caller) -> str:
    """Who a session belongs to: the key, and the project it acts in."""
    return f"{caller.project.hex()}.{caller.api_key.hex()}.{caller.site.hex()}"
