"""Due work: claimed by one, leased for a while, there until it is done."""

import asyncio

import msgspec
import pytest

from storage.records import NOW, OURS, THEIRS, VERIFICATION, key, work

LEASE = 15_000


async def add(store, *items):
    await store.write(lambda tx: [tx.work.add(item) for item in items])


async def claim(store, now=NOW, limit=10):
    return list(await store.write(lambda tx: tx.work.claim(now, now + LEASE, limit)))


async def test_a_claim_takes_what_is_due_and_leases_it(store):
    item = work(7, project=THEIRS, kind="advance")
    await add(store, item)
    assert await claim(store) == [msgspec.structs.replace(item, due_at=NOW + LEASE, claims=1)]


async def test_what_is_not_due_is_not_claimed(store):
    await add(store, work(1, due_at=NOW + 1))
    assert await claim(store) == []
    assert len(await claim(store, NOW + 1)) == 1


async def test_the_oldest_is_claimed_first(store):
    await add(store, *(work(number, due_at=NOW - number) for number in range(10)))
    assert {one.number for one in await claim(store, limit=3)} == {9, 8, 7}
    assert {one.number for one in await claim(store, limit=3)} == {6, 5, 4}


async def test_claimed_work_comes_in_the_order_in_which_it_was_made(store):
    await add(store, *(work(number) for number in (3, 1, 2)))
    assert [one.number for one in await claim(store)] == [1, 2, 3]


async def nobody_claims_what_is_leased(store, claim):
    """Fifty claims of three by many at once: each of a hundred items goes to one of them."""
    await add(store, *(work(number) for number in range(100)))
    batches = await asyncio.gather(*(claim(store) for _ in range(50)))
    claimed = [one.number for batch in batches for one in batch]
    assert sorted(claimed) == list(range(100))


async def test_work_is_claimed_by_one_only(store):
    await nobody_claims_what_is_leased(store, lambda store: claim(store, limit=3))


async def test_work_is_claimed_by_one_only_mutant_is_caught(store):
    async def forgetting_the_lease(store):
        return list(await store.write(lambda tx: tx.work.claim(NOW, NOW, 3)))

    with pytest.raises(AssertionError):
        await nobody_claims_what_is_leased(store, forgetting_the_lease)


async def lease_comes_back(store, lease=LEASE):
    await add(store, work(1))
    await store.write(lambda tx: tx.work.claim(NOW, NOW + lease, 1))
    assert await claim(store, NOW + LEASE - 1) == []
    (again,) = await claim(store, NOW + LEASE)
    assert again.claims == 2


async def test_a_lease_that_ends_gives_the_work_back(store):
    await lease_comes_back(store)


@pytest.mark.parametrize("lease", [0, LEASE * 2])
async def test_a_lease_that_ends_mutant_is_caught(store, lease):
    with pytest.raises((AssertionError, ValueError)):
        await lease_comes_back(store, lease)


async def only_the_holder_is_done(store, done):
    await add(store, work(1))
    (first,) = await claim(store)
    (second,) = await claim(store, NOW + LEASE)
    assert await store.write(lambda tx: done(tx, first)) is False
    assert await store.read(lambda tx: tx.work.next_due()) == second.due_at
    assert await store.write(lambda tx: done(tx, second)) is True
    assert await store.write(lambda tx: done(tx, second)) is False
    assert await store.read(lambda tx: tx.work.next_due()) is None


async def test_who_lost_the_lease_is_told_when_done(store):
    await only_the_holder_is_done(store, lambda tx, item: tx.work.done(item))


async def test_who_lost_the_lease_is_told_mutant_is_caught(store):
    def by_id_alone(tx, item):
        due = tx.work.next_due()
        return due is not None and tx.work.done(msgspec.structs.replace(item, due_at=due))

    with pytest.raises(AssertionError):
        await only_the_holder_is_done(store, by_id_alone)


async def test_the_next_due_time_is_the_earliest_of_all(store):
    assert await store.read(lambda tx: tx.work.next_due()) is None
    await add(store, work(1, due_at=NOW + 5), work(2, due_at=NOW + 3, project=THEIRS))
    assert await store.read(lambda tx: tx.work.next_due()) == NOW + 3
    await claim(store, NOW + 3)
    assert await store.read(lambda tx: tx.work.next_due()) == NOW + 5


async def test_work_added_and_claimed_in_one_unit_is_there(store):
    def unit(tx):
        tx.work.add(work(1, id=key("w")))
        assert tx.work.next_due() == NOW
        (mine,) = tx.work.claim(NOW, NOW + LEASE, 5)
        return tx.work.done(mine)

    assert await store.write(unit) is True
    assert await store.read(lambda tx: tx.work.next_due()) is None


async def only_its_own_first_claim_is_given_back(store, release):
    """Of one project, of one verification, and only where nobody can have begun."""
    await add(store, work(1, due_at=NOW - LEASE))
    await claim(store, NOW - LEASE)
    await claim(store, NOW)
    others = work(2, project=THEIRS), work(3, verification=key("other")), work(4)
    await add(store, *others)
    await claim(store)
    await store.write(release)
    (back,) = await claim(store)
    assert (back.number, back.claims) == (4, 1)


async def test_a_claim_is_given_back_by_whom_it_belongs_to(store):
    await only_its_own_first_claim_is_given_back(
        store, lambda tx: tx.work.release(OURS, VERIFICATION)
    )


@pytest.mark.parametrize(
    "release",
    [
        pytest.param(lambda tx: tx.work.release(THEIRS, VERIFICATION), id="another project"),
        pytest.param(lambda tx: tx.work.release(OURS, key("other")), id="another verification"),
        pytest.param(lambda tx: None, id="nothing"),
        pytest.param(lambda tx: tx.work._cursor.execute("UPDATE work SET due_at = 0"), id="all"),
    ],
)
async def test_a_claim_is_given_back_mutant_is_caught(store, release):
    with pytest.raises((AssertionError, ValueError)):
        await only_its_own_first_claim_is_given_back(store, release)
