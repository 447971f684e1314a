"""The table of magic recipients, executed row by row: events in their order, at their time."""

import msgspec
import pytest

from services.desk import is_refused, refusal
from services.stage import SECOND, staged
from watchword_server.domain import sandbox
from watchword_server.domain.channel import Channel
from watchword_server.domain.delivery import DeliveryStatus
from watchword_server.domain.errors import ALREADY_USED, ENDED, RATE_LIMITED
from watchword_server.domain.route_plan import Plan, PlanStep
from watchword_server.domain.sandbox import TABLE
from watchword_server.domain.template import Content, Template
from watchword_server.domain.verification import Status

LONGEST = 3
"""The most delays that a row takes."""


def row_of(to):
    return sandbox.MAGIC[to]


async def plays(stage, row, delay_s):
    """Send to a row's recipient and see what it says happen, when it says so."""
    if row.error is not None:
        is_refused(await refusal(stage.send(row.to)), row.error, mode="sandbox")
        return
    sent = await stage.send(row.to)
    began = stage.clock.now()
    await stage.deliver(LONGEST * delay_s)
    found = []
    for event in (await stage.timeline(sent)).events:
        family, _, status = event.type.partition(".")
        data = msgspec.json.decode(event.data)
        if family == "delivery":
            code = int(data["raw"]) if data.get("raw", "").isdigit() else 0
            found.append((event.at - began, data["channel"], status, code))
            assert ("reason" in data) is (status in ("undelivered", "failed", "unknown"))
    first = sent.verification.channel
    assert found == [
        (each.at * delay_s * SECOND, each.channel or first, each.status, each.code)
        for each in row.then
    ]


@pytest.mark.parametrize("delay_s", [0, 2])
@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.to)
async def test_a_row_happens_as_it_says(tmp_path, clock, row, delay_s):
    async with staged(tmp_path, clock, sandbox_delay_s=delay_s) as stage:
        await plays(stage, row, delay_s)


def last(**changes):
    return lambda then: (*then[:-1], msgspec.structs.replace(then[-1], **changes))


BROKEN = {
    "another time": ("+10000000002", last(at=2)),
    "another order": ("+10000000004", lambda then: (then[2], then[3], then[0], then[1])),
    "another code": ("+10000000018", last(code=5012)),
    "one too few": ("+10000000014", lambda then: then[:-1]),
}  # fmt: skip


@pytest.mark.parametrize("broken", BROKEN)
async def test_a_row_mutant_is_caught(tmp_path, clock, broken):
    to, change = BROKEN[broken]
    row = msgspec.structs.replace(row_of(to), then=change(row_of(to).then))
    async with staged(tmp_path, clock, sandbox_delay_s=2) as stage:
        with pytest.raises(AssertionError):
            await plays(stage, row, 2)


@pytest.mark.parametrize("template", ["sandbox-otp-tpl", "sandbox-otp-tpl-wa"])
async def test_a_fallback_happens_with_either_template(tmp_path, clock, template):
    async with staged(tmp_path, clock) as stage:
        sent = await stage.send("+10000000004", template=template)
        await stage.deliver(4)
        deliveries = (await stage.timeline(sent)).deliveries
        assert [(one.channel, one.status) for one in deliveries] == [
            ("whatsapp", DeliveryStatus.UNDELIVERED), ("sms", DeliveryStatus.DELIVERED),
        ]  # fmt: skip


async def test_a_caller_may_choose_the_channel(tmp_path, clock):
    async with staged(tmp_path, clock) as stage:
        for channel in ("voice", "whatsapp"):
            sent = await stage.send("+10000000018", channel=channel)
            await stage.deliver(2)
            (delivery,) = (await stage.timeline(sent)).deliveries
            assert (delivery.channel, delivery.status) == (channel, DeliveryStatus.UNDELIVERED)


async def test_the_code_of_the_verify_number_is_known_and_approves_once(tmp_path, clock):
    async with staged(tmp_path, clock) as stage:
        sent = await stage.send("+10000000005")
        assert not (await stage.check(sent, "654321")).verified
        assert (await stage.check(sent, "123456")).verified
        is_refused(await refusal(stage.check(sent, "123456")), ALREADY_USED)
        late = await stage.send("+10000000005")
        stage.clock.advance(300 * SECOND)
        is_refused(await refusal(stage.check(late, "123456")), ENDED, reason="expired")


async def test_a_code_can_expire_after_a_second(tmp_path, clock):
    async with staged(tmp_path, clock) as stage:
        sent = await stage.send("+10000000102", code="482913")
        stage.clock.advance(SECOND)
        is_refused(await refusal(stage.check(sent, "482913")), ENDED, reason="expired")


async def test_what_is_never_handed_over_has_failed(tmp_path, clock):
    async with staged(tmp_path, clock) as stage:
        sent = await stage.send("+10000000101")
        await stage.deliver()
        assert (await stage.timeline(sent)).verification.status is Status.FAILED


async def a_report_comes_after_the_approval(stage):
    sent = await stage.send("+10000000000")
    await stage.deliver()
    code = (await stage.inbox("+10000000000"))[0].code
    assert (await stage.check(sent, code)).verified
    await stage.deliver(2)
    timeline = await stage.timeline(sent)
    assert [event.type for event in timeline.events][-1] == "delivery.delivered"
    assert timeline.verification.status is Status.APPROVED


async def test_a_report_is_written_down_after_the_approval_too(tmp_path, clock):
    async with staged(tmp_path, clock) as stage:
        await a_report_comes_after_the_approval(stage)


async def test_a_report_after_the_approval_mutant_is_caught(tmp_path, clock, monkeypatch):
    async with staged(tmp_path, clock) as stage:
        monkeypatch.setattr(sandbox, "foretold", lambda reference: None)
        with pytest.raises(AssertionError):
            await a_report_comes_after_the_approval(stage)


async def test_after_an_approval_nothing_more_is_sent(tmp_path, clock):
    async with staged(tmp_path, clock) as stage:
        sent = await stage.send("+10000000014", code="482913")
        await stage.deliver()
        assert (await stage.check(sent, "482913")).verified
        await stage.deliver(10)
        deliveries = (await stage.timeline(sent)).deliveries
        assert [(one.channel, one.status) for one in deliveries] == [
            ("whatsapp", DeliveryStatus.UNDELIVERED)
        ]


async def each_send_is_new(stage, to):
    sent = [await stage.send(to) for _ in range(25)]
    assert len({one.verification.id for one in sent}) == 25
    for one in sent:
        for _ in range(4):
            assert not (await stage.check(one, "000000x")).verified
    assert (await stage.check(sent[-1], "000000x")).status is Status.EXHAUSTED
    assert {one.next_send_at for one in sent} == {stage.clock.now()}


@pytest.mark.parametrize("to", ["+10000000005", "+14155552671", "sandbox@example.com"])
async def test_each_send_is_a_new_verification_without_cool_down_or_counters(tmp_path, clock, to):
    async with staged(tmp_path, clock) as stage:
        await each_send_is_new(stage, to)


async def test_each_send_is_new_mutant_is_caught(tmp_path, clock):
    async with staged(tmp_path, clock) as stage:
        stage.services = stage.runtime.services  # those of every other project
        with pytest.raises(Exception, match="moment ago"):
            await each_send_is_new(stage, "+14155552671")


async def test_the_rate_limited_number_always_says_so(tmp_path, clock):
    async with staged(tmp_path, clock) as stage:
        for _ in range(2):
            problem = await refusal(stage.send("+10000000099"))
            is_refused(problem, RATE_LIMITED, limit="cooldown")
            assert problem.retry_after == sandbox.RATE_LIMITED_S
            stage.clock.advance(3_600 * SECOND)


async def test_a_resend_is_not_made_to_wait(tmp_path, clock):
    async with staged(tmp_path, clock) as stage:
        sent = await stage.send("+10000000010")
        sending = stage.services.sending
        for _ in range(3):
            again = await sending.resend(stage.caller, sent.verification.id, None)
        assert again.verification.sends == 4
        is_refused(
            await refusal(sending.resend(stage.caller, sent.verification.id, None)),
            RATE_LIMITED, limit="sends",
        )  # fmt: skip


async def test_a_template_that_names_a_route_plays_as_well(tmp_path, clock):
    row = row_of("+10000000004")
    words = {"default": Content("{{code}}", "Your code")}
    said = dict.fromkeys((Channel.SMS, Channel.VOICE, Channel.WHATSAPP), words)
    plan = Plan("chain", tuple(map(PlanStep, said)))
    async with staged(tmp_path, clock, sandbox_delay_s=0) as stage:
        await stage.services.routes.put(stage.caller, plan)
        mine = Template("mine", (), said, brand_name="Acme", route="chain")
        await stage.services.templates.create(stage.caller, mine)
        sent = await stage.send(row.to, template="mine")
        await stage.deliver(1)
        deliveries = (await stage.timeline(sent)).deliveries
        assert [one.channel for one in deliveries] == [
            each or sent.verification.channel for each in row.channels
        ]
        to_nobody_special = await stage.send("+6581234567", template="mine")
        assert to_nobody_special.verification.channel == "sms"
