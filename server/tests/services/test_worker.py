"""The worker's loop: it claims, hands over, survives and stops.  Real time, but nobody waits."""

import asyncio

import pytest

from services.desk import Desk
from watchword_server.domain.delivery import Receipt
from watchword_server.testing import FakeProvider
from watchword_server.worker import Worker

PATIENCE_S = 20


class Arrivals:
    """A carrier's desk: tells when so many messages have arrived."""

    def __init__(self, provider: FakeProvider) -> None:
        self.provider = provider
        self._arrived = asyncio.Condition()
        provider.script = Always(self._take)

    async def _take(self, message):
        async with self._arrived:
            self._arrived.notify_all()
        return Receipt(reference=message.id)

    async def wait_for(self, count):
        async with asyncio.timeout(PATIENCE_S), self._arrived:
            await self._arrived.wait_for(lambda: len(self.provider.messages) >= count)


class Always(list):
    """A script that never ends."""

    def __init__(self, act):
        super().__init__([act])

    def pop(self, index):
        return self[0]


@pytest.fixture
async def at_work(desk: Desk):
    """A desk with a worker that runs, and is stopped at the end."""
    worker = Worker(desk.runtime)
    running = asyncio.create_task(worker.run())
    yield desk, Arrivals(desk.sms)
    worker.stop()
    async with asyncio.timeout(PATIENCE_S):
        await running


async def test_what_is_started_is_handed_over(at_work):
    desk, arrivals = at_work
    made = [await desk.start(f"+141555526{number}") for number in range(60, 70)]
    await arrivals.wait_for(10)
    to = {one.to for one in desk.sms.messages}
    assert len(desk.sms.messages) == len(to) == len(made)


async def test_what_somebody_else_left_is_found(desk):
    await desk.start()
    arrivals, worker = Arrivals(desk.sms), Worker(desk.runtime)
    running = asyncio.create_task(worker.run())
    await arrivals.wait_for(1)
    worker.stop()
    await running


async def test_stopping_finishes_what_was_handed_over(desk):
    begun, go = asyncio.Event(), asyncio.Event()

    async def slow(message):
        begun.set()
        await go.wait()
        return Receipt(delivered=True)

    desk.sms.script = [slow]
    worker = Worker(desk.runtime)
    running = asyncio.create_task(worker.run())
    verification = await desk.start()
    await begun.wait()
    worker.stop()
    await asyncio.sleep(0)
    assert not running.done()
    go.set()
    await running
    assert await desk.deliveries(verification) == ["sms delivered"]


async def test_a_carrier_with_a_bug_stops_nobody_else(at_work):
    desk, arrivals = at_work
    desk.sms.script = [ZeroDivisionError(), ZeroDivisionError()]
    for number in range(60, 62):
        await desk.start(f"+141555526{number}")
    arrivals = Arrivals(desk.sms)
    await desk.start("+14155552670")
    await arrivals.wait_for(3)


async def test_a_second_message_does_not_wait_for_a_slow_one(at_work):
    desk, arrivals = at_work
    go = asyncio.Event()

    async def slow(message):
        await go.wait()
        return Receipt()

    desk.voice.script = [slow]
    await desk.start("+14155552660", template="otp-voice")
    await desk.start("+14155552661")
    await arrivals.wait_for(1)
    go.set()


async def test_a_row_that_cannot_be_read_stops_nobody_else(desk):
    """Written by a newer version, or damaged: one message is lost, not all of them."""
    desk.sms.reports = True
    await desk.fall_back()
    await desk.deliver()
    await desk.runtime.store.write(
        lambda tx: tx.live._cursor.execute("UPDATE live SET route = x'00'")
    )
    desk.later(60)
    await desk.start("+14155552672")
    arrivals, worker = Arrivals(desk.sms), Worker(desk.runtime)
    running = asyncio.create_task(worker.run())
    waiting = asyncio.create_task(arrivals.wait_for(2))
    await asyncio.wait([running, waiting], return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    assert not running.done(), running.exception()
    worker.stop()
    await running


async def test_a_code_is_not_lost_with_the_caller_who_went_away(at_work, monkeypatch):
    """The request is canceled while its unit is being committed."""
    desk, arrivals = at_work
    store = desk.runtime.store
    write, committed = store.write, asyncio.Event()

    async def slow_answer(unit):
        answer = await write(unit)
        if not committed.is_set():
            committed.set()
            await asyncio.Event().wait()
        return answer

    monkeypatch.setattr(store, "write", slow_answer)
    asking = asyncio.create_task(desk.start())
    await committed.wait()
    asking.cancel()
    await asyncio.wait([asking])
    async with asyncio.timeout(1):
        await arrivals.wait_for(1)


async def a_claim_in_flight_stays_claimed(desk, monkeypatch, claims):
    """The caller goes away after a worker has claimed what it wrote: that is not undone."""
    store = desk.runtime.store
    write, committed = store.write, asyncio.Event()

    async def slow_answer(unit):
        answer = await write(unit)
        committed.set()
        await asyncio.Event().wait()
        return answer

    monkeypatch.setattr(store, "write", slow_answer)
    asking = asyncio.create_task(desk.start())
    await committed.wait()
    monkeypatch.setattr(store, "write", write)
    (job,) = await claims()
    asking.cancel()
    await asyncio.wait([asking])
    for task in tuple(desk.services.sending._left_behind):
        await task
    assert await desk.deliver() == 0
    await desk.runtime.delivering.hand_over(job)
    assert len(desk.sms.messages) == 1


async def test_a_claim_in_flight_stays_claimed_when_the_caller_goes_away(desk, monkeypatch):
    await a_claim_in_flight_stays_claimed(
        desk, monkeypatch, lambda: desk.runtime.delivering.due(10)
    )
