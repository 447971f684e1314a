"""The header fields RateLimit and RateLimit-Policy: on answers, refusals and replays alike."""

import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from api.asgi_client import AsgiClient, Reply
from api.world import World
from watchword_server.api.operation import Call
from watchword_server.domain.limits import Standing

pytestmark = pytest.mark.asyncio(loop_scope="module")

REQUESTS, KEY, RECIPIENT = (100, 60), (4, 60), (2, 3600)


@pytest_asyncio.fixture(loop_scope="module")
async def client(world: World) -> AsyncIterator[AsgiClient]:
    """A client of a project with small limits, none of which is used up."""
    project = bytes.fromhex(world.names["other_project"].removeprefix("prj_"))
    limits = {"requests": REQUESTS, "key": KEY, "recipient": RECIPIENT}
    await world.runtime.services.projects.update(project, None, None, limits)
    world.clock.advance(3600)
    yield world.as_("other_key")


def send(to: str) -> dict[str, object]:
    return {"to": to, "template": {"id": "otp-sms"}}


def shown(reply: Reply) -> tuple[str, int, int]:
    """The limit that an answer shows, what is left of it and of how many; they name one limit."""
    limit = re.fullmatch(r'"(\w+)";r=(\d+);t=(\d+)', reply.headers["ratelimit"])
    policy = re.fullmatch(r'"(\w+)";q=(\d+);w=(\d+)', reply.headers["ratelimit-policy"])
    assert limit is not None
    assert policy is not None
    assert limit[1] == policy[1]
    return limit[1], int(limit[2]), int(policy[2])


async def refusal_shows_its_limit(world: World, client: AsgiClient, **headers: str) -> None:
    """The limit of a recipient is met: the header says so, and agrees with the body."""
    to = world.number()
    for left in (1, 0):
        reply = await client.post("/v1/messages", send(to))
        assert (reply.status, shown(reply)) == (200, ("recipient", left, 2))
        world.clock.advance(61)
    reply = await client.post("/v1/messages", send(to), headers=headers)
    assert (reply.status, reply.json["limit"]) == (429, "recipient")
    assert shown(reply) == ("recipient", 0, 2)
    wait = reply.headers["retry-after"]
    assert reply.headers["ratelimit"].endswith(f";t={wait}")
    assert reply.json["retry_after"] == int(wait)


async def test_a_refusal_shows_the_limit_that_was_met(world: World, client: AsgiClient) -> None:
    await refusal_shows_its_limit(world, client)


async def test_a_refusal_with_an_idempotency_key_shows_it_too(
    world: World, client: AsgiClient
) -> None:
    await refusal_shows_its_limit(world, client, **{"idempotency-key": "met"})


@pytest.mark.parametrize("headers", [{}, {"idempotency-key": "met, once more"}])
async def test_a_refusal_mutant_is_caught(
    world: World, client: AsgiClient, headers: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Call, "refused", lambda self, error: None)
    with pytest.raises(AssertionError):
        await refusal_shows_its_limit(world, client, **headers)


async def test_a_cool_down_shows_the_limits_it_was_counted_on(
    world: World, client: AsgiClient
) -> None:
    to = world.number()
    sent = await client.post("/v1/messages", send(to))
    early = await client.post("/v1/messages", send(to))
    assert (early.status, early.json["limit"]) == (429, "cooldown")
    assert shown(early) == ("recipient", 0, 2)
    resend = await client.post(f"/v1/messages/{sent.json['message_id']}/resend")
    assert (resend.status, resend.json["limit"]) == (429, "cooldown")
    assert shown(resend) == ("key", 1, 4)


async def shows_the_tightest(world: World, client: AsgiClient) -> None:
    """With few requests left, a send shows them rather than its recipient's limit."""
    project = bytes.fromhex(world.names["other_project"].removeprefix("prj_"))
    limits = {"requests": (2, 60), "recipient": (5, 60)}
    await world.runtime.services.projects.update(project, None, None, limits)
    for left in (1, 0):
        reply = await client.post("/v1/messages", send(world.number()))
        assert (reply.status, shown(reply)) == (200, ("requests", left, 2))


async def test_a_send_shows_the_tightest_limit_of_all(world: World, client: AsgiClient) -> None:
    await shows_the_tightest(world, client)


async def test_a_send_shows_the_tightest_mutant_is_caught(
    world: World, client: AsgiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def last(self: Call, standing: Standing) -> None:
        self.standing = standing

    monkeypatch.setattr(Call, "counted", last)
    with pytest.raises(AssertionError):
        await shows_the_tightest(world, client)


async def test_a_replay_counts_as_a_request_and_as_no_send(
    world: World, client: AsgiClient
) -> None:
    to, key = world.number(), {"idempotency-key": "counted once"}
    replies = [await client.post("/v1/messages", send(to), headers=key) for _ in range(6)]
    assert {(reply.status, reply.body) for reply in replies} == {(200, replies[0].body)}
    assert shown(replies[0]) == ("recipient", 1, 2)
    assert [shown(reply) for reply in replies[1:]] == [
        ("requests", left, 100) for left in range(98, 93, -1)
    ]


async def test_a_replay_is_refused_when_no_requests_are_left(
    world: World, client: AsgiClient
) -> None:
    project = bytes.fromhex(world.names["other_project"].removeprefix("prj_"))
    await world.runtime.services.projects.update(project, None, None, {"requests": (2, 60)})
    to, key = world.number(), {"idempotency-key": "too often"}
    replies = [await client.post("/v1/messages", send(to), headers=key) for _ in range(3)]
    assert [reply.status for reply in replies] == [200, 200, 429]
    assert shown(replies[2]) == ("requests", 0, 2)
    assert replies[2].json["limit"] == "requests"


async def test_another_body_and_a_bad_key_show_the_limit_on_requests(
    world: World, client: AsgiClient
) -> None:
    key = {"idempotency-key": "used twice"}
    await client.post("/v1/messages", send(world.number()), headers=key)
    reused = await client.post("/v1/messages", send(world.number()), headers=key)
    bad = await client.post("/v1/messages", send(world.number()), headers={"idempotency-key": "é"})
    assert (reused.status, shown(reused)) == (422, ("requests", 98, 100))
    assert (bad.status, shown(bad)) == (400, ("requests", 97, 100))


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/v1/messages", "{", 400),
        ("/v1/messages", {"to": 1}, 400),
        ("/v1/messages", {"to": "+14155", "template": {"id": "otp-sms"}}, 400),
        ("/v1/messages", {"to": "+14155550100", "template": {"id": "no"}}, 404),
        ("/v1/verifications", {"message_id": "ver_no", "verify_code": "1"}, 404),
    ],
)
async def test_a_refusal_before_anything_is_sent_shows_the_limit_on_requests(
    world: World, client: AsgiClient, path: str, body: object, status: int
) -> None:
    reply = await client.post(path, body)
    assert (reply.status, shown(reply)) == (status, ("requests", 99, 100))


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("POST", "/v1/messages", {"authorization": None}, 401),
        ("POST", "/v1/nothing", {}, 404),
        ("PATCH", "/v1/messages", {}, 405),
        ("POST", "/v1/messages", {"host": "elsewhere.example"}, 421),
        ("GET", "/healthz", {}, 200),
    ],
)
async def test_an_answer_that_was_counted_nowhere_shows_no_limit(
    world: World, client: AsgiClient, method: str, path: str, headers: dict[str, str | None],
    status: int,
) -> None:  # fmt: skip
    reply = await client.call(method, path, {} if method == "POST" else None, headers=headers)
    assert reply.status == status
    assert not {"ratelimit", "ratelimit-policy"} & set(reply.headers)
