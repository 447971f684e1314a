"""`watchword init` reads a project's files, adds to them, and leaves everything else alone."""

import json
import tomllib
from pathlib import Path

import pytest

from watchword.init import planning
from watchword.init.command import main
from watchword.init.detection import NotUnderstood, Project, detect
from watchword.init.manifests import with_dependency

URL = "http://127.0.0.1:8080"


def project(folder: Path, **files: str) -> Project:
    for name, text in files.items():
        (folder / NAMES[name]).write_text(text)
    return detect(folder)


NAMES = {
    "pyproject": "pyproject.toml",
    "requirements": "requirements.txt",
    "package": "package.json",
    "uv": "uv.lock",
    "poetry": "poetry.lock",
    "pnpm": "pnpm-lock.yaml",
    "yarn": "yarn.lock",
    "manage": "manage.py",
    "tsconfig": "tsconfig.json",
}
FASTAPI = '[project]\nname = "mine"\ndependencies = ["fastapi[standard]>=0.1"]\n'
POETRY = '[tool.poetry.dependencies]\npython = "^3.11"\nFlask = "^3"\n\n[tool.poetry.group]\n'


@pytest.mark.parametrize(
    ("files", "framework", "manager"),
    [
        ({"pyproject": FASTAPI}, "fastapi", "pip"),
        ({"pyproject": FASTAPI, "uv": ""}, "fastapi", "uv"),
        ({"pyproject": POETRY}, "flask", "poetry"),
        ({"requirements": "# ours\nFlask==3.1\n"}, "flask", "pip"),
        ({"manage": "", "requirements": ""}, "django", "pip"),
        ({"package": '{"dependencies": {"express": "^5"}}'}, "express", "npm"),
        ({"package": '{"devDependencies": {"express": "5"}}', "pnpm": ""}, "express", "pnpm"),
        (
            {"package": '{"dependencies": {"next": "16", "express": "5"}}', "yarn": ""},
            "next",
            "yarn",
        ),
        (
            {"package": '{"packageManager": "pnpm@9", "dependencies": {"next": "16"}}'},
            "next",
            "pnpm",
        ),
    ],
)
def test_the_framework_and_the_manager_are_told_from_the_files(
    tmp_path: Path, files: dict, framework: str, manager: str
) -> None:
    found = project(tmp_path, **files)
    assert (found.framework, found.manager) == (framework, manager)


def test_a_project_of_no_known_framework_is_told_what_was_looked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["init", str(tmp_path)]) == 1
    assert "fastapi" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
    with pytest.raises(NotUnderstood, match="package.json"):
        detect(tmp_path, "express")


PYPROJECTS = [
    FASTAPI,
    '[project]\nname = "m"\ndependencies = [\n  "fastapi", # the web\n  "b[x]>=1",\n]\n[tool.x]\n',
    '[project]\ndependencies = [\n    "fastapi"\n]\n',
    '[build-system]\nrequires = []\n[project]\ndependencies = [ "fastapi" ]\n[tool.uv]\ndev = []\n',
    '[tool.a]\ndependencies = []\n\n[project]\nname = "m"\ndependencies = ["fastapi"]\n',
]


@pytest.mark.parametrize("text", PYPROJECTS)
def test_a_pyproject_gains_the_dependency_and_nothing_else(tmp_path: Path, text: str) -> None:
    found = project(tmp_path, pyproject=text)
    after = with_dependency(found, text)
    before, wanted = tomllib.loads(text), tomllib.loads(after)
    assert wanted["project"]["dependencies"].pop().startswith("watchword>=")
    assert before == wanted
    assert all(line.split("#")[0].strip(" ]\n") in after for line in text.splitlines())
    assert "# the web" in after or "# the web" not in text
    assert with_dependency(found, after) == after


def test_poetrys_table_gains_it(tmp_path: Path) -> None:
    found = project(tmp_path, pyproject=POETRY)
    after = with_dependency(found, POETRY)
    assert tomllib.loads(after)["tool"]["poetry"]["dependencies"]["watchword"]
    assert with_dependency(found, after) == after


@pytest.mark.parametrize(
    "text",
    [
        '{\n  "name": "m",\n  "dependencies": {\n    "express": "^5"\n  },\n  "x": [1, 2]\n}\n',
        '{"dependencies": {"express": "^5"}, "nested": {"dependencies": {"a": "b"}}}',
        '{"nested": {"dependencies": {}}, "devDependencies": {"express": "^5"}}',
        '{\n\t"dependencies": {},\n\t"devDependencies": {"express": "^5"}\n}\n',
    ],
)
def test_a_package_json_gains_the_dependency_and_nothing_else(tmp_path: Path, text: str) -> None:
    found = project(tmp_path, package=text)
    after = with_dependency(found, text)
    before, wanted = json.loads(text), json.loads(after)
    assert wanted["dependencies"].pop("watchword") == "^0.1.0"
    assert {"dependencies": {}} | before == wanted
    assert with_dependency(found, after) == after


def test_what_is_somebodys_is_kept(tmp_path: Path) -> None:
    mine = {
        ".env": "export WATCHWORD_DEV_KEY=mine\nOTHER=1",
        ".gitignore": "/.env\n",
        "watchword_routes.py": "# mine\n",
        ".mcp.json": '{"mcpServers": {"other": {"command": "x"}}}',
        "requirements.txt": "flask",
    }
    for name, text in mine.items():
        (tmp_path / name).write_text(text)
    assert main(["init", str(tmp_path), "--url", URL]) == 0
    now = {name: (tmp_path / name).read_text() for name in mine}
    assert now[".env"].startswith(mine[".env"] + "\n")
    assert "watchword_sandbox" not in now[".env"], "half of a key fits no half of another"
    assert now[".gitignore"] == mine[".gitignore"]
    assert now["watchword_routes.py"] == mine["watchword_routes.py"]
    servers = json.loads(now[".mcp.json"])["mcpServers"]
    assert servers["other"] == {"command": "x"}
    assert servers["watchword"]["url"] == f"{URL}/mcp"
    assert now["requirements.txt"] == "flask\nwatchword>=0.1,<0.2\n"


def test_a_dry_run_shows_the_changes_and_makes_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "requirements.txt").write_text("fastapi\n")
    assert main(["init", str(tmp_path), "--dry-run"]) == 0
    shown = capsys.readouterr().out
    assert "+++ b/requirements.txt" in shown
    assert "--- /dev/null\n+++ b/watchword_routes.py" in shown
    assert [path.name for path in tmp_path.iterdir()] == ["requirements.txt"]


def test_routes_of_next_are_typed_where_the_project_is(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    package = '{"dependencies": {"next": "16"}}'
    plain = planning.routes(project(tmp_path, package=package))
    assert "src/app/api/watchword/send/route.js" in plain
    assert not any(": Request" in text for text in plain.values())
    typed = planning.routes(project(tmp_path, package=package, tsconfig="{}"))
    assert "POST(request: Request)" in typed["src/app/api/watchword/verify/route.ts"]


def test_an_overwriting_plan_mutant_is_caught(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "exists", lambda _path: False)
    with pytest.raises(AssertionError):
        test_what_is_somebodys_is_kept(tmp_path)
