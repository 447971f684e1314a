"""One desk for each test."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from services.acme import Acme, installed
from services.desk import Desk, opened
from services.keyed import servers
from watchword_server.services.idempotency import Idempotency
from watchword_server.testing import ManualClock


@pytest.fixture
async def desk(tmp_path: Path, clock: ManualClock) -> AsyncIterator[Desk]:
    """A runtime with a live project, two carriers and a manual clock."""
    async with opened(tmp_path, clock) as desk:
        yield desk


@pytest.fixture
async def two(tmp_path: Path, clock: ManualClock) -> AsyncIterator[tuple[Idempotency, ...]]:
    """The idempotency services of two servers on one file."""
    async with servers(tmp_path, clock, Idempotency, Idempotency) as both:
        yield both


@pytest.fixture
async def one(two: tuple[Idempotency, ...]) -> Idempotency:
    """The first of them."""
    return two[0]


@pytest.fixture
def acme(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Acme]]:
    """A vendor whose accounts can be seen."""
    with installed(monkeypatch) as acme:
        yield acme
