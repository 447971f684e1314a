"""The stores under contract: a driver is a row of `DRIVERS`, and every test here runs on it."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from storage.sqlite import opened
from watchword_server.ports.store import Store
from watchword_server.testing import ManualClock

Driver = Callable[[Path, Callable[[], int]], AbstractAsyncContextManager[Store]]


@asynccontextmanager
async def sqlite(folder: Path, now: Callable[[], int]) -> AsyncIterator[Store]:
    """The embedded store on a file of its own."""
    async with opened(folder, now) as store:
        yield store


DRIVERS: dict[str, Driver] = {"sqlite": sqlite}


@pytest.fixture(params=DRIVERS)
async def store(
    request: pytest.FixtureRequest, tmp_path: Path, clock: ManualClock
) -> AsyncIterator[Store]:
    """An empty store with its schema."""
    async with DRIVERS[request.param](tmp_path, clock.now) as store:
        yield store
