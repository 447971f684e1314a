"""Every bad input of the table gets its one answer, in the one shape, and nothing is repeated."""

import json
from typing import Any

import pytest

from api.asgi_client import Reply
from api.bad_inputs import BAD_INPUTS, Bad
from api.world import World

pytestmark = pytest.mark.asyncio(loop_scope="module")

MEMBERS = [
    "type", "title", "status", "detail", "instance", "code", "message", "retryable",
    "retry_after", "doc_url", "next_action", "request_id",
]  # fmt: skip
PUBLIC_URL = "http://127.0.0.1:8080"


def filled(world: World, value: Any) -> Any:
    if isinstance(value, str):
        return world.text(value)
    if isinstance(value, dict):
        return {filled(world, name): filled(world, each) for name, each in value.items()}
    return value


async def answer_to(world: World, bad: Bad) -> Reply:
    method, _, target = world.text(bad.call).partition(" ")
    body = bad.body if isinstance(bad.body, bytes) else filled(world, bad.body)
    if bad.body is None:
        body = b""
    return await world.client.call(method, target, body, headers=filled(world, bad.headers))


def is_discreetly(instance, path):
    """Segments that are neither our words nor our ids stand as `*`: a code may be among them."""
    shown, asked = instance.split("/"), path.split("/")
    assert len(shown) == len(asked)
    assert all(one == "*" or one == other for one, other in zip(shown, asked, strict=True))


@pytest.mark.parametrize("bad", BAD_INPUTS, ids=repr)
async def test_bad_input_is_refused(world: World, bad: Bad) -> None:
    reply = await answer_to(world, bad)
    problem = reply.json
    shown = (reply.status, problem["code"], problem["title"], problem["next_action"])
    assert shown == bad.outcome, problem
    assert (problem.get("field"), problem.get("rule")) == (
        bad.field or problem.get("field"),
        bad.rule or problem.get("rule"),
    ), problem
    for name, value in bad.extra.items():
        assert problem[name] == filled(world, value), problem
    check_shape(reply, world.text(bad.call))


def check_shape(reply: Reply, call: str) -> None:
    problem, headers = reply.json, reply.headers
    assert list(problem)[: len(MEMBERS)] == MEMBERS
    assert problem["status"] == reply.status
    assert problem["message"] == problem["title"]
    is_discreetly(problem["instance"], call.split(" ")[1].partition("?")[0])
    assert problem["type"].startswith(f"{PUBLIC_URL}/docs/errors/")
    assert problem["doc_url"] == problem["type"] + ".md"
    assert problem["detail"].endswith(".")
    assert headers["content-type"] == "application/problem+json"
    assert headers["cache-control"] == "no-store"
    assert headers["x-request-id"] == problem["request_id"]
    assert headers["content-length"] == str(len(reply.body))
    retry_after = problem["retry_after"]
    assert headers.get("retry-after") == (None if retry_after is None else str(retry_after))
    assert (reply.status == 401) == ("www-authenticate" in headers)
    assert (reply.status == 405) == ("allow" in headers)


async def test_the_table_is_as_large_as_it_was_asked_to_be() -> None:
    assert len(BAD_INPUTS) >= 60
    assert len({bad.name for bad in BAD_INPUTS}) == len(BAD_INPUTS)


@pytest.mark.parametrize(
    "bad",
    [bad for bad in BAD_INPUTS if bad.field and isinstance(bad.body, dict)],
    ids=repr,
)
async def test_a_refusal_never_repeats_what_was_submitted(world: World, bad: Bad) -> None:
    reply = await answer_to(world, bad)
    said = json.dumps({name: reply.json.get(name) for name in ("detail", "field", "rule")})
    known = {"sms", "email"}
    for value in strings(bad.body):
        if len(value) > 3 and value not in known and not value.startswith("otp-"):
            assert value not in said


SAYS = [
    (
        "GET /v1/webhook-endpoints/whk_0193f2c1a7b47c3e9d5a1b2c3d4e5f60/deliveries?since=then",
        None,
        "`since` must be written as its `pattern` in /openapi.json says, "
        "such as 2026-03-01T12:00:00Z.",
    ),
    (
        "POST /v1/messages",
        {"to": "+14155550199", "template": {"id": "otp-sms", "language": "?!"}},
        "`template.language` must be written as `^[A-Za-z]{2,8}([_-][A-Za-z0-9]{1,8}){0,3}$` says, "
        "such as en.",
    ),
    (
        "POST /v1/verifications",
        {"message_id": "ver_x", "code": "123456"},
        "This call has no field `code`. It has: message_id, verify_code, binding.",
    ),
    (
        "POST /v1/messages",
        {"to": "+14155550199", "template": {"id": "otp-sms", "locale": "en"}},
        "This call has no field `template.locale`. `template` has: id, language, params.",
    ),
    (
        "POST /v1/messages",
        {"to": "+14155550199", "template_id": "otp-sms", "482913!": "x"},
        "`body` has a field that this call has not. It has: to, template, template_id, language, "
        "params, channel, route, alternates, ttl, signals, binding, metadata, purpose.",
    ),
    (
        "GET /v1/messages?page=2",
        None,
        "This call has no field `page`. It has: ",
    ),
    (
        "GET /v1/api-keys?page=2",
        None,
        "This call has no field `page`. It has: none.",
    ),
    (
        "GET /v1/template-configs/otp-sms/versions?limit=2",
        None,
        "This call has no field `limit`. It has: none.",
    ),
    (
        "POST /v1/messages",
        {"to": "ada@example.com", "template_id": "otp-sms"},
        "The channel sms cannot reach an email address. Send to a phone number, or choose ",
    ),
    (
        "POST /v1/messages",
        {"to": "+14155550199", "template_id": "otp-email"},
        "The channel email cannot reach a phone number. Send to an email address, ",
    ),
    (
        "GET /v1/481516",
        None,
        "This server has no such path. Every path is in /openapi.json.",
    ),
]


@pytest.mark.parametrize(("call", "body", "detail"), SAYS)
async def test_a_refusal_says_what_would_be_taken(
    world: World, call: str, body: Any, detail: str
) -> None:
    method, _, target = call.partition(" ")
    reply = await world.client.call(method, target, b"" if body is None else body)
    assert reply.json["detail"].startswith(detail)


async def test_a_key_without_the_scope_is_told_how_to_make_one_with_it(world: World) -> None:
    headers = {"authorization": world.names["checker_key"]}
    reply = await world.client.call("GET", "/v1/messages", b"", headers=headers)
    assert (
        "watchword-server keys create --name my-app --scope messages:read." in reply.json["detail"]
    )


def strings(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for each in value.values() for text in strings(each)]
    return [value] if isinstance(value, str) else []
