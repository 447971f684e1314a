"""A worker that dies between claim and record: uncertain, never simply repeated or lost."""

import pytest

from services.desk import opened
from watchword_server.domain.delivery import DeliveryStatus, Reason, Receipt, may_follow
from watchword_server.domain.errors import StoreUnavailable
from watchword_server.domain.verification import Status
from watchword_server.ledger import LEASE_S
from watchword_server.ports.providers import Rejected

DELIVERED = Receipt(reference="late", delivered=True)


async def claim(desk):
    return await desk.runtime.delivering.due(10)


async def test_a_lost_claim_is_uncertain_then_sent_once_more_and_marked(desk):
    verification = await desk.start(ttl_s=600)
    (job,) = await claim(desk)
    assert job.delivery.number == 1
    desk.clock.advance(LEASE_S * 1000 - 1)
    assert await claim(desk) == []
    desk.clock.advance(1)
    assert await desk.deliver() == 0
    assert await desk.deliveries(verification) == ["sms unknown"]
    desk.later(60)
    assert await desk.deliver() == 1
    assert await desk.deliveries(verification) == ["sms unknown", "sms sent maybe_duplicate"]
    data = (await desk.timeline(verification)).events[-1].data
    assert b'"maybe_duplicate":true' in data
    assert len(desk.sms.messages) == 1


async def is_slow_and_not_lost(desk):
    """The lease runs out while this very process is still handing over."""

    async def slow(message):
        desk.later(LEASE_S)
        assert await claim(desk) == []
        return Receipt(reference="slow")

    desk.sms.script = [slow]
    verification = await desk.start(ttl_s=600)
    await desk.deliver()
    desk.later(120)
    await desk.deliver()
    assert await desk.deliveries(verification) == ["sms sent"]
    assert await desk.runtime.delivering.next_due() is None


async def test_a_slow_hand_over_of_this_process_is_not_lost(desk):
    await is_slow_and_not_lost(desk)


async def test_a_slow_hand_over_mutant_is_caught(desk):
    class Forgetful(dict):
        def update(self, *given):
            pass

    delivering = desk.runtime.delivering
    delivering._in_flight = Forgetful()
    with pytest.raises(AssertionError):
        await is_slow_and_not_lost(desk)


async def test_a_lost_claim_of_an_earlier_step_falls_back(desk):
    verification = await desk.fall_back()
    await claim(desk)
    desk.later(LEASE_S)
    await desk.deliver()
    desk.later(60)
    await desk.deliver()
    assert await desk.deliveries(verification) == ["sms unknown", "voice sent"]
    assert desk.sms.messages == []


async def every_hand_over_is_marked(desk, again):
    """A code that may be sent twice says so: unmarked hand-overs are one at most."""
    verification = await desk.start(ttl_s=600)
    (job,) = await claim(desk)
    desk.later(LEASE_S)
    await again()
    desk.later(60)
    await again()
    await desk.runtime.delivering.hand_over(job)  # the lost worker comes back
    marked = [one.maybe_duplicate for one in (await desk.timeline(verification)).deliveries]
    assert len(desk.sms.messages) - sum(marked) <= 1


async def test_a_second_hand_over_is_always_marked(desk):
    await every_hand_over_is_marked(desk, desk.deliver)


async def test_a_second_hand_over_is_always_marked_mutant_is_caught(desk):
    async def repeating():
        """Takes a lost claim for one that never began."""
        store = desk.runtime.store
        now = desk.clock.now()

        def unit(tx):
            for work in tx.work.claim(now, now, 10):
                tx.work.done(work)
                tx.work.add(type(work)(**{f: getattr(work, f) for f in FIELDS}, claims=0))

        await store.write(unit)
        await desk.deliver()

    with pytest.raises(AssertionError):
        await every_hand_over_is_marked(desk, repeating)


FIELDS = ("due_at", "id", "project", "verification", "kind", "number")


async def never_moves_backwards(desk, verification):
    """The events of each delivery tell a path that the table of transitions allows."""
    states = {}
    for event in (await desk.timeline(verification)).events:
        subject, _, reached = event.type.partition(".")
        if subject == "delivery":
            delivery = event.data[event.data.index(b"dlv_") :][:36]
            before = states.get(delivery, DeliveryStatus.QUEUED)
            assert may_follow(before, DeliveryStatus(reached)), (before, reached)
            states[delivery] = DeliveryStatus(reached)
    for one in (await desk.timeline(verification)).deliveries:
        assert states.get(b"dlv_" + one.id.hex().encode(), "queued") == one.status


LATE = [
    pytest.param(Receipt(reference="r"), "sms unknown", id="sent"),
    pytest.param(DELIVERED, "sms delivered", id="delivered"),
    pytest.param(Rejected(Reason.UNREACHABLE), "sms unknown", id="rejected"),
]


@pytest.mark.parametrize(("result", "stands"), LATE)
async def test_a_result_after_a_lost_lease_moves_no_state_backwards(desk, result, stands):
    desk.sms.script = [result]
    verification = await desk.fall_back()
    (job,) = await claim(desk)
    desk.later(LEASE_S)
    await desk.deliver()
    await desk.runtime.delivering.hand_over(job)
    assert await desk.deliveries(verification) == [stands]
    await never_moves_backwards(desk, verification)
    assert await desk.status(verification) is Status.PENDING


@pytest.mark.parametrize(("result", "stands"), LATE)
async def test_a_late_result_decides_nothing(desk, result, stands):
    """The route has gone on without it: it neither falls back again nor gives up."""
    desk.sms.script = [result]
    verification = await desk.fall_back()
    (job,) = await claim(desk)
    desk.later(LEASE_S)
    await desk.deliver()
    desk.later(60)
    await desk.deliver()
    await desk.runtime.delivering.hand_over(job)
    await desk.deliver()
    assert await desk.deliveries(verification) == [stands, "voice sent"]
    await never_moves_backwards(desk, verification)


async def test_moving_no_state_backwards_mutant_is_caught(desk):
    verification = await desk.fall_back()
    (job,) = await claim(desk)
    desk.later(LEASE_S)
    await desk.deliver()

    def record_anyway(tx):
        live = tx.live.get(desk.caller.project, verification)
        desk.runtime.delivering._ledger.settle(
            tx, live, job.delivery, (DeliveryStatus.SENT,), desk.clock.now()
        )

    await desk.runtime.store.write(record_anyway)
    with pytest.raises(AssertionError):
        await never_moves_backwards(desk, verification)


async def test_a_result_after_the_end_is_told_and_changes_nothing_else(desk):
    desk.sms.script = [DELIVERED]
    verification = await desk.start(code="482913")
    (job,) = await claim(desk)
    await desk.check(verification, "482913")
    await desk.runtime.delivering.hand_over(job)
    assert await desk.status(verification) is Status.APPROVED
    assert await desk.deliveries(verification) == ["sms delivered"]
    await never_moves_backwards(desk, verification)


async def test_a_refusal_after_the_end_falls_back_no_more(desk):
    desk.sms.script = [Rejected(Reason.UNREACHABLE)]
    verification = await desk.fall_back(code="482913")
    (job,) = await claim(desk)
    await desk.check(verification, "482913")
    await desk.runtime.delivering.hand_over(job)
    assert await desk.deliver() == 0
    assert await desk.status(verification) is Status.APPROVED
    assert desk.voice.messages == []


async def test_a_claim_that_was_lost_at_the_end_is_unknown_not_failed(desk):
    desk.sms.script = [DELIVERED]
    verification = await desk.start(code="482913")
    (job,) = await claim(desk)
    await desk.check(verification, "482913")
    desk.later(LEASE_S)
    await desk.deliver()
    assert await desk.deliveries(verification) == ["sms unknown"]
    await desk.runtime.delivering.hand_over(job)
    assert await desk.deliveries(verification) == ["sms delivered"]


async def test_what_is_still_in_flight_is_not_given_up(desk):
    """The worker stood still for half a minute: the first send and the resend are due together."""
    verification = await desk.start()
    desk.later(30)
    await desk.resend(verification)
    first, again = await claim(desk)
    desk.sms.script = [Rejected(Reason.THROTTLED), Receipt()]
    await desk.runtime.delivering.hand_over(again)
    await desk.runtime.delivering.hand_over(first)
    assert (await desk.check(verification, desk.code)).verified


async def test_two_workers_hand_each_message_over_once(tmp_path, clock):
    async with opened(tmp_path, clock) as one, opened(tmp_path, clock) as other:
        other.sms = one.sms
        made = [await one.start(f"+141555526{number}") for number in range(60, 80)]
        mine = await one.runtime.delivering.due(7)
        theirs = await other.runtime.delivering.due(50)
        assert (len(mine), len(theirs)) == (7, 13)
        claimed = [job.live.id for job in (*mine, *theirs)]
        assert sorted(claimed) == sorted(made)


async def test_a_message_that_was_recorded_is_not_claimed_again(desk):
    verification = await desk.start()
    await desk.deliver()
    desk.later(LEASE_S * 3)
    assert await desk.deliver() == 0
    assert await desk.deliveries(verification) == ["sms sent"]


async def test_a_claim_that_meets_a_full_disk_changes_nothing(desk):
    desk.sms.reports = True
    made = [await desk.fall_back(to=f"+1415555{2000 + number}") for number in range(60)]
    await desk.deliver()
    desk.later(60)
    connection = desk.runtime.store._connection
    pages = connection.execute("PRAGMA page_count").fetchall()[0][0]
    connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StoreUnavailable):
        await desk.runtime.delivering.due(60)
    assert {one for id in made for one in await desk.deliveries(id)} == {"sms sent"}
    connection.execute("PRAGMA max_page_count = 1000000")
    assert await desk.deliver() == 60
