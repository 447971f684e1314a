"""What one attempt changes, as rules without a clock or a database."""

import msgspec
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from watchword_server.domain import webhook
from watchword_server.domain.errors import Problem
from watchword_server.domain.events import EventType
from watchword_server.domain.webhook import (
    Dialect,
    Disabled,
    WebhookAttempt,
    WebhookDelivery,
    WebhookEndpoint,
    WebhookStatus,
)
from watchword_server.settings.table import SCHEDULE

QUICK = settings(
    max_examples=50, deadline=None, database=None, derandomize=True, phases=[Phase.generate]
)
HOUR = 3_600
NOW = 1_772_366_400_000
DELIVERY = WebhookDelivery(
    project=b"p", endpoint=b"e", number=1, sequence=1, status=WebhookStatus.PENDING, step=0,
    tries=0, due_at=NOW, leased=True, answer=None, error=None, created_at=NOW, updated_at=NOW,
)  # fmt: skip
ENDPOINT = WebhookEndpoint(
    project=b"p", id=b"e", url="https://example.com/", description="", dialect=Dialect.STANDARD,
    types=(), secrets=b"", verified=True, disabled=None, failing_since=None, not_before=0,
    after=0, created_at=NOW, updated_at=NOW,
)  # fmt: skip


def tried(answer, error=None):
    return WebhookAttempt(
        project=b"p", endpoint=b"e", number=1, attempt=1, at=NOW, ms=1, answer=answer,
        error=error, response=b"",
    )  # fmt: skip


def test_the_schedule_is_that_of_standard_webhooks():
    hours = [2, 5, 10, 14, 20, 24]
    assert list(SCHEDULE) == [0, 5, 300, 1_800, *(each * HOUR for each in hours)]
    assert sum(SCHEDULE) / HOUR == pytest.approx(75.6, abs=0.1)


def follows_the_schedule(after_attempt):
    """Ten failures: nine waits as the schedule says, give or take a fifth, then exhausted."""
    delivery, now = DELIVERY, NOW
    for step, wait in enumerate(SCHEDULE[1:], 1):
        for chance in (0.0, 0.5, 0.999):
            then = after_attempt(delivery, tried(500), None, SCHEDULE, chance, now)
            assert then.status is WebhookStatus.PENDING
            assert not then.leased
            expected = wait * 1000 * (0.8 + 0.4 * chance)
            assert then.due_at - now == pytest.approx(expected, abs=1)
        delivery = after_attempt(delivery, tried(500), None, SCHEDULE, 0.5, now)
        assert (delivery.step, delivery.tries) == (step, step)
        now = delivery.due_at
    last = after_attempt(delivery, tried(None, "timed out"), None, SCHEDULE, 0.5, now)
    assert (last.status, last.tries, last.error) == (WebhookStatus.EXHAUSTED, 10, "timed out")


def test_failures_follow_the_schedule_until_it_is_over():
    follows_the_schedule(webhook.after_attempt)


@pytest.mark.parametrize(
    "broken",
    [
        lambda then: msgspec.structs.replace(then, due_at=NOW),
        lambda then: msgspec.structs.replace(then, status=WebhookStatus.PENDING),
        lambda then: msgspec.structs.replace(then, step=0),
    ],
    ids=["at once", "for ever", "from the start"],
)
def test_failures_follow_the_schedule_mutant_is_caught(broken):
    with pytest.raises(AssertionError):
        follows_the_schedule(lambda *given: broken(webhook.after_attempt(*given)))


@pytest.mark.parametrize("answer", [200, 201, 202, 204, 299])
def test_two_hundreds_deliver(answer):
    then = webhook.after_attempt(DELIVERY, tried(answer), None, SCHEDULE, 0, NOW)
    assert then.status is WebhookStatus.DELIVERED


@pytest.mark.parametrize("answer", [None, 101, 199, 300, 301, 302, 307, 400, 404, 500, 503])
def test_nothing_else_delivers(answer):
    then = webhook.after_attempt(DELIVERY, tried(answer), None, SCHEDULE, 0, NOW)
    assert then.status is WebhookStatus.PENDING


@QUICK
@given(st.integers(0, 86_400), st.floats(0, 0.999), st.integers(0, 8))
def test_retry_after_is_never_undercut_and_never_shortens_the_schedule(wait, chance, step):
    begun = msgspec.structs.replace(DELIVERY, step=step)
    then = webhook.after_attempt(begun, tried(503), wait, SCHEDULE, chance, NOW)
    assert then.due_at - NOW >= wait * 1000
    assert then.due_at - NOW >= SCHEDULE[step + 1] * 800 - 1


def test_gone_ends_the_delivery_and_the_endpoint():
    gone = tried(410)
    then = webhook.after_attempt(DELIVERY, gone, None, SCHEDULE, 0, NOW)
    assert then.status is WebhookStatus.EXHAUSTED
    assert webhook.after_answer(ENDPOINT, gone, None, NOW).disabled is Disabled.GONE


def disables_after_five_days(after_answer):
    endpoint = after_answer(ENDPOINT, tried(500), None, NOW)
    assert endpoint.failing_since == NOW
    almost = after_answer(endpoint, tried(500), None, NOW + webhook.FAILING_MS - 1)
    assert almost.disabled is None
    assert after_answer(almost, tried(200), None, NOW + 1).failing_since is None
    over = after_answer(almost, tried(500), None, NOW + webhook.FAILING_MS)
    assert over.disabled is Disabled.FAILING


def test_five_days_of_nothing_but_failures_disable():
    disables_after_five_days(webhook.after_answer)


def test_five_days_mutant_is_caught():
    def forgetful(endpoint, attempt, retry_after, now):
        changed = webhook.after_answer(endpoint, attempt, retry_after, now)
        return msgspec.structs.replace(changed, failing_since=now)

    with pytest.raises(AssertionError):
        disables_after_five_days(forgetful)


@pytest.mark.parametrize("answer", [429, 502, 503, 504])
def test_a_throttling_answer_speaks_for_the_whole_endpoint(answer):
    assert webhook.after_answer(ENDPOINT, tried(answer), 60, NOW).not_before == NOW + 60_000
    assert webhook.after_answer(ENDPOINT, tried(answer), None, NOW).not_before == 0
    assert webhook.after_answer(ENDPOINT, tried(500), 60, NOW).not_before == 0


def test_an_answer_that_changes_nothing_changes_nothing():
    assert webhook.after_answer(ENDPOINT, tried(200), None, NOW) is ENDPOINT


def test_a_replay_begins_anew():
    exhausted = msgspec.structs.replace(
        DELIVERY, status=WebhookStatus.EXHAUSTED, step=10, tries=10, leased=False
    )
    again = webhook.replayed(exhausted, NOW + 5)
    assert (again.status, again.step, again.tries) == (WebhookStatus.PENDING, 0, 10)
    assert (again.due_at, again.number) == (NOW + 5, exhausted.number)


def test_types_and_families_choose_events():
    for types, wanted in (
        ((), set(EventType)),
        (("key.*",), {one for one in EventType if one.family == "key"}),
        (("delivery.sent", "webhook.*"), {EventType.DELIVERY_SENT, EventType.WEBHOOK_DISABLED}),
    ):
        assert {one for one in EventType if webhook.wants(types, one)} == wanted


def test_types_that_do_not_exist_are_refused():
    assert webhook.check_types(["key.*", "key", "key.*"]) == ("key.*",)
    for unknown in ("keys", "*", "key.made", "verification.", "Key.*"):
        with pytest.raises(Problem):
            webhook.check_types([unknown])


@pytest.mark.parametrize(
    "url",
    ["", "example.com", "ftp://example.com/", "https://", "https://u:p@example.com/",
     "https://example.com/#a", "https://exa mple.com/", "https://example.com:0x50/", "//x/",
     "https://example.com/" + "a" * 2_048, "https://example.com/\n", "https://2130706433/"],
)  # fmt: skip
def test_what_is_no_url_is_refused(url):
    with pytest.raises(Problem):
        webhook.check_url(url, http=True)


def test_plain_http_needs_leave():
    assert webhook.check_url("https://example.com/a?b=c", http=False)
    assert webhook.check_url("http://10.0.0.1:8000/", http=True)
    with pytest.raises(Problem, match="https"):
        webhook.check_url("http://example.com/", http=False)
