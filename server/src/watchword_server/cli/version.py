"""`version`: which version this is, and on what it runs."""

import platform
from importlib import metadata

import click

from watchword_server import __version__
from watchword_server.cli import screen
from watchword_server.cli.command import Command, json_option

_PARTS = ("apsw", "cryptography", "phonenumbers", "uvicorn")


@click.command(cls=Command)
@json_option
def command(as_json: bool) -> None:
    """Print the version.

    With --json it comes with those of its parts.
    """
    if as_json:
        parts = {name: metadata.version(name) for name in _PARTS}
        screen.emit({"version": __version__, "python": platform.python_version(), "parts": parts})
        return
    screen.say(f"watchword-server {__version__}")
