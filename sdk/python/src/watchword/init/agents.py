"""What coding agents read in a project: the entry of the MCP server, and skills."""

import json
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any, Final

from watchword.init.manifests import with_member

SKILL_FOLDERS: Final = (".agents/skills", ".claude/skills")
_FROM_HERE_TO_REPOSITORY: Final = 6
_BEARER: Final = "Bearer watchword_sandbox_demo.watchword_sandbox_secret"
MCP_FILES: Final = {".mcp.json": "mcpServers", ".cursor/mcp.json": "mcpServers"}
"""Claude Code's and Cursor's; the public key of the sandbox is in it, a key of yours never is."""


def mcp_entry(url: str) -> dict[str, Any]:
    """The entry of the server at `url`."""
    return {"type": "http", "url": f"{url}/mcp", "headers": {"Authorization": _BEARER}}


def with_entry(text: str | None, table: str, url: str) -> str:
    """An agent's configuration with the entry in it; one that is there stays as it is."""
    if text is None:
        return json.dumps({table: {"watchword": mcp_entry(url)}}, indent=2) + "\n"
    if "watchword" in json.loads(text).get(table, {}):
        return text
    return with_member(text, table, "watchword", mcp_entry(url))


def skills() -> Iterator[tuple[str, str]]:
    """The files of the skills that this package carries: where each goes, and what it says."""
    root = Path(str(resources.files("watchword.init") / "skills"))
    if not root.is_dir():  # run from the repository, where they are written
        root = Path(__file__).resolve().parents[_FROM_HERE_TO_REPOSITORY - 1] / "skills"
    for path in sorted(root.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            for folder in SKILL_FOLDERS:
                yield f"{folder}/{path.relative_to(root).as_posix()}", path.read_text("utf-8")
