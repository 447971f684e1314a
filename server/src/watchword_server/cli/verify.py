"""`verify`: check a code against a running server, by the Python SDK."""

import click

from watchword_server.cli import screen
from watchword_server.cli.calling import calling
from watchword_server.cli.command import Command, json_option


@click.command(cls=Command)
@click.argument("message_id")
@click.argument("code", required=False)
@json_option
def command(message_id: str, code: str | None, as_json: bool) -> None:
    """Check a code; exit code 0 means that it was the right one.

    Leave CODE out to be asked for it, so that it does not stay in your shell's history.
    It calls the server at WATCHWORD_URL with WATCHWORD_DEV_KEY and WATCHWORD_DEV_SECRET.
    """
    typed = code or click.prompt("Code", hide_input=True, err=True)
    with calling() as client:
        checked = client.verifications.check(message_id=message_id, code=typed)
    if as_json:
        screen.emit(dict(checked.raw))
    elif checked.verified:
        screen.say(f"Verified: {checked.status} ({checked.assurance}).")
    else:
        screen.say(f"Not verified: {checked.status}, {checked.checks_left} checks left.")
    if not checked.verified:
        raise click.exceptions.Exit(1)
