"""Rows of alerts to the operator, and of what is counted for them."""

from collections.abc import Sequence

import apsw

from watchword_server.domain.alerts import Tally
from watchword_server.ports.alerts import Alert, AlertMail
from watchword_server.storage.deferred import Deferred
from watchword_server.storage.queries import load
from watchword_server.storage.rows import Row, count, first, hit, many, one

_Q = load("alerts.sql")


def _alert(row: Row) -> Alert:
    return Alert(**dict(zip(Alert.__struct_fields__, row, strict=True)))


def _mail(row: Row) -> AlertMail:
    project, kind, at, about, data, due_at, tried_at, sent = row
    return AlertMail(
        project=project, kind=kind, at=at, about=about, data=data, due_at=due_at,
        tried_at=tried_at, sent=bool(sent),
    )  # fmt: skip


class AlertRows:
    """`ports.Alerts` on SQLite."""

    def __init__(self, cursor: apsw.Cursor) -> None:
        self._cursor = cursor

    def get(self, project: bytes, kind: str, about: str) -> Alert | None:
        return one(self._cursor, _Q["get"], (project, kind, about), _alert)

    def put(self, alert: Alert) -> None:
        values = (alert.project, alert.kind, alert.about, alert.raised_at, alert.seen_at)
        self._cursor.execute(_Q["put"].sql, values)

    def remove(self, project: bytes, kind: str, about: str) -> bool:
        return hit(self._cursor, _Q["remove"], (project, kind, about))

    def of_kind(self, kind: str) -> Sequence[Alert]:
        return many(self._cursor, _Q["of_kind"], (kind,), _alert)

    def queue(self, mail: AlertMail) -> None:
        values = (
            mail.project, mail.kind, mail.at, mail.about, mail.data, mail.due_at, mail.tried_at,
            int(mail.sent),
        )  # fmt: skip
        self._cursor.execute(_Q["queue"].sql, values)

    def due(self, now: int, limit: int) -> Sequence[AlertMail]:
        return many(self._cursor, _Q["due"], (now, limit), _mail)

    def last_tried(self, project: bytes, kind: str, now: int) -> int:
        row = first(self._cursor, _Q["last_tried"], (project, kind, now))
        return int(row[0]) if row else 0

    def update(self, mail: AlertMail) -> None:
        values = (
            mail.due_at, mail.tried_at, int(mail.sent), mail.project, mail.kind, mail.at,
            mail.about,
        )  # fmt: skip
        self._cursor.execute(_Q["update"].sql, values)

    def sweep(self, before: int, limit: int) -> int:
        return count(self._cursor, _Q["sweep_mails"], (before, limit))


class TallyRows:
    """`ports.Tallies` on SQLite."""

    def __init__(self, cursor: apsw.Cursor, deferred: Deferred) -> None:
        self._cursor = cursor
        self._flush = deferred.flush

    def count(self, project: bytes, first_id: bytes, end: bytes) -> Tally:
        self._flush()
        span = (project, first_id, end)
        ended = first(self._cursor, _Q["count_ended"], span) or (0, 0)
        pending = first(self._cursor, _Q["count_pending"], span) or (0,)
        return Tally(ended[0] + pending[0], ended[1])

    def newest(self, project: bytes) -> int | None:
        row = first(self._cursor, _Q["newest"], (project,))
        return row[0] if row else None

    def add(self, project: bytes, bucket: int, tally: Tally) -> None:
        values = (project, bucket, tally.started, tally.approved)
        self._cursor.execute(_Q["add"].sql, values)

    def total(self, project: bytes, since: int, before: int) -> Tally:
        row = first(self._cursor, _Q["total"], (project, since, before)) or (0, 0)
        return Tally(*row)

    def spend(self, project: bytes, day: str, millionths: int) -> None:
        self._cursor.execute(_Q["spend"].sql, (project, day, millionths))

    def spent(self, project: bytes, day: str) -> int:
        row = first(self._cursor, _Q["spent"], (project, day))
        return int(row[0]) if row else 0

    def sweep(self, before: int, day: str, limit: int) -> int:
        buckets = count(self._cursor, _Q["sweep_conversions"], (before, limit))
        return max(buckets, count(self._cursor, _Q["sweep_spending"], (day, limit)))
