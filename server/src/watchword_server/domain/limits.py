"""Throughput limits: the generic cell rate algorithm (GCRA, ITU-T I.371).

A limit of `count` per `period_s` lets `count` requests pass at once and then one each
`period_s / count` seconds.  It keeps a single number per key: the theoretical arrival time.
`Throughput` decides over several keys at once: a request is counted on all of them or on none.
"""

from collections.abc import Sequence

import msgspec

_MS = 1000
_SWEEP_MS = 60_000
_ROUNDING = 1e-6


class Rate(msgspec.Struct, frozen=True):
    """A limit: `count` requests may pass at once; then one each `period_s / count` seconds.

    So any `period_s` seconds see fewer than twice `count`, and a long time sees `count` in each.
    `period_ms` and `interval_ms` (what one request costs) follow from them.
    """

    name: str
    count: int
    period_s: int
    period_ms: float = 0.0
    interval_ms: float = 0.0

    def __post_init__(self) -> None:
        msgspec.structs.force_setattr(self, "period_ms", self.period_s * 1000.0)
        msgspec.structs.force_setattr(self, "interval_ms", self.period_s * 1000.0 / self.count)


class Standing(msgspec.Struct, frozen=True, gc=False):
    """How a limit stood after a request: the numbers of the RateLimit header fields."""

    name: str
    count: int
    period_s: int
    remaining: int
    reset_s: int


class Refusal(msgspec.Struct, frozen=True):
    """The first limit that was met, and the seconds until it lets a request pass."""

    name: str
    retry_after_s: int


Subject = bytes | str | tuple[bytes, str]


class Throughput:
    """The limits of one process, in memory: what may be lost with it.

    Not locked: one event loop asks it.  Times are ms since 1970.
    """

    def __init__(self) -> None:
        self._arrivals: dict[tuple[str, Subject], float] = {}
        self._swept_at = 0

    def admit(
        self, keys: Sequence[tuple[Rate, Subject]], now: int, cost: int = 1
    ) -> Standing | Refusal:
        """Count a request of `cost` on every key, or on none.

        Returns the standing of the key with the least left, or the refusal of the one that must
        wait longest.
        """
        arrivals = self._arrivals
        admitted: list[tuple[tuple[str, Subject], float]] = []
        over, over_by = None, _ROUNDING
        tightest, tightest_left, tightest_ahead = keys[0][0], float("inf"), 0.0
        for rate, subject in keys:
            key = (rate.name, subject)
            arrival = max(arrivals.get(key, 0.0), float(now))
            arrival += rate.interval_ms * cost
            ahead = arrival - now
            room = rate.period_ms - ahead
            if -room > over_by:
                over, over_by = rate, -room
            left = room / rate.interval_ms
            if left < tightest_left:
                tightest, tightest_left, tightest_ahead = rate, left, ahead
            admitted.append((key, arrival))
        if over is not None:
            return Refusal(over.name, max(1, -int(-over_by // _MS)))
        arrivals.update(admitted)
        if now - self._swept_at > _SWEEP_MS:
            self._sweep(now)
        remaining = max(0, int(tightest_left + _ROUNDING))
        reset = -int(-tightest_ahead // _MS)
        return Standing(tightest.name, tightest.count, tightest.period_s, remaining, reset)

    def _sweep(self, now: int) -> None:
        """Forget keys whose bucket is full again: they are as if never seen."""
        self._swept_at = now
        self._arrivals = {key: at for key, at in self._arrivals.items() if at > now}
