"""From a path to the operations on it: one dictionary for fixed paths, a tree for the others."""

from collections.abc import Iterable, Mapping
from typing import Any

from watchword_server.api.operation import Operation
from watchword_server.domain.errors import UNKNOWN_PATH, WRONG_METHOD, Problem

Methods = dict[str, Operation]
Found = tuple[Methods, Mapping[str, str]]

_NONE: Mapping[str, str] = {}
_HERE = ""
"""The key of a node's own methods; no segment of a matched path is empty."""


class Router:
    """Finds the operation of a method and path."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        self.fixed: dict[str, Methods] = {}
        self._tree: dict[str, Any] = {}
        for operation in operations:
            if operation.parameters:
                self._plant(operation)
            else:
                self.fixed.setdefault(operation.path, {})[operation.method] = operation

    def _plant(self, operation: Operation) -> None:
        node = self._tree
        for part in operation.path.split("/")[1:]:
            node = node.setdefault("{}" if part.startswith("{") else part, {})
        node.setdefault(_HERE, {})[operation.method] = operation

    def find(self, path: str) -> Found | None:
        """The operations on a path by method, and the values in the path."""
        methods = self.fixed.get(path)
        if methods is not None:
            return methods, _NONE
        node = self._tree
        values = []
        for part in path.split("/")[1:]:
            below = node.get(part)
            if below is None:
                below = node.get("{}")
                values.append(part)
            if below is None or not part:
                return None
            node = below
        if _HERE not in node:
            return None
        methods = node[_HERE]
        names = next(iter(methods.values())).parameters
        return methods, dict(zip(names, values, strict=True))


def unknown_path() -> Problem:
    """The refusal of a path nobody serves."""
    return Problem(UNKNOWN_PATH, "This server has no such path. Every path is in /openapi.json.")


def wrong_method(methods: Iterable[str]) -> Problem:
    """The refusal of a method that the path does not take."""
    allow = ", ".join(sorted(methods))
    return Problem(WRONG_METHOD, f"This path takes {allow}.", extra={"allow": allow})
