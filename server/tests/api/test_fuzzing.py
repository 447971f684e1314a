"""schemathesis reads the description and tries to catch the server contradicting it.

`positive_data_acceptance` is left out: no schema can say which numbers exist, so a request that
fits the schema may be refused.
"""

import asyncio
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn

from api.world import World
from watchword_server.ports.store import Transaction

pytestmark = pytest.mark.filterwarnings("default")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """A server on a port of its own: its URL and the credentials to use."""
    directory = tmp_path_factory.mktemp("fuzzing")
    found: list[World] = []
    servers: list[uvicorn.Server] = []

    async def serve() -> None:
        world = await World.make(directory)
        config = uvicorn.Config(
            world.client.app, http="httptools", ws="none", lifespan="off", log_level="critical"
        )
        found.append(world)
        servers.append(uvicorn.Server(config))
        hours = asyncio.create_task(keep_going(world))
        await servers[0].serve([listener])
        hours.cancel()
        await world.runtime.close()

    # Without the protocol asyncio leaves TCP_NODELAY off, and every answer takes 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    while not (servers and servers[0].started):
        assert thread.is_alive()
        time.sleep(0.01)
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    yield url, found[0].names["main_key"]
    servers[0].should_exit = True
    thread.join(10)


async def keep_going(world: World) -> None:
    """Time flies, so that no cool-down keeps a call from being tried; and what the fuzzer deletes
    or disables is there again, its own project and key among it."""
    store, mine = world.runtime.store, world.operator.project
    project, keys, templates = await store.read(
        lambda tx: (tx.projects.get(mine), tx.api_keys.of(mine), tx.templates.of(mine))
    )

    def restore(tx: Transaction) -> None:
        assert project is not None
        (tx.projects.update if tx.projects.get(mine) else tx.projects.insert)(project)
        for key in keys:
            (tx.api_keys.update if tx.api_keys.find(key.id) else tx.api_keys.insert)(key)
        for template in templates:
            tx.templates.put(mine, template)

    while True:
        world.clock.advance(60)
        await store.write(restore)
        world.runtime.services.directory.forget()
        await asyncio.sleep(0.02)


def test_the_server_does_what_its_description_says(served: tuple[str, str], tmp_path: Path) -> None:
    url, authorization = served
    command = [
        Path(sys.executable).with_name("schemathesis"), "run", f"{url}/openapi.json",
        "--url", url, "--header", f"Authorization: {authorization}", "--no-color",
        "--checks", "all", "--exclude-checks", "positive_data_acceptance",
        "--exclude-operation-id", "streamEvents",  # it never ends
        "--phases", "examples,coverage,fuzzing", "--max-examples", "10", "--seed", "1",
    ]  # fmt: skip
    outcome = subprocess.run(command, check=False, cwd=tmp_path, capture_output=True, text=True)
    assert outcome.returncode == 0, outcome.stdout[-8000:]
    assert "passed" in outcome.stdout
