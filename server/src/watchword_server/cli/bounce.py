"""`bounce`: what a mail server pipes returned mail into."""

import asyncio
import os
import sys

import click

from watchword_server import telemetry
from watchword_server.cli import screen
from watchword_server.cli.command import Command, json_option, private_files, refused
from watchword_server.domain.errors import StoreUnavailable
from watchword_server.ports.providers import Callback, Forged, Unreadable
from watchword_server.runtime import Runtime
from watchword_server.services.bouncing import Bounced
from watchword_server.settings import load

MAX_BYTES = 65_536
TRY_AGAIN = 75
"""EX_TEMPFAIL of sysexits.h: Postfix and Exim keep the mail, and run the command again later."""
_SAYS = {
    Bounced.TAKEN: "The delivery was found, and its state is written.",
    Bounced.NOTHING: "The mail says nothing final: nothing was changed.",
    Bounced.UNKNOWN: "No delivery of that id is recorded (yet): try again.",
}


@click.command(cls=Command)
@click.option("--provider", required=True, metavar="NAME", help="The mail account.")
@click.option("--project", metavar="NAME_OR_ID", help="Whose account; unset, the settings file's.")
@click.option("--recipient", metavar="ADDRESS", help="Whom the envelope named; else the header.")
@json_option
def command(provider: str, project: str | None, recipient: str | None, as_json: bool) -> None:
    """Take a bounced mail from standard input.

    A mail to an address that was not made here, or one that cannot be read, is refused and changes
    nothing.  The exit code is 0 in any case, so that the mail server answers nobody, but for 75
    where it is to try again.
    """
    settings = load(os.environ)
    telemetry.configure("warning", settings.log_format)
    private_files()
    callback = Callback(
        method="POST", url="", query={} if recipient is None else {"recipient": recipient},
        headers={"content-type": "message/rfc822"}, body=_mail(),
    )  # fmt: skip

    async def run() -> Bounced:
        runtime = await Runtime.open(settings)
        try:
            owner = (await runtime.operator(project)).project if project else None
            return await runtime.bouncing.take(owner, provider, callback)
        finally:
            await runtime.close()

    try:
        outcome = asyncio.run(run())
    except LookupError:
        raise refused(
            "No such account",
            f"No mail account is named {provider!r} there.",
            "Name the project with --project, or set WATCHWORD_SMTP_HOST for the account smtp.",
        ) from None
    except (Forged, Unreadable) as error:
        _say("refused", str(error), as_json=as_json)
    except StoreUnavailable as error:
        _say("unavailable", str(error), as_json=as_json)
        raise click.exceptions.Exit(TRY_AGAIN) from None
    else:
        _say(outcome.value, _SAYS[outcome], as_json=as_json)
        if outcome is Bounced.UNKNOWN:
            raise click.exceptions.Exit(TRY_AGAIN)


def _mail() -> bytes:
    """The mail, cut off behind the most that is read of it: the report stands before the content
    that is returned with it."""
    return sys.stdin.buffer.read(MAX_BYTES)


def _say(outcome: str, says: str, *, as_json: bool) -> None:
    if as_json:
        screen.emit({"outcome": outcome, "says": says})
    else:
        screen.note(says)
