"""The one writer of the SQLite file: a unit for itself, a commit for all, an answer after it."""

from contextlib import suppress

import apsw
import pytest

from storage.records import NOW, OURS, VERIFICATION, delivery, everything, key, live, project
from storage.sqlite import SteppedWriter, connected
from watchword_server.domain.errors import RATE_LIMITED, Problem, StoreUnavailable
from watchword_server.storage import writer
from watchword_server.storage.writer import BATCH_UNITS, Settled, Writer


@pytest.fixture(autouse=True)
def patience(monkeypatch):
    """A slow machine must not cut a batch short."""
    monkeypatch.setattr(writer, "BATCH_SECONDS", 60)


def insert(number):
    """A unit that writes at once and one that is postponed."""

    def unit(tx):
        assert tx.projects.insert(project(key("p", number)))
        tx.deliveries.insert(delivery(project=key("p", number)))
        return number

    return unit


def refuse(tx):
    raise Problem(RATE_LIMITED, "Wait.")


def written(folder):
    """The projects that another connection sees, and those that have a delivery."""
    with connected(folder) as connection:
        projects = connection.execute("SELECT id FROM projects ORDER BY id").fetchall()
        sent = connection.execute("SELECT project FROM deliveries ORDER BY project").fetchall()
    return [int(row[0][-4:]) for row in projects], [int(row[0][-4:]) for row in sent]


def one_commit_for_a_batch(kind, folder):
    with SteppedWriter(folder, kind) as stepped:
        commits = []

        def committing():
            commits.append(1)
            return False

        stepped.connection.set_commit_hook(committing)
        batch = stepped.run(*(insert(number) for number in range(64)))
        assert [one.result for one in batch] == list(range(64))
        assert [one.key for one in batch] == list(range(64))
        assert (stepped.writer.commits, len(commits), len(stepped.settled)) == (1, 1, 1)
        assert written(folder) == (list(range(64)), list(range(64)))


class OneByOne(Writer):
    """Commits every unit."""

    def put(self, unit, key):
        super().put(unit, key)
        self.step()


def test_sixty_four_units_are_one_commit(tmp_path):
    one_commit_for_a_batch(Writer, tmp_path)


def test_sixty_four_units_are_one_commit_mutant_is_caught(tmp_path):
    with pytest.raises(AssertionError):
        one_commit_for_a_batch(OneByOne, tmp_path)


def test_a_batch_is_capped(tmp_path):
    with SteppedWriter(tmp_path) as stepped:
        for number in range(BATCH_UNITS + 3):
            stepped.writer.put(insert(number), number)
        assert [stepped.writer.step() for _ in range(3)] == [BATCH_UNITS, 3, 0]


def test_a_batch_ends_when_its_time_is_over(tmp_path, monkeypatch):
    monkeypatch.setattr(writer, "BATCH_SECONDS", 0)
    with SteppedWriter(tmp_path) as stepped:
        stepped.run(insert(0), insert(1))
        assert [len(batch) for batch in stepped.settled] == [1, 1]


def nobody_is_answered_before_the_commit(kind, folder):
    seen = []
    with SteppedWriter(folder, kind, lambda: seen.append(written(folder))) as stepped:
        stepped.run(insert(1), insert(2))
    assert seen == [([1, 2], [1, 2])]


class Hasty(Writer):
    """Answers each unit as soon as it has run."""

    def put(self, unit, key):
        def answered(rows):
            settled = Settled(unit, key)
            settled.result = unit(rows)
            self._deliver([settled])

        super().put(answered, key)


def test_nobody_is_answered_before_the_commit(tmp_path):
    nobody_is_answered_before_the_commit(Writer, tmp_path)


def test_nobody_is_answered_before_the_commit_mutant_is_caught(tmp_path):
    with pytest.raises(AssertionError):
        nobody_is_answered_before_the_commit(Hasty, tmp_path)


def spoilt(tx):
    """Writes in every way there is, then fails."""
    insert(99)(tx)
    tx.projects.insert(project())
    tx.live.insert(live())
    tx.events.append(OURS, VERIFICATION, "x", NOW, b"{}")
    assert everything(tx, OURS)["live"] is not None
    insert(98)(tx)
    raise LookupError("spoilt")


def a_bad_unit_undoes_itself_only(kind, folder):
    with SteppedWriter(folder, kind) as stepped:
        units = insert(1), spoilt, insert(2), refuse, insert(3), spoilt, refuse, insert(4)
        batch = stepped.run(*units)
        assert written(folder) == ([1, 2, 3, 4], [1, 2, 3, 4])
        for table in ("events", "live"):
            found = stepped.connection.execute(f"SELECT count(*) FROM {table}").fetchall()
            assert found == [(0,)], table
        assert [one.key for one in batch] == list(range(8))
        assert [one.result for one in batch] == [1, None, 2, None, 3, None, None, 4]
        errors = [type(one.error) for one in batch if one.error]
        assert errors == [LookupError, Problem, LookupError, Problem]


class Careless(Writer):
    """Undoes nothing."""

    def put(self, unit, key):
        def kept(rows):
            try:
                return unit(rows)
            except Exception as error:
                return error

        super().put(kept, key)


class Severe(Writer):
    """Undoes the whole batch."""

    def put(self, unit, key):
        def all_or_none(rows):
            try:
                return unit(rows)
            except Exception as error:
                raise apsw.IOError from error

        super().put(all_or_none, key)


def test_a_bad_unit_undoes_itself_and_nobody_else(tmp_path):
    a_bad_unit_undoes_itself_only(Writer, tmp_path)


@pytest.mark.parametrize("broken", [Careless, Severe])
def test_a_bad_unit_undoes_itself_mutant_is_caught(tmp_path, broken):
    with pytest.raises(AssertionError):
        a_bad_unit_undoes_itself_only(broken, tmp_path)


def test_a_unit_whose_row_breaks_a_constraint_sinks_nobody_else(tmp_path):
    def twice(tx):
        tx.deliveries.insert(delivery(project=key("p", 9)))
        tx.deliveries.insert(delivery(project=key("p", 9)))

    with SteppedWriter(tmp_path) as stepped:
        batch = stepped.run(insert(1), twice, insert(2))
    assert [one.error is None for one in batch] == [True, False, True]
    assert written(tmp_path) == ([1, 2], [1, 2])


UNWRITABLE = {"raw": "\udc80"}, {"created_at": 2**70}, {"reference": object()}


@pytest.mark.parametrize("bad", UNWRITABLE, ids=["surrogate", "huge", "object"])
def test_a_value_that_cannot_be_written_sinks_nobody_else(tmp_path, bad):
    with SteppedWriter(tmp_path) as stepped:
        batch = stepped.run(insert(1), lambda tx: tx.deliveries.insert(delivery(**bad)), insert(2))
        assert [one.error is None for one in batch] == [True, False, True]
        assert [one.result for one in stepped.run(insert(3))] == [3]
    assert written(tmp_path) == ([1, 2, 3], [1, 2, 3])


def a_failed_commit_fails_everybody(kind, folder, breaking, mending):
    with SteppedWriter(folder, kind) as stepped:
        stepped.run(insert(0))
        breaking(stepped.connection)
        batch = stepped.run(insert(1), refuse, insert(2), big)
        assert [type(one.error) for one in batch] == [StoreUnavailable] * 4
        assert [one.result for one in batch] == [None] * 4
        assert written(folder) == ([0], [0])
        mending(stepped.connection)
        batch = stepped.run(insert(3))
        assert [one.result for one in batch] == [3]
        assert written(folder) == ([0, 3], [0, 3])


def big(tx):
    tx.projects.insert(project())
    tx.live.insert(live(details=bytes(1_000_000)))
    tx.deliveries.insert(delivery(raw="x" * 1_000_000))


def no_room(connection):
    pages = connection.execute("PRAGMA page_count").fetchall()[0][0]
    connection.execute(f"PRAGMA max_page_count = {pages + 2}")


def room(connection):
    connection.execute("PRAGMA max_page_count = 1000000")


def refuse_commits(connection):
    connection.set_commit_hook(lambda: True)


def take_commits(connection):
    connection.set_commit_hook(None)


FAULTS = [
    pytest.param(no_room, room, id="disk full"),
    pytest.param(refuse_commits, take_commits, id="commit refused"),
]


class Optimist(Writer):
    """Tells everybody what their unit said, whatever became of the commit."""

    def __init__(self, connection, deliver):
        super().__init__(connection, lambda batch: deliver([as_run(one) for one in batch]))

    def put(self, unit, key):
        def remembered(rows):
            said[key] = unit(rows)
            return said[key]

        said = self.__dict__.setdefault("said", {})
        super().put(remembered, (key, said))


def as_run(settled):
    settled.key, said = settled.key
    settled.result, settled.error = said.get(settled.key), None
    return settled


@pytest.mark.parametrize(("breaking", "mending"), FAULTS)
def test_a_commit_that_fails_fails_everybody_and_the_next_one_works(tmp_path, breaking, mending):
    a_failed_commit_fails_everybody(Writer, tmp_path, breaking, mending)


@pytest.mark.parametrize(("breaking", "mending"), FAULTS)
def test_a_commit_that_fails_mutant_is_caught(tmp_path, breaking, mending):
    with pytest.raises(AssertionError):
        a_failed_commit_fails_everybody(Optimist, tmp_path, breaking, mending)


def test_a_file_that_somebody_else_holds_fails_everybody(tmp_path):
    with SteppedWriter(tmp_path) as stepped, connected(tmp_path) as other:
        stepped.connection.set_busy_timeout(0)
        other.execute("BEGIN IMMEDIATE")
        batch = stepped.run(insert(1), insert(2))
        assert [type(one.error) for one in batch] == [StoreUnavailable] * 2
        other.execute("ROLLBACK")
        assert [one.result for one in stepped.run(insert(3))] == [3]
    assert written(tmp_path) == ([3], [3])


def test_a_batch_that_was_not_committed_does_not_count(tmp_path):
    with SteppedWriter(tmp_path) as stepped:
        refuse_commits(stepped.connection)
        stepped.run(insert(1))
        assert stepped.writer.commits == 0


def test_a_unit_may_read_what_the_batch_wrote_before_it(tmp_path):
    def look(tx):
        return tx.projects.get(key("p", 1)).id, len(tx.deliveries.of(key("p", 1), VERIFICATION))

    with SteppedWriter(tmp_path) as stepped:
        batch = stepped.run(insert(1), look, spoilt, look)
    assert [one.result for one in batch] == [1, (key("p", 1), 1), None, (key("p", 1), 1)]


def test_a_mistake_in_a_query_is_its_callers_and_nobody_elses(tmp_path):
    def mistaken(tx):
        tx.projects.insert(project())
        tx.live.insert(live(details="no blob"))

    with SteppedWriter(tmp_path) as stepped:
        batch = stepped.run(insert(1), mistaken, insert(2))
    assert [type(one.error) for one in batch] == [type(None), apsw.ConstraintError, type(None)]
    assert written(tmp_path) == ([1, 2], [1, 2])


class Suspicious(Writer):
    """Takes rows that are flushed for others as changes of the unit that made them be read."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self._rows.deferred.changes = self._connection.total_changes
        self._rows.deferred.mark = self._suspect

    def _suspect(self):
        type(self._rows.deferred).mark(self._rows.deferred)
        return self._connection.total_changes()


def a_refusal_runs_nobody_twice(kind, folder):
    runs = []

    def good(number):
        def unit(tx):
            runs.append(number)
            tx.events.append(OURS, VERIFICATION, "delivery.sent", NOW, b"{}")

        return unit

    def refused(tx):
        assert tx.verifications.get(OURS, key("nothing")) is None
        raise LookupError

    with SteppedWriter(folder, kind) as stepped:
        batch = stepped.run(good(1), refused, good(2), refused, good(3))
        assert [type(one.error) for one in batch[1::2]] == [LookupError] * 2
        assert rows_of(stepped.connection, "events") == 3
    assert runs == [1, 2, 3]


def rows_of(connection, table):
    return connection.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0]


def test_a_refusal_runs_nobody_twice(tmp_path):
    a_refusal_runs_nobody_twice(Writer, tmp_path)


def test_a_refusal_runs_nobody_twice_mutant_is_caught(tmp_path):
    with pytest.raises(AssertionError):
        a_refusal_runs_nobody_twice(Suspicious, tmp_path)


class NoWayBack:
    """A cursor that can neither commit nor roll back."""

    def __init__(self, cursor):
        self._cursor = cursor

    def __getattr__(self, name):
        return getattr(self._cursor, name)

    def execute(self, sql, *values):
        if sql in ("COMMIT", "ROLLBACK"):
            raise apsw.IOError(sql)
        return self._cursor.execute(sql, *values)


class Careless(Writer):
    """Lets the failure of a roll-back pass, before anybody was told of the first one."""

    def _fail(self, error):
        self._cursor.execute("ROLLBACK")
        super()._fail(error)


def a_failed_roll_back_is_no_success(kind, folder):
    with SteppedWriter(folder, kind) as stepped:
        stepped.run(insert(0))
        cursor, stepped.writer._cursor = stepped.writer._cursor, NoWayBack(stepped.writer._cursor)
        with suppress(apsw.IOError):
            stepped.writer.put(insert(1), 1)
            stepped.writer.begin(wait=True)
            stepped.writer.run()
            stepped.writer.commit()
        stepped.writer._cursor = cursor
        stepped.writer.finish()
        assert [type(one.error) for one in stepped.settled[-1]] == [StoreUnavailable]
        stepped.run(insert(2))
    assert written(folder)[0] == [0, 2]


def test_a_failed_roll_back_is_no_success(tmp_path):
    a_failed_roll_back_is_no_success(Writer, tmp_path)


def test_a_failed_roll_back_is_no_success_mutant_is_caught(tmp_path):
    with pytest.raises(AssertionError):
        a_failed_roll_back_is_no_success(Careless, tmp_path)
