"""Rows of what is remembered about addresses, and of the inbox."""

from collections.abc import Sequence

import apsw

from watchword_server.ports.records import AddressState, InboxMessage
from watchword_server.storage.deferred import Deferred
from watchword_server.storage.queries import load
from watchword_server.storage.rows import Row, count, first, many

_Q = load("addresses.sql")
_inbox_values = _Q["add_inbox"].binder(InboxMessage)
_NEWEST = b"\xff" * 16


def _inbox(row: Row) -> InboxMessage:
    return InboxMessage(**dict(zip(InboxMessage.__struct_fields__, row, strict=True)))


class AddressRows:
    """`ports.Addresses` on SQLite."""

    def __init__(self, cursor: apsw.Cursor) -> None:
        self._cursor = cursor

    def get(self, project: bytes, address: bytes, failures_since: int) -> AddressState | None:
        row = first(self._cursor, _Q["get_address"], (project, address))
        if row is None:
            return None
        sends, next_send_at, consecutive, failed_at, opted_out = row
        failures = oldest = 0
        if failed_at > failures_since:
            values = (project, address, failures_since)
            failures, oldest = first(self._cursor, _Q["failures"], values) or (0, 0)
        return AddressState(
            sends, next_send_at, consecutive, failures, oldest, tuple(opted_out.split())
        )

    def failed_check(self, project: bytes, address: bytes, at: int, id: bytes) -> None:
        self._cursor.execute(_Q["insert_failed_check"].sql, (project, address, at, id))
        self._cursor.execute(_Q["count_consecutive"].sql, (project, address, at))

    def proven(self, project: bytes, address: bytes) -> None:
        self._cursor.execute(_Q["proven"].sql, (project, address))

    def sent(self, project: bytes, address: bytes, sends: int, next_send_at: int) -> None:
        values = (project, address, sends, next_send_at)
        self._cursor.execute(_Q["remember_ladder"].sql, values)

    def unlock(self, project: bytes, address: bytes) -> None:
        self._cursor.execute(_Q["forget_failures"].sql, (project, address))
        self._cursor.execute(_Q["unlock"].sql, (project, address))

    def sweep(self, ladders_before: int, failures_before: int, limit: int) -> int:
        values = (ladders_before, failures_before, limit)
        states = count(self._cursor, _Q["sweep_states"], values)
        return states + count(self._cursor, _Q["sweep_failures"], (failures_before, limit))


class InboxRows:
    """`ports.Inbox` on SQLite."""

    def __init__(self, cursor: apsw.Cursor, deferred: Deferred) -> None:
        self._cursor = cursor
        self._flush = deferred.flush
        self._add = deferred.statement(_Q["add_inbox"])

    def add(self, message: InboxMessage) -> None:
        self._add(_inbox_values(message))

    def page(
        self, project: bytes, address: bytes | None, before: bytes | None, limit: int
    ) -> Sequence[InboxMessage]:
        self._flush()
        values = (project, before or _NEWEST, address, limit)
        return many(self._cursor, _Q["page_inbox"], values, _inbox)

    def sweep(self, before: int, limit: int) -> int:
        self._flush()
        before_id = before.to_bytes(6, "big")
        return count(self._cursor, _Q["sweep_inbox"], (before_id, limit))
