"""The scripts of the skills; their pages are run by test_docs.py."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from e2e.docs_blocks import RUN, blocks

SKILLS = Path(__file__).resolve().parents[3] / "skills"
SCRIPTS = sorted(path.relative_to(SKILLS).as_posix() for path in SKILLS.glob("*/scripts/*.py"))


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_needs_the_standard_library_only_and_says_what_it_does(script: str) -> None:
    path = SKILLS / script
    tree = ast.parse(path.read_text())
    names = {
        name.partition(".")[0]
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names] if isinstance(node, ast.Import)
            else [str(node.module)] if isinstance(node, ast.ImportFrom) else []
        )
    }  # fmt: skip
    assert names <= sys.stdlib_module_names
    said = subprocess.run(
        [sys.executable, "-W", "error", str(path), "--help"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert "usage:" in said.stdout


def test_each_script_is_run_by_a_block_of_its_skill() -> None:
    for script in SCRIPTS:
        skill, _, rest = script.partition("/")
        text = "".join(path.read_text() for path in (SKILLS / skill).rglob("*.md"))
        code = "".join(one.text for one in blocks(text) if one.language in RUN)
        assert rest in code, script
