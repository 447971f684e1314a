"""The front door: it opens at once, and every command is behind it."""

import json
import subprocess
import sys

import click
import pytest
from click.testing import Result

from watchword_server import __version__
from watchword_server.cli import command as commands
from watchword_server.cli.main import ROWS, SECTIONS, load
from watchword_server.domain.errors import StoreUnavailable


def test_help_imports_nothing_but_click() -> None:
    program = """if True:
        import sys
        from click.testing import CliRunner
        from watchword_server.cli.main import main
        CliRunner().invoke(main, ["--help"])
        heavy = {"structlog", "msgspec", "rich", "uvicorn", "asyncio"} & set(sys.modules)
        print([name for name in sys.modules if name.startswith("watchword")], heavy)
    """
    out = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    modules = ["watchword_server", "watchword_server.cli", "watchword_server.cli.main"]
    assert out.stdout.strip() == f"{modules} set()"


def test_help_names_every_command_in_its_section(cli) -> None:
    text = cli("--help").stdout
    for title, rows in SECTIONS.items():
        assert f"{title}:\n" in text
        assert all(f"  {name} " in text and row.line in text for name, row in rows.items())


@pytest.mark.parametrize("name", ROWS)
def test_a_line_of_the_help_is_the_command_s_own(name: str) -> None:
    first = (load(name).help or "").strip().splitlines()[0]
    assert first == ROWS[name].line


def leaves(command: click.Command) -> list[click.Command]:
    return list(command.commands.values()) if isinstance(command, click.Group) else [command]


LEAVES = {f"{name} {leaf.name}": leaf for name in ROWS for leaf in leaves(load(name))}
each_leaf = pytest.mark.parametrize("leaf", LEAVES.values(), ids=LEAVES.keys())


@each_leaf
def test_every_command_turns_errors_into_words(leaf: click.Command) -> None:
    assert isinstance(leaf, commands.Command)
    assert leaf.help
    assert all(param.help for param in leaf.params if isinstance(param, click.Option))


@each_leaf
def test_every_command_can_speak_json_except_those_that_print_something_else(
    leaf: click.Command,
) -> None:
    module = leaf.callback.__module__.rpartition(".")[2]
    assert any(param.name == "as_json" for param in leaf.params) != (module in ("serve", "openapi"))


def test_a_mistyped_command_is_answered_with_the_nearest_one(cli) -> None:
    assert "Did you mean 'serve'?" in cli("serv", code=2).stderr
    assert "keys" in cli("kyes", code=2).stderr


def test_the_version_is_told(cli, as_json) -> None:
    assert cli("--version").stdout == f"watchword-server {__version__}\n"
    assert cli("version").stdout == f"watchword-server {__version__}\n"
    assert as_json("version")["version"] == __version__


def test_a_wrong_setting_is_a_sentence_and_exit_code_1(
    cli, as_json, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHWORD_PROT", "1")
    shown = cli("keys", "list", code=1)
    assert shown.stdout == ""
    assert shown.stderr.startswith("A setting is wrong\nUnknown environment variable")
    assert "Did you mean WATCHWORD_PORT?" in as_json("keys", "list", code=1)["detail"]


@pytest.mark.parametrize(
    ("error", "title"),
    [(StoreUnavailable("x"), "Temporarily unavailable"), (ValueError("4829 secret"), "Unexpected")],
)
def test_any_other_error_is_a_problem_too(
    cli, monkeypatch: pytest.MonkeyPatch, error: Exception, title: str
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr("watchword_server.cli.keys.operate", fail)
    shown: Result = cli("keys", "list", code=1)
    assert title in shown.stderr
    assert "Traceback" not in shown.output
    assert "secret" not in shown.output
    assert json.loads(cli("keys", "list", "--json", code=1).stdout)["title"].startswith(title)


def test_a_reader_that_stops_reading_is_no_defect(tmp_path) -> None:
    program = [sys.executable, "-m", "watchword_server", "sandbox"]
    with subprocess.Popen(
        program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=tmp_path
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(60) == 1
