"""Pending verifications: one per address, and counted in one conditional statement."""

import asyncio

import msgspec
import pytest

from storage.records import (
    ADDRESS,
    DAY,
    MINUTE,
    NOW,
    OURS,
    THEIRS,
    VERIFICATION,
    key,
    live,
    project,
)
from watchword_server.ports.store import Store


@pytest.fixture(autouse=True)
async def owners(store):
    """The projects whose rows these are."""
    await store.write(
        lambda tx: [tx.projects.insert(project(one)) for one in (OURS, THEIRS, key("p"))]
    )


FRESH = (NOW, NOW - DAY, 15, 100)
"""`count_check`'s now, failures_since, max_failures, max_consecutive."""


async def insert(store: Store, *records):
    return [await store.write(lambda tx, one=one: tx.live.insert(one)) for one in records]


async def test_a_pending_verification_is_read_back_as_it_was(store):
    record = live(checks=3, sends=2, binding=b"b", step=1)
    await insert(store, record)
    assert await store.read(lambda tx: tx.live.get(OURS, VERIFICATION)) == record
    assert await store.read(lambda tx: tx.live.of_address(OURS, ADDRESS)) == record


async def test_nothing_is_written_for_a_project_that_is_gone(store):
    await store.write(lambda tx: tx.projects.delete(OURS))
    assert await insert(store, live()) == [False]
    assert await store.read(lambda tx: tx.live.get(OURS, VERIFICATION)) is None


async def one_pending_per_address(store, insert):
    """Of many simultaneous starts for one address, one is written."""
    starts = [live(id=key("start", number)) for number in range(20)]
    assert sum(await asyncio.gather(*(insert(store, one) for one in starts))) == 1
    assert await insert(store, live(id=key("other"), address=key("other")))
    assert await insert(store, live(project=key("p"), id=key("third")))


async def test_an_address_has_at_most_one_pending_verification(store):
    async def conditionally(store, record):
        return await store.write(lambda tx: tx.live.insert(record))

    await one_pending_per_address(store, conditionally)


async def test_an_address_has_at_most_one_pending_verification_mutant_is_caught(store):
    everybody = asyncio.Barrier(20)

    async def look_then_write(store, record):
        found = await store.read(lambda tx: tx.live.of_address(record.project, record.address))
        if record.project == OURS and record.address == ADDRESS:
            await everybody.wait()
        if found is None:
            hidden = msgspec.structs.replace(record, address=record.id)
            await store.write(lambda tx: tx.live.insert(hidden))
        return found is None

    with pytest.raises(AssertionError):
        await one_pending_per_address(store, look_then_write)


def counted(tx, id=VERIFICATION, fresh=FRESH):
    return tx.live.get(OURS, id) if tx.live.count_check(OURS, id, *fresh) else None


def exhausts(count):
    def rule(tx):
        tx.live.insert(live())
        assert [count(tx).checks for _ in range(5)] == [1, 2, 3, 4, 5]
        assert count(tx) is None
        assert tx.live.get(OURS, VERIFICATION).checks == 5

    return rule


def expires(count):
    def rule(tx):
        tx.live.insert(live(expires_at=NOW))
        assert count(tx) is None
        assert tx.live.get(OURS, VERIFICATION).checks == 0
        tx.live.remove(OURS, VERIFICATION)
        tx.live.insert(live(expires_at=NOW + 1))
        assert count(tx) is not None

    return rule


def locks_after_many_failures(count):
    def rule(tx):
        tx.live.insert(live())
        tx.addresses.failed_check(OURS, ADDRESS, NOW - DAY, key("old"))  # just out of the window
        for number in range(14):
            tx.addresses.failed_check(OURS, ADDRESS, NOW - DAY + 1, key("check", number))
        assert count(tx) is not None
        tx.addresses.failed_check(OURS, ADDRESS, NOW, key("last"))
        assert count(tx) is None
        assert tx.live.get(OURS, VERIFICATION).checks == 1

    return rule


def locks_after_a_hundred_in_a_row(count):
    def rule(tx):
        tx.live.insert(live())
        for number in range(99):
            tx.addresses.failed_check(OURS, ADDRESS, NOW - 2 * DAY, key("check", number))
        assert count(tx) is not None
        tx.addresses.failed_check(OURS, ADDRESS, NOW - 2 * DAY, key("last"))
        assert count(tx) is None

    return rule


def ignoring_exhaustion(tx):
    record = tx.live.get(OURS, VERIFICATION)
    tx.live.remove(OURS, VERIFICATION)
    tx.live.insert(msgspec.structs.replace(record, checks=record.checks + 1))
    return tx.live.get(OURS, VERIFICATION)


BROKEN = {
    exhausts: ignoring_exhaustion,
    expires: lambda tx: counted(tx, fresh=(NOW - 1, NOW - DAY, 15, 100)),
    locks_after_many_failures: lambda tx: counted(tx, fresh=(NOW, NOW, 15, 100)),
    locks_after_a_hundred_in_a_row: lambda tx: counted(tx, fresh=(NOW, NOW - DAY, 15, 999)),
}


@pytest.mark.parametrize("rule", BROKEN)
async def test_a_check_is_counted_only_where_it_may_be_evaluated(store, rule):
    await store.write(rule(counted))


@pytest.mark.parametrize("rule", BROKEN)
async def test_a_check_is_counted_only_where_it_may_be_mutant_is_caught(store, rule):
    with pytest.raises(AssertionError):
        await store.write(rule(BROKEN[rule]))


def exhausted(tx):
    tx.live.insert(live(checks=5))


def expired(tx):
    tx.live.insert(live(expires_at=NOW))


def failed_often(tx):
    tx.live.insert(live())
    for number in range(15):
        tx.addresses.failed_check(OURS, ADDRESS, NOW, key("check", number))


def failed_a_hundred_times(tx):
    tx.live.insert(live())
    for number in range(100):
        tx.addresses.failed_check(OURS, ADDRESS, NOW - 2 * DAY, key("check", number))


REFUSED = [exhausted, expired, failed_often, failed_a_hundred_times]


def is_not_approved(state, approve):
    def rule(tx):
        state(tx)
        assert tx.live.checkable(OURS, VERIFICATION, *FRESH) is None
        assert not approve(tx)
        assert tx.live.get(OURS, VERIFICATION) is not None

    return rule


def approved(tx):
    return tx.live.approve(OURS, VERIFICATION, *FRESH)


@pytest.mark.parametrize("state", REFUSED)
async def test_a_code_that_may_not_be_evaluated_approves_nothing(store, state):
    await store.write(is_not_approved(state, approved))


@pytest.mark.parametrize("state", REFUSED)
async def test_a_code_that_may_not_be_evaluated_mutant_is_caught(store, state):
    with pytest.raises(AssertionError):
        await store.write(is_not_approved(state, lambda tx: tx.live.remove(OURS, VERIFICATION)))


async def test_what_is_checkable_tells_whether_its_address_is_remembered(store):
    await insert(store, live())
    found = await store.write(lambda tx: tx.live.checkable(OURS, VERIFICATION, *FRESH))
    assert (found.live, found.remembered) == (live(), False)
    await store.write(lambda tx: tx.addresses.failed_check(OURS, ADDRESS, NOW, key("check")))
    found = await store.write(lambda tx: tx.live.checkable(OURS, VERIFICATION, *FRESH))
    assert found.remembered


async def test_a_fresh_start_is_refused_where_something_is_remembered(store):
    await store.write(lambda tx: tx.addresses.sent(OURS, ADDRESS, 1, NOW))
    assert not await store.write(lambda tx: tx.live.insert_fresh(live()))
    assert await store.write(lambda tx: tx.live.insert_fresh(live(address=key("other"))))
    assert not await store.write(lambda tx: tx.live.insert_fresh(live(address=key("other"))))


async def test_one_caller_only_is_approved(store):
    await ends_once(store, lambda store: store.write(approved))


async def test_a_check_of_what_is_not_there_is_not_counted(store):
    assert await store.write(lambda tx: counted(tx, key("nobody"))) is None


async def evaluated_exactly(store, check):
    """Of 64 simultaneous guesses, five are evaluated."""
    await insert(store, live())
    answers = await asyncio.gather(*(check(store) for _ in range(64)))
    assert sum(answers) == 5
    assert (await store.read(lambda tx: tx.live.get(OURS, VERIFICATION))).checks == 5


async def conditionally(store):
    return await store.write(counted) is not None


async def test_of_many_simultaneous_guesses_five_are_evaluated(store):
    await evaluated_exactly(store, conditionally)


async def test_of_many_simultaneous_guesses_mutant_is_caught(store):
    everybody = asyncio.Barrier(64)

    async def read_then_write(store):
        seen = (await store.read(lambda tx: tx.live.get(OURS, VERIFICATION))).checks
        await everybody.wait()

        def unit(tx):
            record = tx.live.get(OURS, VERIFICATION)
            tx.live.remove(OURS, VERIFICATION)
            tx.live.insert(msgspec.structs.replace(record, checks=seen + 1))

        if seen < 5:
            await store.write(unit)
        return seen < 5

    with pytest.raises(AssertionError):
        await evaluated_exactly(store, read_then_write)


async def ends_once(store, remove):
    await insert(store, live())
    answers = await asyncio.gather(*(remove(store) for _ in range(20)))
    assert sum(map(bool, answers)) == 1
    assert await store.read(lambda tx: tx.live.get(OURS, VERIFICATION)) is None


async def test_one_caller_only_ends_a_verification(store):
    await ends_once(store, lambda store: store.write(lambda tx: tx.live.remove(OURS, VERIFICATION)))


async def test_one_caller_only_ends_a_verification_mutant_is_caught(store):
    everybody = asyncio.Barrier(20)

    async def look_then_remove(store):
        found = await store.read(lambda tx: tx.live.get(OURS, VERIFICATION))
        await everybody.wait()
        await store.write(lambda tx: tx.live.remove(OURS, VERIFICATION))
        return found

    with pytest.raises(AssertionError):
        await ends_once(store, look_then_remove)


async def test_a_send_is_counted_only_after_the_cool_down_and_while_some_are_left(store):
    def count(tx, now, next_send_at=NOW + 9 * MINUTE, max_sends=4):
        found = tx.live.count_send(OURS, VERIFICATION, now, next_send_at, max_sends)
        return found and (found.sends, found.next_send_at, found.expires_at)

    def unit(tx):
        tx.live.insert(live(next_send_at=NOW + 30_000))
        assert count(tx, NOW + 29_999) is None
        assert count(tx, NOW + 30_000, NOW + MINUTE) == (2, NOW + MINUTE, NOW + 5 * MINUTE)
        assert count(tx, NOW + MINUTE, NOW + MINUTE, max_sends=2) is None
        assert count(tx, NOW + MINUTE, NOW) == (3, NOW, NOW + 5 * MINUTE)
        assert count(tx, NOW + 5 * MINUTE) is None  # it has expired
        assert tx.live.count_send(OURS, key("nobody"), NOW, NOW, 4) is None

    await store.write(unit)


async def test_a_step_is_only_ever_taken_forward(store):
    def unit(tx):
        tx.live.insert(live())
        steps = []
        for step in (2, 1, 0, 3, 3):
            tx.live.take_step(OURS, VERIFICATION, step)
            steps.append(tx.live.get(OURS, VERIFICATION).step)
        return steps

    assert await store.write(unit) == [2, 2, 2, 3, 3]


async def test_what_has_expired_is_found_oldest_first_in_every_project(store):
    records = [
        live(project=owner, id=key("v", number), address=key("a", number), expires_at=NOW + at)
        for number, (owner, at) in enumerate(
            [(OURS, 5), (OURS, 0), (key("p"), -7), (OURS, 1), (key("p"), -1)]
        )
    ]
    await insert(store, *records)
    overdue = await store.read(lambda tx: tx.live.expired(NOW, 10))
    assert list(overdue) == [
        (key("p"), key("v", 2)), (key("p"), key("v", 4)), (OURS, key("v", 1)),
    ]  # fmt: skip
    assert len(await store.read(lambda tx: tx.live.expired(NOW, 2))) == 2
