"""Which account carries the next message: by weight among the healthy ones.

Health is what this process has seen of hand-overs; nothing of it is kept over a restart.

An account whose breaker is open and that is due for a probe gets the next message: that is how
it comes back.  Where every account is open and none is due, a message is handed over all the
same, by the account whose last error is longest ago: a code that is tried may arrive, one that is
refused cannot.
"""

from collections.abc import Container, Hashable, Sequence

import msgspec

from watchword_server.domain.balancing import CHANCE_BYTES, chosen
from watchword_server.domain.breaker import POLICY, Breaker, BreakerPolicy, Health
from watchword_server.domain.routing import Outcome
from watchword_server.ports.outside import Clock, Entropy

_ERRORS = frozenset({Outcome.UNAVAILABLE, Outcome.UNCERTAIN})


class Candidate(msgspec.Struct, frozen=True):
    """An account that could carry a message.

    Attributes:
        key: by what its health is kept: the same for the same account, whoever uses it.
        name: what it is called in `tried` and in the answer.
        weight: its share among the healthy ones; with 0 it is used only when all others are not.
    """

    key: Hashable
    name: str
    weight: int = 1


class Choosing:
    """Picks accounts and keeps their health.  Not locked: one event loop asks it."""

    def __init__(self, clock: Clock, entropy: Entropy, policy: BreakerPolicy = POLICY) -> None:
        self._clock = clock
        self._entropy = entropy
        self._policy = policy
        self._breakers: dict[Hashable, Breaker] = {}

    def pick(self, candidates: Sequence[Candidate], tried: Container[str] = ()) -> str | None:
        """The account for the next message, or None where every one was `tried`.

        Asking counts: an account that is due for a probe is handed out once for it.
        """
        left = [one for one in candidates if one.name not in tried]
        if not left:
            return None
        now = self._clock.now()
        breakers = [(one, self._breakers.get(one.key)) for one in left]
        for one, breaker in breakers:
            if breaker is not None and breaker.wants_probe(now):
                breaker.probe(now)
                return one.name
        healthy = [one for one, breaker in breakers if breaker is None or breaker.is_closed()]
        if not healthy:
            return min(breakers, key=lambda pair: pair[1].failed_at if pair[1] else 0)[0].name
        if len(healthy) == 1:
            return healthy[0].name
        weights = [one.weight for one in healthy]
        return healthy[chosen(weights, self._entropy(CHANCE_BYTES))].name

    def told(self, key: Hashable, outcome: Outcome) -> bool:
        """What came of a hand-over; whether this has opened or closed the account's breaker.

        Unavailable and uncertain are errors.  A refusal says nothing against the account.
        """
        good = outcome not in _ERRORS
        breaker = self._breakers.get(key)
        if breaker is None:
            breaker = self._breakers[key] = Breaker(self._policy)
        return breaker.told(good, self._clock.now())

    def health(self, key: Hashable) -> Health:
        """How an account is doing."""
        breaker = self._breakers.get(key)
        return Health() if breaker is None else breaker.health(self._clock.now())

    def forget(self, key: Hashable) -> None:
        """Begin anew with an account that was deleted, or whose settings were changed."""
        self._breakers.pop(key, None)
