"""The header Idempotency-Key: how it is read, what is answered again, and what leaves it free."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from api.asgi_client import AsgiClient, Reply
from api.test_http import Broken, with_services
from api.test_operations import assert_described, responses
from api.world import CODE, World
from watchword_server.api import once
from watchword_server.api.in_process import InProcess
from watchword_server.domain.errors import BAD_FIELD, Problem, StoreUnavailable
from watchword_server.domain.project import Scope

world_loop = pytest.mark.asyncio(loop_scope="module")

KEYS = iter(range(1_000_000))


def a_key() -> str:
    return f"key-{next(KEYS)}"


async def post(
    world: World, path: str, key: str, body: object = None, client: AsgiClient | None = None,
    **headers: str,
) -> Reply:  # fmt: skip
    given = {"idempotency-key": key, **headers}
    return await (client or world.client).post(path, body, headers=given)


def fresh(world: World) -> dict[str, Any]:
    return {"to": world.number(), "template": {"id": "otp-sms"}}


# ---- reading the header ---------------------------------------------------------------------

GOOD = [
    (b"8e03978e-40d5-43e8-bc93-6894a57f9324", "8e03978e-40d5-43e8-bc93-6894a57f9324"),
    (b'"8e03978e-40d5-43e8-bc93-6894a57f9324"', "8e03978e-40d5-43e8-bc93-6894a57f9324"),
    (b"a", "a"),
    (b'"a b"', "a b"),
    (b"a b;c=1", "a b;c=1"),
    (rb'"a\"b\\c"', r'a"b\c'),
    (rb"a\b", r"a\b"),
    (b"k" * 255, "k" * 255),
    (b'"' + b"\\\\" * 255 + b'"', "\\" * 255),
]
BAD = [
    b"", b'"', b'""', b'"a', b'"a"b', b'"a";b=1', b'"a', rb'"a\b"', b'"a"b"', b"k" * 256,
    b'"' + b"k" * 256 + b'"', "é".encode(), "é".encode("latin-1"), b"a\tb", b"a\x7f", b"\x00",
    b"a\nb",
]  # fmt: skip


def reads(read: Callable[[bytes], str]) -> None:
    for value, key in GOOD:
        assert read(value) == key
    for value in BAD:
        try:
            assert read(value) is None, value
        except Problem as problem:
            assert problem.kind is BAD_FIELD
            assert problem.extra["field"] == "Idempotency-Key"


def test_a_key_is_bare_or_a_string_in_quotes() -> None:
    reads(once.read)


@pytest.mark.parametrize("mutant", [bytes.decode, lambda value: value.decode("latin-1").strip('"')])
def test_a_key_mutant_is_caught(mutant: Callable[[bytes], str]) -> None:
    with pytest.raises((AssertionError, UnicodeDecodeError)):
        reads(mutant)


@world_loop
async def test_a_bad_key_is_refused_and_nothing_is_done(world: World) -> None:
    body = fresh(world)
    reply = await post(world, "/v1/messages", "k" * 256, body)
    assert (reply.status, reply.json["code"]) == (400, 3002)
    assert (reply.json["field"], reply.json["rule"]) == ("Idempotency-Key", "idempotency_key")
    assert (await world.client.post("/v1/messages", body)).status == 200


@world_loop
async def test_two_different_keys_are_no_key(world: World) -> None:
    twice = [("idempotency-key", "a"), ("idempotency-key", "b")]
    reply = await world.client.post("/v1/messages", fresh(world), headers=twice)
    assert (reply.status, reply.json["field"]) == (400, "Idempotency-Key")


# ---- what is answered again -----------------------------------------------------------------


async def answers_alike(world: World, path: str, status: int, body: object = None) -> Reply:
    """The first and the second answer are equal to the byte, and the second says what it is."""
    key = a_key()
    first, second = [await post(world, path, key, body) for _ in range(2)]
    assert first.status == second.status == status, first.body
    assert first.body == second.body
    assert "idempotency-replayed" not in first.headers
    assert second.headers["idempotency-replayed"] == "true"
    assert first.headers["content-type"] == second.headers["content-type"]
    assert second.headers["x-request-id"] != first.headers["x-request-id"]
    return second


@world_loop
async def test_a_send_is_made_once(world: World) -> None:
    body = fresh(world)
    reply = await answers_alike(world, "/v1/messages", 200, body)
    unkeyed = await world.client.post("/v1/messages", body)
    assert (unkeyed.status, unkeyed.json["message_id"]) == (429, reply.json["message_id"])


@world_loop
async def test_a_check_is_counted_once(world: World) -> None:
    sent = (await world.send()).json["message_id"]
    wrong = {"message_id": sent, "verify_code": "000000"}
    assert (await answers_alike(world, "/v1/verifications", 200, wrong)).json["checks_left"] == 4
    right = {"message_id": sent, "verify_code": CODE}
    assert (await answers_alike(world, "/v1/verifications", 200, right)).json["verified"]


@world_loop
async def test_a_key_that_is_shown_once_is_shown_to_a_retry_too(world: World) -> None:
    reply = await answers_alike(world, "/v1/api-keys", 201, {"name": "retried"})
    names = [one["name"] for one in (await world.client.get("/v1/api-keys")).json["data"]]
    assert names.count("retried") == 1
    stored = await world.runtime.store.read(
        lambda tx: list(tx.idempotency_keys._cursor.execute("SELECT * FROM idempotency_keys"))  # type: ignore[attr-defined]
    )
    secret = reply.json["dev_secret"].encode()
    assert stored
    assert not any(isinstance(value, bytes) and secret in value for row in stored for value in row)


@world_loop
async def test_a_call_without_a_body_is_executed_once(world: World) -> None:
    sent = (await world.send()).json["message_id"]
    assert (await answers_alike(world, f"/v1/messages/{sent}/cancel", 200)).json["status"]


REFUSED = [
    (404, "/v1/verifications", {"message_id": "{unknown}", "verify_code": CODE}),
    (409, "/v1/verifications", {"message_id": "{approved}", "verify_code": CODE}),
    (410, "/v1/verifications", {"message_id": "{canceled}", "verify_code": CODE}),
    (400, "/v1/messages", {"to": "+14155", "template": {"id": "otp-sms"}}),
]


@world_loop
@pytest.mark.parametrize(("status", "path", "body"), REFUSED)
async def test_a_final_refusal_is_answered_again(
    world: World, status: int, path: str, body: dict[str, Any]
) -> None:
    given = msgspec.json.decode(world.text(msgspec.json.encode(body).decode()))
    reply = await answers_alike(world, path, status, given)
    found = next(one for one in ("checkVerification", "sendMessage") if path in PATHS[one])
    assert_described(reply, responses(found)[str(status)], "application/problem+json")


PATHS = {"checkVerification": "/v1/verifications", "sendMessage": "/v1/messages"}


@world_loop
async def test_simultaneous_requests_get_one_answer(world: World) -> None:
    key, body = a_key(), fresh(world)
    clients = [replace(world.client) for _ in range(100)]
    replies = await asyncio.gather(
        *(post(world, "/v1/messages", key, body, client) for client in clients)
    )
    assert {(reply.status, reply.body) for reply in replies} == {(200, replies[0].body)}
    assert sum("idempotency-replayed" in reply.headers for reply in replies) == 99


# ---- whose key, for what --------------------------------------------------------------------


async def refuses_another_body(world: World, client: AsgiClient | None = None) -> None:
    key = a_key()
    await post(world, "/v1/messages", key, fresh(world), client)
    reply = await post(world, "/v1/messages", key, fresh(world), client)
    assert reply.status == 422
    assert (reply.json["code"], reply.json["reason"]) == (3003, "idempotency_key_reused")
    assert_described(reply, responses("sendMessage")["422"], "application/problem+json")


@world_loop
async def test_another_body_is_refused(world: World) -> None:
    await refuses_another_body(world)


@world_loop
async def test_another_body_mutant_is_caught(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(once, "_canonical", lambda body: b"")
    with pytest.raises(AssertionError):
        await refuses_another_body(world)


@world_loop
async def test_the_same_body_may_be_written_in_another_way(world: World) -> None:
    key, to = a_key(), world.number()
    ways = [
        f'{{"to":"{to}","template":{{"id":"otp-sms","language":"en"}}}}',
        f'{{ "template": {{"language": "en", "id": "otp-sms"}},\n "to": "{to}" }}',
    ]
    first, second = [await post(world, "/v1/messages", key, way) for way in ways]
    assert (first.status, first.body) == (second.status, second.body)
    assert (await post(world, "/v1/messages", f'"{key}"', ways[0])).body == first.body


@world_loop
async def test_a_key_counts_for_one_api_key_and_one_call(world: World) -> None:
    key, name = a_key(), {"name": "apart"}
    mine = await post(world, "/v1/api-keys", key, name)
    theirs = await post(world, "/v1/api-keys", key, name, world.as_("other_key"))
    project = await post(world, "/v1/projects", key, name)
    assert (mine.status, theirs.status, project.status) == (201, 201, 201)
    ids = [(await world.send()).json["message_id"] for _ in range(2)]
    canceled = [await post(world, f"/v1/messages/{id}/cancel", key) for id in ids]
    assert [reply.json["message_id"] for reply in canceled] == ids


@world_loop
async def test_a_replay_needs_the_permission_of_the_call(world: World) -> None:
    caller = msgspec.structs.replace(world.operator, scopes=frozenset())
    api, key, body = InProcess(world.runtime), a_key(), fresh(world)
    for who, expected in ((world.operator, 200), (caller, 403), (world.operator, 200)):
        status, _ = await api.call("sendMessage", who, body=body, idempotency_key=key)
        assert status == expected


@world_loop
async def test_only_a_post_has_a_key(world: World) -> None:
    made = (await world.client.post("/v1/api-keys", {"name": "kept"})).json["dev_key"]
    for name in ("one", "two"):
        given = {"idempotency-key": "the same"}
        reply = await world.client.call(
            "PATCH", f"/v1/api-keys/{made}", {"name": name}, headers=given
        )
        assert (reply.status, reply.json["name"]) == (200, name)
    reply = await world.client.get("/v1/api-keys", headers={"idempotency-key": "k" * 999})
    assert reply.status == 200


@world_loop
async def test_the_in_process_face_executes_once_too(world: World) -> None:
    api, key, body = InProcess(world.runtime), a_key(), fresh(world)
    first, second = [
        await api.call("sendMessage", world.operator, body=body, idempotency_key=key)
        for _ in range(2)
    ]
    assert first == second
    assert first[0] == 200
    status, problem = await api.call(
        "sendMessage", world.operator, body=fresh(world), idempotency_key=key
    )
    assert (status, problem["instance"]) == (422, "/v1/messages")
    status, problem = await api.call("sendMessage", world.operator, body=body, idempotency_key="é")
    assert (status, problem["field"]) == (400, "Idempotency-Key")


# ---- what leaves the key free ---------------------------------------------------------------


@world_loop
async def test_a_malformed_request_leaves_the_key_free(world: World) -> None:
    key, body = a_key(), fresh(world)
    asked: list[tuple[object, int]] = [("{", 400), ({**body, "ttl": 1}, 400), (body, 200)]
    asked.insert(2, ({**body, "route": "sms|sms"}, 400))  # what the service refuses, not the schema
    for given, status in asked:
        reply = await post(world, "/v1/messages", key, given)
        assert (reply.status, "idempotency-replayed" in reply.headers) == (status, False)


@world_loop
async def test_a_cool_down_leaves_the_key_free(world: World) -> None:
    key, body = a_key(), fresh(world)
    first = await world.client.post("/v1/messages", body)
    early = await post(world, "/v1/messages", key, body)
    assert (first.status, early.status) == (200, 429)
    world.clock.advance(30)
    late = await post(world, "/v1/messages", key, body)
    assert (late.status, "idempotency-replayed" in late.headers) == (200, False)


@world_loop
@pytest.mark.parametrize(
    ("error", "status"), [(StoreUnavailable("disk full"), 503), (KeyError("lost"), 500)]
)
async def test_an_answer_of_500_and_above_leaves_the_key_free(
    world: World, error: Exception, status: int, capfd: pytest.CaptureFixture[str]
) -> None:
    key, sent = a_key(), (await world.send()).json["message_id"]
    body = {"message_id": sent, "verify_code": CODE}
    broken = with_services(world, checking=Broken(error))
    assert (await post(world, "/v1/verifications", key, body, broken)).status == status
    reply = await post(world, "/v1/verifications", key, body)
    assert (reply.status, reply.json["verified"]) == (200, True)
    assert "idempotency-replayed" not in reply.headers


async def is_not_kept(world: World) -> None:
    """A preview of all languages has more bytes than are kept: it is given anew each time."""
    key, path = a_key(), "/v1/template-configs/otp-email/preview"
    for _ in range(2):
        reply = await post(world, path, key, {})
        assert (reply.status, "idempotency-replayed" in reply.headers) == (200, False)


@world_loop
async def test_a_large_answer_leaves_the_key_free(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert once.LARGEST == 65_536
    monkeypatch.setattr(once, "LARGEST", 1_000)
    await is_not_kept(world)


@world_loop
async def test_a_large_answer_that_is_kept_mutant_is_caught(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(once, "LARGEST", 10**9)
    with pytest.raises(AssertionError):
        await is_not_kept(world)


@world_loop
async def test_a_forbidden_call_leaves_the_key_free(world: World) -> None:
    key, body = a_key(), {"name": "strong", "scopes": ["server:admin"]}
    weak = await world.runtime.services.api_keys.create(
        world.operator, "weak", {Scope.KEYS_MANAGE}, None, ()
    )
    client = AsgiClient(world.client.app, f"Bearer {weak.bearer}")
    for _ in range(2):
        reply = await post(world, "/v1/api-keys", key, body, client)
        assert (reply.status, "idempotency-replayed" in reply.headers) == (403, False)
