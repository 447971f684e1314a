"""The resolver: one look-up for each name at a time, and none that holds up another."""

import asyncio
import socket
import threading

import pytest

from watchword_server import adapters
from watchword_server.clock import SteadyClock
from watchword_server.domain.provider_account import ProviderAccount
from watchword_server.egress import resolver
from watchword_server.egress.network import GuardedNetwork, OwnedNetwork
from watchword_server.egress.resolver import SystemResolver
from watchword_server.ports.outside import Busy, Denied
from watchword_server.settings import load


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
        async def __call__(self, host, owner=b""):
            return await SystemResolver()(host)

    with pytest.raises(AssertionError):
        await one_look_up_serves_all_who_wait(Eager(), names)


async def test_a_name_without_an_address_is_an_error_each_time(names):
    resolve = SystemResolver()
    for _ in range(2):
        with pytest.raises(OSError, match="not known"):
            await resolve("nobody.example")


async def names_that_never_answer_cost_only_their_owner(names, monkeypatch):
    """One owner's share is used up: another's look-up is quick, his own next one waits."""
    monkeypatch.setattr(resolver, "EACH", 3)
    resolve = SystemResolver()
    slow = [asyncio.create_task(resolve(f"slow{n}.example", b"one")) for n in range(3)]
    await asyncio.sleep(0)
    own = asyncio.create_task(resolve("quick.example", b"one"))
    joined = asyncio.create_task(resolve("slow0.example", b"one"))
    assert await resolve("other.example", b"two")
    assert len(names.asked) == 4
    assert not own.done()
    names.go.set()
    assert await own
    await asyncio.gather(*slow, joined)
    assert names.asked.count("slow0.example") == 1
    assert not resolve._under_way
    assert not resolve._owned


async def test_names_that_never_answer_cost_only_their_owner(names, monkeypatch):
    await names_that_never_answer_cost_only_their_owner(names, monkeypatch)


async def test_names_that_never_answer_mutants_are_caught(names, monkeypatch):
    def is_full(self, owner):
        return len(self._under_way) >= 3  # everybody's together

    monkeypatch.setattr(resolver, "PLACE_S", 0.05)
    with monkeypatch.context() as patch:
        patch.setattr(SystemResolver, "_is_full", is_full)
        with pytest.raises(resolver.TooManyLookups):
            await names_that_never_answer_cost_only_their_owner(names, patch)


async def test_a_place_that_is_not_free_in_time_says_nothing_of_the_name(names, monkeypatch):
    monkeypatch.setattr(resolver, "MAX_LOOKUPS", 1)
    monkeypatch.setattr(resolver, "PLACE_S", 0.01)
    poster = GuardedNetwork(lambda: 0)
    slow = asyncio.create_task(poster._resolve("slow.example", b"one"))
    await asyncio.sleep(0)
    with pytest.raises(Busy, match="too many"):
        await poster.post("https://quick.example/", {}, b"{}", b"two")
    names.go.set()
    await slow
    assert await poster._resolve("quick.example", b"two")


async def slow_names_of_one_project_keep_no_other_from_its_vendors(owned, names, monkeypatch):
    """Accounts name servers that are never found: their project's share is used up, no more."""
    monkeypatch.setattr(resolver, "EACH", 3)
    monkeypatch.setattr(resolver, "PLACE_S", 0.01)
    network = GuardedNetwork(lambda: 0)
    one, two = owned(network, b"one"), owned(network, b"two")
    slow = [asyncio.create_task(one.connect(f"slow{n}.example", 587)) for n in range(2)]
    slow.append(asyncio.create_task(one.request("POST", "https://slow2.example/", {})))
    await asyncio.sleep(0)
    try:
        with pytest.raises(Busy):
            await one.connect("quick.example", 587)
        with pytest.raises(Denied):  # the name was found: its address is one of documentation
            await two.request("POST", "https://quick.example/", {})
        with pytest.raises(Denied):
            await two.connect("quick.example", 587)
    finally:
        names.go.set()
        await asyncio.gather(*slow, return_exceptions=True)


async def test_slow_names_of_one_project_keep_no_other_from_its_vendors(names, monkeypatch):
    await slow_names_of_one_project_keep_no_other_from_its_vendors(OwnedNetwork, names, monkeypatch)


async def test_slow_names_of_one_project_keep_no_other_mutant_is_caught(names, monkeypatch):
    def shared(network, owner):
        return network

    with pytest.raises(Busy):
        await slow_names_of_one_project_keep_no_other_from_its_vendors(shared, names, monkeypatch)


async def test_an_account_asks_for_addresses_in_the_name_of_its_project():
    asked = []

    async def resolve(host, owner):
        asked.append(owner)
        return ["192.0.2.1"]

    settings = load({})
    network = GuardedNetwork(lambda: 0, resolve=resolve)
    of_account = adapters.setups(settings, SteadyClock(), network, bytes)
    account = ProviderAccount(
        project=b"p" * 16, id=b"a" * 16, name="main", provider="smtp", settings=b"", weight=1,
        disabled=False, created_at=0, updated_at=0,
    )  # fmt: skip
    with pytest.raises(Denied):
        await of_account(account).network.connect("mail.example", 587)
    assert asked == [b"p" * 16]
