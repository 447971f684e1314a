"""Deliveries and events, in the order in which they happened."""

import asyncio

import msgspec
import pytest

from storage.records import NOW, OURS, VERIFICATION, delivery, key
from watchword_server.domain.delivery import DeliveryStatus


async def test_a_delivery_is_read_back_as_it_was(store):
    record = delivery(
        2, status=DeliveryStatus.UNDELIVERED, reason="unreachable", raw="550 “no”",
        reference="r-1", maybe_duplicate=True,
    )  # fmt: skip
    await store.write(lambda tx: tx.deliveries.insert(record))
    assert await store.read(lambda tx: tx.deliveries.get(OURS, VERIFICATION, 2)) == record
    assert await store.read(lambda tx: tx.deliveries.get(OURS, VERIFICATION, 1)) is None
    assert await store.read(lambda tx: tx.deliveries.get(OURS, key("nobody"), 2)) is None


async def test_deliveries_come_in_order_and_only_of_their_verification(store):
    def unit(tx):
        for number in (3, 1, 2):
            tx.deliveries.insert(delivery(number))
        tx.deliveries.insert(delivery(4, verification=key("other")))
        return [one.number for one in tx.deliveries.of(OURS, VERIFICATION)]

    assert await store.write(unit) == [1, 2, 3]


async def test_an_update_changes_what_became_of_it_and_nothing_else(store):
    then = {
        "status": DeliveryStatus.SENT, "reason": "other", "raw": "x", "reference": "r",
        "updated_at": NOW + 5,
    }  # fmt: skip
    fixed = {
        "id": key("z"), "step": 9, "channel": "voice", "provider": "z", "maybe_duplicate": True,
        "created_at": NOW + 5,
    }  # fmt: skip

    def unit(tx):
        tx.deliveries.insert(delivery(1))
        tx.deliveries.insert(delivery(2))
        tx.deliveries.update(delivery(1, **then, **fixed))
        return tx.deliveries.of(OURS, VERIFICATION)

    assert list(await store.write(unit)) == [delivery(1, **then), delivery(2)]


async def test_the_last_of_several_updates_counts(store):
    def unit(tx):
        tx.deliveries.insert(delivery(1))
        for status in (DeliveryStatus.SENT, DeliveryStatus.UNKNOWN, DeliveryStatus.DELIVERED):
            tx.deliveries.update(delivery(1, status=status))

    await store.write(unit)
    found = await store.read(lambda tx: tx.deliveries.get(OURS, VERIFICATION, 1))
    assert found.status is DeliveryStatus.DELIVERED


def append(number, verification=VERIFICATION, project=OURS):
    def unit(tx):
        # Every event has the same time: only the order tells them apart.
        tx.events.append(project, verification, f"type.{number}", NOW, b'{"n":%d}' % number)

    return unit


async def events_keep_their_order(append_all, store):
    await append_all(store)
    found = await store.read(lambda tx: tx.events.of(OURS, VERIFICATION))
    assert [one.type for one in found] == [f"type.{number}" for number in range(30)]
    assert [one.sequence for one in found] == list(range(1, 31))
    assert [one.data for one in found] == [b'{"n":%d}' % number for number in range(30)]


async def one_by_one(store):
    for number in range(30):
        await store.write(append(number))
        await store.write(append(number, key("other")))
        await store.write(append(number, project=key("p")))


async def in_one_unit(store):
    await store.write(lambda tx: [append(number)(tx) for number in range(30)])


async def together(store):
    await asyncio.gather(*(store.write(append(number)) for number in range(30)))


async def swapped(store):
    await together_in(store, [1, 0, *range(2, 30)])


async def together_in(store, order):
    await asyncio.gather(*(store.write(append(number)) for number in order))


@pytest.mark.parametrize("append_all", [one_by_one, in_one_unit, together])
async def test_events_of_a_verification_keep_the_order_in_which_they_were_written(
    store, append_all
):
    await events_keep_their_order(append_all, store)


async def test_events_keep_their_order_mutant_is_caught(store):
    with pytest.raises(AssertionError):
        await events_keep_their_order(swapped, store)


async def test_an_event_is_read_back_as_it_was(store):
    data = msgspec.json.encode({"to": "+1***71", "reason": "é"})
    await store.write(lambda tx: tx.events.append(OURS, VERIFICATION, "delivery.sent", NOW, data))
    (found,) = await store.read(lambda tx: tx.events.of(OURS, VERIFICATION))
    assert (found.project, found.subject, found.sequence) == (OURS, VERIFICATION, 1)
    assert (found.type, found.at, found.data) == ("delivery.sent", NOW, data)


async def test_no_two_events_have_the_same_id_and_ids_sort_as_written(store):
    await together(store)
    await store.write(append(30, key("other")))
    found = [
        *await store.read(lambda tx: tx.events.of(OURS, VERIFICATION)),
        *await store.read(lambda tx: tx.events.of(OURS, key("other"))),
    ]
    ids = [one.id for one in found]
    assert len(set(ids)) == 31
    assert ids == sorted(ids)
    assert {len(id) for id in ids} == {16}
