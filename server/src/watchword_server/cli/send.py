"""`send`: a code through a running server, by the Python SDK."""

import click

from watchword_server.cli import screen
from watchword_server.cli.calling import calling
from watchword_server.cli.command import Command, json_option
from watchword_server.domain.project import Mode


def _pairs(_ctx: click.Context, _param: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    pairs = dict(value.partition("=")[::2] for value in values)
    if any("=" not in value for value in values):
        raise click.BadParameter("write name=value")
    return pairs


@click.command(cls=Command)
@click.option("--to", required=True, help="A phone number such as +14155552671, or an email.")
@click.option("--template", default="otp-sms", show_default=True, help="The template's id.")
@click.option("--language", help="A language tag such as en or pt-BR.")
@click.option(
    "--param",
    "params",
    multiple=True,
    callback=_pairs,
    metavar="NAME=VALUE",
    help="A variable of the template; repeat it.",
)
@click.option("--channel", help="One channel of the template, such as sms.")
@json_option
def command(
    to: str,
    template: str,
    language: str | None,
    params: dict[str, str],
    channel: str | None,
    as_json: bool,
) -> None:
    """Send a code through the server at WATCHWORD_URL.

    It calls with WATCHWORD_DEV_KEY and WATCHWORD_DEV_SECRET, as any application does.
    """
    with calling() as client:
        sent = client.messages.send(
            to=to, template_id=template, language=language, params=params or None, channel=channel
        )
    if as_json:
        screen.emit(dict(sent.raw))
        return
    where = "" if sent.mode in (None, "live") else f" ({sent.mode}: it stays in the inbox)"
    screen.say(f"Sent by {sent.send_channel}{where}.")
    screen.facts([("message_id", sent.message_id), ("expires", screen.moment(sent.expires_at))])
    if sent.mode == Mode.DEVELOPMENT:
        screen.say("Read it: watchword-server inbox")
    screen.say(f"Next: watchword-server verify {sent.message_id}")
