"""Rows of deliveries, events and due work."""

from collections.abc import Sequence

import apsw

from watchword_server.domain.delivery import Delivery, DeliveryStatus
from watchword_server.domain.events import Event
from watchword_server.ports import Work
from watchword_server.storage.queries import load
from watchword_server.storage.rows import Row, hit, many, one

_Q = load("deliveries.sql")
_delivery_values = _Q["insert_delivery"].binder()
_update_values = _Q["update_delivery"].binder()
_work_values = _Q["add_work"].binder()
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

    def __init__(self, cursor: apsw.Cursor) -> None:
        self._cursor = cursor

    def insert(self, delivery: Delivery) -> None:
        self._cursor.execute(_Q["insert_delivery"].sql, _delivery_values(delivery))

    def get(self, project: bytes, verification: bytes, number: int) -> Delivery | None:
        return one(self._cursor, _Q["get_delivery"], (project, verification, number), _delivery)

    def update(self, delivery: Delivery) -> None:
        self._cursor.execute(_Q["update_delivery"].sql, _update_values(delivery))

    def of(self, project: bytes, verification: bytes) -> Sequence[Delivery]:
        return many(self._cursor, _Q["deliveries_of"], (project, verification), _delivery)


class EventRows:
    """`ports.Events` on SQLite."""

    def __init__(self, cursor: apsw.Cursor) -> None:
        self._cursor = cursor

    def append(
        self, project: bytes, verification: bytes, id: bytes, type: str, at: int, data: bytes
    ) -> None:
        self._cursor.execute(_APPEND_EVENT, (project, verification, id, type, at, data))

    def of(self, project: bytes, verification: bytes) -> Sequence[Event]:
        return many(self._cursor, _Q["events_of"], (project, verification), _event)


class WorkRows:
    """`ports.WorkQueue` on SQLite."""

    def __init__(self, cursor: apsw.Cursor) -> None:
        self._cursor = cursor

    def add(self, work: Work) -> None:
        self._cursor.execute(_Q["add_work"].sql, _work_values(work))

    def claim(self, now: int, lease_until: int, limit: int) -> Sequence[Work]:
        rows = many(self._cursor, _Q["claim_work"], (lease_until, now, limit), _work)
        return sorted(rows, key=lambda work: work.id)

    def done(self, work: Work) -> bool:
        return hit(self._cursor, _Q["done_work"], (work.due_at, work.id))

    def next_due(self) -> int | None:
        due: int | None = self._cursor.execute(_Q["next_due"].sql).fetchall()[0][0]
        return due
