"""Custom messages: the caller's code or none, to one or many, all of them or none."""

import msgspec
import pytest

from services.desk import PHONE, is_refused, refusal
from services.stage import Stage, staged
from watchword_server.domain import template
from watchword_server.domain.channel import Channel
from watchword_server.domain.errors import (
    BAD_FIELD,
    BLACKLISTED,
    INVALID_NUMBER,
    NOT_ALLOWED_HERE,
    RATE_LIMITED,
    UNKNOWN_ID,
    Problem,
)
from watchword_server.domain.limits import DAY_S, Throughput
from watchword_server.domain.template import Content, Template
from watchword_server.services.sending import CustomSending, Start

CODE = "482913"
NUMBERS = [f"+1415555267{digit}" for digit in range(5)]
CUSTOM = Start(to="", template="otp-sms", code=CODE)


async def custom(desk, to, **changes):
    asked = msgspec.structs.replace(CUSTOM, **changes)
    if isinstance(to, str):
        asked = msgspec.structs.replace(asked, to=to)
        (accepted,) = await desk.services.sending.start_custom(desk.caller, asked)
        return accepted
    return await desk.services.sending.start_custom(desk.caller, asked, to)


async def nothing_was_sent(desk, to, kind, **extra):
    is_refused(await refusal(custom(desk, to)), kind, **extra)
    await desk.deliver()
    assert desk.sms.messages == []
    assert await desk.services.reading.messages(desk.caller, None, None, 9) == []


async def test_a_message_to_one_carries_the_callers_code_and_can_be_verified(desk):
    accepted = await custom(desk, PHONE)
    await desk.deliver()
    assert CODE in desk.sms.messages[-1].text
    assert (await desk.check(accepted.verification.id, CODE)).verified


async def test_a_message_to_many_is_a_verification_each(desk):
    accepted = await custom(desk, NUMBERS)
    await desk.deliver()
    assert sorted(message.to for message in desk.sms.messages) == NUMBERS
    assert len({one.verification.id for one in accepted}) == len(NUMBERS)
    for one in accepted:
        assert (await desk.check(one.verification.id, CODE)).verified


@pytest.mark.parametrize(
    ("bad", "place", "kind"),
    [("+1415", 5, INVALID_NUMBER), (NUMBERS[1], 5, BAD_FIELD), ("nobody", 5, INVALID_NUMBER)],
)
async def test_one_bad_recipient_keeps_all_others_from_being_sent_to(desk, bad, place, kind):
    await nothing_was_sent(desk, [*NUMBERS, bad], kind, field=f"to[{place}]")


async def test_one_bad_recipient_mutant_is_caught(desk, monkeypatch):
    async def one_by_one(self, caller, asked, more=None):
        accepted = []
        for to in more:
            one = msgspec.structs.replace(asked, to=to)
            accepted.append(await self.start(caller, one))
        return accepted

    monkeypatch.setattr(CustomSending, "start_custom", one_by_one)
    with pytest.raises(AssertionError):
        await nothing_was_sent(desk, [*NUMBERS, "+1415"], INVALID_NUMBER)


async def test_one_that_has_to_wait_keeps_all_others_from_being_sent_to(desk):
    await desk.start(NUMBERS[3])
    await desk.deliver()
    desk.sms.messages.clear()
    problem = await refusal(custom(desk, NUMBERS))
    is_refused(problem, RATE_LIMITED, limit="cooldown", field="to[3]")
    await desk.deliver()
    assert desk.sms.messages == []
    assert len(await desk.services.reading.messages(desk.caller, None, None, 9)) == 1


async def counts_every_recipient(desk):
    limits = {"key": (8, 3_600), "recipient": (100, 60)}
    await desk.services.projects.update(desk.caller.project, None, None, limits)
    desk.caller = msgspec.structs.replace(desk.caller, limits=limits)
    await custom(desk, NUMBERS)
    others = [f"+1415555268{digit}" for digit in range(4)]
    is_refused(await refusal(custom(desk, others)), RATE_LIMITED, limit="key")
    assert len(await custom(desk, others[:3])) == 3


async def test_every_recipient_counts_against_every_limit(desk):
    await counts_every_recipient(desk)


@pytest.mark.parametrize(
    "broken",
    [
        lambda self, calls, now: self.admit(calls[0], now),
        lambda self, calls, now: [self.admit(one, now) for one in calls][-1],
    ],
    ids=["counts the first", "keeps what a refusal counted"],
)
async def test_every_recipient_counts_mutant_is_caught(desk, monkeypatch, broken):
    monkeypatch.setattr(Throughput, "admit_all", broken)
    with pytest.raises((AssertionError, Problem)):
        await counts_every_recipient(desk)


async def test_a_template_with_a_code_wants_one(desk):
    problem = await refusal(custom(desk, PHONE, code=None))
    is_refused(problem, BAD_FIELD, field="template.params.code", rule="required")
    problem = await refusal(custom(desk, PHONE, code="12"))
    is_refused(problem, BAD_FIELD, field="template.params.code", rule="pattern")
    is_refused(await refusal(custom(desk, PHONE, template="none")), UNKNOWN_ID)


async def with_notice(desk, project):
    notice = Template(
        id="notice", strategy=(Channel.SMS,), brand_name="Example", code_length=0,
        contents={Channel.SMS: {"default": Content("Your parcel {{parcel}} is there.")}},
        status=template.Status.APPROVED,
    )  # fmt: skip
    await desk.runtime.store.write(lambda tx: tx.templates.put(project, notice))


async def test_a_template_without_a_code_is_sent_as_a_notice(desk):
    await with_notice(desk, desk.caller.project)
    pending = await desk.start(PHONE)
    sent = await custom(desk, PHONE, template="notice", code=None, params={"parcel": "7"})
    again = await custom(desk, PHONE, template="notice", code="123456", params={"parcel": "8"})
    await desk.deliver()
    assert [message.text for message in desk.sms.messages[1:]] == [
        "Your parcel 7 is there.", "Your parcel 8 is there.",
    ]  # fmt: skip
    for one in (sent, again):
        problem = await refusal(desk.check(one.verification.id, "123456"))
        is_refused(problem, NOT_ALLOWED_HERE, reason="no_code")
    assert (await desk.check(pending, desk.sms.messages[0].code)).verified


async def test_the_sandbox_plays_its_table_to_many(tmp_path, clock):
    async with staged(tmp_path, clock, sandbox_delay_s=0) as stage:
        accepted = await stage.custom(["+10000000010", "+10000000005", "sandbox@example.com"])
        await stage.deliver()
        assert [one.verification.channel for one in accepted] == ["sms", "sms", "email"]
        assert {item.code for item in await stage.inbox()} == {CODE}
        problem = await refusal(stage.custom(["+10000000010", "+10000000011"]))
        is_refused(problem, BLACKLISTED, field="to[1]", mode="sandbox")
        assert len(await stage.inbox()) == 3


async def uses_up_the_quota(stage: Stage):
    accepted = await stage.custom([f"+1415555267{digit}" for digit in range(6)])
    assert accepted[0].standing.remaining == 2  # the first is counted with its request
    problem = await refusal(stage.custom([f"+1415555268{digit}" for digit in range(4)]))
    is_refused(problem, RATE_LIMITED, limit="requests")
    assert "resets_at" in problem.extra
    assert problem.retry_after <= DAY_S


async def test_every_recipient_counts_against_the_quota_of_a_sandbox(tmp_path, clock):
    async with staged(tmp_path, clock, sandbox_requests_per_day=7) as stage:
        await uses_up_the_quota(stage)


async def test_every_recipient_counts_against_the_quota_mutant_is_caught(tmp_path, clock):
    async with staged(tmp_path, clock, sandbox_requests_per_day=9) as stage:
        with pytest.raises(AssertionError):
            await uses_up_the_quota(stage)
