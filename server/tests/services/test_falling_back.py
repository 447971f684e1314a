"""From one step to the next: when, and when not."""

import pytest

from services.desk import is_refused, refusal
from watchword_server.domain.delivery import Reason, Receipt
from watchword_server.domain.errors import ENDED
from watchword_server.domain.routing import Until
from watchword_server.domain.verification import Assurance, Status
from watchword_server.ports.providers import Rejected, Unavailable, Uncertain

DELIVERED = Receipt(reference="r", delivered=True)
GONE = Unavailable(Reason.PROVIDER_DOWN, "503")
NO = Rejected(Reason.UNREACHABLE, "550")


@pytest.mark.parametrize("failure", [GONE, NO], ids=["unavailable", "rejected"])
async def test_what_was_not_taken_falls_back_at_once(desk, failure):
    desk.sms.script = [failure]
    verification = await desk.fall_back()
    assert await desk.deliver() == 2
    assert await desk.deliveries(verification) == ["sms failed", "voice sent"]
    assert desk.voice.messages[0].code == desk.sms.messages[0].code
    (failed, _) = (await desk.timeline(verification)).deliveries
    assert (failed.reason, failed.raw) == (failure.reason.value, failure.raw)


async def test_what_was_taken_stays_where_nothing_is_reported(desk):
    verification = await desk.fall_back()
    await desk.deliver()
    desk.later(299)
    assert await desk.deliver() == 0
    assert await desk.deliveries(verification) == ["sms sent"]


async def test_silence_of_a_carrier_that_reports_falls_back_when_the_wait_is_over(desk):
    desk.sms.reports = True
    verification = await desk.fall_back()
    await desk.deliver()
    desk.clock.advance(59_999)
    assert await desk.deliver() == 0
    desk.clock.advance(1)
    assert await desk.deliver() == 1
    assert await desk.deliveries(verification) == ["sms unknown", "voice sent"]


async def test_what_was_delivered_stays(desk):
    desk.sms.reports = True
    desk.sms.script = [DELIVERED]
    verification = await desk.fall_back()
    await desk.deliver()
    desk.later(120)
    assert await desk.deliver() == 0
    assert await desk.deliveries(verification) == ["sms delivered"]
    assert "delivery.sent" in await desk.events(verification)


async def test_a_step_until_sent_stays_although_its_carrier_reports(desk):
    desk.sms.reports = True
    verification = await desk.fall_back()
    await desk.with_steps(verification, until=Until.SENT)
    await desk.deliver()
    desk.later(120)
    assert await desk.deliver() == 0
    assert await desk.deliveries(verification) == ["sms sent"]


async def test_a_step_until_delivered_falls_back_although_its_carrier_is_silent(desk):
    verification = await desk.fall_back()
    await desk.with_steps(verification, until=Until.DELIVERED, wait_s=20)
    await desk.deliver()
    desk.later(20)
    await desk.deliver()
    assert await desk.deliveries(verification) == ["sms unknown", "voice sent"]


async def test_a_step_until_verified_falls_back_although_it_was_delivered(desk):
    desk.sms.script = [DELIVERED]
    verification = await desk.fall_back()
    await desk.with_steps(verification, until=Until.VERIFIED, wait_s=20)
    await desk.deliver()
    desk.later(20)
    await desk.deliver()
    assert await desk.deliveries(verification) == ["sms delivered", "voice sent"]


async def test_when_no_step_can_be_handed_over_the_verification_has_failed(desk):
    desk.sms.script, desk.voice.script = [NO], [GONE]
    verification = await desk.fall_back()
    assert await desk.deliver() == 2
    assert await desk.status(verification) is Status.FAILED
    assert (await desk.events(verification))[-1] == "verification.failed"
    is_refused(await refusal(desk.check(verification, desk.code)), ENDED, reason="failed")
    assert await desk.runtime.delivering.next_due() is None


async def never_fails_what_may_have_left(desk, first):
    """A code that may be with its reader must stay good, whatever becomes of the next step."""
    desk.sms.script, desk.voice.script = [first], [GONE]
    desk.sms.reports = True
    verification = await desk.fall_back()
    await desk.deliver()
    desk.later(60)
    await desk.deliver()
    assert [one.split()[0] for one in await desk.deliveries(verification)] == ["sms", "voice"]
    assert await desk.status(verification) is Status.PENDING
    assert (await desk.check(verification, desk.code)).verified


@pytest.mark.parametrize("first", [Receipt(), Uncertain("timeout")], ids=["sent", "uncertain"])
async def test_what_may_have_left_is_never_given_up(desk, first):
    await never_fails_what_may_have_left(desk, first)


async def test_what_may_have_left_is_never_given_up_mutant_is_caught(desk):
    with pytest.raises(AssertionError):
        await never_fails_what_may_have_left(desk, NO)


async def test_an_uncertain_hand_over_waits_then_falls_back(desk):
    desk.sms.script = [Uncertain("timeout")]
    verification = await desk.fall_back()
    await desk.deliver()
    assert await desk.deliveries(verification) == ["sms unknown"]
    desk.clock.advance(59_999)
    assert await desk.deliver() == 0
    desk.clock.advance(1)
    await desk.deliver()
    assert await desk.deliveries(verification) == ["sms unknown", "voice sent"]


async def test_an_uncertain_last_step_is_sent_once_more_and_marked(desk):
    desk.sms.script = [Uncertain(), Uncertain(), Uncertain()]
    verification = await desk.start(ttl_s=600)
    for _ in range(5):
        await desk.deliver()
        desk.later(60)
    assert await desk.deliveries(verification) == ["sms unknown", "sms unknown maybe_duplicate"]
    assert await desk.status(verification) is Status.PENDING
    first, second = desk.sms.messages
    assert (first.code, first.id != second.id) == (second.code, True)


async def test_a_carrier_that_breaks_its_contract_is_uncertain(desk):
    desk.sms.script = [ZeroDivisionError("a bug of the adapter")]
    verification = await desk.start()
    await desk.deliver()
    assert await desk.deliveries(verification) == ["sms unknown"]
    (delivery,) = (await desk.timeline(verification)).deliveries
    assert (delivery.reason, delivery.raw) == ("timed_out", "ZeroDivisionError")


async def test_a_carrier_that_is_configured_no_more_is_passed_over(desk):
    verification = await desk.fall_back()
    desk.runtime.accounts._named.pop("sms carrier")
    await desk.deliver()
    assert await desk.deliveries(verification) == ["sms failed", "voice sent"]


async def sends_nothing_more(desk, end):
    """Queued sends, waits and steps to come: all of it stops with the verification."""
    desk.sms.reports = True
    verification = await desk.fall_back(code="482913")
    await desk.deliver()
    desk.later(30)
    await desk.resend(verification)
    await end(verification)
    for _ in range(6):
        assert await desk.deliver() == 0
        desk.later(60)
    assert (len(desk.sms.messages), len(desk.voice.messages)) == (1, 0)
    assert await desk.runtime.delivering.next_due() is None


@pytest.mark.parametrize("way", ["approve", "cancel", "exhaust", "expire"])
async def test_after_its_end_nothing_more_is_sent(desk, way):
    async def expire(_):
        desk.later(270)
        await desk.runtime.delivering.expire(10)

    ends = {
        "approve": lambda id: desk.check(id, "482913"),
        "cancel": desk.cancel,
        "exhaust": lambda id: desk.fail(id, 5),
        "expire": expire,
    }
    await sends_nothing_more(desk, ends[way])


async def test_after_its_end_nothing_more_is_sent_mutant_is_caught(desk):
    with pytest.raises(AssertionError):
        await sends_nothing_more(desk, lambda id: desk.fail(id, 4))


async def test_after_an_approval_the_waiting_step_sends_nothing(desk):
    desk.sms.reports = True
    verification = await desk.fall_back()
    await desk.deliver()
    await desk.check(verification, desk.code)
    desk.later(60)
    assert await desk.deliver() == 0
    assert desk.voice.messages == []
    assert await desk.deliveries(verification) == ["sms sent"]


async def test_a_resend_takes_the_lead_from_the_wait_of_the_send_before(desk):
    desk.sms.reports = True
    verification = await desk.fall_back()
    await desk.deliver()
    desk.later(59)
    await desk.resend(verification)
    await desk.deliver()
    desk.later(1)
    assert await desk.deliver() == 0  # the first wait is over, but it is not in the lead
    desk.later(59)
    await desk.deliver()
    assert await desk.deliveries(verification) == ["sms unknown", "sms unknown", "voice sent"]


async def test_email_joins_a_chain_for_a_number_only_by_its_alternate(desk):
    asked = {"template": "otp-any", "route": "sms|email"}
    problem = await refusal(desk.start(**asked, alternate_email="ada@example.com"))
    assert problem.extra["rule"] == "content"  # otp-any says nothing by email


async def test_a_chain_proves_what_its_weakest_step_does(desk):
    verification = await desk.fall_back()
    assert (await desk.timeline(verification)).verification.assurance is Assurance.RESTRICTED
