"""`docs/cli.md`, made from the commands themselves."""

import re
from collections.abc import Iterator

import click

from watchword_server.cli.main import NAME, SECTIONS, load

_INTRODUCTION = f"""\
# The command line

<!-- Made from watchword_server.cli; `server/tests/cli/test_page.py` says how to renew it. -->

`{NAME} --help` prints the commands, `{NAME} <command> --help` one of them.

- `--json` prints one JSON document on standard output. \
A refusal is one too: the problem that a caller over HTTP would get, with `fix`.
- Exit code 0 is success, 1 a refusal or failure, 2 a usage error.
- `projects`, `keys`, `templates`, `routes`, `limits` and `webhooks` work on the database of the \
[settings](settings.md), with or without a running server, through the same operations and \
checks as the API.
- `send`, `inbox` and `verify` call a running server as an application does: they read \
`WATCHWORD_URL`, `WATCHWORD_DEV_KEY` and `WATCHWORD_DEV_SECRET`.
- A duration is written `30d`, `24h`, `15m` or `90s`.
"""


def page() -> str:
    """The whole page."""
    parts = [_INTRODUCTION]
    for title, rows in SECTIONS.items():
        parts.append(f"## {title}\n")
        for name in rows:
            parts.extend(_command(load(name), name))
    return "\n".join(parts)


def _command(command: click.Command, path: str) -> Iterator[str]:
    if isinstance(command, click.Group):
        yield f"### {path}\n\n{_words(command)}\n"
        for name, inner in command.commands.items():
            yield from _one(inner, f"{path} {name}", "####")
    else:
        yield from _one(command, path, "###")


def _one(command: click.Command, path: str, level: str) -> Iterator[str]:
    context = click.Context(command, info_name=f"{NAME} {path}")
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    yield f"{level} {path}\n\n{_words(command)}\n\n```sh\n{usage}\n```\n"
    options = [param for param in command.params if isinstance(param, click.Option)]
    if options:
        rows = "".join(_row(option, context) for option in options)
        yield f"| option | meaning |\n|---|---|\n{rows}"


def _row(option: click.Option, context: click.Context) -> str:
    names = ", ".join(option.opts)
    if option.secondary_opts:
        names += f" / {', '.join(option.secondary_opts)}"
    if not option.is_flag:
        names += f" {option.make_metavar(context)}"
    meaning = (option.help or "").strip()
    if option.required:
        meaning += " Required."
    if option.show_default and option.default is not None:
        meaning += f" Default: `{option.default}`."
    return f"| `{_cell(names)}` | {_cell(meaning)} |\n"


def _words(command: click.Command) -> str:
    """The help in Markdown: one sentence a line, paragraphs kept."""
    paragraphs = re.split(r"\n\s*\n", (command.help or "").strip())
    return "\n\n".join(_sentences(" ".join(text.split())) for text in paragraphs)


def _sentences(text: str) -> str:
    return re.sub(r"(?<=[.:]) (?=[A-Z])", "\n", text)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
