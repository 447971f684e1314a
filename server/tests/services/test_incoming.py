"""What people answer: the opt-out list, the event, and what is sent to them from then on."""

import msgspec
import pytest

from services.desk import PHONE, is_refused, refusal
from watchword_server.domain.channel import Channel
from watchword_server.domain.errors import UNSUBSCRIBED
from watchword_server.domain.inbound import Choice, Incoming
from watchword_server.domain.template import Category, Content, Template
from watchword_server.domain.template import Status as TemplateStatus
from watchword_server.ports.inbound import Taken
from watchword_server.services.sending import CustomSending, Start

OTHER = "+14155552672"


def message(text="STOP", sender=PHONE, reference="MO1", **more):
    return Incoming(
        **(
            {"sender": sender, "to": "+14155550100", "channel": "sms", "text": text,
             "reference": reference} | more
        )
    )  # fmt: skip


async def receive(desk, *messages):
    return await desk.runtime.reporting.take(desk.caller.project, "sms carrier", messages)


async def opted_out(desk):
    project = desk.caller.project
    found = await desk.runtime.store.read(lambda tx: tx.opt_outs.page(project, None, 99))
    return [f"{one.masked} {one.channel} {one.source}" for one in found]


async def received(desk):
    """The data of the events of messages."""
    project = desk.caller.project
    found = await desk.runtime.store.read(
        lambda tx: tx.events.after(project, 0, 999, ("message.", "message/"), 99)
    )
    return [msgspec.json.decode(one.data) for one in found]


async def test_stop_opts_out_and_start_in_again(desk):
    assert await receive(desk, message("Stop!")) == Taken(received=1)
    assert await opted_out(desk) == ["+14*****2671 sms recipient"]
    await receive(desk, message("hello", reference="MO2"))
    assert len(await opted_out(desk)) == 1
    await receive(desk, message("START", reference="MO3"))
    assert await opted_out(desk) == []


async def test_what_the_vendor_itself_says_goes_before_the_words(desk):
    await receive(desk, message("whatever", choice=Choice.OUT))
    assert len(await opted_out(desk)) == 1
    await receive(desk, message("STOP", reference="MO2", choice=Choice.IN))
    assert await opted_out(desk) == []


async def a_message_told_twice_is_taken_once(desk, again):
    await receive(desk, message("START"))
    await receive(desk, message("STOP", reference="MO2"))
    await receive(desk, again)
    assert len(await opted_out(desk)) == 1
    assert len(await received(desk)) == 2


async def test_a_message_told_twice_is_taken_once(desk):
    await a_message_told_twice_is_taken_once(desk, message("START"))


async def test_a_message_told_twice_mutant_is_caught(desk):
    with pytest.raises(AssertionError):
        await a_message_told_twice_is_taken_once(desk, message("START", reference="MO3"))


async def test_the_event_shows_neither_code_nor_sender(desk):
    await desk.start()
    await desk.deliver()
    await receive(desk, message(f"is it {desk.code}? call 415 555 2671"))
    (data,) = await received(desk)
    assert data == {
        "to": "+14155550100", "channel": "sms", "provider": "sms carrier",
        "sender": "+14*****2671", "said": "is it ***? call ***",
    }  # fmt: skip


async def test_the_event_shows_no_code_of_letters(desk):
    await desk.start(code="kraKen")
    await desk.deliver()
    await receive(desk, message("I got KRAKEN"))
    assert (await received(desk))[0]["said"] == "I got ***"


@pytest.mark.parametrize("sender", ["12345", "ACME", "", "+999"])
async def test_a_sender_who_is_no_number_is_told_and_nothing_else(desk, sender):
    await receive(desk, message(sender=sender))
    assert await opted_out(desk) == []
    assert (await received(desk))[0]["sender"] == "***"


async def nothing_is_sent_to_whoever_opted_out(desk):
    await receive(desk, message())
    is_refused(await refusal(desk.start()), UNSUBSCRIBED, channel="sms")
    await desk.deliver()
    assert desk.sms.messages == []


async def test_nothing_is_sent_to_whoever_opted_out(desk):
    await nothing_is_sent_to_whoever_opted_out(desk)


async def test_nothing_is_sent_to_whoever_opted_out_mutant_is_caught(desk, monkeypatch):
    monkeypatch.setattr("watchword_server.storage.inbound.OptOutRows._mark", lambda *_: None)
    with pytest.raises(AssertionError):
        await nothing_is_sent_to_whoever_opted_out(desk)


async def test_others_are_sent_to_as_ever(desk):
    await receive(desk, message())
    await desk.start(OTHER)
    await desk.deliver()
    assert len(desk.sms.messages) == 1


async def test_a_start_takes_the_next_step_and_says_why(desk):
    await receive(desk, message())
    accepted = await desk.accept(template="otp-any", route="sms|voice")
    assert accepted.verification.channel == "voice"
    await desk.deliver()
    verification = accepted.verification.id
    assert await desk.deliveries(verification) == ["sms failed", "voice sent"]
    assert (await desk.timeline(verification)).deliveries[0].reason == "opted_out"
    assert desk.sms.messages == []


async def test_a_fallback_honours_an_opt_out_that_came_meanwhile(desk):
    desk.sms.reports = True
    verification = await desk.fall_back()
    await desk.deliver()
    await receive(desk, message(channel="voice"))
    desk.later(60)
    await desk.deliver()
    assert await desk.deliveries(verification) == ["sms unknown", "voice failed"]
    assert desk.voice.messages == []


async def test_a_resend_honours_an_opt_out_that_came_meanwhile(desk):
    verification = await desk.start()
    await desk.deliver()
    await receive(desk, message())
    desk.later(60)
    is_refused(await refusal(desk.resend(verification)), UNSUBSCRIBED, channel="sms")


async def test_a_resend_by_a_channel_that_was_opted_out_is_refused_and_another_is_not(desk):
    verification = await desk.fall_back()
    await desk.deliver()
    await receive(desk, message())
    desk.later(60)
    is_refused(await refusal(desk.resend(verification, "sms")), UNSUBSCRIBED, channel="sms")
    await desk.resend(verification, "voice")
    await desk.deliver()
    assert await desk.deliveries(verification) == ["sms sent", "voice sent"]


async def test_a_code_that_was_sent_before_still_verifies(desk):
    verification = await desk.start()
    await desk.deliver()
    await receive(desk, message())
    assert (await desk.check(verification, desk.code)).verified


async def test_an_alternate_address_has_opt_outs_of_its_own(desk):
    await desk.services.opt_outs.add(desk.caller, "a@example.com", ["email"])
    asked = {"template": "otp-email", "alternate_email": "A@example.com"}
    is_refused(await refusal(desk.start(**asked)), UNSUBSCRIBED, channel="email")
    await desk.start(template="otp-email", alternate_email="b@example.com")
    await desk.deliver()
    assert [one.to for one in desk.mail.messages] == ["b@example.com"]


async def a_notice_honours_opt_outs(desk):
    """It is known by its occasion, not by its address."""
    notice = Template(
        "notice", (Channel.SMS, Channel.VOICE),
        {one: {"default": Content("Hello.")} for one in (Channel.SMS, Channel.VOICE)},
        status=TemplateStatus.APPROVED, category=Category.UTILITY, code_length=0,
    )  # fmt: skip
    project = desk.caller.project
    await desk.runtime.store.write(lambda tx: tx.templates.put(project, notice))
    desk.services.directory.forget()
    await receive(desk, message())
    sending, asked = desk.services.sending, Start(to=PHONE, template="notice")
    await sending.start_custom(desk.caller, asked)
    await desk.deliver()
    assert (len(desk.sms.messages), len(desk.voice.messages)) == (0, 1)
    await receive(desk, message(channel="voice", reference="MO2"))
    is_refused(await refusal(sending.start_custom(desk.caller, asked)), UNSUBSCRIBED)


async def test_a_notice_honours_opt_outs(desk):
    await a_notice_honours_opt_outs(desk)


async def test_a_notice_honours_opt_outs_mutant_is_caught(desk, monkeypatch):
    monkeypatch.setattr(CustomSending, "_wanted", lambda _self, _tx, message, _now: message.draft)
    with pytest.raises(AssertionError):
        await a_notice_honours_opt_outs(desk)
