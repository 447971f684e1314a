"""Links of the written pages, as the server serves them.

A page links to its neighbours as files (`webhooks.md`, `providers/smtp.md`), so that it reads
well in the repository too.  What is not a page of the documentation has no place on a server:
such a link becomes plain words.
"""

import posixpath
import re
from collections.abc import Callable, Container
from urllib.parse import urlsplit

_LINK = re.compile(r"(?<!!)\[(?P<words>[^\[\]]*)\]\((?P<to>[^()\s]+)\)")
_FENCE = re.compile(r" {0,3}(```+|~~~+)")
_INLINE_CODE = re.compile(r"(`+)(?:.+?)\1")


_REPOSITORY_README = "README.md"
_INDEX_FILE = "README"


def called(file: str) -> str:
    """The name of the page in a file: its path without the ending; a README is an index."""
    name = file.removesuffix(".md")
    folder, _, last = name.rpartition("/")
    return f"{folder}/index".lstrip("/") if last == _INDEX_FILE else name


def target(page: str, to: str, pages: Container[str], ending: str) -> str | None:
    """Where a link of `page` leads on the server; None where it leads to nothing it serves.

    Args:
        page: the name of the page it stands on.
        ending: what a page's URL ends with: `.md`, or nothing for HTML.
    """
    parts = urlsplit(to)
    fragment = f"#{parts.fragment}" if parts.fragment else ""
    if parts.scheme or to.startswith(("#", "/")):
        return to
    path = posixpath.normpath(posixpath.join("docs", posixpath.dirname(page), parts.path))
    if path == _REPOSITORY_README:
        path, fragment = "docs/quickstart.md", ""
    name = called(path.removeprefix("docs/"))
    if name not in pages:
        return None
    return f"/docs/{name}{ending}{fragment}"


def rewritten(text: str, where: Callable[[str], str | None]) -> str:
    """A page whose links lead where `where` says; code is left as it is."""
    fence = ""
    lines = []
    for line in text.split("\n"):
        marker = _FENCE.match(line)
        if fence:
            if marker and marker[1].startswith(fence) and not line.strip(" `~"):
                fence = ""
        elif marker:
            fence = marker[1]
        else:
            line = _outside_code(line, where)
        lines.append(line)
    return "\n".join(lines)


def _outside_code(line: str, where: Callable[[str], str | None]) -> str:
    pieces, at = [], 0
    for code in _INLINE_CODE.finditer(line):
        if line[max(0, code.start() - 1)] == "[":  # a link whose words are code
            continue
        pieces += [_linked(line[at : code.start()], where), code[0]]
        at = code.end()
    return "".join((*pieces, _linked(line[at:], where)))


def _linked(text: str, where: Callable[[str], str | None]) -> str:
    def link(found: re.Match[str]) -> str:
        to = where(found["to"])
        return found["words"] if to is None else f"[{found['words']}]({to})"

    return _LINK.sub(link, text)
