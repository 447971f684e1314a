"""WhatsApp: what is sent, what each answer means, and which webhooks are believed."""

import hashlib
import hmac
import json

import msgspec
import pytest

from providers import whatsapp_peer as peer
from providers.contract import ProviderContract, Situation, message
from providers.vendor_cases import PHONE, callback, live, outcome, sample, to_phone
from providers.vendor_peer import setup, vendor
from watchword_server.domain.delivery import DeliveryStatus, Reason, Receipt
from watchword_server.domain.errors import Misconfigured
from watchword_server.domain.inbound import Choice, Report
from watchword_server.ports.providers import Forged, Rejected, Unavailable, Uncertain, Unreadable
from watchword_server.providers import settings as checked
from watchword_server.providers.whatsapp import ERRORS, Whatsapp, language, reason_of

APP_SECRET = "app-secret-77"
VERIFY = "verify-token-88"
WAMID = "wamid.HBgMNDQ3NzAwOTAwMTIzFQIAERgSQzZGNUVFOTgxMUUyMkI3MzVBAA=="
VALUES = {
    "phone_number_id": peer.NUMBER_ID,
    "access_token": peer.TOKEN,
    "template": "verification_code",
    "app_secret": APP_SECRET,
    "verify_token": VERIFY,
    "languages": {"pt-BR": "pt_BR", "de": "de", "fr": "fr"},
    "templates": {"log-in": "log_in_code"},
}
HANDSHAKE = f"hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token={VERIFY}"


def account(url="https://graph.facebook.com", **changes):
    values = {**VALUES, "base_url": url, **changes}
    given = {name: value for name, value in values.items() if value is not None}
    return Whatsapp(checked("whatsapp", given), setup())


def handed(to=PHONE, **changes):
    return to_phone("whatsapp", to=to, **changes)


@pytest.fixture
async def graph():
    fake = peer.Graph()
    async with vendor(fake) as url:
        fake.url = url
        yield fake


class TestContract(ProviderContract):
    @pytest.fixture
    async def situations(self, graph):
        ends = {
            PHONE: Receipt, "+447700900001": Rejected, "+447700900002": Rejected,
            "+447700900003": Unavailable, "+447700900004": Rejected, "+447700900005": Uncertain,
            "+447700900006": Unavailable, "+447700900008": Uncertain, "+447700900009": Uncertain,
        }  # fmt: skip
        secrets = (peer.TOKEN, APP_SECRET, VERIFY)
        return {
            to: Situation(lambda: account(graph.url), end, handed(to), secrets)
            for to, end in ends.items()
        } | {
            "a wrong token": Situation(
                lambda: account(graph.url, access_token="wrong-token-1"), Unavailable, handed(),
                ("wrong-token-1",),
            )
        }  # fmt: skip


async def test_the_code_stands_in_the_text_and_behind_the_button(graph):
    assert await outcome(account(graph.url), handed()) == Receipt(reference=WAMID)
    (heard,) = graph.heard
    code = [{"type": "text", "text": "482913"}]
    assert heard.json == {
        "messaging_product": "whatsapp", "recipient_type": "individual", "to": PHONE,
        "type": "template", "biz_opaque_callback_data": message().id,
        "template": {
            "name": "verification_code", "language": {"code": "en_US"},
            "components": [
                {"type": "body", "parameters": code},
                {"type": "button", "sub_type": "url", "index": "0", "parameters": code},
            ],
        },
    }  # fmt: skip


async def test_a_template_without_a_button_gets_none():
    fake = peer.Graph(button=False)
    async with vendor(fake) as url:
        assert type(await outcome(account(url, button=False), handed())) is Receipt
        kind, reason, raw = await outcome(account(url), handed())
    assert (kind, reason, raw[:6]) == ("unavailable", Reason.MISCONFIGURED, "132000")


async def test_a_template_of_ours_may_have_its_own_there(graph):
    await outcome(account(graph.url), handed(template="log-in"))
    assert graph.heard[0].json["template"]["name"] == "log_in_code"


@pytest.mark.parametrize(
    ("tag", "code"),
    [("pt-BR", "pt_BR"), ("de-AT", "de"), ("de", "de"), ("ja", "en_US"), ("pt", "en_US")],
)
def test_a_language_is_mapped_with_or_without_its_region(tag, code):
    assert language(account()._settings, tag) == code


async def test_a_language_that_the_template_does_not_have_is_a_setting_that_is_wrong(graph):
    kind, reason, raw = await outcome(account(graph.url), handed(language="fr"))
    assert (kind, reason, raw.split()[0]) == ("unavailable", Reason.MISCONFIGURED, "132001")


@pytest.mark.parametrize("code", ["", "x" * 16])
async def test_what_is_no_code_is_not_sent(graph, code):
    kind, reason, _ = await outcome(account(graph.url), handed(code=code))
    assert (kind, reason, graph.heard) == ("rejected", Reason.CONTENT_REJECTED, [])


@pytest.mark.parametrize(
    ("to", "kind", "reason", "code"),
    [
        ("+447700900001", "rejected", Reason.UNREACHABLE, "131026"),
        ("+447700900002", "rejected", Reason.OPTED_OUT, "131050"),
        ("+447700900003", "unavailable", Reason.THROTTLED, "130429"),
        ("+447700900004", "rejected", Reason.OTHER, "999999"),
        ("+447700900005", "uncertain", None, "1"),
        ("+447700900006", "unavailable", Reason.PROVIDER_DOWN, "131016"),
        ("+447700900007", "unavailable", Reason.NO_CREDIT, "131042"),
    ],
)
async def test_a_refusal_means_what_its_code_says(graph, to, kind, reason, code):
    assert await outcome(account(graph.url), handed(to)) == (
        kind, reason, f"{code} Message to *** failed"
    )  # fmt: skip


@pytest.mark.parametrize("code", ERRORS)
async def test_every_row_of_the_table_is_what_comes_of_it(graph, code, monkeypatch):
    monkeypatch.setitem(peer.CODES, PHONE, (400, code))
    kind, reason, raw = await outcome(account(graph.url), handed())
    assert (reason, raw.split()[0]) == (ERRORS[code], str(code))
    ours = {Reason.THROTTLED, Reason.NO_CREDIT, Reason.MISCONFIGURED, Reason.PROVIDER_DOWN}
    assert kind == ("unavailable" if ERRORS[code] in ours else "rejected")


def test_permissions_are_a_range_and_unknown_codes_are_unknown():
    assert reason_of(200) is reason_of(299) is Reason.MISCONFIGURED
    assert reason_of(300) is reason_of("131026") is reason_of(None) is reason_of(4711) is None


# ---- webhooks -------------------------------------------------------------------------------


def signed(body, secret=APP_SECRET):
    value = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return callback(body, x_hub_signature_256=f"sha256={value}")


def told(name, **changes):
    return account(**changes).told(signed(sample("whatsapp", f"{name}.json"))).inbound


@pytest.mark.parametrize("name", ["status-delivered", "status-read"])
def test_a_message_that_arrived_is_reported_under_both_ids(name):
    assert told(name) == (
        Report(
            references=(WAMID, message().id), status=DeliveryStatus.DELIVERED,
            raw=name.removeprefix("status-"),
        ),
    )  # fmt: skip


def test_a_message_that_failed_has_its_reason():
    (report,) = told("status-failed")
    assert (report.status, report.reason) == (DeliveryStatus.UNDELIVERED, Reason.UNREACHABLE)
    assert report.raw == "131026 Message undeliverable"


def failed(**error):
    body = json.loads(sample("whatsapp", "status-failed.json"))
    body["entry"][0]["changes"][0]["value"]["statuses"][0]["errors"] = [error] if error else []
    (report,) = account().told(signed(json.dumps(body).encode())).inbound
    return report.reason, report.raw


def test_an_unknown_code_in_a_report_is_other_and_kept():
    assert failed(code=4711, title="New") == (Reason.OTHER, "4711 New")
    assert failed() == (Reason.OTHER, "failed")


def test_a_step_on_the_way_says_nothing():
    assert told("status-sent") == ()


def test_another_number_of_the_same_app_is_not_this_account():
    assert told("status-delivered", phone_number_id="999999999") == ()


@pytest.mark.parametrize(
    ("name", "text", "choice"),
    [
        ("message-text", "STOP", None),
        ("message-button", "I didn't request a code", None),
        ("message-image", "", None),
        ("preference-stop", "User requested to stop marketing messages", Choice.OUT),
        ("preference-resume", "User requested to resume marketing messages", Choice.IN),
    ],
)
def test_what_a_person_wrote_comes_in(name, text, choice):
    (incoming,) = told(name)
    assert (incoming.sender, incoming.to) == (PHONE, "15550783881")
    assert (incoming.channel, incoming.text, incoming.choice) == ("whatsapp", text, choice)
    assert incoming.reference and PHONE[1:] not in incoming.reference
    assert told(name) == (incoming,)  # the same told twice is one


class Believing(Whatsapp):
    """Does not look at signatures."""

    def told(self, callback):
        return super().told(signed(callback.body))


def believes_nobody(make=Whatsapp):
    body = sample("whatsapp", "status-failed.json")
    right = signed(body)
    for given in (
        callback(body),
        signed(body, "another"),
        msgspec.structs.replace(right, body=body.replace(b"failed", b"read")),
        callback(body, x_hub_signature_256=right.headers["x-hub-signature-256"][7:]),
        callback(body, x_hub_signature_256="sha256=é"),
        callback(body, x_hub_signature=right.headers["x-hub-signature-256"]),
    ):
        with pytest.raises(Forged):
            make(account()._settings, setup()).told(given)


def test_a_webhook_that_meta_did_not_sign_is_forged():
    believes_nobody()


def test_a_webhook_that_meta_did_not_sign_is_forged_mutant_is_caught():
    with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
        believes_nobody(Believing)


def test_without_the_apps_secret_no_report_is_believed():
    silent = account(app_secret=None)
    assert silent.reports is False
    with pytest.raises(Forged):
        silent.told(signed(sample("whatsapp", "status-read.json"), ""))


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"object":"page"}', b"\xff"])
def test_what_is_no_webhook_is_unreadable(body):
    with pytest.raises(Unreadable):
        account().told(signed(body))


@pytest.mark.parametrize("odd", [None, 1, "x", [], {}, [None], [1], [[]], ["x"], [{"id": 1}]])
@pytest.mark.parametrize("place", ["statuses", "messages", "user_preferences", "metadata"])
def test_odd_shapes_inside_are_passed_over(place, odd):
    metadata = {"phone_number_id": peer.NUMBER_ID}
    value = {"metadata": metadata, place: odd}
    body = {"object": "whatsapp_business_account", "entry": [{"changes": [{"value": value}]}, odd]}
    assert account().told(signed(json.dumps(body).encode())).inbound == ()


def test_the_handshake_gives_the_challenge_back():
    answer = account().told(callback(method="GET", query=HANDSHAKE))
    assert (answer.answer, answer.content_type, answer.inbound) == (
        b"1158201444", "text/plain", ()
    )  # fmt: skip


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ("", Forged),
        (HANDSHAKE.replace(VERIFY, "guess"), Forged),
        (HANDSHAKE.replace("subscribe", "x"), Unreadable),
        (HANDSHAKE.replace("1158201444", "%3Cscript%3E"), Unreadable),
        (f"hub.mode=subscribe&hub.verify_token={VERIFY}", Unreadable),
    ],
)
def test_a_handshake_without_the_token_or_with_more_than_a_challenge_is_refused(query, error):
    with pytest.raises(error):
        account().told(callback(method="GET", query=query))
    with pytest.raises(Forged):
        account(verify_token=None).told(callback(method="GET", query=HANDSHAKE))


# ---- the rest -------------------------------------------------------------------------------


async def test_a_checkup_asks_for_the_number(graph):
    fine = await account(graph.url).checkup()
    assert (fine.ok, fine.detail) == (True, "The number is CONNECTED, its quality GREEN.")
    wrong = await account(graph.url, access_token="x").checkup()
    assert (wrong.ok, "refused" in wrong.detail) == (False, True)
    assert (await account(graph.url, phone_number_id="99999").checkup()).ok is False


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"phone_number_id": "+15550783881"}, "phone_number_id"),
        ({"template": "Log In"}, "template"),
        ({"access_token": "a b"}, "access_token"),
        ({"base_url": "ftp://x"}, "base_url"),
        ({"api_version": "24"}, "api_version"),
        ({"template": None}, "template"),
        ({"waba": "1"}, "waba"),
    ],
)
def test_wrong_settings_are_named(changes, word):
    with pytest.raises(Misconfigured, match=word) as caught:
        account(**changes)
    assert peer.TOKEN not in str(caught.value)


async def test_a_live_number_takes_a_message():
    token, number, template, to = live("whatsapp", "TOKEN", "NUMBER_ID", "TEMPLATE", "TO")
    made = account(access_token=token, phone_number_id=number, template=template, languages={})
    assert type(await outcome(made, handed(to))) is Receipt
