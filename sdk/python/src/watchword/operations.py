"""How a row of `resources.py` becomes a method of both clients.

A row says what is sent and what comes back: verb, path, answer, arguments.  The answer is a
record, `[record]` for a list that is read page after page, `~record` for a stream, `+record` for
a list that comes whole, `#member` for a number in it, `-` for nothing.  Arguments go into the path,
else into the query or the body; those after a `*` are named, `!` marks the required, `$` those
that no error may repeat, and `name>a.b` one that has another place in the body.
"""

import ast
import copy
import functools
from collections.abc import Callable, Mapping
from importlib import resources as files
from inspect import Parameter, Signature, cleandoc
from typing import Any, Generic, TypeVar

from watchword.models import MODELS
from watchword.protocol import Call, Feed, Listing, nothing, segment
from watchword.runners import AsyncRunner, SyncRunner

W = TypeVar("W", SyncRunner, AsyncRunner)


class Resource(Generic[W]):
    """A group of operations and what runs them."""

    def __init__(self, runner: W) -> None:
        self._runner: W = runner


@functools.cache
def documentation() -> Mapping[str, str]:
    """What the stub says of every operation; read when somebody asks for help."""
    stub = (files.files("watchword") / "resources.pyi").read_text(encoding="utf-8")
    return {
        f"{group.name}.{each.name}": cleandoc(ast.get_docstring(each) or "")
        for group in ast.parse(stub).body
        if isinstance(group, ast.ClassDef)
        for each in group.body
        if isinstance(each, ast.FunctionDef)
    }


class Operation:
    """A row of the table, as a method of whatever has a runner."""

    _runner: Any

    def __init__(self, name: str, row: str) -> None:
        self.__qualname__, self.__name__ = name, name.partition(".")[2]
        self.verb, place, answer, *words = row.split()
        self.path, _, self.path_with_code = place.partition("?code=")
        self._kind = answer[0] if answer[0] in "[~+#-" else ""
        self.answer = answer.strip("[]~+#")
        self.in_path = [part.partition("}")[0] for part in self.path.split("{")[1:]]
        self._words = words
        self._places: dict[str, str] = {}
        self._secret: list[str] = []

    @functools.cached_property
    def __signature__(self) -> Signature:
        """Drawn on first use: to draw all of them took 10 ms of import."""
        kind: Any = Parameter.POSITIONAL_OR_KEYWORD
        drawn = [Parameter(each, kind) for each in self.in_path]
        for word in self._words:
            if word == "*":
                kind = Parameter.KEYWORD_ONLY
            elif word == "**parts":
                drawn.append(Parameter("parts", Parameter.VAR_KEYWORD))
            else:
                argument, _, where = word.rstrip("!$").partition(">")
                self._places[argument] = where or argument
                self._secret += [argument] * ("$" in word)
                default = Parameter.empty if "!" in word else None
                drawn.append(Parameter(argument, kind, default=default))
        return Signature(drawn, return_annotation=MODELS.get(self.answer))

    def build(self, *args: Any, **kwargs: Any) -> Call[Any] | Listing[Any] | Feed[Any]:
        """The call of these arguments."""
        given = self.__signature__.bind(*args, **kwargs).arguments
        sent = {name: value for name, value in given.items() if value is not None}
        path = self.path_with_code if self.path_with_code and "code" in sent else self.path
        path = path.format(**{name: segment(sent.pop(name)) for name in self.in_path})
        secrets = tuple(text for name in self._secret for text in _texts(sent.get(name)))
        parts = sent.pop("parts", {})
        placed: dict[str, Any] = {}
        for name, value in sorted(sent.items(), key=lambda each: self._places[each[0]].count(".")):
            _put(placed, self._places[name].split("."), value)
        placed |= parts
        if self._kind == "[":
            limit = placed.pop("limit", None)
            return Listing(path, MODELS[self.answer].from_wire, placed, limit)
        if self._kind == "~":
            return Feed(path, MODELS[self.answer].from_wire, placed)
        if self.verb not in ("GET", "DELETE"):
            return Call(self.verb, path, self._decode(), {}, placed, secrets)
        query = {name: ("true" if value else None) if isinstance(value, bool) else value
                 for name, value in placed.items()}  # fmt: skip
        return Call(self.verb, path, self._decode(), query, {}, secrets)

    def _decode(self) -> Callable[[Any], Any]:
        if self._kind == "-":
            return nothing
        if self._kind == "#":
            return lambda wire: int(wire[self.answer])
        one = MODELS[self.answer].from_wire
        return (lambda wire: tuple(map(one, wire["data"]))) if self._kind == "+" else one

    @property
    def __doc__(self) -> str:  # type: ignore[override]
        return documentation()[self.__qualname__]

    def __get__(self, resource: Resource[Any] | None, _owner: type) -> Any:
        """The operation as the client at hand runs it."""
        if resource is None:
            return self
        self.__signature__  # noqa: B018 - drawn once for all clients
        bound = copy.copy(self)
        bound._runner = resource._runner
        return bound

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """What the client at hand makes of it."""
        what = self.build(*args, **kwargs)
        if isinstance(what, Feed):
            return self._runner.follow(what)
        return self._runner.items(what) if isinstance(what, Listing) else self._runner.run(what)

    def __repr__(self) -> str:
        """As it is called."""
        return f"<{self.__qualname__}{self.__signature__}>"


def _put(into: dict[str, Any], path: list[str], value: Any) -> None:
    for step in path[:-1]:
        into[step] = dict(into.get(step, {}))
        into = into[step]
    into[path[-1]] = value


def _texts(value: Any) -> list[str]:
    if isinstance(value, Mapping):
        return [each for each in value.values() if isinstance(each, str)]
    return [value] if isinstance(value, str) else list(value or ())
