"""Real clients of MCP that connect to a real server: by HTTP, and by the command for stdio."""

import subprocess
import sys
from pathlib import Path

import pytest

from e2e.deployment import Site, environment
from e2e.test_mcp import SANDBOX
from services_needed import require_package

PATIENCE_S = 180


class ClaudeCode:
    """Claude Code in a home of its own, without a model."""

    def __init__(self, home: Path) -> None:
        self._program = require_package("@anthropic-ai/claude-code-linux-x64") / "claude"
        self._home = home

    def __call__(self, *words: str) -> str:
        quiet = {"HOME": str(self._home), "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1"}
        done = subprocess.run(
            [str(self._program), *words], cwd=self._home, env=environment() | quiet,
            capture_output=True, text=True, timeout=PATIENCE_S, check=True,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
        return done.stdout


@pytest.mark.long
def test_claude_code_connects_by_http_and_by_stdio(site: Site, tmp_path: Path) -> None:
    url, claude = site.serve().url, ClaudeCode(tmp_path)
    key = f"Authorization: Bearer {SANDBOX}"
    claude("mcp", "add", "--transport", "http", "by-http", f"{url}/mcp", "--header", key)
    command = [sys.executable, "-m", "watchword_mcp"]
    claude("mcp", "add", "by-stdio", "--env", f"WATCHWORD_URL={url}", "--", *command)
    listed = claude("mcp", "list")
    print(listed)
    lines = [line for line in listed.splitlines() if line.startswith("by-")]
    assert len(lines) == 2
    assert all(line.endswith("Connected") for line in lines)


@pytest.mark.long
def test_a_server_that_does_not_answer_mutant_is_caught(tmp_path: Path) -> None:
    claude = ClaudeCode(tmp_path)
    claude("mcp", "add", "--transport", "http", "nobody", "http://127.0.0.1:9/mcp")
    listed = claude("mcp", "list")
    assert "nobody" in listed
    assert "Connected" not in listed
