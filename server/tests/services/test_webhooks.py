"""Events reach the endpoints that want them: at least once, with one id, signed anew each time."""

import asyncio

import msgspec
import pytest
from standardwebhooks import webhooks
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from services.desk import PHONE, is_refused, refusal
from services.hooks import URL, Hooks, hooked
from watchword_server.domain import letter
from watchword_server.domain.errors import RATE_LIMITED
from watchword_server.domain.project import Mode
from watchword_server.domain.webhook import Disabled
from watchword_server.ports.outside import Busy, Denied, Reply, Unreachable
from watchword_server.services.webhooks import Asked, Changes, Selection, endpoints, notifying
from watchword_server.testing import open_runtime

DAY_S = 86_400


@pytest.fixture
async def hooks(tmp_path, clock):
    async with hooked(tmp_path, clock) as hooks:
        yield hooks


async def test_what_happens_is_posted_in_order(hooks: Hooks):
    made = await hooks.endpoint()
    await hooks.approve(PHONE)
    await hooks.post()
    assert hooks.poster.types == ["verification.created", "delivery.sent", "verification.approved"]
    assert [one.json["data"]["sequence"] for one in hooks.poster.events] == [1, 2, 3]
    assert await hooks.states(made.endpoint.id) == ["delivered"] * 3


async def test_what_happened_before_is_not_posted(hooks: Hooks):
    await hooks.approve(PHONE)
    await hooks.endpoint()
    assert await hooks.post() == 0


async def test_an_endpoint_gets_the_types_it_asked_for(hooks: Hooks):
    await hooks.endpoint(types=("delivery.*", "verification.approved"))
    await hooks.approve(PHONE)
    await hooks.post()
    assert hooks.poster.types == ["delivery.sent", "verification.approved"]


async def test_another_projects_events_are_not_posted(hooks: Hooks):
    await hooks.endpoint()
    other = await hooks.runtime.services.projects.create("other", Mode.LIVE)
    caller = await hooks.runtime.operator("other")
    assert other.id == caller.project
    hooks.desk.caller = caller
    await hooks.desk.start()
    await hooks.post()
    assert hooks.poster.events == []


async def retries(hooks: Hooks):
    """Refused twice, taken at the third attempt: three posts with one id and three timestamps."""
    made = await hooks.endpoint(types=("verification.created",))
    hooks.poster.acts[URL] = [Reply(500), Unreachable("no answer")]
    await hooks.desk.start()
    assert await hooks.post() == 1
    hooks.desk.later(1)
    assert await hooks.post() == 0
    hooks.desk.later(6)
    assert await hooks.post() == 1
    hooks.desk.later(361)
    assert await hooks.post() == 1
    (delivery,) = await hooks.deliveries(made.endpoint.id)
    assert (delivery.status, delivery.tries) == ("delivered", 3)
    posts = hooks.poster.events
    assert len({one.headers["webhook-id"] for one in posts}) == 1
    assert len({one.headers["webhook-timestamp"] for one in posts}) == 3
    assert len({one.headers["webhook-signature"] for one in posts}) == 3
    assert len({one.body for one in posts}) == 1


async def test_a_failed_post_is_repeated_by_the_schedule_with_the_same_id(hooks: Hooks):
    await retries(hooks)


async def test_a_failed_post_mutant_is_caught(hooks: Hooks, monkeypatch):
    def gives_up(delivery, *_):
        return msgspec.structs.replace(delivery, status="exhausted", tries=1, leased=False)

    monkeypatch.setattr(notifying.webhook, "after_attempt", gives_up)
    with pytest.raises((AssertionError, ValueError)):
        await retries(hooks)


async def what_could_not_be_tried_is_put_off(hooks: Hooks):
    """No room to look a name up: no attempt, nothing against the endpoint, tried again soon."""
    made = await hooks.endpoint(types=("verification.created",))
    hooks.poster.acts[URL] = [Busy("too many names are being looked up")] * 5
    await hooks.desk.start()
    for _ in range(5):
        assert await hooks.post() == 1
        (delivery,) = await hooks.deliveries(made.endpoint.id)
        assert (delivery.status, delivery.step, delivery.tries) == ("pending", 0, 0)
        hooks.desk.later(12)
    endpoint, _ = await hooks.endpoints.get(hooks.desk.caller, made.endpoint.id)
    assert endpoint.failing_since is None
    await hooks.post()
    (delivery,) = await hooks.deliveries(made.endpoint.id)
    assert (delivery.status, delivery.tries) == ("delivered", 1)
    assert hooks.poster.owners == {hooks.desk.caller.project}


async def test_what_could_not_be_tried_is_put_off(hooks: Hooks):
    await what_could_not_be_tried_is_put_off(hooks)


async def test_what_could_not_be_tried_mutant_is_caught(hooks: Hooks, monkeypatch):
    def busy(*_):
        return Unreachable("the name has no address")

    monkeypatch.setitem(globals(), "Busy", busy)
    with pytest.raises(AssertionError):
        await what_could_not_be_tried_is_put_off(hooks)


async def test_after_the_schedule_it_is_exhausted_and_a_replay_begins_anew(hooks: Hooks):
    made = await hooks.endpoint(types=("verification.created",))
    hooks.poster.acts[URL] = Reply(503)
    await hooks.desk.start()
    for _ in range(5):
        await hooks.post()
        hooks.desk.later(400)
    assert len(hooks.poster.events) == 3
    assert await hooks.states(made.endpoint.id) == ["exhausted"]
    hooks.poster.acts.clear()
    done = await hooks.log.replay(
        hooks.desk.caller, made.endpoint.id, selection("exhausted"), None, 100
    )
    assert (done.count, done.total, done.next) == (1, 1, None)
    await hooks.post()
    assert await hooks.states(made.endpoint.id) == ["delivered"]
    assert len({one.headers["webhook-id"] for one in hooks.poster.events}) == 1
    told = await hooks.log.page(hooks.desk.caller, made.endpoint.id, selection(), None, 9)
    full = await hooks.log.get(hooks.desk.caller, made.endpoint.id, told[0].event.id)
    assert [one.answer for one in full.attempts] == [503, 503, 503, 200]
    assert [one.attempt for one in full.attempts] == [1, 2, 3, 4]


def selection(status=None):
    return Selection(status=status)


async def lease_is_taken_over(hooks: Hooks, lease_s=notifying.LEASE_S):
    """A process that claims and dies: what it had is posted by the next one, after the lease."""
    made = await hooks.endpoint(types=("verification.created",))
    await hooks.desk.start()
    key = (made.endpoint.project, made.endpoint.id)
    turn = await hooks.runtime.notifying.turn([], [key], lambda _: {key: 9}, fan_out=True)
    assert len(turn.jobs) == 1
    assert await hooks.post() == 0
    hooks.desk.later(lease_s + 1)
    assert await hooks.post() == 1
    # The first one was only slow: its result comes after all, and changes nothing any more.
    late = notifying.Result(turn.jobs[0], notifying.Posted(hooks.desk.clock.now(), 1, 500))
    await hooks.runtime.notifying.turn([late], [], lambda _: {}, fan_out=False)
    (delivery,) = await hooks.deliveries(made.endpoint.id)
    assert (delivery.status, delivery.tries) == ("delivered", 2)


async def test_what_a_dead_process_had_claimed_is_posted_after_its_lease(hooks: Hooks):
    await lease_is_taken_over(hooks)


async def test_a_dead_process_mutant_is_caught(hooks: Hooks, monkeypatch):
    monkeypatch.setattr(notifying, "LEASE_S", 0)
    with pytest.raises(AssertionError):
        await lease_is_taken_over(hooks, 0)


async def test_an_endpoint_that_is_gone_is_disabled_and_the_others_are_told(hooks: Hooks):
    gone = await hooks.endpoint()
    other = await hooks.endpoint("https://other.example.com/", types=("webhook.*", "alert.*"))
    hooks.poster.acts[URL] = Reply(410)
    await hooks.desk.start()
    await hooks.post()
    found, counts = await hooks.endpoints.get(hooks.desk.caller, gone.endpoint.id)
    assert found.disabled is Disabled.GONE
    assert counts == {"exhausted": 1}
    told, alert = (one for one in hooks.poster.events if one.url != URL)
    assert told.json["type"] == "webhook.disabled"
    assert told.json["data"]["endpoint_id"].endswith(gone.endpoint.id.hex())
    assert told.json["data"]["reason"] == "gone"
    assert alert.json["type"] == "alert.endpoint_disabled"
    assert alert.json["data"]["alert_id"] == f"webhook.{told.json['data']['endpoint_id']}"
    await hooks.desk.start("+14155552672")
    assert await hooks.post() == 0
    assert other.endpoint.id != gone.endpoint.id


async def five_days_of_failures(hooks: Hooks, succeeds_between):
    made = await hooks.endpoint(types=("verification.created",))
    for day in range(6):
        hooks.poster.acts[URL] = [] if succeeds_between and day == 3 else Reply(500)
        await hooks.desk.start(f"+1415555267{day}")
        await hooks.post()
        hooks.desk.later(DAY_S)
    found, _ = await hooks.endpoints.get(hooks.desk.caller, made.endpoint.id)
    assert (found.disabled is Disabled.FAILING) == (not succeeds_between)


@pytest.mark.parametrize("succeeds_between", [False, True])
async def test_five_days_of_nothing_but_failures_disable(hooks: Hooks, succeeds_between):
    await five_days_of_failures(hooks, succeeds_between)


async def test_five_days_mutant_is_caught(hooks: Hooks, monkeypatch):
    monkeypatch.setattr(notifying.webhook, "FAILING_MS", 10 * DAY_S * 1000)
    with pytest.raises(AssertionError):
        await five_days_of_failures(hooks, False)


async def test_an_enabled_endpoint_goes_on_with_what_happens_then(hooks: Hooks):
    made = await hooks.endpoint(types=("verification.created",))
    id, caller = made.endpoint.id, hooks.desk.caller
    await hooks.endpoints.update(caller, id, Changes(disabled=True))
    await hooks.desk.start()
    assert await hooks.post() == 0
    await hooks.endpoints.update(caller, id, Changes(disabled=False))
    await hooks.desk.start("+14155552672")
    assert await hooks.post() == 1


async def test_retry_after_is_honoured_for_the_whole_endpoint(hooks: Hooks):
    await hooks.endpoint(types=("verification.created",))
    hooks.poster.acts[URL] = [Reply(429, 600)]
    await hooks.desk.start()
    await hooks.post()
    await hooks.desk.start("+14155552672")
    hooks.desk.later(590)
    assert await hooks.post() == 0
    hooks.desk.later(11)
    assert await hooks.post() == 2


async def test_a_denied_destination_is_a_failure_that_says_so(hooks: Hooks):
    made = await hooks.endpoint(types=("verification.created",))
    hooks.poster.acts[URL] = Denied("private")
    await hooks.desk.start()
    await hooks.post()
    (delivery,) = await hooks.deliveries(made.endpoint.id)
    assert delivery.status == "pending"
    assert delivery.error.startswith("denied: private. ")
    assert "WATCHWORD_WEBHOOK_ALLOW " in delivery.error


@pytest.mark.parametrize(
    ("rule", "advice"),
    [
        ("http", "WATCHWORD_WEBHOOK_ALLOW_HTTP=true"), ("port", "443"), ("host", "host name"),
        ("url", "without user"), ("loopback", "WATCHWORD_WEBHOOK_ALLOW "),
        ("metadata", "public address"),
    ],
)  # fmt: skip
async def test_a_refusal_says_what_to_do(hooks: Hooks, rule, advice):
    made = await hooks.endpoint(types=("verification.created",))
    hooks.poster.acts[URL] = Denied(rule)
    await hooks.desk.start()
    await hooks.post()
    (delivery,) = await hooks.deliveries(made.endpoint.id)
    assert advice in delivery.error


async def test_a_rotated_secret_signs_beside_the_old_one_for_a_day(hooks: Hooks, monkeypatch):
    made = await hooks.endpoint(types=("verification.created",))
    rotated = await hooks.endpoints.rotate(hooks.desk.caller, made.endpoint.id, DAY_S, None)
    assert rotated.secret != made.secret

    async def verified_by():
        await hooks.desk.start(f"+1415555{len(hooks.poster.posts):04}")
        await hooks.post()
        post = hooks.poster.events[-1]
        return [verifies(each.secret, post, monkeypatch) for each in (made, rotated)]

    assert await verified_by() == [True, True]
    hooks.desk.later(DAY_S + 1)
    assert await verified_by() == [False, True]


def verifies(secret, post, monkeypatch):
    """Whether the public library, at the post's own time, accepts it."""

    class Then(webhooks.datetime):
        @classmethod
        def now(cls, tz=None):
            return cls.fromtimestamp(int(post.headers["webhook-timestamp"]), tz)

    monkeypatch.setattr(webhooks, "datetime", Then)
    try:
        Webhook(secret).verify(post.body, post.headers)
    except WebhookVerificationError:
        return False
    return True


async def no_post_tells_the_code(hooks: Hooks):
    """Neither dialect, whatever becomes of a verification."""
    await hooks.endpoint()
    await hooks.callbacks(url="https://other.example.com/")
    for to in (PHONE, "+14155552672"):
        await hooks.approve(to)
    await hooks.desk.exhaust("+14155552673")
    await hooks.post()
    codes = [message.code for message in hooks.desk.sms.messages]
    assert len(set(codes)) == 2
    told = b"".join(post.body + repr(post.headers).encode() for post in hooks.poster.posts)
    assert not any(code.encode() in told for code in codes)
    standard = b"".join(post.body for post in hooks.poster.posts if post.url == URL)
    assert PHONE.encode() not in standard


async def test_no_post_tells_a_code(hooks: Hooks):
    await no_post_tells_the_code(hooks)


async def test_no_post_tells_a_code_mutant_is_caught(hooks: Hooks, monkeypatch):
    def chatty(event):
        return encode(event) + hooks.desk.code.encode()

    encode = letter.event_wire.encode
    monkeypatch.setattr(letter.event_wire, "encode", chatty)
    with pytest.raises(AssertionError):
        await no_post_tells_the_code(hooks)


async def test_secrets_and_responses_are_sealed_at_rest(hooks: Hooks, tmp_path):
    made = await hooks.endpoint(types=("verification.created",))
    hooks.poster.acts[URL] = [Reply(500, None, b"a word of the receiver")]
    await hooks.desk.start()
    await hooks.post()
    raw = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert made.secret.encode() not in raw
    assert b"a word of the receiver" not in raw
    assert made.secret not in repr(made)


async def test_without_endpoints_nothing_is_written_for_events(hooks: Hooks):
    await hooks.approve(PHONE)
    before = hooks.runtime.store.commits
    agenda = await hooks.runtime.notifying.agenda()
    assert not agenda.has_events
    assert await hooks.post() == 0
    assert hooks.runtime.store.commits == before


async def test_a_failing_ping_is_told_and_the_endpoint_is_kept(tmp_path, clock):
    async with open_runtime(tmp_path, clock=clock) as runtime:
        caller = await runtime.operator()
        made, ping = await runtime.services.webhook_endpoints.create(
            caller, Asked(url="http://127.0.0.1:9999/in")
        )
        assert (ping.succeeded, ping.answer) == (False, None)
        assert not made.endpoint.verified
        assert len(await runtime.services.webhook_endpoints.of(caller)) == 1


async def pings_are_few_at_a_time(hooks: Hooks):
    """One project's pings hang: its next one is refused, and another project's is not."""
    made = await hooks.endpoint()
    answers, go = hooks.poster.post, asyncio.Event()

    async def hangs(url, headers, body, owner=b""):
        if owner == made.endpoint.project:
            await go.wait()
        return await answers(url, headers, body, owner)

    hooks.poster.post = hooks.runtime.poster.post = hangs
    caller, id = hooks.desk.caller, made.endpoint.id
    pings = [asyncio.create_task(hooks.endpoints.test(caller, id)) for _ in range(4)]
    await asyncio.sleep(0)
    try:
        async with asyncio.timeout(2):
            asked = hooks.endpoints.test(caller, id)
            is_refused(await refusal(asked), RATE_LIMITED, limit="pings")
            asked = hooks.endpoints.create(caller, Asked(url=URL))
            is_refused(await refusal(asked), RATE_LIMITED, limit="pings")
        assert len(await hooks.endpoints.of(caller)) == 1
        await hooks.runtime.services.projects.create("other", Mode.LIVE)
        other = await hooks.runtime.operator("other")
        assert (await hooks.endpoints.create(other, Asked(url=URL)))[1].succeeded
    finally:
        go.set()
        done = await asyncio.gather(*pings)
    assert all(ping.succeeded for ping in done)
    assert (await hooks.endpoints.test(caller, id)).succeeded


async def test_pings_are_few_at_a_time(hooks: Hooks):
    await pings_are_few_at_a_time(hooks)


async def test_pings_are_few_at_a_time_mutant_is_caught(hooks: Hooks, monkeypatch):
    monkeypatch.setattr(endpoints, "PINGS_PER_PROJECT", 99)
    with pytest.raises(TimeoutError):
        await pings_are_few_at_a_time(hooks)
