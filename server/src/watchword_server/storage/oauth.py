"""Rows of OAuth: requests of clients, grants, tokens."""

from collections.abc import Sequence
from typing import Any

import apsw
import msgspec

from watchword_server.domain.oauth import Authorization, Grant, Token
from watchword_server.storage.queries import load
from watchword_server.storage.rows import Row, count, hit, many, one

_Q = load("oauth.sql")


def _authorization(row: Row) -> Authorization:
    return Authorization(**dict(zip(Authorization.__struct_fields__, row, strict=True)))


def _grant(row: Row) -> Grant:
    return Grant(**dict(zip(Grant.__struct_fields__, row, strict=True)))


def _token(row: Row) -> Token:
    return Token(**dict(zip(Token.__struct_fields__, row, strict=True)))


class AuthorizationRows:
    """`ports.Authorizations` on SQLite."""

    def __init__(self, cursor: apsw.Cursor) -> None:
        self._cursor = cursor

    def insert(self, authorization: Authorization, most_pending: int) -> bool:
        return self._write("insert_authorization", authorization, most_pending=most_pending)

    def get(self, id: bytes) -> Authorization | None:
        return one(self._cursor, _Q["get_authorization"], (id,), _authorization)

    def by_word(self, word: str) -> Authorization | None:
        return one(self._cursor, _Q["authorization_by_word"], (word,), _authorization)

    def by_link(self, link: bytes) -> Authorization | None:
        return one(self._cursor, _Q["authorization_by_link"], (link,), _authorization)

    def by_ticket(self, ticket: bytes) -> Authorization | None:
        return one(self._cursor, _Q["authorization_by_ticket"], (ticket,), _authorization)

    def pending(self, now: int) -> Sequence[Authorization]:
        return many(self._cursor, _Q["pending_authorizations"], (now,), _authorization)

    def offer(self, authorization: Authorization, now: int) -> bool:
        return self._write("offer_authorization", authorization, now=now)

    def decide(self, authorization: Authorization, now: int) -> bool:
        return self._write("decide_authorization", authorization, now=now)

    def issue(self, id: bytes, ticket: bytes, until: int, now: int) -> bool:
        return hit(self._cursor, _Q["issue_authorization"], (ticket, until, id, now))

    def spend(self, ticket: bytes, api_key: bytes, now: int) -> bool:
        return hit(self._cursor, _Q["spend_authorization"], (api_key, ticket, now))

    def sweep(self, before: int) -> int:
        return count(self._cursor, _Q["sweep_authorizations"], (before,))

    def _write(self, name: str, authorization: Authorization, **more: int) -> bool:
        query = _Q[name]
        fields: dict[str, Any] = msgspec.structs.asdict(authorization) | more
        return hit(self._cursor, query, tuple(fields[name] for name in query.parameters))


class GrantRows:
    """`ports.Grants` on SQLite."""

    def __init__(self, cursor: apsw.Cursor) -> None:
        self._cursor = cursor

    def insert(self, grant: Grant) -> None:
        self._cursor.execute(_Q["insert_grant"].sql, msgspec.structs.astuple(grant))

    def get(self, project: bytes, api_key: bytes) -> Grant | None:
        return one(self._cursor, _Q["get_grant"], (project, api_key), _grant)

    def of(self, project: bytes) -> Sequence[Grant]:
        return many(self._cursor, _Q["grants_of"], (project,), _grant)

    def remove(self, project: bytes, api_key: bytes) -> bool:
        self._cursor.execute(_Q["delete_tokens"].sql, (project, api_key))
        return hit(self._cursor, _Q["delete_grant"], (project, api_key))

    def add_token(self, token: Token) -> None:
        self._cursor.execute(_Q["insert_token"].sql, msgspec.structs.astuple(token))

    def token(self, digest: bytes) -> Token | None:
        return one(self._cursor, _Q["find_token"], (digest,), _token)

    def spend_token(self, project: bytes, api_key: bytes, digest: bytes, now: int) -> bool:
        query = _Q["spend_token"]
        named = {"project": project, "api_key": api_key, "hash": digest, "now": now}
        return hit(self._cursor, query, tuple(named[name] for name in query.parameters))

    def sweep(self, before: int) -> int:
        return count(self._cursor, _Q["sweep_tokens"], (before,))
