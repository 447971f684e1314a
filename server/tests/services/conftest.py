"""One desk for each test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.desk import Desk, opened
from watchword_server.testing import ManualClock


@pytest.fixture
async def desk(tmp_path: Path, clock: ManualClock) -> AsyncIterator[Desk]:
    """A runtime with a live project, two carriers and a manual clock."""
    async with opened(tmp_path, clock) as desk:
        yield desk
