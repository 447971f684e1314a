"""Idempotency keys: claimed by one, answered by whoever holds the claim, forgotten after a day."""

import asyncio

import pytest

from storage.records import DAY, NOW, OURS, THEIRS, idempotency_key, key

USE = idempotency_key().id
BEFORE = NOW - DAY


def claimed(number, **changes):
    """A claim of a caller of its own."""
    return idempotency_key(claim=key("claim", number), **changes)


async def claim(store, record, before=BEFORE):
    return await store.write(lambda tx: tx.idempotency_keys.claim(record, before))


async def kept(store):
    return await store.read(lambda tx: tx.idempotency_keys.get(OURS, USE))


async def one_claims(store, claim):
    """Of many simultaneous callers one has the key, and the row is its own."""
    records = [claimed(number) for number in range(20)]
    outcomes = await asyncio.gather(*(claim(store, one) for one in records))
    assert sum(outcomes) == 1
    assert await kept(store) == records[outcomes.index(True)]


async def test_a_key_is_claimed_by_one(store):
    await one_claims(store, claim)


async def test_a_key_is_claimed_by_one_mutant_is_caught(store):
    async def read_then_write(store, record):
        if await kept(store) is not None:
            return False
        await store.write(lambda tx: tx.idempotency_keys.release(OURS, USE, claimed(0).claim))
        await claim(store, record)
        return True

    with pytest.raises(AssertionError):
        await one_claims(store, read_then_write)


async def test_keys_are_apart_by_project_and_id(store):
    apart = [{}, {"project": THEIRS}, {"id": key("other")}]
    assert [await claim(store, claimed(1, **one)) for one in apart] == [True, True, True]
    assert await claim(store, claimed(2)) is False


async def test_an_answer_is_kept_for_its_claim_alone(store):
    await claim(store, claimed(1))
    for number, outcome in ((2, False), (1, True)):
        holder = claimed(number).claim
        assert outcome is await store.write(
            lambda tx, holder=holder: tx.idempotency_keys.answer(OURS, USE, holder, b"sealed")
        )
    assert (await kept(store)).answer == b"sealed"


async def test_a_key_is_released_by_its_claim_alone(store):
    await claim(store, claimed(1))
    for number, outcome in ((2, False), (1, True), (1, False)):
        holder = claimed(number).claim
        assert outcome is await store.write(
            lambda tx, holder=holder: tx.idempotency_keys.release(OURS, USE, holder)
        )
    assert await claim(store, claimed(2))


LATER = {"made_at": NOW + 15_000, "lease_until": NOW + 30_000}
TAKEN_OVER = [
    ("the lease is not over", {"made_at": NOW + 14_999}, None, BEFORE, False),
    ("the lease is over", LATER, None, BEFORE, True),
    ("the lease is over, another body", LATER | {"body": key("other")}, None, BEFORE, False),
    ("the lease is over, but it was answered", LATER, b"sealed", BEFORE, False),
    ("it is just a day old", LATER, b"sealed", NOW, False),
    ("it is older than a day", LATER, b"sealed", NOW + 1, True),
    ("older, another body", LATER | {"body": key("other")}, b"sealed", NOW + 1, True),
]


@pytest.mark.parametrize(
    ("changes", "answer", "before", "outcome"),
    [row[1:] for row in TAKEN_OVER],
    ids=[row[0] for row in TAKEN_OVER],
)
async def test_a_claim_is_taken_over(store, changes, answer, before, outcome):
    first, second = claimed(1), claimed(2, **changes)
    await claim(store, first)
    if answer:
        await store.write(lambda tx: tx.idempotency_keys.answer(OURS, USE, first.claim, answer))
    was = await kept(store)
    assert await claim(store, second, before) is outcome
    assert await kept(store) == (second if outcome else was)


async def test_a_lease_is_renewed_by_its_claim_until_there_is_an_answer(store):
    await claim(store, claimed(1))

    async def renew(number):
        holder = claimed(number).claim
        return await store.write(
            lambda tx: tx.idempotency_keys.renew(OURS, USE, holder, NOW + 60_000)
        )

    assert (await renew(2), await renew(1)) == (False, True)
    assert (await kept(store)).lease_until == NOW + 60_000
    assert await claim(store, claimed(2, **LATER)) is False
    await store.write(lambda tx: tx.idempotency_keys.answer(OURS, USE, claimed(1).claim, b"s"))
    assert await renew(1) is False


async def sweeps_what_is_old(store, before):
    for number in range(6):
        made_at = NOW + number
        await claim(store, idempotency_key(number, made_at=made_at), BEFORE)
    sweep = lambda tx: tx.idempotency_keys.sweep(before, 2)  # noqa: E731
    assert [await store.write(sweep) for _ in range(3)] == [2, 1, 0]
    left = await store.read(
        lambda tx: [tx.idempotency_keys.get(OURS, key("use", n)) is not None for n in range(6)]
    )
    assert left == [False] * 3 + [True] * 3


async def test_old_keys_are_swept_some_at_a_time(store):
    await sweeps_what_is_old(store, NOW + 3)


async def test_old_keys_are_swept_mutant_is_caught(store):
    with pytest.raises(AssertionError):
        await sweeps_what_is_old(store, NOW + 4)
