"""An API as a naive agent sees it: the OpenAPI document of a server, and nothing else."""

import json
import re
from collections.abc import Sequence
from typing import Any

from bench.agent_score.choosing import Said, Stuck, best, fields
from bench.agent_score.reading import Agent

_PAIR = re.compile(r"`(\w+:\w+)`")


class Operation:
    """One operation, by what the document says of it."""

    def __init__(self, method: str, path: str, said: dict[str, Any]) -> None:
        self.method, self.path, self._said = method.upper(), path, said
        content = said.get("requestBody", {}).get("content", {}).get("application/json", {})
        self.body: dict[str, Any] = content.get("schema", {})
        self.example: Any = content.get("example")
        good = [one for status, one in said["responses"].items() if status.startswith("2")]
        self.answers = fields(good)

    @property
    def said(self) -> Said:
        return Said(self._said["summary"], self._said["description"])


class Description:
    """What a server says of its API."""

    def __init__(self, naive: Agent, text: str) -> None:
        document = json.loads(text)
        schemes = [document["info"], document["components"]["securitySchemes"]]
        keys = _PAIR.findall(json.dumps(schemes))
        if not keys:
            raise Stuck("the description names no key to try it with")
        self._naive, self._key, self._server = naive, keys[0], document["servers"][0]["url"]
        self.operations = [
            Operation(method, path, said)
            for path, item in document["paths"].items()
            for method, said in item.items()
        ]

    def posting(self, task: str) -> Operation:
        """The operation that does a task."""
        asked = [one for one in self.operations if one.method == "POST" and one.example]
        return best(task, asked, lambda one: one.said)

    def listing(self, known: Sequence[str]) -> list[Operation]:
        """The operations that answer rows which hold what is known, among other things."""
        return [
            one
            for one in self.operations
            if one.method == "GET" and "{" not in one.path and set(known) <= one.answers
        ]

    def call(self, operation: Operation, body: Any = None) -> Any:
        """What an operation answers."""
        where = self._server + operation.path
        return self._naive.call(operation.method, where, self._key, body)
