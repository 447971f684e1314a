"""The command line's front door: it knows every command's name and line, and loads one.

Help has to appear at once, so nothing but Click is imported before it is clear what was asked.
"""

from collections.abc import Iterable
from importlib import import_module
from typing import NamedTuple

import click

from watchword_server import __version__

NAME = "watchword-server"
CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 96}


class Row(NamedTuple):
    """A command: the module with its `command`, and its line in the help."""

    module: str
    line: str


SECTIONS: dict[str, dict[str, Row]] = {
    "Run": {
        "serve": Row("serve", "Run the server until SIGTERM or SIGINT."),
        "demo": Row("demo", "Send, deliver and verify one code against a throw-away server."),
        "doctor": Row("doctor", "Check settings, database, pepper file and surroundings."),
        "migrate": Row("migrate", "Bring the database to this version's schema."),
    },
    "Administer": {
        "projects": Row("projects", "Create, list, change and delete projects."),
        "keys": Row("keys", "Create, list, rotate, disable and delete API keys."),
        "templates": Row("templates", "Write, preview and review a project's templates."),
        "routes": Row("routes", "Save, check and read a project's routes."),
        "oauth": Row("oauth", "Grant MCP clients access by OAuth, or end it."),
        "limits": Row("limits", "Unlock an address that failed too often."),
        "providers": Row("providers", "Add vendors' accounts, try them, see how they are."),
        "opt-outs": Row("opt_outs", "See and change who gets no messages."),
        "bounce": Row("bounce", "Take a bounced mail from standard input."),
        "webhooks": Row("webhooks", "Post events to URLs; see what became of each; replay."),
    },
    "Use": {
        "send": Row("send", "Send a code through the server at WATCHWORD_URL."),
        "inbox": Row("inbox", "Read the messages and codes of a project that is not live."),
        "listen": Row("listen", "Show events as they happen, and forward them to a local URL."),
        "sandbox": Row("sandbox", "Print what can be tried without signing up."),
        "verify": Row("verify", "Check a code; exit code 0 means that it was the right one."),
    },
    "Describe": {
        "skills": Row("skills", "Give coding agents the skills for Watchword."),
        "openapi": Row("openapi", "Print, write or check the API's description."),
        "version": Row("version", "Print the version."),
    },
}
ROWS = {name: row for section in SECTIONS.values() for name, row in section.items()}


def load(name: str) -> click.Command:
    """The command of that name; the one place that imports a module on demand."""
    module = import_module(f"watchword_server.cli.{ROWS[name].module}")
    command = module.command
    if not isinstance(command, click.Command):
        raise TypeError(f"{module.__name__}.command is not a command")
    return command


class LazyGroup(click.Group):
    """A group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every name, in the order of the help."""
        return list(ROWS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, imported now."""
        return load(cmd_name) if cmd_name in ROWS else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that was asked for, or an error with the nearest names."""
        if args[0] not in ROWS and not args[0].startswith("-"):
            raise click.exceptions.NoSuchCommand(args[0], possibilities=_near(args[0]), ctx=ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The commands in their sections, without importing any."""
        width = max(map(len, ROWS))
        for title, rows in SECTIONS.items():
            with formatter.section(title):
                lines = [(name.ljust(width), row.line) for name, row in rows.items()]
                formatter.write_dl(lines)


def _near(name: str) -> Iterable[str]:
    starting = [known for known in ROWS if known.startswith(name[:3])]
    return starting or ROWS


@click.command(cls=LazyGroup, context_settings=CONTEXT)
@click.version_option(__version__, prog_name=NAME, message="%(prog)s %(version)s")
def main() -> None:
    """Watchword: a self-hosted platform for one-time codes.

    Settings come from WATCHWORD_... variables or watchword.toml; see docs/settings.md.
    """
