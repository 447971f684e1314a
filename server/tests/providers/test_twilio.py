"""Twilio: what is sent, what each answer means, and which callbacks are believed."""

import hashlib
from contextlib import AsyncExitStack
from urllib.parse import parse_qsl, urlencode
from xml.etree import ElementTree

import msgspec
import pytest
import pytest_asyncio

from providers import twilio_peer as peer
from providers.contract import CODE, ProviderContract, Situation
from providers.twilio_peer import FakeTwilio, error
from providers.vendor_cases import PHONE, SPELLED, callback, live, outcome, sample, to_phone
from providers.vendor_peer import CALLBACK_URL, Answered, setup, vendor
from watchword_server.domain.delivery import DeliveryStatus, Reason, Receipt
from watchword_server.domain.errors import Misconfigured
from watchword_server.domain.inbound import Choice
from watchword_server.ports.providers import Forged, Rejected, Unavailable, Uncertain, Unreadable
from watchword_server.providers import settings as checked
from watchword_server.providers import twilio
from watchword_server.providers.twilio import CODES, STATUSES, Twilio

VALUES = {
    "account_sid": peer.ACCOUNT,
    "auth_token": peer.TOKEN,
    "sms_from": peer.SENDER,
    "whatsapp_from": peer.SENDER,
    "whatsapp_content_sid": peer.CONTENT,
    "voice_from": peer.SENDER,
}
ECHO = f"{PHONE} {PHONE[1:]} {CODE} {SPELLED} {peer.TOKEN}"


def account(url="https://api.twilio.com", **changes):
    values = {**VALUES, "base_url": url, **changes}
    given = {name: value for name, value in values.items() if value is not None}
    return Twilio(checked("twilio", given), setup())


async def answered(answer, handed=None):
    """What it means when Twilio answers so."""
    async with vendor(FakeTwilio(answer)) as url:
        return await outcome(account(url), handed or to_phone())


class TestContract(ProviderContract):
    @pytest_asyncio.fixture
    async def situations(self):
        async with AsyncExitStack() as stack:

            async def situation(ends_in, answer=None, channel="sms", **changes):
                url = await stack.enter_async_context(vendor(FakeTwilio(answer)))
                return Situation(
                    lambda: account(url, **changes), ends_in, to_phone(channel),
                    secrets=(peer.TOKEN, peer.KEY_SECRET),
                )  # fmt: skip

            yield {
                "taken": await situation(Receipt),
                "called": await situation(Receipt, channel="voice"),
                "refused": await situation(Rejected, error(400, 21610, ECHO)),
                "throttled": await situation(Unavailable, error(429, 20429, ECHO)),
                "locked out": await situation(Unavailable, auth_token="0" * 32),
                "down": await situation(Uncertain, Answered(503, ECHO.encode())),
                "cut off": await situation(Uncertain, Answered(hang_up=True)),
                "gibberish": await situation(Uncertain, Answered(201, ECHO.encode())),
                "unknown": await situation(Rejected, error(400, 99999, ECHO * 20)),
            }


# ---- what is sent -----------------------------------------------------------------------------


async def test_an_sms_is_sent_with_the_text_and_a_callback_that_names_the_delivery():
    fake = FakeTwilio()
    async with vendor(fake) as url:
        receipt = await outcome(account(url), to_phone())
    assert receipt == Receipt(reference=f"SM{1:032x}")
    assert fake.taken == [
        (
            "Messages",
            {
                "To": PHONE,
                "From": peer.SENDER,
                "Body": f"{CODE} is your Acme code.",
                "ValidityPeriod": "300",
                "StatusCallback": f"{CALLBACK_URL}?delivery={to_phone().id}",
            },
        )
    ]


async def test_a_messaging_service_chooses_the_sender_and_an_api_key_logs_in():
    fake = FakeTwilio()
    changes = {
        "sms_from": None, "messaging_service_sid": peer.SERVICE,
        "api_key_sid": peer.KEY, "api_key_secret": peer.KEY_SECRET, "auth_token": None,
    }  # fmt: skip
    async with vendor(fake) as url:
        await outcome(account(url, **changes), to_phone())
    [(_, sent)] = fake.taken
    assert sent["MessagingServiceSid"] == peer.SERVICE
    assert "From" not in sent
    assert "StatusCallback" not in sent, "nothing could believe it without the auth token"


async def test_whatsapp_is_sent_by_the_template_whose_variable_is_the_code():
    fake = FakeTwilio()
    async with vendor(fake) as url:
        await outcome(account(url), to_phone("whatsapp"))
    [(_, sent)] = fake.taken
    assert (sent["To"], sent["From"]) == (f"whatsapp:{PHONE}", f"whatsapp:{peer.SENDER}")
    assert msgspec.json.decode(sent["ContentVariables"]) == {"1": CODE}
    assert "Body" not in sent


@pytest.mark.parametrize(
    ("language", "spoken"),
    [("en", "en-US"), ("pt", "pt-BR"), ("pt_PT", "pt-PT"), ("zh_CN", "zh-CN"), ("zh_HK", "zh-HK"),
     ("de_AT", "de-DE"), ("sw", None), ("default", None)],
)  # fmt: skip
async def test_a_call_spells_the_code_twice_in_its_language(language, spoken):
    fake = FakeTwilio()
    async with vendor(fake) as url:
        await outcome(account(url), to_phone("voice", language=language))
    [(kind, sent)] = fake.taken
    pause, say = ElementTree.fromstring(sent["Twiml"])
    assert (kind, pause.tag, say.tag) == ("Calls", "Pause", "Say")
    assert say.text.count(SPELLED) == 2
    assert say.text.endswith("<Good> & bye.")
    assert say.get("language") == spoken


async def test_a_message_without_a_lifetime_has_no_validity_and_a_long_one_the_longest():
    fake = FakeTwilio()
    async with vendor(fake) as url:
        await outcome(account(url), to_phone(ttl_s=0))
        await outcome(account(url), to_phone(ttl_s=90_000))
    assert [sent.get("ValidityPeriod") for _, sent in fake.taken] == [None, "36000"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"sms_from": "+15005550001"}, 21606), ({"auth_token": "f" * 32}, 20003)],
)
async def test_the_fake_refuses_what_twilio_would_refuse(changes, code):
    async with vendor(FakeTwilio()) as url:
        kind, _, raw = await outcome(account(url, **changes), to_phone())
    assert kind == "unavailable"
    assert raw.startswith(f"{code} ")


async def test_a_channel_that_lost_its_sender_is_not_sent():
    async with vendor(FakeTwilio()) as url:
        made = await outcome(account(url, voice_from=None), to_phone("voice"))
    assert made[:2] == ("unavailable", Reason.MISCONFIGURED)


async def test_a_notice_has_no_code_and_is_not_sent_by_whatsapp():
    async with vendor(FakeTwilio()) as url:
        made = await outcome(account(url), to_phone("whatsapp", code=""))
        assert isinstance(await outcome(account(url), to_phone(code="")), Receipt)
    assert made[:2] == ("rejected", Reason.CONTENT_REJECTED)


GOOD = {"To": PHONE, "From": peer.SENDER, "Body": "Hello", "ValidityPeriod": "300"}
BROKEN = {
    "unknown field": GOOD | {"Colour": "red"},
    "service": GOOD | {"MessagingServiceSid": "MG1"},
    "number": GOOD | {"ValidityPeriod": "soon"},
    "range": GOOD | {"ValidityPeriod": "36001"},
    "url": GOOD | {"StatusCallback": "not a url"},
    "no recipient": {"From": peer.SENDER, "Body": "Hello"},
    "no plus": GOOD | {"To": PHONE[1:]},
    "no text": GOOD | {"Body": ""},
    "long text": GOOD | {"Body": "x" * 1601},
    "strange sender": GOOD | {"From": "+15005550001"},
    "no template": GOOD | {"To": f"whatsapp:{PHONE}", "From": f"whatsapp:{peer.SENDER}"},
}


async def asked(body, **headers):
    login = twilio.calling.basic(peer.ACCOUNT, peer.TOKEN)
    headers = {"Authorization": login, "Content-Type": twilio.calling.FORM} | headers
    async with vendor(FakeTwilio()) as url:
        target = f"{url}{peer.ROOT}/Messages.json"
        return (await setup().network.request("POST", target, headers, body)).status


async def test_the_fake_takes_what_is_right():
    assert await asked(urlencode(GOOD).encode()) == 201


@pytest.mark.parametrize("broken", BROKEN)
async def test_the_fake_refuses_a_request_that_is_broken(broken):
    assert await asked(urlencode(BROKEN[broken]).encode()) == 400


async def test_the_fake_refuses_another_type_a_stranger_and_no_form():
    assert await asked(urlencode(GOOD).encode(), **{"Content-Type": "application/json"}) == 415
    assert await asked(urlencode(GOOD).encode(), Authorization="Basic eDp5") == 401
    assert await asked(b"To") == 400


# ---- what an answer means ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "code", "kind", "reason"),
    [
        (400, 21211, "rejected", Reason.INVALID_RECIPIENT),
        (400, 21408, "rejected", Reason.UNREACHABLE),
        (400, 21606, "unavailable", Reason.MISCONFIGURED),
        (400, 21610, "rejected", Reason.OPTED_OUT),
        (400, 21612, "rejected", Reason.UNREACHABLE),
        (400, 21614, "rejected", Reason.INVALID_RECIPIENT),
        (400, 21617, "rejected", Reason.CONTENT_REJECTED),
        (400, 63003, "rejected", Reason.UNREACHABLE),
        (401, 20003, "unavailable", Reason.MISCONFIGURED),
        (403, 20005, "unavailable", Reason.MISCONFIGURED),
        (404, 20404, "unavailable", Reason.MISCONFIGURED),
        (429, 20429, "unavailable", Reason.THROTTLED),
        (429, 21611, "unavailable", Reason.THROTTLED),
        (400, 99999, "rejected", Reason.OTHER),
        (500, 20500, "uncertain", None),
        (503, 20503, "uncertain", None),
    ],
)
async def test_what_a_refusal_means(status, code, kind, reason):
    assert await answered(error(status, code, "Words")) == (kind, reason, f"{code} Words")


@pytest.mark.parametrize("code", CODES)
async def test_every_code_of_the_table_gives_its_reason(code):
    kind, reason, raw = await answered(error(400, code, ""))
    assert (reason, raw) == (CODES[code], str(code))
    assert kind == ("unavailable" if reason in twilio.calling.OURS else "rejected")


async def test_what_depends_on_the_recipient_is_never_the_accounts_fault():
    """Or whoever asks for numbers of a country that is switched off opens the breaker."""
    for code in (21211, 21215, 21217, 21219, 21408, 21608, 21610, 21612, 21614):
        assert CODES[code] not in twilio.calling.OURS, code


async def test_an_answer_that_is_no_json_keeps_the_status():
    assert await answered(Answered(400, b"<html>")) == ("rejected", Reason.OTHER, "HTTP 400")
    assert await answered(Answered(302, b"", {"location": "/"})) == (
        "unavailable", Reason.MISCONFIGURED, "HTTP 302",
    )  # fmt: skip
    assert await answered(Answered(201, b"{}")) == ("uncertain", None, "HTTP 201")


# ---- callbacks --------------------------------------------------------------------------------


def signed(fields, token=peer.TOKEN, query="", url=CALLBACK_URL, **changes):
    """A callback as Twilio makes it, signed as its own documentation says."""
    whole = f"{url}?{query}" if query else url
    told = "".join(name + fields[name] for name in sorted(fields))
    signature = twilio._signature(token, whole + told)
    made = callback(urlencode(fields).encode(), query=query, x_twilio_signature=signature)
    return msgspec.structs.replace(made, url=whole, **changes)


def fields_of(name):
    return dict(parse_qsl(sample("twilio", name).decode(), keep_blank_values=True))


DELIVERED = fields_of("sms_delivered.txt")


def report(fields, query=""):
    [made] = account().told(signed(fields, query=query)).inbound
    return made


def test_signatures_are_those_of_the_official_library():
    """The vectors of twilio-python's own tests (MIT): tests/unit/test_request_validator.py."""
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    told = "CallSidCA1234567890ABCDECaller+14158675309Digits1234From+14158675309To+18005551212"
    assert twilio._signature("12345", url + told) == "RSOYDt4T1cUTdK1PDd93/VVr8B8="
    digest = "0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620"
    assert hashlib.sha256(b'{"property": "value", "boolean": true}').hexdigest() == digest
    assert twilio._signature("12345", f"{url}&bodySHA256={digest}") == (
        "a9nBmqA0ju/hNViExpshrM61xv4="
    )


def test_a_delivered_message_is_found_by_twilios_id_and_by_ours():
    made = report(DELIVERED, "delivery=dlv_1")
    assert made.references == (DELIVERED["MessageSid"], "dlv_1")
    assert (made.status, made.reason, made.raw) == (DeliveryStatus.DELIVERED, None, "delivered")


@pytest.mark.parametrize(
    ("name", "status", "reason", "raw"),
    [
        ("sms_undelivered", "undelivered", Reason.UNREACHABLE, "undelivered 30003"),
        ("whatsapp_failed", "undelivered", Reason.UNREACHABLE, "failed 63003"),
        ("whatsapp_read", "delivered", None, "read"),
        ("call_completed", "delivered", None, "completed"),
        ("call_no_answer", "undelivered", Reason.UNREACHABLE, "no-answer"),
    ],
)
def test_what_a_status_means(name, status, reason, raw):
    made = report(fields_of(f"{name}.txt"))
    assert (made.status, made.reason, made.raw) == (status, reason, raw)


def test_an_unknown_code_is_kept_raw():
    made = report(DELIVERED | {"MessageStatus": "failed", "ErrorCode": "99999"})
    assert (made.reason, made.raw) == (Reason.OTHER, "failed 99999")


@pytest.mark.parametrize("word", ["queued", "sending", "sent", "accepted", "scheduled", "novel"])
def test_a_status_on_the_way_reports_nothing(word):
    assert account().told(signed(DELIVERED | {"MessageStatus": word})).inbound == ()


def test_every_status_of_the_table_can_follow_sent():
    assert set(STATUSES.values()) == {
        DeliveryStatus.DELIVERED, DeliveryStatus.UNDELIVERED, DeliveryStatus.UNKNOWN
    }  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "choice"), [("STOP", Choice.OUT), ("START", Choice.IN), ("HELP", None), ("", None)]
)
def test_a_message_that_comes_in_carries_what_twilio_made_of_it(kind, choice):
    fields = fields_of("sms_incoming.txt") | {"OptOutType": kind}
    told = account().told(signed(fields))
    [incoming] = told.inbound
    assert (told.answer, told.content_type) == (b"<Response/>", "text/xml")
    assert (incoming.sender, incoming.to) == (fields["From"], fields["To"])
    assert (incoming.channel, incoming.text, incoming.choice) == ("sms", fields["Body"], choice)
    assert incoming.reference == fields["MessageSid"]


def test_a_message_by_whatsapp_comes_from_the_number_alone():
    fields = fields_of("sms_incoming.txt")
    fields |= {"From": f"whatsapp:{PHONE}", "To": f"whatsapp:{peer.SENDER}"}
    [incoming] = account().told(signed(fields)).inbound
    assert (incoming.sender, incoming.to, incoming.channel) == (PHONE, peer.SENDER, "whatsapp")


def test_a_short_code_that_writes_is_nobody():
    fields = fields_of("sms_incoming.txt") | {"From": "72345"}
    assert account().told(signed(fields)).inbound == ()


def test_a_body_in_json_is_covered_by_its_hash():
    body = msgspec.json.encode(DELIVERED)
    digest = hashlib.sha256(body).hexdigest()
    query = f"delivery=dlv_1&bodySHA256={digest}"
    signature = twilio._signature(peer.TOKEN, f"{CALLBACK_URL}?{query}")
    made = callback(body, query=query, x_twilio_signature=signature)
    assert account().told(made).inbound == account().told(
        signed(DELIVERED, query="delivery=dlv_1")
    ).inbound  # fmt: skip
    with pytest.raises(Forged):
        account().told(msgspec.structs.replace(made, body=body.replace(b"delivered", b"failed")))


@pytest.mark.parametrize("url", [CALLBACK_URL, CALLBACK_URL.replace(".com/", ".com:443/")])
def test_the_signature_may_be_with_the_port_and_without(url):
    made = signed(DELIVERED, url=url)
    assert account().told(msgspec.structs.replace(made, url=CALLBACK_URL)).inbound


def tampered(made):
    return msgspec.structs.replace(made, body=made.body.replace(b"delivered", b"failed"))


FORGERIES = {
    "body": lambda: tampered(signed(DELIVERED)),
    "added field": lambda: msgspec.structs.replace(
        signed(DELIVERED), body=urlencode(DELIVERED | {"ErrorCode": "1"}).encode()
    ),
    "secret": lambda: signed(DELIVERED, token="0" * 32),
    "missing": lambda: signed(DELIVERED, headers={}),
    "empty": lambda: signed(DELIVERED, headers={"x-twilio-signature": ""}),
    "strange": lambda: signed(DELIVERED, headers={"x-twilio-signature": "ä\ud800"}),
    "url": lambda: (
        signed(DELIVERED, url="https://evil.example.com/x", query="")
        and msgspec.structs.replace(
            signed(DELIVERED, url="https://evil.example.com/x"), url=CALLBACK_URL
        )
    ),
    "query": lambda: msgspec.structs.replace(
        signed(DELIVERED, query="delivery=dlv_1"), url=f"{CALLBACK_URL}?delivery=dlv_2"
    ),
    "not text": lambda: callback(b"\xff=\xff", x_twilio_signature="x"),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forged_callback_is_not_believed(forgery):
    with pytest.raises(Forged):
        account().told(FORGERIES[forgery]())


right = twilio._signature
MUTANTS = {
    "body": lambda token, told: right(token, told.partition("AccountSid")[0]),
    "secret": lambda token, told: right("", told),
    "url": lambda token, told: right(token, "AccountSid".join(told.partition("AccountSid")[1:])),
    "query": lambda token, told: right(token, told.replace("dlv_1", "dlv_2")),
}


@pytest.mark.parametrize("forgery", MUTANTS)
def test_a_signature_over_less_would_let_that_forgery_through(forgery, monkeypatch):
    monkeypatch.setattr(twilio, "_signature", MUTANTS[forgery])
    assert account().told(FORGERIES[forgery]())


def test_without_the_auth_token_nothing_is_believed():
    provider = account(auth_token=None, api_key_sid=peer.KEY, api_key_secret=peer.KEY_SECRET)
    assert not provider.reports
    with pytest.raises(Forged):
        provider.told(signed(DELIVERED))


@pytest.mark.parametrize(
    "fields", [{}, {"Body": "hi"}, {"CallStatus": "completed"}, {"MessageStatus": "delivered"}]
)
def test_what_is_signed_but_says_nothing_is_unreadable(fields):
    with pytest.raises(Unreadable):
        account().told(signed(fields))


# ---- settings and checkup ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"account_sid": "SK" + "0" * 32}, "account_sid"),
        ({"auth_token": None}, "auth_token"),
        ({"api_key_sid": peer.KEY}, "api_key_secret"),
        ({"whatsapp_from": None}, "whatsapp_content_sid"),
        ({"voice_from": "15005550006"}, "voice_from"),
        ({"base_url": "api.twilio.com"}, "base_url"),
        ({"colour": "red"}, "colour"),
        (dict.fromkeys(set(VALUES) - {"account_sid", "auth_token"}), "sms_from"),
    ],
)
def test_a_setting_that_is_wrong_is_named_and_no_secret_shown(changes, name):
    with pytest.raises(Misconfigured) as raised:
        account(**changes)
    assert name in str(raised.value)
    assert peer.TOKEN not in str(raised.value)


def test_the_channels_are_those_that_have_a_sender():
    assert account().channels == {"sms", "whatsapp", "voice"}
    assert account(voice_from=None).channels == {"sms", "whatsapp"}


async def test_a_checkup_tells_the_balance():
    async with vendor(FakeTwilio()) as url:
        made = await account(url).checkup()
        refused = await account(url, auth_token="0" * 32).checkup()
    assert (made.ok, made.balance, made.currency) == (True, "0.05", "USD")
    assert not refused.ok and "credentials" in refused.detail


@pytest.mark.parametrize(
    ("balance", "ok"), [("-0.10", False), ("0.00", False), ("0.01", True), (None, True)]
)
async def test_an_account_without_money_is_not_well(balance, ok):
    said = {"balance": balance, "currency": "USD"}
    async with vendor(lambda heard: Answered(200, said)) as url:
        assert (await account(url).checkup()).ok is ok


async def test_live_the_account_answers_and_takes_a_message():
    sid, token, sender, to = live("twilio", "ACCOUNT_SID", "AUTH_TOKEN", "FROM", "TO")
    values = {"account_sid": sid, "auth_token": token, "sms_from": sender}
    provider = Twilio(checked("twilio", values), setup())
    assert (await provider.checkup()).ok
    assert isinstance(await outcome(provider, to_phone(to=to)), Receipt)
