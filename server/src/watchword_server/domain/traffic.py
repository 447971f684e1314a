"""Who may be posted to now, so that a dead endpoint costs the others nothing.

A post that is not answered at once is parked: it gives its place back to the others.  An endpoint
begins with few posts at a time and gets more with every answer; a post that was parked and failed
puts it back to one.  Places are dealt out in turns, to those with the least under way first,
and among them to who waits longest.  Callers with public keys have a share of the places, together.
"""

from collections.abc import Iterable

from watchword_server.domain import strangers

Key = tuple[bytes, bytes]
"""Project and endpoint."""

FIRST_WINDOW = 2
SLOW_S = 1.0
"""After so long a post is parked: half of the two seconds that healthy endpoints are promised."""
_SOCKETS = 4


class _Lane:
    """How one endpoint does."""

    __slots__ = ("parked", "served", "slow", "under_way", "window")

    def __init__(self) -> None:
        self.window = FIRST_WINDOW
        self.under_way = 0
        self.parked = 0
        self.served = 0
        self.slow = False


class Traffic:
    """The posts of one process.

    Args:
        places: posts that may be under way and not parked, at the same time, to all endpoints.
            As many more may be parked or go to slow endpoints.
        each: posts to one endpoint at the same time.
    """

    def __init__(self, places: int, each: int) -> None:
        self._places = places
        self._each = each
        self._strangers_places = max(1, places // strangers.SHARE)
        self._strangers = 0
        self._lanes: dict[Key, _Lane] = {}
        self._served = 0
        self.under_way = 0
        self.parked = 0

    def shares(self, wanting: Iterable[Key]) -> dict[Key, int]:
        """How many more posts each of these endpoints may get now; those with none are left out."""
        lanes = [(self._lanes.get(key) or _Lane(), key) for key in wanting]
        lanes.sort(key=lambda pair: (pair[0].under_way, pair[0].served))
        of_strangers = self._strangers_places - self._strangers
        lanes = _with_few_strangers(lanes, of_strangers)
        quick = min(
            self._places - (self.under_way - self.parked),
            self._places * _SOCKETS - self.under_way,
        )
        slow = self._places - sum(lane.under_way for lane in self._lanes.values() if lane.slow)
        shares: dict[Key, int] = {}
        left = len(lanes)
        for lane, key in lanes:
            room = min(self._each, lane.window) - lane.under_way
            pool = min(quick, slow) if lane.slow else quick
            is_stranger = strangers.owns(key[0])
            if is_stranger:
                pool = min(pool, of_strangers)
            share = min(room, pool, max(1, quick // left))
            left -= 1
            if share > 0:
                shares[key] = share
                quick -= share
                slow -= share if lane.slow else 0
                of_strangers -= share if is_stranger else 0
        return shares

    def begun(self, key: Key) -> None:
        """A post to the endpoint begins."""
        lane = self._lanes.setdefault(key, _Lane())
        self._served += 1
        lane.served = self._served
        lane.under_way += 1
        self.under_way += 1
        self._strangers += strangers.owns(key[0])

    def park(self, key: Key) -> None:
        """A post of the endpoint takes long."""
        lane = self._lanes[key]
        lane.parked += 1
        lane.slow = True
        self.parked += 1

    def ended(self, key: Key, *, was_parked: bool, succeeded: bool) -> None:
        """A post to the endpoint is over."""
        lane = self._lanes[key]
        lane.under_way -= 1
        self.under_way -= 1
        self._strangers -= strangers.owns(key[0])
        if was_parked:
            lane.parked -= 1
            self.parked -= 1
        lane.slow = was_parked or lane.parked > 0
        if succeeded:
            lane.window = min(self._each, lane.window + 1)
        elif was_parked:
            lane.window = 1

    def forget_idle(self) -> None:
        """Forget endpoints with nothing under way that are as if never seen."""
        self._lanes = {
            key: lane
            for key, lane in self._lanes.items()
            if lane.under_way or lane.slow or lane.window != FIRST_WINDOW
        }


def _with_few_strangers(lanes: list[tuple[_Lane, Key]], places: int) -> list[tuple[_Lane, Key]]:
    """The lanes without those of strangers who could get no place: the others share by number."""
    kept = []
    for lane, key in lanes:
        if strangers.owns(key[0]):
            if places <= 0:
                continue
            places -= 1
        kept.append((lane, key))
    return kept
