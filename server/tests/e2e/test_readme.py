"""The README's blocks, run in their order as a new user would, against a server of their own."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from e2e.deployment import Site

ROOT = Path(__file__).resolve().parents[3]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(text: str) -> list[tuple[str, str]]:
    """Language and text of each block that can be run; `console` blocks show output."""
    return [(language, code) for language, code in BLOCK.findall(text) if language != "console"]


def run_all(text: str, site: Site, timeout_s: float = 60) -> str:
    """Run the blocks in one shell; what they printed."""
    server = site.serve()
    script = ["set -eu"]
    for language, code in blocks(text):
        assert language in ("sh", "python"), f"no way to run a block of {language}"
        script.append(
            code if language == "sh" else f"python - <<'END_OF_BLOCK'\n{code}END_OF_BLOCK"
        )
    lines = "\n".join(script).replace("http://127.0.0.1:8080", server.url)
    ours = {name: word for name, word in os.environ.items() if not name.startswith("WATCHWORD_")}
    settings = {"WATCHWORD_URL": server.url, "WATCHWORD_DATABASE_URL": f"sqlite:///{site.database}"}
    done = subprocess.run(
        ["bash", "-c", lines], cwd=ROOT, env=ours | settings, capture_output=True, text=True,
        timeout=timeout_s, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_block_of_the_readme_runs(site: Site) -> None:
    said = run_all((ROOT / "README.md").read_text(encoding="utf-8"), site)
    assert "True approved" in said
    assert '"send_channel":"email"' in said
    assert said.count('"message_id"') >= 2


def test_a_block_that_fails_mutant_is_caught(site: Site) -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8").replace("otp-sms", "no-such-template")
    with pytest.raises(AssertionError):
        run_all(text, site)
