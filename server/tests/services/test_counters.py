"""Failed checks of an address: what locks it, what resets what, and what never does."""

from contextlib import suppress

import pytest

from services.desk import DAY, PHONE, is_refused, opened, refusal
from watchword_server.domain.errors import RATE_LIMITED, Problem
from watchword_server.domain.verification import Status
from watchword_server.ports.records import AddressState

FRESH = "+14155552672"


async def state(desk, to=PHONE):
    index = desk.services.reading._index(desk.caller.project, to)
    since = desk.clock.now() - DAY
    return await desk.runtime.store.read(
        lambda tx: tx.addresses.get(desk.caller.project, index, since)
    )


async def locks_after_fifteen(desk, between):
    """Whatever happens between the failures, the fifteenth is the last of a day."""
    failures, began, problem = 0, desk.clock.now(), None
    while True:
        try:
            verification = await desk.start(purpose=f"p{failures}")
        except Problem as caught:
            problem = caught
            is_refused(problem, RATE_LIMITED, limit="address_failures", reason="address_locked")
            break
        for _ in range(3):
            assert failures < 15
            failures += 1
            await desk.fail(verification)
        await between(verification)
        desk.later(120)
    assert failures == 15
    assert problem.retry_after == DAY // 1000 - (desk.clock.now() - began) // 1000


async def by_waiting(desk, verification):
    pass


async def by_resending(desk, verification):
    desk.later(120)
    with suppress(Problem):  # locked by then
        await desk.resend(verification)


async def by_canceling(desk, verification):
    await desk.cancel(verification)


async def by_falling_back(desk, verification):
    await desk.deliver()


async def by_sweeping(desk, verification):
    desk.later(300)
    await desk.runtime.delivering.expire(10)
    await desk.runtime.delivering.forget(100)


async def by_unlocking(desk, verification):
    await desk.services.reading.unlock(desk.caller, PHONE)


WAYS = (by_waiting, by_resending, by_canceling, by_falling_back, by_sweeping)


@pytest.mark.parametrize("way", WAYS)
async def test_fifteen_failures_a_day_lock_an_address_whatever_comes_between(desk, way):
    await locks_after_fifteen(desk, lambda id: way(desk, id))


async def test_fifteen_failures_a_day_lock_an_address_mutant_is_caught(desk):
    with pytest.raises(AssertionError):
        await locks_after_fifteen(desk, lambda id: by_unlocking(desk, id))


async def test_a_restart_resets_no_counter(tmp_path, clock):
    for _ in range(3):
        async with opened(tmp_path, clock) as desk:
            await desk.exhaust()
            desk.later(120)
    async with opened(tmp_path, clock) as desk:
        is_refused(await refusal(desk.start()), RATE_LIMITED, limit="address_failures")


async def test_a_locked_address_evaluates_not_even_the_right_code(desk):
    """The fifteenth failure comes while a verification is pending."""
    for _ in range(2):
        await desk.exhaust()
        desk.later(120)
    verification = await desk.start(code="482913")
    await desk.fail(verification, 4)
    desk.later(120)
    other = await desk.start(code="471100", purpose="other")
    await desk.fail(other, 1)
    problem = await refusal(desk.check(other, "471100"))
    is_refused(problem, RATE_LIMITED, limit="address_failures", reason="address_locked")
    assert problem.retry_after > 0
    story = await desk.timeline(other)
    assert (story.verification.checks, story.verification.status) == (1, Status.PENDING)


async def test_nothing_is_resent_to_a_locked_address(desk):
    for _ in range(2):
        await desk.exhaust()
        desk.later(120)
    await desk.fail(await desk.start(), 4)
    desk.later(120)
    other = await desk.start(purpose="other")
    await desk.fail(other, 1)
    desk.later(120)
    is_refused(await refusal(desk.resend(other)), RATE_LIMITED, limit="address_failures")


async def test_a_lock_ends_when_its_oldest_failure_is_a_day_old(desk):
    await desk.exhaust()
    began = desk.clock.now()
    desk.later(3_600)
    for _ in range(2):
        await desk.exhaust()
        desk.later(120)
    problem = await refusal(desk.start())
    desk.clock.advance(began + DAY - desk.clock.now() - 1)
    assert (await refusal(desk.start())).retry_after == 1
    desk.clock.advance(1)
    assert problem.retry_after == DAY // 1000 - 3_600 - 240
    verification = await desk.start()
    assert (await desk.fail(verification, 5)).status is Status.EXHAUSTED  # five are a day old


async def test_the_lock_of_one_address_is_not_anothers(desk):
    await desk.lock()
    await desk.start(FRESH)
    await desk.services.projects.create("other", desk.caller.mode)
    desk.caller = await desk.runtime.operator("other")
    await desk.start(PHONE)


async def test_an_operator_unlocks_an_address(desk):
    await desk.lock()
    assert "*" in await desk.services.reading.unlock(desk.caller, PHONE)
    verification = await desk.start(code="482913")
    assert (await desk.check(verification, "482913")).verified


async def clears_the_row_only(desk, prove):
    await desk.exhaust()
    desk.later(120)
    await prove()
    kept = await state(desk) or AddressState()
    assert (kept.consecutive, kept.failures) == (0, 5)


async def test_success_clears_the_consecutive_count_and_no_other(desk):
    async def prove():
        verification = await desk.start(code="482913")
        await desk.check(verification, "482913")

    await clears_the_row_only(desk, prove)


@pytest.mark.parametrize("way", ["forgets all", "forgets nothing"])
async def test_success_clears_the_consecutive_count_mutant_is_caught(desk, way):
    async def prove():
        if way == "forgets all":
            await desk.services.reading.unlock(desk.caller, PHONE)

    with pytest.raises(AssertionError):
        await clears_the_row_only(desk, prove)


async def test_successes_do_not_open_a_way_around_the_lock(desk):
    failures = 0
    for number in range(4):
        verification = await desk.start(code="482913", purpose=f"p{number}")
        for _ in range(4):
            if failures == 15:
                is_refused(await refusal(desk.check(verification, "0")), RATE_LIMITED)
                return
            failures += 1
            await desk.fail(verification)
        await desk.check(verification, "482913")
        desk.later(120)
    raise AssertionError("it was never locked")


async def a_hundred_in_a_row_stop_for_good(desk, each_day):
    """Fifteen a day, for seven days: the hundredth in a row is the last."""
    failures, problem = 0, None
    while failures <= 110:
        try:
            verification = await desk.start()
            failures += 1
            await desk.fail(verification)
            if failures % 5 == 0:
                await desk.cancel(verification)
            desk.later(200)
            await desk.runtime.delivering.expire(10)
        except Problem as caught:
            problem = caught
            if problem.extra["limit"] == "consecutive_failures":
                break
            desk.later(problem.retry_after)
            await each_day()
    assert failures == 100
    is_refused(problem, RATE_LIMITED, reason="address_locked")
    desk.later(30 * 86_400)
    await desk.runtime.delivering.forget(1_000)
    is_refused(await refusal(desk.start()), RATE_LIMITED, limit="consecutive_failures")
    assert (await state(desk)).failures == 0


async def nothing():
    pass


async def test_a_hundred_failures_in_a_row_stop_an_address_for_good(desk):
    await a_hundred_in_a_row_stop_for_good(desk, nothing)
    await desk.services.reading.unlock(desk.caller, PHONE)
    await desk.start()


async def test_a_hundred_failures_in_a_row_mutant_is_caught(desk):
    async def forgets():
        index = desk.services.reading._index(desk.caller.project, PHONE)
        await desk.runtime.store.write(lambda tx: tx.addresses.proven(desk.caller.project, index))

    with pytest.raises(AssertionError):
        await a_hundred_in_a_row_stop_for_good(desk, forgets)


async def test_unlocking_is_no_way_around_the_cool_down(desk):
    await desk.exhaust()
    await desk.services.reading.unlock(desk.caller, PHONE)
    is_refused(await refusal(desk.start()), RATE_LIMITED, limit="cooldown")
