"""Marketing: off until somebody says so, never to who opted out, never at night."""

import pytest

from services.desk import PHONE, is_refused, refusal
from services.test_incoming import message, receive
from watchword_server.clock import local_minutes
from watchword_server.domain.channel import Channel
from watchword_server.domain.errors import NOT_ALLOWED_HERE, RATE_LIMITED, UNSUBSCRIBED
from watchword_server.domain.quiet_hours import Marketing
from watchword_server.domain.template import Category, Content, Status, Template
from watchword_server.services.sending import Start, custom

OFFER = Template(
    "offer", (Channel.SMS, Channel.VOICE, Channel.EMAIL),
    {one: {"default": Content("A sale!", subject="Sale")}
     for one in (Channel.SMS, Channel.VOICE, Channel.EMAIL)},
    status=Status.APPROVED, category=Category.MARKETING, code_length=0,
)  # fmt: skip
ASKED = Start(to=PHONE, template="offer")
NIGHT, NOON = 1_800_000_000_000, 1_800_044_400_000
"""00:00 and 12:20 in California, where PHONE is."""


@pytest.fixture
async def shop(desk):
    project = desk.caller.project
    await desk.runtime.store.write(lambda tx: tx.templates.put(project, OFFER))
    await desk.services.projects.update(
        project, None, None, None, marketing=Marketing(enabled=True)
    )
    desk.clock.advance(NOON - desk.clock.now())
    return desk


async def send(desk, to=PHONE, more=None):
    asked = Start(to=to, template="offer")
    await desk.services.sending.start_custom(desk.caller, asked, more)
    await desk.deliver()


async def test_marketing_is_off_unless_the_project_says_so(shop):
    await shop.services.projects.update(
        shop.caller.project, None, None, None, marketing=Marketing()
    )
    is_refused(await refusal(send(shop)), NOT_ALLOWED_HERE, reason="marketing_off")
    assert shop.sms.messages == []


async def test_marketing_is_sent_by_day(shop):
    await send(shop)
    assert [one.text for one in shop.sms.messages] == ["A sale!"]


async def nobody_is_disturbed_at_night(shop):
    shop.later((NIGHT + 86_400_000 - shop.clock.now()) / 1000)
    problem = await refusal(send(shop))
    is_refused(problem, RATE_LIMITED, limit="quiet_hours")
    assert shop.sms.messages == []
    shop.later(problem.retry_after - 1)
    is_refused(await refusal(send(shop)), RATE_LIMITED, limit="quiet_hours")
    shop.later(1)
    await send(shop)


async def test_nobody_is_disturbed_at_night(shop):
    await nobody_is_disturbed_at_night(shop)


async def test_nobody_is_disturbed_at_night_mutant_is_caught(shop, monkeypatch):
    monkeypatch.setattr(custom, "check_hours", lambda *_: None)
    with pytest.raises(AssertionError):
        await nobody_is_disturbed_at_night(shop)


async def test_one_who_sleeps_keeps_the_others_from_it_and_is_named(shop):
    problem = await refusal(send(shop, more=[PHONE, "+819012345678"]))  # 05:20 in Tokyo
    is_refused(problem, RATE_LIMITED, field="to[1]", limit="quiet_hours")
    assert shop.sms.messages == []


async def test_an_email_wakes_nobody(shop):
    shop.later((NIGHT + 86_400_000 - shop.clock.now()) / 1000)
    await send(shop, "ada@example.com")
    assert len(shop.mail.messages) == 1


async def test_a_number_of_no_zone_is_refused(shop):
    problem = await refusal(send(shop, "+80012345678"))
    is_refused(problem, NOT_ALLOWED_HERE, reason="time_zone_unknown")


async def test_who_opted_out_of_any_channel_gets_no_marketing(shop):
    await receive(shop, message(channel="voice"))
    is_refused(await refusal(send(shop)), UNSUBSCRIBED, channel="voice")
    assert shop.sms.messages == []


async def test_a_marketing_template_starts_no_verification(shop):
    is_refused(await refusal(shop.start(template="offer")), NOT_ALLOWED_HERE)


def test_a_country_of_many_zones_counts_them_all():
    assert local_minutes(PHONE, NIGHT) == (0,)
    assert len(local_minutes("+79161234567", NIGHT)) > 5
    assert local_minutes("+80012345678", NIGHT) == ()
