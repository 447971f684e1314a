"""`/mcp` as an ASGI application: who calls, then the session manager of the MCP package.

The package takes most of a second to import, so it is imported with the first call.
"""

import asyncio
from collections.abc import Iterable
from contextlib import AsyncExitStack
from importlib import import_module
from typing import Any

from watchword_server.api.answer import Answer, fields, header
from watchword_server.api.network import Proxies
from watchword_server.api.problems import Problems
from watchword_server.api.request import ConnectionScope, Headers, Receive, Send
from watchword_server.api.site.well_known import RESOURCE_METADATA
from watchword_server.domain.errors import UNAUTHENTICATED, Problem
from watchword_server.domain.project import Caller
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
            caller = await self._runtime.services.directory.authenticate(
                headers.get(b"authorization", b""), client
            )
        except Exception as error:
            await _answer(send, self._refused(error))
            return
        if self._app is None:
            await self._start()
        await self._app({**scope, "headers": _trimmed(scope["headers"])}, caller, receive, send)

    async def aclose(self) -> None:
        """End every session."""
        self._stop.set()
        if self._life is not None:
            await self._life

    def _refused(self, error: Exception) -> Answer:
        """A refusal that says where credentials come from (RFC 9728, section 5.1)."""
        answer = self._problems.answer(error, "req_mcp", PATH)
        if isinstance(error, Problem) and error.kind.status == UNAUTHENTICATED.status:
            told = f'Bearer resource_metadata="{self._url}{RESOURCE_METADATA}{PATH}"'
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


async def _answer(send: Send, answer: Answer) -> None:
    block = header(answer, b"req_mcp", None)
    await send({"type": "http.response.start", "status": answer.status, "headers": fields(block)})
    await send({"type": "http.response.body", "body": answer.body})


def as_user(caller: Caller) -> str:
    """Who a session belongs to: the key, and the project it acts in."""
    return f"{caller.project.hex()}.{caller.api_key.hex()}.{caller.site.hex()}"
