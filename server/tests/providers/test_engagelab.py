"""EngageLab: what is sent, what each answer means, and which callbacks are believed."""

import hashlib
import hmac
from contextlib import AsyncExitStack

import msgspec
import pytest
import pytest_asyncio
from engagelab_otp import WebhookSignatureError, WebhookVerifier

from providers import engagelab_peer as peer
from providers.contract import CODE, ProviderContract, Situation
from providers.engagelab_peer import FakeEngagelab, problem
from providers.vendor_cases import PHONE, SPELLED, callback, live, outcome, sample, to_phone
from providers.vendor_peer import Answered, setup, vendor
from watchword_server.domain.delivery import Reason, Receipt
from watchword_server.domain.errors import Misconfigured
from watchword_server.ports.providers import Forged, Rejected, Unavailable, Uncertain, Unreadable
from watchword_server.providers import engagelab
from watchword_server.providers import settings as checked
from watchword_server.providers.engagelab import CODES, STATUSES, Engagelab

USER, HOOK_SECRET = "acme", "b5Xc8LqZ2nRw7TmV4yKd"
VALUES = {
    "dev_key": peer.KEY,
    "dev_secret": peer.SECRET,
    "sms_template": "acme-sms",
    "whatsapp_template": "acme-wa",
    "voice_template": "acme-voice",
    "email_template": "acme-mail",
    "callback_username": USER,
    "callback_secret": HOOK_SECRET,
}
NOW_S = 1_800_000_000
ECHO = f"{PHONE} {PHONE[1:]} {CODE} {SPELLED} {peer.SECRET}"


def account(url="https://otp.api.engagelab.cc", **changes):
    values = {**VALUES, "base_url": url, **changes}
    given = {name: value for name, value in values.items() if value is not None}
    return Engagelab(checked("engagelab", given), setup())


async def sent(handed, **changes):
    fake = FakeEngagelab()
    async with vendor(fake) as url:
        receipt = await outcome(account(url, **changes), handed)
    assert receipt == Receipt(reference="1725407449772531713"), receipt
    return fake.taken[0]


async def answered(answer, handed=None, **changes):
    """What it means when EngageLab answers so."""
    async with vendor(FakeEngagelab(answer)) as url:
        return await outcome(account(url, **changes), handed or to_phone())


class TestContract(ProviderContract):
    @pytest_asyncio.fixture
    async def situations(self):
        async with AsyncExitStack() as stack:

            async def situation(ends_in, answer=None, **changes):
                url = await stack.enter_async_context(vendor(FakeEngagelab(answer)))
                secrets = (peer.SECRET, HOOK_SECRET)
                return Situation(lambda: account(url, **changes), ends_in, to_phone(), secrets)

            yield {
                "taken": await situation(Receipt),
                "refused": await situation(Rejected, problem(400, 5019, ECHO)),
                "too soon": await situation(Rejected, problem(400, 3004, ECHO)),
                "failed": await situation(Unavailable, problem(400, 5001, ECHO)),
                "locked out": await situation(Unavailable, dev_secret="wrong"),
                "down": await situation(Uncertain, problem(500, 1000, ECHO)),
                "cut off": await situation(Uncertain, Answered(hang_up=True)),
                "gibberish": await situation(Uncertain, Answered(200, ECHO.encode())),
                "unknown": await situation(Rejected, problem(400, 9999, ECHO * 20)),
            }


# ---- what is sent -----------------------------------------------------------------------------


async def test_a_code_is_sent_by_the_template_of_its_channel():
    body = await sent(to_phone("whatsapp", language="zh_CN", params={"name": "Bob"}))
    assert body == {
        "to": PHONE,
        "code": CODE,
        "template": {"id": "acme-wa", "language": "zh_CN", "params": {"name": "Bob"}},
    }


async def test_a_language_that_it_does_not_know_is_left_to_the_template():
    assert (await sent(to_phone(language="pt")))["template"]["language"] == "default"


async def test_a_code_goes_by_email_too():
    body = await sent(to_phone("email", to="rosalind@lab.example.com"))
    assert body["template"]["id"] == "acme-mail"


async def test_a_notice_has_no_code_and_is_not_sent():
    assert (await answered(None, to_phone(code="")))[:2] == ("rejected", Reason.CONTENT_REJECTED)


async def test_a_channel_that_lost_its_template_is_not_sent():
    made = await answered(None, to_phone("voice"), voice_template=None)
    assert made[:2] == ("unavailable", Reason.MISCONFIGURED)


GOOD = {"to": PHONE, "code": CODE, "template": {"id": "acme-sms", "params": {"a": "b"}}}
BROKEN = {
    "unknown field": GOOD | {"colour": "red"},
    "no code": {"to": PHONE, "template": {"id": "acme-sms"}},
    "number": GOOD | {"code": 123456},
    "no plus": GOOD | {"to": PHONE[1:]},
    "list": GOOD | {"to": [PHONE]},
    "template": GOOD | {"template": {"id": "other"}},
    "language": GOOD | {"template": {"id": "acme-sms", "language": "de"}},
    "params": GOOD | {"template": {"id": "acme-sms", "params": {"a": 1}}},
}


async def asked(body, **headers):
    headers = {"Authorization": engagelab.calling.basic(peer.KEY, peer.SECRET)} | headers
    async with vendor(FakeEngagelab()) as url:
        return (await setup().network.request("POST", f"{url}/v1/codes", headers, body)).status


async def test_the_fake_takes_what_is_right():
    assert await asked(msgspec.json.encode(GOOD)) == 200


@pytest.mark.parametrize("broken", BROKEN)
async def test_the_fake_refuses_a_request_that_is_broken(broken):
    assert await asked(msgspec.json.encode(BROKEN[broken])) == 400


async def test_the_fake_refuses_another_type_a_stranger_and_no_json():
    body = msgspec.json.encode(GOOD)
    assert await asked(body, **{"Content-Type": "text/plain"}) == 400
    assert await asked(body, Authorization="Basic eDp5") == 401
    assert await asked(b"{") == 400


# ---- what an answer means ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "code", "kind", "reason"),
    [
        (401, 2001, "unavailable", Reason.MISCONFIGURED),
        (401, 2002, "unavailable", Reason.MISCONFIGURED),
        (403, 2004, "unavailable", Reason.MISCONFIGURED),
        (400, 3003, "rejected", Reason.OTHER),
        (400, 3004, "rejected", Reason.THROTTLED),
        (429, 3004, "rejected", Reason.THROTTLED),
        (429, 0, "unavailable", Reason.THROTTLED),
        (400, 4001, "unavailable", Reason.MISCONFIGURED),
        (400, 5001, "unavailable", Reason.PROVIDER_DOWN),
        (400, 5011, "rejected", Reason.INVALID_RECIPIENT),
        (400, 5012, "rejected", Reason.UNREACHABLE),
        (400, 5013, "rejected", Reason.BLOCKED_BY_CARRIER),
        (400, 5014, "rejected", Reason.CONTENT_REJECTED),
        (400, 5019, "rejected", Reason.OPTED_OUT),
        (400, 9999, "rejected", Reason.OTHER),
        (500, 1000, "uncertain", None),
    ],
)
async def test_what_a_refusal_means(status, code, kind, reason):
    raw = f"{code or f'HTTP {status}'} Words"
    assert await answered(problem(status, code)) == (kind, reason, raw)


@pytest.mark.parametrize("code", sorted(set(CODES) - {engagelab.TOO_SOON}))
async def test_every_code_of_the_table_gives_its_reason(code):
    kind, reason, raw = await answered(problem(400, code, ""))
    assert (reason, raw) == (CODES[code], str(code))
    assert kind == ("unavailable" if reason in engagelab.calling.OURS else "rejected")


async def test_an_answer_that_is_no_json_keeps_the_status():
    assert await answered(Answered(400, b"<html>")) == ("rejected", Reason.OTHER, "HTTP 400")
    assert await answered(Answered(200, b"{}")) == ("uncertain", None, "HTTP 200")
    assert await answered(Answered(400, {"code": "5011"})) == ("rejected", Reason.OTHER, "5011")


# ---- callbacks --------------------------------------------------------------------------------


def header(secret=HOOK_SECRET, time=NOW_S, user=USER, nonce="abc123", order="{t}{n}{u}"):
    told = order.format(t=time, n=nonce, u=user)
    signature = hmac.new(secret.encode(), told.encode(), hashlib.sha256).hexdigest()
    return f"timestamp={time};nonce={nonce};username={user};signature={signature}"


def signed(body, **changes):
    """A callback as EngageLab makes it."""
    return callback(body, x_callback_id=header(**changes))


def row_of(name, **changes):
    made = msgspec.json.decode(sample("engagelab", name))
    made["rows"][0] |= changes
    return msgspec.json.encode(made)


DELIVERED = sample("engagelab", "delivered.json")


def test_the_signature_is_that_of_the_vendors_own_vector():
    right = header(secret="shhh", time=1701234567, user="tester")
    assert right.endswith("453a09933ba22999283d729b57ece0dd1f432be18460425b4f87120c97b0ff10")


def test_a_delivered_message_is_found_by_engagelabs_id():
    [made] = account().told(signed(DELIVERED)).inbound
    assert made.references == ("1725407449772531712",)
    assert (made.status, made.reason, made.raw) == ("delivered", None, "delivered")


@pytest.mark.parametrize("word", STATUSES)
def test_what_a_status_means(word):
    body = row_of("failed.json", status={"message_status": word, "error_code": 5018})
    [made] = account().told(signed(body)).inbound
    failed = made.status == "undelivered"
    assert made.status == STATUSES[word]
    assert (made.reason, made.raw) == (Reason.UNREACHABLE if failed else None, f"{word} 5018")


@pytest.mark.parametrize(
    ("word", "code", "reason", "raw"),
    [
        ("delivered_failed", 9999, Reason.OTHER, "delivered_failed 9999"),
        ("delivered_failed", None, Reason.OTHER, "delivered_failed"),
        ("target_invalid", 0, Reason.INVALID_RECIPIENT, "target_invalid"),
    ],
)
def test_an_unknown_code_is_kept_raw(word, code, reason, raw):
    body = row_of("failed.json", status={"message_status": word, "error_code": code})
    [made] = account().told(signed(body)).inbound
    assert (made.reason, made.raw) == (reason, raw)


def test_what_is_on_the_way_and_events_of_the_account_report_nothing():
    assert account().told(signed(sample("engagelab", "others.json"))).inbound == ()


def test_many_rows_are_many_reports():
    rows = [*msgspec.json.decode(DELIVERED)["rows"]] * 3 + ["odd", {}, {"status": "odd"}]
    body = msgspec.json.encode({"total": 6, "rows": rows})
    assert len(account().told(signed(body)).inbound) == 3


def test_a_message_that_comes_in_is_told():
    [incoming] = account().told(signed(sample("engagelab", "incoming.json"))).inbound
    assert (incoming.sender, incoming.to, incoming.text) == (PHONE, "+447700900001", "STOP")
    assert (incoming.channel, incoming.reference) == ("sms", "SM0123456789")
    assert incoming.choice is None


@pytest.mark.parametrize("body", [b"", b"{}", b" {} "])
def test_the_test_of_the_url_is_answered_signed_or_not(body):
    assert account().told(signed(body)).inbound == ()
    assert account().told(callback(body)).inbound == ()


def believes(made):
    try:
        account().told(made)
    except Forged:
        return False
    return True


FORGERIES = {
    "secret": lambda: signed(DELIVERED, secret="another"),
    "user": lambda: signed(DELIVERED, user="eve"),
    "missing": lambda: callback(DELIVERED),
    "empty": lambda: callback(DELIVERED, x_callback_id=""),
    "ping": lambda: callback(b"{}", x_callback_id="signature=0"),
    "old": lambda: signed(DELIVERED, time=NOW_S - 301),
    "early": lambda: signed(DELIVERED, time=NOW_S + 301),
    "milliseconds": lambda: signed(DELIVERED, time=NOW_S * 1000),
    "no time": lambda: signed(DELIVERED, time=""),
    "order": lambda: signed(DELIVERED, order="{n}{t}{u}"),
    "upper case": lambda: callback(
        DELIVERED, x_callback_id=header()[:-64] + header()[-64:].upper()
    ),
    "strange": lambda: callback(DELIVERED, x_callback_id=f"username={USER};signature=ä"),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forged_callback_is_not_believed(forgery):
    assert not believes(FORGERIES[forgery]())


@pytest.mark.parametrize("age", [300, 0, -300])
def test_a_callback_is_believed_for_five_minutes(age):
    assert believes(signed(DELIVERED, time=NOW_S - age))


@pytest.mark.parametrize("forgery", sorted(set(FORGERIES) - {"missing", "strange"}))
def test_the_vendors_own_library_agrees(forgery):
    with pytest.raises(WebhookSignatureError):
        WebhookVerifier(USER, HOOK_SECRET).verify(
            FORGERIES[forgery]().headers["x-callback-id"], now=NOW_S
        )
    assert WebhookVerifier(USER, HOOK_SECRET).verify(header(), now=NOW_S)


@pytest.mark.parametrize(
    ("attribute", "value", "forgery"),
    [
        ("WINDOW_S", 10**9, "old"),
        ("WINDOW_S", 10**9, "early"),
        ("calling.same", lambda left, right: True, "secret"),
        ("calling.same", lambda left, right: True, "order"),
    ],
)
def test_a_verifier_that_looks_at_less_would_believe_it(attribute, value, forgery, monkeypatch):
    monkeypatch.setattr(f"watchword_server.providers.engagelab.{attribute}", value)
    assert believes(FORGERIES[forgery]())


def test_without_the_callbacks_secret_nothing_is_believed():
    provider = account(callback_username=None, callback_secret=None)
    assert not provider.reports
    with pytest.raises(Forged):
        provider.told(signed(DELIVERED))


@pytest.mark.parametrize("body", [b"[]", b"gibberish", b'{"rows": null}', b'{"rows": {}}'])
def test_what_is_signed_but_says_nothing_is_unreadable(body):
    with pytest.raises(Unreadable):
        account().told(signed(body))


# ---- settings and checkup ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"dev_secret": None}, "dev_secret"),
        ({"dev_key": ""}, "dev_key"),
        ({"callback_secret": None}, "callback_secret"),
        ({"base_url": "otp.api.engagelab.cc"}, "base_url"),
        ({"colour": "red"}, "colour"),
        (dict.fromkeys(name for name in VALUES if "template" in name), "sms_template"),
    ],
)
def test_a_setting_that_is_wrong_is_named_and_no_secret_shown(changes, name):
    with pytest.raises(Misconfigured) as raised:
        account(**changes)
    assert name in str(raised.value)
    assert peer.SECRET not in str(raised.value) and HOOK_SECRET not in str(raised.value)


def test_the_channels_are_those_that_have_a_template():
    assert account(voice_template=None).channels == {"sms", "whatsapp", "email"}


async def test_a_checkup_says_whether_the_key_is_right_and_the_templates_approved():
    async with vendor(FakeEngagelab()) as url:
        right = await account(url).checkup()
        wrong = await account(url, dev_secret="wrong").checkup()
        draft = await account(url, voice_template="draft").checkup()
        gone = await account(url, voice_template="gone").checkup()
    assert right.ok
    assert not wrong.ok and "credentials" in wrong.detail
    assert not draft.ok and "not approved" in draft.detail
    assert not gone.ok


async def test_live_the_account_answers_and_takes_a_code():
    key, secret, template, to = live("engagelab", "DEV_KEY", "DEV_SECRET", "SMS_TEMPLATE", "TO")
    values = {"dev_key": key, "dev_secret": secret, "sms_template": template}
    provider = Engagelab(checked("engagelab", values), setup())
    assert (await provider.checkup()).ok
    assert isinstance(await outcome(provider, to_phone(to=to)), Receipt)
