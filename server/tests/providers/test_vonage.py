"""Vonage: what is sent, what each answer means, and which callbacks are believed."""

import base64
import hashlib
import hmac
from contextlib import AsyncExitStack

import msgspec
import pytest
import pytest_asyncio

from providers import vonage_peer as peer
from providers.contract import CODE, ProviderContract, Situation
from providers.vendor_cases import PHONE, SPELLED, callback, live, outcome, sample, to_phone
from providers.vendor_peer import CALLBACK_URL, Answered, setup, vendor
from providers.vonage_peer import NOW_S, FakeVonage, problem
from watchword_server.domain.delivery import Reason, Receipt
from watchword_server.domain.errors import Misconfigured
from watchword_server.ports.providers import Forged, Rejected, Unavailable, Uncertain, Unreadable
from watchword_server.providers import settings as checked
from watchword_server.providers import vonage
from watchword_server.providers.vonage import CALLS, CODES, Vonage

SECRET = "Xg6vJ2mQ9sLtY4bRkN8pWc3hZd7fUe5a"
VALUES = {
    "application_id": peer.APPLICATION,
    "private_key": peer.PEM,
    "signature_secret": SECRET,
    "sms_from": peer.NAME,
    "whatsapp_from": peer.SENDER,
    "whatsapp_template": peer.TEMPLATE,
    "voice_from": peer.SENDER,
}
BY_KEY = {
    "application_id": None, "private_key": None, "voice_from": None,
    "api_key": peer.API_KEY, "api_secret": peer.API_SECRET,
}  # fmt: skip
ECHO = f"{PHONE} {PHONE[1:]} {CODE} {SPELLED} {SECRET}"


def account(url="https://api.nexmo.com", **changes):
    values = {**VALUES, "base_url": url, "account_url": url, **changes}
    given = {name: value for name, value in values.items() if value is not None}
    return Vonage(checked("vonage", given), setup())


async def sent(handed, **changes):
    fake = FakeVonage()
    async with vendor(fake) as url:
        receipt = await outcome(account(url, **changes), handed)
    assert receipt == Receipt(reference=peer.UUID.format(1)), receipt
    return fake.taken[0]


async def answered(answer, handed=None, **changes):
    """What it means when Vonage answers so."""
    async with vendor(FakeVonage(answer)) as url:
        return await outcome(account(url, **changes), handed or to_phone())


class TestContract(ProviderContract):
    @pytest_asyncio.fixture
    async def situations(self):
        async with AsyncExitStack() as stack:

            async def situation(ends_in, answer=None, channel="sms", **changes):
                url = await stack.enter_async_context(vendor(FakeVonage(answer)))
                return Situation(
                    lambda: account(url, **changes), ends_in, to_phone(channel),
                    secrets=(SECRET, peer.API_SECRET, peer.PEM.splitlines()[1]),
                )  # fmt: skip

            yield {
                "taken": await situation(Receipt),
                "taken by key": await situation(Receipt, **BY_KEY),
                "called": await situation(Receipt, channel="voice"),
                "refused": await situation(Rejected, problem(422, "1240", ECHO)),
                "no money": await situation(Unavailable, problem(402, "low-balance", ECHO)),
                "locked out": await situation(Unavailable, **BY_KEY | {"api_secret": "wrong"}),
                "down": await situation(Uncertain, Answered(500, ECHO.encode())),
                "cut off": await situation(Uncertain, Answered(hang_up=True)),
                "gibberish": await situation(Uncertain, Answered(202, ECHO.encode())),
                "unknown": await situation(Rejected, problem(422, "9999", ECHO * 20)),
            }


# ---- what is sent -----------------------------------------------------------------------------


async def test_an_sms_is_sent_with_the_text_and_a_reference_of_ours():
    assert await sent(to_phone()) == {
        "channel": "sms",
        "message_type": "text",
        "to": PHONE[1:],
        "from": peer.NAME,
        "text": f"{CODE} is your Acme code.",
        "ttl": 1800,
        "client_ref": to_phone().id,
        "webhook_url": CALLBACK_URL,
        "webhook_version": "v1",
    }


async def test_by_an_api_key_nothing_is_reported():
    body = await sent(to_phone(), **BY_KEY)
    assert "webhook_url" not in body
    assert not account(**BY_KEY).reports


async def test_whatsapp_is_sent_by_the_template_whose_button_copies_the_code():
    body = await sent(to_phone("whatsapp"))
    template = body["custom"]["template"]
    assert (template["name"], template["language"]["code"]) == (peer.TEMPLATE, "en")
    assert [part["type"] for part in template["components"]] == ["body", "button"]
    for part in template["components"]:
        assert part["parameters"] == [{"type": "text", "text": CODE}]


@pytest.mark.parametrize(
    ("language", "spoken"),
    [("en", "en-US"), ("pt", "pt-BR"), ("pt_PT", "pt-PT"), ("zh_CN", "cmn-CN"), ("de_AT", "de-DE"),
     ("zh_HK", "yue-CN"), ("sw", None), ("default", None)],
)  # fmt: skip
async def test_a_call_spells_the_code_twice_in_its_language(language, spoken):
    body = await sent(to_phone("voice", language=language))
    [talk] = body["ncco"]
    assert body["to"] == [{"type": "phone", "number": PHONE[1:]}]
    assert body["event_url"] == [f"{CALLBACK_URL}?delivery={to_phone().id}"]
    assert talk["text"].count(SPELLED) == 2
    assert talk.get("language") == spoken


async def test_each_request_proves_itself_anew():
    fake = FakeVonage()
    async with vendor(fake) as url:
        await outcome(account(url), to_phone())
    [claims] = fake.tokens
    assert (claims["iat"], claims["exp"]) == (NOW_S, NOW_S + 900)


async def test_a_channel_that_lost_its_sender_is_not_sent():
    async with vendor(FakeVonage()) as url:
        made = await outcome(account(url, voice_from=None), to_phone("voice"))
    assert made[:2] == ("unavailable", Reason.MISCONFIGURED)


async def test_a_notice_has_no_code_and_is_not_sent_by_whatsapp():
    async with vendor(FakeVonage()) as url:
        made = await outcome(account(url), to_phone("whatsapp", code=""))
        assert isinstance(await outcome(account(url), to_phone(code="")), Receipt)
    assert made[:2] == ("rejected", Reason.CONTENT_REJECTED)


GOOD = {
    "channel": "sms", "message_type": "text", "to": PHONE[1:], "from": peer.NAME, "text": "Hello",
}  # fmt: skip
BROKEN = {
    "unknown field": GOOD | {"colour": "red"},
    "plus": GOOD | {"to": PHONE},
    "no text": {name: value for name, value in GOOD.items() if name != "text"},
    "long text": GOOD | {"text": "x" * 1001},
    "short ttl": GOOD | {"ttl": 19},
    "text ttl": GOOD | {"ttl": "1800"},
    "long reference": GOOD | {"client_ref": "x" * 101},
    "strange sender": GOOD | {"from": "Eve"},
    "channel": GOOD | {"channel": "pigeon"},
    "type": GOOD | {"message_type": "image"},
}


async def asked(body, **headers):
    login = vonage.calling.basic(peer.API_KEY, peer.API_SECRET)
    headers = {"Authorization": login} | headers
    async with vendor(FakeVonage()) as url:
        return (await setup().network.request("POST", f"{url}/v1/messages", headers, body)).status


async def test_the_fake_takes_what_is_right():
    assert await asked(msgspec.json.encode(GOOD)) == 202


@pytest.mark.parametrize("broken", BROKEN)
async def test_the_fake_refuses_a_request_that_is_broken(broken):
    assert await asked(msgspec.json.encode(BROKEN[broken])) == 422


async def test_the_fake_refuses_another_type_a_stranger_and_no_json():
    body = msgspec.json.encode(GOOD)
    assert await asked(body, **{"Content-Type": "text/plain"}) == 415
    assert await asked(body, Authorization="Basic eDp5") == 401
    assert await asked(body, Authorization="Bearer a.b.c") == 401
    assert await asked(b"{") == 400


# ---- what an answer means ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "code", "kind", "reason"),
    [
        (401, "unauthorized", "unavailable", Reason.MISCONFIGURED),
        (402, "low-balance", "unavailable", Reason.NO_CREDIT),
        (403, "forbidden", "unavailable", Reason.MISCONFIGURED),
        (404, "not-found", "unavailable", Reason.MISCONFIGURED),
        (422, "1120", "rejected", Reason.SENDER_REJECTED),
        (422, "1170", "rejected", Reason.INVALID_RECIPIENT),
        (422, "1240", "rejected", Reason.OPTED_OUT),
        (422, "1420", "unavailable", Reason.MISCONFIGURED),
        (422, "9999", "rejected", Reason.OTHER),
        (429, "throttled", "unavailable", Reason.THROTTLED),
        (500, "internal-error", "uncertain", None),
        (503, "1030", "uncertain", None),
    ],
)
async def test_what_a_refusal_means(status, code, kind, reason):
    assert await answered(problem(status, code, "Words")) == (kind, reason, f"{code} Words")


@pytest.mark.parametrize("code", CODES)
async def test_every_code_of_the_table_gives_its_reason(code):
    kind, reason, raw = await answered(problem(422, code, ""))
    assert (reason, raw.split()[0]) == (CODES[code], code)
    assert kind == ("unavailable" if reason in vonage.calling.OURS else "rejected")


def test_what_depends_on_the_recipient_is_never_the_accounts_fault():
    for code in ("1040", "1050", "1120", "1160", "1170", "1240", "1300", "1430"):
        assert CODES[code] not in vonage.calling.OURS, code


@pytest.mark.parametrize(
    ("name", "kind", "reason"),
    [
        ("to", "rejected", Reason.INVALID_RECIPIENT),
        ("text", "rejected", Reason.CONTENT_REJECTED),
        ("from", "unavailable", Reason.MISCONFIGURED),
        ("ttl", "rejected", Reason.OTHER),
    ],
)
async def test_a_value_that_is_refused_says_whose_it_was(name, kind, reason):
    wrong = [{"name": name, "reason": "invalid value"}]
    made = await answered(problem(422, "1150", "Invalid params", invalid_parameters=wrong))
    assert made == (kind, reason, "1150 Invalid params")


async def test_an_answer_that_is_no_json_keeps_the_status():
    assert await answered(Answered(400, b"<html>")) == ("rejected", Reason.OTHER, "HTTP 400")
    assert await answered(Answered(202, b"{}")) == ("uncertain", None, "HTTP 202")
    assert await answered(Answered(422, [])) == ("rejected", Reason.OTHER, "HTTP 422")
    wrong = problem(422, "1150", "x", invalid_parameters=["to"])
    assert (await answered(wrong))[1] is Reason.OTHER


# ---- callbacks --------------------------------------------------------------------------------


def encoded(part):
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()


def signed(body, secret=SECRET, header=None, query="", **claims):
    """A callback as Vonage makes it: a JWT over the hash of the body."""
    claims = {
        "iat": NOW_S, "jti": "c5ba8f24-1a14-4c10-bfdf-3fbe8ce511b5", "iss": "Vonage",
        "payload_hash": hashlib.sha256(body).hexdigest(), "api_key": peer.API_KEY,
        "application_id": peer.APPLICATION, **claims,
    }  # fmt: skip
    parts = (header or {"typ": "JWT", "alg": "HS256"}, claims)
    told = ".".join(encoded(msgspec.json.encode(part)) for part in parts)
    signature = hmac.new(secret.encode(), told.encode(), hashlib.sha256).digest()
    return callback(body, query=query, authorization=f"Bearer {told}.{encoded(signature)}")


def body_of(name, **changes):
    return msgspec.json.encode(msgspec.json.decode(sample("vonage", name)) | changes)


DELIVERED = sample("vonage", "sms_delivered.json")


def report(body, **signing):
    [made] = account().told(signed(body, **signing)).inbound
    return made


def test_a_delivered_message_is_found_by_vonages_id_and_by_ours():
    made = report(DELIVERED)
    assert made.references == ("aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab", "dlv_1")
    assert (made.status, made.reason, made.raw) == ("delivered", None, "delivered")


def test_a_call_is_found_by_vonages_id_and_by_ours():
    made = report(sample("vonage", "call_completed.json"), query="delivery=dlv_1")
    assert made.references == ("63f61863-4a51-4f6b-86e1-46edebcf9356", "dlv_1")


@pytest.mark.parametrize(
    ("name", "status", "reason", "raw"),
    [
        ("sms_rejected", "undelivered", Reason.OPTED_OUT, "rejected 1240"),
        ("whatsapp_read", "delivered", None, "read"),
        ("call_completed", "delivered", None, "completed"),
        ("call_failed", "undelivered", Reason.INVALID_RECIPIENT, "failed number_out_of_service"),
    ],
)
def test_what_a_status_means(name, status, reason, raw):
    made = report(sample("vonage", f"{name}.json"))
    assert (made.status, made.reason, made.raw) == (status, reason, raw)


@pytest.mark.parametrize(
    "word", ["busy", "cancelled", "failed", "rejected", "timeout", "unanswered"]
)
def test_a_call_that_nobody_heard_gives_the_reason_of_its_end(word):
    made = report(body_of("call_failed.json", status=word, detail=None))
    assert (made.status, made.reason, made.raw) == ("undelivered", CALLS[word], word)


@pytest.mark.parametrize(
    "error",
    [
        {"type": "https://developer.vonage.com/api-errors/messages#9999", "title": 9999},
        {"error": {"type": "https://developer.vonage.com/api-errors/messages#9999"}},
        {"title": "9999"},
    ],
)
def test_an_unknown_code_is_kept_raw_wherever_it_stands(error):
    made = report(body_of("sms_rejected.json", error=error))
    assert (made.reason, made.raw) == (Reason.OTHER, "rejected 9999")


def test_an_sms_of_which_parts_were_never_reported_on_is_unknown():
    made = report(body_of("sms_rejected.json", error={"title": "1490"}))
    assert (made.status, made.reason) == ("unknown", None)


@pytest.mark.parametrize("word", ["submitted", "started", "ringing", "answered", "novel"])
def test_a_status_on_the_way_reports_nothing(word):
    assert account().told(signed(body_of("sms_delivered.json", status=word))).inbound == ()


def test_a_message_that_comes_in_is_told():
    [incoming] = account().told(signed(sample("vonage", "sms_incoming.json"))).inbound
    assert (incoming.sender, incoming.to, incoming.channel) == (PHONE, "447700900001", "sms")
    assert (incoming.text, incoming.choice) == ("Stop, please", None)
    assert incoming.reference == "bbbbbbbb-bbbb-4ccc-8ddd-0123456789ab"


@pytest.mark.parametrize(
    "changes", [{"text": None}, {"channel": "messenger"}, {"from": "US.1349"}, {"from": {}}]
)
def test_what_comes_in_without_a_text_or_a_number_is_nothing_to_us(changes):
    assert account().told(signed(body_of("sms_incoming.json", **changes))).inbound == ()


def believes(made):
    try:
        account().told(made)
    except Forged:
        return False
    return True


FORGERIES = {
    "body": lambda: msgspec.structs.replace(signed(DELIVERED), body=DELIVERED + b" "),
    "secret": lambda: signed(DELIVERED, secret="another"),
    "missing": lambda: callback(DELIVERED),
    "scheme": lambda: callback(DELIVERED, authorization="Basic eDp5"),
    "unsigned": lambda: callback(
        DELIVERED, authorization=signed(DELIVERED).headers["authorization"].rpartition(".")[0] + "."
    ),
    "none": lambda: signed(DELIVERED, header={"typ": "JWT", "alg": "none"}),
    "no hash": lambda: signed(DELIVERED, payload_hash=None),
    "old": lambda: signed(DELIVERED, iat=NOW_S - 86_401),
    "early": lambda: signed(DELIVERED, iat=NOW_S + 301),
    "no time": lambda: signed(DELIVERED, iat=None),
    "strange": lambda: callback(DELIVERED, authorization="Bearer ä.ä.ä"),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forged_callback_is_not_believed(forgery):
    assert not believes(FORGERIES[forgery]())


@pytest.mark.parametrize("age", [0, 86_400, -300])
def test_a_callback_is_believed_for_a_day(age):
    assert believes(signed(DELIVERED, iat=NOW_S - age))


@pytest.mark.parametrize(
    ("attribute", "value", "forgery"),
    [
        ("LATE_S", 10**9, "old"),
        ("EARLY_S", 10**9, "early"),
        ("calling.same", lambda left, right: True, "secret"),
        ("calling.same", lambda left, right: True, "body"),
    ],
)
def test_a_verifier_that_looks_at_less_would_believe_it(attribute, value, forgery, monkeypatch):
    monkeypatch.setattr(f"watchword_server.providers.vonage.{attribute}", value)
    assert believes(FORGERIES[forgery]())


def test_without_the_signature_secret_nothing_is_believed():
    provider = account(signature_secret=None)
    assert not provider.reports
    with pytest.raises(Forged):
        provider.told(signed(DELIVERED, secret=""))


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"status": "delivered"}'])
def test_what_is_signed_but_says_nothing_is_unreadable(body):
    with pytest.raises(Unreadable):
        account().told(signed(body))


# ---- settings and checkup ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"application_id": None, "private_key": None}, "application_id"),
        ({"private_key": None}, "private_key"),
        ({"private_key": "MIIEvQ"}, "private_key"),
        ({"api_key": "abcd1234"}, "api_secret"),
        ({"whatsapp_template": None}, "whatsapp_template"),
        (BY_KEY | {"voice_from": peer.SENDER}, "voice_from"),
        ({"base_url": "api.nexmo.com"}, "base_url"),
        ({"colour": "red"}, "colour"),
        (dict.fromkeys(name for name in VALUES if "_from" in name or "templ" in name), "sms_from"),
    ],
)
def test_a_setting_that_is_wrong_is_named_and_no_secret_shown(changes, name):
    with pytest.raises(Misconfigured) as raised:
        account(**changes)
    assert name in str(raised.value)
    assert SECRET not in str(raised.value) and "MIIEvQ" not in str(raised.value)


def test_a_key_on_one_line_is_read_too():
    assert account(private_key=peer.PEM.replace("\n", "\\n")).channels == {
        "sms", "whatsapp", "voice",
    }  # fmt: skip


async def test_a_checkup_tells_the_balance_or_that_the_key_is_right():
    async with vendor(FakeVonage()) as url:
        by_key = await account(url, **BY_KEY).checkup()
        by_application = await account(url).checkup()
        refused = await account(url, **BY_KEY | {"api_secret": "wrong"}).checkup()
    assert (by_key.ok, by_key.balance, by_key.currency) == (True, "10.28", "EUR")
    assert by_application.ok and by_application.balance is None
    assert not refused.ok and "credentials" in refused.detail


@pytest.mark.parametrize(("value", "ok"), [(0, False), (-1.5, False), (0.01, True), (None, True)])
async def test_an_account_without_money_is_not_well(value, ok):
    async with vendor(lambda heard: Answered(200, {"value": value})) as url:
        assert (await account(url, **BY_KEY).checkup()).ok is ok


async def test_live_the_account_answers_and_takes_a_message():
    key, secret, sender, to = live("vonage", "API_KEY", "API_SECRET", "FROM", "TO")
    values = {"api_key": key, "api_secret": secret, "sms_from": sender}
    provider = Vonage(checked("vonage", values), setup())
    assert (await provider.checkup()).ok
    assert isinstance(await outcome(provider, to_phone(to=to)), Receipt)
