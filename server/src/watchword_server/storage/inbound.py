"""Rows of references, reports, messages of people and opt-outs."""

from collections.abc import Sequence

import apsw
import msgspec

from watchword_server.domain.inbound import OptOut
from watchword_server.ports.inbound import HeldReport, KeptReport
from watchword_server.storage.deferred import Deferred
from watchword_server.storage.queries import load
from watchword_server.storage.rows import Row, count, first, hit, many

_Q = load("inbound.sql")
_NEWEST = b"\xff" * 16


def _kept(row: Row) -> KeptReport:
    fields = dict(zip(KeptReport.__struct_fields__, row, strict=True))
    return KeptReport(**fields | {"moved": bool(fields["moved"])})


def _held(row: Row) -> HeldReport:
    return HeldReport(**dict(zip(HeldReport.__struct_fields__, row, strict=True)))


def _opt_out(row: Row) -> OptOut:
    return OptOut(**dict(zip(OptOut.__struct_fields__, row, strict=True)))


class ReportRows:
    """`ports.Reports` on SQLite."""

    def __init__(self, cursor: apsw.Cursor, deferred: Deferred) -> None:
        self._cursor = cursor
        self._flush = deferred.flush
        self._refer = deferred.statement(_Q["refer"])

    def refer(
        self, project: bytes, account: str, reference: str, verification: bytes, number: int,
        at: int,
    ) -> None:  # fmt: skip
        self._refer((project, account, reference, verification, number, at))

    def find(
        self, project: bytes, account: str, references: Sequence[str]
    ) -> tuple[bytes, int] | None:
        self._flush()
        for reference in references:
            row = first(self._cursor, _Q["find"], (project, account, reference))
            if row is not None:
                return row[0], row[1]
        return None

    def keep(self, report: KeptReport) -> None:
        self._cursor.execute(_Q["keep_report"].sql, msgspec.structs.astuple(report))

    def of(self, project: bytes, verification: bytes) -> Sequence[KeptReport]:
        return many(self._cursor, _Q["reports_of"], (project, verification), _kept)

    def hold(self, report: HeldReport) -> None:
        self._cursor.execute(_Q["hold_report"].sql, msgspec.structs.astuple(report))

    def take_held(
        self, project: bytes, account: str, references: Sequence[str]
    ) -> Sequence[HeldReport]:
        found: dict[bytes, HeldReport] = {}
        for reference in references:
            values = (project, account, reference)
            rows = many(self._cursor, _Q["held_reports"], values, _held)
            if rows:
                self._cursor.execute(_Q["drop_held"].sql, values)
            found |= {one.id: one for one in rows}
        return [found[id] for id in sorted(found)]

    def sweep(self, known_before: int, held_before: int, limit: int) -> int:
        self._flush()
        gone = count(self._cursor, _Q["sweep_references"], (known_before, limit))
        gone += count(self._cursor, _Q["sweep_reports"], (known_before, limit))
        return gone + count(self._cursor, _Q["sweep_held"], (held_before, limit))


class IncomingRows:
    """`ports.IncomingMessages` on SQLite."""

    def __init__(self, cursor: apsw.Cursor) -> None:
        self._cursor = cursor

    def insert(self, project: bytes, account: str, reference: str, at: int) -> bool:
        return hit(self._cursor, _Q["insert_incoming"], (project, account, reference, at))

    def sweep(self, before: int, limit: int) -> int:
        return count(self._cursor, _Q["sweep_incoming"], (before, limit))


class OptOutRows:
    """`ports.OptOuts` on SQLite."""

    def __init__(self, cursor: apsw.Cursor) -> None:
        self._cursor = cursor

    def add(self, opt_out: OptOut) -> bool:
        added = hit(self._cursor, _Q["add_opt_out"], msgspec.structs.astuple(opt_out))
        if added:
            self._mark(opt_out.project, opt_out.address)
        return added

    def remove(self, project: bytes, address: bytes, channel: str | None) -> int:
        removed = count(self._cursor, _Q["remove_opt_outs"], (project, address, channel))
        if removed:
            self._mark(project, address)
        return removed

    def of_address(self, project: bytes, address: bytes) -> Sequence[OptOut]:
        return many(self._cursor, _Q["opt_outs_of"], (project, address), _opt_out)

    def page(self, project: bytes, before: bytes | None, limit: int) -> Sequence[OptOut]:
        return many(
            self._cursor, _Q["page_opt_outs"], (project, before or _NEWEST, limit), _opt_out
        )

    def _mark(self, project: bytes, address: bytes) -> None:
        self._cursor.execute(_Q["mark_address"].sql, (project, address))
