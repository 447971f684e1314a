"""A raw ASGI client: what a test sends is what the application gets, byte for byte."""

import base64
import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from watchword_server.api.request import Asgi

HOST = "127.0.0.1:8080"


@dataclass(frozen=True)
class Reply:
    status: int
    fields: list[tuple[str, str]]
    body: bytes

    @property
    def headers(self) -> dict[str, str]:
        return dict(self.fields)

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def basic(dev_key: str, dev_secret: str) -> str:
    return "Basic " + base64.b64encode(f"{dev_key}:{dev_secret}".encode()).decode()


@dataclass
class AsgiClient:
    app: Asgi
    authorization: str | None = None
    peer: str = "127.0.0.1"
    host: str | None = HOST
    events: list[dict[str, Any]] = field(default_factory=list)
    unread: list[bytes] = field(default_factory=list)

    async def call(
        self,
        method: str,
        target: str,
        body: object = None,
        headers: dict[str, str | None] | list[tuple[str, str]] | None = None,
        chunks: list[bytes] | None = None,
    ) -> Reply:
        """One request.  A str or bytes body goes out as it is, anything else as JSON; a header
        of None is left out."""
        raw = _raw(body)
        path, _, query = target.partition("?")
        scope = {
            "type": "http",
            "method": method,
            "path": unquote(path),
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": self._headers(raw, headers, chunked=chunks is not None),
            "client": (self.peer, 50_000),
        }
        waiting = self.unread = [raw] if chunks is None else list(chunks)
        self.events = []

        async def receive() -> dict[str, Any]:
            if not waiting:
                return {"type": "http.disconnect"}
            chunk = waiting.pop(0)
            return {"type": "http.request", "body": chunk, "more_body": bool(waiting)}

        async def send(event: dict[str, Any]) -> None:
            self.events.append(event)

        await self.app(scope, receive, send)
        start, *rest = self.events
        fields = [(name.decode(), value.decode()) for name, value in start["headers"]]
        return Reply(start["status"], fields, b"".join(event["body"] for event in rest))

    def _headers(
        self,
        raw: bytes,
        given: dict[str, str | None] | list[tuple[str, str]] | None,
        *,
        chunked: bool,
    ) -> list[tuple[bytes, bytes]]:
        sent: dict[str, str | None] = {"host": self.host, "authorization": self.authorization}
        if chunked:
            sent["content-type"] = "application/json"
        elif raw:
            sent |= {"content-type": "application/json", "content-length": str(len(raw))}
        if isinstance(given, dict):
            sent |= given
        pairs = [(name, value) for name, value in sent.items() if value is not None]
        pairs += given if isinstance(given, list) else []
        return [(name.lower().encode(), value.encode("latin-1")) for name, value in pairs]

    async def post(self, target: str, body: object = None, **more: Any) -> Reply:
        return await self.call("POST", target, body, **more)

    async def get(self, target: str, **more: Any) -> Reply:
        return await self.call("GET", target, **more)


def _raw(body: object) -> bytes:
    if body is None:
        return b""
    if isinstance(body, str | bytes):
        return body if isinstance(body, bytes) else body.encode()
    return json.dumps(body).encode()
