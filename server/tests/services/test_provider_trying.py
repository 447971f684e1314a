"""Asking a vendor by hand: test messages, check-ups, dry runs."""

import pytest

from services.acme import add, carriers, change
from services.desk import PHONE, is_refused, refusal
from watchword_server.domain.breaker import State
from watchword_server.domain.channel import Channel
from watchword_server.domain.delivery import Reason
from watchword_server.domain.errors import (
    BAD_FIELD,
    NOT_ALLOWED_HERE,
    RATE_LIMITED,
)
from watchword_server.domain.project import Mode
from watchword_server.ports.providers import Rejected, Unavailable, Uncertain
from watchword_server.services.accounts import Ended

# ---- asked --------------------------------------------------------------------------------------

ENDS = {
    "accepted": (None, Ended.ACCEPTED, None),
    "rejected": (Rejected(Reason.INVALID_RECIPIENT, f"21211 {PHONE}"), Ended.REJECTED, "21211 ***"),
    "unavailable": (Unavailable(Reason.MISCONFIGURED, "401"), Ended.UNAVAILABLE, "401"),
    "uncertain": (Uncertain("cut off"), Ended.UNCERTAIN, "cut off"),
    "broken": (ZeroDivisionError("secret"), Ended.UNCERTAIN, "ZeroDivisionError"),
}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
async def test_a_test_message_says_what_came_of_it(desk, acme, end):
    act, ended, raw = end
    shown = await add(desk, disabled=True)
    if act is not None:
        acme.script.append(act)
    tried = await desk.services.trying.test(desk.caller, shown.account.id, PHONE, None)
    assert (tried.ended, tried.raw, tried.channel) == (ended, raw, "sms")
    assert (tried.reference is not None) == (ended is Ended.ACCEPTED)
    assert (tried.says is None) == (ended is Ended.ACCEPTED)
    (message,) = [message for one in acme.made for message in one.messages]
    assert (message.to, message.code) == (PHONE, "")
    assert "test message" in message.text


async def test_a_test_message_goes_by_the_channel_that_fits(desk, acme):
    shown = await add(desk)
    test, id = desk.services.trying.test, shown.account.id
    assert (await test(desk.caller, id, PHONE, Channel.VOICE)).channel == "voice"
    wrong = await refusal(test(desk.caller, id, PHONE, Channel.WHATSAPP))
    is_refused(wrong, BAD_FIELD, field="channel")
    is_refused(await refusal(test(desk.caller, id, "ada@example.com", None)), BAD_FIELD, field="to")
    is_refused(await refusal(test(desk.caller, id, "+1415", None)), BAD_FIELD, field="to")


async def is_no_way_to_spam(desk, most):
    shown = await add(desk)

    async def tested(number):
        to = f"+1415555{2000 + number}"
        return await desk.services.trying.test(desk.caller, shown.account.id, to, None)

    for number in range(most):
        await tested(number)
    is_refused(await refusal(tested(most)), RATE_LIMITED, limit="provider_tests")
    desk.later(600)
    for _ in range(3):
        await tested(0)
    is_refused(await refusal(tested(0)), RATE_LIMITED, limit="provider_test_recipient")


async def test_test_messages_are_no_way_to_spam(desk, acme):
    await is_no_way_to_spam(desk, 10)


async def test_test_messages_mutant_is_caught(desk, acme):
    with pytest.raises(AssertionError):
        await is_no_way_to_spam(desk, 8)


async def test_nothing_leaves_a_sandbox_by_hand_either(desk, acme):
    await desk.services.projects.create("other", Mode.SANDBOX)
    desk.caller = await desk.runtime.operator("other")
    shown = await add(desk)
    trying, id = desk.services.trying, shown.account.id
    for call in (
        trying.test(desk.caller, id, PHONE, None),
        trying.health(desk.caller, id, ask=True),
    ):
        is_refused(await refusal(call), NOT_ALLOWED_HERE, reason="sandbox")
    assert (await trying.health(desk.caller, id, ask=False)).health.state is State.CLOSED


async def test_health_is_what_was_seen_and_what_the_vendor_says(desk, acme):
    shown = await add(desk)
    trying, id = desk.services.trying, shown.account.id
    quiet = await trying.health(desk.caller, id, ask=False)
    assert (quiet.health.total, quiet.checkup) == (0, None)
    desk.runtime.accounts._outside = ()
    await change(desk, shown, weight=7)
    acme.script.extend(Unavailable(Reason.PROVIDER_DOWN) for _ in range(5))
    turned = []
    desk.runtime.accounts.turned = lambda *told: turned.append(told)
    await carriers(desk, 5)
    told = await trying.health(desk.caller, id, ask=True)
    assert told.health.state is State.OPEN
    assert (told.health.errors, told.health.total) == (5, 5)
    assert (told.checkup.balance, told.checkup.currency) == ("12.34", "EUR")
    assert [(project, name) for project, name, _ in turned] == [(desk.caller.project, "gate")]
    await change(desk, shown, settings={"port": 80})
    assert (await trying.health(desk.caller, id, ask=False)).health.state is State.CLOSED


async def test_a_dry_run_shows_what_would_leave(desk, acme):
    shown = await add(desk)
    seen = await desk.services.trying.preview(desk.caller, shown.account.id, PHONE, None)
    assert seen["to"] == PHONE
    assert not any(one.messages for one in acme.made)
    acme.preview, own = lambda self, message: None, acme.preview
    try:
        refused = desk.services.trying.preview(desk.caller, shown.account.id, PHONE, None)
        is_refused(await refusal(refused), NOT_ALLOWED_HERE, reason="no_preview")
    finally:
        acme.preview = own
