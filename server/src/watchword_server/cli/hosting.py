"""A whole server in this process: database, API, worker and HTTP on one event loop.

Start: port, database, worker, HTTP.  Stop, in the opposite order: accept nothing more, answer
what is under way, let the worker finish its hand-overs, close the database.
"""

import asyncio
import contextlib
import math
import socket
import sys
import threading
from collections.abc import Callable, Coroutine, Iterator, Mapping
from typing import Any, TypeVar

import uvicorn

from watchword_server import telemetry
from watchword_server.api import app
from watchword_server.api.direct import DirectProtocol
from watchword_server.api.request import Asgi
from watchword_server.domain.errors import Misconfigured
from watchword_server.mcp import mount as mcp
from watchword_server.mcp.oauth import OAuth
from watchword_server.notifier import Notifier
from watchword_server.runtime import Runtime
from watchword_server.settings import Settings
from watchword_server.watcher import Watcher
from watchword_server.worker import Worker

if sys.platform != "win32":
    import uvloop

    NEW_LOOP: Callable[[], asyncio.AbstractEventLoop] | None = uvloop.new_event_loop
else:
    NEW_LOOP = None

T = TypeVar("T")

BACKLOG = 2048
KEEP_ALIVE_S = 75
"""Longer than proxies keep an idle connection (60 s), so that they never write to a closed one."""

_log = telemetry.get_logger("server")


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run it on the fast event loop."""
    with asyncio.Runner(loop_factory=NEW_LOOP) as runner:
        return runner.run(work)


def bind(settings: Settings) -> socket.socket:
    """The port, taken but not answering yet: callers are refused until all is ready.

    Raises:
        Misconfigured: it is not to be had.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as error:
        listener.close()
        raise Misconfigured(
            f"{settings.host} port {settings.port} cannot be used ({error.strerror or error}). "
            "Is another server running there? Choose another: --port, or WATCHWORD_PORT; "
            "0 takes a free one."
        ) from None
    listener.setblocking(False)
    return listener


class _Http(uvicorn.Server):
    """uvicorn, which tells when it answers and leaves signals to us."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.answers = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and tell."""
        await super().startup(sockets)
        self.answers.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Whoever runs the server decides what a signal means."""
        yield


class Server:
    """A running server; made by `Server.start`."""

    def __init__(self, runtime: Runtime, listener: socket.socket) -> None:
        self.runtime = runtime
        self.settings: Settings = runtime.settings
        self._listener = listener
        self._worker = Worker(runtime)
        self._notifier = Notifier(runtime)
        self._watcher = Watcher(runtime)
        self._mcp = mcp.Mount(runtime)
        self._http = _Http(_config(runtime, {mcp.PATH: self._mcp, **OAuth(runtime).mounts()}))
        self._tasks: tuple[asyncio.Task[None], ...] = ()

    @classmethod
    async def start(cls, settings: Settings) -> "Server":
        """A server that answers.

        Raises:
            Misconfigured: a setting does not work here.
        """
        listener = bind(settings)
        try:
            runtime = await Runtime.open(settings.at_port(listener.getsockname()[1]))
        except BaseException:
            listener.close()
            raise
        server = cls(runtime, listener)
        await server._begin()
        return server

    @property
    def url(self) -> str:
        """Where this machine reaches it."""
        host = self.settings.host
        if host in ("0.0.0.0", "::", "localhost"):  # noqa: S104 - compared, not bound
            host = "127.0.0.1"
        return f"http://{f'[{host}]' if ':' in host else host}:{self.settings.port}"

    async def _begin(self) -> None:
        work = asyncio.create_task(self._worker.run(), name="worker")
        notify = asyncio.create_task(self._notifier.run(), name="notifier")
        accounts = asyncio.create_task(self.runtime.sessions.run(), name="accounts")
        http = asyncio.create_task(self._http.serve([self._listener]), name="http")
        watch = asyncio.create_task(self._watcher.run(), name="watcher")
        self._tasks = (work, notify, accounts, http, watch)
        ready = asyncio.create_task(self._http.answers.wait())
        await asyncio.wait({*self._tasks, ready}, return_when=asyncio.FIRST_COMPLETED)
        if not ready.done():
            ready.cancel()
            await self.stop()
        # A daemon: nobody waits for it, at the end either.
        threading.Thread(target=self.runtime.warm_up, name="warm-up", daemon=True).start()

    async def ended(self) -> None:
        """Wait until a part of it ends by itself, which none should."""
        await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in self._tasks:
            if task.done() and not task.cancelled() and (error := task.exception()):
                _log.critical("a part of the server failed", part=task.get_name(), exc_info=error)

    def hurry(self) -> None:
        """Stop waiting for connections that are still open."""
        self._http.force_exit = True

    async def stop(self) -> None:
        """Drain and close; raises what made a part of it fail."""
        work, notify, accounts, http, watch = self._tasks
        try:
            await self.runtime.services.events.close()  # streams would be waited for
            self._http.should_exit = True
            await self._mcp.aclose()
            await asyncio.wait({http})
            self._worker.stop()
            self._notifier.stop()
            self._watcher.stop()
            ending = {work, notify, watch}
            await asyncio.wait(ending, timeout=self.settings.shutdown_grace_s)
            if not all(task.done() for task in ending):
                _log.error("hand-overs were cut off", grace_s=self.settings.shutdown_grace_s)
                for task in ending:
                    task.cancel()
                await asyncio.wait(ending)
            accounts.cancel()  # last: reports on what was just handed over still come in
            await asyncio.wait({accounts})
        finally:
            await self.runtime.close()
        for task in self._tasks:
            if not task.cancelled() and (error := task.exception()):
                raise error


def _config(runtime: Runtime, mounts: Mapping[str, Asgi]) -> uvicorn.Config:
    return uvicorn.Config(
        app.create(runtime, mounts),
        interface="asgi3",
        http=DirectProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=math.ceil(runtime.settings.shutdown_grace_s),
    )
