"""The Telegram Gateway: what is sent, what each answer means, and which reports are believed."""

import asyncio
import json

import pytest

from providers import telegram_peer as peer
from providers.contract import ProviderContract, Situation, message
from providers.telegram_peer import Gateway
from providers.vendor_cases import PHONE, callback, live, outcome, sample, to_phone
from providers.vendor_peer import CALLBACK_URL, Answered, setup, vendor
from watchword_server.domain.delivery import DeliveryStatus, Reason, Receipt
from watchword_server.domain.errors import Misconfigured
from watchword_server.domain.inbound import Report
from watchword_server.ports.providers import Forged, Rejected, Unavailable, Uncertain, Unreadable
from watchword_server.providers import settings as checked
from watchword_server.providers.telegram import ERRORS, MAX_AGE_S, STATUSES, Telegram, signature

SENT = Receipt(reference=peer.REQUEST_ID)
NOW = setup().now() // 1000


def account(url="https://gatewayapi.telegram.org", given=None, **changes):
    values = {"token": peer.TOKEN, "base_url": url, **changes}
    return Telegram(checked("telegram", values), given or setup())


def handed(to=PHONE, **changes):
    return to_phone("telegram", to=to, **changes)


async def ended(fake, to=PHONE, **changes):
    async with vendor(fake) as url:
        return await outcome(account(url), handed(to, **changes))


class TestContract(ProviderContract):
    @pytest.fixture
    async def situations(self):
        async with vendor(Gateway()) as url, vendor(Gateway(lost=True)) as lossy:

            def to(number, end, at=url, token=peer.TOKEN):
                return Situation(lambda: account(at, token=token), end, handed(number), (token,))

            yield {
                "sent": to(PHONE, Receipt),
                "not on Telegram": to("+447700900001", Rejected),
                "no money": to("+447700900002", Unavailable),
                "new": to("+447700900004", Rejected),
                "bad gateway": to("+447700900006", Unavailable),
                "lost": to(PHONE, Uncertain, lossy),
                "a wrong token": to(PHONE, Unavailable, token="wrong-token-1"),
            }


async def test_our_own_code_is_sent_under_the_request_that_was_checked():
    fake = Gateway()
    assert await ended(fake) == SENT
    (heard,) = fake.heard
    assert heard.json == {
        "phone_number": PHONE, "request_id": peer.REQUEST_ID, "code": "482913", "ttl": 300,
        "payload": message().id, "callback_url": CALLBACK_URL,
    }  # fmt: skip


async def test_a_sender_of_ones_own_is_named():
    fake = Gateway()
    async with vendor(fake) as url:
        await outcome(account(url, sender_username="acme"), handed())
    assert fake.heard[0].json["sender_username"] == "acme"


@pytest.mark.parametrize(("ttl", "sent"), [(10, 30), (7200, 3600), (0, None)])
async def test_how_long_a_code_is_good_is_told_within_the_limits(ttl, sent):
    fake = Gateway()
    assert await ended(fake, ttl_s=ttl) == SENT
    assert fake.heard[0].json.get("ttl") == sent


@pytest.mark.parametrize("url", ["", "http://127.0.0.1:8080/callbacks/x", "https://" + "x" * 260])
async def test_a_callback_url_that_telegram_refuses_is_not_given(url):
    plain = setup()
    given = type(plain)(
        account="acme", callback_url=url, network=plain.network, now=plain.now, entropy=bytes
    )
    fake = Gateway()
    async with vendor(fake) as at:
        made = account(at, given)
        assert made.reports is False
        assert await outcome(made, handed()) == SENT
    assert "callback_url" not in fake.heard[0].json
    assert account().reports is True


@pytest.mark.parametrize("code", ["", "123", "123456789", "12a456", "١٢٣٤٥٦"])
async def test_a_code_that_telegram_does_not_take_is_not_sent(code):
    fake = Gateway()
    kind, reason, _ = await ended(fake, code=code)
    assert (kind, reason, fake.heard) == ("rejected", Reason.CONTENT_REJECTED, [])


@pytest.mark.parametrize(
    ("to", "end"),
    [
        ("+447700900001", ("rejected", Reason.UNREACHABLE, "PHONE_NUMBER_NOT_AVAILABLE")),
        ("+447700900002", ("unavailable", Reason.NO_CREDIT, "BALANCE_NOT_ENOUGH")),
        ("+447700900003", ("unavailable", Reason.THROTTLED, "FLOOD_WAIT_17")),
        ("+447700900004", ("rejected", Reason.OTHER, "SOMETHING_NEW")),
        ("+447700900005", ("rejected", Reason.INVALID_RECIPIENT, "PHONE_NUMBER_INVALID")),
        ("+447700900006", ("unavailable", Reason.PROVIDER_DOWN, "HTTP 502")),
    ],
)
async def test_a_refusal_means_what_it_says_and_nothing_is_sent(to, end):
    fake = Gateway()
    assert (await ended(fake, to), fake.heard) == (end, [])


@pytest.mark.parametrize("error", ERRORS)
async def test_every_row_of_the_table_is_what_comes_of_it(error, monkeypatch):
    monkeypatch.setitem(peer.ERRORS, PHONE, error)
    kind, reason, raw = await ended(Gateway())
    assert (reason, raw) == (ERRORS[error], error)
    ours = {Reason.THROTTLED, Reason.NO_CREDIT, Reason.MISCONFIGURED, Reason.PROVIDER_DOWN}
    assert kind == ("unavailable" if reason in ours else "rejected")


async def test_a_check_without_an_answer_has_sent_nothing():
    kind, reason, _ = await ended(Gateway("checkSendAbility"))
    assert (kind, reason) == ("unavailable", Reason.PROVIDER_DOWN)


async def a_lost_answer_is_found_again(make=Telegram):
    fake = Gateway("sendVerificationMessage")
    async with vendor(fake) as url:
        assert await outcome(make(account(url)._settings, setup()), handed()) == SENT
    assert len(fake.heard) == 1


async def test_a_lost_answer_is_found_again():
    await a_lost_answer_is_found_again()


async def test_a_lost_answer_is_found_again_mutant_is_caught():
    class Incurious(Telegram):
        async def _found_out(self, request_id, message):
            return None

    with pytest.raises(AssertionError):
        await a_lost_answer_is_found_again(Incurious)


async def test_what_was_lost_on_the_way_stays_uncertain():
    kind, _, _ = await ended(Gateway(lost=True))
    assert kind == "uncertain"
    kind, _, _ = await ended(Gateway("sendVerificationMessage", "checkVerificationStatus"))
    assert kind == "uncertain"


async def test_an_answer_without_a_request_id_has_sent_nothing():
    async def odd(heard):
        return Answered(200, {"ok": True, "result": {}})

    kind, reason, _ = await ended(odd)
    assert (kind, reason) == ("unavailable", Reason.PROVIDER_DOWN)


async def test_all_three_questions_end_in_time(monkeypatch):
    async def silent(heard):
        await asyncio.Event().wait()

    monkeypatch.setattr("watchword_server.providers.telegram._CHECK_S", 0.1)
    kind, reason, _ = await ended(silent)
    assert (kind, reason) == ("unavailable", Reason.PROVIDER_DOWN)


async def test_a_message_can_be_revoked():
    fake = Gateway()
    async with vendor(fake) as url:
        assert await account(url).revoke(peer.REQUEST_ID) is True
        assert await account(url, token="wrong").revoke(peer.REQUEST_ID) is False
    assert fake.revoked == [peer.REQUEST_ID]


async def test_a_checkup_says_whether_the_token_is_taken():
    async with vendor(Gateway()) as url:
        assert (await account(url).checkup()).ok is True
        assert (await account(url, token="wrong").checkup()).detail == "The token was refused."
    async with vendor(lambda heard: Answered(502, b"")) as url:
        assert (await account(url).checkup()).detail == "The answer was HTTP 502."
    assert (await account(url).checkup()).ok is False


# ---- reports --------------------------------------------------------------------------------


def signed(body, at=NOW, token=peer.TOKEN):
    value = signature(token, str(at), body)
    return callback(body, x_request_timestamp=str(at), x_request_signature=value)


def report(name):
    return sample("telegram", f"report-{name}.json")


@pytest.mark.parametrize(("name", "became"), STATUSES.items())
def test_a_report_is_believed_and_mapped(name, became):
    assert account().told(signed(report(name))).inbound == (
        Report(
            references=(peer.REQUEST_ID, message().id), status=became[0], reason=became[1],
            raw=name,
        ),
    )  # fmt: skip
    assert became[0] in (DeliveryStatus.DELIVERED, DeliveryStatus.UNDELIVERED)


def test_the_signature_is_the_one_the_vendor_describes():
    """Computed with OpenSSL: an HMAC-SHA256 under SHA256("token") of `1740571205` LF `{}`."""
    assert signature("token", "1740571205", b"{}") == (
        "246125688783ef4ab6945329abfb9e2ff7100a83f205287b0e14c703885ce391"
    )


def test_a_step_on_the_way_or_a_new_status_says_nothing():
    assert account().told(signed(report("sent"))).inbound == ()
    odd = json.dumps({"request_id": "1", "delivery_status": {"status": "melted"}}).encode()
    assert account().told(signed(odd)).inbound == ()
    assert account().told(signed(b'{"request_id": "1"}')).inbound == ()


class Believing(Telegram):
    """Signs what it is told itself."""

    def told(self, callback):
        return super().told(signed(callback.body))


def believes_nobody(make=Telegram):
    right = signed(report("read"))
    headers = {name.replace("-", "_"): value for name, value in right.headers.items()}
    for given in (
        callback(report("read")),
        callback(report("expired"), **headers),
        callback(report("read"), **headers | {"x_request_timestamp": str(NOW + 1)}),
        signed(report("read"), token="another"),
        callback(report("read"), **headers | {"x_request_signature": "é"}),
        signed(report("read"), NOW - MAX_AGE_S - 1),
        signed(report("read"), NOW + MAX_AGE_S + 1),
        signed(report("read"), "soon"),
        signed(report("read"), "9" * 5000),
    ):
        with pytest.raises(Forged):
            make(account()._settings, setup()).told(given)


def test_a_report_that_telegram_did_not_sign_or_that_is_old_is_forged():
    believes_nobody()


def test_a_report_that_telegram_did_not_sign_or_that_is_old_is_forged_mutant_is_caught():
    with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
        believes_nobody(Believing)


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"{}", b'{"request_id": 7}', b"\xff"])
def test_what_is_no_report_is_unreadable(body):
    with pytest.raises(Unreadable):
        account().told(signed(body))


@pytest.mark.parametrize(
    ("changes", "word"),
    [({"token": "a b"}, "token"), ({"base_url": "x"}, "base_url"), ({"bot": "1"}, "bot")],
)
def test_wrong_settings_are_named(changes, word):
    with pytest.raises(Misconfigured, match=word):
        account(**changes)


async def test_a_live_account_takes_a_message():
    token, to = live("telegram", "TOKEN", "TO")
    assert type(await outcome(account(token=token), handed(to))) is Receipt
