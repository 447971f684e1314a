"""The throughput limits of a send, checked before anything is written."""

from collections.abc import Sequence
from functools import lru_cache

from watchword_server.domain.address import Address
from watchword_server.domain.errors import RATE_LIMITED, Problem
from watchword_server.domain.limits import Rate, Refusal, Standing, Subject, Throughput, reset
from watchword_server.domain.project import Caller, Mode

_LIVE = {
    "key": Rate("key", 600, 60),
    "project": Rate("project", 3_000, 60),
    "client": Rate("client", 600, 60),
    "range": Rate("range", 60, 60),
    "recipient": Rate("recipient", 20, 3_600),
}
_TRYING = _LIVE | {
    "range": Rate("range", 600, 60),
    "recipient": Rate("recipient", 60, 3_600),
}
RATES: dict[Mode, dict[str, Rate]] = {
    Mode.LIVE: _LIVE,
    Mode.DEVELOPMENT: _TRYING,
    Mode.SANDBOX: _TRYING,
}
"""Sends let through per API key, project, client address, block of numbers and recipient.

A project may override a row by its name.
"""


def rate_of(caller: Caller, name: str) -> Rate:
    """The limit `name` as it holds for a caller's project."""
    custom = caller.limits.get(name)
    return _rate(name, *custom) if custom else RATES[caller.mode][name]


_rate = lru_cache(1024)(Rate)


def admit(
    throughput: Throughput, caller: Caller, to: Address, alternate: Address | None, now: int
) -> Standing:
    """Count a send to `to`, and perhaps to `alternate`, on every limit.

    Raises:
        Problem: RATE_LIMITED naming the limit; then it was counted on none.
    """
    keys = _keys(caller, to)
    if alternate is not None and alternate.identity != to.identity:
        keys.append((rate_of(caller, "recipient"), (caller.project, alternate.identity)))
    return _standing(throughput.admit(keys, now))


def _keys(caller: Caller, to: Address) -> list[tuple[Rate, Subject]]:
    tenant = caller.project
    keys: list[tuple[Rate, Subject]] = [
        (rate_of(caller, "key"), caller.api_key),
        (rate_of(caller, "project"), tenant),
        (rate_of(caller, "client"), (tenant, caller.client_ip)),
        (rate_of(caller, "recipient"), (tenant, to.identity)),
    ]
    if to.range is not None:  # numbers are bought in blocks; the domain of an email is no block
        keys.append((rate_of(caller, "range"), (tenant, to.range)))
    return keys


def admit_resend(throughput: Throughput, caller: Caller, now: int) -> Standing:
    """Count a resend on the limit of its key; the cool-down guards its recipient."""
    return _standing(throughput.admit(((rate_of(caller, "key"), caller.api_key),), now))


def admit_all(throughput: Throughput, caller: Caller, to: Sequence[Address], now: int) -> Standing:
    """Count a send to each recipient on every limit, or none of them.

    Raises:
        Problem: RATE_LIMITED naming the limit.
    """
    return _standing(throughput.admit_all([_keys(caller, one) for one in to], now))


def count(throughput: Throughput, rate: Rate, caller: Caller, sends: int, now: int) -> Standing:
    """Count some sends on one limit of the caller's key.

    Raises:
        Problem: RATE_LIMITED; then none was counted.
    """
    return _standing(throughput.admit(((rate, caller.api_key),), now, sends))


def _standing(answer: Standing | Refusal) -> Standing:
    if isinstance(answer, Refusal):
        raise Problem(
            RATE_LIMITED,
            f"The limit `{answer.name}` of this project is met.",
            retry_after=answer.retry_after_s,
            extra={"limit": answer.name, **reset(answer)},
        )
    return answer
