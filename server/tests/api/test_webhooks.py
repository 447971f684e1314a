"""Webhook endpoints through the SDK, with a real receiver on loopback."""

import socket
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from api.test_isolation import masked
from api.test_operations import assert_described, responses
from api.test_sdk import sdk
from api.world import World
from egress.receiver import OK, Receiver, listening
from watchword import BadRequest, NotFound
from watchword.webhooks import Webhook, WebhookRefused, WebhookReplayed
from watchword_server.api.operations import BY_ID
from watchword_server.testing import post_due

pytestmark = pytest.mark.asyncio(loop_scope="module")
FAILED = b"HTTP/1.1 500 Oops\r\ncontent-length: 9\r\n\r\nnot today"


@pytest_asyncio.fixture(loop_scope="module")
async def receiver() -> AsyncIterator[Receiver]:
    async with listening(Receiver()) as receiver:
        yield receiver


def url(receiver: Receiver) -> str:
    return f"http://127.0.0.1:{receiver.port}/hooks"


def fields(head: bytes) -> dict[str, str]:
    lines = head.decode().split("\r\n")[1:]
    return dict(line.split(": ", 1) for line in lines if line)


async def test_an_endpoint_is_made_pinged_read_changed_and_deleted(
    world: World, receiver: Receiver
) -> None:
    async with sdk(world) as client:
        made = await client.webhooks.create(url=url(receiver), event_types=["verification.*"])
        assert made.raw["ping"]["succeeded"] and made.verified
        ((head, body),) = receiver.requests
        verifier = Webhook(made.secret or "", now=lambda: world.clock.now() / 1000)
        assert verifier.verify(body, fields(head)).type == "webhook.ping"
        shown = await client.webhooks.get(made.endpoint_id)
        assert (shown.url, shown.secret, shown.deliveries) == (made.url, None, {})
        assert [each.secret async for each in client.webhooks.list()] == [None]
        changed = await client.webhooks.update(made.endpoint_id, disabled=True, description="x")
        assert (changed.disabled, changed.disabled_reason) == (True, "requested")
        assert changed.description == "x"
        assert (await client.webhooks.test(made.endpoint_id)).succeeded
        await client.webhooks.delete(made.endpoint_id)
        with pytest.raises(NotFound):
            await client.webhooks.get(made.endpoint_id)


async def test_an_event_is_delivered_verified_followed_and_replayed(
    world: World, receiver: Receiver
) -> None:
    async with sdk(world) as client:
        made = await client.webhooks.create(url=url(receiver), event_types=["verification.created"])
        receiver._answer = FAILED
        sent = await world.send()
        await post_due(world.runtime)
        (told,) = [each async for each in client.webhooks.deliveries(made.endpoint_id)]
        assert (told.status, told.attempts, told.last_status) == ("pending", 1, 500)
        receiver._answer = OK
        done = await client.webhooks.replay(made.endpoint_id, event_ids=[told.event_id])
        assert (done.replayed, done.next_cursor) == (1, None)
        await post_due(world.runtime)
        full = await client.webhooks.delivery(made.endpoint_id, told.event_id)
        assert full.status == "delivered"
        assert [each["status"] for each in full.log] == [500, 200]
        assert full.log[0]["response"] == "not today"
        assert full.event is not None
        assert full.event["data"]["message_id"] == sent.json["message_id"]
        _, (head, body), (again, _) = receiver.requests
        verifier = Webhook(made.secret or "", now=lambda: world.clock.now() / 1000)
        event = verifier.verify(body, fields(head))
        assert event.id == told.event_id
        with pytest.raises(WebhookReplayed):
            verifier.verify(body, fields(again))
        with pytest.raises(WebhookRefused):
            verifier.verify(body + b" ", fields(head))
        await client.webhooks.delete(made.endpoint_id)


async def test_a_range_and_a_state_choose_what_is_listed_and_replayed(
    world: World, receiver: Receiver
) -> None:
    async with sdk(world) as client:
        made = await client.webhooks.create(url=url(receiver), event_types=["verification.created"])
        for _ in range(3):
            await world.send()
            await post_due(world.runtime)
            world.clock.advance(60)
        every = [each async for each in client.webhooks.deliveries(made.endpoint_id, limit=9)]
        assert [each.status for each in every] == ["delivered"] * 3
        since = every[1].raw["created_at"]
        later = [each async for each in client.webhooks.deliveries(made.endpoint_id, since=since)]
        assert [each.event_id for each in later] == [each.event_id for each in every[:2]]
        assert (await client.webhooks.replay(made.endpoint_id)).replayed == 0
        first = await client.webhooks.replay(
            made.endpoint_id, status="delivered", since=since, limit=1
        )
        assert (first.replayed, first.total) == (1, 2)
        last = await client.webhooks.replay(
            made.endpoint_id, status="delivered", since=since, limit=1, cursor=first.next_cursor
        )
        assert (last.replayed, last.total) == (1, None)
        assert await post_due(world.runtime) == 2
        await client.webhooks.delete(made.endpoint_id)


async def test_an_endpoint_that_is_not_there_is_kept_and_told(world: World) -> None:
    with socket.socket() as held:  # bound, and nobody listens
        held.bind(("127.0.0.1", 0))
        async with sdk(world) as client:
            made = await client.webhooks.create(url=f"http://127.0.0.1:{held.getsockname()[1]}/")
            assert not made.verified
            assert made.raw["ping"]["status"] is None
            assert made.raw["ping"]["error"]
            await client.webhooks.delete(made.endpoint_id)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"url": "ftp://example.com/"}, "url"),
        ({"url": "https://a:b@example.com/"}, "url"),
        ({"url": "https://example.com/", "event_types": ["key.made"]}, "event_types"),
        ({"url": "https://example.com/", "secret": "whsec_short"}, "secret"),
        ({"url": "https://example.com/", "username": "x"}, "username"),
        ({"url": "https://example.com/", "authorization": "x"}, "authorization"),
        ({"url": "https://example.com/", "dialect": "xml"}, "dialect"),
    ],
)
async def test_what_cannot_be_an_endpoint_is_refused(
    world: World, given: dict[str, object], field: str
) -> None:
    async with sdk(world) as client:
        with pytest.raises(BadRequest) as refused:
            await client.webhooks.create(**given)
        assert refused.value.extra["field"] == field


async def test_the_scope_is_needed(world: World) -> None:
    reply = await world.as_("checker_key").get("/v1/webhook-endpoints")
    assert (reply.status, reply.json["scope"]) == (403, "webhooks:manage")


CALLS = [
    ("GET", "/v1/webhook-endpoints/{id}", None),
    ("PATCH", "/v1/webhook-endpoints/{id}", {"description": "x"}),
    ("DELETE", "/v1/webhook-endpoints/{id}", None),
    ("POST", "/v1/webhook-endpoints/{id}/rotate-secret", None),
    ("POST", "/v1/webhook-endpoints/{id}/test", None),
    ("GET", "/v1/webhook-endpoints/{id}/deliveries", None),
    ("GET", "/v1/webhook-endpoints/{id}/deliveries/evt_" + "0" * 32, None),
    ("POST", "/v1/webhook-endpoints/{id}/replay", None),
]


@pytest.mark.parametrize(("method", "path", "body"), CALLS)
async def test_a_foreign_endpoint_looks_unknown(
    world: World, receiver: Receiver, method: str, path: str, body: object
) -> None:
    other = world.as_("other_key")
    made = await other.post("/v1/webhook-endpoints", {"url": url(receiver)})
    foreign = made.json["endpoint_id"]
    ids = (foreign, "whk_" + "0" * 32, "whk_malformed")
    answers = {await masked(world, method, path, body, id) for id in ids}
    assert len(answers) == 1
    assert answers.pop()[0] == 404
    assert (await other.get(f"/v1/webhook-endpoints/{foreign}")).json["description"] == ""
    await other.call("DELETE", f"/v1/webhook-endpoints/{foreign}")


async def test_answers_are_as_described(world: World, receiver: Receiver) -> None:
    client = world.client
    made = (await client.post("/v1/webhook-endpoints", {"url": url(receiver)})).json["endpoint_id"]
    await world.send()
    await post_due(world.runtime)
    one = f"/v1/webhook-endpoints/{made}"
    event = (await client.get(f"{one}/deliveries")).json["data"][0]["event_id"]
    calls: list[tuple[str, str, object]] = [
        ("createWebhookEndpoint", "/v1/webhook-endpoints", {"url": url(receiver)}),
        ("listWebhookEndpoints", "/v1/webhook-endpoints", None),
        ("getWebhookEndpoint", one, None),
        ("updateWebhookEndpoint", one, {"event_types": ["key.*"]}),
        ("rotateWebhookSecret", f"{one}/rotate-secret", {"overlap": 60}),
        ("testWebhookEndpoint", f"{one}/test", None),
        ("listWebhookDeliveries", f"{one}/deliveries?status=delivered&limit=1", None),
        ("getWebhookDelivery", f"{one}/deliveries/{event}", None),
        ("replayWebhooks", f"{one}/replay", {"status": None, "until": "2030-01-01T00:00:00Z"}),
        ("deleteWebhookEndpoint", one, None),
    ]
    for operation_id, target, body in calls:
        operation = BY_ID[operation_id]
        reply = await client.call(operation.method, target, body)
        assert reply.status == operation.status, (operation_id, reply.body)
        described = responses(operation_id)[str(reply.status)]
        assert_described(reply, described, "application/json")
