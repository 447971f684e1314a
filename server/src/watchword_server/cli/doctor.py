"""`doctor`: look at everything a server depends on, and say what to do."""

import os
from contextlib import nullcontext

import click
from rich.console import Console

from watchword_server import telemetry
from watchword_server.cli import mail_domain, screen, storage_checks, surroundings
from watchword_server.cli.command import Command, json_option, private_files
from watchword_server.cli.findings import FAIL, OK, WARN, Check, Finding, in_force
from watchword_server.domain.errors import Misconfigured
from watchword_server.settings import Settings, load

CHECKS: tuple[Check, ...] = (
    storage_checks.database,
    storage_checks.space,
    storage_checks.pepper,
    storage_checks.contents,
    surroundings.mail,
    mail_domain.mail_domain,
    surroundings.port,
    surroundings.public_url,
    surroundings.sandbox,
    surroundings.clock,
)


@click.command(cls=Command)
@json_option
def command(as_json: bool) -> None:
    """Check settings, database, pepper file and surroundings.

    Each line is ok, warn or fail, with a fix.  It changes nothing, and a server may be running.
    Exit code 1 means that a server would not start or not work.
    """
    telemetry.configure("error")
    private_files()
    found, shown = _examine()
    failed = any(each.status == FAIL for each in found)
    if as_json:
        checks = [
            {"check": each.check, "status": each.status, "says": each.says, "fix": each.fix}
            for each in found
        ]
        screen.emit({"ok": not failed, "settings": shown, "checks": checks})
    else:
        _print(found, shown)
    if failed:
        raise click.exceptions.Exit(1)


def _examine() -> tuple[list[Finding], dict[str, str]]:
    try:
        settings = load(os.environ)
    except Misconfigured as error:
        return [Finding("settings", FAIL, str(error), "Correct it, then run doctor again.")], {}
    shown = in_force(settings)
    count = f"{len(shown)} set" if shown else "all at their defaults"
    source = f", with {settings.config}" if settings.config else ""
    found = [Finding("settings", OK, f"{count}{source}")]
    console = Console(stderr=True)
    for check in CHECKS:
        busy = (
            console.status(f"Looking at {_name(check)}") if console.is_terminal else nullcontext()
        )
        with busy:
            found.extend(_safely(check, settings))
    return found, shown


def _name(check: Check) -> str:
    return check.__name__.replace("_", " ")


def _safely(check: Check, settings: Settings) -> list[Finding]:
    """The findings of a check; one that fails itself is a finding too."""
    try:
        return list(check(settings))
    except Exception as error:
        telemetry.get_logger("doctor").error("a check failed", exc_info=error)
        says = f"the check itself failed ({type(error).__name__})"
        return [
            Finding(
                _name(check), FAIL, says, "This is a defect: report it with the log lines above."
            )
        ]


def _print(found: list[Finding], shown: dict[str, str]) -> None:
    width = max(len(each.check) for each in found)
    for each in found:
        screen.say(f"{screen.mark(each.status)}  {each.check.ljust(width)}  {each.says}")
        if each.fix and each.status != OK:
            screen.say(f"{' ' * (width + 8)}{click.style('Fix:', bold=True)} {each.fix}")
    if shown:
        screen.say()
        screen.say("Settings that are not at their defaults:")
        screen.facts(list(shown.items()))
    screen.say()
    counts = {status: sum(each.status == status for each in found) for status in (WARN, FAIL)}
    if not any(counts.values()):
        screen.say("All is well.")
    else:
        screen.say(f"{counts[FAIL]} failed, {counts[WARN]} to look at.")
