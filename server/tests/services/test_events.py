"""Events as callers see them: pages, feeds, and what happens to keys."""

import asyncio
import contextlib

import msgspec
import pytest

from e2e.deployment import eventually
from services.desk import PHONE, is_refused, refusal
from watchword_server.domain import event_wire, ids
from watchword_server.domain.errors import RATE_LIMITED, UNKNOWN_ID
from watchword_server.domain.project import Mode, Scope
from watchword_server.services import events as feeds
from watchword_server.services.events import EVERY_TYPE, Events
from watchword_server.testing import open_runtime


async def write(desk, count, project=None):
    """Events of the same kind, one commit each."""
    owner = project or desk.caller.project
    for number in range(count):
        await desk.runtime.store.write(
            lambda tx, number=number: tx.events.append(
                owner, b"%016d" % (number % 3), "key.updated", desk.clock.now(), b"{}"
            )
        )


async def numbers(service, caller, types=EVERY_TYPE, subject=None, limit=3):
    """Every event, page after page."""
    found, place = [], None
    while True:
        page = await service.page(caller, subject, types, place, limit)
        found += page.events
        place = page.place
        if place is None:
            return found


async def pages_hold_each_event_once(service, desk):
    await write(desk, 10)
    other = await desk.services.projects.create("other", Mode.DEVELOPMENT)
    await write(desk, 5, other.id)
    await write(desk, 1)
    found = await numbers(service, desk.caller)
    assert [one.number for one in found] == [16, *range(10, 0, -1)]
    assert {one.project for one in found} == {desk.caller.project}
    assert [one.sequence for one in found] == [5, 4, 3, 3, 3, 2, 2, 2, 1, 1, 1]
    subject = await numbers(service, desk.caller, subject=b"%016d" % 1)
    assert [one.number for one in subject] == [8, 5, 2]
    assert await numbers(service, desk.caller, types=("template.", "template/")) == []


async def test_pages_hold_each_event_once(desk):
    await pages_hold_each_event_once(desk.services.events, desk)


async def test_pages_hold_each_event_once_however_short_a_walk_is(desk, monkeypatch):
    monkeypatch.setattr(feeds, "REACH", 4)
    await pages_hold_each_event_once(desk.services.events, desk)


async def test_pages_hold_each_event_once_mutant_is_caught(desk):
    class Overlapping(Events):
        async def page(self, caller, subject, types, place, limit):
            page = await super().page(caller, subject, types, place, limit)
            return page if page.place is None else msgspec.structs.replace(
                page, place=page.place + 1
            )  # fmt: skip

    with pytest.raises(AssertionError):
        await pages_hold_each_event_once(Overlapping(desk.runtime.store, desk.clock), desk)


async def test_an_event_is_read_by_its_id_and_a_foreign_one_is_unknown(desk):
    verification = await desk.start()
    event = (await desk.timeline(verification)).events[0]
    assert await desk.services.events.get(desk.caller, event.id) == event
    stranger = msgspec.structs.replace(desk.caller, project=b"s" * 16)
    is_refused(await refusal(desk.services.events.get(stranger, event.id)), UNKNOWN_ID)
    other_time = msgspec.structs.replace(event, at=event.at + 1)
    is_refused(await refusal(desk.services.events.get(desk.caller, other_time.id)), UNKNOWN_ID)


async def test_a_verification_s_events_are_shown_alike_everywhere(desk):
    verification = await desk.start(PHONE)
    await desk.deliver()
    await desk.check(verification, desk.code)
    timeline = (await desk.timeline(verification)).events
    found = await numbers(desk.services.events, desk.caller, subject=verification)
    assert list(reversed(found)) == timeline
    shown = [event_wire.encode(one).decode() for one in found]
    assert not any(PHONE in text or desk.code in text for text in shown)


async def take(feed, count):
    """The places of the next so many events."""
    found = []
    while len(found) < count:
        found += [one.number for one in await anext(feed)]
    return found


async def until(feed, last):
    """The places of the events up to this one."""
    found = []
    while last not in found:
        found += [one.number for one in await anext(feed)]
    return found


@contextlib.asynccontextmanager
async def following(service, caller, after=None, types=EVERY_TYPE):
    """A feed that is under way."""
    feed = service.follow(caller, after, types)
    assert await anext(feed) == ()
    try:
        yield feed
    finally:
        await feed.aclose()


async def a_reader_that_comes_back_misses_none(service, desk):
    desk.runtime.store.committed = service.hint
    await write(desk, 4)
    async with following(service, desk.caller, after=0) as feed:
        first = await until(feed, 4)
    await write(desk, 3)
    async with following(service, desk.caller, after=first[1]) as feed:
        assert await until(feed, 7) == [3, 4, 5, 6, 7]
        await write(desk, 2)
        assert await until(feed, 9) == [8, 9]


async def test_a_reader_that_comes_back_misses_none_and_gets_none_twice(desk):
    await a_reader_that_comes_back_misses_none(desk.services.events, desk)


@pytest.mark.parametrize("shift", [1, -1])
async def test_a_reader_that_comes_back_mutant_is_caught(desk, shift):
    class Shifted(Events):
        def follow(self, caller, after, types):
            return super().follow(caller, after and after + shift, types)

    with pytest.raises(AssertionError):
        await a_reader_that_comes_back_misses_none(Shifted(desk.runtime.store, desk.clock), desk)


async def test_a_new_reader_begins_now_and_sees_its_own_types_and_project_only(desk):
    other = await desk.services.projects.create("other", Mode.DEVELOPMENT)
    await write(desk, 2)
    service = desk.services.events
    async with following(service, desk.caller, types=("key.updated", "key.updated\0")) as feed:
        await write(desk, 2, other.id)
        await desk.start()  # other types
        await write(desk, 1)
        (place,) = await take(feed, 1)
        assert place == (await desk.runtime.store.read(lambda tx: tx.events.newest()))


async def waits(service):
    return bool(service._news._waiters)


async def news_of_another_process_comes(service, desk):
    """Written through another connection: nothing in this process tells."""
    folder = desk.runtime.store.path.parent
    async with (
        open_runtime(folder, clock=desk.clock) as other,
        following(service, desk.caller) as feed,
    ):
        pending = asyncio.create_task(take(feed, 1))
        await eventually(lambda: waits(service), "the feed waits")
        await other.store.write(
            lambda tx: tx.events.append(
                desk.caller.project, b"k" * 16, "key.updated", desk.clock.now(), b"{}"
            )
        )
        try:
            assert len(await pending) == 1
        finally:
            pending.cancel()
            await asyncio.gather(pending, return_exceptions=True)


async def test_news_of_another_process_comes_by_polling(desk):
    await news_of_another_process_comes(desk.services.events, desk)


async def test_news_of_another_process_comes_by_polling_mutant_is_caught(desk):
    class HintsOnly(Events):
        async def _watching(self):
            while not self._closed:
                await self._woken.wait()
                self._woken.clear()
                await self._look()

    service = HintsOnly(desk.runtime.store, desk.clock)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1):
            await news_of_another_process_comes(service, desk)
    await service.close()


async def test_a_silent_feed_shows_that_it_is_alive(desk, monkeypatch):
    monkeypatch.setattr(feeds, "HEARTBEAT_S", 0.01)
    async with following(desk.services.events, desk.caller) as feed:
        assert await anext(feed) == ()


async def issued(desk, **more):
    """A key that may read events, and the header that proves it."""
    made = await desk.services.api_keys.create(
        desk.caller, "reader", {Scope.EVENTS_READ}, None, more.get("ips", ())
    )
    return made.key.id, f"Bearer {made.bearer}".encode()


async def letting_in(desk, header):
    """The caller behind a header, and how a feed asks for it again."""

    def again():
        return desk.services.directory.authenticate(header, "192.0.2.7")

    return await again(), again


async def ends_with_its_key(service, desk, monkeypatch):
    monkeypatch.setattr(feeds, "HEARTBEAT_S", 0.01)
    key, header = await issued(desk)
    caller, _ = await letting_in(desk, header)
    feed = service.follow(caller, None, EVERY_TYPE)
    assert await anext(feed) == ()
    await desk.services.api_keys.delete(desk.caller, key)
    async with asyncio.timeout(2):
        async for _ in feed:
            pass


async def test_a_feed_ends_with_its_key(desk, monkeypatch):
    await ends_with_its_key(desk.services.events, desk, monkeypatch)


class Trusting(Events):
    async def _is_good(self, caller, again):
        return True


async def test_a_feed_ends_with_its_key_mutant_is_caught(desk, monkeypatch):
    service = Trusting(desk.runtime.store, desk.clock)
    with pytest.raises(TimeoutError):
        await ends_with_its_key(service, desk, monkeypatch)
    await service.close()


async def deleted(desk, key):
    await desk.services.api_keys.delete(desk.caller, key)


async def without_its_scope(desk, key):
    await desk.runtime.store.write(
        lambda tx: tx.api_keys.update(
            msgspec.structs.replace(tx.api_keys.find(key), scopes=frozenset({Scope.MESSAGES_SEND}))
        )
    )
    desk.services.directory.forget()


async def from_elsewhere_only(desk, key):
    await desk.services.api_keys.update(desk.caller, key, None, None, ["198.51.100.0/24"], None)


async def with_another_secret(desk, key):
    await desk.services.api_keys.rotate(desk.caller, key, 0)


REVOKED = [deleted, without_its_scope, from_elsewhere_only, with_another_secret]


async def a_busy_feed_ends(service, desk, revoke):
    """A second after the key lost its right, nothing more is shown, however much happens."""
    desk.runtime.store.committed = service.hint
    key, header = await issued(desk)
    caller, again = await letting_in(desk, header)
    feed = service.follow(caller, None, EVERY_TYPE, again)
    assert await anext(feed) == ()
    await write(desk, 1)
    assert await anext(feed)
    await revoke(desk, key)
    desk.clock.advance(feeds.PROOF_MS)
    await write(desk, 1)
    async with asyncio.timeout(5):
        shown = [batch async for batch in feed]
    assert shown == []


@pytest.mark.parametrize("revoke", REVOKED)
async def test_a_busy_feed_ends_when_its_key_is_no_longer_let_in(desk, revoke):
    await a_busy_feed_ends(desk.services.events, desk, revoke)


@pytest.mark.parametrize("proves", ["never", "in silence", "by the row"])
async def test_a_busy_feed_mutants_are_caught(desk, proves, monkeypatch):
    class ByTheRow(Events):
        async def _is_good(self, caller, again):
            return await super()._is_good(caller, None)

    made = {"never": Trusting, "in silence": Events, "by the row": ByTheRow}[proves]
    if proves == "in silence":
        monkeypatch.setattr(feeds, "PROOF_MS", 2**40)
        monkeypatch.setattr(desk.clock, "advance", lambda ms: None)
    service = made(desk.runtime.store, desk.clock)
    with pytest.raises((AssertionError, TimeoutError)):
        async with asyncio.timeout(2):
            await a_busy_feed_ends(service, desk, with_another_secret)
    await service.close()


async def is_heard_among_others(service, desk):
    """Another project is busy and this one is not: its feed still shows that it is alive."""
    desk.runtime.store.committed = service.hint
    other = await desk.services.projects.create("other", Mode.DEVELOPMENT)
    async with following(service, desk.caller) as feed:
        pending = asyncio.create_task(anext(feed))
        await eventually(lambda: waits(service), "the feed waits")
        desk.clock.advance(round(feeds.HEARTBEAT_S * 1000))
        await write(desk, 1, other.id)
        try:
            async with asyncio.timeout(2):
                assert await pending == ()
        finally:
            pending.cancel()
            await asyncio.gather(pending, return_exceptions=True)


async def test_a_silent_feed_shows_that_it_is_alive_whatever_others_do(desk):
    await is_heard_among_others(desk.services.events, desk)


async def test_a_silent_feed_mutant_is_caught(desk):
    class AnyNewsWillDo(Events):
        async def _silence(self, place, seconds):
            return await super()._silence(place, feeds.HEARTBEAT_S)

        async def _feed(self, *given):
            self._clock = type("Stopped", (), {"now": staticmethod(lambda: 0)})()
            async for batch in super()._feed(*given):
                yield batch

    service = AnyNewsWillDo(desk.runtime.store, desk.clock)
    with pytest.raises(TimeoutError):
        await is_heard_among_others(service, desk)
    await service.close()


async def test_a_feed_of_a_sandbox_goes_on_until_its_project_is_gone(desk, monkeypatch):
    monkeypatch.setattr(feeds, "HEARTBEAT_S", 0.01)
    project = desk.caller.project
    caller = msgspec.structs.replace(desk.caller, api_key=project)
    async with following(desk.services.events, caller) as feed:
        assert await anext(feed) == ()
        assert await anext(feed) == ()
        await desk.services.projects.delete(project)
        async with asyncio.timeout(5):
            async for _ in feed:
                pass


async def test_closing_ends_every_feed(desk):
    service = desk.services.events
    feed = service.follow(desk.caller, None, EVERY_TYPE)
    assert await anext(feed) == ()
    waiting = asyncio.create_task(anext(feed, None))
    await asyncio.sleep(0)
    await service.close()
    async with asyncio.timeout(5):
        assert await waiting is None


async def test_a_feed_too_many_is_refused_and_a_closed_one_gives_its_place_back(desk, monkeypatch):
    monkeypatch.setattr(feeds, "FEEDS_PER_PROJECT", 2)
    service = desk.services.events
    async with following(service, desk.caller), following(service, desk.caller):
        with pytest.raises(feeds.Problem) as caught:
            service.follow(desk.caller, None, EVERY_TYPE)
        is_refused(caught.value, RATE_LIMITED, limit="streams")
    async with following(service, desk.caller):
        pass


async def test_a_feed_goes_on_where_numbers_begin_again(desk):
    """A project that had the newest events is deleted, and their places are given anew."""
    other = await desk.services.projects.create("other", Mode.DEVELOPMENT)
    await write(desk, 2)
    await write(desk, 5, other.id)
    async with following(desk.services.events, desk.caller) as feed:
        pending = asyncio.create_task(take(feed, 1))
        await desk.services.projects.delete(other.id)
        while desk.services.events._newest != 2:
            desk.services.events.hint()
            await asyncio.sleep(0.01)
        await write(desk, 1)
        assert await pending == [3]


async def test_what_happens_to_a_key_is_told(desk):
    keys = desk.services.api_keys
    issued = await keys.create(desk.caller, "app", None, None, ())
    key = issued.key.id
    header = f"Bearer {issued.bearer}".encode()
    itself = await desk.services.directory.authenticate(header, "192.0.2.7")
    await keys.update(desk.caller, key, "renamed", None, ["192.0.2.0/24"], None)
    await keys.update(desk.caller, key, "renamed", None, None, None)  # changes nothing
    await keys.update(desk.caller, key, None, None, [], None)
    await keys.rotate(itself, key, 0)
    await keys.delete(desk.caller, key)
    found = await numbers(desk.services.events, desk.caller, subject=key)
    shown = [event_wire.wire(one) for one in reversed(found)]
    own = ids.text(ids.Prefix.API_KEY, key)
    assert [(one.type, one.data.by, one.data.changed) for one in shown] == [
        ("key.created", "operator", None),
        ("key.updated", "operator", "allowed_ips name"),
        ("key.updated", "operator", "allowed_ips"),
        ("key.rotated", own, None),
        ("key.deleted", "operator", None),
    ]
    assert {one.data.key_id for one in shown} == {own}
    assert [one.data.sequence for one in shown] == [1, 2, 3, 4, 5]
