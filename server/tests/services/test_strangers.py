"""Callers with the public keys of an open sandbox are strangers: they reach and hold less."""

import socket

import pytest

from services.desk import is_refused, refusal
from services.stage import HERE, THERE, called, staged
from watchword_server.domain import strangers
from watchword_server.domain.errors import BAD_FIELD
from watchword_server.domain.project import Mode
from watchword_server.services.webhooks import Asked, Changes, Selection
from watchword_server.testing import post_due

OPEN = {"sandbox": "on", "host": "0.0.0.0", "webhook_allow": ("127.0.0.0/8",)}
DENIED = "denied: loopback"


@pytest.fixture
async def stage(tmp_path, clock):
    async with staged(tmp_path, clock, **OPEN) as stage:
        yield stage


@pytest.fixture
def inside():
    """Where nobody answers on this machine."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{bound.getsockname()[1]}/in"


async def test_a_hidden_project_is_told_by_its_id(stage):
    await stage.services.projects.create("try", Mode.SANDBOX)
    await called(stage.runtime, THERE)
    store = stage.runtime.store
    hidden, others = await store.read(lambda tx: (tx.projects.hidden(), tx.projects.all()))
    assert (len(hidden), len(others)) == (2, 2)
    assert all(strangers.owns(one.id) for one in hidden)
    assert not any(strangers.owns(one.id) for one in others)


async def reaches_no_inside(stage, caller, inside):
    """Neither by a ping, nor by an event, nor over plain http."""
    endpoints = stage.services.webhook_endpoints
    made, ping = await endpoints.create(caller, Asked(url=f"https://{inside}"))
    assert ping.error == DENIED
    assert (await endpoints.test(caller, made.endpoint.id)).error == DENIED
    changes = Changes(url=f"http://{inside}")
    is_refused(await refusal(endpoints.update(caller, made.endpoint.id, changes)), BAD_FIELD)
    is_refused(await refusal(endpoints.create(caller, Asked(url=f"http://{inside}"))), BAD_FIELD)
    await stage.send("+10000000010")
    await post_due(stage.runtime)
    log = stage.services.webhook_log
    told = await log.page(caller, made.endpoint.id, Selection(), None, 9)
    assert {one.delivery.error for one in told} == {DENIED}


async def test_strangers_do_not_reach_the_networks_that_the_operator_allows_to_webhooks(
    stage, inside
):
    await reaches_no_inside(stage, stage.caller, inside)


async def test_strangers_do_not_reach_the_networks_mutant_is_caught(stage, inside):
    stage.runtime.notifying._posting._stranger = stage.runtime.poster
    with pytest.raises(AssertionError):
        await reaches_no_inside(stage, stage.caller, inside)


async def test_ordinary_projects_reach_the_networks_that_the_operator_allows(stage, inside):
    caller = await stage.runtime.operator()
    for scheme in ("https", "http"):
        _, ping = await stage.services.webhook_endpoints.create(
            caller, Asked(url=f"{scheme}://{inside}")
        )
        assert "connected" in ping.error


async def test_the_sandbox_of_a_developers_own_server_reaches_its_loopback(tmp_path, clock, inside):
    async with staged(tmp_path, clock) as stage:
        caller = await called(stage.runtime, HERE)
        _, ping = await stage.services.webhook_endpoints.create(
            caller, Asked(url=f"http://{inside}")
        )
        assert "connected" in ping.error
