"""The floor: 200 bytes of JSON from a bare ASGI callable, no routing, no authentication."""

import json

_EMPTY = json.dumps({"status": "ok", "padding": ""}, separators=(",", ":"))
BODY = _EMPTY.replace('""', f'"{"x" * (200 - len(_EMPTY))}"').encode()
_START = {
    "type": "http.response.start",
    "status": 200,
    "headers": [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(BODY))],
}
_REST = {"type": "http.response.body", "body": BODY}


async def app(_scope, _receive, send) -> None:
    """Answer anything."""
    await send(_START)
    await send(_REST)
