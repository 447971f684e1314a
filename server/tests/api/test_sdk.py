"""The Python SDK against the API in this process: every call of the one works on the other."""

import httpx2
import pytest

from api.world import CODE, World
from watchword import AsyncWatchword, Conflict, NotFound, RateLimited

pytestmark = pytest.mark.asyncio(loop_scope="module")


def sdk(world: World, key: str = "main_key") -> AsyncWatchword:
    scheme, _, credentials = world.names[key].partition(" ")
    assert scheme == "Bearer"
    transport = httpx2.ASGITransport(app=world.client.app)
    return AsyncWatchword("http://127.0.0.1:8080", api_key=credentials, transport=transport)


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
