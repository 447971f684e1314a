"""Callers with the public keys: told apart, limited by the day, and apart from everyone else."""

import msgspec
import pytest

from services.desk import is_refused, refusal
from services.stage import DEMO, HERE, SECOND, THERE, Stage, called, staged
from watchword_server.api.in_process import InProcess
from watchword_server.domain import ids, sandbox, strangers
from watchword_server.domain.errors import UNAUTHENTICATED, UNKNOWN_ID
from watchword_server.domain.limits import DAY_S, Rate, Refusal
from watchword_server.domain.project import Mode, Scope
from watchword_server.domain.template import Status
from watchword_server.services.sandboxes import Sandboxes
from watchword_server.services.sending import Start
from watchword_server.testing import START, open_runtime

DAY = DAY_S * SECOND


@pytest.fixture
async def stage(tmp_path, clock):
    async with staged(tmp_path, clock) as stage:
        yield stage


@pytest.mark.parametrize("pair", sandbox.CREDENTIALS.items(), ids=lambda pair: pair[0])
async def test_every_public_pair_opens_the_same_sandbox(stage, pair):
    caller = await called(stage.runtime, HERE, pair)
    assert (caller.mode, caller.project, caller.name) == (
        Mode.SANDBOX, stage.caller.project, pair[0],
    )  # fmt: skip
    bearer = ".".join(pair).encode()
    directory = stage.services.directory
    assert await directory.authenticate(b"Bearer " + bearer, HERE) == caller


async def test_a_wrong_secret_opens_nothing(stage):
    for secret in ("", "x", "watchword_sandbox_secret"):
        problem = await refusal(called(stage.runtime, HERE, (DEMO[0], secret)))
        is_refused(problem, UNAUTHENTICATED)
        assert "reason" not in problem.extra


@pytest.mark.parametrize(
    ("host", "setting", "on"),
    [
        ("127.0.0.1", "auto", True), ("::1", "auto", True), ("0.0.0.0", "auto", False),
        ("0.0.0.0", "on", True), ("127.0.0.1", "off", False),
    ],
)  # fmt: skip
async def test_the_public_keys_work_where_they_are_meant_to(tmp_path, clock, host, setting, on):
    async with open_runtime(tmp_path, clock=clock, host=host, sandbox=setting) as runtime:
        if on:
            assert (await called(runtime, HERE)).mode is Mode.SANDBOX
        else:
            problem = await refusal(called(runtime, HERE))
            is_refused(problem, UNAUTHENTICATED, reason="sandbox_off")
            assert not await runtime.store.read(lambda tx: tx.projects.hidden())


def test_the_keys_may_do_everything_but_reach_out_of_the_sandbox():
    beyond = {
        Scope.KEYS_MANAGE, Scope.PROVIDERS_MANAGE, Scope.SERVER_ADMIN, Scope.AGENT_VERIFY,
    }  # fmt: skip
    assert set(Scope) - sandbox.SCOPES == beyond


async def sees_nothing_of(other, sent):
    verification = sent.verification.id
    is_refused(await refusal(other.timeline(sent)), UNKNOWN_ID)
    is_refused(await refusal(other.check(sent, "123456")), UNKNOWN_ID)
    is_refused(await refusal(other.services.sending.cancel(other.caller, verification)), UNKNOWN_ID)
    assert await other.inbox() == []
    assert await other.services.reading.messages(other.caller, None, None, 9) == []


async def test_one_caller_sees_nothing_of_another(stage):
    sent = await stage.send("+10000000005")
    await stage.deliver()
    await sees_nothing_of(await stage.other(THERE), sent)
    assert (await stage.check(sent, "123456")).verified


async def test_one_caller_sees_nothing_of_another_mutant_is_caught(stage):
    sent = await stage.send("+10000000005")
    await stage.deliver()
    with pytest.raises(AssertionError):
        await sees_nothing_of(await stage.other(HERE), sent)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "::ffff:192.0.2.1", True),
        ("2001:db8::1", "2001:db8::ffff:2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("192.0.2.1", "192.0.2.2", False),
        ("", "", True),
    ],
)
async def test_who_has_a_network_for_itself_is_one_caller(stage, one, other, same):
    first, second = await called(stage.runtime, one), await called(stage.runtime, other)
    assert (first.project == second.project) is same


async def test_a_sandbox_is_in_no_list_and_keeps_no_address(stage):
    services = stage.services
    assert [one.name for one in await services.projects.all()] == ["default"]
    project = await services.projects.get(stage.caller.project)
    assert (project.mode, project.hidden) == (Mode.SANDBOX, True)
    assert HERE not in project.name


async def test_a_sandbox_outlives_the_server(tmp_path, clock):
    async with staged(tmp_path, clock) as stage:
        sent = await stage.send("+10000000005")
    async with staged(tmp_path, clock) as stage:
        assert (await stage.check(sent, "123456")).verified


async def test_live_and_development_keys_reach_nothing_of_it_and_the_reverse(stage):
    keys = stage.runtime.services.api_keys
    for mode in (Mode.LIVE, Mode.DEVELOPMENT):
        project = await stage.services.projects.create(mode.value, mode)
        made = await keys.create(
            await stage.runtime.operator(mode.value), "k", {Scope.MESSAGES_SEND}, None, ()
        )
        pair = ids.text(ids.Prefix.API_KEY, made.key.id), made.dev_secret
        own = await stage.other(HERE, pair)
        assert own.caller.project == project.id
        for to in ("+10000000005", "+10000000011"):
            problem = await refusal(own.send(to, template="otp-sms"))
            assert problem.kind.code == 5011 and "mode" not in problem.extra
        is_refused(await refusal(own.send("+10000000005")), UNKNOWN_ID)
        theirs = await own.services.sending.start(
            own.caller, Start(to="ada@example.com", template="otp-email")
        ) if mode is Mode.DEVELOPMENT else None  # fmt: skip
        if theirs is not None:
            await sees_nothing_of(stage, theirs)


async def test_a_project_of_mode_sandbox_has_the_magic_and_no_daily_quota(stage):
    await stage.services.projects.create("try", Mode.SANDBOX)
    caller = await stage.runtime.operator("try")
    own = Stage(stage.runtime, stage.clock, caller)
    sent = await own.send("+10000000005")
    assert (await own.check(sent, "123456")).verified
    assert caller.limits == {}


async def test_any_other_recipient_gets_its_message_at_once(stage):
    sent = await stage.send("+14155552671", template="otp-sms")
    await stage.deliver()
    (item,) = await stage.inbox("+14155552671")
    assert item.code in item.text
    assert (await stage.check(sent, item.code)).verified
    problem = await refusal(stage.send("+1415"))
    assert problem.kind.code == 5011


async def test_the_inbox_is_read_by_recipient_though_each_message_stands_alone(stage):
    for number in range(120):
        to = "+10000000010" if number % 40 == 0 else "sandbox@example.com"
        await stage.send(to)
        await stage.deliver()
        stage.clock.advance(1)
    found = await stage.inbox("+10000000010")
    assert [item.to for item in found] == ["+10000000010"] * 3
    assert [item.id for item in found] == sorted((one.id for one in found), reverse=True)
    assert len(await stage.inbox("Sandbox@Example.com", limit=5)) == 5
    assert await stage.inbox("+10000000000") == []


async def test_a_template_that_is_not_approved_can_be_tried(stage):
    def unit(tx):
        found = tx.templates.get(stage.caller.project, "otp-sms")
        pending = msgspec.structs.replace(found, status=Status.PENDING)
        tx.templates.put(stage.caller.project, pending)

    await stage.runtime.store.write(unit)
    stage.services.directory.forget()
    assert (await stage.send("+14155552671", template="otp-sms")).verification.sends == 1


async def test_a_sandbox_has_so_many_requests_until_midnight(tmp_path, clock):
    async with staged(tmp_path, clock, sandbox_requests_per_day=7) as stage:
        ((name, limit),) = stage.caller.limits.items()
        assert (name, limit) == ("requests", (7, DAY_S))
        rate, quota = Rate(name, *limit), stage.services.throughput
        now = clock.now()
        left = [quota.admit(((rate, b"me"),), now).remaining for _ in range(7)]
        assert left == [6, 5, 4, 3, 2, 1, 0]
        refused = quota.admit(((rate, b"me"),), now)
        assert isinstance(refused, Refusal)
        midnight = (START // DAY + 1) * DAY
        assert refused.resets_at == midnight == now + refused.retry_after_s * SECOND
        assert quota.admit(((rate, b"you"),), now).remaining == 6
        assert quota.admit(((rate, b"me"),), midnight - 1) == Refusal(name, 1, midnight)
        assert quota.admit(((rate, b"me"),), midnight).remaining == 6


async def stays_bounded(kind, stage):
    services = stage.services
    few = kind(
        stage.runtime.store, stage.clock, keyring(stage),
        (), 500, most=3,
    )  # fmt: skip
    made = []
    for number in range(5):
        stage.clock.advance(1)
        made.append((await few.caller("demo", f"192.0.2.{10 + number}")).project)
    kept = {one.id for one in await stage.runtime.store.read(lambda tx: tx.projects.hidden())}
    assert kept == set(made[-3:])
    assert [one.name for one in await services.projects.all()] == ["default"]


def keyring(stage):
    return stage.services.directory._keyring


async def test_there_are_only_so_many_sandboxes_and_the_oldest_goes(stage):
    await stays_bounded(Sandboxes, stage)


async def test_there_are_only_so_many_sandboxes_mutant_is_caught(stage):
    class Hoarder(Sandboxes):
        def __init__(self, *parts, most):
            super().__init__(*parts, most=1_000)

    with pytest.raises(AssertionError):
        await stays_bounded(Hoarder, stage)


async def keeps_who_is_at_work(stage, calls):
    """Of three sandboxes the one that nobody calls goes, though it is not the oldest."""
    few = Sandboxes(stage.runtime.store, stage.clock, keyring(stage), (), 500, most=4)
    made = []
    for number in range(3):
        stage.clock.advance(1)
        made.append((await few.caller("demo", f"192.0.2.{10 + number}")).project)
    for number in range(4):  # the first to go is the one of the stage
        stage.clock.advance(SECOND)
        if calls:
            await few.caller("demo", "192.0.2.10")
        await few.caller("demo", f"192.0.2.{20 + number}")
    kept = {one.id for one in await stage.runtime.store.read(lambda tx: tx.projects.hidden())}
    assert len(kept) == 4
    assert made[0] in kept


async def test_an_idle_sandbox_goes_before_one_at_work(stage):
    await keeps_who_is_at_work(stage, calls=True)


async def test_an_idle_sandbox_goes_mutant_is_caught(stage):
    with pytest.raises(AssertionError):
        await keeps_who_is_at_work(stage, calls=False)


async def takes_only_its_own(stage, most):
    """However many networks of one site call, only sandboxes of that site go."""
    few = Sandboxes(stage.runtime.store, stage.clock, keyring(stage), (), 500, most=most)
    others = [(await few.caller("demo", f"192.0.2.{n}")).project for n in range(10, 13)]
    for number in range(30):
        stage.clock.advance(1)
        await few.caller("demo", f"2001:db8:0:{number:x}::1")
    kept = {one.id for one in await stage.runtime.store.read(lambda tx: tx.projects.hidden())}
    assert kept.issuperset({stage.caller.project, *others})
    assert len(kept) == 4 + strangers.CALLERS_PER_SITE


async def test_a_site_of_many_networks_evicts_its_own_sandboxes_only(stage):
    await takes_only_its_own(stage, 20)


async def test_a_site_of_many_networks_mutant_is_caught(stage, monkeypatch):
    monkeypatch.setattr(strangers, "CALLERS_PER_SITE", 65_536)
    with pytest.raises(AssertionError):
        await takes_only_its_own(stage, 20)


async def has_the_quota_of_eight(stage):
    """The requests of a site's networks are counted together as well."""
    passed = []
    for number in range(20):
        caller = await called(stage.runtime, f"2001:db8:0:{number:x}::1")
        answer, _ = await InProcess(stage.runtime).call("listTemplates", caller)
        passed.append(answer)
    assert passed == [200] * 16 + [429] * 4
    apart = await called(stage.runtime, "2001:db8:1::1")
    assert (await InProcess(stage.runtime).call("listTemplates", apart))[0] == 200


@pytest.fixture
async def scarce(tmp_path, clock, monkeypatch):
    monkeypatch.setattr(strangers, "CALLERS_PER_SITE", 16)
    async with staged(tmp_path, clock, sandbox_requests_per_day=1) as stage:
        yield stage


async def test_a_site_has_one_quota_for_its_many_networks(scarce):
    await has_the_quota_of_eight(scarce)


async def test_a_site_has_one_quota_mutant_is_caught(scarce, monkeypatch):
    monkeypatch.setattr(strangers, "_SITE_BYTES", 8)
    with pytest.raises(AssertionError):
        await has_the_quota_of_eight(scarce)


async def test_recipients_of_a_custom_message_are_counted_on_the_site_as_well(tmp_path, clock):
    async with staged(tmp_path, clock, sandbox_requests_per_day=10) as stage:
        one = await stage.other("2001:db8::1")
        await one.custom(["+10000000010", "+10000000005", "+10000000000"])
        rate = Rate("requests", 80, DAY_S)
        standing = one.services.throughput.admit(((rate, one.caller.site),), clock.now())
        assert standing.remaining == 77
