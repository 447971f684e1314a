"""A code's hash and its sealed value go with the transaction that ends their verification."""

import pytest

from storage.records import DIGEST, OURS, SECRETS, VERIFICATION, live, project
from storage.sqlite import FILE, opened, rows, tables
from watchword_server.domain.verification import Trigger, end


def finish(trigger):
    def unit(tx):
        record = tx.live.get(OURS, VERIFICATION)
        tx.live.remove(OURS, VERIFICATION)
        tx.verifications.insert(end(record, trigger, 1))

    return unit


def leaving_the_row(tx):
    tx.verifications.insert(end(tx.live.get(OURS, VERIFICATION), Trigger.CANCEL, 1))


async def leaves_no_secret(folder, clock, ending, secure_delete="FAST"):
    """Neither in a row, nor in the file once the log has been moved into it."""
    async with opened(folder, clock.now) as store:
        await store.write(lambda tx: tx.projects.insert(project()))
        await store.write(lambda tx: tx.live.insert(live()))
        connection = store._connection
        connection.pragma("wal_checkpoint", "TRUNCATE")
        assert DIGEST in (folder / FILE).read_bytes()
        connection.pragma("secure_delete", secure_delete)
        await store.write(ending)
        kept = [
            value
            for table in tables(connection)
            for row in rows(connection, table)
            for value in row
        ]
        assert DIGEST not in kept
        assert SECRETS not in kept
        connection.pragma("wal_checkpoint", "TRUNCATE")
        content = (folder / FILE).read_bytes()
        assert DIGEST not in content
        assert SECRETS not in content


@pytest.mark.parametrize("trigger", Trigger)
async def test_an_ended_verification_leaves_no_secret_behind(tmp_path, clock, trigger):
    await leaves_no_secret(tmp_path, clock, finish(trigger))


@pytest.mark.parametrize(
    ("ending", "secure_delete"), [(leaving_the_row, "FAST"), (finish(Trigger.CANCEL), "OFF")],
    ids=["row kept", "space not wiped"],
)  # fmt: skip
async def test_an_ended_verification_mutant_is_caught(tmp_path, clock, ending, secure_delete):
    with pytest.raises(AssertionError):
        await leaves_no_secret(tmp_path, clock, ending, secure_delete)
