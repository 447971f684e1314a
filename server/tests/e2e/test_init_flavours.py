"""`uvx watchword init` and `npx watchword init` are one command: they write the same bytes."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from e2e.init_commands import FLAVOURS, Built, contents, init
from e2e.test_init import SAMPLES
from services_needed import ROOT
from watchword.init.detection import TABLE

NEXT_TS = {"package.json": SAMPLES["next"].content, "tsconfig.json": "{}", "src/x": ""}
PYPROJECT = (
    '[project]\nname = "m"\ndependencies = [\n  "fastapi", # the web\n  "b[x]>=1",\n]\n[tool.x]\n'
)
POETRY = '[tool.poetry.dependencies]\npython = "^3.11"\n"Flask" = "^3"\n\n[tool.poetry.group]\n'
PROJECTS: dict[str, dict[str, str]] = {
    **{name: {one.manifest: one.content} for name, one in SAMPLES.items()},
    "typed": NEXT_TS,
    "commented": {"pyproject.toml": PYPROJECT},
    "closed late": {"pyproject.toml": '[project]\ndependencies = [\n    "fastapi"\n]\n'},
    "two lists": {
        "pyproject.toml": '[tool.a]\ndependencies = []\n\n[project]\ndependencies = ["flask"]\n'
    },
    "by uv": {"pyproject.toml": "[project]\ndependencies = [ 'flask' ]\n", "uv.lock": ""},
    "by poetry": {"pyproject.toml": POETRY},
    "crlf": {"requirements.txt": "# ours\r\nFlask==3.1"},
    "unlisted": {"pyproject.toml": '[project]\nname = "m"', "manage.py": ""},
    "listed": {"pyproject.toml": '[project]\ndependencies = ["flask", "Watchword>=0.1"]\n'},
    "by pnpm": {
        "package.json": '{"packageManager": "pnpm@9", "dependencies": {"express": "^5"}}',
        "pnpm-lock.yaml": "",
    },
    "wide": {"package.json": '{\n    "name": "é",\n    "dependencies": {"next": "16"\n    }\n}\n'},
    "keys of its own": {
        "requirements.txt": "flask",
        ".env": "export WATCHWORD_DEV_KEY=mine\nA=1",
        ".gitignore": "node_modules\n/.env\n",
        ".mcp.json": '{"mcpServers": {"theirs": {"command": "x"}}}',
        ".cursor/mcp.json": '{\n\t"mcpServers": {}\n}\n',
    },
    "asked before": {
        "requirements.txt": "flask\n",
        "watchword_routes.py": "# ours\n",
        ".mcp.json": '{"mcpServers": {"watchword": {"command": "mine"}}}',
    },
}
MARK = b"A NEW SECRET"
SECRET = re.compile(rb"whsec_[A-Za-z0-9+/]{32}")


def written(built: Built, flavour: str, name: str, folder: Path) -> tuple[str, str, dict]:
    """What a command shows, says and leaves behind; its secret apart, which is new each time."""
    for path, text in PROJECTS[name].items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(text.encode())
    shown = init(built, flavour, folder, "--dry-run").replace(str(folder), "")
    said = init(built, flavour, folder).replace(str(folder), "")
    left = {path: SECRET.sub(MARK, text) for path, text in contents(folder).items()}
    assert left[".env"].count(MARK) == 1
    return SECRET.sub(MARK, shown.encode()).decode(), said, left


@pytest.mark.parametrize("name", PROJECTS)
def test_both_commands_do_the_same(name: str, built: Built, tmp_path: Path) -> None:
    python, node = (written(built, each, name, tmp_path / each) for each in FLAVOURS)
    assert node == python


REFUSED = {
    "nothing": {},
    "half a list": {"pyproject.toml": '[project]\ndependencies = [\n"flask" # web\n]\n'},
    "no list": {"pyproject.toml": '[tool.poetry]\nname = "x"\n', "manage.py": ""},
    "no manifest": {"package.json": "{"},
}


@pytest.mark.parametrize("name", REFUSED)
def test_both_commands_leave_alone_what_they_do_not_understand(
    name: str, built: Built, tmp_path: Path
) -> None:
    for path, text in REFUSED[name].items():
        (tmp_path / path).write_text(text)
    before = contents(tmp_path)
    for flavour in FLAVOURS:
        done = subprocess.run(
            [*built.command(flavour), str(tmp_path)], env=built.environment(),
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 1, done.stdout
        assert done.stderr.startswith("watchword init: ")
        assert contents(tmp_path) == before


def test_a_command_that_writes_another_thing_mutant_is_caught(built: Built, tmp_path: Path) -> None:
    spoilt = Built(built.python, tmp_path / "npm")
    shutil.copytree(built.node, spoilt.node)
    table = spoilt.node / "dist/init/templates/frameworks.json"
    table.write_text(table.read_text().replace("^0.1.0", "latest"))
    python, node = (written(spoilt, each, "express", tmp_path / each)[2] for each in FLAVOURS)
    assert {path for path in node if node[path] != python[path]} == {"package.json"}


BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PAGE = (ROOT / "docs/init.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_the_blocks_of_the_page_run_and_print_what_is_shown(
    flavour: str, built: Built, tmp_path: Path
) -> None:
    found = BLOCK.findall(PAGE)
    assert [language for language, _ in found] == ["sh", "console"] * 3
    command = shlex.join(built.command(flavour)[:-1])
    script = f'set -eu\nwatchword() {{ {command} "$@"; }}\n'
    script += "".join(code for language, code in found if language == "sh")
    done = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, env=built.environment(), capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    assert done.stdout == "".join(text for language, text in found if language == "console")


def test_every_framework_stands_on_the_page() -> None:
    for name, row in TABLE["frameworks"].items():
        assert f"`{name}`" in PAGE
        assert f"`{row['prefix']}`" in PAGE
