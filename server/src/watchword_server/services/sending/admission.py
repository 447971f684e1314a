"""The throughput limits of a send, checked before anything is written."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from watchword_server.domain import strangers
from watchword_server.domain.address import Address
from watchword_server.domain.errors import RATE_LIMITED, Problem
from watchword_server.domain.limits import Rate, Refusal, Standing, Subject, Throughput, reset
from watchword_server.domain.project import Caller, Mode

Limits = Mapping[str, tuple[int, int]]

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


class Rates(NamedTuple):
    """The limits of a send as they hold for one project."""

    key: Rate
    project: Rate
    client: Rate
    range: Rate
    recipient: Rate


_rates: dict[tuple[bytes, Mode], tuple[Limits, Rates]] = {}
_REMEMBERED = 4096


def rates_of(caller: Caller) -> Rates:
    """The limits as they hold for a caller's project; a request finds those of the one before."""
    tenant = (caller.project, caller.mode)
    known = _rates.get(tenant)
    if known is not None and known[0] is caller.limits:
        return known[1]
    rates = RATES[caller.mode] | {
        name: Rate(name, *custom) for name, custom in caller.limits.items() if name in _LIVE
    }
    if len(_rates) >= _REMEMBERED:
        _rates.clear()
    found = Rates(**rates)
    _rates[tenant] = (caller.limits, found)
    return found


def admit(
    throughput: Throughput, caller: Caller, to: Address, alternate: Address | None, now: int
) -> Standing:
    """Count a send to `to`, and perhaps to `alternate`, on every limit.

    Raises:
        Problem: RATE_LIMITED naming the limit; then it was counted on none.
    """
    tenant, rates = caller.project, rates_of(caller)
    keys: list[tuple[Rate, Subject]] = [
        (rates.key, caller.api_key),
        (rates.project, tenant),
        (rates.client, (tenant, caller.client_ip)),
        (rates.recipient, (tenant, to.identity)),
    ]
    block = to.range
    if block is not None:  # numbers are bought in blocks; the domain of an email is no block
        keys.append((rates.range, (tenant, block)))
    if alternate is not None and alternate.identity != to.identity:
        keys.append((rates.recipient, (tenant, alternate.identity)))
    return _standing(rates, throughput.admit(keys, now))


def admit_resend(throughput: Throughput, caller: Caller, now: int) -> Standing:
    """Count a resend on the limit of its key; the cool-down guards its recipient."""
    rates = rates_of(caller)
    return _standing(rates, throughput.admit_one(rates.key, caller.api_key, now))


def admit_all(throughput: Throughput, caller: Caller, to: Sequence[Address], now: int) -> Standing:
    """Count a send to each recipient on every limit, or none of them.

    Raises:
        Problem: RATE_LIMITED naming the limit.
    """
    answer = throughput.admit_all([_keys(caller, one) for one in to], now)
    return _standing(rates_of(caller), answer)


def _keys(caller: Caller, to: Address) -> list[tuple[Rate, Subject]]:
    """What `admit` counts, where one more call would cost."""
    tenant, rates = caller.project, rates_of(caller)
    keys: list[tuple[Rate, Subject]] = [
        (rates.key, caller.api_key),
        (rates.project, tenant),
        (rates.client, (tenant, caller.client_ip)),
        (rates.recipient, (tenant, to.identity)),
    ]
    if to.range is not None:
        keys.append((rates.range, (tenant, to.range)))
    return keys


def count(throughput: Throughput, rate: Rate, caller: Caller, sends: int, now: int) -> Standing:
    """Count some sends on one limit of the caller's key, and of its site.

    Raises:
        Problem: RATE_LIMITED; then none was counted.
    """
    answer = throughput.admit(strangers.counted(rate, caller), now, sends)
    if isinstance(answer, Refusal):
        raise _refused(rate, answer)
    return answer


def _standing(rates: Rates, answer: Standing | Refusal) -> Standing:
    if isinstance(answer, Refusal):
        raise _refused(getattr(rates, answer.name), answer)
    return answer


def _refused(rate: Rate, answer: Refusal) -> Problem:
    wait = answer.retry_after_s
    refusal = Problem(
        RATE_LIMITED,
        f"The limit `{answer.name}` of this project is met.",
        retry_after=wait,
        extra={"limit": answer.name, **reset(answer)},
    )
    refusal.standing = Standing(rate.name, rate.count, rate.period_s, 0, wait)
    return refusal
