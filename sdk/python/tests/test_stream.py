"""Streams of events: what is read, and how a lost connection is made again."""

import asyncio
import json
from typing import Any

import httpx2
import pytest

from watchword import AsyncWatchword, Authentication, ConnectionFailed, ServerError, Watchword

KEYS = {"dev_key": "demo", "dev_secret": "demo"}


def frames(*numbers: int) -> httpx2.Response:
    """A connection that brings these events and then ends."""
    text = "retry: 2000\n\n: still here\n\n"
    for number in numbers:
        body = json.dumps({"type": "key.created", "id": f"evt_{number}", "data": {"sequence": 1}})
        text += f"id: evt_{number}\nevent: key.created\ndata: {body}\n\n"
    return httpx2.Response(200, headers={"content-type": "text/event-stream"}, content=text)


REFUSED = httpx2.Response(401, json={"title": "No", "code": 1001})
BUSY = httpx2.Response(503, json={"title": "Busy", "code": 5001, "retry_after": 3})


def followed(script: Any, count: int, **options: Any) -> tuple[list[Any], list[float]]:
    waited: list[float] = []
    with Watchword(**KEYS, transport=script, sleep=waited.append, jitter=lambda: 0) as client:
        events = client.events.stream(**options)
        return [next(events).id for _ in range(count)], waited


def test_a_lost_connection_goes_on_after_the_last_event(script: Any) -> None:
    played = script(frames(1, 2), httpx2.ReadError("gone"), BUSY, frames(3), frames(4))
    seen, waited = followed(played, 4, type="key")
    assert seen == ["evt_1", "evt_2", "evt_3", "evt_4"]
    asked = [dict(request.url.params) for request in played.requests]
    assert asked[0] == {"type": "key"}
    assert [one.get("last_event_id") for one in asked[1:]] == ["evt_2", "evt_2", "evt_2", "evt_3"]
    assert waited == [1.0, 0.5, 3.0, 1.0]


def test_a_stream_begins_where_it_is_told(script: Any) -> None:
    played = script(frames(8))
    followed(played, 1, last_event_id="evt_7")
    assert played.requests[0].url.params["last_event_id"] == "evt_7"


def test_a_server_that_does_not_come_back_is_an_error(script: Any) -> None:
    gone = [httpx2.ConnectError("gone") for _ in range(3)]
    with pytest.raises(ConnectionFailed):
        followed(script(frames(1), *gone), 2)


def test_a_server_that_stays_busy_is_an_error(script: Any) -> None:
    with pytest.raises(ServerError):
        followed(script(frames(1), BUSY, BUSY, BUSY), 2)


def test_a_refusal_is_an_error_at_once(script: Any) -> None:
    with pytest.raises(Authentication):
        followed(script(REFUSED), 1)


def test_the_async_client_reads_the_same(script: Any) -> None:
    async def read() -> list[str | None]:
        async def sleep(_seconds: float) -> None:
            """At once."""

        played = script(frames(1), httpx2.ReadError("gone"), frames(2))
        async with AsyncWatchword(**KEYS, transport=played, sleep=sleep) as client:
            seen = []
            async for event in client.events.stream():
                seen.append(event.id)
                if len(seen) == 2:
                    break
            return seen

    assert asyncio.run(read()) == ["evt_1", "evt_2"]
