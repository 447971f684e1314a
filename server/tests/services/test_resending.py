"""Sending again: the cool-down, how often, and when a second start is a resend."""

import msgspec
import pytest

from services.desk import PHONE, is_refused, refusal
from watchword_server.domain import ids
from watchword_server.domain.delivery import Reason
from watchword_server.domain.errors import ENDED, RATE_LIMITED, UNREACHABLE
from watchword_server.domain.verification import Status
from watchword_server.ports.providers import Unavailable
from watchword_server.services.delivering import following

VERIFICATION = ids.Prefix.VERIFICATION
GONE = Unavailable(Reason.PROVIDER_DOWN, "503")


async def climbs_the_ladder(desk, again, waits=(30, 60, 120)):
    """Each wait is kept to the millisecond, and named in seconds."""
    verification = await desk.start()
    for number, wait in enumerate(waits, 1):
        desk.clock.advance(wait * 1000 - 1)
        problem = await refusal(again(verification))
        is_refused(problem, RATE_LIMITED, limit="cooldown")
        assert problem.retry_after == 1
        assert problem.extra["message_id"] == ids.text(VERIFICATION, verification)
        desk.clock.advance(1)
        accepted = await again(verification)
        assert accepted.verification.id == verification
        assert accepted.verification.sends == number + 1
    return verification


def by_resend(desk):
    return desk.resend


def by_a_second_start(desk):
    return lambda _: desk.accept()


@pytest.mark.parametrize("again", [by_resend, by_a_second_start])
async def test_the_cool_down_climbs_from_half_a_minute_to_two(desk, again):
    await climbs_the_ladder(desk, again(desk))


async def test_the_cool_down_mutant_is_caught(desk):
    async def hasty(verification):
        desk.clock.advance(1)
        return await desk.resend(verification)

    with pytest.raises(AssertionError):
        await climbs_the_ladder(desk, hasty)


async def test_the_wait_is_named_in_whole_seconds(desk):
    verification = await desk.start()
    desk.clock.advance(12_345)
    assert (await refusal(desk.resend(verification))).retry_after == 18


async def test_a_code_is_sent_four_times_at_most(desk):
    verification = await desk.start(ttl_s=600)
    for _ in range(3):
        desk.later(120)
        await desk.resend(verification)
    desk.later(120)
    for again in (desk.resend(verification), desk.accept()):
        problem = await refusal(again)
        is_refused(problem, RATE_LIMITED, limit="sends")
        assert problem.extra["message_id"] == ids.text(VERIFICATION, verification)
        assert problem.retry_after == 600 - 4 * 120
    await desk.deliver()
    assert len(desk.sms.messages) == 4


async def is_the_same_code(desk, again):
    verification = await desk.start()
    await desk.deliver()
    desk.later(30)
    await again(verification)
    await desk.deliver()
    first, second = desk.sms.messages
    assert first.code == second.code
    assert first.id != second.id
    assert (await desk.check(verification, first.code)).verified


@pytest.mark.parametrize("again", [by_resend, by_a_second_start])
async def test_a_resend_carries_the_same_code(desk, again):
    await is_the_same_code(desk, again(desk))


async def test_a_resend_carries_the_same_code_mutant_is_caught(desk):
    with pytest.raises(AssertionError):
        await is_the_same_code(desk, lambda _: desk.start(purpose="another"))


async def extends_no_life(desk, again):
    first = await desk.accept(ttl_s=100)
    desk.later(99)
    second = await again(first.verification.id)
    assert second.verification.expires_at == first.verification.expires_at
    await desk.deliver()
    desk.later(1)
    is_refused(await refusal(desk.check(first.verification.id, desk.code)), ENDED)


async def test_a_resend_does_not_let_the_code_live_longer(desk):
    await extends_no_life(desk, desk.resend)


async def test_a_resend_does_not_let_the_code_live_longer_mutant_is_caught(desk):
    async def anew(verification):
        await desk.cancel(verification)
        return await desk.accept(ttl_s=100, purpose="x")

    with pytest.raises(AssertionError):
        await extends_no_life(desk, anew)


async def test_a_second_start_that_is_the_same_is_the_resend(desk):
    first = await desk.accept(purpose="pay", binding=("10 EUR", "Bob"), code="4711")
    desk.later(30)
    second = await desk.accept(
        purpose="pay", binding=("10 EUR", "Bob"), code="4711",
        metadata={"other": "data"}, ttl_s=17, params={"x": "y"}, language="fr",
    )  # fmt: skip
    assert second.verification.id == first.verification.id
    events = await desk.events(first.verification.id)
    assert events.count("verification.resent") == 1


DIFFERENT = [
    {"purpose": "login"}, {"template": "otp-any"}, {"code": "4712"}, {"code": None},
    {"binding": ("10 EUR", "Eve")}, {"binding": ("11 EUR", "Bob")}, {"binding": None},
]  # fmt: skip
SAME = {"purpose": "pay", "binding": ("10 EUR", "Bob"), "code": "4711"}


@pytest.mark.parametrize("change", DIFFERENT, ids=str)
async def test_a_second_start_that_differs_cancels_and_begins_anew_after_the_cool_down(
    desk, change
):
    first = await desk.start(**SAME)
    problem = await refusal(desk.start(**(SAME | change)))
    is_refused(problem, RATE_LIMITED, limit="cooldown")
    assert problem.extra["message_id"] == ids.text(VERIFICATION, first)
    assert await desk.status(first) is Status.PENDING
    desk.later(30)
    second = await desk.start(**(SAME | change))
    assert second != first
    assert await desk.status(first) is Status.CANCELED
    assert await desk.status(second) is Status.PENDING


async def test_the_code_of_the_canceled_one_verifies_nothing(desk):
    first = await desk.start()
    await desk.deliver()
    old = desk.code
    desk.later(30)
    second = await desk.start(purpose="other")
    is_refused(await refusal(desk.check(first, old)), ENDED, reason="canceled")
    await desk.deliver()
    assert (await desk.check(second, old)).verified is (old == desk.code)


async def test_the_ladder_goes_on_over_new_verifications(desk):
    """Starting anew is no way around the cool-down."""
    waits = []
    for number in range(5):
        accepted = await desk.accept(purpose=f"p{number}")
        waits.append((accepted.next_send_at - desk.clock.now()) // 1000)
        desk.later(waits[-1])
    assert waits == [30, 60, 120, 120, 120]


@pytest.mark.parametrize("end", ["cancel", "exhaust", "expire"])
async def test_the_cool_down_outlives_a_verification_that_was_not_approved(desk, end):
    verification = await desk.start(ttl_s=20)
    if end == "cancel":
        await desk.cancel(verification)
    elif end == "exhaust":
        await desk.fail(verification, 5)
    else:
        desk.later(20)
        assert await desk.runtime.delivering.expire(10) == 1
    is_refused(await refusal(desk.start()), RATE_LIMITED, limit="cooldown")
    desk.later(30)
    assert (await desk.accept()).next_send_at == desk.clock.now() + 60_000


async def test_an_approval_ends_the_cool_down(desk):
    verification = await desk.start()
    await desk.deliver()
    await desk.check(verification, desk.code)
    assert (await desk.accept()).next_send_at == desk.clock.now() + 30_000


async def test_an_address_left_alone_for_an_hour_starts_at_the_first_step_again(desk):
    for number in range(3):
        await desk.start(purpose=f"p{number}")
        desk.later(120)
    desk.later(3_601)
    assert await desk.runtime.delivering.expire(10) == 1
    assert (await desk.accept()).next_send_at == desk.clock.now() + 30_000


async def test_a_ladder_that_was_forgotten_does_not_come_back(desk):
    """Kept on by one failed check, the row of the address is not swept, but its ladder is old."""
    for number in range(3):
        await desk.fail(await desk.start(purpose=f"p{number}"))
        desk.later(120)
    desk.later(3_601)
    await desk.runtime.delivering.expire(10)
    desk.later(3_601)
    first = await desk.accept()
    assert first.next_send_at == desk.clock.now() + 30_000
    await desk.cancel(first.verification.id)
    desk.later(30)
    assert (await desk.accept()).next_send_at == desk.clock.now() + 60_000


async def test_a_resend_may_ask_for_another_step(desk):
    verification = await desk.fall_back()
    desk.later(30)
    await desk.resend(verification, "voice")
    assert await desk.deliveries(verification) == ["sms queued", "voice queued"]
    desk.later(60)
    problem = await refusal(desk.resend(verification, "email"))
    is_refused(problem, UNREACHABLE, channel="email")


async def test_what_has_ended_cannot_be_sent_again(desk):
    verification = await desk.start()
    await desk.cancel(verification)
    desk.later(60)
    is_refused(await refusal(desk.resend(verification)), ENDED, reason="canceled")


async def test_addresses_do_not_share_a_cool_down(desk):
    await desk.start(PHONE)
    await desk.start("+14155552672")
    await desk.start("ada@example.com", template="otp-email")


# ---- the next step, asked for --------------------------------------------------------------------

BOTH = {"template": "otp-any", "route": "sms(30s,until=verified)|voice"}


async def takes_no_step_twice_after_a_jump(desk, resend):
    """The wait of the step before is over, but a later step was taken: nothing more is sent."""
    verification = await desk.start(**BOTH)
    await desk.deliver()
    desk.later(30)
    await resend(verification, "voice")
    await desk.deliver()
    for _ in range(4):
        desk.later(30)
        await desk.deliver()
    assert (await desk.deliveries(verification))[1:] == ["voice sent"]
    assert desk.voice.messages[0].code == desk.sms.messages[0].code


async def test_the_step_that_was_asked_for_is_not_taken_again_by_the_wait_before_it(desk):
    await takes_no_step_twice_after_a_jump(desk, desk.resend)


async def test_the_step_that_was_asked_for_mutant_is_caught(desk):
    async def by_falling_back_too(verification, channel):
        await desk.resend(verification, channel)
        await desk.deliver()
        desk.later(120)
        await desk.resend(verification, channel)

    with pytest.raises(AssertionError):
        await takes_no_step_twice_after_a_jump(desk, by_falling_back_too)


async def test_the_route_goes_on_behind_the_step_that_was_asked_for(desk):
    desk.voice.channels = frozenset({"whatsapp", "voice"})
    route = "sms(until=verified)|whatsapp(30s,until=verified)|voice"
    verification = await desk.start(template="otp-any", route=route)
    await desk.deliver()
    desk.later(30)
    await desk.resend(verification, "whatsapp")
    await desk.deliver()
    desk.later(30)  # the wait of the first is over, and that of the second
    await desk.deliver()
    desk.later(60)
    await desk.deliver()
    shown = [one.split()[0] for one in await desk.deliveries(verification)]
    assert shown == ["sms", "whatsapp", "voice"]


async def test_a_step_that_was_asked_for_is_a_send_like_any(desk):
    first = await desk.accept(**BOTH, ttl_s=600)
    verification = first.verification.id
    is_refused(await refusal(desk.resend(verification, "voice")), RATE_LIMITED, limit="cooldown")
    for channel in ("voice", "sms", "voice"):
        desk.later(120)
        accepted = await desk.resend(verification, channel)
        assert accepted.verification.expires_at == first.verification.expires_at
    events = await desk.events(verification)
    assert events.count("verification.resent") == 3
    desk.later(120)
    is_refused(await refusal(desk.resend(verification, "sms")), RATE_LIMITED, limit="sends")


async def test_without_a_channel_the_step_that_was_taken_last_is_repeated(desk):
    verification = await desk.start(**BOTH)
    desk.later(30)
    await desk.resend(verification, "voice")
    desk.later(60)
    await desk.resend(verification)
    assert await desk.deliveries(verification) == ["sms queued", "voice queued", "voice queued"]


async def takes_nothing_behind_a_step_that_was_asked_for_again(desk):
    """The first step failed and the second was sent; the person asks for the first once more."""
    desk.sms.script = [GONE, GONE]
    verification = await desk.start(**BOTH)
    await desk.deliver()
    desk.later(30)
    await desk.resend(verification, "sms")
    for _ in range(4):
        await desk.deliver()
        desk.later(30)
    shown = await desk.deliveries(verification)
    assert shown == ["sms failed", "voice sent", "sms failed"]
    assert await desk.status(verification) is Status.PENDING


async def test_no_step_is_taken_twice_behind_an_earlier_one_that_was_asked_for(desk):
    await takes_nothing_behind_a_step_that_was_asked_for_again(desk)


async def test_no_step_is_taken_twice_mutant_is_caught(desk, monkeypatch):
    leads = following.decide

    def always_leads(route, standing, outcome):
        return leads(route, msgspec.structs.replace(standing, leads=True), outcome)

    monkeypatch.setattr(following, "decide", always_leads)
    with pytest.raises(AssertionError):
        await takes_nothing_behind_a_step_that_was_asked_for_again(desk)
