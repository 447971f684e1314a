"""Rows of provider accounts."""

from collections.abc import Sequence

import apsw

from watchword_server.domain.project import Mode
from watchword_server.domain.provider_account import ProviderAccount
from watchword_server.storage.queries import load
from watchword_server.storage.rows import Row, first, hit, many, one

_Q = load("providers.sql")
_FIELDS = ProviderAccount.__struct_fields__


def _account(row: Row) -> ProviderAccount:
    fields = dict(zip(_FIELDS, row, strict=True))
    return ProviderAccount(**fields | {"disabled": bool(fields["disabled"])})


def _with_mode(row: Row) -> tuple[ProviderAccount, Mode]:
    return _account(row[:-1]), Mode(row[-1])


class ProviderAccountRows:
    """`ports.ProviderAccounts` on SQLite."""

    def __init__(self, cursor: apsw.Cursor) -> None:
        self._cursor = cursor

    def insert(self, account: ProviderAccount) -> bool:
        return self._write("insert_account", account)

    def get(self, project: bytes, account: bytes) -> ProviderAccount | None:
        return one(self._cursor, _Q["get_account"], (project, account), _account)

    def named(self, project: bytes, name: str) -> ProviderAccount | None:
        return one(self._cursor, _Q["account_named"], (project, name), _account)

    def of(self, project: bytes) -> Sequence[ProviderAccount]:
        return many(self._cursor, _Q["accounts_of"], (project,), _account)

    def update(self, account: ProviderAccount) -> None:
        self._write("update_account", account)

    def delete(self, project: bytes, account: bytes) -> bool:
        return hit(self._cursor, _Q["delete_account"], (project, account))

    def find(self, account: bytes) -> ProviderAccount | None:
        return one(self._cursor, _Q["find_account"], (account,), _account)

    def everywhere(self) -> Sequence[tuple[ProviderAccount, Mode]]:
        return many(self._cursor, _Q["every_account"], (), _with_mode)

    def version(self) -> int:
        row = first(self._cursor, _Q["version"], ())
        return 0 if row is None else int(row[0])

    def _write(self, name: str, account: ProviderAccount) -> bool:
        query = _Q[name]
        values = tuple(getattr(account, each) for each in query.parameters)
        return hit(self._cursor, query, values)
