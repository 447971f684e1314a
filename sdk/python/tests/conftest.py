"""What every test of the SDK may use."""

import httpx2
import pytest

from watchword import Watchword
from watchword.testing import FakeServer


@pytest.fixture(autouse=True)
def _empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("WATCHWORD_URL", "WATCHWORD_DEV_KEY", "WATCHWORD_DEV_SECRET"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def fake() -> FakeServer:
    return FakeServer()


@pytest.fixture
def client(fake: FakeServer) -> Watchword:
    return Watchword(dev_key="demo", dev_secret="s3cr3t-demo", transport=fake)


class Script(httpx2.MockTransport):
    """A transport that plays answers and failures in turn and keeps what it was sent."""

    def __init__(self, *turns: httpx2.Response | Exception) -> None:
        super().__init__(self._play)
        self.turns = list(turns)
        self.requests: list[httpx2.Request] = []

    def _play(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        turn = self.turns.pop(0)
        if isinstance(turn, Exception):
            raise turn
        return turn


@pytest.fixture
def script() -> type[Script]:
    return Script
