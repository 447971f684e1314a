"""The HTML of an email: what a reader sees of it, and what must not stand in it."""

from collections.abc import Iterator
from html.parser import HTMLParser
from typing import NamedTuple

_FORBIDDEN: dict[str, str] = {
    "script": "html_script",
    "noscript": "html_script",
    "form": "html_form",
    "input": "html_form",
    "button": "html_form",
    "textarea": "html_form",
    "select": "html_form",
    "iframe": "html_frame",
    "frame": "html_frame",
    "object": "html_frame",
    "embed": "html_frame",
    "applet": "html_frame",
    "svg": "html_frame",
    "math": "html_frame",
    "video": "html_remote",
    "audio": "html_remote",
    "base": "html_base",
    "link": "html_remote",
}
_BLOCKS = frozenset(
    [
        "address",
        "article",
        "br",
        "div",
        "footer",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hr",
        "li",
        "main",
        "ol",
        "p",
        "section",
        "table",
        "td",
        "th",
        "title",
        "tr",
        "ul",
    ]
)
_UNSEEN = frozenset({"style", "script"})
_LINKS = frozenset({"href", "action", "formaction", "xlink:href"})
_SOURCES = frozenset({"src", "srcset", "background", "poster", "data"})
_HIDING = ("display:none", "visibility:hidden", "font-size:0", "opacity:0", "max-height:0")
_REMOTE = ("http:", "https:", "//")

SAYS: dict[str, str] = {
    "html_script": "the HTML runs a script",
    "html_form": "the HTML has a form, which asks for an answer in the mail itself",
    "html_frame": "the HTML embeds another document",
    "html_remote": "the HTML loads something from elsewhere, which tells others who reads it",
    "html_base": "the HTML changes where its links lead",
    "html_hidden": "the HTML hides text from the reader",
    "html_attribute": "a variable stands inside a tag, where its value can break out of it",
}


class Page(NamedTuple):
    """What is in a page: the text that is seen, targets of its links, rules it breaks."""

    text: str
    links: tuple[str, ...]
    broken: tuple[str, ...]
    has_tags: bool


def read(html: str) -> Page:
    """What a mail program makes of the HTML."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    lines = (" ".join(line.split()) for line in "".join(reader.said).splitlines())
    text = "\n".join(line for line in lines if line)
    return Page(text, tuple(reader.links), tuple(dict.fromkeys(reader.broken)), reader.has_tags)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.said: list[str] = []
        self.links: list[str] = []
        self.broken: list[str] = []
        self.has_tags = False
        self._unseen = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Judge a tag and its attributes."""
        self.has_tags = True
        if tag in _UNSEEN:
            self._unseen += 1
        if tag in _BLOCKS:
            self.said.append("\n")
        if rule := _FORBIDDEN.get(tag):
            self.broken.append(rule)
        for name, value in attrs:
            self.broken.extend(_attribute(tag, name, value or ""))
            if name in _LINKS:
                self.links.append(value or "")

    def handle_endtag(self, tag: str) -> None:
        """Come back to what is seen."""
        if tag in _UNSEEN:
            self._unseen = max(0, self._unseen - 1)
        if tag in _BLOCKS:
            self.said.append("\n")

    def handle_comment(self, data: str) -> None:
        """A comment that some mail programs show (`<!--[if mso]>`) is hidden from the others."""
        if data.lstrip().startswith("[if"):
            self.broken.append("html_hidden")

    def handle_data(self, data: str) -> None:
        """Keep what is seen; a style sheet may hide and load."""
        if not self._unseen:
            self.said.append(data)
        elif self.lasttag == "style":
            self.broken.extend(_style(data))


def _attribute(tag: str, name: str, value: str) -> Iterator[str]:
    bare = "".join(value.split()).lower()
    if name.startswith("on") or bare.startswith(("javascript:", "vbscript:")):
        yield "html_script"
    if name in _SOURCES and bare.startswith(_REMOTE):
        yield "html_remote"
    if name == "style":
        yield from _style(value)
    if tag == "meta" and name == "http-equiv" and bare == "refresh":
        yield "html_base"
    if name == "hidden":
        yield "html_hidden"
    if "{{" in value and name not in ("alt", "title", "lang", "dir"):
        yield "html_attribute"


def _style(value: str) -> Iterator[str]:
    bare = "".join(value.split()).lower()
    if any(hiding in bare for hiding in _HIDING):
        yield "html_hidden"
    if "url(" in bare or "@import" in bare:
        yield "html_remote"
