"""The ASGI face: from a connection to an operation and back, with nothing in between.

The order of the checks is fixed: host, path and method, credentials, permission, throughput,
content type, size, JSON, fields.  The header is read once; what is not in it costs nothing.
"""

import itertools
import re
import secrets
import time
from collections.abc import Mapping
from types import MappingProxyType

from watchword_server.api import callbacks
from watchword_server.api.answer import Answer, fields, header
from watchword_server.api.dispatch import handle
from watchword_server.api.hosted import face as hosted
from watchword_server.api.network import Hosts, Proxies
from watchword_server.api.once import HEADER, Once
from watchword_server.api.operation import Call
from watchword_server.api.operations import OPERATIONS
from watchword_server.api.problems import Problems
from watchword_server.api.public import Pages
from watchword_server.api.request import (
    Asgi,
    ConnectionScope,
    Disconnected,
    Headers,
    HttpSubmission,
    Receive,
    Send,
    joined,
)
from watchword_server.api.routing import Router, wrong_method
from watchword_server.api.streaming import stream
from watchword_server.domain.project import Mode
from watchword_server.runtime import Runtime
from watchword_server.services.hosted_pages import PATH
from watchword_server.telemetry import get_logger
from watchword_server.telemetry import request_id as current_request

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{16,64}")
"""Longer than any code or number, so that none is taken for an id, repeated and logged."""
_MS = 1000
_SANDBOX = Mode.SANDBOX
_POLICY_VIOLATION = 1008
_log = get_logger("api")


def create(runtime: Runtime, mounts: Mapping[str, Asgi] = MappingProxyType({})) -> Asgi:
    """The API of a runtime as an ASGI application; `mounts` answer paths of their own."""
    return Application(runtime, mounts)


class Application:
    """Everything that a request needs, looked up once."""

    def __init__(self, runtime: Runtime, mounts: Mapping[str, Asgi] = MappingProxyType({})) -> None:
        settings = runtime.settings
        self._services = runtime.services
        self._rehearsal = runtime.rehearsal
        self._directory = runtime.services.directory
        self._router = Router(OPERATIONS)
        self.light = frozenset((one.method, one.path) for one in OPERATIONS if one.light)
        self._mounts = mounts
        self.streaming = frozenset(one.path for one in OPERATIONS if one.streams) | set(mounts)
        self._pages = Pages(runtime)
        self._callbacks = callbacks.CallbackFace(runtime)
        self._hosted = hosted.HostedFace(runtime)
        self._problems = Problems(settings.public_url)
        self._hosts = Hosts(settings.public_url, settings.allowed_hosts)
        self._proxies = Proxies(settings.trusted_proxies)
        self._access_log = settings.access_log
        self._serial = itertools.count(1)
        self._run = f"req_{secrets.token_hex(8)}"

    async def __call__(self, scope: ConnectionScope, receive: Receive, send: Send) -> None:
        """Answer one request of an ASGI server."""
        if scope["type"] != "http":
            await _other(scope["type"], receive, send)
            return
        mounted = self._mounts.get(scope["path"])
        if mounted is not None:
            await mounted(scope, receive, send)
            return
        pairs = scope["headers"]
        headers: Headers = dict(pairs)
        if len(headers) != len(pairs):
            headers = joined(pairs)
        peer = scope.get("client")
        submission = HttpSubmission(headers, scope["query_string"], receive)
        try:
            answer, block = await self.answer(
                scope["method"], scope["path"], headers, peer[0] if peer else "", submission
            )
        except Disconnected:
            return
        if answer.pieces is not None:
            await stream(receive, send, answer.status, fields(block), answer.pieces)
            return
        await send(
            {"type": "http.response.start", "status": answer.status, "headers": fields(block)}
        )
        await send({"type": "http.response.body", "body": answer.body})

    async def answer(
        self, method: str, path: str, headers: Headers, peer: str, submission: HttpSubmission
    ) -> tuple[Answer, bytes]:
        """The answer to one request and its whole header, whatever server it came through.

        Raises:
            Disconnected: the client went away; there is nobody to be answered.
        """
        began = time.perf_counter() if self._access_log else 0.0
        request_id = self._request_id(headers.get(b"x-request-id"))
        current_request.set(request_id)
        call = operation = None
        try:
            host = headers.get(b"host")
            if host not in self._hosts.known:
                self._hosts.check(host)
            found = self._router.find(path)
            if found is None:
                answer = await self._outside(method, path, headers, peer, submission)
            else:
                methods, values = found
                operation = methods.get(method)
                if operation is None:
                    raise wrong_method(methods)
                client = self._proxies.client(peer, headers) if self._proxies else peer
                authorization = headers.get(b"authorization", b"")
                caller = self._directory.known_caller(authorization, client)
                if caller is None:
                    caller = await self._directory.authenticate(authorization, client)
                services = self._services if caller.mode is not _SANDBOX else self._rehearsal
                call = Call(caller, services, values, client, request_id, authorization)
                once = None
                if method == "POST" and (key := headers.get(HEADER)) is not None:
                    once = Once(key, self._problems, path)
                answer = await handle(operation, call, submission, once)
        except Disconnected:
            raise
        except Exception as error:
            answer = self._problems.answer(error, request_id, path)
            if call is not None:
                call.refused(error)
        block = header(answer, request_id.encode(), call.standing if call is not None else None)
        if self._access_log:
            took = round((time.perf_counter() - began) * _MS, 2)
            what = operation.id if operation is not None else None
            _log.info("answered", method=method, operation=what, status=answer.status, ms=took)
        return answer, block

    async def _outside(
        self, method: str, path: str, headers: Headers, peer: str, submission: HttpSubmission
    ) -> Answer:
        """What no operation answers and nobody needs a key for: pages, and vendors' callbacks."""
        if not path.startswith((PATH, callbacks.PREFIX)):
            return self._pages.answer(method, path, headers.get(b"accept", b""))
        client = self._proxies.client(peer, headers) if self._proxies else peer
        face = self._hosted if path.startswith(PATH) else self._callbacks
        return await face.answer(method, path, headers, client, submission)

    def _request_id(self, given: bytes | None) -> str:
        """The caller's own id for the request if it is a plain word, else a new one."""
        if given is not None and _REQUEST_ID.fullmatch(given):
            return given.decode()
        return f"{self._run}{next(self._serial):016x}"


async def _other(kind: str, receive: Receive, send: Send) -> None:
    """What is not a request: the life of the server, and WebSockets, which nobody serves."""
    if kind == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": _POLICY_VIOLATION})
    elif kind == "lifespan":
        while (await receive())["type"] != "lifespan.shutdown":
            await send({"type": "lifespan.startup.complete"})
        await send({"type": "lifespan.shutdown.complete"})
