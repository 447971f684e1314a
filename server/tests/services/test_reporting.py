"""What vendors tell: reports move deliveries forward, never back, whenever they come."""

import pytest

from watchword_server.domain.delivery import DeliveryStatus, Reason, Receipt, may_follow
from watchword_server.domain.inbound import Report
from watchword_server.domain.verification import Status
from watchword_server.ports.inbound import HELD_S, Taken
from watchword_server.ports.providers import Rejected, Uncertain
from watchword_server.services.reporting import REFERENCES_KEPT_S

DELIVERED, UNDELIVERED = DeliveryStatus.DELIVERED, DeliveryStatus.UNDELIVERED
UNKNOWN = DeliveryStatus.UNKNOWN


def report(*references, status=DELIVERED, reason=None, raw=None):
    return Report(references=references or ("SM1",), status=status, reason=reason, raw=raw)


LOST = report(status=UNDELIVERED, reason=Reason.UNREACHABLE, raw="30003")


async def tell(desk, *inbound, account="sms carrier"):
    return await desk.runtime.reporting.take(desk.caller.project, account, inbound)


async def reported(desk, verification):
    """What was reported, as `number status`."""
    project = desk.caller.project
    kept = await desk.runtime.store.read(lambda tx: tx.reports.of(project, verification))
    return [f"{one.number} {one.status}{'' if one.moved else ' too late'}" for one in kept]


@pytest.fixture
async def sent(desk):
    """A verification whose SMS was taken as SM1 and that may fall back to voice."""
    desk.sms.reports = True
    desk.sms.script = [Receipt(reference="SM1")]
    verification = await desk.fall_back()
    await desk.deliver()
    return verification


async def test_a_report_finds_its_delivery_by_the_vendors_reference(desk, sent):
    assert await tell(desk, report()) == Taken(known=1)
    assert await desk.deliveries(sent) == ["sms delivered"]
    assert (await desk.events(sent))[-1] == "delivery.delivered"


async def test_a_report_finds_its_delivery_by_our_own_id(desk, sent):
    own = desk.sms.messages[0].id
    assert await tell(desk, report("somebody else's", own)) == Taken(known=1)
    assert await desk.deliveries(sent) == ["sms delivered"]


async def test_what_was_delivered_stays_on_its_step(desk, sent):
    await tell(desk, report())
    desk.later(120)
    assert await desk.deliver() == 0
    assert await desk.deliveries(sent) == ["sms delivered"]


async def test_what_did_not_arrive_falls_back_at_once(desk, sent):
    await tell(desk, LOST)
    assert await desk.deliver() == 1
    assert await desk.deliveries(sent) == ["sms undelivered", "voice sent"]
    assert desk.voice.messages[0].code == desk.sms.messages[0].code
    (first, _) = (await desk.timeline(sent)).deliveries
    assert (first.reason, first.raw) == ("unreachable", "30003")


async def test_the_worker_is_woken_for_what_was_reported(desk, sent):
    class Woken:
        count = 0

        def wake(self):
            self.count += 1

    desk.runtime.dispatch.worker = woken = Woken()
    await tell(desk, report("nobody's"))
    assert woken.count == 0
    await tell(desk, LOST)
    assert woken.count == 1


async def test_an_uncertain_hand_over_is_cleared_up_by_its_report(desk):
    desk.sms.reports = True
    desk.sms.script = [Uncertain()]
    verification = await desk.fall_back()
    await desk.deliver()
    assert await desk.deliveries(verification) == ["sms unknown"]
    await tell(desk, report(desk.sms.messages[0].id))
    desk.later(120)
    await desk.deliver()
    assert await desk.deliveries(verification) == ["sms delivered"]


ORDERS = [
    (report(), LOST), (LOST, report()), (report(), report()), (LOST, LOST),
    (report(status=UNKNOWN), report()), (report(), report(status=UNKNOWN)),
    (report(), report(status=DeliveryStatus.SENT)), (report(status=UNKNOWN), LOST, report()),
]  # fmt: skip


async def no_state_goes_back(desk, verification, reports, tell=tell):
    for one in reports:
        await tell(desk, one)
    events = await desk.events(verification)
    states = [one.partition(".")[2] for one in events if one.startswith("delivery.")]
    for before, after in zip(["queued", *states], states, strict=False):
        assert may_follow(DeliveryStatus(before), DeliveryStatus(after)), states
    assert len(await reported(desk, verification)) == len(reports)


@pytest.mark.parametrize("reports", ORDERS)
async def test_no_state_goes_back_and_every_report_is_kept(desk, sent, reports):
    await no_state_goes_back(desk, sent, reports)


@pytest.mark.parametrize("reports", [ORDERS[0], ORDERS[2], ORDERS[5]])
async def test_no_state_goes_back_mutant_is_caught(desk, sent, reports, monkeypatch):
    monkeypatch.setattr("watchword_server.ledger.may_follow", lambda status, then: True)
    with pytest.raises(AssertionError):
        await no_state_goes_back(desk, sent, reports)


async def test_a_report_after_the_end_still_moves_its_delivery_and_nothing_is_sent(desk, sent):
    assert (await desk.check(sent, desk.code)).status is Status.APPROVED
    await tell(desk, LOST)
    desk.later(120)
    assert await desk.deliver() == 0
    assert await desk.deliveries(sent) == ["sms undelivered"]
    assert await desk.status(sent) is Status.APPROVED


async def test_an_earlier_delivery_that_is_reported_late_takes_no_step(desk, sent):
    desk.later(60)
    assert await desk.deliver() == 1
    assert await desk.deliveries(sent) == ["sms unknown", "voice sent"]
    await tell(desk, LOST)
    assert await desk.deliver() == 0
    assert await desk.deliveries(sent) == ["sms undelivered", "voice sent"]


async def a_report_that_is_faster_than_its_hand_over_counts(desk):
    """It comes while the vendor has not even answered."""
    desk.sms.reports = True

    async def faster(message):
        assert await tell(desk, LOST) == Taken(unknown=1)
        return Receipt(reference="SM1")

    desk.sms.script = [faster]
    verification = await desk.fall_back()
    await desk.deliver()
    assert await desk.deliveries(verification) == ["sms undelivered", "voice sent"]
    assert await reported(desk, verification) == ["1 undelivered"]


async def test_a_report_that_is_faster_than_its_hand_over_counts(desk):
    await a_report_that_is_faster_than_its_hand_over_counts(desk)


async def test_a_report_that_is_faster_mutant_is_caught(desk, monkeypatch):
    """What is held is never looked at."""
    monkeypatch.setattr("watchword_server.storage.inbound.ReportRows.take_held", lambda *_: [])
    with pytest.raises(AssertionError):
        await a_report_that_is_faster_than_its_hand_over_counts(desk)


async def test_a_held_report_is_for_the_account_it_came_through(desk):
    desk.sms.reports = desk.voice.reports = True
    desk.sms.script = [Receipt(reference="SM1")]
    await tell(desk, LOST, account="voice carrier")
    verification = await desk.fall_back()
    await desk.deliver()
    assert await desk.deliveries(verification) == ["sms sent"]


async def test_a_report_for_another_project_finds_nothing(desk, sent):
    other = (await desk.runtime.operator()).project
    assert await desk.runtime.reporting.take(other, "sms carrier", [LOST]) == Taken(unknown=1)
    assert await desk.deliveries(sent) == ["sms sent"]


async def test_an_account_that_reports_nothing_leaves_no_reference(desk):
    desk.sms.script = [Receipt(reference="SM1")]
    await desk.start()
    await desk.deliver()
    assert await tell(desk, report()) == Taken(unknown=1)


async def test_a_refused_hand_over_leaves_no_reference(desk):
    desk.sms.reports = True
    desk.sms.script = [Rejected(Reason.UNREACHABLE, "no")]
    await desk.start()
    await desk.deliver()
    assert await tell(desk, report(desk.sms.messages[0].id)) == Taken(unknown=1)


async def test_old_references_and_held_reports_are_forgotten(desk, sent):
    await tell(desk, report("nobody's"))
    desk.later(HELD_S + 1)
    assert not await desk.runtime.reporting.forget(99)
    held = await desk.runtime.store.write(
        lambda tx: tx.reports.take_held(desk.caller.project, "sms carrier", ("nobody's",))
    )
    assert held == []
    assert await tell(desk, report(status=UNKNOWN)) == Taken(known=1)
    desk.later(REFERENCES_KEPT_S)
    await desk.runtime.reporting.forget(99)
    assert await tell(desk, report()) == Taken(unknown=1)


async def test_a_vendors_words_are_cut_to_what_fits(desk, sent):
    much = report("SM1", "x" * 10_000, *map(str, range(99)), raw="y" * 999 + "\n")
    assert await tell(desk, much) == Taken(known=1)
    (delivery,) = (await desk.timeline(sent)).deliveries
    assert delivery.raw == "y" * 200
