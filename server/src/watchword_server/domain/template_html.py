"""The HTML of an email: what a reader sees of it, and what must not stand in it."""

from collections.abc import Iterator
from typing import NamedTuple

from watchword_server.domain.template_markup import (
    Attribute,
    Comment,
    Fault,
    Piece,
    Tag,
    Text,
    pieces,
)

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
    "noembed": "html_frame",
    "noframes": "html_frame",
    "plaintext": "html_frame",
    "template": "html_frame",
    "xmp": "html_frame",
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
_SAYING = frozenset({"alt", "title", "lang", "dir"})
"""Attributes that may hold a variable, in quotes: a value is escaped, and nothing is loaded."""
_LINKS = frozenset({"href", "action", "formaction", "xlink:href"})
_SOURCES = frozenset(
    {"src", "srcset", "background", "poster", "data", "ping", "lowsrc", "dynsrc", "imagesrcset"}
)
_SCRIPTS = ("javascript:", "vbscript:")
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
    "html_broken": "a tag, a quote or a comment in the HTML is left open, or written wrongly",
    "html_size": "the HTML has too many tags, or one has too many attributes",
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
    for piece in pieces(html):
        reader.take(piece)
    lines = (" ".join(line.split()) for line in "".join(reader.said).splitlines())
    text = "\n".join(line for line in lines if line)
    return Page(text, tuple(reader.links), tuple(dict.fromkeys(reader.broken)), reader.has_tags)


class _Reader:
    def __init__(self) -> None:
        self.said: list[str] = []
        self.links: list[str] = []
        self.broken: list[str] = []
        self.has_tags = False

    def take(self, piece: Piece) -> None:
        """Judge one piece, and keep what is seen of it."""
        match piece:
            case Text(words, "style"):
                self.broken.extend(_style(words))
            case Text(words, within):
                if within != "script":
                    self.said.append(words)
            case Comment(words):
                # Some mail programs show it (`<!--[if mso]>`), to the others it is hidden.
                if words.lstrip().startswith("[if"):
                    self.broken.append("html_hidden")
            case Tag():
                self._tag(piece)
            case Fault(rule, rest):
                self.has_tags = True
                self.broken.append(rule)
                self.said.append(rest)

    def _tag(self, tag: Tag) -> None:
        self.has_tags = True
        if tag.name in _BLOCKS:
            self.said.append("\n")
        if (rule := _FORBIDDEN.get(tag.name)) and not tag.ends:
            self.broken.append(rule)
        for attribute in tag.attributes:
            self.broken.extend(_attribute(tag.name, attribute))
            if attribute.name in _LINKS:
                self.links.append(attribute.value)


def _attribute(tag: str, attribute: Attribute) -> Iterator[str]:
    name, value, _ = attribute
    bare = "".join(letter for letter in value if letter > " ").lower().replace("\\", "/")
    if name.startswith("on") or bare.startswith(_SCRIPTS):
        yield "html_script"
    if name in _SOURCES and (bare.startswith(_REMOTE) or "//" in bare):
        yield "html_remote"
    if name == "style":
        yield from _style(value)
    if tag == "meta" and name == "http-equiv" and bare == "refresh":
        yield "html_base"
    if name == "hidden":
        yield "html_hidden"
    if not attribute.held or ("{{" in value and name not in _SAYING):
        yield "html_attribute"


def _style(value: str) -> Iterator[str]:
    bare = "".join(value.split()).lower()
    if "{{" in bare:
        yield "html_attribute"
    if any(hiding in bare for hiding in _HIDING):
        yield "html_hidden"
    if "url(" in bare or "@import" in bare:
        yield "html_remote"
