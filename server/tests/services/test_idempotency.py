"""One key, one execution: whoever asks, from whichever process, whatever becomes of the first."""

import asyncio
from contextlib import suppress

import pytest

from services.desk import SECOND
from services.keyed import SECRET, SHORT_S, Execution, ask, servers
from watchword_server.domain.errors import (
    IDEMPOTENCY_KEY_REUSED,
    REQUEST_IN_FLIGHT,
    Problem,
    StoreUnavailable,
)
from watchword_server.services import idempotency
from watchword_server.services.idempotency import Idempotency, _Given


async def refused(kind, asking):
    with pytest.raises(Problem) as refusal:
        await asking
    assert refusal.value.kind is kind
    return refusal.value


# ---- one execution --------------------------------------------------------------------------


async def executes_once(*services):
    """However many ask at once, and later: one execution, and everybody gets its answer."""
    execution = Execution()
    callers = [services[n % len(services)] for n in range(40)]
    told = await asyncio.gather(*(one.once(ask(), execution) for one in callers))
    told += [await one.once(ask(), execution) for one in services]
    assert {answer for answer, _ in told} == {SECRET}
    assert [replayed for _, replayed in told].count(False) == 1
    assert execution.count == 1


async def test_equal_requests_are_executed_once(one):
    await executes_once(one)


async def test_equal_requests_on_two_servers_are_executed_once(two):
    await executes_once(*two)


class ReadThenWrite(Idempotency):
    """Looks whether the key is there, and claims it afterwards; two servers look in step."""

    both = asyncio.Barrier(2)

    async def _answered(self, key, execute):
        read = lambda tx: tx.idempotency_keys.get(key.project, key.id)  # noqa: E731
        found = await self._store.read(read)
        if found is None:
            async with asyncio.timeout(10):
                await self.both.wait()
            await self._store.write(lambda tx: self._claim(tx, key))
            return _Given(await self._execute(key, execute), replayed=False)
        return _Given(self._unsealed(found), replayed=True)


class InMemory(Idempotency):
    """A table that other processes do not see, and that ends with its own."""

    def __init__(self, *given):
        super().__init__(*given)
        self.answers = {}

    async def _answered(self, key, execute):
        if key.id in self.answers:
            return _Given(self.answers[key.id], replayed=True)
        self.answers[key.id] = (await execute()).answer
        return _Given(self.answers[key.id], replayed=False)


@pytest.mark.parametrize("mutant", [ReadThenWrite, InMemory])
async def test_equal_requests_on_two_servers_mutant_is_caught(tmp_path, clock, mutant):
    async with servers(tmp_path, clock, mutant, mutant) as both:
        with pytest.raises(AssertionError):
            await executes_once(*both)


async def outlives_a_restart(folder, clock, kind):
    execution = Execution()
    for replayed in (False, True):
        async with servers(folder, clock, kind) as (service,):
            assert await service.once(ask(), execution) == (SECRET, replayed)
    assert execution.count == 1


async def test_an_answer_outlives_a_restart(tmp_path, clock):
    await outlives_a_restart(tmp_path, clock, Idempotency)


async def test_an_answer_outlives_a_restart_mutant_is_caught(tmp_path, clock):
    with pytest.raises(AssertionError):
        await outlives_a_restart(tmp_path, clock, InMemory)


async def test_requests_with_other_keys_calls_or_projects_have_nothing_to_do_with_it(one):
    execution = Execution()
    for request in (ask(), ask(use=b"other"), ask(project=b"q" * 16)):
        assert await one.once(request, execution) == (SECRET, False)
    assert execution.count == 3


# ---- another body ---------------------------------------------------------------------------


async def refuses_another_body(here, there):
    """While the first runs, when it has run, on its own server and on another."""
    execution, other = Execution(held=True), Execution()
    first = asyncio.create_task(here.once(ask(), execution))
    await execution.begun.wait()
    await told_apart(here, there, other)
    execution.go.set()
    await first
    await told_apart(here, there, other)
    assert (execution.count, other.count) == (1, 0)


async def told_apart(here, there, other):
    for service in (here, there):
        try:
            async with asyncio.timeout(10):
                answer = await service.once(ask(b"other body"), other)
        except Problem as problem:
            assert problem.kind is IDEMPOTENCY_KEY_REUSED
            assert problem.extra["reason"] == "idempotency_key_reused"
        else:
            raise AssertionError(answer)


async def test_another_body_is_refused(two):
    await refuses_another_body(*two)


class AnyBody(Idempotency):
    """Takes every body for the same."""

    def _body(self, request):
        return b"b" * 16


async def test_another_body_mutant_is_caught(tmp_path, clock):
    async with servers(tmp_path, clock, AnyBody, AnyBody, patience_s=SHORT_S) as both:
        with pytest.raises(AssertionError):
            await refuses_another_body(*both)


# ---- what takes long, what is not final, what dies ------------------------------------------


async def test_what_takes_too_long_is_in_flight_and_answered_later(tmp_path, clock):
    async with servers(tmp_path, clock, Idempotency, Idempotency, patience_s=SHORT_S) as both:
        execution = Execution(held=True)
        first = asyncio.create_task(both[0].once(ask(), execution))
        await execution.begun.wait()
        for service in both:
            problem = await refused(REQUEST_IN_FLIGHT, service.once(ask(), execution))
            assert problem.retry_after == 5
        execution.go.set()
        assert await first == (SECRET, False)
        for service in both:
            assert await service.once(ask(), execution) == (SECRET, True)
        assert execution.count == 1


async def test_an_answer_that_is_not_final_leaves_the_key_free(two):
    early = Execution(b"too early", definite=False, held=True)
    asked = [asyncio.create_task(two[0].once(ask(), early)) for _ in range(5)]
    await early.begun.wait()
    early.go.set()
    assert {await one for one in asked} == {(b"too early", False), (b"too early", True)}
    assert early.count == 1
    for replayed, service in zip((False, True), two, strict=True):
        assert await service.once(ask(b"another body"), Execution()) == (SECRET, replayed)


async def test_who_waits_on_another_server_executes_what_was_left_free(two):
    early, late = Execution(b"too early", definite=False, held=True), Execution()
    first = asyncio.create_task(two[0].once(ask(), early))
    await early.begun.wait()
    second = asyncio.create_task(two[1].once(ask(), late))
    early.go.set()
    assert await first == (b"too early", False)
    assert await second == (SECRET, False)


async def test_an_execution_goes_on_when_its_caller_goes_away(two):
    execution = Execution(held=True)
    first = asyncio.create_task(two[0].once(ask(), execution))
    await execution.begun.wait()
    first.cancel()
    await asyncio.wait([first])
    execution.go.set()
    assert await two[1].once(ask(), execution) == (SECRET, True)
    assert execution.count == 1


async def test_a_key_is_free_again_when_whoever_had_it_died_and_its_lease_is_over(two, clock):
    here, there = two
    execution, again = Execution(held=True), Execution(b"again")
    asyncio.create_task(here.once(ask(), execution))
    await execution.begun.wait()
    there._patience_s = SHORT_S  # `here` is as good as dead: it never answers
    await refused(REQUEST_IN_FLIGHT, there.once(ask(), again))
    clock.advance(idempotency.LEASE_S * SECOND)
    await refused(IDEMPOTENCY_KEY_REUSED, there.once(ask(b"other body"), again))
    assert await there.once(ask(), again) == (b"again", False)
    execution.go.set()
    # Dead or not, it cannot take the answer back that others got.
    assert await here.once(ask(), execution) == (SECRET, True)
    assert (execution.count, again.count) == (1, 1)
    assert await here.once(ask(), execution) == (b"again", True)


async def keeps_its_lease(two, clock, monkeypatch):
    """An execution longer than the lease, on a server that lives, is not taken for dead."""
    here, there = two
    monkeypatch.setattr(idempotency, "RENEW_S", 0.005)
    there._patience_s = SHORT_S
    execution, other = Execution(held=True), Execution()
    renewals = Renewals(here)
    first = asyncio.create_task(here.once(ask(), execution))
    await execution.begun.wait()
    for _ in range(3):
        clock.advance((idempotency.LEASE_S - 1) * SECOND)
        await renewals.two_more()
        with suppress(Problem):
            await there.once(ask(), other)
    execution.go.set()
    assert await first == (SECRET, False)
    assert (execution.count, other.count) == (1, 0)


class Renewals:
    """Tells when a service has renewed a lease."""

    def __init__(self, service):
        self._renew, service._renew = service._renew, self
        self._done = asyncio.Semaphore(0)

    async def __call__(self, key):
        await self._renew(key)
        self._done.release()

    async def two_more(self):
        """The first of them may have looked at the clock before."""
        while not self._done.locked():
            await self._done.acquire()
        async with asyncio.timeout(10):
            await self._done.acquire()
            await self._done.acquire()


async def test_a_long_execution_keeps_its_lease(two, clock, monkeypatch):
    await keeps_its_lease(two, clock, monkeypatch)


async def test_a_long_execution_mutant_is_caught(two, clock, monkeypatch):
    monkeypatch.setattr(two[0], "_renew", lambda key: asyncio.sleep(0))
    with pytest.raises(AssertionError):
        await keeps_its_lease(two, clock, monkeypatch)


async def test_nothing_is_executed_when_the_claim_cannot_be_written(one, monkeypatch):
    execution = Execution()
    monkeypatch.setattr(one, "_store", Failing(one._store, failing=1))
    with pytest.raises(StoreUnavailable):
        await one.once(ask(), execution)
    assert execution.count == 0
    assert await one.once(ask(), execution) == (SECRET, False)


async def test_what_was_done_is_told_even_when_it_cannot_be_kept(one, monkeypatch, clock):
    execution = Execution()
    monkeypatch.setattr(one, "_store", Failing(one._store, failing=2))
    assert await one.once(ask(), execution) == (SECRET, False)
    clock.advance(idempotency.LEASE_S * SECOND)
    assert await one.once(ask(), execution) == (SECRET, False)


class Failing:
    """A store whose write number `failing` fails."""

    def __init__(self, store, failing):
        self.read = store.read
        self._write = store.write
        self._left = failing

    async def write(self, unit):
        self._left -= 1
        if self._left == 0:
            raise StoreUnavailable("disk full")
        return await self._write(unit)
