"""An answer that goes on: pieces are written as they come, as fast as they are read.

Server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html).
"""

import asyncio
from collections.abc import AsyncGenerator, Iterable

from watchword_server.api.answer import Header
from watchword_server.api.request import Receive, Send
from watchword_server.telemetry import get_logger

EVENT_STREAM = b"text/event-stream"
STALL_S = 10.0
"""How long a reader may leave a full connection unread; then it is cut off and may come back."""
_BUFFERING_OFF = (b"x-accel-buffering", b"no")
"""Asks nginx, and others that follow it, to pass pieces on at once."""
_log = get_logger("api")


async def stream(
    receive: Receive,
    send: Send,
    status: int,
    fields: Iterable[Header],
    pieces: AsyncGenerator[bytes, None],
) -> None:
    """Write the pieces until they end, the reader leaves, or it stops reading."""
    header = [field for field in fields if field[0] != b"content-length"] + [_BUFFERING_OFF]
    await send({"type": "http.response.start", "status": status, "headers": header})
    left = asyncio.create_task(_left(receive))
    pump = asyncio.create_task(_pump(send, pieces))
    try:
        await asyncio.wait((left, pump), return_when=asyncio.FIRST_COMPLETED)
    finally:
        left.cancel()
        pump.cancel()
        for outcome in await asyncio.gather(left, pump, return_exceptions=True):
            if isinstance(outcome, TimeoutError):
                _cut(send)
            elif isinstance(outcome, Exception):
                _log.error("stream.failed", exc_info=outcome)
                _cut(send)
        await pieces.aclose()


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _pump(send: Send, pieces: AsyncGenerator[bytes, None]) -> None:
    async for piece in pieces:
        async with asyncio.timeout(STALL_S):
            await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


def _cut(send: Send) -> None:
    """End the connection without waiting for its reader; uvicorn's cycle has the transport."""
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    if transport is not None:
        transport.abort()
