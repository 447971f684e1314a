"""What the skills and manifests have to be, by the judges that others use."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import services_needed
import tracked
from watchword_server import __version__
from watchword_server.api.site import skills

ROOT = tracked.ROOT
FOLDERS = sorted(path.parent for path in (ROOT / "skills").glob("*/SKILL.md"))
NAMES = {
    "watchword-quickstart", "watchword-send-verify", "watchword-webhooks",
    "watchword-templates-channels", "watchword-migrate", "watchword-operate",
}  # fmt: skip
MOST_TOKENS, MOST_TOKENS_OF_A_DESCRIPTION = 3_000, 100
MANIFESTS = ("plugin.json", ".claude-plugin/plugin.json", ".codex-plugin/plugin.json",
             ".cursor-plugin/plugin.json")  # fmt: skip
PARTS = ("## Which way", "## Rules", "## When not to use")
_COUNT = """
const { createRequire } = require("node:module");
const { encode } = createRequire(process.argv[1] + "/")("gpt-tokenizer");
const texts = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
console.log(JSON.stringify(texts.map((text) => encode(text).length)));
"""


def tokens(texts: list[str]) -> list[int]:
    package = services_needed.require_package("gpt-tokenizer")
    done = subprocess.run(
        [services_needed.node_22(), "-e", _COUNT, str(package)], input=json.dumps(texts),
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    counts: list[int] = json.loads(done.stdout)
    return counts


def too_long(texts: dict[str, str], most: int) -> list[str]:
    counts = tokens(list(texts.values()))
    return [name for name, count in zip(texts, counts, strict=True) if count > most]


def program(name: str, *words: str) -> subprocess.CompletedProcess[str]:
    path = Path(sys.executable).parent / name
    return subprocess.run(
        [str(path), *words], capture_output=True, text=True, timeout=300, check=False
    )


def test_there_are_six_skills() -> None:
    assert {folder.name for folder in FOLDERS} == NAMES


def test_a_skill_is_read_whole_within_its_budget() -> None:
    bodies = {folder.name: (folder / "SKILL.md").read_text() for folder in FOLDERS}
    assert too_long(bodies, MOST_TOKENS) == []
    described = {skill.name: skill.description for skill in skills.skills()}
    assert too_long(described, MOST_TOKENS_OF_A_DESCRIPTION) == []


def test_a_long_skill_mutant_is_caught() -> None:
    text = (FOLDERS[0] / "SKILL.md").read_text()
    assert too_long({"short": "word", "long": text * 4}, MOST_TOKENS) == ["long"]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_the_reference_validator_accepts_a_skill(folder: Path) -> None:
    done = program("agentskills", "validate", str(folder))
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_skill_under_another_name_mutant_is_refused(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other/SKILL.md").write_bytes((FOLDERS[0] / "SKILL.md").read_bytes())
    assert program("agentskills", "validate", str(tmp_path / "other")).returncode == 1


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_skill_says_which_way_what_an_error_means_and_when_not(folder: Path) -> None:
    text = (folder / "SKILL.md").read_text()
    assert [part for part in PARTS if part not in text] == []
    assert re.search(r"^## (Errors|Findings)", text, re.M)
    assert list(folder.glob("scripts/*.py"))


def test_every_skill_a_skill_names_is_one() -> None:
    for folder in FOLDERS:
        for page in folder.rglob("*.md"):
            named = set(re.findall(r"`(watchword-[a-z-]+)`", page.read_text()))
            assert named - {"watchword-server", "watchword-mcp"} <= NAMES, page


def grade(folder: Path) -> str:
    bare = ("--no-baseline", "--no-custom-rules", "--no-plugins")
    done = program("skillsaw", "lint", "--format", "json", *bare, str(folder))
    letter: str = json.loads(done.stdout)["summary"]["grade"]["letter"]
    return letter


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """The tracked files alone, as a clone has them."""
    for path in tracked.files():
        copied = tmp_path / "tree" / path.relative_to(ROOT)
        copied.parent.mkdir(parents=True, exist_ok=True)
        copied.write_bytes(path.read_bytes())
    return tmp_path / "tree"


def test_the_tracked_tree_has_the_best_grade_without_settings_of_its_own(tree: Path) -> None:
    assert list(tree.glob(".skillsaw*")) == []
    assert grade(tree) == "A+"


def test_a_manifest_with_an_unknown_field_mutant_is_marked_down(tree: Path) -> None:
    manifest = json.loads((tree / "plugin.json").read_text())
    (tree / "plugin.json").write_text(json.dumps({**manifest, "hooks": "./hooks", "version": 1}))
    assert grade(tree) != "A+"


def test_the_manifests_say_the_same() -> None:
    said = [json.loads((ROOT / name).read_text()) for name in MANIFESTS]
    for field in ("name", "version", "description", "license"):
        assert len({each[field] for each in said}) == 1, field
    assert said[0]["version"] == __version__
    market = json.loads((ROOT / ".claude-plugin/marketplace.json").read_text())["plugins"][0]
    assert (market["name"], market["version"]) == ("watchword", __version__)
    for skill in FOLDERS:
        assert f'version: "{__version__}"' in (skill / "SKILL.md").read_text()


def test_every_client_starts_the_same_mcp_server() -> None:
    servers = []
    for name in ("mcp.json", ".claude-plugin/plugin.json", ".codex-plugin/plugin.json"):
        entry = json.loads((ROOT / name).read_text())["mcpServers"]["watchword"]
        servers.append((entry["command"], entry["args"]))
    assert servers == [("uvx", ["watchword-mcp"])] * 3
