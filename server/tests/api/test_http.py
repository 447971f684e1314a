"""What HTTP adds: the header of every answer, bodies in pieces, hosts, clients that go away."""

import re
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from api.asgi_client import AsgiClient
from api.bad_inputs import GOOD
from api.world import CODE, World
from watchword_server.api.app import create
from watchword_server.domain.errors import StoreUnavailable

pytestmark = pytest.mark.asyncio(loop_scope="module")


def with_settings(world: World, **changes: Any) -> AsgiClient:
    """The same server under other settings."""
    runtime = SimpleNamespace(
        settings=msgspec.structs.replace(world.runtime.settings, **changes),
        services=world.runtime.services,
        rehearsal=world.runtime.rehearsal,
        ready=world.runtime.ready,
        services_of=world.runtime.services_of,
        callbacks=world.runtime.callbacks,
    )
    return AsgiClient(create(runtime), world.client.authorization)  # type: ignore[arg-type]


def with_services(world: World, **changes: Any) -> AsgiClient:
    """The same server with other services."""
    runtime = SimpleNamespace(
        settings=world.runtime.settings,
        services=msgspec.structs.replace(world.runtime.services, **changes),
        rehearsal=world.runtime.rehearsal,
        ready=world.runtime.ready,
        services_of=world.runtime.services_of,
        callbacks=world.runtime.callbacks,
    )
    return AsgiClient(create(runtime), world.client.authorization)  # type: ignore[arg-type]


async def test_every_answer_has_its_header(world: World) -> None:
    reply = await world.send()
    headers = reply.headers
    assert reply.status == 200
    assert headers["content-type"] == "application/json"
    assert headers["content-length"] == str(len(reply.body))
    assert headers["cache-control"] == "no-store"
    assert re.fullmatch(r"req_[0-9a-f]{32}", headers["x-request-id"])
    policy = re.fullmatch(r'"(\w+)";q=(\d+);w=(\d+)', headers["ratelimit-policy"])
    limit = re.fullmatch(r'"(\w+)";r=(\d+);t=(\d+)', headers["ratelimit"])
    assert policy is not None
    assert limit is not None
    assert policy[1] == limit[1]
    assert int(limit[2]) < int(policy[2])


async def test_a_send_shows_the_tightest_of_its_own_limits(world: World) -> None:
    other = {"template": {"id": "otp-sms"}, "to": world.number()}
    reply = await world.as_("other_key").post("/v1/messages", other)
    assert reply.headers["ratelimit-policy"] == '"recipient";q=60;w=3600'
    reply = await world.client.get("/v1/messages")
    assert reply.headers["ratelimit-policy"] == '"requests";q=6000;w=60'


async def test_a_request_keeps_its_callers_id(world: World) -> None:
    given = "checkout-7.f_3-0193"
    reply = await world.client.get("/v1/nothing", headers={"x-request-id": given})
    assert reply.headers["x-request-id"] == reply.json["request_id"] == given


@pytest.mark.parametrize(
    "given", ["", "a b", "482913", "+14155552671", "a" * 65, "a\nb", "é", "<script>", '"']
)
async def test_an_odd_request_id_is_replaced(world: World, given: str) -> None:
    reply = await world.client.get("/healthz", headers={"x-request-id": given})
    assert reply.headers["x-request-id"].startswith("req_")


async def test_no_two_requests_share_an_id(world: World) -> None:
    ids = {(await world.client.get("/healthz")).headers["x-request-id"] for _ in range(20)}
    assert len(ids) == 20


async def test_a_body_may_come_in_pieces(world: World) -> None:
    raw = msgspec.json.encode({"message_id": world.names["unknown"], "verify_code": CODE})
    pieces = [raw[:7], b"", raw[7:20], raw[20:]]
    assert (await world.client.post("/v1/verifications", chunks=pieces)).status == 404


async def test_an_endless_body_is_not_read_to_its_end(world: World) -> None:
    pieces = [b" " * 16_384] * 100
    reply = await world.client.post("/v1/messages", chunks=pieces)
    assert (reply.status, reply.json["code"]) == (413, 3001)
    assert len(world.client.unread) == 95


async def test_a_body_of_just_the_limit_is_read(world: World) -> None:
    raw = msgspec.json.encode(GOOD)
    reply = await world.client.post("/v1/verifications", raw + b" " * (65_536 - len(raw)))
    assert reply.status == 400
    assert reply.json["field"] == "template" or reply.json["rule"] == "unknown_field"


@pytest.mark.parametrize(
    "kind", ["application/json; charset=utf-8", "Application/JSON", "application/json;charset=UTF8"]
)
async def test_json_may_be_declared_in_many_ways(world: World, kind: str) -> None:
    body = {"message_id": world.names["unknown"], "verify_code": CODE}
    reply = await world.client.post("/v1/verifications", body, headers={"content-type": kind})
    assert reply.status == 404


async def test_an_optional_body_needs_no_content_type(world: World) -> None:
    key = (await world.client.post("/v1/api-keys", {"name": "spare"})).json["dev_key"]
    rotated = await world.client.post(f"/v1/api-keys/{key}/rotate")
    assert rotated.status == 200
    assert rotated.json["dev_secret"].startswith("wws_")


async def test_nobody_answers_a_client_that_went_away(world: World) -> None:
    events: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def send(event: Any) -> None:
        events.append(event)

    headers = [(b"host", b"localhost"), (b"content-type", b"application/json")]
    authorization = (world.client.authorization or "").encode()
    scope = {
        "type": "http", "method": "POST", "path": "/v1/messages", "query_string": b"",
        "headers": [*headers, (b"authorization", authorization)], "client": None,
    }  # fmt: skip
    await world.client.app(scope, receive, send)
    assert events == []


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "127.0.0.1:1", "localhost:8080", "LOCALHOST", "[::1]", "[::1]:9000",
     "otp.example.com", "otp.example.com:8443", "inner.example"],
)  # fmt: skip
async def test_listed_hosts_are_answered(world: World, host: str) -> None:
    client = with_settings(
        world, public_url="https://otp.example.com", allowed_hosts=("inner.example",)
    )
    client.host = host
    assert (await client.get("/healthz")).status == 200


async def test_links_come_from_the_public_url_and_never_from_the_host(world: World) -> None:
    client = with_settings(world, public_url="https://otp.example.com/base")
    client.host = "localhost:1234"
    problem = (await client.get("/v1/nothing")).json
    assert problem["type"] == "https://otp.example.com/base/docs/errors/unknown-path"
    document = (await client.get("/openapi.json")).json
    assert document["servers"][0]["url"] == "https://otp.example.com/base"


@pytest.mark.parametrize("field", ["host", "authorization", "content-type"])
async def test_a_field_that_is_there_twice_is_not_believed(world: World, field: str) -> None:
    given = {
        "host": "localhost",
        "authorization": world.client.authorization or "",
        "content-type": "application/json",
    }
    twice = [(field, given[field])]
    reply = await world.client.post("/v1/messages", GOOD, headers=twice)
    assert reply.status == {"host": 421, "authorization": 401, "content-type": 415}[field]


class Broken:
    def __init__(self, error: Exception) -> None:
        self.error = error

    async def check(self, *_: object) -> None:
        raise self.error


async def test_a_database_that_does_not_commit_is_503(world: World) -> None:
    client = with_services(world, checking=Broken(StoreUnavailable("disk full")))
    body = {"message_id": world.names["pending"], "verify_code": CODE}
    reply = await client.post("/v1/verifications", body)
    assert (reply.status, reply.json["code"], reply.json["retryable"]) == (503, 1000, True)
    assert reply.headers["retry-after"] == "1"
    assert "disk" not in reply.body.decode()


async def test_an_unexpected_error_is_500_and_shows_nothing(
    world: World, capfd: pytest.CaptureFixture[str]
) -> None:
    client = with_services(world, checking=Broken(KeyError(f"row of {CODE}")))
    body = {"message_id": world.names["pending"], "verify_code": CODE}
    reply = await client.post(
        "/v1/verifications", body, headers={"x-request-id": "lost-1-lost-1-lost"}
    )
    assert (reply.status, reply.json["code"]) == (500, 1000)
    logged = capfd.readouterr().err
    assert "lost-1-lost-1-lost" in logged
    assert "KeyError" in logged
    for shown in (reply.body.decode(), logged):
        assert CODE not in shown
        assert "row of" not in shown


async def test_the_access_log_names_the_operation_and_nothing_personal(
    world: World, capfd: pytest.CaptureFixture[str]
) -> None:
    client = with_settings(world, access_log=True)
    body = {"message_id": world.names["unknown"], "verify_code": CODE}
    await client.post("/v1/verifications", body)
    await client.get("/v1/nothing/+14155550123")
    logged = capfd.readouterr().err
    assert "checkVerification" in logged
    assert "404" in logged
    for shown in (CODE, world.names["unknown"], "+14155550123"):
        assert shown not in logged


async def test_requests_of_a_key_are_limited(world: World) -> None:
    projects = world.runtime.services.projects
    other = (await world.client.get("/v1/projects")).json["data"]
    project = bytes.fromhex(next(p for p in other if p["name"] == "other")["project_id"][4:])
    await projects.update(project, None, None, {"requests": (3, 60)})
    client = world.as_("other_key")
    world.clock.advance(60)
    for left in (2, 1, 0):
        reply = await client.get("/v1/messages")
        assert reply.headers["ratelimit"].startswith(f'"requests";r={left};')
        assert reply.headers["ratelimit-policy"] == '"requests";q=3;w=60'
    reply = await client.get("/v1/messages")
    assert (reply.status, reply.json["code"], reply.json["limit"]) == (429, 3004, "requests")
    assert reply.headers["retry-after"] == str(reply.json["retry_after"]) == "20"
    assert reply.headers["ratelimit"] == '"requests";r=0;t=20'
    world.clock.advance(60)
    assert (await client.get("/v1/messages")).status == 200


async def test_there_is_no_websocket(world: World) -> None:
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "websocket.connect"}

    async def send(event: Any) -> None:
        sent.append(event)

    await world.client.app({"type": "websocket", "path": "/v1"}, receive, send)
    assert [event["type"] for event in sent] == ["websocket.close"]


async def test_the_life_of_the_server_is_acknowledged(world: World) -> None:
    waiting = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return waiting.pop(0)

    async def send(event: Any) -> None:
        sent.append(event["type"])

    await world.client.app({"type": "lifespan"}, receive, send)
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


@pytest.mark.parametrize("typed", ["482 913", " 482913 ", "482-913", "48\u00a029\u00a013"])
async def test_spaces_and_hyphens_that_people_type_do_not_count(world: World, typed: str) -> None:
    body = {"to": "+14155552690", "template_id": "otp-sms", "code": "482913"}
    sent = (await world.client.post("/v1/codes", body)).json
    body = {"message_id": sent["message_id"], "verify_code": typed}
    assert (await world.client.post("/v1/verifications", body)).json["verified"] is True
