"""Checks of what a server keeps: the database, its schema, the pepper file, the projects."""

import asyncio
import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

import apsw

from watchword_server.api.in_process import InProcess
from watchword_server.cli import account_checks, schema
from watchword_server.cli.findings import FAIL, OK, WARN, Finding
from watchword_server.domain.errors import Misconfigured
from watchword_server.domain.project import Mode
from watchword_server.runtime import Runtime
from watchword_server.settings import PEPPER_LOST, Settings
from watchword_server.settings.pepper import read_keyring

_MB = 1_000_000
FREE_FAIL, FREE_WARN = 100 * _MB, 1_000 * _MB
BUSY_MS = 5_000


def database(settings: Settings) -> Iterator[Finding]:
    """It is there, whole and writable."""
    path = settings.database_path
    if path is None:
        fix = "Set WATCHWORD_DATABASE_URL to sqlite:///path."
        yield Finding("database", FAIL, "this version has no store but SQLite", fix)
    elif not path.exists():
        yield _new(path)
    else:
        try:
            yield from _existing(path)
        except apsw.Error as error:
            fix = "Restore a backup, or set WATCHWORD_DATABASE_URL to where the database is."
            yield Finding("database", FAIL, f"{path}: {error}", fix)


def _new(path: Path) -> Finding:
    directory = path.parent
    while not directory.exists():
        directory = directory.parent
    if os.access(directory, os.W_OK):
        says = f"{path} is not there yet: the first start makes it"
        return Finding(
            "database", WARN, says, "Is it the right place? Then: watchword-server serve"
        )
    fix = f"Give this user the right to write in {directory}, or set WATCHWORD_DATABASE_URL."
    return Finding("database", FAIL, f"{path} cannot be made", fix)


def _existing(path: Path) -> Iterator[Finding]:
    if not os.access(path, os.W_OK) or not os.access(path.parent, os.W_OK):
        fix = f"Give this user the right to write {path} and in its directory."
        yield Finding("database", FAIL, f"{path} is not writable", fix)
        return
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    try:
        connection.set_busy_timeout(BUSY_MS)
        found = connection.execute("PRAGMA quick_check(1)").fetchone()
        if found is None or found[0] != "ok":
            fix = "Stop the server and restore a backup; copy the damaged file away first."
            yield Finding("database", FAIL, f"{path} is damaged: {found and found[0]}", fix)
            return
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("ROLLBACK")
    finally:
        connection.close()
    size = path.stat().st_size / _MB
    yield Finding("database", OK, f"{path}, {size:.1f} MB, writable, no damage found")
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & stat.S_IROTH:
        says = f"{path} has mode {mode:04o}: every user of this machine can read it"
        yield Finding("database", WARN, says, f"Run: chmod 600 {path}")


def space(settings: Settings) -> Iterator[Finding]:
    """The disk has room left."""
    path = settings.database_path
    if path is None or not path.parent.exists():
        return
    free = shutil.disk_usage(path.parent).free
    says = f"{free / 1e9:.1f} GB free beside the database"
    fix = "Free some space, or move the database: a full disk answers every call with 503."
    if free < FREE_WARN:
        yield Finding("disk", FAIL if free < FREE_FAIL else WARN, says, fix)
    else:
        yield Finding("disk", OK, says)
    if settings.sqlite_synchronous == "off":
        says = "WATCHWORD_SQLITE_SYNCHRONOUS is off: a power cut may lose or damage data"
        yield Finding("disk", WARN, says, "Unset it; it is meant for tests.")


def pepper(settings: Settings) -> Iterator[Finding]:
    """The keys are there, and nobody else's to read."""
    path, database_path = settings.pepper_file, settings.database_path
    has_data = database_path is not None and database_path.exists()
    try:
        keyring = read_keyring(path)
    except FileNotFoundError:
        if has_data:
            yield Finding("pepper file", FAIL, f"{path} is missing", PEPPER_LOST)
        else:
            yield Finding("pepper file", OK, f"{path} will be made at the first start, mode 0600")
        return
    except Misconfigured as error:
        yield Finding("pepper file", FAIL, str(error), "See above: it says what to do.")
        return
    yield Finding("pepper file", OK, f"{path}, for this user alone, pepper {keyring.current}")
    if not settings.is_loopback and database_path and path.parent == database_path.parent:
        says = "it lies beside the database: one stolen directory gives both away"
        fix = "Move it and set WATCHWORD_PEPPER_FILE; back the two up apart from each other."
        yield Finding("pepper file", WARN, says, fix)


def contents(settings: Settings) -> Iterator[Finding]:
    """The schema is this version's, the pepper the database's own, the default project usable."""
    path = settings.database_path
    if path is None or not path.exists():
        return
    try:
        standing = schema.standing(path)
    except apsw.Error:
        return  # `database` has said it
    if standing.at > standing.newest:
        says = f"the file is at {standing.at}, this version knows {standing.newest}"
        yield Finding("schema", FAIL, says, "Start the newer version, or restore a backup.")
    elif standing.pending:
        says = f"{standing.at} of {standing.newest}: {len(standing.pending)} migrations to run"
        yield Finding(
            "schema", WARN, says, "The next start runs them, or: watchword-server migrate"
        )
    else:
        yield Finding("schema", OK, f"{standing.at}, the newest")
        if settings.pepper_file.exists():
            yield from asyncio.run(_opened(settings))


async def _opened(settings: Settings) -> list[Finding]:
    try:
        runtime = await Runtime.open(settings)
    except Misconfigured as error:
        return [Finding("start", FAIL, str(error), "See above: the server would not start either.")]
    try:
        operator = await runtime.operator()
        _, keys = await InProcess(runtime).call("listApiKeys", operator)
        accounts = [one async for one in account_checks.accounts(runtime)]
        has_account = runtime.accounts.own() or any(
            one.account.project == operator.project for one in runtime.accounts.used()
        )
    finally:
        await runtime.close()
    usable = [key for key in keys["data"] if not key["disabled"]]
    says = f"default, {operator.mode}, usable keys: {len(usable)}"
    found = [Finding("pepper file", OK, "it is this database's own")]
    if operator.mode is Mode.LIVE and not has_account:
        fix = "Add an account: watchword-server providers add. Or go back: watchword-server "
        fix += "projects set-mode default development"
        found.append(Finding("project", WARN, f"{says}, but no channel can send", fix))
    elif not usable:
        fix = "Make one: watchword-server keys create --name my-app"
        found.append(Finding("project", WARN, says, fix))
    else:
        found.append(Finding("project", OK, says))
    return [*found, *accounts]
