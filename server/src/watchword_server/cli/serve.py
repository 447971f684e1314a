"""`serve`: run the server in the foreground until it is told to stop."""

import asyncio
import gc
import os
import signal

import click

from watchword_server import telemetry
from watchword_server.cli import screen, selfcheck
from watchword_server.cli.command import Command, private_files
from watchword_server.cli.hosting import Server, run
from watchword_server.settings import PEPPER_MADE, Settings, load

_log = telemetry.get_logger("server")
_SIGNALS = (signal.SIGTERM, signal.SIGINT)


@click.command(cls=Command)
@click.option(
    "--host", metavar="ADDRESS", help="The address to listen on. [WATCHWORD_HOST, 127.0.0.1]"
)
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    metavar="PORT",
    help="The port; 0 takes a free one. [WATCHWORD_PORT, 8080]",
)
@click.option("--workers", type=int, metavar="N", help="Server processes. [WATCHWORD_WORKERS, 1]")
@click.option("--selfcheck", "check", is_flag=True, help="When ready, send and verify one code.")
def command(host: str | None, port: int | None, workers: int | None, check: bool) -> None:
    """Run the server until SIGTERM or SIGINT.

    One line with the URL is printed once it answers.  On the first signal it accepts nothing
    more, finishes what is under way and exits with 0; a second one does not wait.
    """
    settings = load(os.environ, {"host": host, "port": port, "workers": workers})
    telemetry.configure(settings.log_level, settings.log_format)
    private_files()
    raise SystemExit(run(_serve(settings, check=check)))


async def _serve(settings: Settings, *, check: bool) -> int:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in _SIGNALS:
        loop.add_signal_handler(number, stopping.set)
    has_pepper = settings.pepper_file.exists()
    server = await Server.start(settings)
    for number in _SIGNALS:
        loop.add_signal_handler(number, _stop, stopping, server)
    if not has_pepper:
        _log.warning(PEPPER_MADE.format(path=settings.pepper_file))
    _warn(server.settings)
    gc.collect()
    gc.freeze()  # what a server starts with stays: collections need not look at it again
    gc.set_threshold(*_GC_THRESHOLDS)
    click.echo(await _ready(server))
    ended = asyncio.create_task(server.ended())
    told = asyncio.create_task(stopping.wait())
    aside = [asyncio.create_task(_check(server))] if check else []
    await asyncio.wait({ended, told}, return_when=asyncio.FIRST_COMPLETED)
    for task in (*aside, ended, told):
        task.cancel()
    await asyncio.gather(*aside, ended, told, return_exceptions=True)
    _log.info("stopping", told=stopping.is_set())
    await server.stop()
    _log.info("stopped")
    return 0 if stopping.is_set() else 1


_GC_THRESHOLDS = (20_000, 20, 50)
"""Requests leave no cycles behind, so the collector may look less often than by default."""


def _stop(stopping: asyncio.Event, server: Server) -> None:
    if stopping.is_set():
        server.hurry()
    stopping.set()


async def _check(server: Server) -> None:
    if not await selfcheck.run(server):
        screen.note("The server goes on; `watchword-server doctor` may say more.")


async def _ready(server: Server) -> str:
    settings = server.settings
    operator = await server.runtime.operator()
    database = f"SQLite {settings.database_path}" if settings.database_path else "PostgreSQL"
    return f"Watchword is ready: {settings.public_url} ({operator.mode}, {database})"


def _warn(settings: Settings) -> None:
    derived = settings.public_url == settings.at_port(settings.port).public_url
    if not settings.is_loopback and derived and "127.0.0.1" in settings.public_url:
        _log.warning(
            "WATCHWORD_PUBLIC_URL is not set: links lead to this machine only, and requests "
            "under another Host name are refused with 421",
            host=settings.host,
        )
    if settings.sqlite_synchronous == "off":
        _log.warning("WATCHWORD_SQLITE_SYNCHRONOUS is off: a power cut may lose or damage data")
