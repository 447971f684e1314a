"""Textbelt, the shortest provider: what is sent, and what each answer means."""

import re

import pytest

from providers.contract import ProviderContract, Situation
from providers.vendor_cases import PHONE, live, outcome, to_phone
from providers.vendor_peer import Answered, setup, vendor
from watchword_server.domain.delivery import Reason, Receipt
from watchword_server.domain.errors import Misconfigured
from watchword_server.ports.providers import Rejected, Unavailable, Uncertain
from watchword_server.providers import settings as checked
from watchword_server.providers.textbelt import Textbelt

KEY = "tb-key-0123"
ERRORS = {
    "+447700900001": "Out of quota",
    "+447700900002": f"Sorry, {KEY} may not text +447700900002",
}


class FakeTextbelt:
    """Refuses what https://docs.textbelt.com does not know."""

    def __init__(self):
        self.heard = []

    def __call__(self, heard):
        if heard.method == "GET":
            known = heard.path == f"/quota/{KEY}"
            return Answered(200, {"success": known, "quotaRemaining": 98 if known else 0})
        content_type = heard.headers.get("content-type")
        if heard.path != "/text" or content_type != "application/x-www-form-urlencoded":
            return Answered(404, b"Not found")
        given = heard.form
        if set(given) != {"phone", "message", "sender", "key"} or not all(given.values()):
            return Answered(200, {"success": False, "error": "Incomplete request"})
        if given["key"] != KEY:
            return Answered(200, {"success": False, "error": "Invalid key", "quotaRemaining": 0})
        to = given["phone"]
        if not re.fullmatch(r"\+[1-9]\d{6,14}", to):
            return Answered(200, {"success": False, "error": "Invalid phone number"})
        if to in ERRORS:
            return Answered(200, {"success": False, "error": ERRORS[to], "quotaRemaining": 0})
        if to == "+447700900003":
            return Answered(502, b"Bad gateway")
        self.heard.append(heard)
        return Answered(200, {"success": True, "textId": 12345, "quotaRemaining": 40})


def account(url, **changes):
    return Textbelt(checked("textbelt", {"key": KEY, "base_url": url, **changes}), setup())


@pytest.fixture
async def peer():
    fake = FakeTextbelt()
    async with vendor(fake) as url:
        fake.url = url
        yield fake


class TestContract(ProviderContract):
    @pytest.fixture
    async def situations(self, peer):
        ends = {
            PHONE: Receipt, "+447700900001": Unavailable, "+447700900002": Rejected,
            "+447700900003": Uncertain,
        }  # fmt: skip
        return {
            to: Situation(lambda: account(peer.url), end, to_phone(to=to), (KEY,))
            for to, end in ends.items()
        }


async def test_a_text_is_sent_as_it_is(peer):
    sent = to_phone(text="a=b&c é\n482913")
    assert await outcome(account(peer.url), sent) == Receipt(reference="12345")
    assert peer.heard[0].form == {
        "phone": PHONE, "message": "a=b&c é\n482913", "sender": "Acme", "key": KEY
    }  # fmt: skip


@pytest.mark.parametrize(
    ("to", "end"),
    [
        ("+447700900001", ("unavailable", Reason.NO_CREDIT, "Out of quota")),
        ("+447700900002", ("rejected", Reason.OTHER, "Sorry, *** may not text ***")),
        ("+447700900003", ("uncertain", None, "HTTP 502")),
    ],
)
async def test_a_refusal_means_what_it_says(peer, to, end):
    assert await outcome(account(peer.url), to_phone(to=to)) == end


async def test_a_checkup_tells_how_many_are_left(peer):
    fine = await account(peer.url).checkup()
    assert (fine.ok, fine.balance, fine.detail) == (True, "98", "98 messages are left.")
    wrong = await account(peer.url, key="other").checkup()
    assert (wrong.ok, wrong.detail) == (False, "The key is not known.")


def test_a_key_that_would_change_the_url_is_refused():
    with pytest.raises(Misconfigured, match="key"):
        account("https://textbelt.com", key="a/../b")


async def test_a_live_account_takes_a_message():
    key, to = live("textbelt", "KEY", "TO")
    sent = to_phone(to=to, text="482913 is your code.")
    assert type(await outcome(account("https://textbelt.com", key=key), sent)) is Receipt
