"""The webhook: a naive agent takes one with the handler that the page shows, and believes it."""

import re
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

from bench.agent_score.reading import Agent, Stuck
from watchword import Watchword

_HANDLER = re.compile(r"^```python\n(.*?def receive\(.*?)^```$", re.MULTILINE | re.DOTALL)
_SECRET = re.compile(r"whsec_\w+")


def webhook(naive: Agent) -> None:
    """Make an endpoint, answer by the page's handler, and see that it accepts and refuses."""
    page = naive.read("/docs/webhooks.md")
    found = _HANDLER.search(page)
    if found is None:
        raise Stuck("the page shows no handler")
    taken: list[tuple[bytes, dict[str, str]]] = []
    with Receiver(taken) as receiver, Watchword.in_sandbox(naive.url) as client:
        naive.commands += 1
        made = client.webhooks.create(url=receiver.url)
        naive.commands += 1
        client.messages.send(to="+10000000005", template_id="sandbox-otp-tpl")
        receiver.wait()
    handler: dict[str, Any] = {}
    exec(_SECRET.sub(str(made.secret), found[1]), handler)  # the page's own code
    body, headers = taken[0]
    if handler["receive"](body + b" ", headers) != 400:
        raise Stuck("the handler accepts what was changed")
    if handler["receive"](body, headers) != 200:
        raise Stuck("the handler refuses what the server signed")


class Receiver:
    """A receiver on loopback that keeps what is posted to it."""

    def __init__(self, taken: list[tuple[bytes, dict[str, str]]]) -> None:
        came = threading.Event()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                if b'"verification.' in body:
                    headers = {name.lower(): text for name, text in self.headers.items()}
                    taken.append((body, headers))
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

    def wait(self) -> None:
        """Until an event has come."""
        if not self._came.wait(60):
            raise Stuck("no event comes")

    def __exit__(self, *_exception: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
