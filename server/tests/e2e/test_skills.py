"""Every block of every skill, run against a real server as an agent would run it."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

from e2e.deployment import Site
from e2e.skill_blocks import blocks, run_page, run_text, wrong_outputs

SKILLS = Path(__file__).resolve().parents[3] / "skills"
PAGES = sorted(path.relative_to(SKILLS).as_posix() for path in SKILLS.glob("*/**/*.md"))
SCRIPTS = sorted(path.relative_to(SKILLS).as_posix() for path in SKILLS.glob("*/scripts/*.py"))
QUICKSTART = "watchword-quickstart/SKILL.md"


@pytest.mark.parametrize("page", PAGES)
def test_every_block_of_a_page_runs_and_prints_what_the_page_says(
    page: str, site: Site, tmp_path: Path
) -> None:
    assert wrong_outputs(run_page(SKILLS / page, site, tmp_path)) == []


def test_every_block_of_the_page_about_skills_runs(site: Site, tmp_path: Path) -> None:
    page = (SKILLS.parent / "docs/skills.md").read_text(encoding="utf-8")
    (tmp_path / "project").mkdir()
    ran = run_text(page, site, tmp_path / "project")
    index = json.loads(ran[1][1][: ran[1][1].rindex("}") + 1])
    (digest,) = [row["digest"] for row in index["skills"] if row["name"] == "watchword-quickstart"]
    assert digest.removeprefix("sha256:") in ran[1][1].rpartition("}")[2]
    assert (tmp_path / "project/.claude/skills/watchword-operate/SKILL.md").exists()


def test_a_wrong_output_mutant_is_caught(site: Site, tmp_path: Path) -> None:
    text = (SKILLS / QUICKSTART).read_text().replace("True approved", "True pending")
    python = "".join(
        f"```{b.language}\n{b.code}```\n```text\n{b.output}```\n" for b in blocks(text)[1:2]
    )
    assert wrong_outputs(run_text(python, site, tmp_path)) == [("True pending", "True approved")]


def test_a_block_that_fails_mutant_is_caught(site: Site, tmp_path: Path) -> None:
    with pytest.raises(AssertionError):
        run_text("```sh\nfalse\n```\n", site, tmp_path)


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
        code = "".join(block.code for block in blocks(text))
        assert rest in code, script
