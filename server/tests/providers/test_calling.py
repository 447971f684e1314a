"""What vendors over HTTP share: how they are asked, and what their answers mean."""

import pytest

from providers.contract import CODE, message
from providers.vendor_peer import Answered, setup, vendor
from watchword_server.domain.delivery import Reason, Receipt
from watchword_server.egress.network import GuardedNetwork
from watchword_server.ports.outside import Busy, Reply
from watchword_server.ports.providers import Checkup, Rejected, Unavailable, Uncertain
from watchword_server.providers import calling

MESSAGE = message(to="+447700900123", channel="sms")


async def ask(url, network=None, **options):
    return await calling.ask(network or setup().network, "POST", url, {}, b"{}", **options)


@pytest.mark.asyncio
async def test_an_answer_is_an_answer_whatever_its_status():
    async with vendor(lambda heard: Answered(503, {"a": 1})) as url:
        reply = await ask(url)
    assert isinstance(reply, Reply)
    assert (reply.status, calling.parsed(reply.body)) == (503, {"a": 1})


@pytest.mark.asyncio
async def test_a_refused_connection_means_that_nothing_was_sent():
    async with vendor(lambda heard: Answered()) as url:
        pass
    failure = await ask(url)
    assert (type(failure), failure.reason) == (Unavailable, Reason.PROVIDER_DOWN)


@pytest.mark.asyncio
async def test_a_connection_that_breaks_off_after_the_request_leaves_it_open():
    async with vendor(lambda heard: Answered(hang_up=True)) as url:
        assert type(await ask(url)) is Uncertain


@pytest.mark.asyncio
@pytest.mark.parametrize("url", ["http://127.0.0.1/", "https://[::1]/", "ftp://a.example", "x"])
async def test_a_url_that_may_not_be_called_is_a_setting_that_is_wrong(url):
    failure = await ask(url, GuardedNetwork(lambda: 0))
    assert (type(failure), failure.reason) == (Unavailable, Reason.MISCONFIGURED)


@pytest.mark.asyncio
async def test_a_server_with_too_much_under_way_has_sent_nothing():
    class Full:
        async def request(self, *asked, timeout_s):
            raise Busy("too many lookups")

    failure = await ask("https://a.example", Full())
    assert (type(failure), failure.reason) == (Unavailable, Reason.THROTTLED)


@pytest.mark.parametrize(
    ("status", "reason", "error", "told"),
    [
        (400, None, Rejected, Reason.OTHER),
        (400, Reason.OPTED_OUT, Rejected, Reason.OPTED_OUT),
        (400, Reason.NO_CREDIT, Unavailable, Reason.NO_CREDIT),
        (401, None, Unavailable, Reason.MISCONFIGURED),
        (402, None, Unavailable, Reason.NO_CREDIT),
        (403, None, Unavailable, Reason.MISCONFIGURED),
        (403, Reason.BLOCKED_BY_CARRIER, Rejected, Reason.BLOCKED_BY_CARRIER),
        (404, None, Unavailable, Reason.MISCONFIGURED),
        (422, None, Rejected, Reason.OTHER),
        (429, None, Unavailable, Reason.THROTTLED),
        (302, Reason.OPTED_OUT, Unavailable, Reason.MISCONFIGURED),
        (408, None, Uncertain, None),
        (500, Reason.OPTED_OUT, Uncertain, None),
        (503, None, Uncertain, None),
        (200, None, Uncertain, None),
    ],
)
def test_what_an_answer_means(status, reason, error, told):
    failure = calling.refusal(status, reason, "raw")
    assert (type(failure), getattr(failure, "reason", None)) == (error, told)
    assert failure.raw == "raw"


@pytest.mark.parametrize(
    "said",
    [
        f"+447700900123 got {CODE}",
        "447700900123",
        "+44 7700 900123",
        "44-7700-900-123",
        "07700 900123",
        "482 913",
        "4-8-2-9-1-3",
        "sk_live_1",
    ],
)
def test_what_was_handed_over_is_masked_in_the_vendors_words(said):
    raw = calling.quoted(MESSAGE, 21211, f"No: {said}!", "sk_live_1")
    assert raw.startswith("21211 No: ***") and raw.endswith("***!")
    assert not any(secret in raw for secret in (CODE, "900123", "900", "sk_live"))


@pytest.mark.parametrize(
    ("code", "text", "raw"),
    [
        (30003, "", "30003"),
        (None, None, ""),
        (131026, "a\nb\x00c", "131026 a b c"),
        (CODE, "x", "*** x"),
        ("447700900123", "x", "*** x"),
        ("+44 7700 900123", "x", "*** x"),
        (True, {"a": 1}, ""),
        ("e", "x" * 300, "e " + "x" * 198),
    ],
)
def test_what_is_kept_is_one_short_line(code, text, raw):
    assert calling.quoted(MESSAGE, code, text) == raw


def test_a_secret_is_masked_in_the_code_as_in_the_words():
    assert calling.quoted(MESSAGE, "e-sk_live_1", "of sk_live_1", "sk_live_1") == "e-*** of ***"


def test_a_number_of_a_phone_is_masked_where_nothing_is_known_of_the_message():
    assert calling.kept("failed +44 7700 900123 131026") == "failed ***"
    assert calling.kept("failed 131026") == "failed 131026"


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'"a"', b"\xff", b"[" * 5000])
def test_a_body_that_is_no_object_is_an_empty_one(body):
    assert calling.parsed(body) == {}


def test_an_ending_is_returned_or_raised_without_a_chain():
    receipt = Receipt(reference="a")
    assert calling.ended(receipt) is receipt
    with pytest.raises(Uncertain) as raised:
        calling.ended(Uncertain("raw"))
    assert raised.value.__cause__ is None and raised.value.__context__ is None


def test_a_form_and_a_basic_header_are_spelled_as_their_standards_say():
    assert calling.form({"To": "+1 2", "B": "ä&"}) == b"To=%2B1+2&B=%C3%A4%26"
    assert calling.form([("a", "1"), ("a", "2")]) == b"a=1&a=2"
    assert calling.basic("Aladdin", "open sesame") == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="


@pytest.mark.parametrize(("left", "right", "equal"), [("a", "a", True), ("a", "b", False)])
def test_signatures_are_compared_whatever_is_in_them(left, right, equal):
    assert calling.same(left, right) is equal
    assert calling.same("ä\ud800", "a") is False


def test_settings_show_none_of_their_values():
    class Settings(calling.Discreet, frozen=True, kw_only=True, forbid_unknown_fields=True):
        token: str

    hidden = Settings(token="t0ps3cret")
    assert "t0ps3cret" not in f"{hidden!r}{hidden}{[hidden]}{list(hidden.__rich_repr__())}"


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("status", "ok", "words"),
    [
        (200, True, "fine"),
        (401, False, "credentials"),
        (403, False, "credentials"),
        (500, False, "HTTP 500"),
    ],
)
async def test_a_checkup_says_how_the_account_is(status, ok, words):
    async with vendor(lambda heard: Answered(status, {"well": "fine"})) as url:
        made = await calling.checkup(
            setup().network, url, {}, lambda said: Checkup(ok=True, detail=said["well"])
        )
    assert made.ok is ok
    assert words in made.detail


@pytest.mark.asyncio
async def test_a_checkup_of_a_vendor_that_is_not_there_says_so():
    async with vendor(lambda heard: Answered()) as url:
        pass
    made = await calling.checkup(setup().network, url, {}, lambda said: Checkup(ok=True, detail=""))
    assert not made.ok and made.detail.startswith("No answer: ")
