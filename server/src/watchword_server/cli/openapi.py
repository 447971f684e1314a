"""`openapi`: what the API, its errors, events and tools are, from the tables they are made of."""

import difflib
import json
from itertools import islice
from pathlib import Path

import click

from watchword_server.api import event_schemas, openapi
from watchword_server.api.resources import tool_table
from watchword_server.cli import screen
from watchword_server.cli.command import Command, refused

DEFAULT_URL = "http://127.0.0.1:8080"
_DIFFERING_LINES = 20
_PATH = click.Path(path_type=Path)


@click.command(cls=Command)
@click.option("--errors", is_flag=True, help="The table of errors instead of the API.")
@click.option("--events", is_flag=True, help="JSON Schemas of the events; a folder of files.")
@click.option("--tools", is_flag=True, help="The tools that a model may call.")
@click.option("--output", type=_PATH, help="Write it there instead of printing it.")
@click.option("--check", type=_PATH, help="Compare it with that file; exit code 1 if it differs.")
@click.option("--url", default=DEFAULT_URL, show_default=True, help="The server's URL in it.")
def command(
    errors: bool, events: bool, tools: bool, output: Path | None, check: Path | None, url: str
) -> None:
    """Print, write or check the API's description.

    It reads no settings, so that the same version always writes the same file.
    """
    if events:
        _events(output, check)
        return
    document = (
        openapi.errors() if errors else tool_table.neutral() if tools else openapi.document(url)
    )
    text, flag = _text(document), "--errors " if errors else "--tools " if tools else ""
    if check is not None:
        _compare(check, text, f"{flag}--output {check}")
    elif output is not None:
        _write(output, text)
    else:
        click.echo(text, nl=False)


def _events(output: Path | None, check: Path | None) -> None:
    schemas = event_schemas.schemas()
    for name, schema in schemas.items():
        if check is not None:
            _compare(check / name, _text(schema), f"--events --output {check}")
        elif output is not None:
            _write(output / name, _text(schema))
    if check is not None:
        for path in sorted(check.glob("*.json")):
            if path.name not in schemas:
                raise refused("A schema too many", f"No event is described by {path}.", "Delete it")
    elif output is None:
        click.echo(_text(schemas), nl=False)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _text(document: object) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _compare(path: Path, text: str, flags: str) -> None:
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
        f"watchword-server openapi {flags}",
    )
