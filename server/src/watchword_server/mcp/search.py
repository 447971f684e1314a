"""Searching the documentation: BM25 over the sections of its pages."""

import math
import re
from collections import Counter
from typing import NamedTuple

from watchword_server.api.site.pages import Library

_WORD = re.compile(r"[a-z0-9_]+")
_HEADING = re.compile(r"(?m)^#{1,3} ")
_K, _B = 1.4, 0.6
"""BM25's usual saturation; a weaker length norm, because our sections are short."""
_EXCERPT = 600


class Section(NamedTuple):
    """A piece of a page under one heading."""

    title: str
    url: str
    text: str
    words: Counter[str]
    length: int


class Index:
    """All sections, counted once."""

    def __init__(self, library: Library, url: str) -> None:
        self._sections = [
            _section(f"{page.title}", f"{url}{page.path}.md", text)
            for page in library.pages.values()
            for text in _HEADING.split(library.markdown(page))
            if text.strip() and not page.name.startswith("decisions/")
        ]
        self._documents = Counter(word for one in self._sections for word in one.words)
        self._mean = sum(one.length for one in self._sections) / max(1, len(self._sections))

    def find(self, query: str, limit: int = 5) -> list[Section]:
        """The sections that fit best, one a page."""
        words = set(_words(query))
        ranked = sorted(self._sections, key=lambda one: self._score(one, words), reverse=True)
        best: dict[str, Section] = {}
        for one in ranked:
            if len(best) == limit or self._score(one, words) <= 0:
                break
            best.setdefault(one.url, one)
        return list(best.values())

    def _score(self, section: Section, words: set[str]) -> float:
        score = 0.0
        for word in words & section.words.keys():
            seen = self._documents[word]
            rarity = math.log(1 + (len(self._sections) - seen + 0.5) / (seen + 0.5))
            count = section.words[word]
            norm = _K * (1 - _B + _B * section.length / self._mean)
            score += rarity * count * (_K + 1) / (count + norm)
        return score


def excerpt(section: Section) -> str:
    """The beginning of a section."""
    return section.text if len(section.text) <= _EXCERPT else section.text[:_EXCERPT] + " …"


def _section(title: str, url: str, text: str) -> Section:
    counted = Counter((*_words(text), *_words(title)))
    return Section(title, url, text.strip(), counted, counted.total())


def _words(text: str) -> list[str]:
    return [word.removesuffix("s") for word in _WORD.findall(text.lower())]
