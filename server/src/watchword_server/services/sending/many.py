"""One message to many recipients: all of it is accepted, or none.

Every recipient is looked at first, then all are counted on every limit, then all are written in
one unit.  So one bad address, or one that has to wait, keeps the others from being sent to.
"""

from collections.abc import Sequence

import msgspec

from watchword_server.domain.address import Address
from watchword_server.domain.errors import Problem, bad_field
from watchword_server.domain.limits import Standing
from watchword_server.domain.policy import NATIVE
from watchword_server.domain.project import Caller
from watchword_server.domain.verification import Live
from watchword_server.ports.store import Transaction
from watchword_server.services.sending.admission import admit_all
from watchword_server.services.sending.draft import Start
from watchword_server.services.sending.service import Accepted, Sending

MOST = 100
"""Recipients of one call."""


class Draft(msgspec.Struct, frozen=True):
    """A verification that only has to be counted and written."""

    live: Live
    to: Address


class ManySending(Sending):
    """Sending, to many at once too."""

    async def start_all(self, caller: Caller, asked: Sequence[Start]) -> Sequence[Accepted]:
        """Begin a verification for each, in their order.

        Raises:
            Problem: as `start` does for one of them; `field` says which, such as `to[3]`.
        """
        now = self._clock.now()
        drafts: list[Draft] = []
        seen: dict[str, int] = {}
        for place, one in enumerate(asked):
            try:
                drafts.append(await self._draft(caller, one, now))
            except Problem as problem:
                raise _at(problem, place) from None
            identity = drafts[-1].to.identity
            if seen.setdefault(identity, place) != place:
                raise bad_field(f"to[{place}]", "duplicate", "A recipient is there twice.")
        standing = self._count(caller, [draft.to for draft in drafts], now)

        def unit(tx: Transaction) -> list[Live]:
            return [self._placed(tx, draft, place, now) for place, draft in enumerate(drafts)]

        written = await self._store.write(unit)
        self._dispatch.wake()
        return [Accepted(live, live.next_send_at, standing) for live in written]

    async def _draft(self, caller: Caller, asked: Start, now: int) -> Draft:
        chosen = await self._directory.template(caller.project, asked.template)
        to = self._drafter.address(asked.to)
        route = self._drafter.route(asked, chosen, to, caller.mode)
        return Draft(self._drafter.live(caller, asked, chosen, to, route, NATIVE, now), to)

    def _count(self, caller: Caller, to: Sequence[Address], now: int) -> Standing:
        return admit_all(self._throughput, caller, to, now)

    def _placed(self, tx: Transaction, draft: Draft, place: int, now: int) -> Live:
        try:
            live, _ = self._begin(tx, draft.live, False, now)
        except Problem as problem:
            raise _at(problem, place) from None
        return live


def _at(problem: Problem, place: int) -> Problem:
    """The problem of one recipient, naming its place."""
    extra = problem.extra
    if extra.get("field") in (None, "to"):
        extra = extra | {"field": f"to[{place}]"}
    return Problem(problem.kind, problem.detail, retry_after=problem.retry_after, extra=extra)
