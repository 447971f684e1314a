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
        self._connection = cursor.connection
        self._statements: list[str] = []
        self._journal: list[tuple[int, Bindings]] = []
        self._mark = 0
        self._of_others = 0

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
        others, own = self._journal[: self._mark], self._journal[self._mark :]
        self._journal.clear()
        self._mark = 0
        before = self._connection.total_changes()
        self._execute(others)
        self._of_others += self._connection.total_changes() - before
        self._execute(own)

    def mark(self) -> int:
        """A unit begins: what is postponed so far belongs to others.

        Returns how many changes were made by the unit's connection, those that a flush makes for
        others left out, so that two calls of `changes` tell whether a unit changed anything.
        """
        self._mark = len(self._journal)
        return self.changes()

    def changes(self) -> int:
        """Rows changed so far, without those flushed for others; see `mark`."""
        return self._connection.total_changes() - self._of_others

    def cut(self) -> None:
        """Forget what was postponed since `mark`."""
        del self._journal[self._mark :]

    def clear(self) -> None:
        """Forget everything that is postponed."""
        self._journal.clear()
        self._mark = 0

    def _execute(self, journal: list[tuple[int, Bindings]]) -> None:
        sorted_out: list[list[Bindings]] = [[] for _ in self._statements]
        for number, bindings in journal:
            sorted_out[number].append(bindings)
        for sql, rows in zip(self._statements, sorted_out, strict=True):
            if rows:
                self._cursor.executemany(sql, rows)
