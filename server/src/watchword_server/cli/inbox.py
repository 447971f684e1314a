"""`inbox`: what a project that is not live would have sent, codes and all."""

from collections.abc import Sequence
from typing import Any

import click

from watchword_server.cli import screen
from watchword_server.cli.calling import calling
from watchword_server.cli.command import Command, json_option
from watchword_server.cli.operate import operate


@click.command(cls=Command)
@click.option("--to", help="Only those to this recipient.")
@click.option(
    "--limit", type=click.IntRange(1, 100), default=5, show_default=True, help="How many."
)
@click.option(
    "--project",
    metavar="NAME_OR_ID",
    help="Read this project in the database of the settings; no key and no server is needed.",
)
@json_option
def command(to: str | None, limit: int, project: str | None, as_json: bool) -> None:
    """Read the messages and codes of a project that is not live.

    The newest come first.
    It calls the server at WATCHWORD_URL with WATCHWORD_DEV_KEY and WATCHWORD_DEV_SECRET.
    A live project has no inbox.
    """
    found = _called(to, limit) if project is None else _opened(to, limit, project)
    if as_json:
        screen.emit({"data": found})
        return
    rows = [
        (screen.moment(each["at"]), each["to"], each["channel"], each["code"], each["message_id"])
        for each in found
    ]
    screen.table(
        ("at", "to", "channel", "code", "message_id"),
        rows,
        "No messages yet. Send one: watchword-server send --to +14155552671",
    )
    if found:
        screen.say(f"The newest says: {found[0]['text']}")


def _called(to: str | None, limit: int) -> Sequence[dict[str, Any]]:
    with calling() as client:
        return [dict(each.raw) for each in client.inbox.list(to=to, limit=limit)]


def _opened(to: str | None, limit: int, project: str) -> Sequence[dict[str, Any]]:
    query: dict[str, str | int] = {"limit": limit} if to is None else {"limit": limit, "to": to}
    answer = operate(lambda desk: desk.call("listInboxMessages", query=query), project)
    return list(answer["data"])
