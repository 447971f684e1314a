"""The Agent Skills of this repository, as files, and as a server offers them.

Discovery is version 0.2.0 of the `agent-skills` well-known index (an archive and its digest for
each skill), with the older index of single files beside it:
https://github.com/cloudflare/agent-skills-discovery-rfc
"""

import gzip
import hashlib
import io
import json
import re
import tarfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from watchword_server.api.site import sources

INDEX = "/.well-known/agent-skills/index.json"
OLDER_INDEX = "/.well-known/skills/index.json"
_SCHEMA = "https://schemas.agentskills.io/discovery/0.2.0/schema.json"
_MAIN = "SKILL.md"
_FRONT = re.compile(r"\A---\n(.*?)\n---\n", re.DOTALL)
_LINE = re.compile(r"( *)([\w-]+):(?: (.*))?")
_NOT_SHIPPED = frozenset({"__pycache__", ".DS_Store"})


class Skill(NamedTuple):
    """One skill: what its front matter says, and its files by their path inside its folder."""

    front: dict[str, Any]
    files: Mapping[str, bytes]

    @property
    def name(self) -> str:
        """What it is called, which is its folder's name as well."""
        return str(self.front["name"])

    @property
    def description(self) -> str:
        """What it is for, and when."""
        return str(self.front["description"])


def skills_folder() -> Path:
    """The folder of the skills: in the installed package, or in the repository."""
    return sources.folder("skills")


@cache
def skills() -> tuple[Skill, ...]:
    """Every skill, by name."""
    return read_all(skills_folder())


def read_all(root: Path) -> tuple[Skill, ...]:
    """Every skill of a folder, by name."""
    return tuple(read(main.parent) for main in sorted(root.glob(f"*/{_MAIN}")))


def read(folder: Path) -> Skill:
    """The skill in a folder."""
    files = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not _NOT_SHIPPED.intersection(path.relative_to(folder).parts)
    }
    return Skill(front_matter(files[_MAIN].decode()), files)


def front_matter(text: str) -> dict[str, Any]:
    """The front matter of a SKILL.md: names, strings, and maps of strings one level deep.

    Raises:
        ValueError: it is more of YAML than this.
    """
    found = _FRONT.match(text)
    front: dict[str, Any] = {}
    inner: dict[str, Any] = {}
    for line in found[1].split("\n") if found else ():
        parts = _LINE.fullmatch(line)
        if parts is None or (parts[1] and parts[3] is None):
            raise ValueError(f"front matter that is not understood: {line!r}")
        if parts[3] is None:
            inner = front[parts[2]] = {}
        else:
            (inner if parts[1] else front)[parts[2]] = _value(parts[3])
    if not front.keys() >= {"name", "description"}:
        raise ValueError("a SKILL.md begins with its name and description")
    return front


def _value(written: str) -> str:
    if written.startswith('"'):
        return str(json.loads(written))
    if written[:1] in "'[{|>&*!%@`#" or re.fullmatch(r"[\d.]+|true|false|null|~", written):
        raise ValueError(f"to be written in double quotes: {written!r}")
    if ": " in written or " #" in written:
        raise ValueError(f"to be written in double quotes: {written!r}")
    return written.strip()


def archive(skill: Skill) -> bytes:
    """The skill as a .tar.gz, the same bytes whenever it is made from the same files."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for path, content in skill.files.items():
            entry = tarfile.TarInfo(path)
            entry.size = len(content)
            entry.mode = 0o755 if content.startswith(b"#!") else 0o644
            tar.addfile(entry, io.BytesIO(content))
    return gzip.compress(packed.getvalue(), mtime=0)


def index() -> bytes:
    """What is at `INDEX`."""
    rows = [
        {
            "name": skill.name,
            "type": "archive",
            "description": skill.description,
            "url": f"{skill.name}.tar.gz",
            "digest": f"sha256:{hashlib.sha256(archive(skill)).hexdigest()}",
        }
        for skill in skills()
    ]
    return _json({"$schema": _SCHEMA, "skills": rows})


def older_index() -> bytes:
    """What is at `OLDER_INDEX`."""
    rows = [
        {"name": skill.name, "description": skill.description, "files": list(skill.files)}
        for skill in skills()
    ]
    return _json({"skills": rows})


def published() -> dict[str, bytes | Skill]:
    """What a server offers beside the two indexes, by path: archives to be made, and files."""
    newer, older = (path.rpartition("/")[0] for path in (INDEX, OLDER_INDEX))
    found: dict[str, bytes | Skill] = {}
    for skill in skills():
        found[f"{newer}/{skill.name}.tar.gz"] = skill
        for path, content in skill.files.items():
            found[f"{older}/{skill.name}/{path}"] = content
    return found


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()
