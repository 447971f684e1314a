"""Throughput limits: the generic cell rate algorithm (GCRA, ITU-T I.371).

A limit of `count` per `period_s` lets `count` requests pass at once and then one each
`period_s / count` seconds.  It keeps a single number per key: the theoretical arrival time.
`Throughput` decides over several keys at once: a request is counted on all of them or on none.
"""

import heapq
from collections.abc import Sequence
from datetime import UTC, datetime
from operator import itemgetter

import msgspec

DAY_S = 86_400
_MS = 1000
MOST_COUNTED = 100_000
"""Some tens of megabytes."""
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
    """The first limit that was met, and the seconds until it lets a request pass; `resets_at`
    (ms) is there for one that is counted by the day."""

    name: str
    retry_after_s: int
    resets_at: int | None = None


def reset(refusal: Refusal) -> dict[str, str]:
    """What an error says about when the limit is full again, where that is a fixed instant."""
    if refusal.resets_at is None:
        return {}
    instant = datetime.fromtimestamp(refusal.resets_at / _MS, UTC)
    return {"resets_at": f"{instant:%Y-%m-%dT%H:%M:%SZ}"}


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

    def admit_all(
        self, calls: Sequence[Sequence[tuple[Rate, Subject]]], now: int
    ) -> Standing | Refusal:
        """Count several requests, or none of them; the standing after the last, or the refusal of
        the first that is refused."""
        names = {(rate.name, subject) for keys in calls for rate, subject in keys}
        before = {name: self._arrivals.get(name, 0.0) for name in names}
        answer: Standing | Refusal | None = None
        for keys in calls:
            answer = self.admit(keys, now)
            if isinstance(answer, Refusal):
                self._arrivals.update(before)
                return answer
        if answer is None:
            raise ValueError("there is nothing to admit")
        return answer

    def admit_one(self, rate: Rate, subject: Subject, now: int) -> Standing | Refusal:
        """`admit` for a single key, which every request has."""
        arrivals, key = self._arrivals, (rate.name, subject)
        arrival = max(arrivals.get(key, 0.0), now) + rate.interval_ms
        ahead = arrival - now
        room = rate.period_ms - ahead
        if -room > _ROUNDING:
            return Refusal(rate.name, max(1, -int(room // _MS)))
        arrivals[key] = arrival
        if now - self._swept_at > _SWEEP_MS:
            self._sweep(now)
        remaining = max(0, int(room / rate.interval_ms + _ROUNDING))
        return Standing(rate.name, rate.count, rate.period_s, remaining, -int(-ahead // _MS))

    def _sweep(self, now: int) -> None:
        """Forget keys whose bucket is full again: they are as if never seen."""
        self._swept_at = now
        self._arrivals = {key: at for key, at in self._arrivals.items() if at > now}


class DailyQuota(Throughput):
    """The same, but limits whose period is a day are counted by the day of UTC: each lets exactly
    `count` pass and is full again at midnight, all at once.

    Args:
        most: keys that are counted; over it those that were asked for least are forgotten, so
            that whoever makes keys up cannot win back the quota of one that is spent.
    """

    def __init__(self, most: int = MOST_COUNTED) -> None:
        super().__init__()
        self._most = most
        self._day = 0
        self._counts: dict[tuple[str, Subject], int] = {}

    def admit(
        self, keys: Sequence[tuple[Rate, Subject]], now: int, cost: int = 1
    ) -> Standing | Refusal:
        """See `Throughput.admit`."""
        if any(rate.period_s != DAY_S for rate, _ in keys):
            return super().admit(keys, now, cost)
        day = now // (DAY_S * _MS)
        if day != self._day:
            self._day, self._counts = day, {}
        counted = [self._counts.get((rate.name, subject), 0) for rate, subject in keys]
        lefts = [rate.count - count for (rate, _), count in zip(keys, counted, strict=True)]
        left = min(lefts)
        rate = keys[lefts.index(left)][0]
        midnight = (day + 1) * DAY_S * _MS
        reset_s = -((now - midnight) // _MS)
        if cost > left:
            return Refusal(rate.name, reset_s, midnight)
        for (each, subject), count in zip(keys, counted, strict=True):
            self._counts[each.name, subject] = count + cost
        if len(self._counts) > self._most:
            self._forget_the_least()
        return Standing(rate.name, rate.count, rate.period_s, left - cost, reset_s)

    def _forget_the_least(self) -> None:
        """Keep nine tenths: sorting is paid once for many keys."""
        kept = heapq.nlargest(self._most * 9 // 10, self._counts.items(), key=itemgetter(1))
        self._counts = dict(kept)

    def admit_one(self, rate: Rate, subject: Subject, now: int) -> Standing | Refusal:
        """See `Throughput.admit_one`."""
        return self.admit(((rate, subject),), now)
