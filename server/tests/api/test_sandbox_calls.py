"""The sandbox and custom messages over HTTP: shapes, modes, who is refused, the quota's error."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from api.asgi_client import AsgiClient, basic
from api.test_operations import assert_described, responses
from api.world import World
from watchword_server.api.operations import BY_ID
from watchword_server.domain import sandbox
from watchword_server.domain.sandbox import TABLE

anyio = pytest.mark.asyncio(loop_scope="module")
DEMO = basic("engagelab_sandbox_demo", "engagelab_sandbox_secret")
OTP = {"id": "sandbox-otp-tpl"}
CUSTOM = {"id": "sandbox-custom-tpl", "params": {"code": "482913"}}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def small(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """A world whose sandboxes have five requests a day."""
    directory: Path = tmp_path_factory.mktemp("small")
    world = await World.make(directory, sandbox_requests_per_day=5)
    yield world
    await world.runtime.close()


def demo(world: World, peer: str = "192.0.2.1") -> AsgiClient:
    return replace(world.client, authorization=DEMO, peer=peer)


@anyio
@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.to)
async def test_a_call_to_a_magic_recipient_answers_as_the_table_says(world: World, row) -> None:
    reply = await demo(world).post("/v1/messages", {"to": row.to, "template": OTP})
    assert reply.json["mode"] == "sandbox"
    if row.error is None:
        assert (reply.status, reply.json["status"]) == (200, "pending")
        assert "code" not in reply.json
        return
    kind = row.error
    described = responses("sendMessage")[str(kind.status)]
    assert_described(reply, described, "application/problem+json")
    assert (reply.status, reply.json["code"], reply.json["message"]) == (
        kind.status, kind.code, kind.title,
    )  # fmt: skip
    assert reply.json["retryable"] is kind.retryable
    assert ("retry-after" in reply.headers) is (reply.json["retry_after"] is not None)
    assert row.to not in reply.body.decode()


@anyio
async def test_answers_are_as_described(world: World) -> None:
    client = demo(world)
    for operation_id, body in (
        ("sendCustomMessage", {"to": "+10000000010", "template": CUSTOM}),
        ("sendCustomMessage", {"to": ["+10000000010"], "template": CUSTOM}),
        ("listSandboxMessages", None),
        ("setSandboxWebhook", {"url": "https://hooks.example.invalid/in"}),
    ):
        operation = BY_ID[operation_id]
        reply = await client.call(operation.method, operation.path, body)
        assert reply.status == 200, reply.body
        described = responses(operation_id)["200"]
        assert_described(reply, described, "application/json")


@anyio
async def test_a_sandbox_is_followed_from_the_send_to_the_approval(world: World) -> None:
    client = demo(world)
    sent = (await client.post("/v1/messages", {"to": "+10000000005", "template": OTP})).json
    checked = {"message_id": sent["message_id"], "verify_code": "123456"}
    reply = await client.post("/v1/verifications", checked)
    assert (reply.json["verified"], reply.json["mode"]) == (True, "sandbox")
    assert (await client.post("/v1/verifications", checked)).json["code"] == 3003
    read = await client.get(f"/v1/messages/{sent['message_id']}")
    assert read.json["mode"] == "sandbox"
    assert read.json["to"] == "+10*****0005"


@anyio
@pytest.mark.parametrize("key", ["main_key", "live_key"])
async def test_the_sandboxs_calls_are_for_the_sandbox(world: World, key: str) -> None:
    for method, path, body in (
        ("GET", "/v1/sandbox/messages", None),
        ("PUT", "/v1/sandbox/webhook", {"url": "https://example.com/", "secret": "x" * 22}),
    ):
        reply = await world.as_(key).call(method, path, body)
        assert (reply.status, reply.json["reason"]) == (400, "not_a_sandbox"), reply.body


@anyio
async def test_what_the_sandbox_sent_can_be_read(world: World) -> None:
    reply = await demo(world).get("/v1/sandbox/messages?to=%2B10000000010")
    assert reply.json == {"data": [], "next_cursor": None, "mode": "sandbox"}
    reply = await demo(world).get("/v1/sandbox/messages?to=nobody")
    assert (reply.status, reply.json["field"]) == (400, "to")


@anyio
async def test_a_public_key_cannot_make_keys(world: World) -> None:
    for path in ("/v1/api-keys", "/v1/projects"):
        reply = await demo(world).post(path, {"name": "mine"})
        assert (reply.status, reply.json["code"]) == (403, 2004)


@anyio
async def test_a_custom_message_to_one_is_answered_like_a_send(world: World) -> None:
    body = {"to": "+10000000010", "template": CUSTOM}
    reply = await demo(world).post("/v1/custom-messages", body)
    assert reply.json["send_channel"] == "sms"
    assert not {"messages", "code"} & set(reply.json)


@anyio
async def test_a_custom_message_to_many_lists_what_was_accepted(world: World) -> None:
    to = ["+1 000 000 0010", "sandbox@example.com"]
    reply = await demo(world).post("/v1/custom-messages", {"to": to, "template": CUSTOM})
    listed = reply.json["messages"]
    assert [one["to"] for one in listed] == to
    assert [one["send_channel"] for one in listed] == ["sms", "email"]
    assert listed[0]["message_id"] == reply.json["message_id"] != listed[1]["message_id"]
    assert {one["mode"] for one in listed} == {"sandbox"}


@anyio
@pytest.mark.parametrize(
    ("to", "template", "code", "field"),
    [
        ([], CUSTOM, 3002, "to"),
        (["+10000000010"] * 101, CUSTOM, 3002, "to"),
        (["+10000000010", ""], CUSTOM, 3002, "to[1]"),
        (["+10000000010", "+1 (000) 000-0010"], CUSTOM, 3002, "to[1]"),
        (["+10000000010", "+1415"], CUSTOM, 5011, "to[1]"),
        (["+10000000010", 7], CUSTOM, 3002, "to[1]"),
        (7, CUSTOM, 3002, "to"),
        ("+10000000010", {"id": "sandbox-custom-tpl"}, 3002, "template.params.code"),
        (
            "+10000000010",
            {"id": "sandbox-custom-tpl", "params": {"code": "12"}},
            3002,
            "template.params.code",
        ),
        ("+10000000010", {"id": "none", "params": {"code": "1234"}}, 4001, None),
    ],
)
async def test_a_bad_custom_message_names_what_is_bad(
    world: World, to: object, template: object, code: int, field: str | None
) -> None:
    reply = await demo(world).post("/v1/custom-messages", {"to": to, "template": template})
    assert (reply.json["code"], reply.json.get("field")) == (code, field), reply.body


@anyio
async def test_the_quotas_error_says_when_it_resets(small: World) -> None:
    client = demo(small)
    for left in (4, 3, 2, 1, 0):
        reply = await client.post("/v1/messages", {"to": "+10000000010", "template": OTP})
        assert reply.status == 200
        assert f'"requests";r={left};' in reply.headers["ratelimit"]
    reply = await client.get("/v1/sandbox/messages")
    assert (reply.status, reply.json["code"], reply.json["limit"]) == (429, 3004, "requests")
    assert reply.json["resets_at"].endswith("T00:00:00Z")
    assert int(reply.headers["retry-after"]) == reply.json["retry_after"] <= 86_400
    assert '"requests";q=5;w=86400' in reply.headers["ratelimit-policy"]
    assert (await demo(small, "192.0.2.9").get("/v1/sandbox/messages")).status == 200
    assert (await small.client.get("/v1/messages")).status == 200
    small.clock.advance(reply.json["retry_after"])
    assert (await client.get("/v1/sandbox/messages")).status == 200


@anyio
async def test_the_public_keys_are_no_secret_and_wrong_ones_are_refused(world: World) -> None:
    wrong = replace(world.client, authorization=basic("engagelab_sandbox_demo", "wrong"))
    reply = await wrong.get("/v1/sandbox/messages")
    assert (reply.status, reply.json["code"]) == (401, 2001)
    for pair in sandbox.CREDENTIALS.items():
        good = replace(world.client, authorization=basic(*pair))
        assert (await good.get("/v1/sandbox/messages")).status == 200
