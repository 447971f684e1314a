"""Writes of a batch that nobody waits for, executed together before its commit.

Most rows of a unit are only added: the event, the delivery, the due work.  One `executemany`
for all of a batch costs a third of as many single statements.  Whoever reads such a table within
the batch flushes first, so nothing ever looks missing.
"""

from collections.abc import Callable
from typing import Any

import apsw

from watchword_server.storage.queries import Query

Bindings = tuple[Any, ...]


class Deferred:
    """The postponed writes of one connection.

    They are executed statement by statement in the order of registration, so register the
    statement that inserts a row before those that change it.
    """

    def __init__(self, cursor: apsw.Cursor) -> None:
        self._cursor = cursor
        self._statements: list[str] = []
        self._journal: list[tuple[int, Bindings]] = []

    def statement(self, query: Query) -> Callable[[Bindings], None]:
        """A function that postpones one execution of `query`."""
        number = len(self._statements)
        self._statements.append(query.sql)
        append = self._journal.append
        return lambda bindings: append((number, bindings))

    def flush(self) -> None:
        """Execute what is postponed."""
        if not self._journal:
            return
        sorted_out: list[list[Bindings]] = [[] for _ in self._statements]
        for number, bindings in self._journal:
            sorted_out[number].append(bindings)
        self._journal.clear()
        for sql, rows in zip(self._statements, sorted_out, strict=True):
            if rows:
                self._cursor.executemany(sql, rows)

    def mark(self) -> int:
        """Where the postponed writes end now."""
        return len(self._journal)

    def cut(self, mark: int) -> None:
        """Forget what was postponed after `mark`."""
        del self._journal[mark:]
