"""`skills`: put the Agent Skills of this server where coding agents look for them, offline."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import click

from watchword_server.api.site.skills import Skill, skills
from watchword_server.cli import screen
from watchword_server.cli.command import Group, json_option, refused


class Client(NamedTuple):
    """Where a coding agent reads skills: below a project, and below the home directory."""

    project: str
    home: str


_SHARED = ".agents/skills"
CLIENTS = {
    # https://docs.cursor.com/context/skills
    "cursor": Client(_SHARED, ".cursor/skills"),
    # https://code.claude.com/docs/en/skills
    "claude-code": Client(".claude/skills", ".claude/skills"),
    # https://developers.openai.com/codex/skills
    "codex": Client(_SHARED, _SHARED),
    # https://docs.windsurf.com
    "windsurf": Client(_SHARED, ".codeium/windsurf/skills"),
    # https://docs.github.com/copilot: skills of Copilot in editors, CLI and cloud
    "copilot": Client(_SHARED, ".copilot/skills"),
    # https://geminicli.com/docs/cli/skills: the shared folder wins over its own
    "gemini": Client(_SHARED, _SHARED),
}
_ALL = "all"


class Placed(NamedTuple):
    """What becomes of one skill in one folder."""

    skill: str
    folder: Path
    state: str


@click.group(cls=Group)
def command() -> None:
    """Give coding agents the skills for Watchword.

    They come from this installation: nothing is downloaded.
    """


@command.command("list")
@json_option
def show(as_json: bool) -> None:
    """List the skills."""
    if as_json:
        rows = [{**each.front, "files": list(each.files)} for each in skills()]
        screen.emit({"data": rows})
        return
    cells = [(each.name, each.description.partition(". ")[0]) for each in skills()]
    screen.table(("skill", "what it does"), cells, "There is no skill.")


@command.command("install")
@click.option(
    "--agent", "agents", type=click.Choice([*CLIENTS, _ALL]), multiple=True, required=True,
    help="For whom; repeat it.",
)  # fmt: skip
@click.option("--skill", "names", metavar="NAME", multiple=True, help="Only this one; repeat it.")
@click.option("--global", "everywhere", is_flag=True, help="For all projects of this user.")
@click.option("--dry-run", is_flag=True, help="Say what would be written, and write nothing.")
@json_option
def install(
    agents: Sequence[str], names: Sequence[str], everywhere: bool, dry_run: bool, as_json: bool
) -> None:
    """Write the skills where an agent reads them.

    Below the working directory, or with --global below the home directory.  A second run changes
    nothing; after an upgrade of the server it brings the skills up to date.
    """
    chosen = CLIENTS if _ALL in agents else {name: CLIENTS[name] for name in agents}
    root = Path.home() if everywhere else Path.cwd()
    folders = {root / (each.home if everywhere else each.project): None for each in chosen.values()}
    placed = [
        Placed(each.name, folder / each.name, _place(each, folder / each.name, dry_run))
        for folder in folders
        for each in _wanted(names)
    ]
    if as_json:
        rows = [{**each._asdict(), "folder": str(each.folder)} for each in placed]
        screen.emit({"dry_run": dry_run, "data": rows})
        return
    cells = [(each.skill, each.state, each.folder) for each in placed]
    screen.table(("skill", "state", "folder"), cells, "There is no skill.")
    if dry_run:
        screen.say("Nothing was written.")


def _wanted(names: Sequence[str]) -> tuple[Skill, ...]:
    known = {each.name: each for each in skills()}
    for name in names:
        if name not in known:
            raise refused(
                "There is no such skill", f"Known are {', '.join(known)}.",
                "Run: watchword-server skills list",
            )  # fmt: skip
    return tuple(known[name] for name in names or known)


def _place(skill: Skill, folder: Path, dry_run: bool) -> str:
    changed = list(_changed(skill, folder))
    if not changed:
        return "unchanged"
    state = "updated" if (folder / "SKILL.md").exists() else "installed"
    for path in () if dry_run else changed:
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(skill.files[path])
        if skill.files[path].startswith(b"#!"):
            target.chmod(0o755)
    return f"would be {state}" if dry_run else state


def _changed(skill: Skill, folder: Path) -> Iterator[str]:
    for path, content in skill.files.items():
        target = folder / path
        if not target.is_file() or target.read_bytes() != content:
            yield path
