"""Sending in the sandbox: magic recipients, every send a verification of its own.

What follows a send is real: the same worker, routes, events and inbox.  What is missing is what
a test would trip over: cool-downs and counters of an address, and the review of templates.
"""

from collections.abc import Sequence

import msgspec

from watchword_server.domain import address as addresses
from watchword_server.domain import sandbox
from watchword_server.domain.address import Address
from watchword_server.domain.limits import Rate, Standing
from watchword_server.domain.policy import SANDBOX
from watchword_server.domain.project import Caller
from watchword_server.domain.route_plan import Plan
from watchword_server.domain.sandbox import Magic
from watchword_server.domain.template import Template
from watchword_server.services.sending.admission import count, rates_of
from watchword_server.services.sending.custom import CustomSending, Prepared, unchecked
from watchword_server.services.sending.draft import Start, saved_route
from watchword_server.services.sending.marketing import carries_code
from watchword_server.services.sending.service import Accepted


class Rehearsing(CustomSending):
    """`Sending` for projects of mode sandbox."""

    async def start(self, caller: Caller, asked: Start) -> Accepted:
        """See `Sending.start`; it is always a new verification."""
        now = self._clock.now()
        chosen = await self._directory.template(caller.project, asked.template)
        carries_code(chosen)
        self._drafter.alternate(asked.alternate_email)
        saved = saved_route(asked, chosen)
        plan = None if saved is None else await self._plan(caller, saved)
        message = self._prepare(caller, asked, chosen, plan, now, is_notice=False)
        standing = self._count(caller, (message.to,), now)
        live = await self._written(message.draft, now)
        return Accepted(live, live.next_send_at, standing)

    def _prepare(
        self, caller: Caller, asked: Start, chosen: Template, plan: Plan | None, now: int,
        *, is_notice: bool,
    ) -> Prepared:  # fmt: skip
        to = self._drafter.address(asked.to, sandbox.MAGIC)
        row = sandbox.MAGIC.get(to.identity)
        if row is not None:
            if row.error is not None:
                raise sandbox.refusal(row, row.error)
            asked = _played(row, asked, chosen, plan, to)
        route = self._drafter.route(asked, chosen, to, caller, plan)
        occasion = self._occasion(to)
        draft = self._drafter.draft(caller, asked, chosen, occasion, route, SANDBOX, now)
        return Prepared(unchecked(draft) if is_notice else draft, to)

    def _count(self, caller: Caller, to: Sequence[Address], now: int) -> Standing:
        """Count the recipients on the limit of the caller; the first was counted as a request,
        where requests are what it may make so many of."""
        custom = caller.limits.get("requests")
        if custom is None:
            return count(self._throughput, rates_of(caller).key, caller, len(to), now)
        return count(self._throughput, Rate("requests", *custom), caller, len(to) - 1, now)


def _played(row: Magic, asked: Start, chosen: Template, plan: Plan | None, to: Address) -> Start:
    """What is asked for, on the channels, with the code and for the time of the row; but what
    the caller names itself holds."""
    asked = msgspec.structs.replace(
        asked, code=asked.code or row.code, ttl_s=row.ttl_s or asked.ttl_s
    )
    if asked.channel or asked.route:
        return asked
    channels = chosen.strategy if plan is None else plan.channels
    reached = [step for step in channels if step in addresses.REACH[to.kind]]
    steps = [step or next(iter(reached), None) for step in row.channels]
    if any(step not in chosen.contents for step in steps):
        return asked
    return msgspec.structs.replace(asked, route="|".join(filter(None, steps)))
