"""`limits`: what an operator may undo."""

import sys

import click

from watchword_server.cli import screen
from watchword_server.cli.command import Group, json_option, project_option
from watchword_server.cli.operate import operate


@click.group(cls=Group)
def command() -> None:
    """Unlock an address that failed too often."""


@command.command("unlock")
@click.argument("address")
@project_option
@json_option
def unlock(address: str, project: str | None, as_json: bool) -> None:
    """Forget the failed checks of ADDRESS, a phone number or an email address.

    It is locked after 15 failures within a day, or 100 in a row.  Give `-` to type the address
    on standard input, so that it does not stay in your shell's history.
    """
    to = sys.stdin.readline().strip() if address == "-" else address
    answer = operate(lambda desk: desk.call("unlockAddress", body={"to": to}), project)
    if as_json:
        screen.emit(answer)
        return
    screen.say(f"Unlocked {answer['to']}: its failed checks are forgotten.")
