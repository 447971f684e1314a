"""Starting a verification: what is written, what is sent, and what is refused."""

import re

import msgspec
import pytest

from services.desk import PHONE, is_refused, refusal
from watchword_server.domain import ids
from watchword_server.domain.delivery import Reason
from watchword_server.domain.errors import (
    BAD_FIELD,
    INVALID_NUMBER,
    NO_CHANNEL,
    RATE_LIMITED,
    UNKNOWN_ID,
    UNREACHABLE,
)
from watchword_server.domain.verification import Assurance, Status
from watchword_server.ports.providers import Unavailable
from watchword_server.services.delivering import handing_over


async def test_a_code_is_sent_and_verified_once(desk):
    accepted = await desk.accept()
    assert accepted.verification.status is Status.PENDING
    assert await desk.deliver() == 1
    (message,) = desk.sms.messages
    assert (message.to, message.channel) == (PHONE, "sms")
    assert re.fullmatch(r"\d{6}", message.code) and message.code in message.text
    checked = await desk.check(accepted.verification.id, message.code)
    assert (checked.verified, checked.status) == (True, Status.APPROVED)
    assert checked.assurance is Assurance.RESTRICTED


async def test_nothing_is_sent_before_the_worker_claims_it(desk):
    verification = await desk.start()
    assert desk.sms.messages == []
    assert await desk.deliveries(verification) == ["sms queued"]
    assert await desk.events(verification) == ["verification.created"]


async def test_the_story_of_a_verification_is_told_in_order(desk):
    verification = await desk.start()
    await desk.deliver()
    await desk.fail(verification)
    await desk.check(verification, desk.code)
    assert await desk.events(verification) == [
        "verification.created", "delivery.sent", "verification.check_failed",
        "verification.approved",
    ]  # fmt: skip
    story = await desk.timeline(verification)
    assert [one.sequence for one in story.events] == [1, 2, 3, 4]
    assert story.next_send_at is None
    assert (story.verification.checks, story.verification.sends) == (2, 1)


async def shows_no_code_and_no_address(desk, verification, code):
    """Neither the timeline nor any event holds the code or the whole address."""
    story = await desk.timeline(verification)
    shown = repr(story) + "".join(one.data.decode() for one in story.events)
    shown += repr(await desk.services.reading.messages(desk.caller, None, None, 9))
    assert code not in shown
    assert PHONE not in shown and PHONE[1:] not in shown
    assert "2671" not in shown or "*" in shown


async def test_nothing_that_is_kept_shows_the_code_or_the_address(desk):
    verification = await desk.start(metadata={"order": "7"}, params={"name": "Ada"})
    await desk.deliver()
    code = desk.code
    await shows_no_code_and_no_address(desk, verification, code)
    await desk.fail(verification)
    await desk.check(verification, code)
    await shows_no_code_and_no_address(desk, verification, code)


async def sends_what_a_vendor_repeats(desk):
    desk.sms.script = [Unavailable(Reason.PROVIDER_DOWN, raw=f"cannot send 482913 to {PHONE}")]
    verification = await desk.start(code="482913")
    await desk.deliver()
    await shows_no_code_and_no_address(desk, verification, "482913")


async def test_what_a_vendor_repeats_is_not_kept(desk):
    await sends_what_a_vendor_repeats(desk)


async def test_nothing_that_is_kept_shows_the_code_mutant_is_caught(desk, monkeypatch):
    monkeypatch.setattr(handing_over, "discreet", lambda raw, message: raw)
    with pytest.raises(AssertionError):
        await sends_what_a_vendor_repeats(desk)


async def test_metadata_is_given_back(desk):
    verification = await desk.start(metadata={"order": "7"})
    assert (await desk.timeline(verification)).metadata == {"order": "7"}


async def test_the_callers_own_code_is_sent_and_verified(desk):
    verification = await desk.start(code="A1b2C3")
    await desk.deliver()
    assert desk.code == "A1b2C3"
    assert not (await desk.check(verification, "a1b2c3")).verified
    assert (await desk.check(verification, "A1b2C3")).verified


async def test_the_callers_own_code_must_be_four_to_ten_letters_and_digits(desk):
    problem = await refusal(desk.start(code="12"))
    is_refused(problem, BAD_FIELD, field="code")


@pytest.mark.parametrize(
    ("to", "kind"), [("+1", INVALID_NUMBER), ("4155552671", INVALID_NUMBER), ("a@b", BAD_FIELD)]
)
async def test_an_address_that_is_none_is_refused(desk, to, kind):
    is_refused(await refusal(desk.start(to)), kind, field="to")


async def test_a_template_that_is_not_there_is_refused(desk):
    is_refused(await refusal(desk.start(template="nothing")), UNKNOWN_ID)


async def test_a_channel_that_cannot_reach_the_address_is_refused(desk):
    problem = await refusal(desk.start("ada@example.com", template="otp-sms"))
    is_refused(problem, UNREACHABLE, channel="sms")


async def test_a_channel_that_nobody_carries_is_refused(desk):
    problem = await refusal(desk.start(template="otp-whatsapp"))
    is_refused(problem, NO_CHANNEL, channel="whatsapp")


async def test_a_step_that_nobody_carries_is_left_out_of_the_templates_own_route(desk):
    verification = await desk.start(template="otp-any")
    assert await desk.deliveries(verification) == ["sms queued"]


async def test_a_named_channel_without_content_is_refused(desk):
    problem = await refusal(desk.start(template="otp-sms", channel="voice"))
    is_refused(problem, BAD_FIELD, field="channel")


@pytest.mark.parametrize(("asked", "given"), [(None, 300), (60, 60), (600, 600), (3_600, 600)])
async def test_a_code_lives_as_long_as_asked_but_never_more_than_ten_minutes(desk, asked, given):
    live = (await desk.accept(ttl_s=asked)).verification
    assert live.expires_at == desk.clock.now() + given * 1000


async def test_each_recipient_may_be_sent_so_much_an_hour(desk):
    project = desk.caller.project
    limits = {"recipient": (2, 3_600), "key": (1_000, 60)}
    await desk.services.projects.update(project, None, None, limits)
    desk.caller = msgspec.structs.replace(desk.caller, limits=limits)
    for _ in range(2):
        verification = await desk.start()
        await desk.deliver()
        await desk.check(verification, desk.code)
    problem = await refusal(desk.start())
    is_refused(problem, RATE_LIMITED, limit="recipient")
    assert problem.retry_after == 1_800
    await desk.start("+14155552672")


async def test_a_start_that_is_refused_leaves_nothing_behind(desk):
    await refusal(desk.start("+1"))
    assert await desk.services.reading.messages(desk.caller, None, None, 9) == []


async def test_verifications_are_listed_newest_first_and_by_status(desk):
    made = [await desk.start(f"+141555526{number}") for number in range(60, 65)]
    await desk.cancel(made[1])
    listed = await desk.services.reading.messages(desk.caller, None, None, 9)
    assert {one.id for one in listed} == set(made)
    canceled = await desk.services.reading.messages(desk.caller, "canceled", None, 9)
    assert [one.id for one in canceled] == [made[1]]


async def nobody_elses(read, desk):
    verification = await desk.start()
    await desk.services.projects.create("other", desk.caller.mode)
    other = await desk.runtime.operator("other")
    is_refused(await refusal(read(other, verification)), UNKNOWN_ID)
    assert await desk.status(verification) is Status.PENDING


def reading(desk):
    return desk.services.reading.message


def checking(desk):
    return lambda caller, id: desk.services.checking.check(caller, id, "000000", None)


def resending(desk):
    return lambda caller, id: desk.services.sending.resend(caller, id, None)


def canceling(desk):
    return desk.services.sending.cancel


@pytest.mark.parametrize("call", [reading, checking, resending, canceling])
async def test_another_projects_verification_is_not_there(desk, call):
    await nobody_elses(call(desk), desk)


@pytest.mark.parametrize("call", [reading, checking, resending, canceling])
async def test_another_projects_verification_mutant_is_caught(desk, call):
    with pytest.raises(AssertionError):
        await nobody_elses(lambda _, id: call(desk)(desk.caller, id), desk)


async def test_the_id_tells_when_it_was_made(desk):
    assert ids.made_at(await desk.start()) == desk.clock.now()
