"""Rows of webhook endpoints, their deliveries and attempts."""

from collections.abc import Sequence

import apsw

from watchword_server.domain.events import Event
from watchword_server.domain.webhook import (
    Dialect,
    Disabled,
    WebhookAttempt,
    WebhookDelivery,
    WebhookEndpoint,
    WebhookStatus,
)
from watchword_server.storage.deferred import Deferred
from watchword_server.storage.queries import load
from watchword_server.storage.rows import Row, first, hit, many, one

_Q = load("webhooks.sql")
_FACTS = load("projects.sql")
_CURSOR = "webhook_cursor"
_END = 1 << 62
_delivery_values = _Q["add_delivery"].binder(WebhookDelivery)
_update_values = _Q["update_delivery"].binder(WebhookDelivery)
_attempt_values = _Q["log_attempt"].binder(WebhookAttempt)
_ENDPOINT = WebhookEndpoint.__struct_fields__
_DELIVERY = WebhookDelivery.__struct_fields__
_STATUSES = {one.value: one for one in WebhookStatus}


def _endpoint(row: Row) -> WebhookEndpoint:
    fields = dict(zip(_ENDPOINT, row, strict=True))
    disabled = fields["disabled"]
    return WebhookEndpoint(
        **fields
        | {
            "dialect": Dialect(fields["dialect"]),
            "types": tuple(fields["types"].split()),
            "verified": bool(fields["verified"]),
            "disabled": None if disabled is None else Disabled(disabled),
        }
    )


def _endpoint_values(endpoint: WebhookEndpoint) -> dict[str, object]:
    fields = {name: getattr(endpoint, name) for name in _ENDPOINT}
    disabled = endpoint.disabled and endpoint.disabled.value
    return fields | {
        "dialect": endpoint.dialect.value,
        "types": " ".join(endpoint.types),
        "verified": int(endpoint.verified),
        "disabled": disabled,
    }


def _delivery(row: Row) -> WebhookDelivery:
    fields = dict(zip(_DELIVERY, row, strict=True))
    fields["status"] = _STATUSES[fields["status"]]
    fields["leased"] = bool(fields["leased"])
    return WebhookDelivery(**fields)


def _attempt(row: Row) -> WebhookAttempt:
    return WebhookAttempt(**dict(zip(WebhookAttempt.__struct_fields__, row, strict=True)))


def _event(row: Row, sequence: int) -> Event:
    number, project, subject, type, at, data = row
    return Event(
        number=number, sequence=sequence, project=project, subject=subject, type=type, at=at,
        data=data,
    )  # fmt: skip


class WebhookEndpointRows:
    """`ports.WebhookEndpoints` on SQLite."""

    def __init__(self, cursor: apsw.Cursor, deferred: Deferred) -> None:
        self._cursor = cursor
        self._flush = deferred.flush

    def insert(self, endpoint: WebhookEndpoint) -> bool:
        return self._write("insert_endpoint", endpoint)

    def get(self, project: bytes, endpoint: bytes) -> WebhookEndpoint | None:
        return one(self._cursor, _Q["get_endpoint"], (project, endpoint), _endpoint)

    def of(self, project: bytes) -> Sequence[WebhookEndpoint]:
        return many(self._cursor, _Q["endpoints_of"], (project,), _endpoint)

    def update(self, endpoint: WebhookEndpoint) -> None:
        self._write("update_endpoint", endpoint)

    def delete(self, project: bytes, endpoint: bytes) -> bool:
        self._flush()
        for name in ("delete_attempts", "delete_deliveries"):
            self._cursor.execute(_Q[name].sql, (project, endpoint))
        return hit(self._cursor, _Q["delete_endpoint"], (project, endpoint))

    def any_enabled(self) -> bool:
        return first(self._cursor, _Q["any_enabled"], ()) is not None

    def _write(self, name: str, endpoint: WebhookEndpoint) -> bool:
        values = _endpoint_values(endpoint)
        return hit(self._cursor, _Q[name], tuple(values[each] for each in _Q[name].parameters))


class WebhookDeliveryRows:
    """`ports.WebhookDeliveries` on SQLite."""

    def __init__(self, cursor: apsw.Cursor, deferred: Deferred) -> None:
        self._cursor = cursor
        self._flush = deferred.flush
        self._add = deferred.statement(_Q["add_delivery"])
        self._update = deferred.statement(_Q["update_delivery"])
        self._log = deferred.statement(_Q["log_attempt"])

    def add(self, delivery: WebhookDelivery) -> None:
        self._add(_delivery_values(delivery))

    def get(self, project: bytes, endpoint: bytes, number: int) -> WebhookDelivery | None:
        self._flush()
        return one(self._cursor, _Q["get_delivery"], (project, endpoint, number), _delivery)

    def update(self, delivery: WebhookDelivery) -> None:
        self._update(_update_values(delivery))

    def page(
        self, project: bytes, endpoint: bytes, before: int | None, status: str | None,
        since: int, until: int, limit: int,
    ) -> Sequence[WebhookDelivery]:  # fmt: skip
        self._flush()
        values = (project, endpoint, _END if before is None else before, status, since, until)
        return many(self._cursor, _Q["page_deliveries"], (*values, limit), _delivery)

    def claim(
        self, project: bytes, endpoint: bytes, now: int, lease_until: int, limit: int
    ) -> Sequence[WebhookDelivery]:
        self._flush()
        values = (lease_until, project, endpoint, now, limit)
        rows = many(self._cursor, _Q["claim"], values, _delivery)
        return sorted(rows, key=lambda delivery: delivery.number)

    def to_replay(
        self, project: bytes, endpoint: bytes, after: int, status: str | None,
        since: int, until: int, now: int, limit: int,
    ) -> Sequence[WebhookDelivery]:  # fmt: skip
        self._flush()
        values = (project, endpoint, after, status, now, since, until, limit)
        return many(self._cursor, _Q["to_replay"], values, _delivery)

    def count_to_replay(
        self, project: bytes, endpoint: bytes, status: str | None, since: int, until: int, now: int
    ) -> int:
        self._flush()
        values = (project, endpoint, status, now, since, until)
        row = first(self._cursor, _Q["count_to_replay"], values)
        return 0 if row is None else int(row[0])

    def by_status(self, project: bytes, endpoint: bytes) -> dict[str, int]:
        self._flush()
        return dict(self._cursor.execute(_Q["count_by_status"].sql, (project, endpoint)))

    def log(self, attempt: WebhookAttempt) -> None:
        self._log(_attempt_values(attempt))

    def attempts(self, project: bytes, endpoint: bytes, number: int) -> Sequence[WebhookAttempt]:
        self._flush()
        return many(self._cursor, _Q["attempts_of"], (project, endpoint, number), _attempt)

    def event(self, project: bytes, number: int, sequence: int) -> Event | None:
        self._flush()
        row = first(self._cursor, _Q["get_event"], (number, project))
        return None if row is None else _event(row, sequence)

    def sequence(self, event: Event) -> int:
        row = first(self._cursor, _Q["sequence_of"], (event.project, event.subject, event.number))
        return 0 if row is None else int(row[0])

    def agenda(self) -> Sequence[tuple[bytes, bytes, int]]:
        self._flush()
        return many(self._cursor, _Q["agenda"], (), lambda row: (row[0], row[1], row[2]))

    def newest_event(self) -> int:
        self._flush()
        row = first(self._cursor, _Q["newest_event"], ())
        return 0 if row is None else int(row[0])

    def events_after(self, number: int, limit: int) -> Sequence[Event]:
        self._flush()
        return many(self._cursor, _Q["events_after"], (number, limit), lambda row: _event(row, 0))

    def cursor(self) -> int:
        row = first(self._cursor, _FACTS["get_fact"], (_CURSOR,))
        return 0 if row is None else int(row[0])

    def move_cursor(self, number: int) -> None:
        self._cursor.execute(_FACTS["put_fact"].sql, (_CURSOR, str(number)))

    def sweep(self, before: int, limit: int) -> int:
        self._flush()
        rows = self._cursor.execute(_Q["old_deliveries"].sql, (before, limit)).fetchall()
        for row in rows:
            self._cursor.execute(_Q["forget_attempts"].sql, row)
            self._cursor.execute(_Q["forget_delivery"].sql, row)
        return len(rows)
