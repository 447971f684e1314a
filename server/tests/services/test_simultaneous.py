"""Two at once: one verification, one project, one set of keys."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from services.desk import opened
from watchword_server.domain.errors import RATE_LIMITED, Problem
from watchword_server.testing import open_runtime


async def make_one_verification(*starts):
    """However many start at once: one is pending, and the others are told its id."""
    answers = await asyncio.gather(*starts, return_exceptions=True)
    made = [one for one in answers if isinstance(one, bytes)]
    assert len(made) == 1, answers
    for one in answers:
        if not isinstance(one, bytes):
            assert isinstance(one, Problem) and one.kind is RATE_LIMITED, one
            assert one.extra["message_id"] == f"ver_{made[0].hex()}"
    return made[0]


async def test_simultaneous_first_starts_make_one_verification(desk):
    verification = await make_one_verification(*(desk.start() for _ in range(20)))
    listed = await desk.services.reading.messages(desk.caller, None, None, 50)
    assert [one.id for one in listed] == [verification]
    assert await desk.deliver() == 1


async def test_simultaneous_first_starts_on_two_servers_make_one_verification(tmp_path, clock):
    async with opened(tmp_path, clock) as here, opened(tmp_path, clock) as there:
        await make_one_verification(*(one.start() for one in (here, there) * 10))
        assert await here.deliver() + await there.deliver() == 1


async def test_simultaneous_starts_that_differ_make_one_verification(desk):
    await make_one_verification(*(desk.start(purpose=f"p{number}") for number in range(5)))


async def test_simultaneous_first_starts_mutant_is_caught(desk):
    """Without the unique index every start would have an address of its own."""
    with pytest.raises(AssertionError):
        await make_one_verification(*(desk.start(f"+141555526{n}") for n in range(60, 65)))


async def test_simultaneous_resends_are_one(desk):
    verification = await desk.start()
    desk.later(30)
    answers = await asyncio.gather(
        *(desk.resend(verification) for _ in range(10)), return_exceptions=True
    )
    assert sum(not isinstance(one, Problem) for one in answers) == 1
    assert len(await desk.deliveries(verification)) == 2


async def test_simultaneous_starts_after_the_cool_down_are_one_resend(desk):
    await desk.start()
    desk.later(30)
    verification = await make_one_verification(*(desk.start() for _ in range(10)))
    assert len(await desk.deliveries(verification)) == 2


async def test_a_check_and_a_cancel_at_once_end_it_one_way(desk):
    for number in range(10):
        verification = await desk.start(f"+141555526{60 + number}", code="482913")
        checked, canceled = await asyncio.gather(
            desk.check(verification, "482913"), desk.cancel(verification), return_exceptions=True
        )
        assert isinstance(checked, Problem) is not isinstance(canceled, Problem)


async def test_workers_that_claim_at_once_hand_each_message_over_once(tmp_path, clock):
    async with opened(tmp_path, clock) as here, opened(tmp_path, clock) as there:
        for number in range(60, 80):
            await here.start(f"+141555526{number}")
        await asyncio.gather(*(one.deliver() for one in (here, there) * 3))
        to = [one.to for one in (*here.sms.messages, *there.sms.messages)]
        assert len(to) == len(set(to)) == 20


async def test_two_servers_that_start_at_once_on_a_new_file_share_it(tmp_path):
    async with AsyncExitStack() as stack:
        opening = (stack.enter_async_context(open_runtime(tmp_path)) for _ in range(2))
        here, there = await asyncio.gather(*opening)
        (project,) = await here.services.projects.all()
        assert await there.services.projects.all() == [project]
