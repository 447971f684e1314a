"""Claiming due work: what is to be handed over is returned, anything else is done in the claim."""

import msgspec

from watchword_server.domain import sandbox
from watchword_server.domain.delivery import DeliveryStatus, Reason, may_follow
from watchword_server.domain.errors import WatchwordError
from watchword_server.domain.routing import Outcome
from watchword_server.ledger import ADVANCE, DELIVER, LEASE_S, Ledger
from watchword_server.ports.records import Job, Work
from watchword_server.ports.results import Result, failed
from watchword_server.ports.store import Transaction
from watchword_server.services.delivering.following import Following
from watchword_server.services.delivering.recording import Recording
from watchword_server.telemetry import get_logger

_CLAIMS = 5
_MS = 1000
_S = DeliveryStatus
_log = get_logger("delivering")


class Claiming:
    """Takes due rows, each by its kind."""

    def __init__(
        self, ledger: Ledger, following: Following, recording: Recording,
        in_flight: dict[bytes, Work],
    ) -> None:  # fmt: skip
        self._ledger = ledger
        self._following = following
        self._recording = recording
        self._in_flight = in_flight

    def claim(self, tx: Transaction, now: int, limit: int) -> list[Job]:
        """Claim at most `limit` rows; what of them has to be handed over."""
        jobs = []
        for work in tx.work.claim(now, now + LEASE_S * _MS, limit):
            try:
                job = self._claimed(tx, work, now)
            except (WatchwordError, msgspec.MsgspecError, ValueError, LookupError) as error:
                # One row that cannot be read must not stop the others: it stays leased and is
                # looked at again, a few times.
                _log.error("work.unreadable", work=work.id.hex(), error=type(error).__name__)
                if work.claims >= _CLAIMS:
                    tx.work.done(work)
                continue
            if job is not None:
                jobs.append(job)
        return jobs

    def _claimed(self, tx: Transaction, work: Work, now: int) -> Job | None:
        """What is to be handed over for a claim; anything else is done here and now."""
        if work.id in self._in_flight:
            # This very process is handing it over still, and only slow: nothing is lost, and to
            # send it once more would make it slower.  Claiming it has renewed its lease.
            self._in_flight[work.id] = work
            return None
        if work.kind == ADVANCE and self._foretold(tx, work, now):
            tx.work.done(work)
            return None
        job = self._job(tx, work, now)
        if job is not None and work.kind == DELIVER and work.claims == 1:
            return self._wanted(tx, job, now)
        after = None
        if job is not None and work.kind == ADVANCE:
            after = self._following.wait_over(tx, job, now)
        elif job is not None:
            lost = Result(Outcome.UNCERTAIN, (_S.UNKNOWN,), Reason.INTERRUPTED)
            self._recording.apply(tx, job, lost, now)
        tx.work.done(work)
        return None if after is None else self._wanted(tx, after, now)

    def _wanted(self, tx: Transaction, job: Job, now: int) -> Job | None:
        """The job, unless its recipient wants nothing over its channel: then that is recorded."""
        if not self._is_opted_out(tx, job, now):
            return job
        refused = failed(Outcome.REJECTED, Reason.OPTED_OUT, None)
        self._recording.apply(tx, job, refused, now)
        tx.work.done(job.work)
        return None

    def _is_opted_out(self, tx: Transaction, job: Job, now: int) -> bool:
        """Whether the recipient wants nothing over this channel, as it stands at this instant."""
        state = tx.addresses.get(job.live.project, job.live.address, now)
        return state is not None and job.delivery.channel in state.opted_out

    def _job(self, tx: Transaction, work: Work, now: int) -> Job | None:
        """The delivery behind a claim, or None where nothing is to be done any more."""
        delivery = tx.deliveries.get(work.project, work.verification, work.number)
        if delivery is None:
            return None
        live = tx.live.get(work.project, work.verification)
        if live is not None and live.expires_at > now:
            return Job(work, live, delivery)
        ended = live or tx.verifications.get(work.project, work.verification)
        if delivery.status is _S.QUEUED and ended is not None:
            # A claim that was lost may have been handed over; one never made was not needed.
            lost = work.claims > 1
            path = _S.UNKNOWN if lost else _S.FAILED
            reason = Reason.INTERRUPTED if lost else Reason.NOT_NEEDED
            self._ledger.settle(tx, ended, delivery, (path,), now, reason=reason)
        return None

    def _foretold(self, tx: Transaction, work: Work, now: int) -> bool:
        """Whether the sandbox had a report for this instant; what it says is written down, also
        of a verification that has ended."""
        delivery = tx.deliveries.get(work.project, work.verification, work.number)
        if delivery is None or delivery.provider != sandbox.ACCOUNT:
            return False
        report = sandbox.foretold(delivery.reference)
        of = tx.verifications.get(work.project, work.verification)
        if report is None or of is None or not may_follow(delivery.status, report.status):
            return False
        self._ledger.settle(
            tx, of, delivery, (report.status,), now, reason=report.reason, raw=report.raw
        )
        live = tx.live.get(work.project, work.verification)
        if live is not None and live.expires_at > now:
            delivered = report.status is _S.DELIVERED
            outcome = Outcome.DELIVERED if delivered else Outcome.UNDELIVERED
            self._following.follow(tx, Job(work, live, delivery), outcome, now)
        return True
