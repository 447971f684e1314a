"""Time: a code is good until its last millisecond, with or without the sweep."""

import pytest

from services.desk import is_refused, refusal
from watchword_server.domain.errors import ENDED
from watchword_server.domain.verification import Status


async def lives_to_its_last_millisecond(desk, early=0):
    first = await desk.start(code="482913", ttl_s=60)
    second = await desk.start("+14155552672", code="482913", ttl_s=60)
    desk.clock.advance(59_999 - early)
    assert (await desk.check(first, "482913")).verified
    desk.clock.advance(1)
    is_refused(await refusal(desk.check(second, "482913")), ENDED, reason="expired")


async def test_a_code_lives_to_its_last_millisecond(desk):
    await lives_to_its_last_millisecond(desk)


@pytest.mark.parametrize("early", [1, 30_000])
async def test_a_code_lives_to_its_last_millisecond_mutant_is_caught(desk, early):
    with pytest.raises(AssertionError):
        await lives_to_its_last_millisecond(desk, early)


@pytest.mark.parametrize("swept", [False, True])
async def test_an_expired_code_answers_the_same_before_and_after_the_sweep(desk, swept):
    verification = await desk.start(code="482913")
    desk.later(300)
    if swept:
        assert await desk.runtime.delivering.expire(10) == 1
    for call in (
        desk.check(verification, "482913"),
        desk.check(verification, "000000"),
        desk.resend(verification),
        desk.cancel(verification),
    ):
        is_refused(await refusal(call), ENDED, reason="expired")


async def test_an_expired_check_is_not_counted(desk):
    verification = await desk.start()
    desk.later(300)
    await refusal(desk.check(verification, "000000"))
    assert (await desk.timeline(verification)).verification.checks == 0


async def test_the_sweep_ends_what_is_over_and_nothing_else(desk):
    short = await desk.start(ttl_s=60)
    long = await desk.start("+14155552672", ttl_s=61)
    desk.later(60)
    assert await desk.runtime.delivering.expire(10) == 1
    assert await desk.runtime.delivering.expire(10) == 0
    story = await desk.timeline(short)
    assert (story.verification.status, story.verification.ended_at) == (
        Status.EXPIRED, desk.clock.now(),
    )  # fmt: skip
    assert story.events[-1].type == "verification.expired"
    assert await desk.status(long) is Status.PENDING


async def test_the_sweep_takes_a_few_at_a_time(desk):
    for number in range(5):
        await desk.start(f"+141555526{70 + number}", ttl_s=60)
    desk.later(60)
    assert [await desk.runtime.delivering.expire(2) for _ in range(4)] == [2, 2, 1, 0]


async def test_a_start_after_expiry_begins_anew_without_the_sweep(desk):
    first = await desk.start(ttl_s=60)
    desk.later(60)
    second = await desk.start(ttl_s=60)
    assert second != first
    assert await desk.status(first) is Status.EXPIRED


async def test_an_expired_verification_reads_as_expired_before_the_sweep(desk):
    verification = await desk.start()
    desk.later(300)
    assert await desk.status(verification) is Status.EXPIRED


async def test_nothing_is_sent_for_an_expired_verification(desk):
    verification = await desk.start(ttl_s=60)
    desk.later(60)
    assert await desk.deliver() == 0
    assert desk.sms.messages == []
    assert await desk.deliveries(verification) == ["sms failed"]
    story = await desk.timeline(verification)
    assert story.deliveries[0].reason == "not_needed"


async def test_what_served_its_time_is_forgotten(desk):
    await desk.exhaust()
    desk.later(86_400 + 3_600 + 1)
    verification = await desk.start(code="482913")
    await desk.check(verification, "482913")
    await desk.runtime.delivering.forget(100)
    index = desk.services.reading._index(desk.caller.project, "+14155552671")
    kept = await desk.runtime.store.read(
        lambda tx: tx.addresses.get(desk.caller.project, index, 0)
    )  # fmt: skip
    assert kept is None
