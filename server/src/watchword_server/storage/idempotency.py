"""Rows of idempotency keys."""

import apsw

from watchword_server.ports.records import IdempotencyKey
from watchword_server.storage.queries import load
from watchword_server.storage.rows import Row, count, hit, one

_Q = load("idempotency.sql")


def _key(row: Row) -> IdempotencyKey:
    return IdempotencyKey(**dict(zip(IdempotencyKey.__struct_fields__, row, strict=True)))


class IdempotencyKeyRows:
    """`ports.IdempotencyKeys` on SQLite."""

    def __init__(self, cursor: apsw.Cursor) -> None:
        self._cursor = cursor

    def claim(self, key: IdempotencyKey, forgotten_before: int) -> bool:
        values = (
            key.project, key.id, key.body, key.claim, key.made_at, key.lease_until, key.answer,
            forgotten_before,
        )  # fmt: skip
        return hit(self._cursor, _Q["claim"], values)

    def get(self, project: bytes, id: bytes) -> IdempotencyKey | None:
        return one(self._cursor, _Q["get"], (project, id), _key)

    def renew(self, project: bytes, id: bytes, claim: bytes, lease_until: int) -> bool:
        return hit(self._cursor, _Q["renew"], (lease_until, project, id, claim))

    def answer(self, project: bytes, id: bytes, claim: bytes, answer: bytes) -> bool:
        return hit(self._cursor, _Q["answer"], (answer, project, id, claim))

    def release(self, project: bytes, id: bytes, claim: bytes) -> bool:
        return hit(self._cursor, _Q["release"], (project, id, claim))

    def sweep(self, before: int, limit: int) -> int:
        return count(self._cursor, _Q["sweep"], (before, limit))
