"""When an operator is to be told: the rules, on numbers that others have counted.

Each alert has an id, the same while it comes and goes, so that its events can be ordered.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from math import sqrt

import msgspec

from watchword_server.domain.events import EventType

BUCKET_S = 600
"""Verifications are counted by the ten minutes in which they began."""
SETTLED_S = 660
"""After that long every one of them has ended: none lives longer than ten minutes."""
HOUR_BUCKETS = 6
DAY_BUCKETS = 144
FEWEST_IN_HOUR = 20
FEWEST_IN_DAY = 100
DROP = 0.7
"""An hour below this share of the day before it is a drop, unless chance explains it."""
MENDED = 0.85
"""The drop is over above this: two thresholds, so that it does not flutter between them."""
SIGMAS = 3
BUDGET_SHARE = Decimal("0.8")
SILENT_S = 30
"""A provider is back when no process has found it down for so long."""
_MICROS = 1_000_000
_MS = 1000

ALERTS: tuple[EventType, ...] = (
    EventType.ALERT_CONVERSION_DROP,
    EventType.ALERT_PROVIDER_DOWN,
    EventType.ALERT_PROVIDER_RECOVERED,
    EventType.ALERT_LOW_BALANCE,
    EventType.ALERT_BUDGET,
    EventType.ALERT_ENDPOINT_DISABLED,
)
CONVERSION = "conversion"
BUDGET = "budget"


class Tally(msgspec.Struct, frozen=True):
    """How many verifications began, and how many of them were approved."""

    started: int = 0
    approved: int = 0

    @property
    def share(self) -> float:
        """The approved share; 0 where none began."""
        return self.approved / self.started if self.started else 0.0


def has_dropped(hour: Tally, day: Tally, *, is_on: bool = False) -> bool:
    """Whether the share of approved verifications fell well below the usual.

    Args:
        day: the 24 hours before that hour.
        is_on: whether the alert is on already: then it stays until the share has mended.
    """
    if hour.started < FEWEST_IN_HOUR or day.started < FEWEST_IN_DAY or not day.approved:
        return is_on and hour.started > 0 and hour.share < day.share * MENDED
    if is_on:
        return hour.share < day.share * MENDED
    chance = SIGMAS * sqrt(day.share * (1 - day.share) / hour.started)
    return hour.share < day.share * DROP and hour.share < day.share - chance


def percent(tally: Tally) -> int:
    """The approved share in whole percents."""
    return round(tally.share * 100)


def next_buckets(newest: int | None, now: int) -> Sequence[int]:
    """The beginnings (ms) of those that can be counted now; of the past no more than a day's.

    Args:
        newest: the beginning of the last that was counted.
    """
    length = BUCKET_S * _MS
    last = (now - SETTLED_S * _MS) // length * length - length
    first = last - (DAY_BUCKETS + HOUR_BUCKETS) * length + length
    if newest is not None:
        first = max(first, newest + length)
    return range(first, last + 1, length)


def windows(newest: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """The spans (from, before; ms) of the hour up to a bucket, and of the day before that hour."""
    length = BUCKET_S * _MS
    end = newest + length
    hour = end - HOUR_BUCKETS * length
    return (hour, end), (hour - DAY_BUCKETS * length, hour)


def is_spent(spent: int, budget: str) -> bool:
    """Whether so much of a daily budget is spent (millionths) that somebody has to know."""
    amount = decimal(budget)
    return amount is not None and Decimal(spent) >= amount * _MICROS * BUDGET_SHARE


def micros(amount: str) -> int:
    """An amount in millionths, rounded up."""
    return int((Decimal(amount) * _MICROS).to_integral_value(rounding="ROUND_CEILING"))


def written(millionths: int) -> str:
    """An amount as people read it, with at least two places."""
    text = f"{Decimal(millionths) / _MICROS:f}"
    whole, _, places = text.partition(".")
    return f"{whole}.{places.rstrip('0'):0<2}"


def is_low(balance: str | None, threshold: str) -> bool:
    """Whether an account's balance is below a threshold; a balance nobody can read is not."""
    left, least = decimal(balance or ""), decimal(threshold)
    return left is not None and least is not None and left < least


def decimal(text: str) -> Decimal | None:
    """A finite number, or None."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def day_of(now: int) -> str:
    """The day in UTC, such as 2026-03-01."""
    return datetime.fromtimestamp(now / _MS, UTC).strftime("%Y-%m-%d")


def account(name: str) -> str:
    """The id of the alerts about a provider account being down."""
    return f"provider.{name}"


def balance(name: str) -> str:
    """The id of the alerts about an account's balance."""
    return f"balance.{name}"


def endpoint(id: str) -> str:
    """The id of the alerts about a webhook endpoint."""
    return f"webhook.{id}"
