"""Gateways in a route: what their answers make of a verification."""

import pytest

from providers import telegram_peer, whatsapp_peer
from providers.gateway_peer import Gateway as HttpPeer
from providers.test_http_gateway import gateway
from providers.test_telegram import account as telegram
from providers.test_whatsapp import account as whatsapp
from providers.vendor_peer import vendor
from services.desk import PHONE
from watchword_server.domain import catalogue
from watchword_server.domain.project import Mode
from watchword_server.domain.verification import Status
from watchword_server.services.sending import Start
from watchword_server.testing import FakeProvider, deliver_due, open_runtime


async def sent(folder, adapter, route):
    """A verification over the adapter and, behind it, SMS; its deliveries, and whether it ends."""
    sms = FakeProvider(name="sms carrier", channels=["sms"])
    async with open_runtime(folder, outside=(adapter, sms)) as runtime:
        await runtime.services.projects.create("shop", Mode.LIVE)
        caller = await runtime.operator("shop")
        (mine,) = catalogue.templates(table={"mine": (route, "A code")})
        await runtime.services.templates.create(caller, mine)
        asked = Start(to=PHONE, template="mine", ttl_s=300)
        id = (await runtime.services.sending.start(caller, asked)).verification.id
        await deliver_due(runtime)
        timeline = await runtime.services.reading.message(caller, id)
        if sms.messages:
            checked = await runtime.services.checking.check(caller, id, sms.messages[0].code, None)
            assert checked.status is Status.APPROVED
    return [f"{one.channel} {one.status} {one.reason or ''}".strip() for one in timeline.deliveries]


@pytest.mark.parametrize("code", [131026, 131050, 131049])
async def test_not_on_whatsapp_falls_back_at_once(tmp_path, code, monkeypatch):
    monkeypatch.setitem(whatsapp_peer.CODES, PHONE, (400, code))
    async with vendor(whatsapp_peer.Graph()) as url:
        deliveries = await sent(tmp_path, whatsapp(url), "whatsapp|sms")
    reason = {131026: "unreachable", 131050: "opted_out"}.get(code, "blocked_by_carrier")
    assert deliveries == [f"whatsapp failed {reason}", "sms sent"]


async def test_not_on_telegram_falls_back_at_once(tmp_path, monkeypatch):
    monkeypatch.setitem(telegram_peer.ERRORS, PHONE, "PHONE_NUMBER_NOT_AVAILABLE")
    async with vendor(telegram_peer.Gateway()) as url:
        deliveries = await sent(tmp_path, telegram(url), "telegram|sms")
    assert deliveries == ["telegram failed unreachable", "sms sent"]


async def test_a_gateway_that_takes_it_is_waited_for(tmp_path):
    fake = HttpPeer()
    async with vendor(fake) as url:
        made = gateway(url, channels=["voice"])
        assert await sent(tmp_path, made, "voice|sms") == ["voice sent"]
    assert len(fake.heard) == 1


async def test_a_gateway_that_does_not_answer_is_waited_for_too(tmp_path):
    async with vendor(telegram_peer.Gateway(lost=True)) as url:
        assert await sent(tmp_path, telegram(url), "telegram|sms") == ["telegram unknown timed_out"]
