"""A real runtime behind the API, and a small world in it: a message in every state, and keys."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from api.asgi_client import AsgiClient
from api.called import PUBLIC, Called
from api.world import World
from services.desk import opened
from services.vendor import Vendor, told
from watchword_server.api.app import create
from watchword_server.domain.delivery import Receipt


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    directory: Path = tmp_path_factory.mktemp("world")
    world = await World.make(directory)
    yield world
    await world.runtime.close()


@pytest.fixture
async def called(tmp_path, clock, monkeypatch):
    async with opened(tmp_path, clock, public_url=PUBLIC) as desk:
        vendor = Vendor(name=desk.sms.name, channels=["sms"])
        callbacks = desk.runtime.callbacks
        monkeypatch.setattr(callbacks._accounts, "called", told(vendor, desk.caller.project))
        desk.sms.reports = True
        desk.sms.script = [Receipt(reference="SM1")]
        one = Called(desk, AsgiClient(create(desk.runtime), host="otp.example.com"))
        one.verification = await desk.fall_back()
        await desk.deliver()
        yield one
