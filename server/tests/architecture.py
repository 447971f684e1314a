"""The rules of shape, as functions over parsed modules: each yields what is wrong.

Which layer may import which is import-linter's part (pyproject.toml).
"""

import ast
import graphlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

MODULE_LINES = 400
FUNCTION_LINES = 49
EMPTY_NAMES = {"base", "common", "core", "helpers", "manager", "misc", "utils"}

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Module:
    path: Path
    name: str
    text: str

    @property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @property
    def package(self) -> str:
        is_package = self.path.name == "__init__.py"
        return self.name if is_package else self.name.rpartition(".")[0]


def read(root: Path) -> list[Module]:
    """Every module below a directory that is on the path."""
    return [
        Module(path, _dotted(path.relative_to(root)), path.read_text(encoding="utf-8"))
        for path in sorted(root.rglob("*.py"))
    ]


def _dotted(path: Path) -> str:
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


def _functions(tree: ast.Module) -> Iterator[Function]:
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def too_long(module: Module) -> Iterator[str]:
    lines = len(module.text.splitlines())
    if lines > MODULE_LINES:
        yield f"{lines} lines, at most {MODULE_LINES}"


def long_functions(module: Module) -> Iterator[str]:
    for function in _functions(module.tree):
        lines = (function.end_lineno or 0) - function.lineno + 1
        if lines > FUNCTION_LINES:
            yield f"{function.name} has {lines} lines, at most {FUNCTION_LINES}"


def no_docstring(module: Module) -> Iterator[str]:
    if not ast.get_docstring(module.tree):
        yield "no docstring"


def empty_names(module: Module) -> Iterator[str]:
    for part in module.name.split("."):
        if part.lstrip("_") in EMPTY_NAMES:
            yield f"{part} does not say what it holds"


def bare_ignores(module: Module) -> Iterator[str]:
    for number, line in enumerate(module.text.splitlines(), 1):
        if re.search(r"#\s*type:\s*ignore(?!\[)", line):
            yield f"line {number}: type: ignore without a code"


def inline_imports(module: Module) -> Iterator[str]:
    for function in _functions(module.tree):
        for node in ast.walk(function):
            if isinstance(node, ast.Import | ast.ImportFrom):
                yield f"line {node.lineno}: import inside {function.name}"


RULES = (too_long, long_functions, no_docstring, empty_names, bare_ignores, inline_imports)


def cycle(modules: list[Module]) -> list[str]:
    """One circle of imports, if any: at module level, lazy or for typing, all are the same."""
    names = {module.name for module in modules}
    graph = {module.name: set(_imports(module, names)) for module in modules}
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        return list(error.args[1])
    return []


def _imports(module: Module, known: set[str]) -> Iterator[str]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom):
            source = _absolute(module, node)
            for alias in node.names:
                submodule = f"{source}.{alias.name}"
                target = submodule if submodule in known else source
                # `from . import name` in a package's own __init__ names itself: no circle.
                if target in known and target != module.name:
                    yield target


def _absolute(module: Module, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    above = module.package.split(".")
    parents = above[: len(above) - node.level + 1]
    return ".".join([*parents, *([node.module] if node.module else [])])
