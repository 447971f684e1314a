"""Skills over MCP: the extension `io.modelcontextprotocol/skills` (SEP-2640).

A skill is a folder with a SKILL.md; each of its files is a resource under `skill://`.
"""

import hashlib
import mimetypes
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

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

from watchword_server.api.site.skills import Skill, read_all

_MAIN = "SKILL.md"
_DIRECTORY = "inode/directory"
Result = TypeVar("Result", bound=CacheableResult)
_TTL_MS = 300_000
"""Skills change with a new release of the server."""


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
        self._skills = list(read_all(root))
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
        return _shared(Listed(skills=[_entry(one) for one in self._skills]))

    async def _get(self, _context: Any, params: ReadResourceRequestParams) -> Got:
        for skill in self._skills:
            if params.uri == f"{_uri(skill)}/{_MAIN}":
                return _shared(Got(skill=_entry(skill)))
        raise MCPError(INVALID_PARAMS, "There is no such skill.", {"uri": params.uri})

    async def _directory(self, _context: Any, params: ReadResourceRequestParams) -> Children:
        children = self._folders.get(params.uri.rstrip("/"))
        if children is None:
            raise MCPError(INVALID_PARAMS, "There is no such folder.", {"uri": params.uri})
        return _shared(Children(resources=children))


def _uri(skill: Skill) -> str:
    return f"skill://{skill.name}"


def _entry(skill: Skill) -> dict[str, Any]:
    """The skill as it is listed."""
    listed = [
        {
            "uri": f"{_uri(skill)}/{path}",
            "digest": f"sha256:{hashlib.sha256(content).hexdigest()}",
            "size": len(content),
        }
        for path, content in skill.files.items()
    ]
    return {"uri": f"{_uri(skill)}/{_MAIN}", "frontmatter": skill.front, "resources": listed}


def _resource(skill: Skill, path: str, content: bytes) -> FunctionResource:
    main = path == _MAIN
    is_text = _mime_type(path).startswith("text/") or path.endswith(".json")
    return FunctionResource(
        uri=f"{_uri(skill)}/{path}",
        name=skill.name if main else path,
        description=skill.description if main else f"A file of {skill.name}.",
        mime_type=_mime_type(path),
        fn=lambda: content.decode() if is_text else content,
    )


def _folders(skills: list[Skill]) -> Iterator[tuple[str, list[Resource]]]:
    """Each folder's address, and its children."""
    for skill in skills:
        inside: dict[str, dict[str, Resource]] = {}
        for path in skill.files:
            above, _, name = f"{_uri(skill)}/{path}".rpartition("/")
            inside.setdefault(above, {})[name] = Resource(
                uri=f"{above}/{name}", name=name, mime_type=_mime_type(path)
            )
            while above != _uri(skill):
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
