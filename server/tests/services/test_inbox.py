"""Messages of a project that is not live stay on this machine and can be read there."""

import pytest

from services.desk import DAY, PHONE, is_refused, refusal
from watchword_server.domain.delivery import Receipt
from watchword_server.domain.errors import BAD_FIELD, NOT_ALLOWED_HERE, UNKNOWN_ID
from watchword_server.domain.project import Mode
from watchword_server.testing import FakeProvider, open_runtime

OTHER = "+14155552672"


@pytest.fixture
async def trying(desk):
    """The desk in a development project."""
    project = await desk.services.projects.create("trial", Mode.DEVELOPMENT)
    limits = {"recipient": (1_000, 60), "range": (1_000, 60)}
    await desk.services.projects.update(project.id, None, None, limits)
    desk.caller = await desk.runtime.operator("trial")
    return desk


async def inbox(desk, to=None, before=None, limit=9):
    return await desk.services.reading.inbox(desk.caller, to, before, limit)


async def test_a_message_of_a_development_project_lands_in_the_inbox(trying):
    verification = await trying.start()
    await trying.deliver()
    (item,) = await inbox(trying)
    assert (item.to, item.channel, item.verification) == (PHONE, "sms", verification)
    assert item.code in item.text
    assert (await trying.check(verification, item.code)).verified


async def leaves_the_machine(desk, mode):
    project = await desk.services.projects.create("shop 2", mode)
    desk.caller = await desk.runtime.operator(project.name)
    for template, to in (("otp-sms", PHONE), ("otp-voice", OTHER), ("otp-email", "a@example.com")):
        await desk.start(to, template=template)
    await desk.deliver()
    return bool(desk.sms.messages or desk.voice.messages)


@pytest.mark.parametrize("mode", [Mode.DEVELOPMENT, Mode.SANDBOX])
async def test_nothing_of_a_project_that_is_not_live_leaves_the_machine(desk, mode):
    assert not await leaves_the_machine(desk, mode)
    assert len(await inbox(desk)) == 3


async def test_nothing_leaves_the_machine_mutant_is_caught(desk):
    assert await leaves_the_machine(desk, Mode.LIVE)


async def test_a_live_project_has_no_inbox(desk):
    await desk.start()
    await desk.deliver()
    is_refused(await refusal(inbox(desk)), NOT_ALLOWED_HERE, reason="live_project")


async def test_a_project_that_is_live_no_more_sends_nothing_outside(desk):
    verification = await desk.start()
    await desk.services.projects.update(desk.caller.project, None, Mode.DEVELOPMENT, None)
    desk.later(30)
    await desk.resend(verification)
    await desk.deliver()
    assert desk.sms.messages == []


async def test_the_inbox_is_read_newest_first_by_address_and_page(trying):
    for number in range(3):
        await trying.start(f"+141555526{71 + number}")
        await trying.deliver()
        trying.clock.advance(1)
    await trying.start("Ada@Example.com", template="otp-email")
    await trying.deliver()
    found = await inbox(trying)
    assert [item.channel for item in found] == ["email", "sms", "sms", "sms"]
    assert [item.to for item in await inbox(trying, to=PHONE)] == [PHONE]
    assert [item.channel for item in await inbox(trying, to="ada@example.com")] == ["email"]
    assert [item.id for item in await inbox(trying, limit=2)] == [one.id for one in found[:2]]
    rest = await inbox(trying, before=found[1].id)
    assert [item.id for item in rest] == [one.id for one in found[2:]]
    is_refused(await refusal(inbox(trying, to="nobody")), BAD_FIELD, field="to")


async def test_every_send_is_in_the_inbox(trying):
    verification = await trying.start()
    await trying.deliver()
    trying.later(30)
    await trying.resend(verification)
    await trying.deliver()
    first, second = await inbox(trying)
    assert first.code == second.code
    assert first.verification == second.verification == verification


async def test_what_was_not_handed_over_is_in_no_inbox(trying):
    await trying.start()
    assert await inbox(trying) == []


async def test_the_inbox_of_another_project_cannot_be_read(trying):
    await trying.start()
    await trying.deliver()
    await trying.services.projects.create("stranger", Mode.DEVELOPMENT)
    trying.caller = await trying.runtime.operator("stranger")
    assert await inbox(trying) == []
    assert await inbox(trying, to=PHONE) == []


async def test_messages_are_forgotten_after_a_day(trying):
    await trying.start()
    await trying.deliver()
    trying.clock.advance(DAY)
    await trying.runtime.delivering.forget(10)
    assert len(await inbox(trying)) == 1
    trying.clock.advance(1)
    await trying.runtime.delivering.forget(10)
    assert await inbox(trying) == []


async def test_an_item_shows_nothing_of_itself(trying):
    await trying.start()
    await trying.deliver()
    (item,) = await inbox(trying)
    assert item.code not in repr(item) and PHONE not in repr(item)


async def test_bodies_are_sealed_at_rest(trying):
    await trying.start()
    await trying.deliver()
    (item,) = await inbox(trying)
    (row,) = await trying.runtime.store.read(
        lambda tx: tx.inbox.page(trying.caller.project, None, None, 9)
    )
    for secret in (item.code, item.to, item.text[:20]):
        assert secret.encode() not in row.body


async def test_a_message_that_arrived_after_its_lease_is_in_the_inbox(trying):
    await trying.start()
    (job,) = await trying.runtime.delivering.due(10)
    trying.later(15)
    await trying.runtime.delivering.due(10)
    await trying.runtime.delivering.hand_over(job)
    assert len(await inbox(trying)) == 1


async def test_a_provider_of_the_tests_own_may_play_the_inbox(tmp_path, clock):
    local = FakeProvider(Receipt(delivered=True), name="inbox", local=True, reports=True)
    async with open_runtime(tmp_path, clock=clock, inbox=local) as runtime:
        caller = await runtime.operator()
        assert caller.mode is Mode.DEVELOPMENT
        is_refused(await refusal(runtime.operator("nobody")), UNKNOWN_ID)
