"""What the server refuses becomes an error that says what to do and gives nothing away."""

import json
import pickle
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

import watchword
from watchword import errors
from watchword.protocol import Call, Exchange, configure

PROBLEM = {
    "type": "http://127.0.0.1:8080/docs/errors/rate-limited",
    "title": "Too many requests",
    "status": 429,
    "detail": "This address got a code 2 s ago.",
    "instance": "/v1/messages",
    "code": 3004,
    "message": "Too soon.",
    "retryable": True,
    "retry_after": 28,
    "doc_url": "http://127.0.0.1:8080/docs/errors/rate-limited.md",
    "next_action": "wait",
    "request_id": "req_1",
    "message_id": "ver_1",
    "limit": "cooldown",
}


def raised(status: int, body: object, call: Call | None = None) -> watchword.WatchwordError:
    settings = configure(None, "demo", "s3cr3t-demo", None, environ={}, timeout=1.0, max_retries=0)
    each = Exchange(settings, call or Call("GET", "/x", dict), "k", lambda: 0.0)
    with pytest.raises(watchword.WatchwordError) as caught:
        each.answered(status, {}, json.dumps(body).encode())
    return caught.value


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, watchword.BadRequest),
        (401, watchword.Authentication),
        (403, watchword.PermissionDenied),
        (404, watchword.NotFound),
        (405, watchword.BadRequest),
        (409, watchword.Conflict),
        (410, watchword.Gone),
        (422, watchword.BadRequest),
        (429, watchword.RateLimited),
        (500, watchword.ServerError),
        (503, watchword.ServerError),
    ],
)
def test_a_status_has_its_class(status: int, kind: type[watchword.APIError]) -> None:
    error = raised(status, {"code": 1, "message": "no"})
    assert type(error) is kind
    assert error.http_status == status


def test_every_member_of_a_problem_is_on_the_error() -> None:
    error = raised(429, PROBLEM)
    assert isinstance(error, watchword.RateLimited)
    for member in ("code", "message", "detail", "retryable", "retry_after", "doc_url"):
        assert getattr(error, member) == PROBLEM[member]
    assert (error.next_action, error.request_id) == ("wait", "req_1")
    assert error.extra == {"message_id": "ver_1", "limit": "cooldown"}
    assert str(error) == (
        "Too soon: This address got a code 2 s ago "
        "(code 3004, HTTP 429, retry after 28 s, next: wait, request req_1)"
    )


@pytest.mark.parametrize("body", [None, [], "gateway", {"code": "x", "message": 7, "extra": 1}])
def test_a_proxys_answer_is_still_an_api_error(body: object) -> None:
    error = raised(502, body)
    assert isinstance(error, watchword.ServerError)
    assert (error.code, error.retryable, error.request_id) == (None, True, None)
    assert "HTTP 502" in str(error)


@pytest.mark.parametrize(
    ("status", "body", "retryable"),
    [
        (400, {"code": 5001}, True),
        (400, {"code": 5016}, True),
        (400, {"code": 3002}, False),
        (500, {"code": 1000}, True),
        (501, {}, False),
        (505, {}, False),
        (503, {"retryable": False}, False),
    ],
)
def test_retryable_is_what_the_server_says_or_else_the_table(
    status: int, body: dict[str, object], retryable: bool
) -> None:
    error = raised(status, body)
    assert isinstance(error, watchword.APIError)
    assert error.retryable is retryable


def test_the_tree_at_the_top_of_errors_is_the_tree() -> None:
    drawn = re.findall(r"[├└]── (\w+)", errors.__doc__ or "")
    defined = [
        name
        for name, each in vars(errors).items()
        if isinstance(each, type) and issubclass(each, errors.WatchwordError)
    ]
    assert sorted([*drawn, "WatchwordError"]) == sorted(defined)
    assert set(defined) <= set(watchword.__all__)


@pytest.mark.parametrize(
    "error",
    [raised(429, PROBLEM), watchword.TimedOut("late", maybe_processed=True)],
    ids=["refused", "timed out"],
)
def test_an_error_survives_the_way_to_another_process(error: watchword.WatchwordError) -> None:
    there = pickle.loads(pickle.dumps(error))
    assert type(there) is type(error)
    assert (str(there), vars(there)) == (str(error), vars(error))


SECRET = "s3cr3t-demo"
CODE = "918273"
ADDRESSES = ("+6591234567", "zoe@example.com")


def leaks(text: str) -> list[str]:
    """What an error shows of the call that led to it."""
    call = Call("POST", "/x", dict, secrets=(CODE, *ADDRESSES))
    body = {"code": 3002, "title": text, "detail": text, "message": text}
    shown = "".join((str(error := raised(400, body, call)), repr(error), *map(str, error.args)))
    return [each for each in (SECRET, CODE, *ADDRESSES) if each in shown]


@given(st.lists(st.sampled_from([SECRET, CODE, *ADDRESSES, " ", "1", "x", "é"]), min_size=1))
def test_no_error_repeats_the_code_the_secret_or_the_address(parts: list[str]) -> None:
    assert leaks("".join(parts)) == []


def test_that_test_catches_an_error_that_repeats_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(errors, "scrub", lambda text, secrets: text)
    assert leaks(f"{CODE} is wrong for {ADDRESSES[1]}") == [CODE, ADDRESSES[1]]


@pytest.mark.parametrize(
    "text",
    [
        "+65 9123-4567 is out",
        "ZOE@Example.com is out",
        "someone.else@example.org",
        "+4915112345678",
    ],
)
def test_addresses_are_masked_even_if_the_call_did_not_have_them(text: str) -> None:
    error = raised(400, {"message": text}, Call("POST", "/x", dict, secrets=ADDRESSES))
    assert str(error).startswith("***")
