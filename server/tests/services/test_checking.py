"""Checking: one approval, five evaluated checks, and nothing that binds can differ."""

import asyncio

import msgspec
import pytest

from services.desk import is_refused, refusal
from watchword_server.domain.errors import ALREADY_USED, ENDED, UNKNOWN_ID
from watchword_server.domain.verification import Status
from watchword_server.services.checking import Checked

PAYMENT = ("100.00 EUR", "Bob")


async def test_a_wrong_code_is_an_answer_and_counts_down(desk):
    verification = await desk.start()
    left = [(await desk.fail(verification)).checks_left for _ in range(5)]
    assert left == [4, 3, 2, 1, 0]
    assert await desk.status(verification) is Status.EXHAUSTED
    problem = await refusal(desk.check(verification, "123456"))
    is_refused(problem, ENDED, reason="exhausted")


async def test_the_fifth_check_may_still_be_right(desk):
    verification = await desk.start(code="482913")
    await desk.fail(verification, 4)
    checked = await desk.check(verification, "482913")
    assert (checked.verified, checked.checks_left) == (True, 0)


async def leaves_no_check(desk, check):
    """The answer to a right code says what reading the verification says from then on."""
    verification = await desk.start(code="482913")
    assert (await check(verification, "111111")).checks_left == 4
    checked = await check(verification, "482913")
    assert (checked.status, checked.checks_left) == (Status.APPROVED, 0)


async def test_a_verification_that_has_ended_has_no_check_left(desk):
    await leaves_no_check(desk, desk.check)


async def test_a_verification_that_has_ended_mutant_is_caught(desk):
    async def counting_on(verification, code):
        checked = await desk.check(verification, code)
        return msgspec.structs.replace(checked, checks_left=5 - (1 if code == "111111" else 2))

    with pytest.raises(AssertionError):
        await leaves_no_check(desk, counting_on)


async def test_the_right_code_after_five_wrong_ones_is_refused(desk):
    verification = await desk.start(code="482913")
    await desk.fail(verification, 5)
    is_refused(await refusal(desk.check(verification, "482913")), ENDED, reason="exhausted")
    assert await desk.status(verification) is Status.EXHAUSTED


@pytest.mark.parametrize(
    "almost", ["482913 ", " 482913", "48291", "4829130", "482914", "", "４８２９１３", "482913\n"]
)
async def test_an_almost_right_code_is_wrong(desk, almost):
    verification = await desk.start(code="482913")
    assert not (await desk.check(verification, almost)).verified


async def approves_once(desk, check):
    """Of many simultaneous right codes, one approves and the others are told it is used."""
    verification = await desk.start(code="482913")
    answers = await asyncio.gather(
        *(check(verification, "482913") for _ in range(30)), return_exceptions=True
    )
    approved = [one for one in answers if not isinstance(one, Exception)]
    assert len(approved) == 1 and approved[0].verified
    for one in answers:
        if isinstance(one, Exception):
            is_refused(one, ALREADY_USED, reason="approved")
    events = await desk.events(verification)
    assert events.count("verification.approved") == 1


async def test_a_code_approves_once_under_any_concurrency(desk):
    await approves_once(desk, desk.check)


async def evaluates_five(desk, check):
    verification = await desk.start(code="482913")
    answers = await asyncio.gather(
        *(check(verification, "111111") for _ in range(64)), return_exceptions=True
    )
    evaluated = [one for one in answers if not isinstance(one, Exception)]
    assert sorted(one.checks_left for one in evaluated) == [0, 1, 2, 3, 4]
    assert (await desk.events(verification)).count("verification.check_failed") == 5


async def test_five_checks_are_evaluated_under_any_concurrency(desk):
    await evaluates_five(desk, desk.check)


def read_then_write(desk, parties):
    """The naive service: look in one transaction, act in another."""
    everybody = asyncio.Barrier(parties)
    project = desk.caller.project

    async def check(verification, code):
        live = await desk.runtime.store.read(lambda tx: tx.live.get(project, verification))
        await everybody.wait()
        counted = msgspec.structs.replace(live, checks=live.checks + 1)

        def unit(tx):
            tx.live.remove(project, verification)
            tx.live.insert(counted)

        await desk.runtime.store.write(unit)
        verified = code == "482913"
        status = Status.APPROVED if verified else Status.PENDING
        left = live.max_checks - counted.checks
        return Checked(verification, verified, status, left, live.assurance)

    return check


async def test_a_code_approves_once_mutant_is_caught(desk):
    with pytest.raises(AssertionError):
        await approves_once(desk, read_then_write(desk, 30))


async def test_five_checks_are_evaluated_mutant_is_caught(desk):
    with pytest.raises(AssertionError):
        await evaluates_five(desk, read_then_write(desk, 64))


async def test_right_and_wrong_codes_at_once_approve_at_most_once(desk):
    verification = await desk.start(code="482913")
    codes = ["482913" if number % 3 else "000000" for number in range(24)]
    answers = await asyncio.gather(
        *(desk.check(verification, code) for code in codes), return_exceptions=True
    )
    evaluated = [one for one in answers if not isinstance(one, Exception)]
    assert sum(one.verified for one in evaluated) == 1
    assert len(evaluated) <= 5
    assert await desk.status(verification) is Status.APPROVED


async def test_what_was_never_there_is_unknown(desk):
    is_refused(await refusal(desk.check(b"\x01" * 16, "482913")), UNKNOWN_ID)


async def consumes_a_check(desk, binding, checked_with):
    verification = await desk.start(code="482913", binding=binding)
    checked = await desk.check(verification, "482913", binding=checked_with)
    assert (checked.verified, checked.checks_left) == (False, 4)
    assert (await desk.check(verification, "482913", binding=binding)).verified


@pytest.mark.parametrize(
    ("binding", "checked_with"),
    [
        (PAYMENT, ("100.01 EUR", "Bob")),
        (PAYMENT, ("100.00 EUR", "Eve")),
        (PAYMENT, ("100.00 EURB", "ob")),
        (PAYMENT, ("", "")),
        (None, PAYMENT),
        (None, ("", "")),
    ],
)
async def test_another_amount_or_payee_consumes_a_check(desk, binding, checked_with):
    await consumes_a_check(desk, binding, checked_with)


async def test_another_amount_or_payee_mutant_is_caught(desk):
    with pytest.raises(AssertionError):
        await consumes_a_check(desk, PAYMENT, PAYMENT)


async def test_a_code_for_a_payment_is_not_good_without_naming_the_payment(desk):
    await consumes_a_check(desk, PAYMENT, None)


async def good_only_where_it_belongs(desk, moved):
    """A digest put on another row, by whoever can write to the database, approves nothing."""
    verification = await desk.start(code="482913", purpose="login")
    project = desk.caller.project

    def unit(tx):
        live = tx.live.get(project, verification)
        tx.live.remove(project, verification)
        changed = msgspec.structs.replace(live, **moved)
        tx.live.insert(changed)
        return changed.id

    elsewhere = await desk.runtime.store.write(unit)
    assert not (await desk.check(elsewhere, "482913")).verified


@pytest.mark.parametrize("moved", [{"id": b"i" * 16}, {"address": b"a" * 16}, {"purpose": "pay"}])
async def test_a_digest_is_good_only_where_it_belongs(desk, moved):
    await good_only_where_it_belongs(desk, moved)


async def test_a_digest_is_good_only_where_it_belongs_mutant_is_caught(desk):
    with pytest.raises(AssertionError):
        await good_only_where_it_belongs(desk, {"masked": "+1***"})


async def test_a_canceled_verification_approves_nothing(desk):
    verification = await desk.start(code="482913")
    await desk.cancel(verification)
    is_refused(await refusal(desk.check(verification, "482913")), ENDED, reason="canceled")
    is_refused(await refusal(desk.cancel(verification)), ENDED, reason="canceled")


async def test_an_approved_verification_can_neither_be_canceled_nor_used(desk):
    verification = await desk.start(code="482913")
    await desk.check(verification, "482913")
    for again in (desk.check(verification, "482913"), desk.cancel(verification)):
        is_refused(await refusal(again), ALREADY_USED, reason="approved")
    assert await desk.status(verification) is Status.APPROVED


async def keeps_no_secret(desk, end):
    verification = await desk.start(code="482913")
    live = await desk.runtime.store.read(
        lambda tx: tx.live.get(desk.caller.project, verification)
    )  # fmt: skip
    await end(verification)
    left = await desk.runtime.store.read(
        lambda tx: (
            tx.live.get(desk.caller.project, verification),
            tx.verifications.get(desk.caller.project, verification),
        )
    )
    assert left[0] is None
    assert not {live.digest, live.secrets} & set(msgspec.structs.astuple(left[1]))


@pytest.mark.parametrize("end", ["approve", "exhaust", "cancel", "expire"])
async def test_however_it_ends_the_secrets_are_gone(desk, end):
    async def expire(_):
        desk.later(300)
        await desk.runtime.delivering.expire(10)

    ends = {
        "approve": lambda id: desk.check(id, "482913"),
        "exhaust": lambda id: desk.fail(id, 5),
        "cancel": desk.cancel,
        "expire": expire,
    }
    await keeps_no_secret(desk, ends[end])


async def test_the_secrets_are_gone_mutant_is_caught(desk):
    with pytest.raises(AssertionError):
        await keeps_no_secret(desk, lambda id: desk.fail(id, 4))
