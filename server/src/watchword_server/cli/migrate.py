"""`migrate`: bring the database to this version's schema, watched."""

import asyncio
import os
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path

import apsw
import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from watchword_server import telemetry
from watchword_server.cli import schema, screen
from watchword_server.cli.command import Command, json_option, private_files, refused
from watchword_server.runtime import Runtime
from watchword_server.settings import Settings, load

_LOOK_S = 0.1


@click.command(cls=Command)
@click.option("--status", is_flag=True, help="Only say what would be run.")
@json_option
def command(status: bool, as_json: bool) -> None:
    """Bring the database to this version's schema.

    `serve` does this by itself; run it before, where the database is large or downtime counts.
    Back the database and the pepper file up first: there is no way back.
    """
    settings = load(os.environ)
    telemetry.configure("warning", settings.log_format)
    private_files()
    path = settings.database_path
    if path is None:
        raise refused(
            "There is nothing to migrate",
            "This version migrates SQLite files only.",
            "Set WATCHWORD_DATABASE_URL to sqlite:///path.",
        )
    before = _standing(path)
    if not status and before.pending:
        _migrate(settings, path, before)
    after = before if status else _standing(path)
    if as_json:
        ran = [] if status else list(before.pending)
        screen.emit({"schema": after.at, "newest": after.newest, "ran": ran,
                     "pending": list(after.pending)})  # fmt: skip
        return
    _say(path, before, after, only_status=status)


def _standing(path: Path) -> schema.Standing:
    try:
        return schema.standing(path)
    except apsw.Error as error:
        raise refused(
            "The database cannot be read",
            f"{path}: {error}.",
            "Is it a Watchword database, and readable for this user? Run: watchword-server doctor",
        ) from None


def _say(path: Path, before: schema.Standing, after: schema.Standing, *, only_status: bool) -> None:
    for name in before.pending:
        screen.say(f"  {screen.mark('warn' if only_status else 'ok')}  {name}")
    if after.pending:
        screen.say(
            f"{path} is at schema {after.at} of {after.newest}: {len(after.pending)} to run."
        )
    elif after.at > after.newest:
        screen.say(f"{path} is at schema {after.at}; this version knows {after.newest}.")
    else:
        screen.say(f"{path} is at schema {after.at}, the newest.")


def _migrate(settings: Settings, path: Path, before: schema.Standing) -> None:
    """Open the runtime, which migrates, in a thread, and watch the file's schema number."""
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
    )  # fmt: skip
    bar = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
    with ThreadPoolExecutor(1) as pool, bar:
        opening: Future[None] = pool.submit(asyncio.run, _open(settings))
        task = bar.add_task("Migrating", total=len(before.pending))
        while wait((opening,), timeout=_LOOK_S).not_done:
            bar.update(task, completed=_done(path, before))
        opening.result()


def _done(path: Path, before: schema.Standing) -> int:
    try:
        return schema.at(path) - before.at
    except apsw.Error:  # busy: look again later
        return 0


async def _open(settings: Settings) -> None:
    runtime = await Runtime.open(settings)
    await runtime.close()
