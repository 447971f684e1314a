"""Which failures are sent again, and when: one table, and the mistakes it has to catch."""

from dataclasses import dataclass

import pytest

from watchword import APIError, ConnectionFailed, TimedOut, UnexpectedResponse, WatchwordError
from watchword.errors import error_class
from watchword.protocol import RetryPolicy


def refusal(status: int, code: int | None = None, after: float | None = None, **body: object):
    members = {"code": code, **body}
    return error_class(status)(members, http_status=status, retry_after=after)


NOT_SENT = ConnectionFailed("refused", maybe_processed=False)
CONNECT_TIMEOUT = TimedOut("connect", maybe_processed=False)
READ_TIMEOUT = TimedOut("read", maybe_processed=True)
CUT_OFF = ConnectionFailed("cut off", maybe_processed=True)

# error; after how long a GET, a POST and others are retried (None: it is raised); jitter 0, first
# try.  A POST has an idempotency key, the others have not.
TABLE: list[tuple[str, WatchwordError, float | None, float | None, float | None]] = [
    ("refused", NOT_SENT, 0.5, 0.5, 0.5),
    ("connect timeout", CONNECT_TIMEOUT, 0.5, 0.5, 0.5),
    ("read timeout", READ_TIMEOUT, 0.5, 0.5, None),
    ("cut off", CUT_OFF, 0.5, 0.5, None),
    ("500", refusal(500, 1000), 0.5, None, None),
    ("502", refusal(502, 5001), 0.5, None, None),
    ("502 from a proxy", refusal(502), 0.5, 0.5, None),
    ("503", refusal(503, 1000), 0.5, 0.5, 0.5),
    ("503 after 7", refusal(503, 1000, 7), 7, 7, 7),
    ("503 after 60", refusal(503, 1000, 60), 60, 60, 60),
    ("503 after 61", refusal(503, 1000, 61), 0.5, 0.5, 0.5),
    ("503 after 0", refusal(503, 1000, 0), 0.5, 0.5, 0.5),
    ("503 vetoed", refusal(503, 1000, 7, retryable=False), None, None, None),
    ("504", refusal(504), 0.5, 0.5, None),
    ("504 of the server", refusal(504, 1000), 0.5, None, None),
    ("501", refusal(501), None, None, None),
    ("505", refusal(505), None, None, None),
    ("429 at once", refusal(429, 3004, 0), 0.5, 0.5, 0.5),
    ("429 after 1", refusal(429, 3004, 1), 1, 1, 1),
    ("429 after 5", refusal(429, 3004, 5), 5, 5, 5),
    ("429 after 5.1", refusal(429, 3004, 5.1), None, None, None),
    ("429 cool-down", refusal(429, 3004, 30), None, None, None),
    ("429 unsaid", refusal(429, 3004), None, None, None),
    ("400 code 5001", refusal(400, 5001), 0.5, None, None),
    ("400 code 5016", refusal(400, 5016), 0.5, None, None),
    ("400", refusal(400, 3002), None, None, None),
    ("400 said retryable", refusal(400, 3002, retryable=True), None, None, None),
    ("401", refusal(401, 2001), None, None, None),
    ("404", refusal(404, 4001), None, None, None),
    ("409", refusal(409, 3003), None, None, None),
    ("409 in flight", refusal(409, 1000, 5, retryable=True), 5, 5, None),
    ("409 in flight, unsaid", refusal(409, 1000), 0.5, 0.5, None),
    ("410", refusal(410, 3003), None, None, None),
    ("not Watchword", UnexpectedResponse("html"), None, None, None),
]


def wrong_rows(policy: RetryPolicy) -> list[str]:
    """The rows of the table a policy does not follow."""
    wrong = []
    for name, error, get, post, other in TABLE:
        wants = {"GET": get, "POST": post, "PUT": other, "PATCH": other, "DELETE": other}
        for method, want in wants.items():
            if policy.delay(method, error, retries=0, jitter=0.0) != want:
                wrong.append(f"{method} {name}")
    return wrong


def test_the_policy_follows_the_table() -> None:
    assert wrong_rows(RetryPolicy()) == []


@dataclass(frozen=True)
class RetriesAnyMethod(RetryPolicy):
    def may_retry(self, method: str, error: WatchwordError) -> bool:
        return super().may_retry("GET", error)


@dataclass(frozen=True)
class LosesAnswers(RetryPolicy):
    def may_retry(self, method: str, error: WatchwordError) -> bool:
        return super().may_retry("PATCH" if method == "POST" else method, error)


@dataclass(frozen=True)
class WaitsOutCoolDowns(RetryPolicy):
    longest_rate_limit: float = 60.0


@dataclass(frozen=True)
class BelievesTheServer(RetryPolicy):
    def may_retry(self, method: str, error: WatchwordError) -> bool:
        return isinstance(error, APIError) and error.retryable


@dataclass(frozen=True)
class IgnoresRetryAfter(RetryPolicy):
    longest_retry_after: float = 0.0


@pytest.mark.parametrize(
    ("mutant", "caught_by"),
    [
        (RetriesAnyMethod(), "PATCH read timeout"),
        (RetriesAnyMethod(), "POST 500"),
        (LosesAnswers(), "POST read timeout"),
        (WaitsOutCoolDowns(), "POST 429 cool-down"),
        (BelievesTheServer(), "GET 400 said retryable"),
        (IgnoresRetryAfter(), "GET 503 after 7"),
        (RetryPolicy(longest_retry_after=3600), "GET 503 after 61"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_the_table_catches_a_broken_policy(mutant: RetryPolicy, caught_by: str) -> None:
    assert caught_by in wrong_rows(mutant)


def test_the_delay_doubles_up_to_a_ceiling_and_jitter_only_shortens_it() -> None:
    policy = RetryPolicy(max_retries=9)
    error = refusal(503, 1000)
    full = [policy.delay("GET", error, retries=n, jitter=0.0) for n in range(7)]
    least = [policy.delay("GET", error, retries=n, jitter=1.0) for n in range(7)]
    assert full == [0.5, 1, 2, 4, 8, 8, 8]
    assert least == [0.375, 0.75, 1.5, 3, 6, 6, 6]


@pytest.mark.parametrize("allowed", [0, 1, 2])
def test_no_more_retries_than_allowed(allowed: int) -> None:
    policy = RetryPolicy(allowed)
    assert policy.delay("GET", NOT_SENT, retries=allowed, jitter=0.0) is None
    if allowed:
        assert policy.delay("GET", NOT_SENT, retries=allowed - 1, jitter=0.0) is not None
