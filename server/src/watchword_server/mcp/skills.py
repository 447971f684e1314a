"""Skills over MCP: the extension `io.modelcontextprotocol/skills` (SEP-2640).

A skill is a folder with a SKILL.md; each of its files is a resource under `skill://`.
"""

import hashlib
import json
import mimetypes
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from mcp.server.extension import Extension, MethodBinding, ResourceBinding
from mcp.server.mcpserver.resources import FunctionResource
from mcp.shared.exceptions import MCPError
from mcp_types import (
    INVALID_PARAMS,
    CacheableResult,
    PaginatedRequestParams,
    ReadResourceRequestParams,
    Resource,
)

from watchword_server.api.site import sources

_MAIN = "SKILL.md"
_DIRECTORY = "inode/directory"
_FRONT = re.compile(r"\A---\n(.*?)\n---\n", re.DOTALL)
_LINE = re.compile(r"( *)([\w-]+):(?: (.*))?")
Result = TypeVar("Result", bound=CacheableResult)
_TTL_MS = 300_000
"""Skills change with a new release of the server."""


class Skill(NamedTuple):
    """A folder of files, by their path in it."""

    uri: str
    front: dict[str, Any]
    files: dict[str, bytes]

    def entry(self) -> dict[str, Any]:
        """The skill as it is listed."""
        listed = [
            {
                "uri": f"{self.uri}/{path}",
                "digest": f"sha256:{hashlib.sha256(content).hexdigest()}",
                "size": len(content),
            }
            for path, content in self.files.items()
        ]
        return {"uri": f"{self.uri}/{_MAIN}", "frontmatter": self.front, "resources": listed}


class Listed(CacheableResult):
    """Every skill."""

    skills: list[dict[str, Any]]


class Got(CacheableResult):
    """One skill."""

    skill: dict[str, Any]


class Children(CacheableResult):
    """What is in a folder."""

    resources: list[Resource]


class Skills(Extension):
    """Serves the skills in a folder, read once."""

    identifier = "io.modelcontextprotocol/skills"

    def __init__(self, root: Path) -> None:
        self._skills = [_read(one.parent) for one in sorted(root.glob(f"*/{_MAIN}"))]
        self._folders = dict(_folders(self._skills))

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self._skills)

    def settings(self) -> dict[str, Any]:
        """Folders can be read as well."""
        return {"directoryRead": True}

    def resources(self) -> Sequence[ResourceBinding]:
        """Every file."""
        return [
            ResourceBinding(_resource(skill, path, content))
            for skill in self._skills
            for path, content in skill.files.items()
        ]

    def methods(self) -> Sequence[MethodBinding]:
        """The three methods of the extension."""
        return [
            MethodBinding("skills/list", PaginatedRequestParams, self._list),
            MethodBinding("skills/get", ReadResourceRequestParams, self._get),
            MethodBinding("resources/directory/read", ReadResourceRequestParams, self._directory),
        ]

    async def _list(self, _context: Any, _params: Any) -> Listed:
        return _shared(Listed(skills=[one.entry() for one in self._skills]))

    async def _get(self, _context: Any, params: ReadResourceRequestParams) -> Got:
        for skill in self._skills:
            if params.uri == f"{skill.uri}/{_MAIN}":
                return _shared(Got(skill=skill.entry()))
        raise MCPError(INVALID_PARAMS, "There is no such skill.", {"uri": params.uri})

    async def _directory(self, _context: Any, params: ReadResourceRequestParams) -> Children:
        children = self._folders.get(params.uri.rstrip("/"))
        if children is None:
            raise MCPError(INVALID_PARAMS, "There is no such folder.", {"uri": params.uri})
        return _shared(Children(resources=children))


def folder() -> Path:
    """Where the skills are: beside the pages, in the package or in the repository."""
    pages = sources.folder()
    return pages.with_name("_skills" if pages.name.startswith("_") else "skills")


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


def _read(root: Path) -> Skill:
    files = {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }
    front = front_matter(files[_MAIN].decode())
    return Skill(f"skill://{front['name']}", front, files)


def _resource(skill: Skill, path: str, content: bytes) -> FunctionResource:
    main = path == _MAIN
    is_text = _mime_type(path).startswith("text/") or path.endswith(".json")
    return FunctionResource(
        uri=f"{skill.uri}/{path}",
        name=skill.front["name"] if main else path,
        description=skill.front["description"] if main else f"A file of {skill.front['name']}.",
        mime_type=_mime_type(path),
        fn=lambda: content.decode() if is_text else content,
    )


def _folders(skills: list[Skill]) -> Iterator[tuple[str, list[Resource]]]:
    """Each folder's address, and its children."""
    for skill in skills:
        inside: dict[str, dict[str, Resource]] = {}
        for path in skill.files:
            above, _, name = f"{skill.uri}/{path}".rpartition("/")
            inside.setdefault(above, {})[name] = Resource(
                uri=f"{above}/{name}", name=name, mime_type=_mime_type(path)
            )
            while above != skill.uri:
                uri = above
                above, _, name = above.rpartition("/")
                inside.setdefault(above, {})[name] = Resource(
                    uri=uri, name=name, mime_type=_DIRECTORY
                )
        yield from ((uri, list(children.values())) for uri, children in inside.items())


def _mime_type(path: str) -> str:
    if path.endswith(".md"):
        return "text/markdown"
    return mimetypes.guess_type(path)[0] or "text/plain"


def _shared(result: Result) -> Result:
    return result.model_copy(update={"ttl_ms": _TTL_MS, "cache_scope": "public"})
