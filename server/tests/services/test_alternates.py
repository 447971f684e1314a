"""A second address of a recipient: it opens the email step, and nothing else."""

import msgspec
import pytest

from services.desk import PHONE, is_refused, refusal
from watchword_server import ledger
from watchword_server.domain.errors import BAD_FIELD, RATE_LIMITED
from watchword_server.services.sending import draft

ADA, EVE = "ada@example.com", "eve@example.com"
EMAIL = {"template": "otp-email"}


async def test_an_alternate_must_be_an_email(desk):
    problem = await refusal(desk.start(alternate_email="+14155552672", **EMAIL))
    is_refused(problem, BAD_FIELD, field="alternates.email")


async def another_alternate_is_another_verification(desk):
    first = await desk.start(alternate_email=EVE, **EMAIL)
    await desk.deliver()
    desk.later(30)
    second = await desk.start(alternate_email=ADA, **EMAIL)
    await desk.deliver()
    assert second != first
    assert desk.mail.messages[-1].to == ADA


async def test_another_alternate_is_another_verification(desk):
    await another_alternate_is_another_verification(desk)


async def test_another_alternate_is_another_mutant_is_caught(desk, monkeypatch):
    monkeypatch.setattr(draft, "_sameness", lambda asked, bound, route: asked.template.encode())
    with pytest.raises(AssertionError):
        await another_alternate_is_another_verification(desk)


async def test_a_mailbox_is_counted_whoever_it_is_an_alternate_of(desk):
    limits = {"recipient": (2, 3_600)}
    desk.caller = msgspec.structs.replace(desk.caller, limits=limits)
    for number in (60, 61):
        await desk.start(f"+141555526{number}", alternate_email=ADA, **EMAIL)
    problem = await refusal(desk.start("+14155552662", alternate_email=ADA, **EMAIL))
    is_refused(problem, RATE_LIMITED, limit="recipient")
    is_refused(await refusal(desk.start(ADA, **EMAIL)), RATE_LIMITED, limit="recipient")


async def an_alternate_does_not_prove_the_number(desk):
    verification = await desk.start(code="482913", alternate_email=ADA, **EMAIL)
    await desk.fail(verification)
    assert (await desk.check(verification, "482913")).verified
    index = desk.services.reading._index(desk.caller.project, PHONE)
    state = await desk.runtime.store.read(
        lambda tx: tx.addresses.get(desk.caller.project, index, 0)
    )
    assert state.consecutive == 1


async def test_an_alternate_does_not_prove_the_number(desk):
    await an_alternate_does_not_prove_the_number(desk)


async def test_an_alternate_does_not_prove_mutant_is_caught(desk, monkeypatch):
    monkeypatch.setattr(ledger, "_is_proven", lambda live: True)
    with pytest.raises(AssertionError):
        await an_alternate_does_not_prove_the_number(desk)
