"""Another Watchword as EngageLab's stand-in: our provider sends by its `/v1/codes`.

Its sandbox answers each magic number as EngageLab's does, and its callbacks carry EngageLab's
signature: what the provider makes of them is not the word of our own fake alone.
"""

import threading
import time
from collections.abc import AsyncIterator, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import pytest_asyncio

from e2e.deployment import Site, until
from e2e.engagelab_client import EngageLab
from providers.vendor_cases import callback, outcome, to_phone
from providers.vendor_peer import setup
from watchword_server.domain.delivery import Reason, Receipt
from watchword_server.domain.inbound import Report
from watchword_server.egress.network import GuardedNetwork
from watchword_server.ports.providers import Forged, Setup
from watchword_server.providers import settings as checked
from watchword_server.providers.engagelab import Engagelab

KEY, SECRET = "engagelab_sandbox_demo", "engagelab_sandbox_secret"
USERNAME, HOOK_SECRET = "sandbox_demo", "sandbox_webhook_secret"
REFUSALS: dict[str, tuple[str, Reason | None, str]] = {
    "+10000002002": ("unavailable", Reason.MISCONFIGURED, "2002"),
    "+10000002004": ("unavailable", Reason.MISCONFIGURED, "2004"),
    "+10000003003": ("rejected", Reason.OTHER, "3003"),
    "+10000000099": ("rejected", Reason.THROTTLED, "3004"),
    "+10000000001": ("rejected", Reason.INVALID_RECIPIENT, "5011"),
    "+10000005012": ("rejected", Reason.UNREACHABLE, "5012"),
    "+10000000011": ("rejected", Reason.BLOCKED_BY_CARRIER, "5013"),
    "+10000005014": ("rejected", Reason.CONTENT_REJECTED, "5014"),
    "+10000000012": ("rejected", Reason.OPTED_OUT, "5019"),
    "+10000001000": ("uncertain", None, "1000"),
}
DELIVERED, FAILED = "+10000000000", "+10000000018"


class Receiver(ThreadingHTTPServer):
    """Takes callbacks and gives them to the provider, as the face does."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.provider: Engagelab | None = None
        self.heard: list[tuple[bytes, str]] = []
        self.reports: dict[str, Report] = {}


class Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        given = self.headers["X-CALLBACK-ID"]
        self.server.heard.append((body, given))
        assert self.server.provider is not None
        told = self.server.provider.told(callback(body, x_callback_id=given))
        for one in told.inbound:
            assert isinstance(one, Report)
            self.server.reports[one.references[0]] = one
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


@pytest_asyncio.fixture
async def given() -> AsyncIterator[Setup]:
    made = setup(now=lambda: time.time_ns() // 1_000_000)
    yield made
    assert isinstance(made.network, GuardedNetwork)
    await made.network.aclose()


def account(
    url: str, given: Setup, secret: str = SECRET, hook_secret: str = HOOK_SECRET
) -> Engagelab:
    values = {
        "dev_key": KEY, "dev_secret": secret, "sms_template": "sandbox-otp-tpl", "base_url": url,
        "callback_username": USERNAME, "callback_secret": hook_secret,
    }  # fmt: skip
    return Engagelab(checked("engagelab", values), given)


async def test_codes_go_by_another_watchword_and_its_callbacks_come_back(
    site: Site, receiver: Receiver, given: Setup, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    server = site.serve(sandbox_delay_s="0")
    provider = receiver.provider = account(server.url, given)
    hook = f"http://127.0.0.1:{receiver.server_port}/callbacks"
    saved = EngageLab(server.url, KEY, SECRET).set_sandbox_webhook(hook, USERNAME, HOOK_SECRET)
    assert saved["verified"] is True

    for to, (kind, reason, code) in REFUSALS.items():
        made = await outcome(provider, to_phone(to=to))
        assert not isinstance(made, Receipt), to
        assert (made[0], made[1], made[2].split()[0]) == (kind, reason, code), to
    stranger = await outcome(account(server.url, given, secret="wrong"), to_phone(to=DELIVERED))
    assert not isinstance(stranger, Receipt)
    assert stranger[:2] == ("unavailable", Reason.MISCONFIGURED)

    references = []
    for to in (DELIVERED, FAILED):
        made = await outcome(provider, to_phone(to=to))
        assert isinstance(made, Receipt) and made.reference
        references.append(made.reference)
    until(lambda: set(references) <= set(receiver.reports), "both are reported on")
    arrived, lost = (receiver.reports[one] for one in references)
    assert (arrived.status, arrived.reason) == ("delivered", None)
    assert (lost.status, lost.reason) == ("undelivered", Reason.UNREACHABLE)

    another = account(server.url, given, hook_secret="another")
    body, header = next(one for one in receiver.heard if references[0].encode() in one[0])
    with pytest.raises(Forged):
        another.told(callback(body, x_callback_id=header))
