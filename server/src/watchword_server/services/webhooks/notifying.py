"""The dispatcher's side of webhooks: from the log of events to attempts, and what they change.

`turn` is one transaction: it records attempts that ended, gives the next events to the endpoints
that want them, and claims what is due.  Nothing is added to a send or a check: events are read
behind a cursor.  A claim whose lease ran out is simply tried again, which is what "at least once"
means; the receiver tells repetitions by their id.
"""

from collections.abc import Callable, Iterable, Sequence

import msgspec

from watchword_server.domain import alerts, callbacks, events, ids, webhook
from watchword_server.domain.callbacks import Concerned
from watchword_server.domain.events import Data, Event, EventType
from watchword_server.domain.sealing import NONCE_BYTES, Keyring
from watchword_server.domain.traffic import Key
from watchword_server.domain.verification import Details, Verification
from watchword_server.domain.webhook import (
    Dialect,
    WebhookAttempt,
    WebhookDelivery,
    WebhookEndpoint,
    WebhookStatus,
)
from watchword_server.ledger import raise_alert
from watchword_server.ports.outside import Clock, Entropy
from watchword_server.ports.store import Store, Transaction
from watchword_server.services.webhooks.posting import Posted, Posting
from watchword_server.telemetry import get_logger

LEASE_S = 45
"""How long a claim holds; longer than a post can take."""
FAN_OUT = 256
"""Events that one turn gives out."""
KEPT_S = 30 * 86_400
_MS = 1000
_ABOUT_VERIFICATIONS = frozenset({"verification", "delivery"})
_log = get_logger("webhooks")
_details = msgspec.msgpack.Decoder(Details).decode
_types = {one.value: one for one in EventType}


class Job(msgspec.Struct, frozen=True):
    """A delivery that is claimed and is to be posted now."""

    delivery: WebhookDelivery
    endpoint: WebhookEndpoint
    event: Event
    verification: Verification | None

    @property
    def key(self) -> Key:
        """Whose it is."""
        return self.delivery.project, self.delivery.endpoint

    def __repr__(self) -> str:
        return f"<Job {self.delivery.endpoint.hex()} {self.delivery.number}>"


class Result(msgspec.Struct, frozen=True):
    """A job and how its post ended."""

    job: Job
    posted: Posted

    @property
    def succeeded(self) -> bool:
        """Whether the endpoint took it."""
        answer = self.posted.answer
        return answer is not None and answer // 100 == 2


class Agenda(msgspec.Struct, frozen=True):
    """What there is to do: new events to give out, and when something is due for whom."""

    has_events: bool
    due: Sequence[tuple[Key, int]]


class Turn(msgspec.Struct, frozen=True):
    """What came of a turn: jobs to post now, and whether more events wait to be given out."""

    jobs: Sequence[Job]
    has_events: bool


Shares = Callable[[Iterable[Key]], dict[Key, int]]
"""How many posts each of some endpoints may get now."""


class Notifying:
    """Gives events out, claims, posts, records."""

    def __init__(
        self, store: Store, clock: Clock, entropy: Entropy, keyring: Keyring, posting: Posting,
        schedule: Sequence[float],
    ) -> None:  # fmt: skip
        self._store = store
        self._clock = clock
        self._entropy = entropy
        self._keyring = keyring
        self._posting = posting
        self._schedule = schedule

    async def agenda(self) -> Agenda:
        """What there is to do; it writes nothing."""

        def query(tx: Transaction) -> Agenda:
            rows = tx.webhook_deliveries
            if not tx.webhook_endpoints.any_enabled():
                return Agenda(False, ())
            due = [((project, endpoint), at) for project, endpoint, at in rows.agenda()]
            return Agenda(tx.events.newest() > rows.cursor(), due)

        return await self._store.read(query)

    async def turn(
        self, results: Sequence[Result], wanting: Iterable[Key], shares: Shares, *, fan_out: bool
    ) -> Turn:
        """Record results, give events out, claim for those who are `wanting`."""
        now = self._clock.now()
        known = frozenset(wanting)

        def unit(tx: Transaction) -> Turn:
            self._record(tx, results, now)
            given: frozenset[Key] = frozenset()
            more = False
            if fan_out:
                given, more = self._give_out(tx, now)
            jobs: list[Job] = []
            for key, limit in shares(sorted(known | given)).items():
                jobs += self._claim(tx, key, limit, now)
            return Turn(jobs, more)

        return await self._store.write(unit)

    async def post(self, job: Job) -> Result:
        """Post a claimed delivery; nothing is recorded yet."""
        concerned = None
        try:
            if job.verification is not None:
                concerned = self._concerned(job.verification)
            posted = await self._posting.event(job.endpoint, job.event, concerned)
        except Exception as error:  # such as a row that another keyring sealed
            _log.error("webhook.unreadable", endpoint=job.endpoint.id.hex(), exc_info=error)
            posted = Posted(self._clock.now(), 0, None, type(error).__name__)
        return Result(job, posted)

    async def forget(self, limit: int) -> bool:
        """Sweep deliveries that ended long ago; whether there may be more."""
        before = self._clock.now() - KEPT_S * _MS
        return await self._store.write(
            lambda tx: tx.webhook_deliveries.sweep(before, limit) >= limit
        )

    # ---- giving events out ----

    def _give_out(self, tx: Transaction, now: int) -> tuple[frozenset[Key], bool]:
        """Make a delivery of every next event for every endpoint that wants it."""
        rows = tx.webhook_deliveries
        found = rows.events_after(rows.cursor(), FAN_OUT)
        if not found:
            return frozenset(), False
        endpoints = {
            project: [one for one in tx.webhook_endpoints.of(project) if one.disabled is None]
            for project in {event.project for event in found}
        }
        given: set[Key] = set()
        for event in found:
            takers = [one for one in endpoints[event.project] if _takes(tx, one, event)]
            sequence = rows.sequence(event) if takers else 0
            for endpoint in takers:
                rows.add(self._delivery(endpoint, event, sequence, now))
                given.add((endpoint.project, endpoint.id))
        rows.move_cursor(found[-1].number)
        return frozenset(given), len(found) == FAN_OUT

    def _delivery(
        self, endpoint: WebhookEndpoint, event: Event, sequence: int, now: int
    ) -> WebhookDelivery:
        due_at = webhook.first_due(now, self._schedule, self._chance())
        return WebhookDelivery(
            project=endpoint.project, endpoint=endpoint.id, number=event.number,
            sequence=sequence, status=WebhookStatus.PENDING, step=0, tries=0, due_at=due_at,
            leased=False, answer=None, error=None, created_at=now, updated_at=now,
        )  # fmt: skip

    # ---- claiming ----

    def _claim(self, tx: Transaction, key: Key, limit: int, now: int) -> list[Job]:
        endpoint = tx.webhook_endpoints.get(*key)
        if endpoint is None or endpoint.disabled is not None or endpoint.not_before > now:
            return []
        lease_until = now + LEASE_S * _MS
        claimed = tx.webhook_deliveries.claim(*key, now, lease_until, limit)
        jobs = (self._job(tx, endpoint, delivery) for delivery in claimed)
        return [job for job in jobs if job is not None]

    def _job(
        self, tx: Transaction, endpoint: WebhookEndpoint, delivery: WebhookDelivery
    ) -> Job | None:
        event = tx.webhook_deliveries.event(delivery.project, delivery.number, delivery.sequence)
        if event is None:
            return None
        verification = None
        if endpoint.dialect is Dialect.ENGAGELAB and _is_about_verification(event):
            verification = tx.verifications.get(event.project, event.subject)
        return Job(delivery, endpoint, event, verification)

    def _concerned(self, of: Verification) -> Concerned:
        """The full address: unsealed here, at the last moment, for the dialect that shows it."""
        details = _details(self._keyring.unseal(of.project, of.id, of.details))
        return Concerned(details.to, of.channel, of.template, details.metadata)

    # ---- recording ----

    def _record(self, tx: Transaction, results: Sequence[Result], now: int) -> None:
        rows = tx.webhook_deliveries
        current = {
            (*one.job.key, one.job.delivery.number): rows.get(*one.job.key, one.job.delivery.number)
            for one in results
        }
        judged: dict[Key, WebhookEndpoint | None] = {}
        for result in results:
            key = (*result.job.key, result.job.delivery.number)
            delivery = current[key]
            if delivery is None:
                continue  # its endpoint or project was deleted meanwhile
            if result.posted.is_put_off:
                if _is_ours(delivery, result):
                    rows.update(webhook.put_off(delivery, self._chance(), now))
                continue
            attempt = self._attempt(delivery, result.posted)
            current[key] = changed = self._after(delivery, result, attempt, now)
            rows.update(changed)
            rows.log(attempt)
            self._judge(tx, judged, result, attempt, now)
        for endpoint in judged.values():
            if endpoint is not None:
                self._keep(tx, endpoint, now)

    def _after(
        self, delivery: WebhookDelivery, result: Result, attempt: WebhookAttempt, now: int
    ) -> WebhookDelivery:
        if _is_ours(delivery, result) or (
            attempt.succeeded and delivery.status is WebhookStatus.PENDING
        ):
            return webhook.after_attempt(
                delivery, attempt, result.posted.retry_after_s, self._schedule, self._chance(), now
            )
        # The lease ran out and another has it: the attempt counts, its decisions do not.
        return msgspec.structs.replace(delivery, tries=delivery.tries + 1)

    def _attempt(self, delivery: WebhookDelivery, posted: Posted) -> WebhookAttempt:
        response = posted.response
        if response:
            nonce = self._entropy(NONCE_BYTES)
            response = self._keyring.seal(delivery.project, delivery.endpoint, response, nonce)
        return WebhookAttempt(
            project=delivery.project, endpoint=delivery.endpoint, number=delivery.number,
            attempt=delivery.tries + 1, at=posted.at, ms=posted.ms, answer=posted.answer,
            error=posted.error, response=response,
        )  # fmt: skip

    def _judge(
        self, tx: Transaction, judged: dict[Key, WebhookEndpoint | None], result: Result,
        attempt: WebhookAttempt, now: int,
    ) -> None:  # fmt: skip
        key = result.job.key
        if key not in judged:
            judged[key] = tx.webhook_endpoints.get(*key)
        endpoint = judged[key]
        if endpoint is not None:
            retry_after = result.posted.retry_after_s
            judged[key] = webhook.after_answer(endpoint, attempt, retry_after, now)

    def _keep(self, tx: Transaction, endpoint: WebhookEndpoint, now: int) -> None:
        """Write the endpoint where it changed, with the event where it was disabled."""
        before = tx.webhook_endpoints.get(endpoint.project, endpoint.id)
        if before is None or before == endpoint:
            return
        tx.webhook_endpoints.update(endpoint)
        if before.disabled is None and endpoint.disabled is not None:
            reason = endpoint.disabled.value
            _log.warning("webhook.disabled", endpoint=endpoint.id.hex(), reason=reason)
            tx.events.append(
                endpoint.project, endpoint.id, EventType.WEBHOOK_DISABLED, now,
                events.encode(Data(reason=reason)),
            )  # fmt: skip
            about = alerts.endpoint(ids.text(ids.Prefix.WEBHOOK_ENDPOINT, endpoint.id))
            kind = EventType.ALERT_ENDPOINT_DISABLED
            raise_alert(tx, endpoint.project, kind, about, now, Data(reason=reason))

    def _chance(self) -> float:
        return int.from_bytes(self._entropy(4), "big") / 2**32


def _is_ours(delivery: WebhookDelivery, result: Result) -> bool:
    """Whether the claim that led to a result still holds."""
    return delivery.leased and delivery.due_at == result.job.delivery.due_at


def _is_about_verification(event: Event) -> bool:
    return event.type.partition(".")[0] in _ABOUT_VERIFICATIONS


def _takes(tx: Transaction, endpoint: WebhookEndpoint, event: Event) -> bool:
    """Whether an endpoint gets an event."""
    if event.number <= endpoint.after or not webhook.wants(endpoint.types, event.type):
        return False
    if endpoint.dialect is Dialect.STANDARD:
        return True
    if not callbacks.is_told(event.type):
        return False
    if _types[event.type] not in callbacks.HELD_BACK:
        return True
    verification = tx.verifications.get(event.project, event.subject)
    deliveries = tx.deliveries.of(event.project, event.subject)
    return verification is not None and callbacks.is_final(event, verification.status, deliveries)
