"""Prelude: what is sent, what each answer means, and which callbacks are believed."""

import base64
from contextlib import AsyncExitStack

import msgspec
import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS, PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256

from providers import prelude_peer as peer
from providers.contract import CODE, ProviderContract, Situation
from providers.prelude_peer import FakePrelude, problem, verification
from providers.vendor_cases import PHONE, SPELLED, callback, live, outcome, sample, to_phone
from providers.vendor_peer import CALLBACK_URL, Answered, setup, vendor
from watchword_server.domain.delivery import Reason, Receipt
from watchword_server.domain.errors import Misconfigured
from watchword_server.ports.providers import Forged, Rejected, Unavailable, Uncertain, Unreadable
from watchword_server.providers import prelude
from watchword_server.providers import settings as checked
from watchword_server.providers.prelude import BLOCKED, CODES, Prelude

VALUES = {"api_key": peer.API_KEY, "webhook_key": peer.PEM}
ECHO = f"{PHONE} {PHONE[1:]} {CODE} {SPELLED} {peer.API_KEY}"


def account(url="https://api.prelude.dev", **changes):
    values = {**VALUES, "base_url": url, **changes}
    given = {name: value for name, value in values.items() if value is not None}
    return Prelude(checked("prelude", given), setup())


async def sent(handed, **changes):
    fake = FakePrelude()
    async with vendor(fake) as url:
        receipt = await outcome(account(url, **changes), handed)
    assert receipt == Receipt(reference=f"vrf_{1:026d}"), receipt
    return fake.taken[0]


async def answered(answer, handed=None):
    """What it means when Prelude answers so."""
    async with vendor(FakePrelude(answer)) as url:
        return await outcome(account(url), handed or to_phone())


class TestContract(ProviderContract):
    @pytest_asyncio.fixture
    async def situations(self):
        async with AsyncExitStack() as stack:

            async def situation(ends_in, answer=None, handed=None, **changes):
                url = await stack.enter_async_context(vendor(FakePrelude(answer)))
                handed = handed or to_phone()
                secrets = (peer.API_KEY,)
                return Situation(lambda: account(url, **changes), ends_in, handed, secrets)

            yield {
                "taken": await situation(Receipt),
                "called": await situation(Receipt, handed=to_phone("voice")),
                "refused": await situation(Rejected, problem(400, "invalid_phone_number", ECHO)),
                "blocked": await situation(
                    Rejected, verification(1, "blocked", reason="suspicious")
                ),
                "no money": await situation(
                    Unavailable, problem(400, "insufficient_balance", ECHO)
                ),
                "locked out": await situation(Unavailable, api_key="wrong"),
                "down": await situation(Uncertain, Answered(503, ECHO.encode())),
                "cut off": await situation(Uncertain, Answered(hang_up=True)),
                "gibberish": await situation(Uncertain, Answered(200, ECHO.encode())),
                "unknown": await situation(Rejected, problem(400, "novel", ECHO * 20)),
                "odd reason": await situation(Rejected, verification(1, "blocked", reason=ECHO)),
            }


# ---- what is sent -----------------------------------------------------------------------------


async def test_a_code_is_sent_with_a_reference_of_ours():
    assert await sent(to_phone()) == {
        "target": {"type": "phone_number", "value": PHONE},
        "metadata": {"correlation_id": to_phone().id},
        "options": {
            "custom_code": CODE,
            "method": "message",
            "preferred_channel": "sms",
            "locale": "en",
            "callback_url": CALLBACK_URL,
        },
    }


async def test_a_call_is_a_method_and_no_channel():
    options = (await sent(to_phone("voice", language="pt_BR")))["options"]
    assert (options["method"], options["locale"]) == ("voice", "pt-BR")
    assert not {"channels", "preferred_channel"} & options.keys()


@pytest.mark.parametrize("channel", sorted(prelude.MESSAGES))
async def test_a_strict_channel_is_the_only_one(channel):
    options = (await sent(to_phone(channel), strict_channel=True, fallbacks=0))["options"]
    assert (options["channels"], options["max_auto_fallbacks"]) == ([channel], 0)
    assert "preferred_channel" not in options


async def test_settings_that_are_given_are_sent_and_others_not():
    given = {"sender_id": "Acme", "template_id": "t1", "webhook_key": None}
    options = (await sent(to_phone(language="default"), **given))["options"]
    assert (options["sender_id"], options["template_id"]) == ("Acme", "t1")
    assert not {"callback_url", "locale", "max_auto_fallbacks"} & options.keys()


async def test_a_notice_has_no_code_and_is_not_sent():
    fake = FakePrelude()
    async with vendor(fake) as url:
        made = await outcome(account(url), to_phone(code=""))
    assert made[:2] == ("rejected", Reason.CONTENT_REJECTED)
    assert fake.taken == []


async def test_a_channel_that_it_does_not_carry_is_not_sent():
    made = await answered(None, to_phone("email"))
    assert made[:2] == ("unavailable", Reason.MISCONFIGURED)


GOOD = {
    "target": {"type": "phone_number", "value": PHONE},
    "options": {"custom_code": CODE, "preferred_channel": "sms"},
}


def changed(**options):
    return GOOD | {"options": GOOD["options"] | options}


BROKEN = {
    "unknown field": GOOD | {"colour": "red"},
    "unknown option": changed(colour="red"),
    "both channels": changed(channels=["sms"]),
    "channel": changed(preferred_channel="pigeon"),
    "locale": changed(locale="pt_BR"),
    "short code": changed(custom_code="123"),
    "letters": changed(custom_code="abcdef"),
    "size too": changed(code_size=6),
    "url": changed(callback_url="nowhere"),
    "no target": {"options": {}},
    "number": GOOD | {"target": {"type": "phone_number", "value": "0770"}},
    "long reference": GOOD | {"metadata": {"correlation_id": "x" * 65}},
}


async def asked(body, **headers):
    headers = {"Authorization": f"Bearer {peer.API_KEY}"} | headers
    async with vendor(FakePrelude()) as url:
        target = f"{url}/v2/verification"
        return (await setup().network.request("POST", target, headers, body)).status


async def test_the_fake_takes_what_is_right():
    assert await asked(msgspec.json.encode(GOOD)) == 200


@pytest.mark.parametrize("broken", BROKEN)
async def test_the_fake_refuses_a_request_that_is_broken(broken):
    assert await asked(msgspec.json.encode(BROKEN[broken])) == 400


async def test_the_fake_refuses_another_type_a_stranger_and_no_json():
    body = msgspec.json.encode(GOOD)
    assert await asked(body, **{"Content-Type": "text/plain"}) == 415
    assert await asked(body, Authorization="Bearer x") == 401
    assert await asked(b"{") == 400


# ---- what an answer means ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "code", "kind", "reason"),
    [
        (400, "invalid_phone_number", "rejected", Reason.INVALID_RECIPIENT),
        (400, "invalid_line_type", "rejected", Reason.UNREACHABLE),
        (400, "channel_not_enabled_in_region", "rejected", Reason.UNREACHABLE),
        (400, "invalid_custom_code", "rejected", Reason.CONTENT_REJECTED),
        (400, "custom_code_not_allowed", "unavailable", Reason.MISCONFIGURED),
        (400, "insufficient_balance", "unavailable", Reason.NO_CREDIT),
        (401, "invalid_api_key", "unavailable", Reason.MISCONFIGURED),
        (403, "novel", "unavailable", Reason.MISCONFIGURED),
        (429, "rate_limited", "unavailable", Reason.THROTTLED),
        (400, "novel", "rejected", Reason.OTHER),
        (500, "internal", "uncertain", None),
    ],
)
async def test_what_a_refusal_means(status, code, kind, reason):
    assert await answered(problem(status, code)) == (kind, reason, f"{code} Words")


@pytest.mark.parametrize("code", CODES)
async def test_every_code_of_the_table_gives_its_reason(code):
    kind, reason, raw = await answered(problem(400, code, ""))
    assert (reason, raw) == (CODES[code], code)
    assert kind == ("unavailable" if reason in prelude.calling.OURS else "rejected")


@pytest.mark.parametrize("why", [*BLOCKED, "novel"])
async def test_a_blocked_verification_was_not_sent_and_is_nobodys_fault(why):
    made = await answered(verification(1, "blocked", reason=why))
    assert made == ("rejected", BLOCKED.get(why, Reason.OTHER), f"blocked {why}")


@pytest.mark.parametrize("status", ["success", "retry", "challenged", "shadow_blocked"])
async def test_every_other_verification_was_sent(status):
    assert isinstance(await answered(verification(1, status)), Receipt)


async def test_an_answer_that_is_no_json_keeps_the_status():
    assert await answered(Answered(400, b"<html>")) == ("rejected", Reason.OTHER, "HTTP 400")
    assert await answered(Answered(200, b"{}")) == ("uncertain", None, "HTTP 200")


# ---- callbacks --------------------------------------------------------------------------------

OTHER_KEY = generate_private_key(65537, 2048)
SALTED = PSS(mgf=MGF1(SHA256()), salt_length=32)


def signed(body, key=peer.KEY, padding=SALTED, scheme=prelude.SCHEME):
    """A callback as Prelude makes it."""
    signature = base64.urlsafe_b64encode(key.sign(body, padding, SHA256())).decode().rstrip("=")
    return callback(body, x_webhook_signature=scheme + signature)


def body_of(name, created_at="2027-01-15T08:00:00.254545815Z", **payload):
    event = msgspec.json.decode(sample("prelude", name))
    event |= {"payload": event["payload"] | payload, "created_at": created_at}
    return msgspec.json.encode(event)


DELIVERED = sample("prelude", "delivered.json")


@pytest.mark.parametrize("name", ["delivered.json", "attempt.json"])
def test_a_delivered_message_is_found_by_our_id_before_preludes(name):
    [made] = account().told(signed(sample("prelude", name))).inbound
    assert made.references == ("dlv_1", "vrf_01jnh4zt8vfq5r71n1sx9yvx5m")
    assert (made.status, made.reason, made.raw) == ("delivered", None, "delivered")


@pytest.mark.parametrize(
    ("word", "status", "reason"),
    [("undeliverable", "undelivered", Reason.UNREACHABLE), ("unknown", "unknown", None)],
)
def test_what_a_status_means(word, status, reason):
    [made] = account().told(signed(body_of("delivered.json", status=word))).inbound
    assert (made.status, made.reason, made.raw) == (status, reason, word)


@pytest.mark.parametrize("word", ["submitted", "in_transit", "novel", None, 1])
def test_a_status_on_the_way_reports_nothing(word):
    assert account().told(signed(body_of("delivered.json", status=word))).inbound == ()


def test_a_verification_that_was_billed_reports_nothing():
    assert account().told(signed(sample("prelude", "authentication.json"))).inbound == ()


def test_a_report_without_our_id_is_found_by_preludes():
    [made] = account().told(signed(body_of("delivered.json", metadata=None))).inbound
    assert made.references == ("vrf_01jnh4zt8vfq5r71n1sx9yvx5m",)


def believes(made):
    try:
        account().told(made)
    except Forged:
        return False
    return True


FORGERIES = {
    "body": lambda: msgspec.structs.replace(signed(DELIVERED), body=DELIVERED + b" "),
    "key": lambda: signed(DELIVERED, key=OTHER_KEY),
    "padding": lambda: signed(DELIVERED, padding=PKCS1v15()),
    "scheme": lambda: signed(DELIVERED, scheme="hmac-sha256="),
    "missing": lambda: callback(DELIVERED),
    "empty": lambda: callback(DELIVERED, x_webhook_signature=prelude.SCHEME),
    "strange": lambda: callback(DELIVERED, x_webhook_signature=f"{prelude.SCHEME}ä"),
    "old": lambda: signed(body_of("delivered.json", created_at="2026-12-31T07:59:59Z")),
    "early": lambda: signed(body_of("delivered.json", created_at="2027-01-15T08:05:01Z")),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forged_callback_is_not_believed(forgery):
    assert not believes(FORGERIES[forgery]())


def test_a_callback_is_believed_for_two_weeks():
    assert believes(signed(body_of("delivered.json", created_at="2027-01-01T08:00:00Z")))


class Careless:
    """The mutant: a key that finds every signature right."""

    def verify(self, *asked):
        return None


@pytest.mark.parametrize("forgery", ["body", "key", "padding", "empty"])
def test_a_verifier_that_looks_at_nothing_would_believe_it(forgery):
    provider = account()
    provider._key = Careless()
    assert provider.told(FORGERIES[forgery]())


@pytest.mark.parametrize(("limit", "forgery"), [("LATE_S", "old"), ("EARLY_S", "early")])
def test_a_verifier_without_a_clock_would_believe_it(limit, forgery, monkeypatch):
    monkeypatch.setattr(prelude, limit, 10**9)
    assert believes(FORGERIES[forgery]())


def test_without_the_webhook_key_nothing_is_believed():
    provider = account(webhook_key=None)
    assert not provider.reports
    with pytest.raises(Forged):
        provider.told(signed(DELIVERED))


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"type": "x"}', body_of("delivered.json", created_at="soon")]
)
def test_what_is_signed_but_says_nothing_is_unreadable(body):
    with pytest.raises(Unreadable):
        account().told(signed(body))


# ---- settings and checkup ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"api_key": None}, "api_key"),
        ({"api_key": ""}, "api_key"),
        ({"webhook_key": "MIIBIjANBg"}, "webhook_key"),
        ({"fallbacks": -1}, "fallbacks"),
        ({"base_url": "api.prelude.dev"}, "base_url"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_setting_that_is_wrong_is_named_and_no_secret_shown(changes, name):
    with pytest.raises(Misconfigured) as raised:
        account(**changes)
    assert name in str(raised.value)
    assert peer.API_KEY not in str(raised.value)


async def test_a_checkup_says_whether_the_key_is_right():
    async with vendor(FakePrelude()) as url:
        right = await account(url).checkup()
        wrong = await account(url, api_key="wrong").checkup()
    assert right.ok and right.balance is None
    assert not wrong.ok and "credentials" in wrong.detail


async def test_live_the_account_answers_and_takes_a_code():
    key, to = live("prelude", "API_KEY", "TO")
    provider = Prelude(checked("prelude", {"api_key": key}), setup())
    assert (await provider.checkup()).ok
    assert isinstance(await outcome(provider, to_phone(to=to)), Receipt)
