"""The rules of shape hold for the whole repository, and each rule catches what breaks it."""

import os
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import architecture
import tracked
from architecture import Module

ROOT = tracked.ROOT
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PER_FILE = PYPROJECT["tool"]["ruff"]["lint"]["per-file-ignores"]
MAY_IMPORT_INLINE = {ROOT / path for path, rules in PER_FILE.items() if "PLC0415" in rules}

SOURCES = [ROOT / name for name in ("server/src", "sdk/python/src", "bench", "scripts")]
MODULES = [module for source in SOURCES for module in architecture.read(source)]

Rule = Callable[[Module], Iterator[str]]


@pytest.mark.parametrize("rule", architecture.RULES, ids=lambda rule: rule.__name__)
def test_every_module_keeps_the_rule(rule: Rule) -> None:
    found = [
        f"{module.path.relative_to(ROOT)}: {complaint}"
        for module in MODULES
        if not (rule is architecture.inline_imports and module.path in MAY_IMPORT_INLINE)
        for complaint in rule(module)
    ]
    assert not found, "\n".join(found)


def test_there_is_no_circle_of_imports() -> None:
    assert architecture.cycle(MODULES) == []


def test_inline_imports_have_no_way_around_the_list() -> None:
    marker = "noqa: PLC" + "0415"
    assert [m.path for m in MODULES if marker in m.text] == []


GOOD = '"""What it is for."""\n\nimport os\n\n\ndef f():\n    return os  # type: ignore[misc]\n'


def module(text: str = GOOD, name: str = "pkg.thing") -> Module:
    return Module(Path(name.replace(".", "/") + ".py"), name, text)


BREAKS = {
    architecture.too_long: module(GOOD + "x = 1\n" * 394),
    architecture.long_functions: module(GOOD + "def g():\n" + "    x = 1\n" * 49),
    architecture.no_docstring: module("import os\n"),
    architecture.empty_names: module(name="pkg.utils.thing"),
    architecture.bare_ignores: module(GOOD + "x = 1  # type: ignore\n"),
    architecture.inline_imports: module(GOOD + "async def g():\n    from os import path\n"),
}


@pytest.mark.parametrize("rule", architecture.RULES, ids=lambda rule: rule.__name__)
def test_a_rule_reports_what_breaks_it_and_nothing_else(rule: Rule) -> None:
    assert list(rule(BREAKS[rule]))
    assert not list(rule(module()))


def test_a_budget_is_met_exactly() -> None:
    assert not list(architecture.too_long(module("x = 1\n" * 400)))
    assert not list(architecture.long_functions(module("def g():\n" + "    x = 1\n" * 48)))


@pytest.mark.parametrize(
    "back",
    [
        "import pkg.a",
        "from pkg import a",
        "from . import a",
        "from .a import name",
        "def f():\n    from pkg.a import name",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from pkg.a import name",
    ],
)
def test_any_kind_of_circle_is_found(back: str) -> None:
    there = module("from pkg import b", "pkg.a")
    assert architecture.cycle([there, module(back, "pkg.b")])
    assert not architecture.cycle([there, module("import os", "pkg.b")])


LAYERS = (
    "cli api worker notifier mcp console testing runtime adapters services.one services.two "
    "storage.sqlite providers.one providers.two egress ports settings telemetry domain"
)


@pytest.fixture(scope="module")
def contracts(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], str]:
    """Runs the real contracts over a small tree in which one module imports what it is given."""
    tree = tmp_path_factory.mktemp("tree")
    files = [f"watchword_server/{name.replace('.', '/')}.py" for name in LAYERS.split()]
    for file in [*files, "watchword/client.py"]:
        path = tree / file
        path.parent.mkdir(parents=True, exist_ok=True)
        (path.parent / "__init__.py").touch()
        path.touch()

    def run(name: str, imports: str) -> str:
        path = tree / (name.replace(".", "/") + ".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(imports)
        lint = Path(sys.executable).with_name("lint-imports")
        outcome = subprocess.run(
            [lint, "--config", ROOT / "pyproject.toml", "--no-cache"],
            cwd=tree,
            env={**os.environ, "PYTHONPATH": str(tree), "COLUMNS": "200"},
            capture_output=True,
            text=True,
            check=False,
        )
        path.unlink() if name.endswith("helpers") else path.write_text("")
        return outcome.stdout + outcome.stderr

    return run


@pytest.mark.parametrize(
    ("name", "imports", "broken"),
    [
        ("watchword_server.ports", "import watchword_server.runtime", "arrows only point down"),
        ("watchword_server.api", "import watchword_server.worker", "arrows only point down"),
        ("watchword_server.services.one", "import watchword_server.storage.sqlite", "arrows"),
        ("watchword_server.helpers", "", "arrows only point down"),
        ("watchword_server.api", "import watchword_server.storage.sqlite", "only runtime chooses"),
        ("watchword_server.services.one", "import watchword_server.services.two", "services meet"),
        ("watchword_server.providers.one", "import watchword_server.providers.two", "vendors"),
        ("watchword_server.domain", "def f():\n    import time", "domain is pure"),
        ("watchword_server.services.one", "import httpx2", "services know ports"),
        ("watchword.client", "import watchword_server.domain", "the SDK stands alone"),
    ],
)
def test_a_contract_breaks_when_it_is_violated(
    contracts: Callable[[str, str], str], name: str, imports: str, broken: str
) -> None:
    verdicts = contracts(name, imports).splitlines()
    assert any(line.startswith(broken) and line.endswith("BROKEN") for line in verdicts), verdicts


def test_contracts_are_kept_by_a_tree_that_keeps_them(contracts: Callable[[str, str], str]) -> None:
    verdicts = contracts("watchword_server.runtime", "import watchword_server.storage.sqlite")
    assert "BROKEN" not in verdicts
    assert "KEPT" in verdicts
