"""The route of a verification, as deliveries come to their ends: waits, failover, fallback, end.

Everything here runs inside the unit that writes what came of a delivery.  What is decided is
`domain.routing.decide`; here is only what it must know, and what follows from its answer.
"""

from collections.abc import Sequence
from functools import lru_cache

from watchword_server.domain.delivery import Delivery, DeliveryStatus, Reason
from watchword_server.domain.routing import (
    FailOver,
    GiveUp,
    Outcome,
    Route,
    Standing,
    Take,
    Wait,
    decide,
    has_reached,
)
from watchword_server.domain.verification import Live, Trigger
from watchword_server.ledger import Ledger, decode_route
from watchword_server.ports.providers import Accounts
from watchword_server.ports.records import Job
from watchword_server.ports.store import Transaction

_NOBODY = "none"
"""The account of a step that no account carries any more: its hand-over fails."""
_MS = 1000
_S = DeliveryStatus
_TAKEN = frozenset({Outcome.SENT, Outcome.DELIVERED})
_decoded = lru_cache(1024)(decode_route)


class Following:
    """Takes the route's decisions and writes what they bring about."""

    def __init__(self, ledger: Ledger, accounts: Accounts) -> None:
        self._ledger = ledger
        self._accounts = accounts

    def follow(
        self, tx: Transaction, job: Job, outcome: Outcome, now: int, *, claimed: bool = False
    ) -> Job | None:
        """Do what the route says after `outcome` of a delivery, whose state is written already.

        Returns the next delivery, if one is due now.  `claimed`: see `Ledger.begin`.
        """
        live, delivery = job.live, job.delivery
        route = _decoded(live.route)
        if outcome in _TAKEN and len(route) == 1:
            return None
        current = tx.live.get(live.project, live.id)
        if current is None or current.expires_at <= now:
            return None
        siblings = tx.deliveries.of(live.project, live.id)
        account = self._other(tx, current, route, delivery, siblings, outcome)
        standing = self._standing(job, siblings, outcome, others=account is not None)
        decision = decide(route, standing, outcome)
        if isinstance(decision, Wait):
            self._ledger.wait(tx, current, delivery.number, now + decision.seconds * _MS, now)
        elif isinstance(decision, GiveUp):
            self._ledger.finish(tx, current, Trigger.NO_STEP_HANDED_OVER, now)
        elif isinstance(decision, Take | FailOver):
            if isinstance(decision, Take):
                account = self._next(tx, current, route, decision, siblings)
            return self._ledger.hand_over(
                tx, current, decision.index, route[decision.index], account or _NOBODY, now,
                maybe_duplicate=decision.maybe_duplicate, claimed=claimed,
            )  # fmt: skip
        return None

    def wait_over(self, tx: Transaction, job: Job, now: int) -> Job | None:
        """Look again at a delivery whose wait is over, or of which a report has come.

        Silence makes a sent delivery unknown.  Returns the next one, claimed, if one is due now.
        """
        delivery = job.delivery
        status = delivery.status
        if status in (_S.QUEUED, _S.FAILED):
            return None
        if status is _S.UNDELIVERED:
            return self.follow(tx, job, Outcome.UNDELIVERED, now, claimed=True)
        if status is _S.SENT:
            self._ledger.settle(tx, job.live, delivery, (_S.UNKNOWN,), now)
        step = _decoded(job.live.route)[delivery.step]
        if status is _S.DELIVERED and has_reached(step, True, Outcome.DELIVERED):
            return None
        return self.follow(tx, job, Outcome.WAIT_PASSED, now, claimed=True)

    def _standing(
        self, job: Job, siblings: Sequence[Delivery], outcome: Outcome, *, others: bool
    ) -> Standing:
        delivery = job.delivery
        provider = self._accounts.named(job.live.project, delivery.provider)
        written = siblings[delivery.number - 1]
        return Standing(
            index=delivery.step,
            reports=provider is not None and provider.reports,
            may_have_left=any(one.status is not _S.FAILED for one in siblings),
            # A delivery that was sent and of which nothing was heard has left for certain.
            uncertain=outcome is Outcome.UNCERTAIN or delivery.status is _S.UNKNOWN,
            interrupted=written.reason == Reason.INTERRUPTED,
            repeated=delivery.maybe_duplicate,
            others=others,
            leads=_leads(delivery, siblings),
        )

    def _other(
        self, tx: Transaction, live: Live, route: Route, delivery: Delivery,
        siblings: Sequence[Delivery], outcome: Outcome,
    ) -> str | None:  # fmt: skip
        """Another account for the step of a delivery that could not be handed over.

        None also where a later delivery of the step has taken its place.
        """
        if outcome is not Outcome.UNAVAILABLE or not _is_latest(delivery, siblings):
            return None
        return self._pick(tx, live, route, delivery.step, siblings)

    def _next(
        self, tx: Transaction, live: Live, route: Route, take: Take, siblings: Sequence[Delivery]
    ) -> str | None:
        """The account for a step: one that was not tried for it, where there is one."""
        account = self._pick(tx, live, route, take.index, siblings)
        if account is None and take.maybe_duplicate:
            account = self._pick(tx, live, route, take.index, ())
        return account

    def _pick(
        self, tx: Transaction, live: Live, route: Route, index: int, siblings: Sequence[Delivery]
    ) -> str | None:
        project = tx.projects.get(live.project)
        if project is None:
            return None
        tried = {one.provider for one in siblings if one.step == index}
        return self._accounts.pick(live.project, project.mode, route[index], tried)


def _is_latest(delivery: Delivery, siblings: Sequence[Delivery]) -> bool:
    """Whether no later delivery of the same step has taken its place."""
    later = siblings[delivery.number :]
    return all(one.step != delivery.step for one in later)


def _leads(delivery: Delivery, siblings: Sequence[Delivery]) -> bool:
    """Whether the route goes on from it: the latest delivery of the furthest step."""
    front = max(one.step for one in siblings)
    return delivery.step == front and _is_latest(delivery, siblings)
