"""Webhooks in the store: claimed per endpoint, leased, replayed, swept, and never skipped."""

import asyncio

import msgspec
import pytest

from storage.records import (
    DAY,
    ENDPOINT,
    NOW,
    OURS,
    THEIRS,
    VERIFICATION,
    endpoint,
    key,
    project,
    webhook_attempt,
    webhook_delivery,
)
from watchword_server.domain.webhook import Disabled, WebhookStatus

LEASE = 45_000
OTHER = key("other")


@pytest.fixture(autouse=True)
async def owners(store):
    """Two projects; the first with an endpoint."""

    def unit(tx):
        for one in (OURS, THEIRS):
            tx.projects.insert(project(one))
        tx.webhook_endpoints.insert(endpoint())

    await store.write(unit)


async def add(store, *deliveries):
    await store.write(lambda tx: [tx.webhook_deliveries.add(one) for one in deliveries])


async def claim(store, now=NOW, limit=10, of=ENDPOINT, lease=LEASE):
    return list(
        await store.write(lambda tx: tx.webhook_deliveries.claim(OURS, of, now, now + lease, limit))
    )


async def all_of(store, of=ENDPOINT, status=None, since=0, until=NOW + DAY):
    return list(
        await store.read(
            lambda tx: tx.webhook_deliveries.page(OURS, of, None, status, since, until, 100)
        )
    )


async def test_an_endpoint_is_read_back_as_it_was(store):
    changed = endpoint(disabled=Disabled.GONE, types=(), verified=False, url="https://b.example/")
    await store.write(lambda tx: tx.webhook_endpoints.update(changed))
    assert await store.read(lambda tx: tx.webhook_endpoints.get(OURS, ENDPOINT)) == changed


async def test_no_endpoint_is_written_for_a_project_that_is_gone(store):
    await store.write(lambda tx: tx.projects.delete(OURS))
    assert not await store.write(lambda tx: tx.webhook_endpoints.insert(endpoint()))


async def test_an_endpoint_goes_with_its_deliveries_and_their_log(store):
    await add(store, webhook_delivery())
    await store.write(lambda tx: tx.webhook_deliveries.log(webhook_attempt()))
    assert await store.write(lambda tx: tx.webhook_endpoints.delete(OURS, ENDPOINT))
    assert await all_of(store) == []
    assert not await store.read(lambda tx: tx.webhook_deliveries.attempts(OURS, ENDPOINT, 1))


async def test_an_event_is_added_once_for_an_endpoint(store):
    await add(store, webhook_delivery(tries=3), webhook_delivery(tries=0))
    assert [one.tries for one in await all_of(store)] == [3]


async def nobody_claims_what_is_leased(store, lease):
    await add(store, *(webhook_delivery(number) for number in range(1, 91)))
    batches = await asyncio.gather(*(claim(store, limit=3, lease=lease) for _ in range(40)))
    assert sorted(one.number for batch in batches for one in batch) == list(range(1, 91))
    assert await claim(store, NOW + LEASE - 1, 100) == []
    assert len(await claim(store, NOW + LEASE, 100)) == 90


async def test_a_delivery_is_claimed_by_one_until_its_lease_ends(store):
    await nobody_claims_what_is_leased(store, LEASE)


async def test_a_delivery_is_claimed_by_one_mutant_is_caught(store):
    with pytest.raises(AssertionError):
        await nobody_claims_what_is_leased(store, 0)


async def test_the_longest_due_is_claimed_first(store):
    await add(store, *(webhook_delivery(n, due_at=NOW - n) for n in range(1, 10)))
    assert {one.number for one in await claim(store, limit=3)} == {7, 8, 9}


async def test_what_has_ended_or_is_not_due_is_not_claimed(store):
    await add(
        store,
        webhook_delivery(1, status=WebhookStatus.DELIVERED),
        webhook_delivery(2, status=WebhookStatus.EXHAUSTED),
        webhook_delivery(3, due_at=NOW + 1),
        webhook_delivery(4, endpoint=OTHER),
    )
    assert await claim(store) == []


async def test_the_agenda_names_each_enabled_endpoint_with_something_to_do(store):
    paused, stopped, idle = key("paused"), key("stopped"), key("idle")

    def unit(tx):
        tx.webhook_endpoints.insert(endpoint(paused, not_before=NOW + 9))
        tx.webhook_endpoints.insert(endpoint(stopped, disabled=Disabled.FAILING))
        tx.webhook_endpoints.insert(endpoint(idle))

    await store.write(unit)
    await add(
        store,
        webhook_delivery(1, due_at=NOW + 5), webhook_delivery(2, due_at=NOW + 3),
        webhook_delivery(1, endpoint=paused), webhook_delivery(1, endpoint=stopped),
        webhook_delivery(1, endpoint=idle, status=WebhookStatus.DELIVERED),
    )  # fmt: skip
    agenda = await store.read(lambda tx: tx.webhook_deliveries.agenda())
    assert sorted(agenda) == sorted([(OURS, ENDPOINT, NOW + 3), (OURS, paused, NOW + 9)])


async def to_replay(store, now=NOW, status=None, after=0, limit=10, since=0, until=NOW + DAY):
    def query(tx):
        rows = tx.webhook_deliveries
        found = rows.to_replay(OURS, ENDPOINT, after, status, since, until, now, limit)
        return [one.number for one in found], rows.count_to_replay(
            OURS, ENDPOINT, status, since, until, now
        )

    return await store.read(query)


async def test_a_replay_finds_a_state_and_a_range_page_by_page(store):
    await add(
        store,
        *(webhook_delivery(n, status=WebhookStatus.EXHAUSTED, created_at=NOW + n)
          for n in range(1, 6)),
        webhook_delivery(6, status=WebhookStatus.DELIVERED),
    )  # fmt: skip
    assert await to_replay(store, status="exhausted", limit=3) == ([1, 2, 3], 5)
    assert await to_replay(store, status="exhausted", after=3) == ([4, 5], 5)
    assert await to_replay(store, since=NOW + 2, until=NOW + 4) == ([2, 3], 2)
    assert (await to_replay(store))[1] == 6


async def what_is_under_way_is_left_alone(store, now):
    await add(store, webhook_delivery(1), webhook_delivery(2, due_at=NOW + DAY))
    await claim(store)
    assert await to_replay(store, now) == ([2], 1)


async def test_what_is_under_way_is_not_replayed(store):
    await what_is_under_way_is_left_alone(store, NOW + LEASE - 1)


async def test_what_is_under_way_mutant_is_caught(store):
    with pytest.raises(AssertionError):
        await what_is_under_way_is_left_alone(store, NOW + LEASE)


async def test_states_are_counted(store):
    states = [WebhookStatus.EXHAUSTED, WebhookStatus.EXHAUSTED, WebhookStatus.PENDING]
    await add(store, *(webhook_delivery(n, status=one) for n, one in enumerate(states)))
    counted = await store.read(lambda tx: tx.webhook_deliveries.by_status(OURS, ENDPOINT))
    assert counted == {"exhausted": 2, "pending": 1}


async def test_old_deliveries_go_with_their_log_and_waiting_ones_stay(store):
    await add(
        store,
        webhook_delivery(1, status=WebhookStatus.DELIVERED, updated_at=NOW - 2),
        webhook_delivery(2, status=WebhookStatus.DELIVERED, updated_at=NOW),
        webhook_delivery(3, updated_at=NOW - 2),
    )
    await store.write(lambda tx: tx.webhook_deliveries.log(webhook_attempt(1)))
    assert await store.write(lambda tx: tx.webhook_deliveries.sweep(NOW, 10)) == 1
    assert {one.number for one in await all_of(store)} == {2, 3}
    assert not await store.read(lambda tx: tx.webhook_deliveries.attempts(OURS, ENDPOINT, 1))


async def append(store, owner, count):
    await store.write(
        lambda tx: [
            tx.events.append(owner, VERIFICATION, "verification.created", NOW, b"{}")
            for _ in range(count)
        ]
    )


async def no_event_is_skipped(store, delete):
    """A deleted project's numbers are given out again: what then has them is read all the same."""
    await append(store, OURS, 3)
    await append(store, THEIRS, 5)

    def reach_the_end(tx):
        tx.webhook_deliveries.move_cursor(8)
        late = msgspec.structs.replace(endpoint(), after=8)
        tx.webhook_endpoints.update(late)

    await store.write(reach_the_end)
    await store.write(delete)
    await append(store, OURS, 2)

    def unread(tx):
        rows = tx.webhook_deliveries
        after = tx.webhook_endpoints.get(OURS, ENDPOINT).after
        return [one.number for one in rows.events_after(rows.cursor(), 9) if one.number > after]

    assert await store.read(unread) == [4, 5]


async def test_no_event_is_skipped_when_numbers_begin_again(store):
    await no_event_is_skipped(store, lambda tx: tx.projects.delete(THEIRS))


async def test_no_event_is_skipped_mutant_is_caught(store, monkeypatch):
    def only_the_rows(tx):
        tx.events._cursor.execute("DELETE FROM events WHERE project = ?", (THEIRS,))

    with pytest.raises(AssertionError):
        await no_event_is_skipped(store, only_the_rows)


async def test_an_event_is_read_with_its_place_among_its_subjects(store):
    await append(store, OURS, 2)
    await append(store, THEIRS, 1)
    await append(store, OURS, 1)

    def query(tx):
        rows = tx.webhook_deliveries
        found = rows.events_after(0, 9)
        return [(one.number, rows.sequence(one)) for one in found], rows.event(OURS, 3, 1)

    assert await store.read(query) == ([(1, 1), (2, 2), (3, 1), (4, 3)], None)
