"""HTML in pieces, read once from left to right: a part that is left open ends the reading.

The standard library's parser looks over the whole rest of the page again for each part that is
left open: `<a ` 5,000 times keeps it busy for half a minute.  Here a search that fails is the last
one, and expressions never step back, so the work grows with the page and no faster.  What a
browser would have to repair is refused, for browsers and filters repair it in different ways.
"""

import html
import re
from collections.abc import Iterator
from typing import NamedTuple

MAX_TAGS = 2_000
MAX_ATTRIBUTES = 30
"""Of one tag."""

_CLOSED = re.compile(r"</([A-Za-z][A-Za-z0-9:-]*+)\s*+>", re.ASCII)
_OPENED = re.compile(r"<([A-Za-z][A-Za-z0-9:-]*+)(?=[\s/>])", re.ASCII)
_ATTRIBUTE = re.compile(
    r"""[\s/]++([^\s"'<>/=]++)(?:\s*+=\s*+(?:"([^"]*+)"|'([^']*+)'|([^\s"'<>=`]++)))?+""",
    re.ASCII,
)
_END = re.compile(r"[\s/]*+>", re.ASCII)
_DOCTYPE = re.compile(r"<!doctype\s[^<>{]*+>", re.IGNORECASE | re.ASCII)
_COMMENT_END = re.compile(r"--!?>")
_RAW_ENDS = {
    name: re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE | re.ASCII)
    for name in ("style", "script", "title")
}
"""Elements in which there are no tags: all of it up to the end tag is text."""
_HUGE_REFERENCE = re.compile(r"&#(?:[0-9]{8}|[xX][0-9A-Fa-f]{8})")
_TAG_OR_END = re.compile(r"<(?=[A-Za-z/!?{])|\Z")
_OPEN = "{{"


class Text(NamedTuple):
    """Words between tags; `within` is the element that has no tags, if they are in one."""

    words: str
    within: str = ""


class Comment(NamedTuple):
    """What stands between `<!--` and `-->`."""

    words: str


class Attribute(NamedTuple):
    """One attribute of a tag; a variable is `held` if only quotes are around it."""

    name: str
    value: str
    held: bool


class Tag(NamedTuple):
    """A tag with its name in lower case."""

    name: str
    attributes: tuple[Attribute, ...] = ()
    ends: bool = False


class Fault(NamedTuple):
    """The rule that is broken where the reading ends; `rest` is what was not read."""

    rule: str
    rest: str


Piece = Text | Comment | Tag | Fault


class Scanner:
    """A place in a page; `seek` and `take` are all that ever reads on."""

    def __init__(self, page: str) -> None:
        self.page = page
        self.place = 0

    def take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """What stands here, if it is this; the place moves behind it."""
        found = pattern.match(self.page, self.place)
        if found is not None:
            self.place = found.end()
        return found

    def seek(self, pattern: re.Pattern[str]) -> str | None:
        """What stands before the next one of these, and move to it."""
        found = pattern.search(self.page, self.place)
        if found is None:
            return None
        passed = self.page[self.place : found.start()]
        self.place = found.start()
        return passed


def pieces(page: str) -> Iterator[Piece]:
    """The pieces of a page, the last of which may be a fault."""
    if _HUGE_REFERENCE.search(page):
        yield Fault("html_broken", page)
        return
    scanner = Scanner(page)
    tags = 0
    while True:
        yield Text(html.unescape(scanner.seek(_TAG_OR_END) or ""))
        if scanner.place == len(page):
            return
        before = scanner.place
        tags += 1
        piece = _piece(scanner) if tags <= MAX_TAGS else "html_size"
        if isinstance(piece, str):
            yield Fault(piece, page[before:])
            return
        yield piece
        if isinstance(piece, Tag) and not piece.ends and piece.name in _RAW_ENDS:
            words = scanner.seek(_RAW_ENDS[piece.name])
            if words is None:
                yield Fault("html_broken", page[before:])
                return
            yield Text(html.unescape(words) if piece.name == "title" else words, piece.name)


def _piece(scanner: Scanner) -> Tag | Comment | str:
    """The tag or comment that stands here, or the rule it breaks."""
    page, place = scanner.page, scanner.place
    if page.startswith("<{", place):
        return "html_attribute" if page.startswith(_OPEN, place + 1) else "html_broken"
    if page.startswith("<!--", place):
        return _comment(scanner)
    if page.startswith("<!", place):
        return Tag("!doctype") if scanner.take(_DOCTYPE) else "html_broken"
    if found := scanner.take(_CLOSED):
        return Tag(found[1].lower(), ends=True)
    if found := scanner.take(_OPENED):
        return _opened(scanner, found[1].lower())
    return "html_broken"


def _comment(scanner: Scanner) -> Comment | str:
    """A comment, unless a browser sees its end elsewhere (HTML, 13.2.5.43 to 13.2.5.52)."""
    scanner.place += len("<!--")
    words = scanner.seek(_COMMENT_END)
    if words is None or words.startswith((">", "->")) or words in ("", "-"):
        return "html_broken"
    scanner.take(_COMMENT_END)
    return "html_attribute" if _OPEN in words else Comment(words)


def _opened(scanner: Scanner, name: str) -> Tag | str:
    attributes: list[Attribute] = []
    while found := scanner.take(_ATTRIBUTE):
        if len(attributes) >= MAX_ATTRIBUTES:
            return "html_size"
        quoted = found[2] if found[2] is not None else found[3]
        value = (quoted if quoted is not None else found[4]) or ""
        held = _OPEN not in found[1] + (found[4] or "")
        attributes.append(Attribute(found[1].lower(), html.unescape(value), held))
    if not scanner.take(_END):
        return "html_broken"
    return Tag(name, tuple(attributes))
