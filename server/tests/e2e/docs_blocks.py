"""Fenced blocks of Markdown pages, and what their output is compared by.

A block's language is all that decides what becomes of it; there is no mark to skip one.

    sh, python, js, ts, http   run, in the page's order
    console                    output of the block before it, or with `$ ` a session that runs
    json                       judged by what it shows: see `e2e.docs_json`
    toml                       settings of the server, each of which must exist
    text, markdown             words; nothing runs
"""

import re
from dataclasses import dataclass
from pathlib import Path

RUN = ("sh", "python", "js", "ts", "http")
JUDGED = ("console", "json", "toml")
WORDS = ("text", "markdown")
LANGUAGES = (*RUN, *JUDGED, *WORDS)

_FENCE = re.compile(r"^( *)```([\w+-]*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)

NORMAL = (
    (re.compile(r"\b(ver|dlv|evt|whk|key|prj|tpl|req|prv|ping)_[0-9a-f]{32}\b"), r"<\1>"),
    (re.compile(r"\bwhsec_[\w+/=]+"), "<secret>"),
    (re.compile(r"/v/[\w-]+(?:\.[\w-]+)*"), "/v/<page>"),
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|\+00:00)?"), "<time>"),
    (re.compile(r"\b\d\d:\d\d:\d\d\b"), "<clock>"),
    (re.compile(r"\b\d+(?:\.\d+)? m?s\b"), "<duration>"),
    (re.compile(r"^ *\d+(?:\.\d+)? ms\b", re.M), "<duration>"),
    (re.compile(r"SQLite /\S*/"), "SQLite "),
    (re.compile(r"127\.0\.0\.1:\d+"), "<host>"),
    (re.compile(r"\+\d\d\*+\d{4}"), "<number>"),
    (re.compile(r"[ \t]+"), " "),
)
"""What differs from run to run and is not compared: ids, secrets, hosted pages, times, durations,
ports, folders of databases, masked numbers, widths of columns."""


@dataclass(frozen=True)
class Block:
    """One block of a page.

    Attributes:
        line: where its fence begins.
        prose: what stands between the block before and this one.
    """

    language: str
    text: str
    line: int
    prose: str


def blocks(page: str) -> list[Block]:
    """The blocks of a page, in their order."""
    found, end = [], 0
    for fence in _FENCE.finditer(page):
        indent = len(fence[1])
        lines = (line[indent:] for line in fence[3].splitlines(keepends=True))
        line = page.count("\n", 0, fence.start()) + 1
        found.append(Block(fence[2], "".join(lines), line, page[end : fence.start()]))
        end = fence.end()
    return found


def is_run(block: Block) -> bool:
    """Whether following it takes a shell and a server."""
    return block.language in (*RUN, "console")


def normal(said: str) -> str:
    """Output without what differs from run to run."""
    for pattern, instead in NORMAL:
        said = pattern.sub(instead, said)
    return "\n".join(line.strip() for line in said.strip().split("\n"))


def shows(expected: str, said: str) -> bool:
    """Whether output is what a block shows; `…` stands for anything on one line, a line that is
    only `…` for any lines."""
    pieces = []
    for line in normal(expected).split("\n"):
        if line == "…":
            pieces.append(r"(?:.*\n)*?")
        else:
            pieces.append(r"[^\n]*".join(map(re.escape, line.split("…"))) + "\n")
    return re.fullmatch("".join(pieces), normal(said) + "\n") is not None


def pages(root: Path) -> list[Path]:
    """Every page whose blocks are run: what people and agents are told to follow."""
    found = [root / "README.md", root / "CONTRIBUTING.md", *sorted((root / "docs").rglob("*.md"))]
    return [*found, *sorted((root / "skills").rglob("*.md"))]
