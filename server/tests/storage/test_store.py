"""The store as a whole: answers, failures, readers beside the writer, closing."""

import asyncio
import threading

import apsw
import pytest

from storage.records import NOW, OURS, VERIFICATION, everything, key, live, project
from storage.sqlite import FILE, connected, opened
from watchword_server.domain.errors import RATE_LIMITED, Misconfigured, Problem, StoreUnavailable
from watchword_server.storage.checkpoint import Checkpointer
from watchword_server.storage.store import SqliteStore

PATIENCE_S = 10


async def housed(store):
    """The store with the project whose rows are written."""
    await store.write(lambda tx: tx.projects.insert(project()))
    return store


async def test_a_unit_answers_with_what_it_returns(store):
    assert await store.write(lambda tx: 7) == 7
    assert await store.read(lambda tx: 8) == 8


async def undone(store, write):
    def unit(tx):
        tx.projects.insert(project())
        assert tx.live.insert(live())
        raise Problem(RATE_LIMITED, "Wait.")

    with pytest.raises(Problem, match="Wait"):
        await write(unit)
    assert not any((await store.read(lambda tx: everything(tx, OURS))).values())


async def test_an_exception_undoes_its_unit_and_reaches_its_caller(store):
    await undone(store, store.write)


async def test_an_exception_undoes_its_unit_mutant_is_caught(store):
    async def swallowing(unit):
        caught = []

        def careful(tx):
            try:
                unit(tx)
            except Problem as problem:
                caught.append(problem)

        await store.write(careful)
        raise caught[0]

    with pytest.raises(AssertionError):
        await undone(store, swallowing)


async def test_an_exception_undoes_a_query_too(store):
    def query(tx):
        raise Problem(RATE_LIMITED, "Wait.")

    with pytest.raises(Problem):
        await store.read(query)
    assert await store.read(lambda tx: 1) == 1


async def test_what_was_written_is_read_at_once(store):
    await housed(store)
    for number in range(30):
        record = live(id=key("v", number), address=key("a", number))
        await store.write(lambda tx, record=record: tx.live.insert(record))
        assert await store.read(lambda tx, id=record.id: tx.live.get(OURS, id)) == record


async def reads_do_not_wait(store, folder, read, patience_s):
    """Another process holds the file: a write waits for it, a read and the loop do not."""
    await housed(store)
    with connected(folder) as other:
        other.execute("BEGIN IMMEDIATE")
        writing = asyncio.create_task(store.write(lambda tx: tx.live.insert(live())))
        try:
            async with asyncio.timeout(patience_s):
                assert await read(lambda tx: tx.live.get(OURS, VERIFICATION)) is None
        except TimeoutError:
            raise AssertionError("the read waited for the writer") from None
        finally:
            written = writing.done()
            other.execute("ROLLBACK")
            assert await writing
    assert not written
    assert await read(lambda tx: tx.live.get(OURS, VERIFICATION)) is not None


async def test_reads_do_not_wait_for_the_writer(store, tmp_path):
    await reads_do_not_wait(store, tmp_path, store.read, PATIENCE_S)


async def test_reads_do_not_wait_mutant_is_caught(store, tmp_path):
    with pytest.raises(AssertionError):
        await reads_do_not_wait(store, tmp_path, store.write, 0.2)


async def a_query_sees_one_instant(store, read):
    """What is committed while a query runs is not seen by it."""
    await housed(store)
    await store.write(lambda tx: tx.live.insert(live()))
    loop = asyncio.get_running_loop()
    looked, removed = asyncio.Event(), threading.Event()

    def query(tx):
        before = tx.live.get(OURS, VERIFICATION)
        loop.call_soon_threadsafe(looked.set)
        assert removed.wait(PATIENCE_S)
        return before == tx.live.get(OURS, VERIFICATION)

    reading = asyncio.create_task(read(query))
    await looked.wait()
    await store.write(lambda tx: tx.live.remove(OURS, VERIFICATION))
    removed.set()
    assert await reading


async def test_a_query_sees_one_instant(store):
    await a_query_sees_one_instant(store, store.read)


async def test_a_query_sees_one_instant_mutant_is_caught(store, tmp_path):
    async def without_a_snapshot(query):
        def run():
            with connected(tmp_path) as connection:
                rows = type(store._reader_rows)(connection.cursor())
                return query(rows)

        return await asyncio.to_thread(run)

    with pytest.raises(AssertionError):
        await a_query_sees_one_instant(store, without_a_snapshot)


async def test_a_reader_cannot_write(store):
    await housed(store)
    with pytest.raises(StoreUnavailable):
        await store.read(lambda tx: tx.live.insert(live()))


async def test_who_went_away_does_not_stop_the_others(store):
    gone = asyncio.create_task(store.write(lambda tx: tx.live.insert(live())))
    await asyncio.sleep(0)
    gone.cancel()
    assert await store.write(lambda tx: 1) == 1
    with pytest.raises(asyncio.CancelledError):
        await gone


async def test_a_full_disk_is_503_and_gone_when_there_is_room(tmp_path, clock):
    async with opened(tmp_path, clock.now) as store:
        await housed(store)
        pages = store._connection.execute("PRAGMA page_count").fetchall()[0][0]
        store._connection.execute(f"PRAGMA max_page_count = {pages + 1}")
        large = live(id=key("large"), address=key("large"), details=bytes(100_000))
        with pytest.raises(StoreUnavailable):
            await store.write(lambda tx: tx.live.insert(large))
        assert await store.read(lambda tx: tx.live.get(OURS, key("large"))) is None
        store._connection.execute("PRAGMA max_page_count = 100000")
        assert await store.write(lambda tx: tx.live.insert(large)) is True


async def test_everything_accepted_is_there_after_closing(tmp_path, clock):
    async with opened(tmp_path, clock.now) as store:
        units = [
            store.write(lambda tx, n=number: tx.projects.insert(project(key("p", n))))
            for number in range(200)
        ]
        assert all(await asyncio.gather(*units))
    async with opened(tmp_path, clock.now) as store:
        assert len(await store.read(lambda tx: tx.projects.all())) == 200


async def test_a_closed_store_refuses(tmp_path, clock):
    async with opened(tmp_path, clock.now) as store:
        await store.write(lambda tx: 1)
    with pytest.raises(StoreUnavailable):
        async with asyncio.timeout(1):
            await store.write(lambda tx: 1)


async def test_time_is_marked_with_what_was_written(tmp_path, clock):
    async with opened(tmp_path, clock.now) as store:
        await store.write(lambda tx: 1)
        assert int(store.fact("clock_high_water")) == NOW
        clock.advance(90_000)
        await store.write(lambda tx: 1)
        assert int(store.fact("clock_high_water")) == NOW + 90_000


@pytest.mark.parametrize("what", ["a folder", "no database", "no folder"])
async def test_a_file_that_cannot_be_opened_is_a_wrong_setting(tmp_path, clock, what):
    path = tmp_path / FILE
    if what == "a folder":
        path.mkdir()
    elif what == "no database":
        path.write_bytes(b"this is no database, " * 100)
    else:
        path.write_bytes(b"")
        path = path / "below" / FILE
    with pytest.raises(Misconfigured, match="cannot be opened"):
        SqliteStore(path, "off", clock.now)


async def test_the_file_is_in_wal_mode_and_no_secret_is_left_in_freed_space(tmp_path, clock):
    async with opened(tmp_path, clock.now) as store:
        pragma = store._connection.pragma
        assert pragma("journal_mode") == "wal"
        assert pragma("secure_delete") == 2
        assert store._reader.pragma("query_only") == 1


async def test_production_forces_every_commit_to_the_disk(tmp_path, clock):
    store = SqliteStore(tmp_path / FILE, "full", clock.now)
    assert store._connection.pragma("synchronous") == 2
    await store.close()


async def test_a_query_that_fails_in_the_database_is_503(store):
    def query(tx):
        raise apsw.IOError("disk")

    with pytest.raises(StoreUnavailable):
        await store.read(query)


async def test_a_checkpoint_that_fails_stops_no_write(tmp_path, clock, monkeypatch):
    failures = [apsw.IOError("disk"), apsw.FullError("disk")]

    def after_batch(_self):
        if failures:
            raise failures.pop()

    monkeypatch.setattr(Checkpointer, "after_batch", after_batch)
    store = SqliteStore(tmp_path / FILE, "off", clock.now)
    async with asyncio.timeout(2):  # a store that stands still could not be closed either
        for number in range(4):
            assert await store.write(lambda tx, n=number: n) == number
        await store.close()


async def test_a_mark_of_time_that_fails_stops_no_write(tmp_path):
    instants = [NOW, ValueError("no time"), NOW, NOW]

    def now():
        instant = instants.pop(0)
        if isinstance(instant, Exception):
            raise instant
        return instant

    store = SqliteStore(tmp_path / FILE, "off", now)
    async with asyncio.timeout(2):
        assert await store.write(lambda tx: 1) == 1
        with pytest.raises(StoreUnavailable):
            await store.write(lambda tx: 2)
        assert await store.write(lambda tx: 3) == 3
        await store.close()
