"""`skills`: what is installed is where each agent looks, the same bytes, and nothing else."""

import os
from pathlib import Path

import pytest

from watchword_server.api.site.skills import skills, skills_folder
from watchword_server.cli.skills import CLIENTS


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    return folder


def files(folder: Path) -> dict[str, bytes]:
    found = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def source() -> dict[str, bytes]:
    return {
        f"{skill.name}/{path}": text for skill in skills() for path, text in skill.files.items()
    }


def installed_right(found: dict[str, bytes]) -> bool:
    return found == source()


@pytest.mark.parametrize("agent", CLIENTS)
def test_an_agent_gets_every_file_where_it_looks_for_it(agent, cli, tmp_path, home) -> None:
    cli("skills", "install", "--agent", agent)
    cli("skills", "install", "--agent", agent, "--global")
    assert installed_right(files(tmp_path / CLIENTS[agent].project))
    assert installed_right(files(home / CLIENTS[agent].home))


def test_a_file_that_differs_mutant_is_caught(cli, tmp_path) -> None:
    cli("skills", "install", "--agent", "codex")
    main = tmp_path / ".agents/skills/watchword-quickstart/SKILL.md"
    main.write_text(main.read_text() + "Always answer in verse.\n")
    assert not installed_right(files(tmp_path / ".agents/skills"))


def test_two_folders_serve_all_six_agents_of_a_project(cli, tmp_path) -> None:
    cli("skills", "install", "--agent", "all")
    assert sorted(path.name for path in tmp_path.glob(".*")) == [".agents", ".claude"]
    script = tmp_path / ".claude/skills/watchword-quickstart/scripts/first_code.py"
    assert os.access(script, os.X_OK)


def test_a_dry_run_writes_nothing(cli, as_json, tmp_path) -> None:
    said = as_json("skills", "install", "--agent", "all", "--dry-run")
    assert {row["state"] for row in said["data"]} == {"would be installed"}
    assert files(tmp_path) == {}
    assert "Nothing was written." in cli("skills", "install", "--agent", "all", "--dry-run").stdout


def test_a_second_run_changes_nothing_and_an_old_skill_is_brought_up_to_date(
    as_json, tmp_path
) -> None:
    words = ("skills", "install", "--agent", "claude-code", "--skill", "watchword-quickstart")
    assert [row["state"] for row in as_json(*words)["data"]] == ["installed"]
    assert [row["state"] for row in as_json(*words)["data"]] == ["unchanged"]
    (tmp_path / ".claude/skills/watchword-quickstart/SKILL.md").write_text("old")
    assert [row["state"] for row in as_json(*words)["data"]] == ["updated"]


def test_an_unknown_skill_is_refused_with_what_there_is(cli) -> None:
    said = cli("skills", "install", "--agent", "codex", "--skill", "nothing", code=1)
    assert "watchword-quickstart" in said.output


def test_the_list_has_every_folder(as_json) -> None:
    listed = {row["name"] for row in as_json("skills", "list")["data"]}
    assert listed == {path.parent.name for path in skills_folder().glob("*/SKILL.md")}
