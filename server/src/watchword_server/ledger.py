"""How a change is written down: state, event and due work together, in one transaction.

Services decide; the ledger writes.  Everything here runs inside a unit of the store, takes
the project first, and appends the event that belongs to the change.
"""

from collections.abc import Callable, Sequence

import msgspec

from watchword_server.domain import events, ids
from watchword_server.domain.delivery import Delivery, DeliveryStatus, Reason, may_follow
from watchword_server.domain.errors import ALREADY_USED, ENDED, RATE_LIMITED, Problem
from watchword_server.domain.events import Data, EventType
from watchword_server.domain.inbound import Report
from watchword_server.domain.policy import LOCKOUT, remembered_sends
from watchword_server.domain.routing import Route, Step
from watchword_server.domain.verification import (
    Assurance,
    Details,
    Live,
    Secrets,
    Status,
    Trigger,
    Verification,
    end,
)
from watchword_server.ports.alerts import AlertMail
from watchword_server.ports.inbound import KeptReport
from watchword_server.ports.records import AddressState, Job, Work
from watchword_server.ports.store import Transaction

DELIVER, ADVANCE = "deliver", "advance"
MOST_REPORTS = 100
"""On one verification, that change nothing any more: whoever repeats them fills no disk."""
LEASE_S = 15
"""How long a claim holds; longer than a hand-over can take."""
_MS = 1000

_ENDED: dict[Status, EventType] = {
    Status.APPROVED: EventType.VERIFICATION_APPROVED,
    Status.EXPIRED: EventType.VERIFICATION_EXPIRED,
    Status.CANCELED: EventType.VERIFICATION_CANCELED,
    Status.EXHAUSTED: EventType.VERIFICATION_EXHAUSTED,
    Status.FAILED: EventType.VERIFICATION_FAILED,
}
_DELIVERED: dict[DeliveryStatus, EventType] = {
    DeliveryStatus.SENT: EventType.DELIVERY_SENT,
    DeliveryStatus.DELIVERED: EventType.DELIVERY_DELIVERED,
    DeliveryStatus.UNDELIVERED: EventType.DELIVERY_UNDELIVERED,
    DeliveryStatus.FAILED: EventType.DELIVERY_FAILED,
    DeliveryStatus.UNKNOWN: EventType.DELIVERY_UNKNOWN,
}
_route_encoder = msgspec.json.Encoder()
_route_decoder = msgspec.json.Decoder(Route)


def encode_route(route: Route) -> bytes:
    """A route as its verification keeps it."""
    return _route_encoder.encode(route)


def decode_route(route: bytes) -> Route:
    """The steps of a kept route."""
    return _route_decoder.decode(route)


Said = tuple[str | None, str | None]
"""What an agent says of itself and of its run; see `project.said_by`."""
SILENT: Said = (None, None)

Charge = Callable[[Transaction, Live, str, int], None]
"""Counts what a delivery of a verification over a channel costs, now (ms)."""


def raise_alert(
    tx: Transaction, project: bytes, type: EventType, about: str, now: int, data: Data
) -> None:
    """Append the event of an alert, and have it mailed."""
    encoded = events.encode(data)
    tx.events.append(project, about.encode(), type, now, encoded)
    tx.alerts.queue(
        AlertMail(
            project=project, kind=type.value, at=now, about=about, data=encoded, due_at=now
        )
    )  # fmt: skip


class Ledger:
    """Writes changes; `sequence` makes the ids of its rows, `charge` counts what they cost."""

    def __init__(self, sequence: ids.Sequence, charge: Charge | None = None) -> None:
        self._sequence = sequence
        self._charge = charge

    def append(
        self, tx: Transaction, of: Verification, type: EventType, now: int, data: Data
    ) -> None:
        """Append an event of a verification."""
        tx.events.append(of.project, of.id, type, now, events.encode(data))

    def begin(
        self, tx: Transaction, live: Live, first: Step, account: str, now: int,
        *, claimed: bool, opened: tuple[Details, Secrets], fresh: bool, said: Said = SILENT,
    ) -> Job | None:  # fmt: skip
        """Write a new verification with its first delivery; None where one is pending.

        `fresh`: also None where anything is remembered of its address.

        `claimed`: the caller itself hands the job over as soon as this unit is durable, so the
        work is written as claimed already.
        """
        if not (tx.live.insert_fresh(live) if fresh else tx.live.insert(live)):
            return None
        agent, run = said
        data = Data(to=live.masked, channel=live.channel, agent=agent, run_id=run)
        self.append(tx, live, EventType.VERIFICATION_CREATED, now, data)
        return self._enqueue(tx, live, 1, 0, first, account, now, claimed=claimed, opened=opened)

    def hand_over(
        self, tx: Transaction, live: Live, index: int, step: Step, account: str, now: int,
        *, maybe_duplicate: bool = False, claimed: bool = False,
    ) -> Job:  # fmt: skip
        """Queue one more delivery of a pending verification: step `index` of its route, by this
        account.  `claimed`: see `begin`."""
        number = len(tx.deliveries.of(live.project, live.id)) + 1
        tx.live.take_step(live.project, live.id, index)
        return self._enqueue(
            tx, live, number, index, step, account, now,
            claimed=claimed, maybe_duplicate=maybe_duplicate,
        )  # fmt: skip

    def _enqueue(
        self, tx: Transaction, live: Live, number: int, index: int, step: Step, account: str,
        now: int, *, claimed: bool = False, opened: tuple[Details, Secrets] | None = None,
        maybe_duplicate: bool = False,
    ) -> Job:  # fmt: skip
        id = self._sequence.make(now)
        delivery = Delivery(
            project=live.project, verification=live.id, number=number, id=id,
            step=index, channel=step.channel, provider=account,
            status=DeliveryStatus.QUEUED, reason=None, raw=None, reference=None,
            maybe_duplicate=maybe_duplicate, created_at=now, updated_at=now,
        )  # fmt: skip
        work = Work(
            due_at=now + LEASE_S * _MS if claimed else now, id=id, project=live.project,
            verification=live.id, kind=DELIVER, number=number, claims=int(claimed),
        )  # fmt: skip
        if self._charge is not None:
            self._charge(tx, live, step.channel, now)
        tx.deliveries.insert(delivery)
        tx.work.add(work)
        return Job(work, live, delivery, opened)

    def wait(self, tx: Transaction, live: Live, number: int, until: int, now: int) -> None:
        """Have the route looked at again at `until`, when the wait of delivery `number` ends."""
        tx.work.add(
            Work(
                due_at=until, id=self._sequence.make(now), project=live.project,
                verification=live.id, kind=ADVANCE, number=number, claims=0,
            )
        )  # fmt: skip

    def settle(
        self, tx: Transaction, of: Verification, delivery: Delivery,
        path: tuple[DeliveryStatus, ...], now: int, *, reason: Reason | None = None,
        raw: str | None = None, reference: str | None = None,
    ) -> None:  # fmt: skip
        """Move a delivery along `path`, with one event for each state it reaches."""
        why = reason.value if reason else None
        data = events.encode(
            Data(
                to=of.masked, channel=delivery.channel, provider=delivery.provider,
                delivery_id=ids.text(ids.Prefix.DELIVERY, delivery.id), step=delivery.step,
                reason=why, raw=raw, maybe_duplicate=delivery.maybe_duplicate or None,
            )
        )  # fmt: skip
        for status in path:
            tx.events.append(of.project, of.id, _DELIVERED[status], now, data)
        tx.deliveries.update(
            msgspec.structs.replace(
                delivery, status=path[-1], reason=why, raw=raw,
                reference=reference or delivery.reference, updated_at=now,
            )
        )  # fmt: skip

    def refer(
        self, tx: Transaction, of: Verification, delivery: Delivery, references: Sequence[str],
        now: int, discreet: Callable[[str | None], str | None],
    ) -> None:  # fmt: skip
        """Have reports with these references find a delivery that was handed over.

        Its settled state is written already: reports that were faster are applied on top of it,
        what is raw in them made `discreet`.
        """
        for reference in references:
            number = delivery.number
            tx.reports.refer(of.project, delivery.provider, reference, of.id, number, now)
        for held in tx.reports.take_held(of.project, delivery.provider, references):
            settled = tx.deliveries.get(of.project, of.id, delivery.number)
            if settled is not None:
                why = Reason(held.reason) if held.reason else None
                status = DeliveryStatus(held.status)
                raw = discreet(held.raw)
                report = Report(references=(), status=status, reason=why, raw=raw)
                self.report(tx, of, settled, report, now)

    def report(
        self, tx: Transaction, of: Verification, delivery: Delivery, report: Report, now: int
    ) -> bool:
        """Keep a report, and move its delivery if that state may follow; whether it did.

        One that moves nothing is kept only where there are not `MOST_REPORTS` already.

        What did not arrive is due work at once, if the verification is still pending: the route
        decides what follows.
        """
        moves = may_follow(delivery.status, report.status)
        if not moves and len(tx.reports.of(of.project, of.id)) >= MOST_REPORTS:
            return False
        why = report.reason.value if report.reason else None
        tx.reports.keep(
            KeptReport(
                project=of.project, verification=of.id, number=delivery.number,
                id=self._sequence.make(now), status=report.status.value, reason=why,
                raw=report.raw, moved=moves, at=now,
            )
        )  # fmt: skip
        if not moves:
            return False
        self.settle(tx, of, delivery, (report.status,), now, reason=report.reason, raw=report.raw)
        if report.status is DeliveryStatus.UNDELIVERED:
            live = tx.live.get(of.project, of.id)
            if live is not None:
                self.wait(tx, live, delivery.number, now, now)
        return True

    def approved(
        self, tx: Transaction, live: Live, checks: int, now: int, *, remembered: bool
    ) -> None:
        """Write down that a right code, the `checks`th, has just taken `live` out.

        `remembered`: whether anything is remembered of its address.
        """
        tx.verifications.insert(end(live, Trigger.RIGHT_CODE, now, checks))
        if remembered and _is_proven(live):
            tx.addresses.proven(live.project, live.address)
        data = Data(channel=live.channel, assurance=live.assurance, checks=checks)
        self.append(tx, live, EventType.VERIFICATION_APPROVED, now, data)

    def finish(
        self, tx: Transaction, live: Live, trigger: Trigger, now: int, said: Said = SILENT
    ) -> Verification:
        """End a pending verification that this unit has just read, without approval.

        Its row, with its secrets, is removed by a conditional delete, so that it ends once only.
        The address keeps its place on the cool-down ladder.

        Raises:
            LookupError: it has ended already.
        """
        if not tx.live.remove(live.project, live.id):
            raise LookupError("the verification is not pending any more")
        ended = end(live, trigger, now)
        tx.verifications.insert(ended)
        state = tx.addresses.get(live.project, live.address, now) or AddressState()
        earlier = remembered_sends(state.sends, state.next_send_at, live.created_at)
        tx.addresses.sent(live.project, live.address, live.sends + earlier, live.next_send_at)
        agent, run = said
        data = Data(
            to=live.masked, channel=live.channel, checks=live.checks, agent=agent, run_id=run
        )
        self.append(tx, live, _ENDED[ended.status], now, data)
        return ended


def _is_proven(live: Live) -> bool:
    """Whether an approval proves the address itself: an email to a number's alternate does not."""
    confirmed_only = live.assurance is Assurance.ADDRESS_CONFIRMATION
    return not confirmed_only or "@" in live.masked


def not_pending(tx: Transaction, project: bytes, verification: bytes, now: int) -> Problem:
    """Why nothing can be done with a verification that is not pending: 404, 409 or 410."""
    known = tx.verifications.get(project, verification)
    if known is None:
        return ids.unknown(ids.Prefix.VERIFICATION)
    if known.status is Status.APPROVED:
        return Problem(
            ALREADY_USED, "This verification is approved already.", extra={"reason": "approved"}
        )
    status = Status.EXPIRED if known.status is Status.PENDING else known.status
    return Problem(ENDED, f"This verification is {status}.", extra={"reason": status.value})


def lockout(state: AddressState, now: int) -> Problem | None:
    """The refusal for an address that failed checks have locked, or None.

    Fifteen failures in 24 hours lock it until the oldest is a day old; a hundred in a row until
    an operator unlocks it or it is proven.
    """
    if state.consecutive >= LOCKOUT.max_consecutive:
        return Problem(
            RATE_LIMITED,
            "This address failed too many checks in a row; an operator must unlock it.",
            extra={"limit": "consecutive_failures", "reason": "address_locked"},
        )
    if state.failures >= LOCKOUT.max_failures:
        until = state.oldest_failure_at + LOCKOUT.window_s * _MS
        return Problem(
            RATE_LIMITED,
            "This address failed too many checks within a day.",
            retry_after=max(1, -(-(until - now) // _MS)),
            extra={"limit": "address_failures", "reason": "address_locked"},
        )
    return None
