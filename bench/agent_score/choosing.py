"""How a naive agent chooses: by the words that what it reads shares with what it was asked to do.

Nothing here knows the product: the tasks are plain English, and what is chosen among comes from
links, operations and tools as they are published.
"""

import math
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

T = TypeVar("T")

_WORD = re.compile(r"[A-Z]?[a-z]+")
_ENDINGS = ("ings", "ing", "ied", "ies", "ed", "es", "s", "e")
_TITLE_COUNTS = 3.0


class Stuck(Exception):
    """What was read does not lead on."""


class Said(NamedTuple):
    """What something says of itself: a title in a few words, and more."""

    title: str
    more: str = ""


def words(text: str) -> Counter[str]:
    """The stems of a text, camelCase and snake_case taken apart."""
    return Counter(_stem(word.lower()) for word in _WORD.findall(text))


def _stem(word: str) -> str:
    for ending in _ENDINGS:
        if len(word) > len(ending) + 2 and word.endswith(ending):
            return word.removesuffix(ending)
    return word


def best(task: str, among: Sequence[T], said: Callable[[T], Said]) -> T:
    """What speaks most of a task: rare words count more than common ones, titles more than text.

    Raises:
        Stuck: nothing shares a word with it.
    """
    texts = [said(one) for one in among]
    bags = [(words(text.title), words(text.more)) for text in texts]
    seen = Counter(word for title, more in bags for word in {*title, *more})

    def score(bag: tuple[Counter[str], Counter[str]]) -> float:
        title, more = bag
        weigh = {word: math.log(1 + len(bags) / seen[word]) for word in words(task) if seen[word]}
        in_title = sum(weight for word, weight in weigh.items() if title[word])
        in_more = sum(weight for word, weight in weigh.items() if more[word])
        length = math.sqrt(sum(title.values()) or 1)
        return _TITLE_COUNTS * in_title / length + in_more / math.sqrt(sum(more.values()) or 1)

    scores = [score(bag) for bag in bags]
    if not scores or max(scores) == 0:
        raise Stuck(f"nothing is there to {task}")
    return among[scores.index(max(scores))]


def values(node: Any) -> Iterator[tuple[str, Any]]:
    """Every named value in an answer, outermost first."""
    if isinstance(node, Mapping):
        yield from ((name, value) for name, value in node.items() if value is not None)
        for value in node.values():
            yield from values(value)
    if isinstance(node, list):
        for value in node:
            yield from values(value)


def fields(schema: Any) -> set[str]:
    """The names of the values that a schema describes."""
    found: set[str] = set()
    if isinstance(schema, Mapping):
        found |= set(schema.get("properties", {}))
        for inner in schema.values():
            found |= fields(inner)
    if isinstance(schema, list):
        found |= {name for inner in schema for name in fields(inner)}
    return found


def has_to_be_given(schema: Mapping[str, Any]) -> list[str]:
    """The members that cannot be left out or null."""

    def may_be_null(name: str) -> bool:
        kind = schema["properties"][name].get("type", ())
        return "null" in kind if isinstance(kind, list) else kind == "null"

    return [name for name in schema.get("required", ()) if not may_be_null(name)]
