"""What became of an endpoint's deliveries: listed, read with their attempts, replayed."""

from collections.abc import Sequence

import msgspec

from watchword_server.domain import ids, strangers, webhook
from watchword_server.domain.events import Event, place
from watchword_server.domain.ids import Prefix
from watchword_server.domain.project import Caller
from watchword_server.domain.sealing import Keyring
from watchword_server.domain.webhook import WebhookAttempt, WebhookDelivery
from watchword_server.ports.outside import Clock
from watchword_server.ports.store import Store, Transaction

EVER = 1 << 62
_AT_ONCE = 100
"""Deliveries replayed in one transaction."""


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """Deliveries made within [since, until) (ms), in one state or in any."""

    status: str | None = None
    since: int = 0
    until: int = EVER


class Told(msgspec.Struct, frozen=True):
    """A delivery with its event and, where one was asked for, the log of its attempts."""

    delivery: WebhookDelivery
    event: Event
    attempts: Sequence[WebhookAttempt] = ()


class Replayed(msgspec.Struct, frozen=True):
    """What one call replayed: how many, where to go on, and how many there were before it."""

    count: int
    next: int | None
    total: int | None


class WebhookLog:
    """The use cases of `/v1/webhook-endpoints/{id}/deliveries` and `/replay`."""

    def __init__(self, store: Store, clock: Clock, keyring: Keyring) -> None:
        self._store = store
        self._clock = clock
        self._keyring = keyring

    async def page(
        self, caller: Caller, endpoint: bytes, chosen: Selection, before: int | None, limit: int
    ) -> Sequence[Told]:
        """Deliveries of an endpoint, newest first, without their attempts.

        Raises:
            Problem: UNKNOWN_ID.
        """
        project = caller.project

        def query(tx: Transaction) -> list[Told]:
            _endpoint(tx, project, endpoint)
            found = tx.webhook_deliveries.page(
                project, endpoint, before, chosen.status, chosen.since, chosen.until, limit
            )
            return [told for one in found if (told := _told(tx, one)) is not None]

        return await self._store.read(query)

    async def get(self, caller: Caller, endpoint: bytes, event: bytes) -> Told:
        """The delivery of one event with every attempt.

        Raises:
            Problem: UNKNOWN_ID.
        """
        project = caller.project

        def query(tx: Transaction) -> Told | None:
            _endpoint(tx, project, endpoint)
            told = _of_event(tx, project, endpoint, event)
            if told is None:
                return None
            number = told.delivery.number
            attempts = tx.webhook_deliveries.attempts(project, endpoint, number)
            return msgspec.structs.replace(told, attempts=[self._opened(one) for one in attempts])

        told = await self._store.read(query)
        if told is None:
            raise ids.unknown(Prefix.EVENT)
        return told

    async def replay(
        self, caller: Caller, endpoint: bytes, chosen: Selection, after: int | None, limit: int
    ) -> Replayed:
        """Deliver again what was chosen, at most `limit`, the oldest first.

        What is under way is left alone; strangers replay fewer at once.  The first call, without
        `after`, counts them all.

        Raises:
            Problem: UNKNOWN_ID.
        """
        project, now = caller.project, self._clock.now()
        status, since, until = chosen.status, chosen.since, chosen.until
        limit = min(limit, strangers.most(project, strangers.REPLAYED, limit))

        def query(tx: Transaction) -> tuple[Sequence[WebhookDelivery], int | None]:
            _endpoint(tx, project, endpoint)
            rows, place = tx.webhook_deliveries, after or 0
            total = None
            if after is None:
                total = rows.count_to_replay(project, endpoint, status, since, until, now)
            return rows.to_replay(project, endpoint, place, status, since, until, now, limit), total

        # The search may take long, so it is not made where others wait to write.
        found, total = await self._store.read(query)
        for start in range(0, len(found), _AT_ONCE):
            part = found[start : start + _AT_ONCE]
            await self._store.write(lambda tx: _replay(tx, part, now))  # noqa: B023 - awaited
        return Replayed(len(found), found[-1].number if len(found) == limit else None, total)

    async def replay_events(
        self, caller: Caller, endpoint: bytes, events: Sequence[bytes]
    ) -> Replayed:
        """Deliver these events again, whatever became of them.

        Raises:
            Problem: UNKNOWN_ID for an event that the endpoint never had; then none is replayed.
        """
        project, now = caller.project, self._clock.now()

        def unit(tx: Transaction) -> Replayed:
            _endpoint(tx, project, endpoint)
            rows = tx.webhook_deliveries
            found = [_of_event(tx, project, endpoint, event) for event in dict.fromkeys(events)]
            if None in found:
                raise ids.unknown(Prefix.EVENT)
            known = [told.delivery for told in found if told is not None]
            idle = [one for one in known if not _is_under_way(one, now)]
            for one in idle:
                rows.update(webhook.replayed(one, now))
            return Replayed(len(idle), None, len(found))

        return await self._store.write(unit)

    def _opened(self, attempt: WebhookAttempt) -> WebhookAttempt:
        if not attempt.response:
            return attempt
        opened = self._keyring.unseal(attempt.project, attempt.endpoint, attempt.response)
        return msgspec.structs.replace(attempt, response=opened)


def _replay(tx: Transaction, found: Sequence[WebhookDelivery], now: int) -> None:
    """Begin these anew, but for those that changed since they were found."""
    rows = tx.webhook_deliveries
    current = [rows.get(one.project, one.endpoint, one.number) for one in found]
    for one, then in zip(current, found, strict=True):
        if one is not None and one == then:
            rows.update(webhook.replayed(one, now))


def _endpoint(tx: Transaction, project: bytes, endpoint: bytes) -> None:
    if tx.webhook_endpoints.get(project, endpoint) is None:
        raise ids.unknown(Prefix.WEBHOOK_ENDPOINT)


def _of_event(tx: Transaction, project: bytes, endpoint: bytes, event: bytes) -> Told | None:
    """The delivery of an event, whose id has to be right as a whole."""
    found = tx.webhook_deliveries.get(project, endpoint, place(event))
    told = None if found is None else _told(tx, found)
    return told if told is not None and told.event.id == event else None


def _told(tx: Transaction, delivery: WebhookDelivery) -> Told | None:
    event = tx.webhook_deliveries.event(delivery.project, delivery.number, delivery.sequence)
    return None if event is None else Told(delivery, event)


def _is_under_way(delivery: WebhookDelivery, now: int) -> bool:
    return delivery.leased and delivery.due_at > now
