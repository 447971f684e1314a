"""Every poster that a test makes is closed."""

import asyncio

import pytest

from watchword_server.egress.network import GuardedNetwork


@pytest.fixture(autouse=True)
async def _closed_posters(monkeypatch):
    made = []
    plain = GuardedNetwork.__init__

    def noted(self, *given, **more):
        plain(self, *given, **more)
        made.append(self)

    monkeypatch.setattr(GuardedNetwork, "__init__", noted)
    yield
    for poster in made:
        await poster.aclose()
    await asyncio.sleep(0)  # what is closed tells so
