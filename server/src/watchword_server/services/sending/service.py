"""The use cases of `POST /v1/messages`, its resend and its cancel.

What depends on the store is decided and written in one unit of it: the address's state, the
verification that may be pending already, the new one with its first delivery.
"""

import asyncio
from collections.abc import Collection, Sequence
from functools import lru_cache

import msgspec

from watchword_server.domain import ids
from watchword_server.domain.channel import Channel
from watchword_server.domain.delivery import Delivery
from watchword_server.domain.errors import RATE_LIMITED, UNREACHABLE, Problem
from watchword_server.domain.events import Data, EventType
from watchword_server.domain.limits import Standing, Throughput
from watchword_server.domain.policy import LOCKOUT, NATIVE, POLICIES, remembered_sends
from watchword_server.domain.project import Caller, said_by
from watchword_server.domain.route_plan import Plan, step_for
from watchword_server.domain.routing import Route, Step
from watchword_server.domain.verification import Live, Trigger, Verification
from watchword_server.ledger import SILENT, Ledger, Said, decode_route, lockout, not_pending
from watchword_server.ports.outside import Clock, Directory, Dispatch
from watchword_server.ports.records import AddressState, Job
from watchword_server.ports.store import Store, Transaction
from watchword_server.services.sending.admission import admit, admit_resend
from watchword_server.services.sending.draft import Draft, Drafter, Start, saved_route
from watchword_server.services.sending.marketing import carries_code
from watchword_server.services.sending.taking_back import TakingBack
from watchword_server.services.sending.willing import first_willing, without

_MS = 1000
_FRESH = AddressState()
_decoded = lru_cache(1024)(decode_route)


class Accepted(msgspec.Struct, frozen=True):
    """A send that is durable, and how the tightest limit stands after it.

    `next_send_at` is the instant (ms) from which the code may be sent again.
    """

    verification: Verification
    next_send_at: int
    standing: Standing


class Sending:
    """Starts, resends and cancels verifications."""

    def __init__(
        self, store: Store, clock: Clock, drafter: Drafter, directory: Directory,
        throughput: Throughput, ledger: Ledger, dispatch: Dispatch,
    ) -> None:  # fmt: skip
        self._store = store
        self._clock = clock
        self._drafter = drafter
        self._directory = directory
        self._throughput = throughput
        self._ledger = ledger
        self._dispatch = dispatch
        self.taking_back = TakingBack(drafter.accounts)
        self._left_behind: set[asyncio.Task[None]] = set()

    async def start(self, caller: Caller, asked: Start) -> Accepted:
        """Begin a verification, or resend the pending one that is the same.

        Raises:
            Problem: the request breaks a rule, a limit holds, or the cool-down does
                (RATE_LIMITED with the pending verification's `message_id`).
        """
        chosen = self._directory.known_template(caller.project, asked.template)
        if chosen is None:
            chosen = await self._directory.template(caller.project, asked.template)
        carries_code(chosen)
        to = self._drafter.address(asked.to)
        alternate = self._drafter.alternate(asked.alternate_email)
        saved = saved_route(asked, chosen)
        plan = None if saved is None else await self._plan(caller, saved)
        route = self._drafter.route(asked, chosen, to, caller, plan)
        now = self._clock.now()
        standing = admit(self._throughput, caller, to, alternate, now)
        draft = self._drafter.draft(caller, asked, chosen, to, route, NATIVE, now)
        try:
            live = await self._written(draft, now)
        except Problem as refusal:
            refusal.standing = standing
            raise
        return Accepted(live, live.next_send_at, standing)

    async def _plan(self, caller: Caller, saved: str) -> Plan:
        """A saved route.

        Raises:
            Problem: UNKNOWN_ID where there is none.
        """
        known = self._directory.known_route(caller.project, saved)
        return known or await self._directory.route(caller.project, saved)

    async def _written(self, draft: Draft, now: int) -> Live:
        """Write a start, and hand its message over at once where the worker has a free slot."""
        dispatch = self._dispatch
        reserved = dispatch.reserve()
        job = None
        try:
            live, job = await self._store.write(lambda tx: self._begin(tx, draft, reserved, now))
        except asyncio.CancelledError:  # its caller went away; its code is sent all the same
            if reserved:
                task = asyncio.create_task(self._release_claim(draft.live))
                self._left_behind.add(task)
                task.add_done_callback(self._left_behind.discard)
            raise
        finally:
            if reserved and job is None:
                dispatch.release()
        if job is not None and reserved:
            dispatch.start(job)
        else:
            dispatch.wake()
        return live

    async def _release_claim(self, draft: Live) -> None:
        """Make work that was written as claimed, and that nobody will start, due at once.

        Units are written in their order, so this one sees what became of the other.
        """
        await self._store.write(lambda tx: tx.work.release(draft.project, draft.id))
        self._dispatch.wake()

    async def resend(self, caller: Caller, verification: bytes, channel: str | None) -> Accepted:
        """Send the same code once more: the step that was taken last, or another one, by its
        channel, behind which the route then goes on.

        Raises:
            Problem: UNKNOWN_ID, ENDED, RATE_LIMITED (cool-down, or no sends left), or
                UNREACHABLE for a channel that is no step of this verification's route.
        """
        now = self._clock.now()
        standing = admit_resend(self._throughput, caller, now)

        def unit(tx: Transaction) -> Live:
            live = tx.live.get(caller.project, verification)
            if live is None or live.expires_at <= now:
                raise not_pending(tx, caller.project, verification, now)
            return self._resend(tx, live, now, channel, said_by(caller))

        try:
            live = await self._store.write(unit)
        except Problem as refusal:
            refusal.standing = standing
            raise
        self._dispatch.wake()
        return Accepted(live, live.next_send_at, standing)

    async def cancel(self, caller: Caller, verification: bytes) -> Verification:
        """End a pending verification; its code approves nothing from now on.

        Raises:
            Problem: UNKNOWN_ID, ALREADY_USED, or ENDED where it is not pending any more.
        """
        now = self._clock.now()

        def unit(tx: Transaction) -> tuple[Verification, Sequence[Delivery]]:
            live = tx.live.get(caller.project, verification)
            if live is None or live.expires_at <= now:
                raise not_pending(tx, caller.project, verification, now)
            sent = tx.deliveries.of(caller.project, verification)
            return self._ledger.finish(tx, live, Trigger.CANCEL, now, said_by(caller)), sent

        ended, sent = await self._store.write(unit)
        self.taking_back.begin(caller.project, sent)
        return ended

    def _begin(
        self, tx: Transaction, drafted: Draft, claimed: bool, now: int
    ) -> tuple[Live, Job | None]:
        """The unit of a start: what is pending then, and its job if it is a new one."""
        drafted = self._considerate(tx, drafted, now)
        draft, opened, said = drafted.live, drafted.opened, drafted.said
        first = drafted.route[0], drafted.account
        job = self._ledger.begin(
            tx, draft, *first, now, claimed=claimed, opened=opened, fresh=True, said=said
        )
        if job is not None:
            return draft, job
        state = self._state(tx, draft, now)
        if state.next_send_at > now:
            raise _cooling(state.next_send_at, now, None)
        if state.sends:
            wait = POLICIES[draft.policy].cooldown_s(1 + state.sends) * _MS
            draft = msgspec.structs.replace(draft, next_send_at=now + wait)
        if state.opted_out:  # the claim of a step that is opted out skips it, and says so
            willing = first_willing(drafted.route, state.opted_out)
            draft = msgspec.structs.replace(draft, channel=willing.channel)
            claimed = claimed and willing is drafted.route[0]
        job = self._ledger.begin(
            tx, draft, *first, now, claimed=claimed, opened=opened, fresh=False, said=said
        )
        if job is not None:
            return draft, job if claimed else None
        pending = tx.live.of_address(draft.project, draft.address)
        if pending is None:  # nothing blocked the insert, so its project was deleted just now
            raise ids.unknown(ids.Prefix.PROJECT)
        if pending.expires_at > now:
            if pending.sameness == draft.sameness:
                return self._resend(tx, pending, now, None, said), None
            if pending.next_send_at > now:
                raise _cooling(pending.next_send_at, now, pending)
        expired = pending.expires_at <= now
        trigger = Trigger.TIME_PASSED if expired else Trigger.CANCEL
        self._ledger.finish(tx, pending, trigger, now, SILENT if expired else said)
        return self._begin(tx, drafted, claimed, now)

    def _considerate(self, tx: Transaction, drafted: Draft, now: int) -> Draft:
        """The draft without an email step whose address, the recipient's second, is opted out.

        Raises:
            Problem: UNSUBSCRIBED where that was the only one.
        """
        project, second = drafted.live.project, drafted.opened[0].alternate_email
        if second is None:
            return drafted
        state = tx.addresses.get(project, self._drafter.index(project, second.lower()), now)
        opted_out = state is not None and Channel.EMAIL in state.opted_out
        return self._left(tx, drafted, (Channel.EMAIL.value,)) if opted_out else drafted

    def _left(self, tx: Transaction, drafted: Draft, opted_out: Collection[str]) -> Draft:
        """The draft with only the steps that are not opted out.

        Raises:
            Problem: UNSUBSCRIBED where no step is left.
        """
        left = without(drafted, opted_out)
        account = self._account(tx, left.live, left.route[0])
        return msgspec.structs.replace(left, account=account)

    def _state(self, tx: Transaction, live: Live, now: int) -> AddressState:
        """What is remembered of a verification's address.

        Raises:
            Problem: RATE_LIMITED where failed checks have locked it.
        """
        state = tx.addresses.get(live.project, live.address, now - LOCKOUT.window_s * _MS)
        if state is None:
            return _FRESH
        if locked := lockout(state, now):
            raise locked
        sends = remembered_sends(state.sends, state.next_send_at, live.created_at)
        return msgspec.structs.replace(state, sends=sends)

    def _resend(
        self, tx: Transaction, live: Live, now: int, channel: str | None, said: Said
    ) -> Live:
        """The unit of a resend: the same code, its lifetime not extended."""
        route = _decoded(live.route)
        step = live.step if channel is None else _asked_step(tx, live, route, channel)
        state = self._state(tx, live, now)
        if state.opted_out:
            asked = route[step : step + 1] if channel else route[step:]
            first_willing(asked, state.opted_out)
        policy = POLICIES[live.policy]
        wait = policy.cooldown_s(state.sends + live.sends + 1) * _MS
        counted = tx.live.count_send(live.project, live.id, now, now + wait, policy.max_sends)
        if counted is None:
            if live.sends >= policy.max_sends:
                raise _no_sends_left(live, now)
            raise _cooling(live.next_send_at, now, live)
        agent, run = said
        data = Data(to=live.masked, channel=route[step].channel, agent=agent, run_id=run)
        self._ledger.append(tx, live, EventType.VERIFICATION_RESENT, now, data)
        account = self._account(tx, live, route[step])
        self._ledger.hand_over(tx, counted, step, route[step], account, now)
        return counted

    def _account(self, tx: Transaction, live: Live, step: Step) -> str:
        project = tx.projects.get(live.project)
        if project is None:
            raise ids.unknown(ids.Prefix.PROJECT)
        return self._drafter.account(live.project, project.mode, step)


def _asked_step(tx: Transaction, live: Live, route: Route, channel: str) -> int:
    """The step of a route that a caller asks for by its channel."""
    taken = {one.step for one in tx.deliveries.of(live.project, live.id)}
    step = step_for(route, channel, live.step, taken)
    if step is None:
        detail = f"{channel} is no step of this verification's route."
        raise Problem(UNREACHABLE, detail, extra={"field": "channel", "channel": channel})
    return step


def _seconds(until: int, now: int) -> int:
    return max(1, -(-(until - now) // _MS))


def _cooling(until: int, now: int, pending: Live | None) -> Problem:
    """The cool-down of an address holds; names the verification that is pending, if one is."""
    wait = _seconds(until, now)
    extra: dict[str, str | int] = {"limit": "cooldown"}
    if pending is not None:
        extra["message_id"] = ids.text(ids.Prefix.VERIFICATION, pending.id)
    detail = f"This address was sent a code a moment ago; the next may go in {wait} s."
    return Problem(RATE_LIMITED, detail, retry_after=wait, extra=extra)


def _no_sends_left(live: Live, now: int) -> Problem:
    extra: dict[str, str | int] = {
        "limit": "sends",
        "message_id": ids.text(ids.Prefix.VERIFICATION, live.id),
    }
    detail = "This code was sent as often as it may be; start again when it has expired."
    return Problem(RATE_LIMITED, detail, retry_after=_seconds(live.expires_at, now), extra=extra)
