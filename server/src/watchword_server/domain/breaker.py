"""The circuit breaker of a provider account: when it is left alone, and how it comes back.

Closed, it is used.  Too many errors among its last outcomes open it: others are used.  From
`probe_at` on it is half open: one message at a time tries it, and `probes` good ones in a row
close it again; a bad one opens it for twice as long.
"""

from collections import deque
from enum import StrEnum

import msgspec


class State(StrEnum):
    """Whether an account is used."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class BreakerPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """When a breaker opens and closes.

    It opens at `errors` errors that are at least `share` of the last `samples` outcomes within
    `window_ms`.  An account that fails every second time reaches that within 20 sends in 997 of
    1,000 cases, one that fails one in twenty in 2 of 100.  `probe_ms` is how long it is then left
    alone; each failed probe doubles that, up to `probe_most_ms`.
    """

    errors: int = 3
    share: float = 0.25
    samples: int = 20
    window_ms: int = 300_000
    probes: int = 2
    probe_ms: int = 5_000
    probe_most_ms: int = 60_000


POLICY = BreakerPolicy()


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """How an account is doing by what came of its hand-overs, in this process.

    Attributes:
        errors: hand-overs within the window that were unavailable or not answered.
        total: all hand-overs within the window; at most the policy's `samples`.
        opened_at: since when it is left alone (ms); None while closed.
        probe_at: from when it is tried again (ms); None while closed.
    """

    state: State = State.CLOSED
    errors: int = 0
    total: int = 0
    opened_at: int | None = None
    probe_at: int | None = None


class Breaker:
    """The breaker of one account.  Not locked: one event loop asks it.  Times are ms since 1970.

    Attributes:
        failed_at: its latest error; 0 before the first.
    """

    __slots__ = (
        "_errors", "_good", "_opened_at", "_outcomes", "_pause_ms", "_policy", "_probe_at",
        "_state", "failed_at",
    )  # fmt: skip

    def __init__(self, policy: BreakerPolicy = POLICY) -> None:
        self.failed_at = 0
        self._policy = policy
        self._state = State.CLOSED
        self._outcomes: deque[tuple[int, bool]] = deque()
        self._errors = 0
        self._good = 0
        self._pause_ms = policy.probe_ms
        self._opened_at = 0
        self._probe_at = 0

    def is_closed(self) -> bool:
        """Whether it is used like any other."""
        return self._state is State.CLOSED

    def wants_probe(self, now: int) -> bool:
        """Whether the next message should try it."""
        return self._state is not State.CLOSED and now >= self._probe_at

    def probe(self, now: int) -> None:
        """A message is on its way to try it; the next may go when it went well, or when nothing
        was heard of this one for as long as the account is left alone."""
        self._state = State.HALF_OPEN
        self._probe_at = now + self._pause_ms

    def told(self, good: bool, now: int) -> bool:
        """What came of a hand-over; whether this has opened or closed it."""
        if not good:
            self.failed_at = now
        self._count(good, now)
        if self._state is State.CLOSED:
            return not good and self._opens(now)
        if self._state is State.OPEN:
            return False  # it was on its way when the breaker opened
        if not good:
            self._pause_ms = min(2 * self._pause_ms, self._policy.probe_most_ms)
            self._open(now)
            return False
        self._good += 1
        self._probe_at = now
        if self._good < self._policy.probes:
            return False
        self._state = State.CLOSED
        self._pause_ms = self._policy.probe_ms
        self._outcomes.clear()
        self._errors = 0
        return True

    def health(self, now: int) -> Health:
        """How it is doing."""
        self._forget(now)
        total = len(self._outcomes)
        if self._state is State.CLOSED:
            return Health(errors=self._errors, total=total)
        return Health(
            state=self._state, errors=self._errors, total=total,
            opened_at=self._opened_at, probe_at=self._probe_at,
        )  # fmt: skip

    def _count(self, good: bool, now: int) -> None:
        self._outcomes.append((now, good))
        self._errors += not good
        self._forget(now)

    def _forget(self, now: int) -> None:
        outcomes, policy = self._outcomes, self._policy
        oldest = now - policy.window_ms
        while outcomes and (len(outcomes) > policy.samples or outcomes[0][0] <= oldest):
            self._errors -= not outcomes.popleft()[1]

    def _opens(self, now: int) -> bool:
        policy = self._policy
        if self._errors < policy.errors or self._errors < policy.share * len(self._outcomes):
            return False
        self._opened_at = now
        self._open(now)
        return True

    def _open(self, now: int) -> None:
        self._state = State.OPEN
        self._good = 0
        self._probe_at = now + self._pause_ms
