"""The vendor's SDK receives callbacks of a real server: ping, verification, parsed events."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from engagelab_otp import OTPClient, WebhookVerifier

from e2e.deployment import Site, until
from e2e.engagelab_client import EngageLab

KEY, SECRET = "engagelab_sandbox_demo", "engagelab_sandbox_secret"
USERNAME, HOOK_SECRET = "sandbox_demo", "sandbox_webhook_secret"


class Receiver(ThreadingHTTPServer):
    """An application that verifies and reads its callbacks with the vendor's SDK."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.verifier = WebhookVerifier(USERNAME, HOOK_SECRET)
        self.pings = 0
        self.events: list[Any] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/webhook/engagelab"


class Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers["content-length"]))
        self.server.verifier.verify(self.headers["X-CALLBACK-ID"])
        events = self.server.verifier.parse_events(raw)
        self.server.pings += not events
        self.server.events += events
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_args: object) -> None:
        """Nothing: the test looks at what was received."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as made:
        thread = threading.Thread(target=made.serve_forever)
        thread.start()
        yield made
        made.shutdown()
        thread.join()


def test_the_sdk_takes_the_callbacks_of_the_sandbox(
    site: Site, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    server = site.serve(sandbox_delay_s="0")
    monkeypatch.setattr(OTPClient, "BASE_URL", f"{server.url}/v1")
    documented = EngageLab(server.url, KEY, SECRET)
    assert documented.set_sandbox_webhook(receiver.url, USERNAME, HOOK_SECRET)["verified"] is True
    assert (receiver.pings, receiver.events) == (1, [])

    sdk = OTPClient(KEY, SECRET)
    falling = sdk.send("+10000000004", "sandbox-otp-tpl")["message_id"]
    approved = sdk.send("+10000000005", "sandbox-otp-tpl")["message_id"]
    assert sdk.verify(approved, "123456")["verified"] is True

    def statuses(message_id: str) -> list[str]:
        return [event.status for event in receiver.events if event.message_id == message_id]

    until(lambda: "delivered" in statuses(falling), "the fallback is told")
    until(lambda: "verified" in statuses(approved), "the approval is told")
    assert "delivered_failed" not in statuses(falling)
    final = [event for event in receiver.events if event.is_terminal]
    assert {event.to for event in final} == {"+10000000004", "+10000000005"}
