"""Rows of verifications: the pending ones and the ended ones."""

from collections.abc import Sequence

import apsw

from watchword_server.domain.verification import Assurance, Live, Status, Verification
from watchword_server.ports.records import Checkable
from watchword_server.storage.deferred import Deferred
from watchword_server.storage.queries import load
from watchword_server.storage.rows import Row, hit, many, one

_Q = load("verifications.sql")
_live_values = _Q["insert_live"].binder(Live)
_fresh_values = _Q["insert_fresh"].binder(Live)
_verification_values = _Q["insert_verification"].binder(Verification)
_INSERT_FRESH, _CHECKABLE, _APPROVE = (
    _Q[name].sql for name in ("insert_fresh", "checkable", "approve")
)
_STATUS = Live.__struct_fields__.index("status")
_ASSURANCE = Live.__struct_fields__.index("assurance")
_ASSURANCES = {each.value: each for each in Assurance}
"""By word: five times as fast as `Assurance(word)`."""
_NEWEST = b"\xff" * 16


def _live(row: Row) -> Live:
    values = list(row)
    values[_STATUS] = Status.PENDING
    values[_ASSURANCE] = _ASSURANCES[values[_ASSURANCE]]
    return Live(*values)


def _checkable(row: Row) -> Checkable:
    *values, remembered = row
    values[_STATUS] = Status.PENDING
    values[_ASSURANCE] = _ASSURANCES[values[_ASSURANCE]]
    return Checkable(Live(*values), remembered > 0)


def _verification(row: Row) -> Verification:
    values = list(row)
    values[_STATUS] = Status(values[_STATUS])
    values[_ASSURANCE] = Assurance(values[_ASSURANCE])
    return Verification(*values)


class LiveRows:
    """`ports.LiveVerifications` on SQLite."""

    def __init__(self, cursor: apsw.Cursor) -> None:
        self._cursor = cursor
        self._connection = cursor.connection

    def insert(self, live: Live) -> bool:
        return hit(self._cursor, _Q["insert_live"], _live_values(live))

    def insert_fresh(self, live: Live) -> bool:
        self._cursor.execute(_INSERT_FRESH, _fresh_values(live))
        return self._connection.changes() > 0

    def get(self, project: bytes, verification: bytes) -> Live | None:
        return one(self._cursor, _Q["get_live"], (project, verification), _live)

    def of_address(self, project: bytes, address: bytes) -> Live | None:
        return one(self._cursor, _Q["live_of_address"], (project, address), _live)

    def checkable(
        self, project: bytes, verification: bytes, now: int, failures_since: int,
        max_failures: int, max_consecutive: int,
    ) -> Checkable | None:  # fmt: skip
        values = (project, verification, now, max_consecutive, failures_since, max_failures)
        rows = self._cursor.execute(_CHECKABLE, values).fetchall()
        return _checkable(rows[0]) if rows else None

    def count_check(
        self, project: bytes, verification: bytes, now: int, failures_since: int,
        max_failures: int, max_consecutive: int,
    ) -> bool:  # fmt: skip
        values = (project, verification, now, max_consecutive, failures_since, max_failures)
        return hit(self._cursor, _Q["count_check"], values)

    def approve(
        self, project: bytes, verification: bytes, now: int, failures_since: int,
        max_failures: int, max_consecutive: int,
    ) -> bool:  # fmt: skip
        values = (project, verification, now, max_consecutive, failures_since, max_failures)
        self._cursor.execute(_APPROVE, values)
        return self._connection.changes() > 0

    def count_send(
        self, project: bytes, verification: bytes, now: int, next_send_at: int, max_sends: int
    ) -> Live | None:
        values = (next_send_at, project, verification, now, max_sends)
        if not hit(self._cursor, _Q["count_send"], values):
            return None
        return self.get(project, verification)

    def take_step(self, project: bytes, verification: bytes, step: int) -> None:
        self._cursor.execute(_Q["take_step"].sql, (step, project, verification))

    def remove(self, project: bytes, verification: bytes) -> bool:
        return hit(self._cursor, _Q["remove_live"], (project, verification))

    def expired(self, now: int, limit: int) -> Sequence[tuple[bytes, bytes]]:
        return many(self._cursor, _Q["expired"], (now, limit), lambda row: (row[0], row[1]))


class VerificationRows:
    """`ports.Verifications` on SQLite."""

    def __init__(self, cursor: apsw.Cursor, deferred: Deferred) -> None:
        self._cursor = cursor
        self._flush = deferred.flush
        self._insert = deferred.statement(_Q["insert_verification"])

    def insert(self, verification: Verification) -> None:
        self._insert(_verification_values(verification))

    def get(self, project: bytes, verification: bytes) -> Verification | None:
        self._flush()
        return one(self._cursor, _Q["get_verification"], (project, verification), _verification)

    def page(
        self, project: bytes, before: bytes | None, status: str | None, now: int, limit: int
    ) -> Sequence[Verification]:
        self._flush()
        newest = before or _NEWEST
        if status is None:
            values: Row = (project, newest, limit)
            return many(self._cursor, _Q["page_verifications"], values, _verification)
        values = (project, newest, status, now, limit)
        return many(self._cursor, _Q["page_by_status"], values, _verification)
