"""What a project is made of, told from its files."""

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Final

from watchword.errors import WatchwordError

TABLE: Final[Mapping[str, Any]] = json.loads(
    (resources.files("watchword.init") / "templates/frameworks.json").read_text(encoding="utf-8")
)
_NAME: Final = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)")


class NotUnderstood(WatchwordError):
    """The project is none that can be set up; the text says what would help."""


@dataclass(frozen=True)
class Project:
    """A project: where it is, its framework, its package manager, and the file that names packages.

    Attributes:
        manager: uv, poetry, pip, npm, pnpm or yarn.
    """

    folder: Path
    framework: str
    manager: str
    manifest: Path

    @property
    def row(self) -> Mapping[str, Any]:
        """The framework's row in the table."""
        row: Mapping[str, Any] = TABLE["frameworks"][self.framework]
        return row


def detect(folder: Path, framework: str | None = None) -> Project:
    """What is in `folder`; a `framework` that is given is believed.

    Raises:
        NotUnderstood: no manifest, or no framework of the table in it.
    """
    found = {**dict.fromkeys(_python(folder), "python"), **dict.fromkeys(_node(folder), "node")}
    for name, row in TABLE["frameworks"].items():
        needed = row["package"], row["language"]
        if framework == name or (framework is None and found.get(needed[0]) == needed[1]):
            manifest, manager = (
                _node_manifest(folder) if row["language"] == "node" else _python_manifest(folder)
            )
            return Project(folder, name, manager, manifest)
    known = ", ".join(TABLE["frameworks"])
    raise NotUnderstood(
        f"No framework found in {folder}: looked for {known} in package.json, pyproject.toml and "
        "requirements.txt. Run it in the project's folder, or name one with --framework."
    )


def _node(folder: Path) -> Iterator[str]:
    path = folder / "package.json"
    if path.is_file():
        manifest = json.loads(path.read_text(encoding="utf-8"))
        yield from {**manifest.get("dependencies", {}), **manifest.get("devDependencies", {})}


def _python(folder: Path) -> Iterator[str]:
    path = folder / "pyproject.toml"
    lines: list[str] = []
    if path.is_file():
        manifest = tomllib.loads(path.read_text(encoding="utf-8"))
        lines += manifest.get("project", {}).get("dependencies", [])
        lines += manifest.get("tool", {}).get("poetry", {}).get("dependencies", {})
    for path in _requirements(folder):
        lines += path.read_text(encoding="utf-8").splitlines()
    for line in lines:
        if name := _NAME.match(line):
            yield normal(name[1])
    if (folder / "manage.py").is_file():
        yield "django"


def _requirements(folder: Path) -> list[Path]:
    return [path for path in (folder / "requirements.txt",) if path.is_file()]


def _python_manifest(folder: Path) -> tuple[Path, str]:
    pyproject = folder / "pyproject.toml"
    if not pyproject.is_file():
        return folder / "requirements.txt", "pip"
    manifest = tomllib.loads(pyproject.read_text(encoding="utf-8"))
    if (folder / "poetry.lock").is_file() or "poetry" in manifest.get("tool", {}):
        return pyproject, "poetry"
    if (folder / "uv.lock").is_file() or "uv" in manifest.get("tool", {}):
        return pyproject, "uv"
    if "dependencies" not in manifest.get("project", {}) and _requirements(folder):
        return folder / "requirements.txt", "pip"
    return pyproject, "pip"


def _node_manifest(folder: Path) -> tuple[Path, str]:
    manifest = folder / "package.json"
    if not manifest.is_file():
        raise NotUnderstood(f"There is no package.json in {folder}. Make one: npm init -y")
    said = json.loads(manifest.read_text(encoding="utf-8")).get("packageManager", "")
    locks = {"pnpm": "pnpm-lock.yaml", "yarn": "yarn.lock"}
    for manager, lock in locks.items():
        if said.startswith(f"{manager}@") or (folder / lock).is_file():
            return manifest, manager
    return manifest, "npm"


def normal(name: str) -> str:
    """A Python package's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()
