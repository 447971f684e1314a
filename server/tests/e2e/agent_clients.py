"""Real coding agents and their installers, each in a home directory of its own, offline."""

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import services_needed

_TIMEOUT_S = 180
_QUIET = {
    "CI": "1",
    "DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
    "DISABLE_AUTOUPDATER": "1",
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    "NO_COLOR": "1",
}


@dataclass(frozen=True)
class Machine:
    """A user's machine: a home, and a project in it."""

    home: Path
    project: Path

    @classmethod
    def under(cls, folder: Path) -> "Machine":
        made = cls(folder / "home", folder / "home" / "project")
        made.project.mkdir(parents=True)
        return made

    def run(self, *command: str) -> str:
        """What a program says, run in the project; it has to end with 0."""
        node = Path(services_needed.node_22()).parent
        path = f"{self.home / 'bin'}:{node}:{os.environ['PATH']}"
        given = {name: word for name, word in os.environ.items() if name.startswith("WATCHWORD_")}
        own = {"HOME": str(self.home), "PATH": path, **_QUIET, **given}
        done = subprocess.run(
            command, cwd=self.project, env=own, capture_output=True, text=True,
            timeout=_TIMEOUT_S, check=False, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        assert done.returncode == 0, f"{command[:3]}\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
        return done.stdout + done.stderr

    def npm_program(self, package: str, entry: str, *words: str) -> str:
        """The same of a JavaScript program."""
        script = services_needed.require_package(package) / entry
        return self.run(services_needed.node_22(), str(script), *words)

    def binary(self, package: str, name: str, *words: str) -> str:
        """The same of a program that comes in a package; npm leaves out that it may be run."""
        folder = services_needed.require_package(package)
        program = next(path for path in sorted(folder.rglob(name)) if path.is_file())
        program.chmod(0o755)
        return self.run(str(program), *words)


def files(folder: Path) -> Mapping[str, bytes]:
    """Every file below a folder, by its path in it, through links too."""
    found = (
        Path(place, name) for place, _, names in os.walk(folder, followlinks=True) for name in names
    )
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}
