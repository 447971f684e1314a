"""A canceled verification's messages are taken back where the vendor can."""

import pytest

from services.desk import refusal
from watchword_server.domain.delivery import Receipt
from watchword_server.services.sending.taking_back import TakingBack
from watchword_server.testing import FakeProvider


def revoking(desk, monkeypatch):
    """The SMS carrier, which notes what it is asked to take back."""
    asked = []

    async def revoke(self, reference):
        asked.append(reference)
        return True

    monkeypatch.setattr(FakeProvider, "revoke", revoke)
    desk.sms.reports = True
    return asked


async def canceled_after_sending(desk, monkeypatch):
    asked = revoking(desk, monkeypatch)
    desk.sms.script = [Receipt(reference="vendor-7")]
    verification = await desk.start()
    await desk.deliver()
    assert asked == []
    await desk.cancel(verification)
    await desk.services.sending.taking_back.settled()
    assert asked == ["vendor-7"]
    await refusal(desk.cancel(verification))
    await desk.services.sending.taking_back.settled()
    assert asked == ["vendor-7"]


async def test_what_was_sent_is_taken_back_once(desk, monkeypatch):
    await canceled_after_sending(desk, monkeypatch)


async def test_what_was_sent_mutant_is_caught(desk, monkeypatch):
    monkeypatch.setattr(TakingBack, "begin", lambda *_: None)
    with pytest.raises(AssertionError):
        await canceled_after_sending(desk, monkeypatch)


async def test_what_arrived_or_was_never_sent_is_left_alone(desk, monkeypatch):
    asked = revoking(desk, monkeypatch)
    await desk.cancel(await desk.start())  # still queued
    desk.later(60)
    desk.sms.script = [Receipt(reference="here", delivered=True)]
    verification = await desk.start()
    await desk.deliver()
    await desk.cancel(verification)
    await desk.services.sending.taking_back.settled()
    assert asked == []


async def test_a_vendor_that_breaks_breaks_nothing(desk, monkeypatch):
    async def revoke(self, reference):
        raise RuntimeError("it has bad manners")

    monkeypatch.setattr(FakeProvider, "revoke", revoke)
    desk.sms.script = [Receipt(reference="vendor-7")]
    verification = await desk.start()
    await desk.deliver()
    await desk.cancel(verification)
    await desk.services.sending.taking_back.settled()
    assert await desk.status(verification) == "canceled"
