"""The schema: from nothing, again, by two at once, and from a future that is not known."""

import threading

import apsw
import pytest

from storage.sqlite import FILE, connected, owned_tables, tables
from watchword_server.domain.delivery import Delivery
from watchword_server.domain.errors import Misconfigured
from watchword_server.domain.inbound import OptOut
from watchword_server.domain.project import ApiKey, Project
from watchword_server.domain.provider_account import ProviderAccount
from watchword_server.domain.verification import Live, Verification
from watchword_server.domain.webhook import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from watchword_server.ports.inbound import HeldReport, KeptReport
from watchword_server.ports.records import IdempotencyKey, InboxMessage, Work
from watchword_server.storage import migrate
from watchword_server.storage.migrate import Migration
from watchword_server.storage.projects import OWNED
from watchword_server.storage.store import SqliteStore

NEWEST = migrate.migrations()[-1].number


def schema(connection):
    return list(connection.execute("SELECT name, sql FROM sqlite_schema ORDER BY name"))


def test_an_empty_file_gets_every_migration_in_order(tmp_path):
    with connected(tmp_path) as connection:
        assert migrate.version(connection) == 0
        done = list(migrate.run(connection))
        assert [one.number for one in done] == list(range(1, NEWEST + 1))
        assert migrate.version(connection) == NEWEST
        assert {"live", "verifications", "projects", "work"} <= set(tables(connection))


def running_again_changes_nothing(run, folder):
    with connected(folder) as connection:
        list(run(connection))
        connection.execute("INSERT INTO server (name, value) VALUES ('kept', 'yes')")
        before = schema(connection)
        assert list(run(connection)) == []
        assert schema(connection) == before
        assert connection.execute("SELECT value FROM server").fetchall() == [("yes",)]


def test_running_the_migrations_again_changes_nothing(tmp_path):
    running_again_changes_nothing(migrate.run, tmp_path)


def test_running_the_migrations_again_mutant_is_caught(tmp_path):
    def forgetful(connection):
        yield from migrate.run(connection)
        connection.execute("PRAGMA user_version = 0")

    with pytest.raises((AssertionError, apsw.SQLError)):
        running_again_changes_nothing(forgetful, tmp_path)


def a_newer_schema_is_refused(run, folder):
    with connected(folder) as connection:
        list(migrate.run(connection))
        connection.execute(f"PRAGMA user_version = {NEWEST + 1}")
        with pytest.raises(Misconfigured, match=f"schema {NEWEST + 1}.*knows {NEWEST}"):
            assert list(run(connection)) is None
        assert migrate.version(connection) == NEWEST + 1


def test_a_file_of_a_newer_version_is_refused_and_left_alone(tmp_path):
    a_newer_schema_is_refused(migrate.run, tmp_path)


def test_a_file_of_a_newer_version_mutant_is_caught(tmp_path):
    def bold(connection):
        return [one for one in migrate.migrations() if migrate._run_one(connection, one)]

    with pytest.raises(AssertionError):
        a_newer_schema_is_refused(bold, tmp_path)


def test_the_store_refuses_a_newer_file_too(tmp_path, clock):
    with connected(tmp_path) as connection:
        list(migrate.run(connection))
        connection.execute(f"PRAGMA user_version = {NEWEST + 1}")
    with pytest.raises(Misconfigured, match="newer version"):
        SqliteStore(tmp_path / FILE, "off", clock.now)


def test_a_migration_that_fails_leaves_the_file_as_it_was(tmp_path, monkeypatch):
    known = migrate.migrations()
    broken = Migration(NEWEST + 1, "pre", "broken", "CREATE TABLE half (a); CREATE NONSENSE;")
    with connected(tmp_path) as connection:
        list(migrate.run(connection))
        before = schema(connection)
        monkeypatch.setattr(migrate, "migrations", lambda: (*known, broken))
        with pytest.raises(apsw.SQLError):
            list(migrate.run(connection))
        assert schema(connection) == before
        assert migrate.version(connection) == NEWEST
        assert not connection.in_transaction


def test_of_several_that_start_at_once_each_migration_is_run_by_one(tmp_path):
    done, together = [], threading.Barrier(4)
    with connected(tmp_path):  # the file is there, in WAL mode

        def start():
            with connected(tmp_path) as connection:
                together.wait()
                done.extend(one.number for one in migrate.run(connection))

        threads = [threading.Thread(target=start) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(done) == list(range(1, NEWEST + 1))


def test_migrations_are_numbered_without_a_gap():
    numbers = [one.number for one in migrate.migrations()]
    assert numbers == list(range(1, len(numbers) + 1))


def every_owned_table_goes_with_its_project(owned, connection):
    assert set(owned) == set(owned_tables(connection))


def test_every_table_with_a_project_goes_when_it_is_deleted(tmp_path):
    with connected(tmp_path) as connection:
        list(migrate.run(connection))
        every_owned_table_goes_with_its_project(OWNED, connection)


def test_every_table_with_a_project_mutant_is_caught(tmp_path):
    with connected(tmp_path) as connection:
        list(migrate.run(connection))
        connection.execute("CREATE TABLE forgotten (project BLOB NOT NULL)")
        with pytest.raises(AssertionError):
            every_owned_table_goes_with_its_project(OWNED, connection)


def columns_stand_in_the_order_of_the_fields(connection, records):
    """`SELECT *` and `INSERT ... VALUES` rely on it."""
    for table, record in records.items():
        columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
        assert columns == list(record.__struct_fields__), table


RECORDS = {
    "live": Live, "verifications": Verification, "deliveries": Delivery, "work": Work,
    "inbox": InboxMessage, "projects": Project, "api_keys": ApiKey,
    "idempotency_keys": IdempotencyKey,
    "webhook_endpoints": WebhookEndpoint, "webhook_deliveries": WebhookDelivery,
    "webhook_attempts": WebhookAttempt, "provider_accounts": ProviderAccount,
    "delivery_reports": KeptReport, "held_reports": HeldReport, "opt_outs": OptOut,
}  # fmt: skip


def test_columns_stand_in_the_order_of_the_fields(tmp_path):
    with connected(tmp_path) as connection:
        list(migrate.run(connection))
        columns_stand_in_the_order_of_the_fields(connection, RECORDS)


def test_columns_stand_in_the_order_of_the_fields_mutant_is_caught(tmp_path):
    with connected(tmp_path) as connection:
        list(migrate.run(connection))
        connection.execute("ALTER TABLE live ADD COLUMN late TEXT")
        with pytest.raises(AssertionError):
            columns_stand_in_the_order_of_the_fields(connection, RECORDS)


def test_a_template_from_before_versions_is_its_first_version(tmp_path, monkeypatch):
    known = migrate.migrations()
    with connected(tmp_path) as connection:
        monkeypatch.setattr(migrate, "migrations", lambda: known[:1])
        list(migrate.run(connection))
        insert = "INSERT INTO templates (project, id, body) VALUES (x'01', 'mine', ?)"
        connection.execute(insert, ('{"id":"mine","version":1}',))
        monkeypatch.setattr(migrate, "migrations", lambda: known)
        list(migrate.run(connection))
        kept = connection.execute("SELECT * FROM template_versions").fetchall()
    assert kept == [(b"\x01", "mine", 1, '{"id":"mine","version":1}')]
