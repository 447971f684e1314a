"""`openapi`: the description of the API, and of its errors, from the tables they are made of."""

import difflib
import json
from itertools import islice
from pathlib import Path

import click

from watchword_server.api import openapi
from watchword_server.cli import screen
from watchword_server.cli.command import Command, refused

DEFAULT_URL = "http://127.0.0.1:8080"
_DIFFERING_LINES = 20
_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command(cls=Command)
@click.option("--errors", is_flag=True, help="The table of errors instead of the API.")
@click.option("--output", type=_FILE, help="Write it there instead of printing it.")
@click.option("--check", type=_FILE, help="Compare it with that file; exit code 1 if it differs.")
@click.option("--url", default=DEFAULT_URL, show_default=True, help="The server's URL in it.")
def command(errors: bool, output: Path | None, check: Path | None, url: str) -> None:
    """Print, write or check the API's description.

    It reads no settings, so that the same version always writes the same file.
    """
    text = _text(openapi.errors() if errors else openapi.document(url))
    if check is not None:
        _compare(check, text, "--errors " if errors else "")
    elif output is not None:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(text, encoding="utf-8")
    else:
        click.echo(text, nl=False)


def _text(document: object) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _compare(path: Path, text: str, flag: str) -> None:
    try:
        written = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        written = ""
    if written == text:
        return
    lines = difflib.unified_diff(
        written.splitlines(), text.splitlines(), str(path), "this version", lineterm="", n=1
    )
    for line in islice(lines, _DIFFERING_LINES):
        screen.note(line)
    raise refused(
        "The description is out of date",
        f"{path} differs from what this version says.",
        f"watchword-server openapi {flag}--output {path}",
    )
