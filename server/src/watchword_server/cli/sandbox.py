"""`sandbox`: what there is to try without signing up, and how."""

import os

import click

from watchword_server import telemetry
from watchword_server.cli import screen
from watchword_server.cli.command import Command, json_option
from watchword_server.domain import catalogue, sandbox
from watchword_server.settings import Settings, load

DEV_KEY, DEV_SECRET = next(
    pair for pair in sandbox.CREDENTIALS.items() if pair[0].startswith("watchword")
)
HEADINGS = ("recipient", "what it does", "what happens")
_EXAMPLES = """\
curl -s -u {pair} -H 'Content-Type: application/json' {url}/v1/messages \\
  -d '{{"to": "+10000000005", "template": {{"id": "sandbox-otp-tpl"}}}}'
curl -s -u {pair} {url}/v1/sandbox/messages
curl -s -u {pair} -H 'Content-Type: application/json' {url}/v1/verifications \\
  -d '{{"message_id": "<message_id>", "verify_code": "123456"}}'"""


@click.command(cls=Command)
@json_option
def command(as_json: bool) -> None:
    """Print what can be tried without signing up.

    Credentials, templates and magic recipients of the sandbox, as a server with these settings
    offers them, and calls to copy.
    """
    settings = load(os.environ)
    telemetry.configure("warning", settings.log_format)
    if as_json:
        screen.emit(_document(settings))
        return
    state = "on" if settings.sandbox_is_on else "off: set WATCHWORD_SANDBOX=on"
    screen.facts(
        [
            ("sandbox", state),
            ("url", settings.public_url),
            ("dev_key", DEV_KEY),
            ("dev_secret", DEV_SECRET),
            ("templates", list(catalogue.SANDBOX)),
            ("requests a day", settings.sandbox_requests_per_day),
            ("delay", f"{settings.sandbox_delay_s:g} s"),
        ]
    )
    screen.say()
    screen.table(HEADINGS, rows(), "")
    screen.say()
    pair = f"{DEV_KEY}:{DEV_SECRET}"
    screen.say(_EXAMPLES.format(pair=pair, url=settings.public_url))


def rows() -> list[tuple[str, str, str]]:
    """The magic recipients as a table shows them."""
    return [(row.to, row.does, sandbox.outcome(row)) for row in sandbox.TABLE]


def _document(settings: Settings) -> dict[str, object]:
    return {
        "on": settings.sandbox_is_on,
        "url": settings.public_url,
        "credentials": [
            {"dev_key": key, "dev_secret": secret} for key, secret in sandbox.CREDENTIALS.items()
        ],
        "templates": list(catalogue.SANDBOX),
        "requests_per_day": settings.sandbox_requests_per_day,
        "delay_s": settings.sandbox_delay_s,
        "recipients": [
            {"to": to, "does": does, "outcome": outcome} for to, does, outcome in rows()
        ],
    }
