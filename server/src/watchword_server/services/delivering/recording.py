"""Writing down what came of hand-overs."""

from collections.abc import Sequence

import msgspec

from watchword_server.domain import ids
from watchword_server.domain.delivery import Delivery, may_follow
from watchword_server.domain.sealing import NONCE_BYTES, Keyring
from watchword_server.ledger import Ledger
from watchword_server.ports.outside import Entropy
from watchword_server.ports.providers import Accounts
from watchword_server.ports.records import InboxBody, InboxMessage, Job, Work
from watchword_server.ports.results import Result, references
from watchword_server.ports.store import Transaction
from watchword_server.services.delivering.following import Following

_encode = msgspec.msgpack.Encoder().encode


class Recording:
    """Writes results, the inbox, and what the route makes of it."""

    def __init__(
        self, entropy: Entropy, keyring: Keyring, ledger: Ledger, sequence: ids.Sequence,
        accounts: Accounts, following: Following, in_flight: dict[bytes, Work],
    ) -> None:  # fmt: skip
        self._entropy = entropy
        self._keyring = keyring
        self._ledger = ledger
        self._sequence = sequence
        self._accounts = accounts
        self._following = following
        self._in_flight = in_flight

    def record(self, tx: Transaction, results: Sequence[tuple[Job, Result]], now: int) -> bool:
        """Write several results, whose claims are over with it; whether more is due now.

        Raises:
            LookupError: one of several has lost its lease; record each alone then.
        """
        if len(results) == 1:
            ((job, result),) = results
            if not tx.work.done(self._claim(job)):
                # The lease ran out and the claim was taken as uncertain: its truth still counts,
                # its decisions do not.
                self._correct(tx, job, result, now)
                return False
        elif not tx.work.all_done([self._claim(job) for job, _ in results]):
            raise LookupError("a lease was lost")
        more = False
        for job, result in results:
            if result.kept is not None:
                self._keep(tx, job, result.kept, now)
            more |= self.apply(tx, job, result, now)
        return more

    def apply(self, tx: Transaction, job: Job, result: Result, now: int) -> bool:
        """Write what came of a delivery, then do what its route says; whether more is due now."""
        live, delivery = job.live, job.delivery
        self._ledger.settle(
            tx, live, delivery, result.path, now,
            reason=result.reason, raw=result.raw, reference=result.reference,
        )  # fmt: skip
        self._refer(tx, job, delivery, result, now)
        if result.report_in_ms is not None:
            self._ledger.wait(tx, live, delivery.number, now + result.report_in_ms, now)
        return self._following.follow(tx, job, result.outcome, now) is not None

    def _claim(self, job: Job) -> Work:
        """The claim on it as it stands: its lease may have been renewed meanwhile."""
        return self._in_flight.get(job.work.id, job.work)

    def _correct(self, tx: Transaction, job: Job, result: Result, now: int) -> None:
        """Record a late result as far as states may still move forward."""
        work = job.work
        delivery = tx.deliveries.get(work.project, work.verification, work.number)
        if delivery is None:
            return
        path, status = [], delivery.status
        for then in result.path:
            if may_follow(status, then):
                path.append(then)
                status = then
        if path and result.kept is not None:
            self._keep(tx, job, result.kept, now)
        if path:
            self._ledger.settle(
                tx, job.live, delivery, tuple(path), now,
                reason=result.reason, raw=result.raw, reference=result.reference,
            )  # fmt: skip

        self._refer(tx, job, delivery, result, now)

    def _refer(
        self, tx: Transaction, job: Job, delivery: Delivery, result: Result, now: int
    ) -> None:
        """Have reports find the delivery, where its provider makes any."""
        provider = self._accounts.named(job.live.project, delivery.provider)
        if found := references(result, delivery, provider):
            self._ledger.refer(tx, job.live, delivery, found, now)

    def _keep(self, tx: Transaction, job: Job, body: InboxBody, now: int) -> None:
        live = job.live
        id = self._sequence.make(now)
        nonce = self._entropy(NONCE_BYTES)
        tx.inbox.add(
            InboxMessage(
                project=live.project, id=id, address=live.address, verification=live.id,
                channel=job.delivery.channel, at=now,
                body=self._keyring.seal(live.project, id, _encode(body), nonce),
            )
        )  # fmt: skip
