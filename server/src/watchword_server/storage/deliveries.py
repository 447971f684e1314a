"""Rows of deliveries, events and due work."""

from collections.abc import Sequence

import apsw

from watchword_server.domain.delivery import Delivery, DeliveryStatus
from watchword_server.domain.events import Event
from watchword_server.ports.records import Work
from watchword_server.storage.deferred import Deferred
from watchword_server.storage.queries import load
from watchword_server.storage.rows import Row, first, hit, many, one

_Q = load("deliveries.sql")
_delivery_values = _Q["insert_delivery"].binder(Delivery)
_update_values = _Q["update_delivery"].binder(Delivery)
_work_values = _Q["add_work"].binder(Work)
_APPEND_EVENT = _Q["append_event"].sql
_DELIVERY = Delivery.__struct_fields__


def _delivery(row: Row) -> Delivery:
    fields = dict(zip(_DELIVERY, row, strict=True))
    fields["status"] = DeliveryStatus(fields["status"])
    fields["maybe_duplicate"] = bool(fields["maybe_duplicate"])
    return Delivery(**fields)


def _event(row: Row) -> Event:
    return Event(**dict(zip(Event.__struct_fields__, row, strict=True)))


def _work(row: Row) -> Work:
    return Work(**dict(zip(Work.__struct_fields__, row, strict=True)))


class DeliveryRows:
    """`ports.Deliveries` on SQLite."""

    def __init__(self, cursor: apsw.Cursor, deferred: Deferred) -> None:
        self._cursor = cursor
        self._flush = deferred.flush
        self._insert = deferred.statement(_Q["insert_delivery"])
        self._update = deferred.statement(_Q["update_delivery"])

    def insert(self, delivery: Delivery) -> None:
        self._insert(_delivery_values(delivery))

    def get(self, project: bytes, verification: bytes, number: int) -> Delivery | None:
        self._flush()
        return one(self._cursor, _Q["get_delivery"], (project, verification, number), _delivery)

    def update(self, delivery: Delivery) -> None:
        self._update(_update_values(delivery))

    def of(self, project: bytes, verification: bytes) -> Sequence[Delivery]:
        self._flush()
        return many(self._cursor, _Q["deliveries_of"], (project, verification), _delivery)


class EventRows:
    """`ports.Events` on SQLite."""

    def __init__(self, cursor: apsw.Cursor, deferred: Deferred) -> None:
        self._cursor = cursor
        self._flush = deferred.flush
        self._append = deferred.statement(_Q["append_event"])

    def append(self, project: bytes, subject: bytes, type: str, at: int, data: bytes) -> None:
        self._append((project, subject, type, at, data))

    def of(self, project: bytes, subject: bytes) -> Sequence[Event]:
        self._flush()
        return many(self._cursor, _Q["events_of"], (project, subject), _event)


class WorkRows:
    """`ports.WorkQueue` on SQLite."""

    def __init__(self, cursor: apsw.Cursor, deferred: Deferred) -> None:
        self._cursor = cursor
        self._flush = deferred.flush
        self._add = deferred.statement(_Q["add_work"])

    def add(self, work: Work) -> None:
        self._add(_work_values(work))

    def claim(self, now: int, lease_until: int, limit: int) -> Sequence[Work]:
        self._flush()
        rows = many(self._cursor, _Q["claim_work"], (lease_until, now, limit), _work)
        return sorted(rows, key=lambda work: work.id)

    def done(self, work: Work) -> bool:
        # No flush: it was claimed, so its row was written before this unit.
        return hit(self._cursor, _Q["done_work"], (work.due_at, work.id))

    def all_done(self, works: Sequence[Work]) -> bool:
        connection = self._cursor.connection
        before = connection.total_changes()
        self._cursor.executemany(_Q["done_work"].sql, [(work.due_at, work.id) for work in works])
        return connection.total_changes() - before == len(works)

    def release(self, project: bytes, verification: bytes) -> None:
        self._flush()
        self._cursor.execute(_Q["release_work"].sql, (project, verification))

    def next_due(self) -> int | None:
        self._flush()
        row = first(self._cursor, _Q["next_due"], ())
        return None if row is None else row[0]
