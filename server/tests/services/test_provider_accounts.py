"""Provider accounts: made, sent through, changed, asked, deleted; and what nobody may learn."""

import asyncio
import itertools
from contextlib import AsyncExitStack

import msgspec
import pytest

from services.acme import GOOD, SECRET, add, carriers, change
from services.desk import PHONE, is_refused, opened, refusal
from watchword_server import providers
from watchword_server.domain.errors import (
    BAD_FIELD,
    CONFLICT,
    NO_CHANNEL,
    NOT_ALLOWED_HERE,
    UNKNOWN_ID,
    Problem,
)
from watchword_server.domain.project import PROJECT_SCOPES, Mode
from watchword_server.domain.provider_account import MOST_ACCOUNTS
from watchword_server.services.accounts import AccountChanges, NewAccount
from watchword_server.services.accounts.keeper import LINGER_S
from watchword_server.services.delivering.handing_over import HAND_OVER_S

# ---- used ---------------------------------------------------------------------------------------


async def test_an_account_carries_messages_as_soon_as_it_is_made(desk, acme):
    await add(desk, weight=1)
    await add(desk, "smaller", weight=1)
    taken = set(await carriers(desk, 30))
    assert taken == {"gate", "smaller", "sms carrier"}
    assert {one.name for one in acme.made if one.messages} == {"gate", "smaller"}


async def test_a_channel_that_no_account_carried_is_carried_from_then_on(tmp_path, clock, acme):
    async with opened(tmp_path, clock) as desk:
        caller = await desk.runtime.operator("shop")
        ask = {"template": "otp-any", "channel": "whatsapp"}
        is_refused(await refusal(desk.start(PHONE, **ask)), NO_CHANNEL)
        acme.channels = frozenset({"whatsapp"})
        try:
            await add(desk, caller=caller)
            await desk.start(PHONE, **ask)
        finally:
            acme.channels = frozenset({"sms", "voice"})


async def remembered_routes_follow(desk, acme, monkeypatch):
    """A template's route is looked up once; an account that is added must change it."""
    monkeypatch.setattr(acme, "channels", frozenset({"whatsapp"}))

    async def first_channel():
        verification = await desk.start(next(numbers), template="otp-any")
        return (await desk.timeline(verification)).deliveries[0].channel

    numbers = (f"+1415555{number}" for number in itertools.count(2000))
    found = [await first_channel()]
    shown = await add(desk)
    found.append(await first_channel())
    await change(desk, shown, disabled=True)
    found.append(await first_channel())
    assert found == ["sms", "whatsapp", "sms"]


async def test_a_remembered_route_follows_the_accounts(desk, acme, monkeypatch):
    await remembered_routes_follow(desk, acme, monkeypatch)


async def test_a_remembered_route_mutant_is_caught(desk, acme, monkeypatch):
    still = property(lambda _: 0, lambda _self, _value: None)
    monkeypatch.setattr(type(desk.runtime.accounts), "generation", still, raising=False)
    with pytest.raises((AssertionError, Problem)):
        await remembered_routes_follow(desk, acme, monkeypatch)


async def test_a_disabled_account_is_not_used_and_a_deleted_one_is_gone(desk, acme):
    shown = await add(desk)
    await change(desk, shown, disabled=True)
    assert set(await carriers(desk)) == {"sms carrier"}
    await desk.services.provider_accounts.delete(desk.caller, shown.account.id)
    service = desk.services.provider_accounts
    is_refused(await refusal(service.get(desk.caller, shown.account.id)), UNKNOWN_ID)
    assert await service.of(desk.caller) == []


async def test_what_is_queued_for_a_deleted_account_goes_to_another(desk, acme):
    shown = await add(desk)
    desk.runtime.accounts._outside, others = (), desk.runtime.accounts._outside
    await change(desk, shown, weight=2)
    verification = await desk.start()
    desk.runtime.accounts._outside = others
    await desk.services.provider_accounts.delete(desk.caller, shown.account.id)
    await desk.deliver()
    taken = [one.provider for one in (await desk.timeline(verification)).deliveries]
    assert taken == ["gate", "sms carrier"]


async def test_an_account_of_the_servers_name_shadows_it_in_its_project_only(desk, acme):
    desk.sms.name = "smtp"
    desk.runtime.accounts._named["smtp"] = desk.sms
    await add(desk, "smtp")
    assert set(await carriers(desk, 4)) == {"smtp"}
    assert (len(desk.sms.messages), len(acme.made[-1].messages)) == (0, 4)


@pytest.mark.parametrize("mode", [Mode.DEVELOPMENT, Mode.SANDBOX])
async def test_a_project_that_is_not_live_may_have_accounts_and_does_not_use_them(desk, acme, mode):
    await desk.services.projects.create("other", mode)
    desk.caller = await desk.runtime.operator("other")
    await add(desk)
    await desk.start()
    await desk.deliver()
    assert not any(one.messages for one in acme.made)


async def test_another_projects_accounts_are_out_of_reach(desk, acme):
    shown = await add(desk)
    await desk.services.projects.create("other", Mode.LIVE)
    other = await desk.runtime.operator("other")
    services, id = desk.services, shown.account.id
    for call in (
        services.provider_accounts.get(other, id),
        services.provider_accounts.update(other, id, AccountChanges(weight=1)),
        services.provider_accounts.delete(other, id),
        services.trying.test(other, id, PHONE, None),
        services.trying.health(other, id, ask=True),
        services.trying.preview(other, id, PHONE, None),
    ):
        is_refused(await refusal(call), UNKNOWN_ID)
    desk.caller = other
    assert set(await carriers(desk)) == {"sms carrier"}


# ---- kept up ------------------------------------------------------------------------------------


async def test_another_process_sees_a_change_when_it_looks(tmp_path, clock, acme):
    async with AsyncExitStack() as stack:
        here = await stack.enter_async_context(opened(tmp_path, clock))
        there = await stack.enter_async_context(opened(tmp_path, clock))
        shown = await add(here)
        assert await there.runtime.accounts.refresh()
        assert not await there.runtime.accounts.refresh()
        assert set(await carriers(there, 12)) == {"gate", "sms carrier"}
        await here.services.provider_accounts.delete(here.caller, shown.account.id)
        assert await there.runtime.accounts.refresh()
        assert there.runtime.accounts.named(there.caller.project, "gate") is None


async def test_accounts_are_there_after_a_restart(tmp_path, clock, acme):
    async with opened(tmp_path, clock) as desk:
        await add(desk)
    async with opened(tmp_path, clock) as desk:
        assert desk.runtime.accounts.named(desk.caller.project, "gate").settings.token == SECRET


async def test_an_adapter_is_made_anew_only_for_other_settings(desk, acme):
    shown = await add(desk)
    keeper, project = desk.runtime.accounts, desk.caller.project
    first = keeper.named(project, "gate")
    await change(desk, shown, weight=5)
    assert keeper.named(project, "gate") is first
    await change(desk, shown, settings={"host": "new.example.com"})
    second = keeper.named(project, "gate")
    assert (second.settings.host, second.settings.token) == ("new.example.com", SECRET)
    assert first.closed == 0


async def is_closed_after_its_hand_overs(desk, over):
    """A hand-over that has begun just before the change may take ten seconds."""
    slept = asyncio.Queue()

    async def sleep(seconds):
        slept.put_nowait(seconds)
        await over.wait()

    desk.runtime.accounts._sleep = sleep
    shown = await add(desk)
    adapter = desk.runtime.accounts.named(desk.caller.project, "gate")
    await desk.services.provider_accounts.delete(desk.caller, shown.account.id)
    assert await slept.get() == LINGER_S > HAND_OVER_S
    assert adapter.closed == 0
    over.set()
    await adapter.left.wait()


async def test_an_old_adapter_is_closed_when_no_hand_over_can_be_using_it(desk, acme):
    await is_closed_after_its_hand_overs(desk, asyncio.Event())


async def test_an_old_adapter_that_is_closed_at_once_mutant_is_caught(desk, acme):
    over = asyncio.Event()
    over.set()
    with pytest.raises(AssertionError):
        await is_closed_after_its_hand_overs(desk, over)


async def test_a_stop_closes_every_adapter(tmp_path, clock, acme):
    async with opened(tmp_path, clock) as desk:
        kept, gone = await add(desk), await add(desk, "gone")
        project = desk.caller.project
        used = [desk.runtime.accounts.named(project, one) for one in ("gate", "gone")]
        await desk.services.provider_accounts.delete(desk.caller, gone.account.id)
        assert kept.broken is None
    assert [one.closed for one in used] == [1, 1]


async def test_an_account_whose_vendor_is_gone_is_broken_and_the_others_work(
    tmp_path, clock, acme, monkeypatch
):
    async with opened(tmp_path, clock) as desk:
        await add(desk)
    monkeypatch.delitem(providers.PROVIDERS, "acme")
    async with opened(tmp_path, clock) as desk:
        (shown,) = await desk.services.provider_accounts.of(desk.caller)
        assert "no provider acme" in shown.broken
        assert (shown.settings, shown.secrets_set, shown.channels) == ({}, (), ())
        assert set(await carriers(desk)) == {"sms carrier"}
        id = shown.account.id
        problem = await refusal(desk.services.trying.test(desk.caller, id, PHONE, None))
        is_refused(problem, NOT_ALLOWED_HERE, reason="account_broken")
        assert (await desk.services.trying.health(desk.caller, id, ask=True)).broken
        await change(desk, shown, disabled=True)
        await desk.services.provider_accounts.delete(desk.caller, id)


# ---- checked ------------------------------------------------------------------------------------

WRONG = {
    "missing": ({"host": "x"}, "settings.token", "required"),
    "unknown": ({**GOOD, "hots": "x"}, "settings.hots", "unknown_field"),
    "of another type": ({**GOOD, "port": "many"}, "settings.port", "type"),
    "too large": ({**GOOD, "port": 70_000}, "settings.port", "maximum"),
    "empty": ({**GOOD, "host": ""}, "settings.host", "min_length"),
    "refused by its check": ({**GOOD, "host": "a/b-long"}, "settings.host", "value"),
    "refused by the adapter": ({**GOOD, "host": "refuse.example"}, "settings.token", "value"),
}


@pytest.mark.parametrize("settings", WRONG.values(), ids=WRONG)
async def test_a_wrong_setting_is_named_and_not_repeated(desk, acme, settings):
    given, field, rule = settings
    problem = await refusal(add(desk, settings=given))
    is_refused(problem, BAD_FIELD, field=field, rule=rule)
    assert not any(str(value) in problem.detail for value in given.values() if len(str(value)) > 3)
    assert await desk.services.provider_accounts.of(desk.caller) == []


async def test_an_unknown_setting_is_answered_with_those_there_are(desk, acme):
    problem = await refusal(add(desk, settings={**GOOD, "hots": "x"}))
    assert "host, token, port, key_file" in problem.detail


@pytest.mark.parametrize("provider", ["pigeon", "inbox"])
async def test_a_vendor_that_is_none_is_answered_with_those_there_are(desk, acme, provider):
    new = NewAccount(name="x", provider=provider, settings={})
    problem = await refusal(desk.services.provider_accounts.create(desk.caller, new))
    is_refused(problem, BAD_FIELD, field="provider", rule="enum")
    assert "acme" in problem.detail
    assert "smtp" in problem.detail
    assert "inbox" not in problem.detail


@pytest.mark.parametrize("name", ["inbox", "sandbox", "none", "-x", "X", "a b", "", "a" * 41])
async def test_a_name_that_cannot_be_is_refused(desk, acme, name):
    is_refused(await refusal(add(desk, name)), BAD_FIELD, field="name")


async def test_a_name_is_taken_once_in_a_project(desk, acme):
    await add(desk)
    is_refused(await refusal(add(desk)), CONFLICT, field="name")
    await desk.services.projects.create("other", Mode.LIVE)
    await add(desk, caller=await desk.runtime.operator("other"))


async def test_a_project_has_so_many_accounts_and_no_more(desk, acme, monkeypatch):
    monkeypatch.setattr("watchword_server.services.accounts.service.MOST_ACCOUNTS", 2)
    assert MOST_ACCOUNTS == 100
    for name in ("a", "b"):
        await add(desk, name)
    is_refused(await refusal(add(desk, "c")), NOT_ALLOWED_HERE, reason="too_many_accounts")


async def test_only_an_operator_names_files_of_the_server(desk, acme):
    key = msgspec.structs.replace(desk.caller, scopes=PROJECT_SCOPES)
    wanted = {**GOOD, "key_file": "/etc/passwd"}
    problem = await refusal(add(desk, caller=key, settings=wanted))
    is_refused(problem, BAD_FIELD, field="settings.key_file", rule="operator_only")
    shown = await add(desk, settings=wanted)
    changes = AccountChanges(settings={"port": 80})
    await desk.services.provider_accounts.update(key, shown.account.id, changes)


async def test_a_change_keeps_what_is_not_given_and_secrets_that_are_null(desk, acme):
    shown = await add(desk, settings={**GOOD, "port": 80})
    assert shown.settings == {"host": "sms.example.com", "token": None, "port": 80}
    assert shown.secrets_set == ("token",)
    echoed = await change(desk, shown, settings=shown.settings)
    assert echoed.settings == shown.settings
    adapter = desk.runtime.accounts.named(desk.caller.project, "gate")
    assert (adapter.settings.token, adapter.settings.port) == (SECRET, 80)
    plain = await change(desk, shown, unset=("port",))
    assert plain.settings == {"host": "sms.example.com", "token": None}
    is_refused(await refusal(change(desk, shown, unset=("token",))), BAD_FIELD)
    is_refused(await refusal(change(desk, shown, unset=("pigeon",))), BAD_FIELD, field="unset")
