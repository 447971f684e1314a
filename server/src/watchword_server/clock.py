"""The server's clock: real time that never runs back.

It is read from the wall once, at the start, and runs on with the machine's steady clock, so
that a wall clock that is set during operation moves no deadline.  The high-water mark that the
store keeps holds it above the last instant that was ever written.
"""

import time
from datetime import datetime
from time import clock_gettime_ns
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import phonenumbers
from phonenumbers import timezone

_MS = 1000
_NS_PER_MS = 1_000_000
_STEADY = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""CLOCK_BOOTTIME goes on while the machine sleeps, as the life of a code does."""


class SteadyClock:
    """`ports.Clock` for production.

    Args:
        not_before: ms since 1970 below which the clock never reads.
    """

    def __init__(self, not_before: int = 0) -> None:
        self._offset = 0
        self._offset = max(int(time.time() * _MS), not_before) - self.now()

    def now(self) -> int:
        """See `ports.Clock.now`."""
        return self._offset + clock_gettime_ns(_STEADY) // _NS_PER_MS

    def hold_above(self, instant: int) -> None:
        """Jump forward to `instant` if the clock is behind it."""
        self._offset += max(0, instant - self.now())


def local_minutes(number: str, at: int) -> tuple[int, ...]:
    """The minute of the day at an instant (ms), in every zone where a number may be.

    Empty where that is not known: no zone belongs to the number, or the machine has no table of
    zones.
    """
    found = set()
    for name in timezone.time_zones_for_number(phonenumbers.parse(number)):
        try:
            there = datetime.fromtimestamp(at / _MS, ZoneInfo(name))
        except ZoneInfoNotFoundError:
            return ()
        found.add(there.hour * 60 + there.minute)
    return tuple(sorted(found))
