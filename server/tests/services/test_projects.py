"""Projects: made with their templates, changed, deleted; and what happens to their messages."""

import pytest

from services.desk import PHONE, is_refused, refusal
from watchword_server.domain import catalogue
from watchword_server.domain.errors import BAD_FIELD, CONFLICT, RATE_LIMITED, UNKNOWN_ID
from watchword_server.domain.project import Mode
from watchword_server.services.sending import Start
from watchword_server.storage.projects import OWNED
from watchword_server.testing import open_runtime


async def test_a_fresh_server_has_one_development_project(tmp_path):
    async with open_runtime(tmp_path) as runtime:
        (project,) = await runtime.services.projects.all()
        assert (project.name, project.mode) == ("default", Mode.DEVELOPMENT)
    async with open_runtime(tmp_path) as runtime:
        assert await runtime.services.projects.all() == [project]


@pytest.mark.parametrize("mode", Mode)
async def test_a_project_starts_with_every_built_in_template(desk, mode):
    project = await desk.services.projects.create("new", mode)
    desk.caller = await desk.runtime.operator("new")
    assert desk.caller.project == project.id
    found = await desk.services.templates.all(desk.caller)
    tables = {**catalogue.BUILT_IN, **(catalogue.SANDBOX if mode is Mode.SANDBOX else {})}
    assert {one.used.id for one in found} == set(tables)
    assert all(one.used == one.newest for one in found)
    assert await desk.services.templates.get(desk.caller, "otp-sms") in found


async def test_a_name_is_taken_once(desk):
    other = await desk.services.projects.create("other", Mode.LIVE)
    is_refused(await refusal(desk.services.projects.create("other", Mode.LIVE)), CONFLICT)
    rename = desk.services.projects.update(other.id, "shop", None, None)
    is_refused(await refusal(rename), CONFLICT, field="name")
    same = await desk.services.projects.update(other.id, "other", None, None)
    assert same == other


async def test_a_project_that_was_refused_leaves_no_templates(desk):
    before = await count(desk, "templates")
    await refusal(desk.services.projects.create("shop", Mode.LIVE))
    assert await count(desk, "templates") == before


async def count(desk, table):
    connection = desk.runtime.store._connection
    return connection.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0]


async def test_a_change_changes_what_was_named(desk):
    project = await desk.services.projects.create("new", Mode.LIVE)
    changed = await desk.services.projects.update(
        project.id, "newer", Mode.SANDBOX, {"key": (1, 2)}
    )
    assert (changed.name, changed.mode, changed.limits) == ("newer", Mode.SANDBOX, {"key": (1, 2)})
    assert await desk.services.projects.get(project.id) == changed
    cleared = await desk.services.projects.update(project.id, None, None, {})
    assert (cleared.name, cleared.limits) == ("newer", {})


@pytest.mark.parametrize("limits", [{"nothing": (1, 1)}, {"key": (0, 1)}, {"key": (1, 0)}])
async def test_a_limit_that_cannot_be_is_refused(desk, limits):
    change = desk.services.projects.update(desk.caller.project, None, None, limits)
    is_refused(await refusal(change), BAD_FIELD, field="limits")


async def test_a_limit_of_a_project_is_its_own(desk):
    other = await desk.services.projects.create("other", Mode.LIVE)
    await desk.services.projects.update(other.id, None, None, {"project": (1, 60)})
    mine, theirs = desk.caller, await desk.runtime.operator("other")
    desk.caller = theirs
    await desk.start(PHONE)
    is_refused(await refusal(desk.start("+14155552672")), RATE_LIMITED, limit="project")
    desk.caller = mine
    await desk.start("+14155552672")


async def deleted_with_everything(desk, delete):
    verification = await desk.start()
    await desk.exhaust("+14155552672")
    await desk.deliver()
    await desk.services.api_keys.create(desk.caller, "app", None, None, ())
    await delete(desk.caller.project)
    connection = desk.runtime.store._connection
    for table in OWNED:
        query = f"SELECT count(*) FROM {table} WHERE project = ?"
        left = connection.execute(query, (desk.caller.project,)).fetchall()[0][0]
        assert left == 0, table
    is_refused(await refusal(desk.timeline(verification)), UNKNOWN_ID)
    is_refused(await refusal(desk.start("+14155552673")), UNKNOWN_ID)


async def test_a_project_is_deleted_with_everything_it_owns(desk):
    await deleted_with_everything(desk, desk.services.projects.delete)
    gone = desk.services.projects.delete(desk.caller.project)
    is_refused(await refusal(gone), UNKNOWN_ID)


async def test_a_project_is_deleted_mutant_is_caught(desk):
    async def row_only(project):
        connection = desk.runtime.store._connection
        connection.execute("DELETE FROM projects WHERE id = ?", (project,))
        desk.services.directory.forget()

    with pytest.raises(AssertionError):
        await deleted_with_everything(desk, row_only)


async def test_a_delivery_in_flight_survives_that_its_project_is_deleted(desk):
    await desk.start()
    (job,) = await desk.runtime.delivering.due(10)
    await desk.services.projects.delete(desk.caller.project)
    await desk.runtime.delivering.hand_over(job)
    assert await desk.deliver() == 0
    for table in OWNED:
        left = desk.runtime.store._connection.execute(
            f"SELECT count(*) FROM {table} WHERE project = ?", (desk.caller.project,)
        ).fetchall()
        assert left == [(0,)], table


async def test_nothing_is_written_into_a_project_that_is_gone(tmp_path, clock):
    async with (
        open_runtime(tmp_path, clock=clock) as here,
        open_runtime(tmp_path, clock=clock) as there,
    ):
        caller = await there.operator()
        await there.services.directory.project(caller.project)
        await there.services.directory.template(caller.project, "otp-sms")
        await here.services.projects.delete(caller.project)
        start = there.services.sending.start(caller, Start(to=PHONE, template="otp-sms"))
        is_refused(await refusal(start), UNKNOWN_ID)
