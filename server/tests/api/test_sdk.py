"""The Python SDK against the API in this process: every call of the one works on the other."""

from urllib.parse import quote

import httpx2
import pytest

from api.world import CODE, World
from watchword import AsyncWatchword, Conflict, NotFound, RateLimited
from watchword_server.testing import deliver_due

pytestmark = pytest.mark.asyncio(loop_scope="module")


def sdk(
    world: World, key: str = "main_key", transport: httpx2.AsyncBaseTransport | None = None
) -> AsyncWatchword:
    scheme, _, credentials = world.names[key].partition(" ")
    assert scheme == "Bearer"
    transport = transport or httpx2.ASGITransport(app=world.client.app)
    return AsyncWatchword(
        "http://127.0.0.1:8080", api_key=credentials, transport=transport, sleep=at_once
    )


async def at_once(_seconds: float) -> None:
    """Nobody waits between two tries."""


class Lossy(httpx2.AsyncBaseTransport):
    """Loses the first answers to every call after the server has made them.

    Args:
        new_key: whether each try gets a key of its own, as if the server looked at none.
    """

    def __init__(self, world: World, losses: int = 2, *, new_key: bool = False) -> None:
        self._server = httpx2.ASGITransport(app=world.client.app)
        self._losses = losses
        self._new_key = new_key
        self.tries = 0

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self.tries += 1
        if self._new_key:
            request.headers["idempotency-key"] = f"try-{self.tries}"
        response = await self._server.handle_async_request(request)
        if self.tries <= self._losses:
            await response.aread()
            raise httpx2.ReadTimeout("the answer was lost", request=request)
        return response


async def test_a_code_is_sent_checked_and_followed(world: World) -> None:
    async with sdk(world) as client:
        sent = await client.messages.send(
            to=world.number(), template_id="otp-sms", code=CODE, metadata={"user": "u_1"}
        )
        assert (sent.status, sent.send_channel, sent.mode) == ("pending", "sms", "development")
        wrong = await client.verifications.check(message_id=sent.message_id, code="0000")
        assert (wrong.verified, wrong.checks_left) == (False, 4)
        right = await client.verifications.check(message_id=sent.message_id, code=CODE)
        assert (right.verified, right.status) == (True, "approved")
        with pytest.raises(Conflict):
            await client.verifications.check(message_id=sent.message_id, code=CODE)
        read = await client.messages.get(sent.message_id)
        assert read.metadata == {"user": "u_1"}
        assert [entry["type"] for entry in read.timeline][-1] == "verification.approved"


async def test_waiting_and_canceling(world: World) -> None:
    async with sdk(world) as client:
        sent = await client.messages.send(to=world.number(), template_id="otp-sms")
        with pytest.raises(RateLimited) as early:
            await client.messages.resend(sent.message_id)
        assert early.value.retry_after == 30
        world.clock.advance(30)
        assert (await client.messages.resend(sent.message_id)).message_id == sent.message_id
        assert (await client.messages.cancel(sent.message_id)).status == "canceled"
        with pytest.raises(NotFound):
            await client.messages.get(world.names["foreign"])


async def test_lists_go_over_all_pages(world: World) -> None:
    async with sdk(world) as client:
        for _ in range(5):
            await client.messages.send(to=world.number(), template_id="otp-sms")
        found = [message.message_id async for message in client.messages.list(limit=5)]
        assert len(set(found)) == 5
        assert [template.template_id async for template in client.templates.list()]


async def test_a_page_that_holds_all_is_the_last(world: World) -> None:
    count = len((await world.client.get("/v1/messages?limit=100")).json["data"])
    whole = (await world.client.get(f"/v1/messages?limit={count}")).json
    assert (len(whole["data"]), whole["next_cursor"]) == (count, None)
    part = (await world.client.get(f"/v1/messages?limit={count - 1}")).json
    assert (len(part["data"]), part["next_cursor"] is None) == (count - 1, False)


async def test_pages_hold_every_message_once(world: World) -> None:
    ids: list[str] = []
    cursor = ""
    while True:
        reply = await world.client.get(f"/v1/messages?limit=3{cursor}")
        ids += [message["message_id"] for message in reply.json["data"]]
        if reply.json["next_cursor"] is None:
            break
        cursor = f"&cursor={reply.json['next_cursor']}"
    whole = (await world.client.get("/v1/messages?limit=100")).json["data"]
    assert ids == [message["message_id"] for message in whole]
    assert ids == sorted(ids, reverse=True)


async def test_keys_and_projects_are_managed(world: World) -> None:
    async with sdk(world) as client:
        key = await client.keys.create(name="from the SDK", scopes=["messages:read"])
        assert key.dev_secret
        assert (await client.keys.get(key.dev_key)).dev_secret is None
        assert (await client.keys.rotate(key.dev_key)).dev_secret != key.dev_secret
        await client.keys.delete(key.dev_key)
        with pytest.raises(NotFound):
            await client.keys.get(key.dev_key)
        project = await client.projects.create(name="from the SDK", mode="development")
        assert (await client.projects.get(project.project_id)).name == "from the SDK"
        await client.projects.delete(project.project_id)


async def sends_once(world: World, lossy: Lossy) -> None:
    """Two answers are lost: the third try gets the first one's, and one code was sent."""
    to = world.number()
    async with sdk(world, transport=lossy) as client:
        sent = await client.messages.send(to=to, template_id="otp-sms")
    assert lossy.tries == 3
    await deliver_due(world.runtime)
    read = (await world.client.get(f"/v1/messages/{sent.message_id}")).json
    assert [entry["type"] for entry in read["timeline"]].count("verification.created") == 1
    inbox = await world.client.get(f"/v1/inbox/messages?to={quote(to)}")
    assert len(inbox.json["data"]) == 1


async def test_a_send_whose_answer_is_lost_is_made_once(world: World) -> None:
    await sends_once(world, Lossy(world))


async def test_a_send_whose_answer_is_lost_mutant_is_caught(world: World) -> None:
    with pytest.raises(RateLimited):  # the second try is a second send
        await sends_once(world, Lossy(world, new_key=True))


async def test_a_check_whose_answer_is_lost_is_counted_once(world: World) -> None:
    sent = (await world.send()).json["message_id"]
    async with sdk(world, transport=Lossy(world)) as client:
        wrong = await client.verifications.check(message_id=sent, code="000000")
    assert wrong.checks_left == 4
    async with sdk(world, transport=Lossy(world)) as client:
        assert (await client.verifications.check(message_id=sent, code=CODE)).verified


async def test_a_key_whose_answer_is_lost_is_made_once_and_shown(world: World) -> None:
    async with sdk(world, transport=Lossy(world)) as client:
        key = await client.keys.create(name="lost and found")
    assert key.dev_secret
    names = [one["name"] for one in (await world.client.get("/v1/api-keys")).json["data"]]
    assert names.count("lost and found") == 1
