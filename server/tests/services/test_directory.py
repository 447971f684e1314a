"""The control plane as the hot path sees it: at most a second old."""

import asyncio

import pytest

from services.desk import is_refused, opened, refusal
from watchword_server.domain.errors import KEY_INACTIVE, UNKNOWN_ID, Problem
from watchword_server.domain.project import Mode
from watchword_server.services.directory import FRESH_MS

HERE = "192.0.2.7"


@pytest.fixture
async def two(tmp_path, clock):
    """Two servers on one file: what one changes, the other sees a second later."""
    async with opened(tmp_path, clock) as here, opened(tmp_path, clock) as there:
        yield here, there


async def a_key(desk):
    issued = await desk.services.api_keys.create(desk.caller, "app", None, None, ())
    return issued.key.id, b"Bearer " + issued.bearer.encode()


async def disable(desk, key):
    await desk.services.api_keys.update(desk.caller, key, None, True, None, None)


async def refused_a_second_later(here, there, wait):
    key, header = await a_key(here)
    authenticate = there.services.directory.authenticate
    await authenticate(header, HERE)
    await disable(here, key)
    there.clock.advance(wait - 1)
    try:
        await authenticate(header, HERE)
    except Problem as problem:
        raise AssertionError("it is refused before the second is over") from problem
    there.clock.advance(1)
    is_refused(await refusal(authenticate(header, HERE)), KEY_INACTIVE)


async def test_a_key_disabled_elsewhere_is_refused_a_second_later_at_most(two):
    assert FRESH_MS == 1_000
    await refused_a_second_later(*two, 1_000)


@pytest.mark.parametrize("wait", [999, 1_001])
async def test_a_key_disabled_elsewhere_mutant_is_caught(two, wait):
    with pytest.raises(AssertionError):
        await refused_a_second_later(*two, wait)


async def test_what_this_server_changes_it_knows_at_once(desk):
    key, header = await a_key(desk)
    await desk.services.directory.authenticate(header, HERE)
    await disable(desk, key)
    problem = await refusal(desk.services.directory.authenticate(header, HERE))
    is_refused(problem, KEY_INACTIVE)


async def test_a_project_changed_elsewhere_is_seen_a_second_later(two):
    here, there = two
    project = here.caller.project
    assert (await there.services.directory.project(project)).mode is Mode.LIVE
    await here.services.projects.update(project, None, Mode.DEVELOPMENT, None)
    assert (await there.services.directory.project(project)).mode is Mode.LIVE
    there.clock.advance(1_000)
    assert (await there.services.directory.project(project)).mode is Mode.DEVELOPMENT


async def test_a_callers_mode_is_never_older_than_a_second(two):
    here, there = two
    _, header = await a_key(here)
    await there.services.directory.project(here.caller.project)
    await here.services.projects.update(here.caller.project, None, Mode.DEVELOPMENT, None)
    there.clock.advance(999)
    await there.services.directory.authenticate(header, HERE)
    there.clock.advance(1)
    caller = await there.services.directory.authenticate(header, HERE)
    assert caller.mode is Mode.DEVELOPMENT


async def test_what_is_not_there_is_not_remembered(two):
    here, there = two
    is_refused(await refusal(there.services.directory.project(b"\x01" * 16)), UNKNOWN_ID)
    made = await here.services.projects.create("new", Mode.LIVE)
    assert (await there.services.directory.project(made.id)).name == "new"


class Paused:
    """A store whose next read stands still, after it has seen the past, until it is let go."""

    def __init__(self, store):
        self._store = store
        self.seen, self.go = asyncio.Event(), asyncio.Event()

    async def read(self, query):
        found = await self._store.read(query)
        self.seen.set()
        await self.go.wait()
        return found


async def test_a_read_that_began_before_a_change_is_not_remembered_after_it(desk):
    key, header = await a_key(desk)
    directory = desk.services.directory
    directory._store = paused = Paused(desk.runtime.store)
    racing = asyncio.create_task(directory.authenticate(header, HERE))
    await paused.seen.wait()
    await disable(desk, key)
    paused.go.set()
    await racing
    is_refused(await refusal(directory.authenticate(header, HERE)), KEY_INACTIVE)
