"""The provider `http`: what it sends, what it makes of answers, and what it refuses to be told."""

import pytest

from providers.contract import CODE, ProviderContract, Situation, message
from providers.gateway_peer import TOKEN, Gateway, Plain
from providers.vendor_peer import CALLBACK_URL, Answered, setup, vendor
from watchword_server import providers
from watchword_server.domain.delivery import Reason, Receipt
from watchword_server.domain.errors import Misconfigured
from watchword_server.ports.providers import Rejected, Unavailable, Uncertain
from watchword_server.providers.http_gateway import MEANINGS, HttpGateway

FAILURES = {
    "20": "misconfigured", "21": "invalid_recipient", "52": "opted_out", "71": "provider_down",
    "http:503": "uncertain",
}  # fmt: skip
MINE = {
    "method": "POST",
    "url": "https://gw.example.com/v2/send",
    "auth": "bearer",
    "token": TOKEN,
    "json": {
        "messages": [{"to": "{to}", "from": "{sender}", "body": "{text}", "ref": "{id}"}],
        "dlr": "{callback_url}?key={report_secret}",
    },
    "accept_at": "/result/state",
    "accept_values": ["queued"],
    "id_at": "/result/id",
    "error_at": "/error/code",
    "failures": FAILURES,
    "report_secret": "report-secret-77",
    "report_secret_at": "query:key",
    "report_id_at": "/ref",
    "report_status_at": "/state",
    "report_delivered": ["DELIVRD"],
    "report_undelivered": ["UNDELIV"],
}
OLD = {
    "method": "GET",
    "url": "https://gw.example.com/send?user={username}",
    "username": "me",
    "password": "s3cret/+&",
    "query": {"password": "{password}", "to": "{to_digits}", "text": "{text}"},
    "accept_at": "after:ID:",
    "id_at": "after:ID:",
    "error_at": "after:ERR:",
    "failures": {"001": "misconfigured"},
}


def nested(levels):
    value = ["{to} {text}"]
    for _ in range(levels - 1):
        value = [value]
    return value


def sms(**changes):
    return message(**{"to": "+447700900123", "channel": "sms"} | changes)


def gateway(url="", settings=MINE, **changes):
    path = settings["url"].removeprefix("https://gw.example.com")
    given = settings | ({"url": url + path} if url else {}) | changes
    return HttpGateway(providers.settings("http", given), setup())


async def ended(provider, **changes):
    try:
        return await provider.send(sms(**changes))
    except (Rejected, Unavailable, Uncertain) as error:
        return error


@pytest.fixture
async def peer():
    made = Gateway()
    async with vendor(made) as url:
        made.url = url
        yield made


class TestContract(ProviderContract):
    @pytest.fixture
    async def situations(self, peer):
        def to(number):
            return Situation(
                lambda: gateway(peer.url), ENDS[number], sms(to=number), (TOKEN, "report-secret-77")
            )

        wrong = Situation(lambda: gateway(peer.url, token="x" * 9), Unavailable, sms(), ("x" * 9,))
        return {number: to(number) for number in ENDS} | {"a wrong token": wrong}


ENDS = {
    "+447700900123": Receipt, "+447700900001": Rejected, "+447700900002": Rejected,
    "+447700900003": Uncertain, "+447700900004": Unavailable, "+447700900005": Unavailable,
    "+447700900006": Rejected, "+447700900007": Unavailable, "+447700900008": Unavailable,
    "+447700900009": Uncertain,
}  # fmt: skip


async def test_a_message_is_handed_over_as_the_template_says(peer):
    receipt = await gateway(peer.url).send(sms(text=f'"{CODE}"\n\\ is {{your}} code, é漢🙂'))
    assert receipt == Receipt(reference="gw-4711")
    (heard,) = peer.heard
    assert heard.json == {
        "messages": [
            {"to": "+447700900123", "from": "Acme", "ref": sms().id,
             "body": f'"{CODE}"\n\\ is {{your}} code, é漢🙂'}
        ],
        "dlr": f"{CALLBACK_URL}?key=report-secret-77",
    }  # fmt: skip


async def test_an_old_gateway_with_its_password_in_the_query_works_too():
    async with vendor(Plain()) as url:
        receipt = await gateway(url, OLD).send(sms(text="a&password=x ü"))
        assert receipt == Receipt(reference="8f3b1c")
        refused = await ended(gateway(url, OLD, password="wrong"))
    assert (type(refused), refused.reason) == (Unavailable, Reason.MISCONFIGURED)
    assert refused.raw == "HTTP 200 001"


@pytest.mark.parametrize(
    ("to", "kind", "reason", "raw"),
    [
        ("+447700900001", Rejected, Reason.INVALID_RECIPIENT, "HTTP 400 21"),
        ("+447700900002", Rejected, Reason.OPTED_OUT, "HTTP 200 52"),
        ("+447700900003", Uncertain, None, "HTTP 503"),
        ("+447700900004", Unavailable, Reason.THROTTLED, "HTTP 429"),
        ("+447700900005", Unavailable, Reason.NO_CREDIT, "HTTP 402"),
        ("+447700900006", Rejected, Reason.OTHER, "HTTP 200 99"),
        ("+447700900007", Unavailable, Reason.PROVIDER_DOWN, "HTTP 500 71"),
        ("+447700900008", Unavailable, Reason.MISCONFIGURED, "HTTP 302"),
    ],
)
async def test_an_answer_means_what_the_settings_say(peer, to, kind, reason, raw):
    error = await ended(gateway(peer.url), to=to)
    assert (type(error), getattr(error, "reason", None), error.raw) == (kind, reason, raw)


async def test_an_unknown_code_is_other_and_kept(peer):
    error = await ended(gateway(peer.url, failures={}), to="+447700900001")
    assert (type(error), error.reason, error.raw) == (Rejected, Reason.OTHER, "HTTP 400 21")


async def test_a_success_that_was_cut_off_is_uncertain():
    async with vendor(lambda heard: Answered(200, b'{"result": {"sta')) as url:
        assert type(await ended(gateway(url))) is Uncertain


async def test_an_answer_that_repeats_the_message_shows_nothing_of_it():
    words = f"no: {CODE}, +447700900123, {TOKEN}, {sms().text}"
    async with vendor(lambda heard: Answered(400, {"error": {"code": words}})) as url:
        raw = (await ended(gateway(url))).raw
    assert raw.startswith("HTTP 400")
    assert not any(word in raw for word in (CODE, "447700900123", TOKEN))


async def test_nobody_at_the_url_means_that_nothing_was_sent():
    async with vendor(Gateway()) as url:
        pass
    error = await ended(gateway(url))
    assert (type(error), error.reason) == (Unavailable, Reason.PROVIDER_DOWN)


async def test_a_preview_is_the_request_without_its_secrets():
    shown = gateway().preview(sms())
    assert shown["method"] == "POST" and shown["url"] == "https://gw.example.com/v2/send"
    assert shown["headers"]["Authorization"] == "Bearer ***"
    assert "+447700900123" in shown["body"] and "key=***" in shown["body"]
    assert not any(secret in str(shown) for secret in (TOKEN, "report-secret-77"))
    old = gateway(settings=OLD, auth="basic").preview(sms())
    assert "password=%2A%2A%2A" in old["url"] and "s3cret" not in str(old)
    assert old["headers"]["Authorization"] == "Basic ***"


async def test_a_preview_is_what_is_sent(peer):
    provider = gateway(peer.url)
    shown = provider.preview(sms())
    await provider.send(sms())
    (heard,) = peer.heard
    assert heard.body.decode() == shown["body"].replace("***", "report-secret-77")


async def test_basic_is_as_rfc_7617_has_it():
    heard = []
    async with vendor(lambda one: heard.append(one) or Answered(200, b"ID: 1")) as url:
        await gateway(url, OLD, auth="basic").send(sms())
    assert heard[0].headers["authorization"] == "Basic bWU6czNjcmV0Lysm"
    with pytest.raises(Misconfigured, match="username: remove the colon"):
        gateway(settings=OLD, auth="basic", username="a:b")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"url": "https://{sender}.example.com/{to}/{text}"}, "url: .sender. may not stand here"),
        ({"url": "https://{to}.example.com/{code}"}, "url: write http:// or https://"),
        ({"url": "https://gw.example.com:{to}/{code}"}, "url: write http:// or https://"),
        ({"url": "https://a:b@gw.example.com/"}, "url: write http:// or https://"),
        ({"url": "file:///etc/passwd"}, "url: write http:// or https://"),
        ({"url": "https://gw.example.com/#{to}"}, "url: write http:// or https://"),
        ({"url": "https://gw.example.com/{text}"}, "url: .text. may not stand here"),
        ({"json": {"to": "{too}", "text": "{text}"}}, "json: unknown variable"),
        ({"json": {"to": "{to", "text": "{text}"}}, "json: a brace is alone"),
        ({"json": {"text": "{text}"}}, "url: no template contains the recipient"),
        ({"json": {"to": "{to}"}}, "url: no template contains the message"),
        ({"form": {"to": "{to}"}}, "json: give either json or form"),
        ({"method": "GET"}, "method: GET has no body"),
        ({"method": "get"}, "method"),
        ({"headers": {"X-A": "1\r\nX-B: 2"}}, "headers: a value"),
        ({"headers": {"X-A\r\nX-B": "1"}}, "headers: a field's name"),
        ({"headers": {"Host": "inside"}}, "headers: a field's name"),
        ({"headers": {"Content-Length": "0"}}, "headers: a field's name"),
        ({"headers": {"X-A": "é"}}, "headers: a value"),
        ({"headers": {"authorization": "x"}}, "headers: auth sets Authorization"),
        ({"channels": ["pigeon"]}, "channels: use email"),
        ({"channels": ["silent"]}, "channels"),
        ({"channels": []}, "channels"),
        ({"auth": "basic"}, "username: auth basic needs"),
        ({"token": None}, "token: auth bearer needs"),
        ({"token": "é"}, "token: remove"),
        ({"accept_at": None}, "accept_values: needs accept_at"),
        ({"accept_statuses": [99]}, "accept_statuses: 100 to 599"),
        ({"id_at": "$.result.id"}, "id_at: write /a/0/b"),
        ({"id_at": "/a~2"}, "id_at: write /a/0/b"),
        ({"failures": {"1": "bad_luck"}}, "failures: each means one of"),
        ({"failures": {"1": "not_needed"}}, "failures: each means one of"),
        ({"report_secret": None}, "report_secret: anybody could report"),
        ({"report_secret": "x" * 15}, "report_secret: anybody could report"),
        ({"report_secret": "x" * 201}, "report_secret: anybody could report"),
        ({"json": nested(17)}, "json: at most 16 levels"),
        ({"json": nested(5_000)}, "json: at most 16 levels"),
        ({"report_secret_at": None}, "report_secret_at: says where"),
        ({"report_secret_at": "/key"}, "report_secret_at: use header:x or query:x"),
        ({"report_id_at": None}, "report_id_at: goes with"),
        ({"report_delivered": []}, "report_delivered: goes with"),
        ({"report_undelivered": ["DELIVRD"]}, "report_undelivered: a status cannot"),
        ({"report_check": "hmac_sha256", "report_id_at": "query:id"}, "report_check: a signature"),
        ({"report_list_at": "form:all"}, "report_list_at: write a JSON pointer"),
        ({"timeout_s": 10}, "timeout_s"),
        ({"proxy": "x"}, "proxy"),
    ],
)
def test_wrong_settings_are_named_and_no_secret_is_repeated(changes, words):
    with pytest.raises(Misconfigured, match=words) as caught:
        gateway(**changes)
    assert TOKEN not in str(caught.value) and "report-secret-77" not in str(caught.value)


def test_every_meaning_is_a_reason_that_a_vendor_can_have():
    assert MEANINGS - set(Reason) == {"uncertain"}
    assert set(Reason) - MEANINGS == {"timed_out", "not_needed", "interrupted"}
