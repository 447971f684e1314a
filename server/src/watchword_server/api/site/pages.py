"""The documentation as this server serves it: with its own addresses, in two formats."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from watchword_server.api import error_pages
from watchword_server.api.site import links, reference, sources
from watchword_server.api.site.contents import CONTENTS, Section
from watchword_server.domain.errors import KINDS

WRITTEN_FOR = "http://127.0.0.1:8080"
"""The server that the written pages speak of; a served page speaks of the one that serves it."""

_H1 = re.compile(r"^# (.+)$", re.M)
_SENTENCE = re.compile(r"^(?![#|>`\s-])(.+?[.!?])(?=\s|$)", re.M)
_NO_MARKUP = re.compile(r"\[([^\[\]]*)\]\([^()]*\)|[`*]")
_INDEX = "index"
_COMMENT = re.compile(r"<!--.*?-->\n*", re.S)
_AT_ROOT = frozenset({"agents"})


@dataclass(frozen=True)
class Page:
    """One page of the documentation.

    Attributes:
        name: its file below `docs/`, without the ending.
        text: as it is written or made, its links those of files.
    """

    name: str
    text: str

    @property
    def path(self) -> str:
        """Where it is served, as HTML."""
        if self.name in _AT_ROOT:
            return f"/{self.name}"
        return f"/docs/{self.name}".removesuffix(f"/{_INDEX}")

    @cached_property
    def title(self) -> str:
        """Its first heading, without markup."""
        found = _H1.search(self.text)
        return plain(found[1]) if found else self.name

    @cached_property
    def note(self) -> str:
        """Its first sentence, without markup."""
        found = _SENTENCE.search(_H1.sub("", self.text, count=1))
        return plain(found[1]) if found else ""


def plain(text: str) -> str:
    """Words without the markup of Markdown."""
    return _NO_MARKUP.sub(lambda found: found[1] or "", text)


class Library:
    """All pages, and where they lead."""

    def __init__(self, public_url: str, document: Mapping[str, object]) -> None:
        self._url = public_url
        made = {f"errors/{kind.slug}": error_pages.page(kind) for kind in KINDS}
        made["errors/index"] = error_pages.index()
        texts = sources.written() | made | reference.pages(document)
        self.pages = {
            name: Page(name, _COMMENT.sub("", text).replace(WRITTEN_FOR, public_url))
            for name, text in texts.items()
        }
        self.by_path = {page.path: page for page in self.pages.values()}

    def sections(self) -> list[tuple[Section, list[Page]]]:
        """The pages of each section that has any."""
        found = []
        for section in CONTENTS:
            named = [self.pages[name] for name in section.pages if name in self.pages]
            if section.folder is not None:
                own = f"{section.folder}/"
                inside = [page for name, page in self.pages.items() if name.startswith(own)]
                named += sorted(
                    inside, key=lambda page: (not page.name.endswith(_INDEX), page.name)
                )
            if named:
                found.append((section, named))
        return found

    def markdown(self, page: Page) -> str:
        """The page as Markdown, its links absolute."""

        def where(to: str) -> str | None:
            found = self._target(page, to, ".md")
            return f"{self._url}{found}" if found is not None and found.startswith("/") else found

        first = (
            f"> For AI agents: the documentation index is at {self._url}/llms.txt. "
            "Append .md to any URL.\n\n"
        )
        return first + links.rewritten(page.text, where)

    def html(self, page: Page) -> bytes:
        """The page as HTML."""
        from watchword_server.api.site import html  # a start need not wait for what makes it

        text = links.rewritten(page.text, lambda to: self._target(page, to, ""))
        navigation = [
            (section.title, [(one.path, one.title) for one in pages])
            for section, pages in self.sections()
        ]
        return html.render(text, page.title, page.path, navigation)

    def _target(self, page: Page, to: str, ending: str) -> str | None:
        """Where a link leads: what is served elsewhere than its file says is put right."""
        if to.startswith(WRITTEN_FOR):
            to = self._url + to.removeprefix(WRITTEN_FOR)
        found = links.target(page.name, to, self.pages, ending)
        if found is None or not found.startswith("/docs/"):
            return found
        path, mark, fragment = found.partition("#")
        named = self.pages[path.removeprefix("/docs/").removesuffix(".md")]
        return f"{named.path}{ending}{mark}{fragment}"
