"""What every command has in common: --json, and errors that say what to do.

A refusal ends in exit code 1 with title, detail and fix on standard error, or with --json as
one problem document on standard output.  A usage error is exit code 2.
"""

import os
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import click

from watchword_server import telemetry
from watchword_server.cli import screen
from watchword_server.domain.errors import (
    KINDS,
    UNAVAILABLE,
    Misconfigured,
    StoreUnavailable,
    WatchwordError,
)

F = TypeVar("F", bound=Callable[..., object])

_FIXES = {(kind.title, kind.status): kind.fix for kind in KINDS}


class Refused(WatchwordError):
    """An operation was refused; `problem` is its answer."""

    def __init__(self, problem: Mapping[str, Any]) -> None:
        super().__init__(str(problem.get("detail") or problem.get("title")))
        self.problem = with_fix(problem)


def with_fix(problem: Mapping[str, Any]) -> dict[str, Any]:
    """The problem with the advice of the table of errors."""
    fix = _FIXES.get((str(problem.get("title")), int(problem.get("status") or 0)))
    return {**problem, "fix": problem.get("fix") or fix} if fix else dict(problem)


def refused(title: str, detail: str, fix: str) -> Refused:
    """A refusal by the command line itself."""
    return Refused({"title": title, "detail": detail, "fix": fix})


class Command(click.Command):
    """A command that ends in words instead of a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run it; every error becomes a problem and an exit code."""
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise  # whoever reads the output may stop reading: click ends quietly then
        except Exception as error:
            report(document(error), as_json=bool(ctx.params.get("as_json")))
            ctx.exit(1)


class Group(click.Group):
    """A group of such commands."""

    command_class = Command


def report(problem: Mapping[str, Any], *, as_json: bool) -> None:
    """Print a problem where and how it was asked for."""
    if as_json:
        screen.emit(problem)
    else:
        screen.problem(problem)


def document(error: Exception) -> dict[str, Any]:
    """An exception as a problem."""
    if isinstance(error, Refused):
        return dict(error.problem)
    if isinstance(error, Misconfigured):
        return {
            "title": "A setting is wrong",
            "detail": str(error),
            "next_action": "configure_server",
        }
    if isinstance(error, StoreUnavailable):
        return {
            "title": UNAVAILABLE.title,
            "status": UNAVAILABLE.status,
            "detail": "The database did not take the change; nothing was done.",
            "fix": "Is the disk full, or the database locked? Run: watchword-server doctor",
        }
    telemetry.get_logger("cli").error("the command failed", exc_info=error)
    return {
        "title": "Unexpected error",
        "detail": f"{type(error).__name__}: the log lines above say where.",
        "fix": "This is a defect. Report it with those lines; they hold no code and no address.",
    }


def private_files() -> None:
    """From here on this process makes files for its own user alone: database, logs, keys."""
    os.umask(0o077)


def json_option(function: F) -> F:
    """--json."""
    return click.option(
        "--json", "as_json", is_flag=True, help="Print one JSON document, for scripts."
    )(function)


def project_option(function: F) -> F:
    """--project."""
    return click.option(
        "--project",
        "project",
        metavar="NAME_OR_ID",
        help="The project to work in; unset, the default project.",
    )(function)
