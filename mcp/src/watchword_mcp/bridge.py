"""Messages between a client's stdio and a server's `/mcp`, in both directions.

Nothing is understood but what HTTP needs in headers, so whatever server and client say to each
other arrives: tools, questions to the person, notifications, of either era of the protocol.
"""

import asyncio
import json
import sys
from contextlib import suppress
from typing import Any

import httpx2
from mcp.client.streamable_http import streamable_http_client
from mcp.server.stdio import stdio_server
from mcp.shared.inbound import (
    MCP_METHOD_HEADER,
    MCP_NAME_HEADER,
    MCP_PROTOCOL_VERSION_HEADER,
    NAME_BEARING_METHODS,
    encode_header_value,
)
from mcp.shared.message import ClientMessageMetadata, SessionMessage
from mcp_types import PROTOCOL_VERSION_META_KEY, JSONRPCError, JSONRPCRequest, JSONRPCResponse

from watchword_mcp import __version__

_SERVER_ERROR = -32000
_REFUSED = 400
_PATIENCE = httpx2.Timeout(30.0, read=300.0)
"""A call that asks a person takes as long as the person."""
_LAST_S = 5.0
"""How long a client that has closed its end can still read what it asked for."""


class Told(httpx2.AsyncBaseTransport):
    """Puts what went wrong with HTTP into the words of JSON-RPC, for the model to act on."""

    def __init__(self, inner: httpx2.AsyncBaseTransport, url: str) -> None:
        self._inner = inner
        self._url = url

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """The answer, or an error that says what to do."""
        try:
            response = await self._inner.handle_async_request(request)
        except httpx2.TransportError as error:
            return _error(request, 502, _unreachable(self._url, error))
        if response.status_code < _REFUSED:
            return response
        body = await response.aread()
        await response.aclose()
        said = _decoded(body)
        if "jsonrpc" in said:
            kind = {"content-type": "application/json"}
            return httpx2.Response(
                response.status_code, headers=kind, content=body, request=request
            )
        return _error(request, response.status_code, _refusal(said, response.status_code))

    async def aclose(self) -> None:
        """Close what is inside."""
        await self._inner.aclose()


class Conversation:
    """What one side has to know of the other: the headers of each message, by the era that it is
    of, and whether an answer is owed."""

    def __init__(self) -> None:
        self._initialize: Any = None
        self._version: str | None = None
        self._owed: set[Any] = set()
        self.settled = asyncio.Event()
        self.settled.set()

    def sent(self, message: Any) -> dict[str, str]:
        """What goes with a message of the client."""
        if isinstance(message, JSONRPCRequest):
            self._owed.add(message.id)
            self.settled.clear()
        params = getattr(message, "params", None) or {}
        version = (params.get("_meta") or {}).get(PROTOCOL_VERSION_META_KEY)
        if not isinstance(message, JSONRPCRequest) or version is None:
            if getattr(message, "method", None) == "initialize":
                self._initialize, self._version = message.id, None
            version = self._version
            return {} if version is None else {MCP_PROTOCOL_VERSION_HEADER: version}
        headers = {MCP_PROTOCOL_VERSION_HEADER: version, MCP_METHOD_HEADER: message.method}
        name = params.get(NAME_BEARING_METHODS.get(message.method, ""))
        if isinstance(name, str):
            headers[MCP_NAME_HEADER] = encode_header_value(name)
        return headers

    def received(self, message: Any) -> None:
        """Learn from the answer to `initialize` what was agreed on."""
        if isinstance(message, JSONRPCResponse) and message.id == self._initialize:
            self._version = message.result.get("protocolVersion")

    def passed_on(self, message: Any) -> None:
        """A message has reached the client."""
        if isinstance(message, JSONRPCResponse | JSONRPCError):
            self._owed.discard(message.id)
            if not self._owed:
                self.settled.set()


async def bridge(url: str, bearer: str) -> None:
    """Pass messages on until the client closes its end."""
    headers = {"authorization": f"Bearer {bearer}", "user-agent": f"watchword-mcp/{__version__}"}
    transport = Told(httpx2.AsyncHTTPTransport(), url)
    async with (
        httpx2.AsyncClient(transport=transport, headers=headers, timeout=_PATIENCE) as http,
        stdio_server() as (from_client, to_client),
        streamable_http_client(f"{url}/mcp", http_client=http) as (from_server, to_server),
        asyncio.TaskGroup() as tasks,
    ):
        known = Conversation()
        answers = tasks.create_task(_answers(from_server, to_client, known))
        async for message in from_client:
            if isinstance(message, SessionMessage):
                metadata = ClientMessageMetadata(headers=known.sent(message.message))
                await to_server.send(SessionMessage(message.message, metadata))
        with suppress(TimeoutError):
            await asyncio.wait_for(known.settled.wait(), _LAST_S)
        answers.cancel()
        await to_client.aclose()  # what writes to standard output ends with it


async def _answers(from_server: Any, to_client: Any, known: Conversation) -> None:
    async for message in from_server:
        if isinstance(message, SessionMessage):
            known.received(message.message)
            await to_client.send(SessionMessage(message.message))
            known.passed_on(message.message)


def _unreachable(url: str, error: Exception) -> str:
    told = (
        f"No Watchword server answers at {url} ({type(error).__name__}). Start one with "
        "`uvx watchword-server serve`, or set WATCHWORD_URL to where yours is."
    )
    print(f"watchword-mcp: {told}", file=sys.stderr)
    return told


def _refusal(problem: dict[str, Any], status: int) -> str:
    """A problem in the words of the API."""
    detail = problem.get("detail") or problem.get("title") or f"The server answered {status}."
    if status == httpx2.codes.UNAUTHORIZED:
        detail = f"{detail} Set WATCHWORD_DEV_KEY and WATCHWORD_DEV_SECRET to a key of this server."
    more = [f"{name}: {problem[name]}" for name in ("code", "doc_url") if problem.get(name)]
    return " | ".join([detail, *more])


def _error(request: httpx2.Request, status: int, told: str) -> httpx2.Response:
    error = {"jsonrpc": "2.0", "id": None, "error": {"code": _SERVER_ERROR, "message": told}}
    return httpx2.Response(status, json=error, request=request)


def _decoded(body: bytes) -> dict[str, Any]:
    try:
        said = json.loads(body)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}
