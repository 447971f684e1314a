"""The vectors that every SDK of Watchword runs: webhooks, retries, errors."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import engagelab_otp
import pytest

import watchword
from watchword.errors import error_class
from watchword.protocol import Call, Exchange, RetryPolicy, configure
from watchword.webhooks import Webhook, WebhookRefused

SPEC = Path(__file__).parents[3] / "spec"
WEBHOOKS, RETRIES, ERRORS = (
    json.loads((SPEC / f"vectors/{name}.json").read_text(encoding="utf-8"))
    for name in ("webhooks", "retries", "errors")
)
REFUSALS = (WebhookRefused, engagelab_otp.WebhookSignatureError, TypeError, ValueError)

Vector = dict[str, Any]


def verify(vector: Vector) -> None:
    """Ours for our dialect, the vendor's own for the vendor's."""
    body, headers = vector["body"], vector["headers"]
    if vector["dialect"] == "standard":
        Webhook(vector["secret"], now=lambda: float(vector["now"])).verify(body, headers)
        return
    verifier = engagelab_otp.WebhookVerifier(vector["username"], vector["secret"])
    (callback_id,) = headers.values() or ("",)
    verifier.verify(callback_id, now=vector["now"])
    if not isinstance(json.loads(body or "{}"), dict):
        raise TypeError("no envelope")


def misjudged(verdict: Callable[[Vector], None]) -> list[str]:
    """The vectors that are taken though they are invalid, or refused though they are valid."""
    wrong = []
    for vector in WEBHOOKS:
        try:
            verdict(vector)
        except REFUSALS:
            taken = False
        else:
            taken = True
        if taken is not vector["valid"]:
            wrong.append(vector["name"])
    return wrong


def test_every_vector_of_the_webhooks_is_judged_as_it_says() -> None:
    assert misjudged(verify) == []


@pytest.mark.parametrize("change", [{"now": 0}, {"secret": "whsec_AAAA"}, {"headers": {}}])
def test_a_mutant_of_the_verifier_is_caught(change: Vector) -> None:
    assert misjudged(lambda vector: verify(vector | change))


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
