"""Throughput limits: the generic cell rate algorithm (GCRA, ITU-T I.371).

A limit of `count` per `period_s` lets `count` requests pass at once and then one each
`period_s / count` seconds.  It keeps a single number per key: the theoretical arrival time.
`Throughput` decides over several keys at once: a request is counted on all of them or on none.
"""

from collections.abc import Sequence

import msgspec

_MS = 1000


class Rate(msgspec.Struct, frozen=True):
    """A limit: at most `count` requests in any `period_s` seconds, after which they drip."""

    name: str
    count: int
    period_s: int

    @property
    def interval_ms(self) -> float:
        """Milliseconds that one request costs."""
        return self.period_s * _MS / self.count


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


class Throughput:
    """The limits of one process, in memory: what may be lost with it.

    Not locked: one event loop asks it.  Times are ms since 1970.
    """

    def __init__(self) -> None:
        self._arrivals: dict[tuple[str, bytes | str], float] = {}
        self._swept_at = 0

    def admit(
        self, keys: Sequence[tuple[Rate, bytes | str]], now: int, cost: int = 1
    ) -> Standing | Refusal:
        """Count a request of `cost` on every key, or on none.

        Returns the standing of the key with the least left, or the refusal of the one that must
        wait longest.
        """
        arrivals = self._arrivals
        tightest: Standing | None = None
        refused: Refusal | None = None
        admitted: list[tuple[tuple[str, bytes | str], float]] = []
        for rate, subject in keys:
            key = (rate.name, subject)
            interval = rate.period_s * _MS / rate.count
            period = rate.period_s * _MS
            arrival = max(arrivals.get(key, 0.0), now) + interval * cost
            ahead = arrival - now
            if ahead > period + 1e-6:
                wait = -int((period - ahead) // _MS)
                if refused is None or wait > refused.retry_after_s:
                    refused = Refusal(rate.name, max(1, wait))
                continue
            admitted.append((key, arrival))
            remaining = int((period - ahead + 1e-6) / interval)
            if tightest is None or remaining < tightest.remaining:
                tightest = Standing(
                    rate.name, rate.count, rate.period_s, remaining, -int(-ahead // _MS)
                )
        if refused is not None:
            return refused
        arrivals.update(admitted)
        if now - self._swept_at > 60 * _MS:
            self._sweep(now)
        return tightest or Standing("none", 0, 0, 0, 0)

    def _sweep(self, now: int) -> None:
        """Forget keys whose bucket is full again: they are as if never seen."""
        self._swept_at = now
        self._arrivals = {key: at for key, at in self._arrivals.items() if at > now}
