"""Saved routes: what is refused, who names them, and what is sent by them."""

import msgspec
import pytest

from services.acme import add, change
from services.desk import PHONE, is_refused, opened, refusal
from watchword_server.domain.channel import Channel
from watchword_server.domain.errors import (
    BAD_FIELD,
    NO_CHANNEL,
    NO_CHANNEL_CONFIG,
    NOT_ALLOWED_HERE,
    UNKNOWN_ID,
    UNREACHABLE,
)
from watchword_server.domain.numbering import NumberType
from watchword_server.domain.project import Mode
from watchword_server.domain.route_plan import LeftOut, Plan, PlanStep, When
from watchword_server.domain.routing import Step, Until
from watchword_server.domain.template import Content, Status, Template
from watchword_server.ledger import decode_route
from watchword_server.services import routes
from watchword_server.services.routes import Recipient
from watchword_server.services.sending import Start

SINGAPORE = "+6581234567"
SMS, VOICE, EMAIL = PlanStep(Channel.SMS), PlanStep(Channel.VOICE), PlanStep(Channel.EMAIL)
WHATSAPP = PlanStep(Channel.WHATSAPP)
WORDS = {"default": Content("{{code}} is your code", "Your code")}
SAID = {Channel.SMS: WORDS, Channel.VOICE: WORDS}


async def save(desk, *steps, id="log-in", **more):
    return await desk.services.routes.put(desk.caller, Plan(id, steps, **more))


async def template(desk, route="log-in", id="mine", **more):
    new = Template(id, (), SAID, brand_name="Acme", route=route)
    new = msgspec.structs.replace(new, **more)
    return await desk.services.templates.create(desk.caller, new)


async def approve(desk, id="mine"):
    review = desk.services.templates.review
    await review(desk.caller, id, Status.APPROVED, "", None)


async def kept(desk, **asked):
    """The steps that a verification started with; an hour later its address is as new."""
    route = await started(desk, **asked)
    desk.later(3_600)
    await desk.runtime.delivering.expire(9)
    return route


async def started(desk, **asked):
    """The same, at once."""
    verification = await desk.start(**asked)
    live = await desk.runtime.store.read(lambda tx: tx.live.get(desk.caller.project, verification))
    return decode_route(live.route)


@pytest.fixture
async def development(tmp_path, clock):
    """A desk whose project is not live."""
    async with opened(tmp_path, clock) as desk:
        project = await desk.services.projects.create("tryout", Mode.DEVELOPMENT)
        desk.caller = await desk.runtime.operator("tryout")
        assert project.mode is Mode.DEVELOPMENT
        yield desk


# ---- saved and read ------------------------------------------------------------------------------


async def test_a_route_is_saved_again_under_its_id(desk):
    first = await save(desk, SMS, description="One")
    desk.later(5)
    second = await save(desk, SMS, VOICE)
    assert second.plan.created_at == first.plan.created_at
    assert second.plan.updated_at == first.plan.updated_at + 5_000
    assert second.plan.steps == (SMS, VOICE)
    assert (await desk.services.routes.get(desk.caller, "log-in")) == second
    assert [one.plan.id for one in await desk.services.routes.all(desk.caller)] == ["log-in"]


@pytest.mark.parametrize("act", ["get", "delete"])
async def test_a_route_that_is_not_there_is_unknown(desk, act):
    act = getattr(desk.services.routes, act)
    is_refused(await refusal(act(desk.caller, "none")), UNKNOWN_ID)


async def test_a_refusal_names_the_step_and_says_that_there_is_more(desk):
    problem = await refusal(save(desk, SMS, msgspec.structs.replace(VOICE, wait_s=0), SMS, SMS))
    is_refused(problem, BAD_FIELD, field="steps[1].wait_s", rule="range")
    assert problem.detail.startswith("Step 2: a step waits 1 to 600 seconds.")
    wrong = msgspec.structs.replace(VOICE, wait_s=0)
    problem = await refusal(save(desk, wrong, wrong))
    assert problem.detail.endswith(" 1 more of it is wrong; POST /v1/routes/check says all.")


async def test_a_project_has_so_many_routes(desk, monkeypatch):
    monkeypatch.setattr(routes, "MAX_ROUTES", 2)
    await save(desk, SMS, id="a")
    await save(desk, SMS, id="b")
    await save(desk, VOICE, id="b")
    is_refused(await refusal(save(desk, SMS, id="c")), NOT_ALLOWED_HERE, reason="too_many_routes")


# ---- provider accounts ---------------------------------------------------------------------------


def by(*accounts):
    return msgspec.structs.replace(SMS, accounts=accounts)


@pytest.mark.parametrize(
    ("steps", "field", "rule"),
    [
        ((SMS, WHATSAPP), "steps[1].channel", "no_provider_account"),
        ((by("nobody"),), "steps[0].accounts", "unknown_account"),
        ((VOICE, by("sms carrier", "voice carrier")), "steps[1].accounts", "incapable_account"),
        ((by("inbox"),), "steps[0].accounts", "unknown_account"),
    ],
)
async def test_a_step_that_nobody_carries_cannot_be_saved(desk, steps, field, rule):
    is_refused(await refusal(save(desk, *steps)), BAD_FIELD, field=field, rule=rule)


async def test_an_account_that_carries_the_step_can_be_named(desk):
    assert (await save(desk, by("sms carrier"))).plan.steps[0].accounts == ("sms carrier",)


async def test_where_the_inbox_carries_everything_no_account_is_needed(development):
    await save(development, WHATSAPP, SMS)
    problem = await refusal(save(development, by("nobody")))
    is_refused(problem, BAD_FIELD, rule="unknown_account")


async def test_a_projects_own_account_is_known_by_its_state(desk, acme):
    shown = await add(desk)
    assert (await save(desk, by("gate", "sms carrier"))).plan.steps[0].accounts[0] == "gate"
    whatsapp = msgspec.structs.replace(WHATSAPP, accounts=("gate",))
    problem = await refusal(save(desk, whatsapp))
    is_refused(problem, BAD_FIELD, field="steps[0].accounts", rule="incapable_account")
    await change(desk, shown, disabled=True)
    is_refused(await refusal(save(desk, by("gate"))), BAD_FIELD, rule="disabled_account")
    await desk.services.provider_accounts.delete(desk.caller, shown.account.id)
    is_refused(await refusal(save(desk, by("gate"))), BAD_FIELD, rule="unknown_account")


async def test_an_account_of_a_project_that_is_not_live_can_be_named(development, acme):
    shown = await add(development)
    await save(development, by("gate"))
    await change(development, shown, disabled=True)
    problem = await refusal(save(development, by("gate")))
    is_refused(problem, BAD_FIELD, rule="disabled_account")


async def test_a_step_is_carried_by_the_accounts_it_names(desk, acme):
    await add(desk)
    await save(desk, by("gate"), VOICE)
    asked = {"template": "otp-any", "route": "log-in"}
    for number in range(5):
        verification = await desk.start(f"+1415555{2100 + number}", **asked)
        await desk.deliver()
        (delivery,) = (await desk.timeline(verification)).deliveries
        assert delivery.provider == "gate"
    assert desk.sms.messages == []


# ---- templates that name a route -----------------------------------------------------------------


async def test_a_template_cannot_name_a_route_that_is_not_there(desk):
    is_refused(await refusal(template(desk)), BAD_FIELD, field="route", rule="unknown_route")


async def test_a_template_has_words_for_every_step_of_its_route(desk):
    await save(desk, SMS, VOICE, EMAIL)
    problem = await refusal(template(desk))
    is_refused(problem, NO_CHANNEL_CONFIG, field="email_config")
    with_email = {**SAID, Channel.EMAIL: WORDS}
    assert (await template(desk, contents=with_email)).newest.route == "log-in"


async def test_a_template_keeps_the_rules_of_the_channels_of_its_route(development):
    await save(development, WHATSAPP)
    said = {Channel.WHATSAPP: WORDS}
    problem = await refusal(template(development, contents=said, ttl_s=120))
    is_refused(problem, BAD_FIELD, field="verify_code_ttl", rule="whatsapp")


async def cannot_lose_the_words_of_its_templates(desk, save):
    await save(desk, SMS)
    await template(desk, id="b")
    await template(desk, id="a")
    problem = await refusal(save(desk, SMS, EMAIL))
    is_refused(problem, NOT_ALLOWED_HERE, reason="templates_do_not_fit", templates="a, b")
    saved = await desk.services.routes.get(desk.caller, "log-in")
    assert saved.plan.steps == (SMS,)
    assert saved.templates == ("a", "b")
    await save(desk, SMS, VOICE)


async def test_a_changed_route_is_checked_against_the_templates_that_name_it(desk):
    await cannot_lose_the_words_of_its_templates(desk, save)


async def test_a_changed_route_is_checked_mutant_is_caught(desk, monkeypatch):
    monkeypatch.setattr(routes, "_check_templates", lambda plan, naming: None)
    with pytest.raises(AssertionError):
        await cannot_lose_the_words_of_its_templates(desk, save)


async def stays_while_a_template_names_it(desk, delete):
    await save(desk, SMS)
    await template(desk)
    await approve(desk)
    await desk.services.templates.change(
        desk.caller, "mine",
        lambda old: msgspec.structs.replace(old, strategy=(Channel.SMS,), route=None),
    )  # fmt: skip
    problem = await refusal(delete(desk.caller, "log-in"))  # the version in use names it
    is_refused(problem, NOT_ALLOWED_HERE, reason="route_in_use", templates="mine")
    await approve(desk)
    await delete(desk.caller, "log-in")
    is_refused(await refusal(delete(desk.caller, "log-in")), UNKNOWN_ID)


async def test_a_route_that_a_template_names_cannot_be_deleted(desk):
    await stays_while_a_template_names_it(desk, desk.services.routes.delete)


async def test_a_route_that_a_template_names_mutant_is_caught(desk, monkeypatch):
    def newest_only(tx, project):
        found = {}
        for each in tx.templates.newest(project):
            found.setdefault(each.route, []).append(each)
        return found

    monkeypatch.setattr(routes, "_templates", newest_only)
    with pytest.raises(AssertionError):
        await stays_while_a_template_names_it(desk, desk.services.routes.delete)


async def test_an_old_version_is_not_approved_again_when_its_route_is_gone(desk):
    await stays_while_a_template_names_it(desk, desk.services.routes.delete)
    review = desk.services.templates.review
    problem = await refusal(review(desk.caller, "mine", Status.APPROVED, "", 1))
    is_refused(problem, BAD_FIELD, field="route", rule="unknown_route")


# ---- sent by a route -----------------------------------------------------------------------------

ABROAD = msgspec.structs.replace(
    VOICE, accounts=("voice carrier",), wait_s=45, until=Until.VERIFIED, when=When(("SG",))
)


async def test_a_verification_keeps_the_steps_that_are_for_its_recipient(desk):
    await save(desk, ABROAD, SMS)
    await template(desk)
    await approve(desk)
    only_sms = (Step("sms"),)
    both = (Step("voice", ("voice carrier",), 45, Until.VERIFIED), Step("sms"))
    assert await kept(desk, to=SINGAPORE, template="mine") == both
    assert await kept(desk, to=PHONE, template="mine") == only_sms


async def is_for_each_recipient_anew(desk):
    await save(desk, ABROAD, SMS)
    await template(desk)
    await approve(desk)
    for numbers in (("+6581234567", "+14155552671"), ("+6581234568", "+14155552672")):
        lengths = [len(await started(desk, to=to, template="mine")) for to in numbers]
        assert lengths == [2, 1]


async def test_conditions_are_asked_for_each_recipient(desk):
    await is_for_each_recipient_anew(desk)


async def test_conditions_are_asked_for_each_recipient_mutant_is_caught(desk, monkeypatch):
    monkeypatch.setattr(Plan, "has_conditions", False)
    with pytest.raises(AssertionError):
        await is_for_each_recipient_anew(desk)


async def test_a_call_names_a_saved_route_instead_of_its_templates(desk):
    await save(desk, ABROAD, SMS)
    assert len(await kept(desk, to=SINGAPORE, template="otp-any", route="log-in")) == 2
    assert await kept(desk, template="otp-any", route="log-in") == (Step("sms"),)


async def test_a_call_names_a_route_in_short_with_waits(desk):
    route = await kept(desk, template="otp-any", route="sms(20s,until=verified)|voice")
    assert route == (Step("sms", (), 20, Until.VERIFIED), Step("voice"))


async def test_the_wait_of_a_route_is_what_is_waited_for(desk):
    verification = await desk.start(template="otp-any", route="sms(20s,until=verified)|voice")
    await desk.deliver()
    desk.clock.advance(19_999)
    assert await desk.deliver() == 0
    desk.clock.advance(1)
    await desk.deliver()
    assert await desk.deliveries(verification) == ["sms unknown", "voice sent"]


async def test_a_route_that_is_not_there_is_not_sent_by(desk):
    problem = await refusal(desk.start(route="none"))
    is_refused(problem, UNKNOWN_ID, field="route")


async def test_a_route_of_which_nothing_is_for_the_recipient_says_so(desk):
    await save(desk, ABROAD)
    problem = await refusal(desk.start(template="otp-any", route="log-in"))
    is_refused(problem, UNREACHABLE, field="to", reason="no_step_applies")


async def test_a_step_for_which_the_template_has_no_words_is_refused(desk):
    await save(desk, SMS, EMAIL)
    asked = {"template": "otp-any", "route": "log-in"}
    assert await kept(desk, **asked) == (Step("sms"),)
    problem = await refusal(desk.start(**asked, alternate_email="ada@example.com"))
    is_refused(problem, BAD_FIELD, field="route", rule="content")


async def test_email_joins_a_saved_route_by_the_alternate_only(desk):
    await save(desk, SMS, EMAIL)
    await template(desk, contents={**SAID, Channel.EMAIL: WORDS})
    await approve(desk)
    assert await kept(desk, template="mine") == (Step("sms"),)
    route = await kept(desk, template="mine", alternate_email="ada@example.com")
    assert route == (Step("sms"), Step("email"))
    assert await kept(desk, to="ada@example.com", template="mine") == (Step("email"),)


async def test_a_channel_whose_last_account_is_gone_is_left_out(desk, acme, monkeypatch):
    monkeypatch.setattr(acme, "channels", frozenset({"whatsapp"}))
    shown = await add(desk)
    await save(desk, WHATSAPP, SMS)
    await save(desk, WHATSAPP, id="alone")
    asked = {"template": "otp-any", "route": "log-in"}
    assert await kept(desk, **asked) == (Step("whatsapp"), Step("sms"))
    await change(desk, shown, disabled=True)
    assert await kept(desk, **asked) == (Step("sms"),)
    problem = await refusal(desk.start(template="otp-any", route="alone"))
    is_refused(problem, NO_CHANNEL, channel="whatsapp", reason="no_provider_account")
    plain = "No provider account carries whatsapp for this project."
    assert problem.detail == plain


async def test_a_route_whose_own_accounts_are_gone_is_told_by_their_names(desk, acme):
    shown = await add(desk)
    await save(desk, by(shown.account.name))
    await change(desk, shown, disabled=True)
    problem = await refusal(desk.start(template="otp-any", route="log-in"))
    is_refused(problem, NO_CHANNEL, channel="sms", reason="no_provider_account")
    assert problem.detail.endswith(f"carries it now: {shown.account.name}."), "others carry SMS"


async def test_a_changed_route_is_for_what_starts_from_then_on(desk):
    await save(desk, SMS)
    await template(desk)
    await approve(desk)
    first = await desk.start(template="mine")
    await save(desk, VOICE)
    await desk.deliver()
    assert await desk.deliveries(first) == ["sms sent"]
    second = await desk.start(SINGAPORE, template="mine")
    await desk.deliver()
    assert await desk.deliveries(second) == ["voice sent"]


async def test_a_route_changed_elsewhere_is_known_a_second_later_at_most(tmp_path, clock):
    async with opened(tmp_path, clock) as here, opened(tmp_path, clock) as there:
        await save(here, SMS)
        asked = {"template": "otp-any", "route": "log-in"}
        assert await kept(there, **asked) == (Step("sms"),)
        await there.services.directory.route(there.caller.project, "log-in")
        await save(here, VOICE)
        stale = there.services.directory.known_route(there.caller.project, "log-in")
        assert stale is not None and stale.steps == (SMS,)
        clock.advance(1_000)
        assert there.services.directory.known_route(there.caller.project, "log-in") is None
        assert await kept(there, **asked) == (Step("voice"),)


async def test_a_custom_message_goes_by_its_templates_route(desk):
    await save(desk, ABROAD, SMS)
    await template(desk)
    await approve(desk)
    start = desk.services.sending.start_custom
    asked = Start(to="", template="mine", code="482913")
    sent = await start(desk.caller, asked, [SINGAPORE, PHONE])
    assert [one.verification.channel for one in sent] == ["voice", "sms"]


# ---- looked at -----------------------------------------------------------------------------------


async def checked(desk, *steps, template=None, to=None, email=None):
    recipient = None if to is None else Recipient(to, email)
    return await desk.services.routes.check(desk.caller, Plan("x", steps), template, recipient)


async def test_a_check_says_everything_that_is_wrong(desk):
    wrong = msgspec.structs.replace(WHATSAPP, wait_s=0)
    found = await checked(desk, SMS, wrong, EMAIL, template="otp-any")
    assert [(one.field, one.rule) for one in found.problems] == [
        ("steps[1].wait_s", "range"),
        ("steps[1].channel", "no_provider_account"),
        ("steps[2].channel", "content"),
    ]
    assert found.choices is None
    assert await desk.services.routes.all(desk.caller) == []


async def test_a_check_says_which_steps_a_recipient_would_get(desk):
    mobile = msgspec.structs.replace(SMS, when=When(number_types=(NumberType.MOBILE,)))
    steps = (ABROAD, mobile, EMAIL, VOICE)
    found = await checked(desk, *steps, to=PHONE)
    assert [one.left_out for one in found.choices] == [
        LeftOut.CONDITION, LeftOut.CONDITION, LeftOut.UNREACHABLE, None,
    ]  # fmt: skip
    found = await checked(desk, *steps, to=SINGAPORE, email="ada@example.com")
    assert [one.left_out for one in found.choices] == [None, None, None, None]


async def test_a_check_refuses_addresses_as_a_send_does(desk):
    for to, email, field in ((PHONE, "x", "alternates.email"), ("ada@", None, "to")):
        problem = await refusal(checked(desk, SMS, to=to, email=email))
        assert problem.extra["field"] == field
    is_refused(await refusal(checked(desk, SMS, template="none")), UNKNOWN_ID)


async def test_a_template_of_a_saved_route_counts_as_what_can_be_sent(desk):
    async def sendable():
        return await desk.runtime.store.read(
            lambda tx: desk.services.advising._facts(tx, desk.caller).sendable
        )

    await save(desk, SMS, VOICE)
    for one in await desk.services.templates.all(desk.caller):
        await desk.services.templates.delete(desk.caller, one.used.id)
    assert not await sendable()
    await template(desk)
    await approve(desk)
    assert await sendable() == {"sms", "voice"}
