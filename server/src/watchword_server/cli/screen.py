"""What a person or a script reads: aligned text on a screen, one JSON document with --json."""

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import click

Facts = Sequence[tuple[str, object]]

_GAP = "  "
_MARKS = {"ok": ("ok", "green"), "warn": ("warn", "yellow"), "fail": ("fail", "red")}


def emit(document: object) -> None:
    """Print one JSON document."""
    click.echo(json.dumps(document, indent=2, ensure_ascii=False))


def say(text: str = "") -> None:
    """Print a line."""
    click.echo(text)


def note(text: str) -> None:
    """Print a remark where it does not end up in a script's pipe."""
    click.secho(text, err=True, dim=True)


def facts(pairs: Facts) -> None:
    """Print names and values, one pair a line."""
    width = max((len(name) for name, _ in pairs), default=0)
    for name, value in pairs:
        click.echo(f"{_GAP}{click.style(name.ljust(width), dim=True)}{_GAP}{shown(value)}")


def table(headings: Sequence[str], rows: Sequence[Sequence[object]], nothing: str) -> None:
    """Print rows under headings, or the sentence that says there are none."""
    if not rows:
        say(nothing)
        return
    cells = [[shown(value) for value in row] for row in rows]
    widths = [
        max(len(heading), *(len(row[place]) for row in cells))
        for place, heading in enumerate(headings)
    ]
    click.secho(_row([heading.upper() for heading in headings], widths), dim=True)
    for row in cells:
        say(_row(row, widths))


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
    return _GAP.join(padded).rstrip()


def shown(value: object) -> str:
    """A value in words."""
    if value is None or value == "" or value == []:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(shown(item) for item in value)
    if isinstance(value, dict):  # as it may be typed in again, behind --set
        return json.dumps(value, ensure_ascii=False)
    return str(value)


def moment(when: object) -> str:
    """An RFC 3339 instant without what nobody reads."""
    return str(when)[:19].replace("T", " ") + " UTC" if when else "-"


def mark(status: str) -> str:
    """`ok`, `warn` or `fail`, in its colour and always as wide."""
    word, colour = _MARKS[status]
    return click.style(word.ljust(4), fg=colour, bold=status != "ok")


def problem(document: Mapping[str, Any]) -> None:
    """Print a refusal: what it is, what exactly, what to do."""
    status = document.get("status")
    title = str(document.get("title") or "It failed")
    number = f" ({status})" if status else ""
    click.secho(f"{title}{number}", err=True, fg="red", bold=True)
    detail = document.get("detail")
    if detail and detail != title:
        click.echo(str(detail), err=True)
    if document.get("fix"):
        click.echo(f"{click.style('Fix:', bold=True)} {document['fix']}", err=True)
    rest = {
        name: document[name]
        for name in ("field", "rule", "reason", "limit", "retry_after", "message_id", "request_id")
        if document.get(name) is not None
    }
    if rest:
        line = _GAP.join(f"{name}={value}" for name, value in rest.items())
        click.secho(line, err=True, dim=True)


def is_terminal() -> bool:
    """Whether somebody watches."""
    return sys.stderr.isatty()
