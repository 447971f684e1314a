"""The resolver: one look-up for each name at a time, and none that holds up another."""

import asyncio
import socket
import threading

import pytest

from watchword_server.egress import resolver
from watchword_server.egress.resolver import SystemResolver


@pytest.fixture
def names(monkeypatch):
    """A system whose look-ups of `slow...` names wait until the test lets them go."""
    found = Names()
    monkeypatch.setattr(socket, "getaddrinfo", found.look_up)
    yield found
    found.go.set()


class Names:
    def __init__(self):
        self.asked = []
        self.go = threading.Event()

    def look_up(self, host, *_, **__):
        self.asked.append(host)
        if host.startswith("slow"):
            self.go.wait(30)
        if host.startswith("no"):
            raise socket.gaierror(-2, "Name or service not known")
        kind = (socket.AF_INET, socket.SOCK_STREAM, 6, "")
        return [(*kind, ("192.0.2.1", 0)), (*kind, ("192.0.2.1", 0)), (*kind, ("192.0.2.2", 0))]


async def one_look_up_serves_all_who_wait(resolve, names):
    waiting = [asyncio.create_task(resolve("slow.example")) for _ in range(5)]
    await asyncio.sleep(0)
    assert await resolve("quick.example") == ["192.0.2.1", "192.0.2.2"]
    waiting[0].cancel()  # who gives up takes nobody along
    names.go.set()
    assert await asyncio.gather(*waiting[1:]) == [["192.0.2.1", "192.0.2.2"]] * 4
    assert names.asked.count("slow.example") == 1
    await resolve("slow.example")
    assert names.asked.count("slow.example") == 2  # nothing is kept


async def test_one_look_up_serves_all_who_wait(names):
    await one_look_up_serves_all_who_wait(SystemResolver(), names)


async def test_one_look_up_serves_all_who_wait_mutant_is_caught(names):
    class Eager(SystemResolver):
        async def __call__(self, host):
            return await SystemResolver()(host)

    with pytest.raises(AssertionError):
        await one_look_up_serves_all_who_wait(Eager(), names)


async def test_a_name_without_an_address_is_an_error_each_time(names):
    resolve = SystemResolver()
    for _ in range(2):
        with pytest.raises(OSError, match="not known"):
            await resolve("nobody.example")


async def test_names_that_never_answer_cost_a_bounded_number_of_threads(names, monkeypatch):
    monkeypatch.setattr(resolver, "MAX_LOOKUPS", 3)
    resolve = SystemResolver()
    waiting = [asyncio.create_task(resolve(f"slow{n}.example")) for n in range(3)]
    await asyncio.sleep(0)
    with pytest.raises(OSError, match="too many"):
        await resolve("quick.example")
    names.go.set()
    await asyncio.gather(*waiting)
    assert await resolve("quick.example")
