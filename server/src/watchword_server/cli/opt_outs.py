"""`opt-outs`: who gets no messages."""

import sys

import click

from watchword_server.cli import screen
from watchword_server.cli.command import Group, json_option, project_option
from watchword_server.cli.operate import Answer, Operator, operate

_PAGE = 100
_channel = click.option("--channel", help="Only this channel, such as sms. Unset: all.")


@click.group(cls=Group)
def command() -> None:
    """See and change who gets no messages.

    People opt out by answering STOP, and in again by START; see docs/opt-outs.md.  Give `-` as
    ADDRESS to type it on standard input, so that it does not stay in your shell's history.
    """


@command.command("list")
@click.option("--to", help="Only those of this phone number or email address.")
@project_option
@json_option
def show(to: str | None, project: str | None, as_json: bool) -> None:
    """List a project's opt-outs, addresses masked, newest first."""
    query: dict[str, str | int] = {"limit": _PAGE} | ({} if to is None else {"to": _typed(to)})
    found = operate(lambda desk: _pages(desk, query), project)
    if as_json:
        screen.emit({"data": found})
        return
    rows = [(each["to"], each["channel"], each["source"], each["created_at"]) for each in found]
    screen.table(("to", "channel", "by", "since"), rows, "Nobody has opted out.")


@command.command("add")
@click.argument("address")
@click.option(
    "--channel", "channels", multiple=True, help="Over this channel; repeat it. Unset: over any."
)
@project_option
@json_option
def add(address: str, channels: tuple[str, ...], project: str | None, as_json: bool) -> None:
    """Send nothing more to ADDRESS, a phone number or an email address."""
    body: dict[str, object] = {"to": _typed(address)}
    if channels:
        body["channels"] = list(channels)
    answer = operate(lambda desk: desk.call("addOptOut", body=body), project)
    if as_json:
        screen.emit(answer)
        return
    named = ", ".join(each["channel"] for each in answer["data"])
    screen.say(f"{answer['data'][0]['to']} gets nothing over {named}.")


@command.command("remove")
@click.argument("address")
@_channel
@project_option
@json_option
def remove(address: str, channel: str | None, project: str | None, as_json: bool) -> None:
    """Let messages reach ADDRESS again, which its owner should have asked for."""
    query = {"to": _typed(address)} | ({} if channel is None else {"channel": channel})
    answer = operate(lambda desk: desk.call("removeOptOut", query=query), project)
    if as_json:
        screen.emit(answer)
        return
    screen.say(f"Lifted: {answer['removed']}.")


async def _pages(desk: Operator, query: dict[str, str | int]) -> list[Answer]:
    found: list[Answer] = []
    while True:
        page = await desk.call("listOptOuts", query=query)
        found += page["data"]
        if page["next_cursor"] is None:
            return found
        query = query | {"cursor": page["next_cursor"]}


def _typed(address: str) -> str:
    return sys.stdin.readline().strip() if address == "-" else address
