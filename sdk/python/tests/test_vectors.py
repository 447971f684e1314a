"""The vectors that every SDK of Watchword runs: webhooks, retries, errors."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import engagelab_otp
import pytest

import watchword
from watchword import webhooks
from watchword.errors import error_class
from watchword.protocol import Call, Exchange, RetryPolicy, configure
from watchword.webhooks import Webhook, WebhookRefused

SPEC = Path(__file__).parents[3] / "spec"
WEBHOOKS, RETRIES, ERRORS = (
    json.loads((SPEC / f"vectors/{name}.json").read_text(encoding="utf-8"))
    for name in ("webhooks", "retries", "errors")
)

Vector = dict[str, Any]
Verify = Callable[..., Any]


def misjudged(verify: Verify) -> list[str]:
    """The vectors that are taken though they are invalid, or refused though they are valid."""
    wrong = []
    for vector in WEBHOOKS:
        given = (vector.get(name) for name in ("body", "headers", "secret", "username"))
        try:
            verify(*given, now=lambda now=vector["now"]: float(now))
        except WebhookRefused:
            taken = False
        else:
            taken = True
        if taken is not vector["valid"]:
            wrong.append(vector["name"])
    return wrong


def remembering(
    body: str, headers: dict[str, str], secret: str, username: str | None, *, now: Any
) -> object:
    """The class, which knows our dialect."""
    if username is not None:
        return webhooks.verify(body, headers, secret, username, now=now)
    return Webhook(secret, now=now).verify(body, headers)


def vendors_own(
    body: str, headers: dict[str, str], secret: str, username: str | None, *, now: Any
) -> object:
    """Ours for our dialect, the vendor's own for the vendor's."""
    if username is None:
        return webhooks.verify(body, headers, secret, now=now)
    (callback_id,) = headers.values() or ("",)
    try:
        engagelab_otp.WebhookVerifier(username, secret).verify(callback_id, now=now())
        if not isinstance(json.loads(body or "{}"), dict):
            raise TypeError("no envelope")
    except (engagelab_otp.WebhookSignatureError, TypeError, ValueError):
        raise WebhookRefused from None
    return None


@pytest.mark.parametrize("verify", [webhooks.verify, remembering, vendors_own])
def test_every_vector_of_the_webhooks_is_judged_as_it_says(verify: Verify) -> None:
    assert {vector["dialect"] for vector in WEBHOOKS} == {"standard", "engagelab"}
    assert misjudged(verify) == []


MUTANTS: dict[str, Verify] = {
    "believes every age": lambda *given, now: webhooks.verify(*given, now=now, tolerance=10**13),
    "too impatient": lambda *given, now: webhooks.verify(*given, now=now, tolerance=299),
    "one secret of several": lambda body, headers, secret, username, now: webhooks.verify(
        body, headers, secret if isinstance(secret, str) else secret[0], username, now=now
    ),
    "believes everybody": lambda *_given, now: None,
}


@pytest.mark.parametrize("name", MUTANTS)
def test_a_mutant_of_the_verifier_is_caught(name: str) -> None:
    assert misjudged(MUTANTS[name])


def failure(said: Vector) -> watchword.WatchwordError:
    if "maybe_processed" in said:
        kind: Any = getattr(watchword, said["class"])
        return kind("no answer", maybe_processed=said["maybe_processed"])
    if "status" not in said:
        return watchword.UnexpectedResponse("html")
    body = said["body"]
    after = body.get("retry_after")
    return error_class(said["status"])(body, http_status=said["status"], retry_after=after)


def misretried(kind: type[RetryPolicy]) -> list[str]:
    """The vectors of which a policy makes something else."""
    return [
        f"{method} {vector['name']}"
        for vector in RETRIES
        for method, wanted in vector["delay"].items()
        if kind(vector["max_retries"]).delay(
            method, failure(vector["error"]), retries=vector["retries"], jitter=vector["jitter"]
        )
        != wanted
    ]


def test_every_vector_of_the_retries_is_followed() -> None:
    assert misretried(RetryPolicy) == []


def test_a_mutant_of_the_policy_is_caught() -> None:
    @dataclass(frozen=True)
    class Impatient(RetryPolicy):
        longest_retry_after: float = 0.0

    assert "GET 503 after 7" in misretried(Impatient)


@pytest.mark.parametrize("vector", ERRORS, ids=lambda vector: vector["name"])
def test_an_error_is_read_as_the_vector_says(vector: Vector) -> None:
    settings = configure(None, "demo", "s3cr3t-demo", None, environ={}, timeout=1.0, max_retries=0)
    call = Call("POST", "/x", dict, body=vector["call"], secrets=tuple(vector["call"].values()))
    exchange = Exchange(settings, call, "k", lambda: 0.0)
    with pytest.raises(watchword.WatchwordError) as raised:
        exchange.answered(vector["status"], vector["headers"], vector["content"].encode())
    error = raised.value
    assert type(error).__name__ == vector["class"]
    assert str(error) == vector["text"]
    wanted = {key: value for key, value in vector.items() if key in vars(error)}
    assert {key: getattr(error, key) for key in wanted} == wanted
