"""The blocks of docs/mcp.md and docs/code-blind.md, run against a server of their own."""

import json
import re

import tracked
from e2e.deployment import Site
from e2e.test_readme import blocks, run_all

PAGE = (tracked.ROOT / "docs/mcp.md").read_text(encoding="utf-8")


def test_every_block_of_the_page_runs(site: Site) -> None:
    commands = re.sub(r"^```json\n.*?^```$", "", PAGE, flags=re.MULTILINE | re.DOTALL)
    said = run_all(commands, site)
    assert said.count('"name":"watchword"') == 2
    assert "/mcp/server-card" in said
    assert '"streamable-http"' in said
    by_http, by_stdio = (json.loads(code) for language, code in blocks(PAGE) if language == "json")
    assert by_http["mcpServers"]["watchword"]["url"].endswith("/mcp")
    assert by_stdio["mcpServers"]["watchword"]["args"] == ["watchword-mcp"]


def test_every_block_of_the_page_on_oauth_runs(site: Site) -> None:
    said = run_all((tracked.ROOT / "docs/oauth.md").read_text(encoding="utf-8"), site)
    assert '"authorization_servers"' in said
    assert '"code_challenge_methods_supported": ["S256"]' in said
    assert "No client waits for access." in said
    assert "No client has access." in said


def test_the_program_of_the_code_blind_page_reaches_approved(site: Site) -> None:
    page = (tracked.ROOT / "docs/code-blind.md").read_text(encoding="utf-8")
    said = run_all(page, site)
    (shown,) = re.findall(r"^```console\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert said.endswith(shown)
