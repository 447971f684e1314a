"""`docs/cli.md` and `docs/cli/`, made from the commands themselves.

python -m watchword_server.cli.page docs
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from watchword_server.cli.main import NAME, SECTIONS, load

_MADE = "<!-- Made from watchword_server.cli by `python -m watchword_server.cli.page docs`. -->"
_INTRODUCTION = f"""\
# The command line

{_MADE}

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


def pages() -> dict[str, str]:
    """The pages by their file below `docs/`: all commands, and one page for each group."""
    parts, found = [_INTRODUCTION], {}
    for title, rows in SECTIONS.items():
        parts.append(f"## {title}\n")
        for name in rows:
            command = load(name)
            if isinstance(command, click.Group):
                found[f"cli/{name}.md"] = _group(command, name)
                parts.append(f"### {name}\n\n{_words(command)}\n\n[Its commands](cli/{name}.md)\n")
            else:
                parts.extend(_one(command, name, "###"))
    return {"cli.md": "\n".join(parts), **found}


def _group(group: click.Group, name: str) -> str:
    parts = [f"# {NAME} {name}\n\n{_MADE}\n\n{_words(group)}\n"]
    for inner, command in group.commands.items():
        parts.extend(_one(command, f"{name} {inner}", "##"))
    return "\n".join(parts)


def _one(command: click.Command, path: str, level: str) -> Iterator[str]:
    context = click.Context(command, info_name=f"{NAME} {path}")
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    yield f"{level} {path}\n\n{_words(command)}\n\n```text\n{usage}\n```\n"
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


def write(folder: Path) -> None:
    """Write every page below `folder`."""
    for name, text in pages().items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
