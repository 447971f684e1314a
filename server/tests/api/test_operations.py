"""The table of operations and what is generated from it agree with each other and the server."""

import json
import re
from typing import Any

import jsonschema_rs
import msgspec
import pytest

import tracked
from api.asgi_client import Reply
from api.bad_inputs import BAD_INPUTS, Bad
from api.test_bad_inputs import answer_to
from api.world import CODE, World
from watchword_server.api import error_pages, openapi
from watchword_server.api.operations import BY_ID, OPERATIONS, TAGS
from watchword_server.api.resources import tool_table
from watchword_server.api.resources.templates import EXAMPLE
from watchword_server.api.routing import Router
from watchword_server.api.self_contained import self_contained
from watchword_server.domain.errors import KINDS, UNAUTHENTICATED, NextAction
from watchword_server.domain.event_kinds import KINDS as EVENTS

PUBLIC_URL = "http://127.0.0.1:8080"
DOCUMENT = openapi.document(PUBLIC_URL)
IDS = (
    "sendMessage sendCode resendMessage cancelMessage getMessage listMessages checkVerification "
    "createTemplate listTemplates getTemplate replaceTemplate changeTemplate deleteTemplate "
    "lintTemplate previewTemplate listTemplateVersions approveTemplate rejectTemplate "
    "listInboxMessages createApiKey listApiKeys getApiKey updateApiKey "
    "deleteApiKey rotateApiKey createProject listProjects getProject updateProject deleteProject "
    "unlockAddress createWebhookEndpoint listWebhookEndpoints getWebhookEndpoint "
    "updateWebhookEndpoint deleteWebhookEndpoint rotateWebhookSecret testWebhookEndpoint "
    "listWebhookDeliveries getWebhookDelivery replayWebhooks listEvents getEvent streamEvents "
    "sendCustomMessage listSandboxMessages setSandboxWebhook "
    "listProviderTypes createProvider listProviders getProvider updateProvider deleteProvider "
    "testProvider getProviderHealth dryRunProvider "
    "listRoutes getRoute putRoute deleteRoute checkRoute "
    "listOptOuts addOptOut removeOptOut getNextStep listTools"
)

WITHOUT_ID = {name: value for name, value in EXAMPLE.items() if name != "template_id"}

anyio = pytest.mark.asyncio(loop_scope="module")


def test_the_table_holds_every_operation_once() -> None:
    assert sorted(operation.id for operation in OPERATIONS) == sorted(IDS.split())
    assert len({(operation.method, operation.path) for operation in OPERATIONS}) == len(OPERATIONS)
    assert {operation.tag for operation in OPERATIONS} == set(TAGS)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.id)
def test_a_path_leads_to_its_operation(operation: Any) -> None:
    router = Router(OPERATIONS)
    path = re.sub(r"\{(\w+)\}", r"<\1>", operation.path)
    found = router.find(path)
    assert found is not None
    methods, values = found
    assert methods[operation.method] is operation
    assert values == {name: f"<{name}>" for name in operation.parameters}


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.id)
def test_the_example_of_an_operation_is_accepted_by_it(operation: Any) -> None:
    if operation.body is not None:
        raw = msgspec.json.encode(operation.example)
        assert operation.decoder is not None
        operation.decoder.decode(raw)
        validator(schema_of(operation.id, "requestBody")).validate(json.loads(raw))
    said = responses(operation.id)[str(operation.status)]["content"]
    success = said[operation.content_type.decode()]
    validator(success["schema"]).validate(success["example"])


HAVE_A_CODE = {
    "listInboxMessages": "the inbox is for reading codes",
    "listSandboxMessages": "so is that of the sandbox",
    "createTemplate": "the field's own answer is `{code: 0, message: success}`",
    "deleteTemplate": "the same",
}


def test_no_success_but_these_has_a_key_named_code() -> None:
    for operation in OPERATIONS:
        if operation.id not in HAVE_A_CODE:
            text = json.dumps(responses(operation.id)[str(operation.status)])
            _, components = msgspec.json.schema_components([operation.answer])
            assert '"code"' not in text
            assert all("code" not in each.get("properties", {}) for each in components.values())


def test_every_kind_of_error_is_explained() -> None:
    assert set(error_pages.CAUSES) == {kind.slug for kind in KINDS}
    assert set(error_pages.ACTIONS) == set(NextAction)
    assert len(openapi.errors()) == len(KINDS)


@anyio
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.slug)
async def test_the_page_of_an_error_is_served(world: World, kind: Any) -> None:
    for path, accept in (
        (f"/docs/errors/{kind.slug}.md", None), (f"/docs/errors/{kind.slug}", "text/markdown"),
    ):  # fmt: skip
        headers = {"authorization": None, "accept": accept}
        reply = await world.client.get(path, headers=headers)
        page = reply.body.decode()
        assert reply.headers["content-type"] == "text/markdown; charset=utf-8"
        assert f"# {kind.title}\n" in page
        assert kind.fix in page


@anyio
@pytest.mark.parametrize(
    ("path", "accept"), [("/docs/errors", "text/markdown"), ("/docs/errors.md", None)]
)
async def test_the_pages_of_errors_have_an_index(
    world: World, path: str, accept: str | None
) -> None:
    reply = await world.client.get(path, headers={"authorization": None, "accept": accept})
    assert reply.headers["content-type"] == "text/markdown; charset=utf-8"
    for kind in KINDS:
        assert f"[{kind.title}]({PUBLIC_URL}/docs/errors/{kind.slug}.md)" in reply.body.decode()


def test_what_events_errors_and_sends_hold_is_described() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    for name in ("Data", "WireData", "Problem", "SendMessage", "SendCode"):
        for field, schema in schemas[name]["properties"].items():
            assert schema.get("description"), (name, field)


def test_a_message_needs_a_template_or_its_shorthand_by_the_description_too() -> None:
    said = validator({"$ref": "#/components/schemas/SendMessage"})
    assert said.is_valid({"to": "+14155550123", "template_id": "otp-sms"})
    assert said.is_valid({"to": "+14155550123", "template": {"id": "otp-sms"}})
    assert not said.is_valid({"to": "+14155550123"})


def test_every_event_is_a_webhook_of_the_description() -> None:
    assert set(DOCUMENT["webhooks"]) == {type.value for type in EVENTS}
    for type, item in DOCUMENT["webhooks"].items():
        schema = item["post"]["requestBody"]["content"]["application/json"]["schema"]
        assert schema["properties"]["type"]["const"] == type
        assert not validator(schema).is_valid({"type": type})


def test_the_example_of_a_new_endpoint_is_a_healthy_one() -> None:
    for operation in ("createWebhookEndpoint", "getWebhookEndpoint"):
        said = responses(operation)[str(BY_ID[operation].status)]["content"]["application/json"]
        for name in ("failing_since", "paused_until", "previous_secret_until", "disabled_reason"):
            assert said["example"][name] is None


def test_who_is_refused_learns_that_a_key_belongs_to_a_database() -> None:
    assert "only to the database it was made in" in UNAUTHENTICATED.fix


@anyio
async def test_a_server_says_whether_it_is_up(world: World) -> None:
    assert (await world.client.get("/healthz")).json["status"] == "ok"
    assert (await world.client.get("/readyz")).json == {"status": "ready"}
    assert (await world.client.get("/openapi.json")).json == self_contained(DOCUMENT)


@pytest.mark.parametrize(
    ("file", "made"),
    [
        ("openapi.json", DOCUMENT),
        ("errors.json", openapi.errors()),
        ("tools.json", tool_table.neutral()),
    ],
)
def test_the_published_description_is_up_to_date(file: str, made: object) -> None:
    written = (tracked.ROOT / "spec" / file).read_text(encoding="utf-8")
    assert written == json.dumps(made, indent=2, ensure_ascii=False) + "\n"


@anyio
@pytest.mark.parametrize("bad", BAD_INPUTS, ids=repr)
async def test_a_refusal_is_documented_for_its_operation(world: World, bad: Bad) -> None:
    method, _, target = world.text(bad.call).partition(" ")
    found = Router(OPERATIONS).find(target.partition("?")[0])
    operation = found[0].get(method) if found else None
    if operation is None:
        return
    reply = await answer_to(world, bad)
    assert reply.json["type"].rpartition("/")[2] in {kind.slug for kind in operation.all_errors}
    described = responses(operation.id)[str(reply.status)]
    assert_described(reply, described, "application/problem+json")


@anyio
async def test_answers_are_as_described(world: World) -> None:
    client = world.client
    sent = await world.send(binding={"amount": "EUR 1", "payee": "x"}, metadata={"a": "b"})
    message = sent.json["message_id"]
    key = (await client.post("/v1/api-keys", {"name": "k", "expires_in": 3600})).json["dev_key"]
    project = (await client.post("/v1/projects", {"name": "described"})).json["project_id"]
    calls: list[tuple[str, str, object]] = [
        ("listMessages", "/v1/messages?limit=1&status=pending", None),
        ("getMessage", f"/v1/messages/{message}", None),
        ("checkVerification", "/v1/verifications", {"message_id": message, "verify_code": "0"}),
        ("checkVerification", "/v1/verifications", {"message_id": message, "verify_code": CODE}),
        ("getMessage", f"/v1/messages/{message}", None),
        ("listTemplates", "/v1/template-configs", None),
        ("getTemplate", "/v1/template-configs/otp-any", None),
        ("getTemplate", "/v1/template-configs/otp-email", None),
        ("createTemplate", "/v1/template-configs", EXAMPLE),
        ("lintTemplate", "/v1/template-configs/lint", {**EXAMPLE, "brand_name": "A"}),
        ("changeTemplate", "/v1/template-configs/log-in", {"brand_name": "Other"}),
        ("previewTemplate", "/v1/template-configs/log-in/preview", None),
        ("previewTemplate", "/v1/template-configs/otp-email/preview", {"language": "ja"}),
        ("listTemplateVersions", "/v1/template-configs/log-in/versions", None),
        ("rejectTemplate", "/v1/template-configs/log-in/reject", {"remark": "No."}),
        ("listTemplates", "/v1/template-configs", None),
        ("approveTemplate", "/v1/template-configs/log-in/approve", None),
        ("replaceTemplate", "/v1/template-configs/log-in", WITHOUT_ID),
        ("getTemplate", "/v1/template-configs/log-in", None),
        ("deleteTemplate", "/v1/template-configs/log-in", None),
        ("listInboxMessages", "/v1/inbox/messages", None),
        ("createApiKey", "/v1/api-keys", {"name": "k2"}),
        ("listApiKeys", "/v1/api-keys", None),
        ("getApiKey", f"/v1/api-keys/{key}", None),
        ("updateApiKey", f"/v1/api-keys/{key}", {"allowed_ips": ["10.0.0.1"]}),
        ("rotateApiKey", f"/v1/api-keys/{key}/rotate", {"overlap": 0}),
        ("deleteApiKey", f"/v1/api-keys/{key}", None),
        ("createProject", "/v1/projects", {"name": "described too", "mode": "live"}),
        ("listProjects", "/v1/projects", None),
        ("getProject", f"/v1/projects/{project}", None),
        (
            "updateProject",
            f"/v1/projects/{project}",
            {"limits": {"key": {"count": 1, "period": 2}}},
        ),
        ("deleteProject", f"/v1/projects/{project}", None),
        ("unlockAddress", "/v1/guard/unlock", {"to": "ada@example.com"}),
    ]
    for operation_id, target, body in calls:
        operation = BY_ID[operation_id]
        reply = await client.call(operation.method, target, body)
        assert reply.status == operation.status, (operation_id, reply.body)
        described = responses(operation_id)[str(reply.status)]
        assert_described(reply, described, "application/json")


def assert_described(reply: Reply, described: Any, media_type: str) -> None:
    assert reply.headers["content-type"] == media_type
    validator(described["content"][media_type]["schema"]).validate(reply.json)
    offered = {name.lower() for name in described["headers"]}
    given = {name for name in reply.headers if name.startswith(("ratelimit", "retry", "www", "x-"))}
    assert given <= offered


def operation_of(operation_id: str) -> Any:
    operation = BY_ID[operation_id]
    return DOCUMENT["paths"][operation.path][operation.method.lower()]


def responses(operation_id: str) -> Any:
    shared = DOCUMENT["components"]["responses"]
    return {
        status: shared[said["$ref"].rpartition("/")[2]] if "$ref" in said else said
        for status, said in operation_of(operation_id)["responses"].items()
    }


def schema_of(operation_id: str, part: str) -> Any:
    return operation_of(operation_id)[part]["content"]["application/json"]["schema"]


def validator(schema: Any) -> Any:
    whole = {**schema, "components": DOCUMENT["components"]}
    return jsonschema_rs.Draft202012Validator(whole, validate_formats=True)
