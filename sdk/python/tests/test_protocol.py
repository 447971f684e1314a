"""The protocol without I/O: requests out, answers in."""

import base64
import json
import re
from datetime import UTC, datetime, timedelta

import pytest

from watchword import ConfigurationError, Message, RateLimited, UnexpectedResponse
from watchword.protocol import (
    Call,
    Exchange,
    Listing,
    Retry,
    Settings,
    configure,
    read_retry_after,
    root_url,
    segment,
)


def settings(**given: object) -> Settings:
    known = {"base_url": None, "dev_key": "demo", "dev_secret": "s3cr3t", "api_key": None}
    return configure(**({**known, **given}), environ={}, timeout=10.0, max_retries=2)


def exchange(call: Call) -> Exchange:
    return Exchange(settings(), call, "idem", lambda: 0.0)


GET = Call("GET", "/messages/ver_1", Message.from_wire)


@pytest.mark.parametrize(
    "url",
    [
        "http://h:1/x",
        "http://h:1/x/",
        "http://h:1/x/v1",
        "http://h:1/x/v1/",
        " http://h:1/x//v1// ",
    ],
)
def test_a_base_url_may_end_in_a_slash_or_v1(url: str) -> None:
    assert root_url(url) == "http://h:1/x"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "localhost:8080",
        "ftp://h",
        "http://",
        "http://key:secret@h",
        "http://h?x=1",
        "http://h:x",
        "http://[",
    ],
)
def test_what_is_no_base_url_is_refused_without_being_repeated(url: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        root_url(url)
    assert "secret@" not in str(caught.value)


@pytest.mark.parametrize("half", ["api_key", "dev_key", "dev_secret"])
@pytest.mark.parametrize("value", ["broken\n", "s3cr\u00e9t"])
def test_a_credential_that_cannot_be_one_is_refused_without_being_repeated(
    half: str, value: str
) -> None:
    others = {"dev_key": None, "dev_secret": None} if half == "api_key" else {}
    with pytest.raises(ConfigurationError, match="credential") as caught:
        settings(**others, **{half: value})
    assert value.strip() not in str(caught.value)


def test_a_post_carries_its_body_its_key_and_who_calls() -> None:
    body = {
        "to": "+6591234567",
        "ttl": None,
        "name": "Zoë",
    }
    request = settings().request(Call("POST", "/messages", dict, body=body), "idem")
    assert (request.method, request.url) == ("POST", "http://127.0.0.1:8080/v1/messages")
    assert json.loads(request.content or b"") == {
        "to": "+6591234567",
        "name": "Zoë",
    }
    basic = base64.b64encode(b"demo:s3cr3t").decode()
    assert request.headers["Authorization"] == f"Basic {basic}"
    assert request.headers["Idempotency-Key"] == "idem"
    assert request.headers["Content-Type"] == "application/json"
    assert re.fullmatch(r"watchword-python/\d+\.\d+\.\d+", request.headers["User-Agent"])


def test_a_get_carries_neither_body_nor_idempotency_key() -> None:
    call = Call("GET", "/messages", dict, query={"status": "pending", "limit": None})
    request = settings(dev_key=None, dev_secret=None, api_key="bear").request(call, "idem")
    assert request.url.endswith("/v1/messages?status=pending")
    assert request.content is None
    assert request.headers["Authorization"] == "Bearer bear"
    assert not {"Idempotency-Key", "Content-Type"} & set(request.headers)


def test_the_repr_of_nothing_shows_a_secret_an_address_or_a_code() -> None:
    call = Call("POST", "/codes", dict, body={"to": "+6591234567", "code": "918273"})
    shown = repr((call, settings(), exchange(call), settings().request(call, "k")))
    assert not any(secret in shown for secret in ("+6591234567", "918273", "s3cr3t", "Basic"))


def test_an_id_is_one_segment_of_a_path() -> None:
    assert segment("ver_1/../x?y") == "ver_1%2F..%2Fx%3Fy"
    for empty in ("", ".", ".."):
        with pytest.raises(ValueError, match="empty"):
            segment(empty)


def test_an_answer_becomes_a_record_that_keeps_what_it_does_not_know() -> None:
    wire = {
        "message_id": "ver_1",
        "status": "approved",
        "expires_at": "2026-11-23T10:00:00Z",
        "ended_at": "2026-11-23T12:00:00+02:00",
        "resend_after": 30,
        "timeline": [{"type": "sent"}],
        "invented_later": {"x": 1},
    }
    message = exchange(GET).answered(200, {}, json.dumps(wire).encode())
    assert message.expires_at == message.ended_at == datetime(2026, 11, 23, 10, tzinfo=UTC)
    assert message.ended_at.utcoffset() == timedelta(0)
    assert message.resend_after == 30
    assert message.timeline == ({"type": "sent"},)
    assert message.raw == wire
    assert message == Message.from_wire(wire | {"invented_later": None})
    assert hash(message)


def test_an_answer_in_engagelabs_bare_shape_is_enough() -> None:
    wire = {"message_id": "1725407449772531712", "send_channel": "sms"}
    message = Message.from_wire(wire)
    assert (message.status, message.send_channel, message.expires_at) == ("pending", "sms", None)


@pytest.mark.parametrize("time", ["soon", 1701234567, None, ["2026"]])
def test_a_time_it_cannot_read_is_none_and_stays_in_raw(time: object) -> None:
    message = Message.from_wire({"message_id": "ver_1", "expires_at": time})
    assert message.expires_at is None
    assert message.raw["expires_at"] == time


@pytest.mark.parametrize(
    ("status", "content"),
    [
        (200, b"<html>"),
        (200, b"[]"),
        (200, b"{}"),
        (200, b""),
        (200, b'"x"'),
        (302, b""),
        (204, b""),
    ],
)
def test_an_answer_that_is_not_watchwords_says_to_check_base_url(
    status: int, content: bytes
) -> None:
    with pytest.raises(UnexpectedResponse, match=f"HTTP {status} .*base_url"):
        exchange(GET).answered(status, {}, content)


@pytest.mark.parametrize(
    ("header", "body", "seconds"),
    [
        ("30", None, 30),
        ("0", None, 0),
        ("1.5", 9, 1.5),
        (None, 12, 12),
        (None, "12", 12),
        ("Wed, 21 Oct 2026 07:28:00 GMT", 9, 9),
        ("-1", None, None),
        ("nan", None, None),
        ("inf", None, None),
        (None, [1], None),
        (None, None, None),
    ],
    ids=repr,
)
def test_retry_after_is_a_number_of_seconds(
    header: str | None, body: object, seconds: float | None
) -> None:
    headers = {} if header is None else {"retry-after": header}
    assert read_retry_after(headers, {"retry_after": body}) == seconds


def test_an_exchange_counts_its_retries_and_then_raises() -> None:
    each = exchange(GET)
    assert each.answered(503, {"retry-after": "3"}, b"") == Retry(3)
    assert each.answered(503, {}, b"") == Retry(1.0)
    with pytest.raises(Exception, match="HTTP 503"):
        each.answered(503, {}, b"")


def test_a_cool_down_is_raised_with_its_number() -> None:
    body = b'{"code": 3004, "message": "Too soon.", "retry_after": 28, "message_id": "ver_9"}'
    with pytest.raises(RateLimited) as caught:
        exchange(GET).answered(429, {"retry-after": "28"}, body)
    assert caught.value.retry_after == 28
    assert caught.value.extra == {"message_id": "ver_9"}


def read(rest: Listing | None, pages: list[tuple[list[str], str | None]]) -> list[str]:
    found = []
    while rest:
        ids, cursor = pages.pop(0)
        rows = [{"message_id": each} for each in ids]
        items, rest = rest.take(rest.call.decode({"data": rows, "next_cursor": cursor}))
        found += [item.message_id for item in items]
    return found


def test_a_list_is_read_to_its_end() -> None:
    pages = [(["a", "b"], "1"), ([], "2"), (["c"], None)]
    assert read(Listing("/messages", Message.from_wire, {}), pages) == ["a", "b", "c"]


def test_a_limit_stops_reading_and_asks_for_no_more_than_it_needs() -> None:
    rest = Listing("/messages", Message.from_wire, {"status": "pending"}, 120)
    assert rest.call.query == {"status": "pending", "limit": 100}
    _, rest = rest.take((("x",) * 100, "c1"))
    assert rest is not None
    assert rest.call.query == {"status": "pending", "limit": 20, "cursor": "c1"}
    items, end = rest.take((("x",) * 100, "c2"))
    assert (len(items), end) == (20, None)
    with pytest.raises(ValueError, match="at least 1"):
        Listing("/messages", Message.from_wire, {}, 0)


def test_a_list_whose_cursor_does_not_move_ends_in_an_error() -> None:
    pages = [(["a"], "1"), (["b"], "1"), (["c"], "1")]
    with pytest.raises(UnexpectedResponse, match="next_cursor"):
        read(Listing("/messages", Message.from_wire, {}), pages)


def test_a_list_may_be_a_bare_array() -> None:
    decode = Listing("/template-configs", Message.from_wire, {}).call.decode
    assert decode([{"message_id": "a"}]) == ((Message.from_wire({"message_id": "a"}),), None)
