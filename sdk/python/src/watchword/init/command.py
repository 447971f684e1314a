"""The command line of the package: `watchword init`."""

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from watchword.errors import WatchwordError
from watchword.init.detection import TABLE, Project, detect
from watchword.init.planning import Change, changes, mounting
from watchword.protocol import __version__, root_url

INSTALL = {
    "uv": ["uv", "sync"],
    "poetry": ["poetry", "update", "watchword"],
    "npm": ["npm", "install"],
    "pnpm": ["pnpm", "install"],
    "yarn": ["yarn", "install"],
}


def main(words: Sequence[str] | None = None) -> int:
    """Run the command; its exit code."""
    given = _parser().parse_args(words)
    folder = Path(given.folder).resolve()
    try:
        url = root_url(
            given.url or os.environ.get("WATCHWORD_URL") or TABLE["env"]["WATCHWORD_URL"]
        )
        project = detect(folder, given.framework)
        planned = changes(project, url, os.urandom)
    except (WatchwordError, ValueError) as problem:
        sys.stderr.write(f"watchword init: {problem}\n")
        return 1
    say = sys.stdout.write
    say(f"{project.framework} with {project.manager} in {folder}\n")
    if given.dry_run:
        say("".join(each.diff(folder) for each in planned) or "Nothing to change.\n")
        return 0
    for each in planned:
        each.path.parent.mkdir(parents=True, exist_ok=True)
        each.path.write_bytes(each.after.encode())
    say(_told(planned, folder) or "Nothing to change.\n")
    install = _install(project)
    if given.install:
        return subprocess.run(install, cwd=folder, check=False).returncode  # noqa: S603 - INSTALL
    say(_next(project, url, install))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="watchword", description="Verify people, not inboxes.")
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    init = commands.add_parser("init", help="add verification to the project in a folder")
    init.add_argument("folder", nargs="?", default=".", help="the project (default: here)")
    init.add_argument("--framework", choices=TABLE["frameworks"], help="instead of looking")
    init.add_argument(
        "--url", help="the Watchword server (default: WATCHWORD_URL, or this machine's)"
    )
    init.add_argument("--dry-run", action="store_true", help="show the changes and make none")
    init.add_argument("--install", action="store_true", help="run the package manager afterwards")
    return parser


def _install(project: Project) -> list[str]:
    by_pip = ["-r", project.manifest.name] if project.manifest.suffix == ".txt" else ["-e", "."]
    return INSTALL.get(project.manager) or [sys.executable, "-m", "pip", "install", *by_pip]


def _told(planned: list[Change], folder: Path) -> str:
    return "".join(
        f"{'made' if each.before is None else 'added to'} {each.path.relative_to(folder)}\n"
        for each in planned
    )


def _next(project: Project, url: str, install: list[str]) -> str:
    here = f"http://127.0.0.1:{project.row['port']}{project.row['prefix']}"
    command = " ".join(["pip", *install[3:]] if install[0] == sys.executable else install)
    steps = [command]
    if mounting(project):
        steps.append("add to your app:\n" + "\n".join(f"     {line}" for line in mounting(project)))
    steps += [
        "set -a; . ./.env; set +a   # then start your app",
        f"""curl {here}/send -H 'Content-Type: application/json' -d '{{"to": "+10000000005"}}'""",
        f"""curl {here}/verify -H 'Content-Type: application/json' \\
       -d '{{"message_id": "FROM THE ANSWER", "code": "123456"}}'""",
        f"""curl {url}/v1/webhook-endpoints -u "$WATCHWORD_DEV_KEY:$WATCHWORD_DEV_SECRET" \\
       -H 'Content-Type: application/json' \\
       -d '{{"url": "{here}/webhook", "secret": "'"$WATCHWORD_WEBHOOK_SECRET"'"}}'""",
    ]
    numbered = "".join(f"  {number}. {step}\n" for number, step in enumerate(steps, 1))
    return f"\nNext, with a server running at {url} (uvx watchword-server serve):\n{numbered}"


if __name__ == "__main__":
    sys.exit(main())
