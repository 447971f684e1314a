"""A real vendor's callbacks from end to end: sent through its account, reported over HTTP."""

import base64
import hashlib
import hmac
from urllib.parse import urlencode

import pytest

from api.asgi_client import AsgiClient
from providers import twilio_peer as peer
from providers.twilio_peer import FakeTwilio
from providers.vendor_peer import vendor
from services.desk import PHONE, Desk, is_refused, refusal
from watchword_server.api.app import create
from watchword_server.domain import ids
from watchword_server.domain.errors import UNSUBSCRIBED
from watchword_server.domain.project import Mode
from watchword_server.services.accounts import NewAccount
from watchword_server.testing import FakeProvider, open_runtime

PUBLIC = "https://otp.example.com"
SID = f"SM{1:032x}"


class Account:
    """A Twilio account of the desk's project, and Twilio as a client."""

    def __init__(self, desk, id, twilio):
        self.desk, self.twilio = desk, twilio
        self.path = f"/callbacks/{ids.text(ids.Prefix.PROVIDER, id)}"
        self.client = AsgiClient(create(desk.runtime), host="otp.example.com")

    async def post(self, token=peer.TOKEN, **fields):
        body = urlencode(fields)
        signed = PUBLIC + self.path + "".join(f"{one}{fields[one]}" for one in sorted(fields))
        seal = base64.b64encode(hmac.digest(token.encode(), signed.encode(), hashlib.sha1))
        headers = {
            "content-type": "application/x-www-form-urlencoded",
            "x-twilio-signature": seal.decode(),
        }
        return await self.client.post(self.path, body, headers=headers)


@pytest.fixture
async def account(tmp_path, clock):
    async with vendor(twilio := FakeTwilio()) as url:
        voice = FakeProvider(name="voice carrier", channels=["voice"])
        more = {"public_url": PUBLIC, "provider_allow": ("127.0.0.0/8",)}
        async with open_runtime(tmp_path, clock=clock, outside=(voice,), **more) as runtime:
            await runtime.services.projects.create("shop", Mode.LIVE)
            caller = await runtime.operator("shop")
            settings = {
                "account_sid": peer.ACCOUNT, "auth_token": peer.TOKEN, "base_url": url,
                "sms_from": peer.SENDER,
            }  # fmt: skip
            new = NewAccount(name="twilio", provider="twilio", settings=settings)
            made = await runtime.services.provider_accounts.create(caller, new)
            desk = Desk(runtime, clock, caller, voice, voice, voice)
            yield Account(desk, made.account.id, twilio)


@pytest.fixture
async def sent(account):
    """A verification whose SMS Twilio has taken."""
    verification = await account.desk.fall_back()
    await account.desk.deliver()
    assert await account.desk.deliveries(verification) == ["sms sent"]
    assert account.twilio.taken[0][1]["StatusCallback"].startswith(PUBLIC + account.path)
    return verification


async def test_a_status_that_twilio_signed_moves_the_delivery(account, sent):
    assert (await account.post(MessageSid=SID, MessageStatus="sent")).status == 200
    assert await account.desk.deliveries(sent) == ["sms sent"]
    assert (await account.post(MessageSid=SID, MessageStatus="delivered")).status == 200
    assert await account.desk.deliveries(sent) == ["sms delivered"]


async def test_an_undelivered_message_falls_back_and_its_code_is_kept(account, sent):
    failed = {"MessageSid": SID, "MessageStatus": "undelivered", "ErrorCode": "30005"}
    assert (await account.post(**failed)).status == 200
    await account.desk.deliver()
    assert await account.desk.deliveries(sent) == ["sms undelivered", "voice sent"]
    (first, _) = (await account.desk.timeline(sent)).deliveries
    assert (first.reason, first.raw) == ("invalid_recipient", "undelivered 30005")


async def a_forged_status_changes_nothing(account, sent, token):
    reply = await account.post(token, MessageSid=SID, MessageStatus="undelivered")
    assert reply.status == 401
    assert reply.json["code"] == 2001
    assert await account.desk.deliver() == 0
    assert await account.desk.deliveries(sent) == ["sms sent"]


async def test_a_forged_status_changes_nothing(account, sent):
    await a_forged_status_changes_nothing(account, sent, "another token")


async def test_a_forged_status_mutant_is_caught(account, sent):
    with pytest.raises(AssertionError):
        await a_forged_status_changes_nothing(account, sent, peer.TOKEN)


async def test_a_status_of_another_message_is_not_found(account, sent):
    reply = await account.post(MessageSid="SM" + "9f" * 16, MessageStatus="delivered")
    assert (reply.status, reply.json["code"]) == (404, 4001)


async def test_stop_is_answered_as_twilio_wants_and_honoured(account, sent):
    incoming = {"MessageSid": "SM" + "8e" * 16, "From": PHONE, "To": peer.SENDER, "Body": "Stop"}
    reply = await account.post(**incoming)
    assert (reply.status, reply.headers["content-type"]) == (200, "text/xml")
    account.desk.later(300)
    asked = account.desk.start(to=PHONE, template="otp-sms")
    is_refused(await refusal(asked), UNSUBSCRIBED, channel="sms")
