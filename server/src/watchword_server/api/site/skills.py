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
from importlib import resources
from pathlib import Path
from typing import NamedTuple

INDEX = "/.well-known/agent-skills/index.json"
OLDER_INDEX = "/.well-known/skills/index.json"
_SCHEMA = "https://schemas.agentskills.io/discovery/0.2.0/schema.json"
_PACKAGED = "_skills"
_FROM_HERE_TO_REPOSITORY = 6
_MAIN = "SKILL.md"
_FIELD = re.compile(r"^(name|description): (.+)$", re.M)
_NOT_SHIPPED = frozenset({"__pycache__", ".DS_Store"})


class Skill(NamedTuple):
    """One skill: what its front matter says, and its files by their path inside its folder."""

    name: str
    description: str
    files: Mapping[str, bytes]


def skills_folder() -> Path:
    """The folder of the skills: in the installed package, or in the repository."""
    packaged = Path(str(resources.files("watchword_server") / _PACKAGED))
    if packaged.is_dir():
        return packaged
    return Path(__file__).resolve().parents[_FROM_HERE_TO_REPOSITORY - 1] / "skills"


@cache
def skills() -> tuple[Skill, ...]:
    """Every skill, by name."""
    folders = sorted(main.parent for main in skills_folder().glob(f"*/{_MAIN}"))
    return tuple(read(folder) for folder in folders)


def read(folder: Path) -> Skill:
    """The skill in a folder."""
    files = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not _NOT_SHIPPED.intersection(path.relative_to(folder).parts)
    }
    said = dict(_FIELD.findall(files[_MAIN].decode().split("---", 2)[1]))
    return Skill(said["name"], said["description"], files)


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
