"""EngageLab's dialect, as that vendor's own SDK verifies and reads it."""

import time

import msgspec
import pytest
from engagelab_otp import (
    MessageStatusEvent,
    NotificationEvent,
    SystemEvent,
    UplinkEvent,
    WebhookSignatureError,
    WebhookVerifier,
)

from services.desk import PHONE
from services.hooks import URL, Hooks, hooked
from watchword_server.domain import callbacks, events, ids, webhook
from watchword_server.domain.callbacks import Concerned
from watchword_server.domain.delivery import Reason
from watchword_server.domain.events import Data, Event, EventType
from watchword_server.domain.ids import Prefix
from watchword_server.ports.outside import Reply
from watchword_server.ports.providers import Rejected
from watchword_server.services.webhooks import Changes, notifying

PROJECT, SUBJECT = bytes(range(16)), bytes(range(16, 32))


@pytest.fixture
async def hooks(tmp_path, clock):
    async with hooked(tmp_path, clock) as hooks:
        yield hooks


class Vendor:
    """The unmodified verifier of PyPI's engagelab-otp with an endpoint's credentials."""

    def __init__(self, secret: str, username: str = callbacks.DEFAULT_USERNAME) -> None:
        self._verifier = WebhookVerifier(username, secret)

    def read(self, post, clock):
        """What the SDK makes of a post."""
        header = post.headers[callbacks.CALLBACK_HEADER]
        assert self._verifier.verify(header, now=clock.now() // 1000)
        return self._verifier.parse_events(post.body)


async def read_all(hooks: Hooks, vendor: Vendor) -> list[MessageStatusEvent]:
    await hooks.post()
    read = [vendor.read(post, hooks.desk.clock) for post in hooks.poster.events]
    assert all(len(one) == 1 for one in read)
    return [one[0] for one in read]


async def told_to_the_end(hooks: Hooks):
    made = await hooks.callbacks()
    verification = await hooks.approve(PHONE)
    found = await read_all(hooks, Vendor(made.secret))
    assert [one.status for one in found] == ["plan", "sent", "verified"]
    assert {one.message_id for one in found} == {ids.text(Prefix.VERIFICATION, verification)}
    assert {one.to for one in found} == {PHONE}
    assert {one.channel for one in found} == {"sms"}
    assert {one.template_key for one in found} == {"otp-sms"}
    assert [one.is_terminal for one in found] == [False, False, True]
    assert found[0].timestamp == hooks.desk.clock.now() // 1000


async def test_the_vendors_sdk_accepts_and_reads_a_verification_to_its_end(hooks: Hooks):
    await told_to_the_end(hooks)


async def test_the_vendors_sdk_mutant_is_caught(hooks: Hooks, monkeypatch):
    def upper_case(*given):
        fields = signed(*given)
        return fields | {callbacks.CALLBACK_HEADER: fields[callbacks.CALLBACK_HEADER].upper()}

    signed = callbacks.headers
    monkeypatch.setattr(callbacks, "headers", upper_case)
    with pytest.raises(WebhookSignatureError):
        await told_to_the_end(hooks)


async def test_a_ping_is_signed_and_says_nothing(hooks: Hooks):
    made = await hooks.callbacks()
    (ping,) = hooks.poster.posts
    assert ping.body == b"{}"
    assert Vendor(made.secret).read(ping, hooks.desk.clock) == []


MOVES = {
    "https://hooks.example.com/else": "Bearer abc",
    "https://hooks.example.com:8443/in": None,
    "https://elsewhere.example.com/in": None,
}


async def an_authorization_stays_at_its_origin(hooks: Hooks, url: str, kept: str | None):
    """Whoever moves an endpoint does not learn what the old place was shown."""
    made = await hooks.callbacks(authorization="Bearer abc")
    hooks.poster.acts[URL] = Reply(500)
    await hooks.desk.start()
    await hooks.post()
    caller, id = hooks.desk.caller, made.endpoint.id
    assert (await hooks.endpoints.get(caller, id))[0].failing_since is not None
    moved = await hooks.endpoints.update(caller, id, Changes(url=url))
    assert (moved.failing_since is None) is (kept is None)
    await hooks.endpoints.test(caller, id)
    assert hooks.poster.posts[-1].headers.get("authorization") == kept


@pytest.mark.parametrize(("url", "kept"), MOVES.items())
async def test_an_authorization_stays_at_its_origin(hooks: Hooks, url, kept):
    await an_authorization_stays_at_its_origin(hooks, url, kept)


@pytest.mark.parametrize("same", [True, False])
async def test_an_authorization_mutants_are_caught(hooks: Hooks, monkeypatch, same):
    monkeypatch.setattr(webhook, "same_origin", lambda *_: same)
    url = "https://elsewhere.example.com/in" if same else "https://hooks.example.com/else"
    with pytest.raises(AssertionError):
        await an_authorization_stays_at_its_origin(hooks, url, MOVES[url])


async def test_a_moved_endpoint_takes_an_authorization_that_is_given(hooks: Hooks):
    made = await hooks.callbacks(authorization="Bearer abc")
    changes = Changes(url="https://elsewhere.example.com/in", authorization="Bearer new")
    await hooks.endpoints.update(hooks.desk.caller, made.endpoint.id, changes)
    await hooks.endpoints.test(hooks.desk.caller, made.endpoint.id)
    assert hooks.poster.posts[-1].headers["authorization"] == "Bearer new"


async def test_username_secret_and_authorization_are_those_that_were_given(hooks: Hooks):
    await hooks.callbacks(username="shop", secret="s3cret-of-mine", authorization="Bearer abc")
    vendor = Vendor("s3cret-of-mine", "shop")
    (ping,) = hooks.poster.posts
    assert vendor.read(ping, hooks.desk.clock) == []
    assert ping.headers["authorization"] == "Bearer abc"


async def test_every_attempt_is_signed_anew(hooks: Hooks):
    made = await hooks.callbacks()
    vendor = Vendor(made.secret)
    hooks.poster.acts[made.endpoint.url] = [Reply(500)]
    await hooks.desk.start()
    await hooks.post()
    hooks.desk.later(400)
    await hooks.post()
    last = hooks.poster.events[-1]
    assert [one.status for one in vendor.read(last, hooks.desk.clock)] == ["plan"]
    with pytest.raises(WebhookSignatureError):
        vendor.read(hooks.poster.events[0], hooks.desk.clock)


async def failures_are_final(hooks: Hooks):
    """The first channel fails, the second carries it: the SDK, which takes every failure as the
    end, hears of none.  Then both fail: it hears of the last one."""
    made = await hooks.callbacks()
    vendor = Vendor(made.secret)
    hooks.desk.sms.script = [Rejected(Reason.UNREACHABLE)] * 2
    first = await hooks.desk.fall_back()
    await hooks.desk.deliver()
    statuses = [one.status for one in await read_all(hooks, vendor)]
    assert statuses == ["plan", "sent"]
    hooks.poster.posts.clear()
    hooks.desk.voice.script = [Rejected(Reason.OPTED_OUT)]
    second = await hooks.desk.fall_back(to="+14155552672")
    await hooks.desk.deliver()
    found = await read_all(hooks, vendor)
    assert [one.status for one in found] == ["plan", "sent_failed"]
    assert (found[-1].channel, found[-1].error_code) == ("voice", 5019)
    assert first != second


async def test_an_intermediate_failure_is_held_back(hooks: Hooks):
    await failures_are_final(hooks)


async def test_an_intermediate_failure_mutant_is_caught(hooks: Hooks, monkeypatch):
    monkeypatch.setattr(notifying.callbacks, "is_final", lambda *_: True)
    with pytest.raises(AssertionError):
        await failures_are_final(hooks)


async def test_a_wrong_code_is_not_told_but_the_last_one_is(hooks: Hooks):
    made = await hooks.callbacks()
    await hooks.desk.exhaust()
    found = await read_all(hooks, Vendor(made.secret))
    assert [one.status for one in found] == ["plan", "verified_failed"]


async def test_a_standard_endpoint_hears_of_every_step_at_once(hooks: Hooks):
    await hooks.endpoint(types=("delivery.*",))
    hooks.desk.sms.script = [Rejected(Reason.UNREACHABLE)]
    await hooks.desk.fall_back()
    await hooks.desk.deliver()
    await hooks.post()
    assert hooks.poster.types == ["delivery.failed", "delivery.sent"]


async def test_the_full_address_is_unsealed_for_this_dialect_alone(hooks: Hooks, tmp_path):
    await hooks.callbacks()
    await hooks.endpoint("https://standard.example.com/")
    await hooks.desk.start()
    hooks.poster.acts["https://hooks.example.com/in"] = lambda post: Reply(500, None, post.body)
    await hooks.post()
    seen = {post.url: PHONE.encode() in post.body for post in hooks.poster.events}
    assert seen == {"https://hooks.example.com/in": True, "https://standard.example.com/": False}
    raw = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert PHONE.encode() not in raw


async def test_the_rotated_secret_signs_at_once(hooks: Hooks):
    made = await hooks.callbacks()
    rotated = await hooks.endpoints.rotate(hooks.desk.caller, made.endpoint.id, 86_400, None)
    await hooks.desk.start()
    assert await read_all(hooks, Vendor(rotated.secret))
    with pytest.raises(WebhookSignatureError):
        await read_all(hooks, Vendor(made.secret))


def happened(type, subject=SUBJECT, **data):
    return Event(
        number=7, sequence=4, project=PROJECT, subject=subject, type=type, at=1_772_366_400_123,
        data=events.encode(Data(**data)),
    )  # fmt: skip


CONCERNED = Concerned(PHONE, "sms", "otp-sms", {"user": "1"})
READ_AS = {
    "verification": MessageStatusEvent, "delivery": MessageStatusEvent,
    "template": NotificationEvent | SystemEvent, "key": SystemEvent, "message": UplinkEvent,
}  # fmt: skip


def every_event_is_read_or_left_out(table):
    """Each type of ours is read by the SDK as its kind, or is not sent at all."""
    parse = WebhookVerifier("x", "y").parse_events
    for type in EventType:
        subject = b"otp-sms" if type.family == "template" else SUBJECT
        found = parse(table(happened(type, subject, reason="other", by="key_1"), CONCERNED))
        assert len(found) == int(callbacks.is_told(type)), type
        assert all(isinstance(one, READ_AS[type.family]) for one in found), type


def test_every_event_is_read_by_the_sdk_or_has_no_counterpart():
    every_event_is_read_or_left_out(callbacks.body)


def test_every_event_mutant_is_caught():
    def nameless(event, concerned):
        return callbacks.body(event, concerned).replace(b"message_status", b"status_of_message")

    with pytest.raises(AssertionError):
        every_event_is_read_or_left_out(nameless)


def test_every_reason_has_the_vendors_code():
    assert set(callbacks.ERROR_CODES) == set(Reason)


def test_the_vendors_own_vector_is_signed_as_it_says():
    fields = callbacks.headers("tester", "shhh", None, 1_701_234_567, "abc123")
    assert fields == {
        "x-callback-id": "timestamp=1701234567;nonce=abc123;username=tester;signature="
        "453a09933ba22999283d729b57ece0dd1f432be18460425b4f87120c97b0ff10"
    }


def test_a_row_of_too_much_metadata_leaves_it_out():
    much = msgspec.structs.replace(CONCERNED, metadata={"m": "x" * 30_000})
    raw = callbacks.body(happened(EventType.VERIFICATION_CREATED), much)
    assert len(raw) < 20_000
    assert WebhookVerifier("x", "y").parse_events(raw)[0].custom_args == {}


def test_the_sdk_reads_the_clock_itself():
    fields = callbacks.headers("tester", "shhh", None, int(time.time()), "n")
    assert WebhookVerifier("tester", "shhh").verify(fields["x-callback-id"])
