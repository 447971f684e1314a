"""An id of another project answers as one that does not exist, byte for byte."""

import re

import pytest

from api.world import CODE, World

pytestmark = pytest.mark.asyncio(loop_scope="module")

MESSAGE_CALLS = [
    ("GET", "/v1/messages/{id}", None),
    ("POST", "/v1/messages/{id}/resend", None),
    ("POST", "/v1/messages/{id}/cancel", None),
    ("POST", "/v1/verifications", {"message_id": "{id}", "verify_code": CODE}),
]
KEY_CALLS = [
    ("GET", "/v1/api-keys/{id}", None),
    ("PATCH", "/v1/api-keys/{id}", {"name": "mine"}),
    ("DELETE", "/v1/api-keys/{id}", None),
    ("POST", "/v1/api-keys/{id}/rotate", None),
]


async def masked(world: World, method: str, path: str, body: object, id: str) -> tuple[int, str]:
    given = {n: v.replace("{id}", id) for n, v in body.items()} if isinstance(body, dict) else body
    reply = await world.client.call(method, path.replace("{id}", id), given)
    text = reply.body.decode().replace(id, "ID")
    return reply.status, re.sub(r'"(request_id|instance)":"[^"]*"', r'"\1":""', text)


@pytest.mark.parametrize(("method", "path", "body"), MESSAGE_CALLS)
async def test_a_foreign_message_looks_unknown(
    world: World, method: str, path: str, body: object
) -> None:
    answers = {
        await masked(world, method, path, body, world.names[which])
        for which in ("foreign", "unknown")
    } | {await masked(world, method, path, body, "ver_malformed")}
    assert len(answers) == 1
    assert answers.pop()[0] == 404


@pytest.mark.parametrize(("method", "path", "body"), KEY_CALLS)
async def test_a_foreign_key_looks_unknown(
    world: World, method: str, path: str, body: object
) -> None:
    ids = (world.names["other_id"], "key_" + "0" * 32, "key_malformed")
    answers = {await masked(world, method, path, body, id) for id in ids}
    assert len(answers) == 1
    assert answers.pop()[0] == 404


async def test_a_foreign_message_is_untouched(world: World) -> None:
    await world.check(world.names["foreign"], "000000")
    reply = await world.as_("other_key").get(f"/v1/messages/{world.names['foreign']}")
    assert (reply.status, reply.json["status"], reply.json["checks"]) == (200, "pending", 0)


async def test_lists_show_only_ones_own(world: World) -> None:
    for path in ("/v1/messages?limit=100", "/v1/api-keys"):
        body = (await world.client.get(path)).body.decode()
        assert world.names["foreign"] not in body
        assert world.names["other_id"] not in body
