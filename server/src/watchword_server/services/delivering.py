"""Handing messages over, and what follows: the worker's side of a verification.

`due` claims work in one commit, before any hand-over begins; `hand_over` calls the provider with
no transaction open; `_record` writes what came of it and takes the route's next decision.  A
claim whose lease ran out may have been handed over: it is taken as uncertain, never simply
repeated.
"""

import asyncio
from collections.abc import Sequence
from functools import lru_cache

import msgspec

from watchword_server.domain import ids, sandbox, template
from watchword_server.domain.channel import Channel
from watchword_server.domain.delivery import DeliveryStatus, Message, Reason, Receipt, may_follow
from watchword_server.domain.errors import StoreUnavailable, WatchwordError
from watchword_server.domain.policy import LADDER_MEMORY_S, LOCKOUT
from watchword_server.domain.project import Mode
from watchword_server.domain.routing import (
    GiveUp,
    Outcome,
    Route,
    Standing,
    Take,
    Wait,
    decide,
    has_reached,
)
from watchword_server.domain.sealing import NONCE_BYTES, Keyring
from watchword_server.domain.template import Autofill, Template
from watchword_server.domain.template_review import may_be_sent
from watchword_server.domain.verification import Details, Live, Secrets, Trigger
from watchword_server.ledger import ADVANCE, DELIVER, LEASE_S, Ledger, decode_route
from watchword_server.ports.outside import Clock, Directory, Entropy
from watchword_server.ports.providers import Accounts, Provider, Rejected, Unavailable, Uncertain
from watchword_server.ports.records import InboxBody, InboxMessage, Job, Work
from watchword_server.ports.results import Result, discreet, failed, handed_over, references
from watchword_server.ports.store import Store, Transaction
from watchword_server.telemetry import get_logger

HAND_OVER_S = 10
"""A provider that has not answered by then may have sent: Uncertain."""
INBOX_KEPT_S = 86_400
_CLAIMS = 5
_NOBODY = "none"
"""The account of a step that no account carries any more: its hand-over fails."""
_log = get_logger("delivering")
_MS = 1000
_S = DeliveryStatus
_details = msgspec.msgpack.Decoder(Details).decode
_secrets = msgspec.msgpack.Decoder(Secrets).decode
_encode = msgspec.msgpack.Encoder().encode
_decoded = lru_cache(1024)(decode_route)


class Delivering:
    """Claims, hands over, records, falls back, expires."""

    def __init__(
        self, store: Store, clock: Clock, entropy: Entropy, keyring: Keyring,
        directory: Directory, accounts: Accounts, ledger: Ledger, sequence: ids.Sequence,
        autofill: Autofill | None,
    ) -> None:  # fmt: skip
        self._store = store
        self._clock = clock
        self._entropy = entropy
        self._keyring = keyring
        self._directory = directory
        self._accounts = accounts
        self._ledger = ledger
        self._sequence = sequence
        self._autofill = autofill

    async def due(self, limit: int) -> list[Job]:
        """Claim what is due, at most `limit`, and return what has to be handed over.

        From the commit of this claim on, a hand-over may have begun.
        """
        now = self._clock.now()
        return await self._store.write(lambda tx: self._claim(tx, now, limit))

    async def next_due(self) -> int | None:
        """When the next work is due (ms), or None."""
        return await self._store.read(lambda tx: tx.work.next_due())

    def is_prompt(self, job: Job) -> bool:
        """Whether the hand-over will not wait for anything."""
        provider = self._accounts.named(job.live.project, job.delivery.provider)
        return provider is not None and provider.prompt

    async def hand_over(self, *jobs: Job) -> None:
        """Hand claimed deliveries over, one after the other, and record what came of them."""
        results = [(job, sent) for job in jobs if (sent := await self._outcome(job)) is not None]
        try:
            await self._store.write(lambda tx: self._record(tx, results))
        except StoreUnavailable:
            raise
        except Exception:
            if len(results) == 1:
                raise
            for one in results:  # one that cannot be recorded must not keep the others from it
                await self._record_alone(one)

    async def expire(self, limit: int) -> int:
        """End pending verifications whose time has passed; how many there were."""
        now = self._clock.now()

        def unit(tx: Transaction) -> int:
            overdue = tx.live.expired(now, limit)
            for project, verification in overdue:
                if live := tx.live.get(project, verification):
                    self._ledger.finish(tx, live, Trigger.TIME_PASSED, now)
            return len(overdue)

        some = await self._store.read(lambda tx: bool(tx.live.expired(now, 1)))
        return await self._store.write(unit) if some else 0

    async def forget(self, limit: int) -> bool:
        """Sweep what has served its time: cool-down ladders, old failures, the inbox.

        Returns whether there may be more.
        """
        now = self._clock.now()
        ladders, failures = now - LADDER_MEMORY_S * _MS, now - LOCKOUT.window_s * _MS

        def unit(tx: Transaction) -> bool:
            states = tx.addresses.sweep(ladders, failures, limit)
            return max(states, tx.inbox.sweep(now - INBOX_KEPT_S * _MS, limit)) >= limit

        return await self._store.write(unit)

    def _claim(self, tx: Transaction, now: int, limit: int) -> list[Job]:
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
        if work.kind == ADVANCE and self._reported(tx, work, now):
            tx.work.done(work)
            return None
        job = self._job(tx, work, now)
        if job is not None and work.kind == DELIVER and work.claims == 1:
            return job
        if job is not None and work.kind == ADVANCE:
            self._wait_passed(tx, job, now)
        elif job is not None:
            lost = Result(Outcome.UNCERTAIN, (_S.UNKNOWN,), Reason.INTERRUPTED)
            self._apply(tx, job, lost, now)
        tx.work.done(work)
        return None

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

    async def _outcome(self, job: Job) -> Result | None:
        """What came of it; None where that is not known here and now, and its lease decides."""
        try:
            return await self._send(job)
        except Exception:  # one must not keep the others of its batch from being recorded
            _log.exception("work.failed", delivery=job.delivery.id.hex())
            return None

    async def _send(self, job: Job) -> Result:
        directory, live = self._directory, job.live
        provider = self._accounts.named(job.live.project, job.delivery.provider)
        if provider is None:
            return failed(Outcome.UNAVAILABLE, Reason.MISCONFIGURED, "no such provider account")
        try:
            project = directory.known_project(live.project) or await directory.project(live.project)
            if provider.local == (project.mode is Mode.LIVE):
                return failed(Outcome.UNAVAILABLE, Reason.MISCONFIGURED, "the mode was changed")
            known = directory.known_template(live.project, live.template)
            chosen = known or await directory.template(live.project, live.template)
            if not may_be_sent(chosen, project.mode):
                return failed(Outcome.REJECTED, Reason.MISCONFIGURED, "the template is withdrawn")
            message = self._message(job, chosen)
        except StoreUnavailable:
            raise  # it says nothing of the message
        except (WatchwordError, msgspec.MsgspecError, ValueError, LookupError) as error:
            return failed(Outcome.REJECTED, Reason.MISCONFIGURED, type(error).__name__)
        try:
            receipt = await _bounded(provider, message)
        except Rejected as refusal:
            return failed(Outcome.REJECTED, refusal.reason, discreet(refusal.raw, message))
        except Unavailable as refusal:
            return failed(Outcome.UNAVAILABLE, refusal.reason, discreet(refusal.raw, message))
        except Uncertain as silence:
            raw = discreet(silence.raw, message)
            return Result(Outcome.UNCERTAIN, (_S.UNKNOWN,), Reason.TIMED_OUT, raw)
        kept = InboxBody(message.to, message.text, message.code) if provider.local else None
        return handed_over(receipt, kept)

    def _message(self, job: Job, chosen: Template) -> Message:
        """The rendered message: the one place where a code is unsealed."""
        live, channel = job.live, Channel(job.delivery.channel)
        details, secrets = job.opened or self._opened(live)
        rendered = template.render(
            chosen, channel, live.language, secrets.params, self._autofill,
            code=secrets.code, ttl_s=secrets.ttl_s,
        )  # fmt: skip
        to = details.to
        if channel is Channel.EMAIL and details.alternate_email:
            to = details.alternate_email
        return Message(
            id=ids.text(ids.Prefix.DELIVERY, job.delivery.id),
            to=to,
            channel=channel.value,
            language=rendered.language,
            sender=rendered.sender or chosen.brand_name,
            subject=rendered.subject,
            text=rendered.text,
            html=rendered.html,
            code=secrets.code,
            template=chosen.id,
            params=secrets.params,
            ttl_s=secrets.ttl_s,
        )

    def _opened(self, live: Live) -> tuple[Details, Secrets]:
        details = self._keyring.unseal(live.project, live.id, live.details)
        secrets = self._keyring.unseal(live.project, live.id, live.secrets)
        return _details(details), _secrets(secrets)

    async def _record_alone(self, one: tuple[Job, Result]) -> None:
        try:
            await self._store.write(lambda tx: self._record(tx, [one]))
        except Exception:
            _log.exception("work.record_failed", delivery=one[0].delivery.id.hex())

    def _record(self, tx: Transaction, results: Sequence[tuple[Job, Result]]) -> None:
        now = self._clock.now()
        if len(results) == 1:
            ((job, result),) = results
            if not tx.work.done(job.work):
                # The lease ran out and the claim was taken as uncertain: its truth still counts,
                # its decisions do not.
                self._correct(tx, job, result, now)
                return
        elif not tx.work.all_done([job.work for job, _ in results]):
            raise LookupError("a lease was lost")
        for job, result in results:
            self._written(tx, job, result, now)

    def _written(self, tx: Transaction, job: Job, result: Result, now: int) -> None:
        if result.kept is not None:
            self._keep(tx, job, result.kept, now)
        self._apply(tx, job, result, now)

    def _apply(self, tx: Transaction, job: Job, result: Result, now: int) -> None:
        """Write what came of a delivery, then take the route's next step, if any."""
        live, delivery = job.live, job.delivery
        self._ledger.settle(
            tx, live, delivery, result.path, now,
            reason=result.reason, raw=result.raw, reference=result.reference,
        )  # fmt: skip
        provider = self._accounts.named(live.project, delivery.provider)
        self._ledger.refer(tx, live, delivery, references(result, delivery, provider), now)
        if result.report_in_ms is not None:
            self._ledger.wait(tx, live, delivery.number, now + result.report_in_ms, now)
        self._follow_route(tx, job, result.outcome, now)

    def _follow_route(self, tx: Transaction, job: Job, outcome: Outcome, now: int) -> None:
        live, delivery = job.live, job.delivery
        route = _decoded(live.route)
        if outcome is Outcome.DELIVERED and len(route) == 1:
            return
        siblings = tx.deliveries.of(live.project, live.id)
        current = tx.live.get(live.project, live.id)
        if current is None or delivery.number < len(siblings):
            return  # it has ended, or a later delivery has the lead
        provider = self._accounts.named(live.project, delivery.provider)
        standing = Standing(
            index=delivery.step,
            reports=provider is not None and provider.reports,
            may_have_left=any(one.status is not _S.FAILED for one in siblings),
            uncertain=delivery.status is _S.UNKNOWN,
            interrupted=siblings[delivery.number - 1].reason == Reason.INTERRUPTED,
            repeated=delivery.maybe_duplicate,
        )
        decision = decide(route, standing, outcome)
        if isinstance(decision, Wait):
            self._ledger.wait(tx, current, delivery.number, now + decision.seconds * _MS, now)
        elif isinstance(decision, Take):
            self._take(tx, current, route, decision, now)
        elif isinstance(decision, GiveUp):
            self._ledger.finish(tx, current, Trigger.NO_STEP_HANDED_OVER, now)

    def _take(self, tx: Transaction, live: Live, route: Route, take: Take, now: int) -> None:
        project, step = tx.projects.get(live.project), route[take.index]
        account = project and self._accounts.pick(live.project, project.mode, step)
        self._ledger.hand_over(
            tx, live, take.index, step, account or _NOBODY, now,
            maybe_duplicate=take.maybe_duplicate,
        )  # fmt: skip

    def _reported(self, tx: Transaction, work: Work, now: int) -> bool:
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
            self._follow_route(tx, Job(work, live, delivery), outcome, now)
        return True

    def _wait_passed(self, tx: Transaction, job: Job, now: int) -> None:
        """A step's wait is over: silence makes a sent delivery unknown."""
        if job.delivery.status is _S.SENT:
            self._ledger.settle(tx, job.live, job.delivery, (_S.UNKNOWN,), now)
        step = _decoded(job.live.route)[job.delivery.step]
        is_delivered = job.delivery.status is _S.DELIVERED
        if not (is_delivered and has_reached(step, True, Outcome.DELIVERED)):
            self._follow_route(tx, job, Outcome.WAIT_PASSED, now)

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
        provider = self._accounts.named(work.project, delivery.provider)
        self._ledger.refer(tx, job.live, delivery, references(result, delivery, provider), now)

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


async def _bounded(provider: Provider, message: Message) -> Receipt:
    """The provider's receipt, or Uncertain when it takes too long or breaks its contract."""
    try:
        if provider.local:
            return await provider.send(message)
        async with asyncio.timeout(HAND_OVER_S):
            return await provider.send(message)
    except (Rejected, Unavailable, Uncertain):
        raise
    except Exception as error:
        raise Uncertain(type(error).__name__) from None
