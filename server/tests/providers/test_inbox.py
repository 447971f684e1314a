"""The inbox plays every channel, and its script is played as written."""

import asyncio

import pytest

from providers import contract
from providers.contract import ProviderContract, Situation
from watchword_server.domain.delivery import Reason, Receipt
from watchword_server.domain.errors import Misconfigured
from watchword_server.ports.providers import Rejected, Unavailable, Uncertain
from watchword_server.providers.inbox import Act, Inbox, Kind, Settings, parse

SMS = contract.message(channel="sms", to="+4915112345678", subject=None, html=None)


def scripted(text, **options):
    return Inbox(Settings(script=text), **options)


class TestContract(ProviderContract):
    @pytest.fixture
    def situations(self):
        return {
            "plain": Situation(Inbox, Receipt),
            "sent": Situation(lambda: scripted("*=sent"), Receipt, SMS),
            "reject": Situation(lambda: scripted("sms=reject:unreachable"), Rejected, SMS),
            "unavailable": Situation(lambda: scripted("*=unavailable:throttled"), Unavailable),
            "uncertain": Situation(lambda: scripted("email=uncertain"), Uncertain),
            "late": Situation(lambda: scripted("*=late:0.01"), Receipt),
        }


def test_it_plays_every_channel_that_carries_a_message():
    channels = {"sms", "whatsapp", "email", "voice", "rcs", "telegram", "viber"}
    assert Inbox.channels == channels
    assert Inbox.local
    assert Inbox.reports


@pytest.mark.asyncio
async def test_a_message_is_delivered_at_once():
    assert await Inbox().send(SMS) == Receipt(reference=SMS.id, delivered=True)


@pytest.mark.asyncio
async def test_the_script_decides_by_channel():
    inbox = scripted(" sms=reject:unreachable , whatsapp=sent, *=unavailable:throttled ")
    with pytest.raises(Rejected) as rejected:
        await inbox.send(SMS)
    assert rejected.value.reason is Reason.UNREACHABLE
    receipt = await inbox.send(contract.message(channel="whatsapp"))
    assert receipt == Receipt(reference=SMS.id, delivered=False)
    with pytest.raises(Unavailable) as unavailable:
        await inbox.send(contract.message(channel="voice"))
    assert unavailable.value.reason is Reason.THROTTLED


@pytest.mark.asyncio
async def test_a_channel_without_a_line_is_delivered():
    assert (await scripted("sms=uncertain").send(contract.message())).delivered


@pytest.mark.asyncio
async def test_late_waits_as_long_as_it_says():
    waited = []

    async def sleep(seconds):
        waited.append(seconds)

    receipt = await scripted("sms=late:2.5", sleep=sleep).send(SMS)
    assert waited == [2.5]
    assert receipt.delivered


@pytest.mark.asyncio
async def test_a_script_can_be_a_function():
    acts = iter([Act(Kind.UNAVAILABLE, Reason.PROVIDER_DOWN), Act(Kind.DELIVERED)])
    inbox = Inbox(script=lambda _: next(acts))
    with pytest.raises(Unavailable):
        await inbox.send(SMS)
    assert (await inbox.send(SMS)).delivered


@pytest.mark.parametrize("text", ["", " ", ",", " , "])
def test_an_empty_script_is_none(text):
    assert parse(text) is None


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("sms", "write channel=kind"),
        ("sms=reject:unreachable,fax=sent", "'fax=sent': the channel is one of email, rcs, sms"),
        ("silent=sent", "the channel is one of"),
        ("sms=lost", "the kind is one of delivered, sent, reject, unavailable, uncertain, late"),
        ("sms=reject", "write reject:reason, the reason one of invalid_recipient"),
        ("sms=unavailable:tired", "write unavailable:reason"),
        ("sms=late", "write late:seconds, from 0 to 60"),
        ("sms=late:-1", "write late:seconds"),
        ("sms=late:nan", "write late:seconds"),
        ("sms=late:61", "write late:seconds"),
        ("sms=sent:now", "sent takes nothing after it"),
        ("sms=sent,sms=delivered", "sms is there already"),
    ],
)
def test_a_script_that_cannot_be_read_says_what_to_write(text, complaint):
    with pytest.raises(Misconfigured, match="^WATCHWORD_INBOX_SCRIPT: cannot read ") as error:
        Settings(script=text)
    assert complaint in str(error.value)


@pytest.mark.asyncio
async def test_many_at_once():
    receipts = await asyncio.gather(*(Inbox().send(SMS) for _ in range(100)))
    assert all(receipt.delivered for receipt in receipts)
