"""The webhook: a naive agent takes one with the handler that a page shows, and believes it."""

import ast
import json
import re
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

from bench.agent_score import people
from bench.agent_score.choosing import Said, Stuck, best
from bench.agent_score.describing import Description
from bench.agent_score.reading import Agent, blocks

_TAKE = "take a webhook and verify its signature"
_MAKE = "make a webhook endpoint: what happens is posted to a URL"
_ENTRY = re.compile(r"^- \[([^\]]+)\]\((\S+?)\)(.*)$", re.MULTILINE)
_FEWEST = 16
"""Characters of a literal that may be a secret."""


def webhook(naive: Agent) -> None:
    """Make an endpoint, answer by the page's handler, and see that it accepts and refuses."""
    entries = _ENTRY.findall(naive.read("/llms.txt"))
    _, link, _ = best(_TAKE, entries, lambda one: Said(one[0], one[2]))
    page = blocks(naive.read(link))
    handler = next((code for language, code in page if _function(language, code)), None)
    if handler is None:
        raise Stuck("the page shows no handler")
    api = Description(naive, naive.read("/openapi.json"))
    make = api.posting(_MAKE)
    with Receiver() as receiver:
        told = api.call(make, _with_url(make.example, receiver.url))
        try:
            people.use_the_product(naive.url)
            taken = receiver.wait()
        finally:
            people.clear_up(naive.url)
    known: dict[str, Any] = {}
    exec(_with_secret(handler, json.dumps(told)), known)  # the page's own code
    take = known[_function("python", handler)]
    for body, headers in taken:
        if _accepts(take(body + b" ", headers)):
            raise Stuck("the handler accepts what was changed")
        if not _accepts(take(body, headers)):
            raise Stuck("the handler refuses what the server signed")


def _function(language: str, code: str) -> str:
    """The function of a block that takes what was posted: a body and headers."""
    if language != "python":
        return ""
    made = (one for one in ast.parse(code).body if isinstance(one, ast.FunctionDef))
    pair = 2
    return next((one.name for one in made if len(one.args.args) == pair), "")


def _with_url(example: dict[str, Any], url: str) -> dict[str, Any]:
    """The example of a request with the reader's own URL in the place of its URL."""
    return {
        name: url if str(value).startswith("https://") else value for name, value in example.items()
    }


def _with_secret(code: str, told: str) -> str:
    """The block with the secret that was told in place of the page's: both begin alike."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            mark, _, rest = node.value.partition("_")
            found = re.search(rf"\b{re.escape(mark)}_[\w+/=-]+", told)
            if found and len(rest) >= _FEWEST:
                return code.replace(node.value, found[0])
    raise Stuck("nothing that was told is the secret of the handler")


def _accepts(status: int) -> bool:
    return 200 <= status < 300


class Receiver:
    """A receiver on loopback that keeps what is posted to it."""

    def __init__(self) -> None:
        self._taken: list[tuple[bytes, dict[str, str]]] = []
        taken, came = self._taken, threading.Event()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                headers = {name.lower(): text for name, text in self.headers.items()}
                taken.append((body, headers))
                if len(taken) > 1:  # the first may be a ping
                    came.set()
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_words: object) -> None:
                """Nothing is logged."""

        self._came = came
        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/hooks"

    def __enter__(self) -> "Receiver":
        self._thread.start()
        return self

    def wait(self) -> list[tuple[bytes, dict[str, str]]]:
        """What was posted, once more than a ping has come."""
        if not self._came.wait(60):
            raise Stuck("no event comes")
        return list(self._taken)

    def __exit__(self, *_exception: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
