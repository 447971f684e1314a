"""`demo`: one code from key to approval, against a server that is thrown away afterwards."""

import contextlib
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path

import click

from watchword_server import telemetry
from watchword_server.cli import screen
from watchword_server.cli.command import Command, json_option
from watchword_server.cli.hosting import Server, run
from watchword_server.cli.journey import Happened, Step, journey
from watchword_server.cli.selfcheck import show
from watchword_server.settings import Settings


@click.command(cls=Command)
@json_option
def command(as_json: bool) -> None:
    """Send, deliver and verify one code against a throw-away server.

    It needs no settings and leaves nothing behind: the database is in a temporary directory,
    the port is a free one, and the message stays in the inbox.
    """
    telemetry.configure("warning")
    run(_demo(as_json=as_json))


@contextlib.asynccontextmanager
async def _throw_away() -> AsyncIterator[Server]:
    with tempfile.TemporaryDirectory(prefix="watchword-demo-") as directory:
        path = Path(directory, "demo.db")
        server = await Server.start(
            Settings(database_url=f"sqlite:///{path}", port=0, sandbox="off", shutdown_grace_s=2)
        )
        try:
            yield server
        finally:
            await server.stop()


async def _demo(*, as_json: bool) -> None:
    began = time.perf_counter()
    async with _throw_away() as server:
        if not as_json:
            screen.say(f"A throw-away server answers at {server.url}; nothing leaves this machine.")
        steps, timeline = await _walk(server, quiet=as_json)
        took = round((time.perf_counter() - began) * 1000)
        if as_json:
            document = {"ok": True, "url": server.url, "ms": took, "steps": steps}
            screen.emit(document | {"timeline": timeline})
            return
        screen.say()
        screen.say("What the server noted down, as GET /v1/messages/{message_id} tells it:")
        for entry in timeline:
            screen.say(f"  {entry['ms']:>8.1f} ms  {entry['type']:<25}  {entry['about']}".rstrip())
        screen.say()
        screen.say(f"{len(steps)} steps in {took} ms, the start of the server included.")
        screen.say("Next: watchword-server serve")


async def _walk(server: Server, *, quiet: bool) -> tuple[list[Step], list[Happened]]:
    steps: list[Step] = []

    def done(step: Step) -> None:
        steps.append(step)
        if not quiet:
            show(step)

    async with journey(server) as (key, walk):
        done(walk.step("key", f"{key['dev_key']}, with the scopes it needs"))
        for take in (
            walk.send, walk.delivered, walk.read_back, walk.wrong, walk.right, walk.again,
        ):  # fmt: skip
            done(await take())
        return steps, await walk.timeline()
