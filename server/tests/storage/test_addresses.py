"""What is remembered about an address, and the inbox."""

import pytest

from storage.records import ADDRESS, DAY, HOUR, NOW, OURS, THEIRS, inbox, key, project
from watchword_server.domain import ids
from watchword_server.ports.records import AddressState


def state(tx, since=NOW - DAY, address=ADDRESS):
    return tx.addresses.get(OURS, address, since)


def fail(tx, *instants, address=ADDRESS):
    for number, at in enumerate(instants):
        tx.addresses.failed_check(OURS, address, at, key("check", number))


async def test_nothing_is_remembered_of_an_address_nobody_used(store):
    assert await store.read(state) is None


async def test_failures_are_counted_in_their_window_and_in_a_row(store):
    def unit(tx):
        fail(tx, NOW - DAY, NOW - DAY + 1, NOW - 5, NOW)
        assert state(tx) == AddressState(0, 0, 4, 3, NOW - DAY + 1)
        assert state(tx, since=NOW - 5) == AddressState(0, 0, 4, 1, NOW)
        assert state(tx, since=NOW) == AddressState(0, 0, 4, 0, 0)
        assert state(tx, address=key("other")) is None

    await store.write(unit)


async def test_several_failures_of_one_instant_all_count(store):
    await store.write(lambda tx: fail(tx, NOW, NOW, NOW))
    assert (await store.read(state)).failures == 3


def success_clears_the_row_only(proven):
    def rule(tx):
        fail(tx, NOW - 3, NOW - 2)
        tx.addresses.sent(OURS, ADDRESS, 3, NOW + HOUR)
        assert state(tx) == AddressState(3, NOW + HOUR, 2, 2, NOW - 3)
        proven(tx)
        assert state(tx) == AddressState(3, NOW + HOUR, 0, 2, NOW - 3)
        fail(tx, NOW)
        assert state(tx) == AddressState(3, NOW + HOUR, 1, 3, NOW - 3)

    return rule


async def test_a_right_code_clears_the_failures_in_a_row_and_nothing_else(store):
    await store.write(success_clears_the_row_only(lambda tx: tx.addresses.proven(OURS, ADDRESS)))


@pytest.mark.parametrize(
    "mutant",
    [
        pytest.param(lambda tx: tx.addresses.unlock(OURS, ADDRESS), id="forgets failures"),
        pytest.param(lambda tx: tx.addresses.sent(OURS, ADDRESS, 0, 0), id="forgets the ladder"),
        pytest.param(lambda tx: None, id="does nothing"),
    ],
)
async def test_a_right_code_clears_mutant_is_caught(store, mutant):
    with pytest.raises(AssertionError):
        await store.write(success_clears_the_row_only(mutant))


async def test_a_right_code_of_an_address_nobody_remembers_changes_nothing(store):
    await store.write(lambda tx: tx.addresses.proven(OURS, ADDRESS))
    assert await store.read(state) is None


async def test_unlocking_forgets_every_failure(store):
    def unit(tx):
        fail(tx, NOW - 3, NOW - 2)
        fail(tx, NOW, address=key("other"))
        tx.addresses.unlock(OURS, ADDRESS)
        left = state(tx) or AddressState()
        assert (left.failures, left.consecutive) == (0, 0)
        assert state(tx, address=key("other")).failures == 1
        fail(tx, NOW)
        assert state(tx) == AddressState(0, 0, 1, 1, NOW)

    await store.write(unit)


async def test_unlocking_leaves_the_cool_down_as_it_was(store):
    def unit(tx):
        tx.addresses.sent(OURS, ADDRESS, 3, NOW + HOUR)
        fail(tx, NOW)
        tx.addresses.unlock(OURS, ADDRESS)
        return state(tx)

    assert await store.write(unit) == AddressState(3, NOW + HOUR, 0, 0, 0)


async def test_the_ladder_is_what_was_said_last(store):
    def unit(tx):
        tx.addresses.sent(OURS, ADDRESS, 1, NOW + 30)
        tx.addresses.sent(OURS, ADDRESS, 4, NOW + 120)
        return state(tx)

    assert await store.write(unit) == AddressState(4, NOW + 120, 0, 0, 0)


def sweeping_forgets_what_serves_no_more(sweep):
    def rule(tx):
        tx.addresses.sent(OURS, key("old"), 2, NOW - HOUR - 1)
        tx.addresses.sent(OURS, key("young"), 2, NOW - HOUR)
        fail(tx, NOW - DAY - 1, NOW - DAY, address=key("failing"))
        fail(tx, NOW - 9 * DAY, address=key("in a row"))
        sweep(tx)
        assert state(tx, address=key("old")) is None
        assert state(tx, address=key("young")) == AddressState(2, NOW - HOUR, 0, 0, 0)
        failing = state(tx, NOW - DAY - 2, key("failing"))
        assert (failing.consecutive, failing.failures) == (2, 1)
        assert state(tx, 0, key("in a row")) == AddressState(0, 0, 1, 0, 0)

    return rule


def by_port(tx):
    while tx.addresses.sweep(NOW - HOUR, NOW - DAY, 1):
        pass


async def test_a_sweep_forgets_ladders_and_failures_but_never_a_row_of_failures(store):
    await store.write(sweeping_forgets_what_serves_no_more(by_port))


@pytest.mark.parametrize(
    "mutant",
    [
        pytest.param(lambda tx: None, id="nothing"),
        pytest.param(lambda tx: tx.addresses.sweep(NOW, NOW, 99), id="too much"),
        pytest.param(
            lambda tx: (by_port(tx), tx.addresses.proven(OURS, key("in a row"))), id="the row"
        ),
    ],
)
async def test_a_sweep_forgets_mutant_is_caught(store, mutant):
    with pytest.raises(AssertionError):
        await store.write(sweeping_forgets_what_serves_no_more(mutant))


async def test_a_proven_address_with_a_young_failure_is_kept_until_that_is_old(store):
    def unit(tx):
        fail(tx, NOW - HOUR)
        tx.addresses.proven(OURS, ADDRESS)
        by_port(tx)
        assert state(tx).failures == 1
        tx.addresses.sweep(NOW + DAY, NOW + DAY, 99)
        assert state(tx, since=0) is None

    await store.write(unit)


async def test_messages_that_stayed_are_paged_newest_first(store):
    def unit(tx):
        for number in range(7):
            tx.inbox.add(inbox(number, address=key("odd" if number % 2 else "even")))
        tx.inbox.add(inbox(50, project=THEIRS))

    await store.write(unit)

    def page(tx, address=None, before=None, limit=9):
        return [int(one.id[-4:]) for one in tx.inbox.page(OURS, address, before, limit)]

    assert await store.read(page) == [6, 5, 4, 3, 2, 1, 0]
    assert await store.read(lambda tx: page(tx, limit=3)) == [6, 5, 4]
    assert await store.read(lambda tx: page(tx, before=key("inbox", 4), limit=3)) == [3, 2, 1]
    assert await store.read(lambda tx: page(tx, key("odd"))) == [5, 3, 1]
    assert await store.read(lambda tx: page(tx, key("odd"), key("inbox", 3))) == [1]
    (newest,) = await store.read(lambda tx: tx.inbox.page(OURS, None, None, 1))
    assert newest == inbox(6, address=key("even"))


async def test_old_messages_are_swept_a_few_at_a_time(store):
    def unit(tx):
        tx.projects.insert(project())
        for number in range(5):
            tx.inbox.add(inbox(id=ids.make(NOW + number, bytes(10)), at=NOW + number))
        assert tx.inbox.sweep(NOW + 3, 2) == 2
        assert tx.inbox.sweep(NOW + 3, 2) == 1
        assert tx.inbox.sweep(NOW + 3, 2) == 0
        return [one.at - NOW for one in tx.inbox.page(OURS, None, None, 9)]

    assert await store.write(unit) == [4, 3]
