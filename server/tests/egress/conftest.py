"""Every poster that a test makes is closed."""

import asyncio

import pytest

from watchword_server.egress.poster import GuardedPoster


@pytest.fixture(autouse=True)
async def _closed_posters(monkeypatch):
    made = []
    plain = GuardedPoster.__init__

    def noted(self, *given, **more):
        plain(self, *given, **more)
        made.append(self)

    monkeypatch.setattr(GuardedPoster, "__init__", noted)
    yield
    for poster in made:
        await poster.aclose()
    await asyncio.sleep(0)  # what is closed tells so
