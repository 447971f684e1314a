"""One more dependency in a manifest, with everything else in it as it was.

Each edit is of the text, so that comments and layout stay; what it came to is read back, and an
edit that did more or less than add the dependency is given up.
"""

import json
import re
import tomllib
from copy import deepcopy
from typing import Any, Final

from watchword.init.detection import TABLE, NotUnderstood, Project, normal

NAME: Final = "watchword"
_REQUIREMENT: Final[str] = f"{NAME}{TABLE['version']}"


def with_dependency(project: Project, text: str) -> str:
    """The manifest's text with the dependency in it; unchanged if it is there."""
    if project.manifest.name == "package.json":
        return _package_json(text or "{}\n")
    if project.manifest.name == "requirements.txt":
        return _requirements(text)
    before = tomllib.loads(text)
    poetry = before.get("tool", {}).get("poetry", {}).get("dependencies")
    if poetry is not None and "dependencies" not in before.get("project", {}):
        return text if NAME in poetry else _poetry(text, before)
    return _pep_621(text, before)


def _requirements(text: str) -> str:
    names = (re.match(r"[\w.-]+", line.strip()) for line in text.splitlines())
    if any(name and normal(name[0]) == NAME for name in names):
        return text
    return ended(text) + _REQUIREMENT + "\n"


def _pep_621(text: str, before: dict[str, Any]) -> str:
    table = before.get("project")
    if table is None:
        raise NotUnderstood("pyproject.toml has no [project]: add watchword where you list yours.")
    named = (re.match(r"[\w.-]+", each) for each in table.get("dependencies", []))
    if any(name and normal(name[0]) == NAME for name in named):
        return text
    head = re.search(r"^\[project\][^\n]*\n", text, re.MULTILINE)
    wanted = deepcopy(before)
    wanted["project"].setdefault("dependencies", []).append(_REQUIREMENT)
    candidates = []
    if head and "dependencies" not in table:
        candidates.append(
            f'{text[: head.end()]}dependencies = ["{_REQUIREMENT}"]\n{text[head.end() :]}'
        )
    opening = re.compile(r"^dependencies\s*=\s*\[", re.MULTILINE)
    for found in opening.finditer(text, head.end() if head else 0):
        # The closing bracket is the one that makes the file say what it should.
        for close in re.finditer(r"\]", text[found.end() :]):
            inside = text[found.end() : found.end() + close.start()]
            rest = text[found.end() + close.start() :]
            candidates.append(text[: found.end()] + _appended(inside) + rest)
    for candidate in candidates:
        if _reads_as(candidate, wanted):
            return candidate
    raise NotUnderstood(f'Add "{_REQUIREMENT}" to the dependencies in pyproject.toml yourself.')


def _appended(inside: str) -> str:
    body, lines = inside.rstrip(), "\n" in inside
    comma = "" if not body or body.endswith(",") else ","
    if not lines:
        return f'{body}{comma}{" " if body else ""}"{_REQUIREMENT}"'
    indent = (re.findall(r"^([ \t]+)\S", inside, re.MULTILINE) or ["    "])[-1]
    return f'{body}{comma}\n{indent}"{_REQUIREMENT}",{inside[len(body) :]}'


def _poetry(text: str, before: dict[str, Any]) -> str:
    wanted = deepcopy(before)
    wanted["tool"]["poetry"]["dependencies"][NAME] = TABLE["version"]
    head = re.search(r"^\[tool\.poetry\.dependencies\][^\n]*\n(?:[^\[\n][^\n]*\n)*", text, re.M)
    if head:
        line = f'{NAME} = "{TABLE["version"]}"\n'
        candidate = ended(text[: head.end()]) + line + text[head.end() :]
        if _reads_as(candidate, wanted):
            return candidate
    raise NotUnderstood("Add it yourself: poetry add watchword")


def _reads_as(text: str, wanted: dict[str, Any]) -> bool:
    try:
        return tomllib.loads(text) == wanted
    except tomllib.TOMLDecodeError:
        return False


def _package_json(text: str) -> str:
    before = json.loads(text)
    if NAME in before.get("dependencies", {}):
        return text
    return with_member(text, "dependencies", NAME, TABLE["npm_version"])


def with_member(text: str, table: str, name: str, value: Any) -> str:
    """JSON's text with one more member in an object of its root; the layout is kept."""
    whole = json.loads(text)
    wanted = deepcopy(whole)
    wanted.setdefault(table, {})[name] = value
    indent = (re.findall(r"^([ \t]+)\"", text, re.MULTILINE) or ["  "])[0]
    entry = json.dumps(value, indent=indent).replace("\n", f"\n{indent * 2}")
    for found in re.finditer(rf'"{re.escape(table)}"\s*:\s*\{{', text):
        rest = text[found.end() :]
        comma = "," if whole.get(table) else f"\n{indent}"
        line = f"\n{indent * 2}{json.dumps(name)}: {entry}{comma}"
        candidate = text[: found.end()] + line + (rest if whole.get(table) else rest.lstrip())
        try:
            if json.loads(candidate) == wanted:
                return candidate
        except ValueError:
            continue
    return json.dumps(wanted, indent=indent, ensure_ascii=False) + "\n"


def ended(text: str) -> str:
    """The text with the line it ends in ended."""
    return text if not text or text.endswith("\n") else text + "\n"
