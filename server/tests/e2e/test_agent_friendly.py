"""What afdocs, an outside judge of documentation for agents, says of a running server."""

import json
import os
import subprocess
from pathlib import Path

import pytest

import services_needed
from e2e.deployment import Site

LEAST = 95


@pytest.mark.long
def test_agents_find_and_read_the_documentation(site: Site) -> None:
    node = Path(services_needed.node_22()).parent
    tool = services_needed.require_package("afdocs") / "../.bin/afdocs"
    server = site.serve()
    words = "check", server.url, "--format", "json", "--score", "-q", "--sampling", "deterministic"
    said = subprocess.run(
        [str(tool), *words, "--max-links", "50", "--request-delay", "0"], capture_output=True,
        text=True, timeout=300, check=False,
        env=os.environ | {"PATH": f"{node}:{os.environ['PATH']}"},
    )  # fmt: skip
    scoring = json.loads(said.stdout)["scoring"]
    assert scoring["overall"] >= LEAST, scoring
