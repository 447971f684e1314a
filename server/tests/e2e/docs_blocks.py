"""Fenced blocks of Markdown pages, and what their output is compared by.

A block's language is all that decides what becomes of it; there is no mark to skip one, and
`strays` finds whatever could be one.

    sh, python, js, ts, http   run, in the page's order
    console                    output of the block before it, or with `$ ` a session that runs
    json                       judged by what it shows: see `e2e.docs_json`
    toml                       settings of the server, each of which must exist
    text                       output, where it stands right below a block that runs; else words
    markdown                   words; nothing runs
"""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from markdown_it import MarkdownIt

import tracked

RUN = ("sh", "python", "js", "ts", "http")
JUDGED = ("console", "json", "toml")
WORDS = ("text", "markdown")
LANGUAGES = (*RUN, *JUDGED, *WORDS)

_PROGRAMS = "curl|watchword[-\\w]*|npx|npm|pip|uvx?|python3?|node|make|git|claude|codex|gemini"
_COMMAND = re.compile(rf"^(?:\$ )?(?:{_PROGRAMS}) (?!.*\[OPTIONS\])", re.MULTILINE)
"""A line to run; a usage line, as the pages of the command line have them, is none."""
_COMMENT = re.compile(r"<!--(?! (?:Made from|From here on made by) [^\n]*-->\n?$)")
"""What says that a table is generated is the one comment that may stand."""
_READ = MarkdownIt("commonmark")

_NODE = re.compile(r"""^import .* from ["']watchword["']|require\(["']watchword["']""", re.M)

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
    found, end, lines = [], 0, page.splitlines(keepends=True)
    for token in _READ.parse(page):
        if token.type == "fence" and token.map:
            first, after = token.map
            found.append(Block(token.info, token.content, first + 1, "".join(lines[end:first])))
            end = after
    return found


def strays(page: str) -> Iterator[str]:
    """What could keep a block from being run: a word beside its language, code without a fence,
    a comment, which could hide a block, a fence that never ends, and a command among words."""
    found = blocks(page)
    for block, before in zip(found, [None, *found], strict=False):
        line = _COMMAND.search(block.text) if block.language in WORDS else None
        if line and not is_output(block, before):
            yield f"line {block.line}: a command that nobody runs: {line[0]}"
    for token in _READ.parse(page):
        line = token.map[0] + 1 if token.map else 0
        if token.type == "fence":
            if token.info not in LANGUAGES:
                yield f"line {line}: {token.info!r} is no language that is run or judged"
            if not page.splitlines()[(token.map or [0, 0])[1] - 1].strip().startswith(token.markup):
                yield f"line {line}: a fence without an end"
        elif token.type == "code_block":
            yield f"line {line}: code without a fence"
        elif _COMMENT.search(token.content) and token.type in ("html_block", "inline"):
            yield f"line {line}: a comment"


def is_output(block: Block, before: Block | None) -> bool:
    """Whether a block shows what the block before it prints."""
    if block.language == "console":
        return not block.text.startswith("$ ")
    is_below = before is not None and before.language in RUN and not block.prose.strip()
    return block.language == "text" and is_below


def is_run(block: Block) -> bool:
    """Whether following it takes a shell and a server."""
    return block.language in (*RUN, "console")


def wants_node(page: str) -> bool:
    """Whether a page's programs import the SDK for Node."""
    return any(one.language in ("js", "ts") and _NODE.search(one.text) for one in blocks(page))


def wants_vendors(page: str) -> bool:
    """Whether a page's programs import what only `scripts/vendors` installs."""
    return any(is_foreign(one) for one in blocks(page))


def is_foreign(block: Block) -> bool:
    """Whether a program imports a package that this Python does not have."""
    found: set[str] = set()
    if block.language == "python":
        for node in ast.walk(ast.parse(block.text)):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.partition(".")[0])
    return any(find_spec(one) is None for one in found)


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


ELSEWHERE = {
    "ADDING_PROVIDERS.md": "server/tests/providers/test_adding.py",
    "sdk/python/README.md": "sdk/python/tests/test_surface.py",
}
"""Pages whose blocks are run by a test of their own."""


def pages() -> list[Path]:
    """Every page of the repository whose blocks are run here."""
    found = {path.relative_to(tracked.ROOT).as_posix(): path for path in tracked.files("*.md")}
    return [path for name, path in found.items() if _is_page(name) and name not in ELSEWHERE]


def _is_page(name: str) -> bool:
    return "/tests/" not in name and "/templates/" not in name


def counted() -> Counter[str]:
    """How many blocks of each language the pages have."""
    texts = [page.read_text(encoding="utf-8") for page in pages()]
    return Counter(block.language for text in texts for block in blocks(text))


if __name__ == "__main__":
    for language, count in counted().most_common():
        print(f"{count:4} {language}")
