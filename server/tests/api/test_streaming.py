"""Answers that go on: pieces go out as they are read, and end when nobody reads."""

import asyncio

import pytest

from api.world import CODE, World
from watchword_server.api import streaming

START = {
    "content-type": "text/event-stream",
    "x-accel-buffering": "no",
    "cache-control": "no-store",
}


class Reader:
    """The far end of a connection: takes so many pieces, then reads no more until it leaves."""

    def __init__(self, takes):
        self.events = []
        self.left = asyncio.Event()
        self._takes = takes

    async def send(self, event):
        if len(self.events) > self._takes:
            await asyncio.Event().wait()
        self.events.append(event)

    async def receive(self):
        await self.left.wait()
        return {"type": "http.disconnect"}


class Source:
    """Pieces without end; how many were asked for."""

    def __init__(self, last=None):
        self.asked = 0
        self.closed = False
        self._last = last

    async def pieces(self):
        try:
            while self._last is None or self.asked < self._last:
                self.asked += 1
                yield b"x"
                await asyncio.sleep(0)
        finally:
            self.closed = True


async def asks_for_no_more_than_is_read(stream):
    reader, source = Reader(takes=3), Source()
    task = asyncio.create_task(
        stream(reader.receive, reader.send, 200, [], source.pieces())
    )  # fmt: skip
    for _ in range(100):
        await asyncio.sleep(0)
    asked = source.asked
    reader.left.set()
    async with asyncio.timeout(5):
        await task
    assert asked == 4  # three were taken, one is on its way
    assert source.closed


async def test_a_slow_reader_costs_one_piece():
    await asks_for_no_more_than_is_read(streaming.stream)


async def test_a_slow_reader_costs_one_piece_mutant_is_caught():
    async def queueing(receive, send, status, fields, pieces):
        queue = asyncio.Queue()

        async def fill():
            async for piece in pieces:
                queue.put_nowait(piece)

        async def drain():
            while True:
                await send({"type": "http.response.body", "body": await queue.get()})

        tasks = [asyncio.create_task(fill()), asyncio.create_task(drain())]
        await receive()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    with pytest.raises(AssertionError):
        await asks_for_no_more_than_is_read(queueing)


async def test_a_reader_that_takes_nothing_for_long_is_cut_off(monkeypatch):
    monkeypatch.setattr(streaming, "STALL_S", 0.01)
    aborted = []

    class Stuck(Reader):
        @property
        def transport(self):
            return self

        def abort(self):
            aborted.append(True)

    reader, source = Stuck(takes=1), Source()
    async with asyncio.timeout(5):
        await streaming.stream(reader.receive, reader.send, 200, [], source.pieces())
    assert aborted
    assert source.closed


async def test_pieces_that_end_end_the_answer():
    reader, source = Reader(takes=99), Source(last=2)
    await streaming.stream(reader.receive, reader.send, 200, [], source.pieces())
    assert [event.get("body") for event in reader.events] == [None, b"x", b"x", b""]
    assert not reader.events[-1].get("more_body")


async def test_a_failure_on_the_way_is_logged_and_cuts_the_answer_short(caplog):
    async def broken():
        yield b"x"
        raise RuntimeError("on the way")

    reader = Reader(takes=99)
    await streaming.stream(reader.receive, reader.send, 200, [], broken())
    assert [event.get("body") for event in reader.events] == [None, b"x"]


@pytest.fixture
async def world(tmp_path):
    made = await World.make(tmp_path)
    yield made
    await made.runtime.close()


async def test_events_are_listed_read_and_filtered(world):
    message = world.names["approved"]
    listed = (await world.client.get(f"/v1/events?message_id={message}")).json
    types = [event["type"] for event in reversed(listed["data"])]
    assert types[0] == "verification.created"
    assert types[-1] == "verification.approved"
    assert [event["data"]["sequence"] for event in reversed(listed["data"])] == [
        *range(1, len(types) + 1)
    ]
    timeline = (await world.client.get(f"/v1/messages/{message}")).json["timeline"]
    assert [entry["type"] for entry in timeline] == types
    one = listed["data"][0]
    assert (await world.client.get(f"/v1/events/{one['id']}")).json == one
    for types in ("verification.approved", "verification", "verification.*", "key", "key.*"):
        found = (await world.client.get(f"/v1/events?type={types}&limit=100")).json["data"]
        assert found
        assert all(event["type"].startswith(types.removesuffix("*")) for event in found)
    assert CODE not in str(listed)


async def test_pages_hold_every_event_once(world):
    ids, cursor = [], ""
    while True:
        page = (await world.client.get(f"/v1/events?limit=7{cursor}")).json
        ids += [event["id"] for event in page["data"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    whole = (await world.client.get("/v1/events?limit=100")).json["data"]
    assert ids == [event["id"] for event in whole]
    foreign = (await world.as_("other_key").get("/v1/events?limit=100")).json["data"]
    assert not {event["id"] for event in foreign} & set(ids)


async def test_a_stream_asks_again_with_what_the_request_carried(world, monkeypatch):
    asked = []

    def follow(caller, after, types, again):
        asked.append(again)
        return follows(caller, after, types, again)

    follows = world.runtime.services.events.follow
    monkeypatch.setattr(world.runtime.services.events, "follow", follow)
    await world.client.get("/v1/events/stream")
    assert (await asked[0]()).api_key
    world.runtime.services.directory.forget()
    assert "events:read" in (await asked[0]()).scopes


async def test_a_stream_says_what_it_is_and_needs_its_scope(world):
    reply = await world.client.get("/v1/events/stream")
    assert START.items() <= reply.headers.items()
    assert "content-length" not in reply.headers
    assert (await world.as_("checker_key").get("/v1/events/stream")).status == 403


@pytest.mark.parametrize(
    ("target", "field"),
    [
        ("/v1/events?type=nothing.happened", "type"),
        ("/v1/events?type=delivery.", "type"),
        ("/v1/events?type=nothing.*", "type"),
        ("/v1/events?type=*", "type"),
        ("/v1/events?cursor=zz", "cursor"),
        ("/v1/events?limit=0", "limit"),
        ("/v1/events/stream?last_event_id=evt_1", "last_event_id"),
        ("/v1/events/stream?since=1", "since"),
    ],
)
async def test_what_cannot_be_asked_is_refused(world, target, field):
    reply = await world.client.get(target)
    assert (reply.status, reply.json["field"]) == (400, field), reply.json


async def test_a_bad_last_event_id_is_refused_before_the_stream_begins(world):
    reply = await world.client.get("/v1/events/stream", headers={"last-event-id": "yesterday"})
    assert (reply.status, reply.json["field"]) == (400, "last_event_id")


async def test_an_unknown_or_foreign_event_looks_alike(world):
    foreign = (await world.as_("other_key").get("/v1/events?limit=1")).json["data"][0]["id"]
    answers = set()
    for id in (foreign, "evt_" + "0" * 32, "evt_malformed"):
        reply = await world.client.get(f"/v1/events/{id}")
        answers.add((reply.status, reply.json["detail"]))
    assert len(answers) == 1
    assert answers.pop()[0] == 404
