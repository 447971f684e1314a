"""Writing an answer at once, where uvicorn's httptools protocol serves us.

ASGI sends the header and the body apart, which is two system calls on the connection; for an
answer of a few hundred bytes the second costs as much as making it.  This hands uvicorn's own
request cycle the whole answer in one write, and leaves it as its `send` would have.  Anything
unusual (another server, a slow reader, an answer that has begun) goes the ordinary way.

It knows the insides of uvicorn 0.54, to which `pyproject.toml` pins it.
"""

from collections.abc import Iterable

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from watchword_server.api.answer import Header
from watchword_server.api.request import Send


def sent_whole(send: Send, status: int, fields: Iterable[Header], body: bytes) -> bool:
    """Write the answer in one piece; False where that cannot be done and nothing was written."""
    cycle = getattr(send, "__self__", None)
    if (
        type(cycle) is not RequestResponseCycle
        or cycle.disconnected
        or cycle.response_started
        or cycle.flow.write_paused
        or cycle.scope["method"] == "HEAD"
    ):
        return False
    parts = [STATUS_LINE[status]]
    for name, value in cycle.default_headers:
        parts += (name, b": ", value, b"\r\n")
    for name, value in fields:
        parts += (name, b": ", value, b"\r\n")
    parts += (b"\r\n" if cycle.keep_alive else b"connection: close\r\n\r\n", body)
    cycle.response_started = cycle.response_complete = True
    cycle.waiting_for_100_continue = False
    cycle.transport.write(b"".join(parts))
    cycle.message_event.set()
    if not cycle.keep_alive:
        cycle.transport.close()
    cycle.on_response()
    return True
