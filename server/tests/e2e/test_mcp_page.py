"""The blocks of docs/mcp.md, run against a server of their own."""

import json
import re

import tracked
from e2e.deployment import Site
from e2e.test_readme import blocks, run_all

PAGE = (tracked.ROOT / "docs/mcp.md").read_text(encoding="utf-8")


def test_every_block_of_the_page_runs(site: Site) -> None:
    commands = re.sub(r"^```json\n.*?^```$", "", PAGE, flags=re.MULTILINE | re.DOTALL)
    assert '"name":"watchword"' in run_all(commands, site)
    (configuration,) = [json.loads(code) for language, code in blocks(PAGE) if language == "json"]
    assert configuration["mcpServers"]["watchword"]["url"].endswith("/mcp")
