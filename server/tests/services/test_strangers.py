"""Callers with the public keys of an open sandbox are strangers: they reach and hold less."""

import socket
from contextlib import AsyncExitStack, aclosing

import msgspec
import pytest

from services.desk import is_refused, refusal
from services.hooks import FakePoster
from services.stage import HERE, THERE, called, staged
from watchword_server.domain import strangers
from watchword_server.domain.errors import BAD_FIELD, NOT_ALLOWED_HERE, RATE_LIMITED, Problem
from watchword_server.domain.project import Mode
from watchword_server.services import events as feeds
from watchword_server.services.webhooks import Asked, Changes, Selection
from watchword_server.testing import post_due

ALL = feeds.EVERY_TYPE
PUBLIC = "https://hooks.example.com/in"
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
    assert ping.error.startswith(DENIED)
    assert (await endpoints.test(caller, made.endpoint.id)).error.startswith(DENIED)
    changes = Changes(url=f"http://{inside}")
    is_refused(await refusal(endpoints.update(caller, made.endpoint.id, changes)), BAD_FIELD)
    is_refused(await refusal(endpoints.create(caller, Asked(url=f"http://{inside}"))), BAD_FIELD)
    await stage.send("+10000000010")
    await post_due(stage.runtime)
    log = stage.services.webhook_log
    told = await log.page(caller, made.endpoint.id, Selection(), None, 9)
    assert all(one.delivery.error.startswith(DENIED) for one in told)


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


async def has_so_many_endpoints(stage):
    """Setting the one of the sandbox anew needs no further place."""
    endpoints = stage.services.webhook_endpoints
    await endpoints.create(stage.caller, Asked(url=PUBLIC))
    asked = Asked(url=PUBLIC, description="the one")
    for _ in range(3):
        await endpoints.create(stage.caller, asked, replaces=True)
    problem = await refusal(endpoints.create(stage.caller, Asked(url=PUBLIC)))
    is_refused(problem, NOT_ALLOWED_HERE, reason="too_many_endpoints")
    assert "delete" in problem.detail
    assert len(await endpoints.of(stage.caller)) == strangers.ENDPOINTS == 2


@pytest.fixture
async def posting(tmp_path, clock):
    async with staged(tmp_path, clock, poster=FakePoster()) as stage:
        yield stage


async def test_a_stranger_has_two_webhook_endpoints(posting):
    await has_so_many_endpoints(posting)


async def test_other_projects_have_more_endpoints_mutant_is_caught(posting):
    posting.caller = await posting.runtime.operator()
    with pytest.raises(AssertionError):
        await has_so_many_endpoints(posting)


async def test_a_stranger_replays_a_hundred_at_once(posting, monkeypatch):
    monkeypatch.setattr(strangers, "REPLAYED", 1)
    made, _ = await posting.services.webhook_endpoints.create(posting.caller, Asked(url=PUBLIC))
    for _ in range(2):
        await posting.send("+10000000010")
        await post_due(posting.runtime)
    log, endpoint = posting.services.webhook_log, made.endpoint.id
    done = await log.replay(posting.caller, endpoint, Selection(), None, 1_000)
    assert (done.count, done.total) == (1, 2) and done.next is not None
    owner = await posting.runtime.operator()
    assert strangers.most(owner.project, strangers.REPLAYED, 1_000) == 1_000


async def holds_few_templates(stage):
    templates = stage.services.templates
    mine = (await templates.get(stage.caller, "otp-sms")).newest
    held = len(await templates.all(stage.caller))
    for number in range(strangers.TEMPLATES - held):
        await templates.create(stage.caller, msgspec.structs.replace(mine, id=f"my-{number}"))
    one_more = templates.create(stage.caller, msgspec.structs.replace(mine, id="one-more"))
    is_refused(await refusal(one_more), NOT_ALLOWED_HERE, reason="too_many_templates")
    for _ in range(strangers.VERSIONS - 1):
        await templates.change(stage.caller, "my-0", lambda template: template)
    one_more = templates.change(stage.caller, "my-0", lambda template: template)
    is_refused(await refusal(one_more), NOT_ALLOWED_HERE, reason="too_many_versions")


async def test_a_stranger_has_so_many_templates_and_versions(stage):
    await holds_few_templates(stage)


async def test_a_stranger_has_so_many_templates_mutant_is_caught(stage):
    stage.caller = await stage.runtime.operator()
    with pytest.raises(AssertionError):
        await holds_few_templates(stage)


async def leaves_streams_to_others(stage, monkeypatch):
    """Four to each stranger, a quarter of all to all of them, and the rest to the others."""
    monkeypatch.setattr(feeds, "FEEDS", 24)
    service, owner = stage.services.events, await stage.runtime.operator()
    async with AsyncExitStack() as stack:

        async def follow(caller):
            feed = await stack.enter_async_context(aclosing(service.follow(caller, None, ALL)))
            await anext(feed)

        other = (await stage.other(THERE)).caller
        for caller in [stage.caller] * 4 + [other] * 2:
            await follow(caller)
        for caller in (stage.caller, other):
            with pytest.raises(Problem) as caught:
                service.follow(caller, None, ALL)
            is_refused(caught.value, RATE_LIMITED, limit="streams")
        for _ in range(18):
            await follow(owner)


async def test_strangers_leave_streams_to_others(stage, monkeypatch):
    await leaves_streams_to_others(stage, monkeypatch)


async def test_strangers_leave_streams_to_others_mutant_is_caught(stage, monkeypatch):
    monkeypatch.setattr(feeds.strangers, "SHARE", 1)
    with pytest.raises(pytest.fail.Exception):
        await leaves_streams_to_others(stage, monkeypatch)
