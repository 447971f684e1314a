"""Templates over the API: the field's shape, the review, and who may do what."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from api.asgi_client import AsgiClient, Reply
from api.test_sdk import sdk
from api.world import World
from watchword import BadRequest, Conflict, NotFound, PermissionDenied
from watchword_server.domain.project import Mode, Scope

pytestmark = pytest.mark.asyncio(loop_scope="module")

PATH = "/v1/template-configs"
TEXT = "{{brand_name}}: {{code}} is your code, good for {{ttl}} minutes."
CODE_CONFIG = {"verify_code_type": 1, "verify_code_len": 6, "verify_code_ttl": 5}
LANGUAGES = ("default", "zh_CN", "zh_HK", "en", "ja", "th", "es")
DONE = {"code": 0, "message": "success"}
_ids = iter(range(10_000))


def custom(text: str = TEXT, **more: object) -> dict[str, object]:
    """A body as the vendor's documents give it."""
    return {
        "template_id": f"t-{next(_ids)}",
        "send_channel_strategy": "sms",
        "brand_name": "Example",
        "verify_code_config": CODE_CONFIG,
        "sms_config": {
            "template_type": 2,
            "template_custom_config": {
                "custom_sub_type": "authentication",
                "custom_content": text,
                "custom_country_codes": "HK,PH",
            },
        },
        **more,
    }


EMAILS = [
    {
        "language": language,
        "pre_from_name": "Example",
        "pre_from_mail": "codes@example.com",
        "pre_subject": f"Your code ({language})",
        "template_content": f"<p lang='{language}'>{{{{product}}}}: <b>{{{{code}}}}</b></p>",
        "pre_param_map": {"product": "Example Pro"},
    }
    for language in LANGUAGES
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def live(world: World) -> AsyncIterator[AsgiClient]:
    """A key of the live project with every scope but those of operators."""
    keys, operator = world.runtime.services.api_keys, await world.runtime.operator("live")
    usual = await keys.create(operator, "usual", None, None, ())
    yield AsgiClient(world.client.app, authorization=f"Bearer {usual.bearer}")


async def made(client: AsgiClient, body: dict[str, object]) -> str:
    reply = await client.post(PATH, body)
    assert (reply.status, reply.json) == (200, DONE), reply.body
    return str(body["template_id"])


def refused(reply: Reply, status: int, code: int, **extra: str) -> None:
    assert (reply.status, reply.json["code"]) == (status, code), reply.body
    assert extra.items() <= reply.json.items(), reply.json


async def test_the_whole_life_of_a_template_in_the_field_s_shape(live: AsgiClient) -> None:
    id = await made(live, custom(description="Log-in", pwa_config={"pwa_code": "x"}))
    read = (await live.get(f"{PATH}/{id}")).json
    assert read["verify_code_config"] == CODE_CONFIG
    assert (read["status"], read["audit_remark"]) == (1, "")
    assert isinstance(read["created_time"], int)
    config = read["sms_config"]
    assert (config["template_type"], config["template_parts"]) == (2, 1)
    assert config["template_custom_config"]["custom_content"] == TEXT
    assert config["template_custom_config"]["custom_country_codes"] == "HK,PH"
    listed = (await live.get(PATH)).json
    assert isinstance(listed, list)
    (found,) = [each for each in listed if each["template_id"] == id]
    assert found["sms_config"] == {"template_type": 2, "template_parts": 1}
    assert TEXT not in str(listed)
    gone = await live.call("DELETE", f"{PATH}/{id}")
    assert (gone.status, gone.json) == (200, DONE)
    for reply in (await live.get(f"{PATH}/{id}"), await live.call("DELETE", f"{PATH}/{id}")):
        refused(reply, 404, 4001)


async def test_every_channel_is_configured_as_documented(live: AsgiClient) -> None:
    default = {"template_type": 1, "template_default_config": {"contain_security": True}}
    body = custom(
        send_channel_strategy="whatsapp|sms|voice|email",
        whatsapp_config=default,
        sms_config={**default, "template_default_config": {"contain_expire": False}},
        voice_config=default,
        email_config={"template_name": "log-in", "template_custom_configs": EMAILS},
    )
    read = (await live.get(f"{PATH}/{await made(live, body)}")).json
    assert read["whatsapp_config"]["template_default_config"]["contain_expire"] is True
    assert "{{ttl}}" not in read["contents"]["sms"]["default"]["text"]
    assert "{{ttl}}" in read["contents"]["whatsapp"]["default"]["text"]
    assert [each["language"] for each in read["email_config"]["template_custom_configs"]] == list(
        LANGUAGES
    )
    emails = read["contents"]["email"]
    assert list(emails) == list(LANGUAGES)
    assert emails["ja"]["text"] == "{{product}}: {{code}}"
    assert emails["ja"]["html"].startswith("<p lang='ja'>")


async def test_built_in_templates_are_shown_in_the_same_shape(world: World) -> None:
    listed = {each["template_id"]: each for each in (await world.client.get(PATH)).json}
    assert listed["otp-sms"]["sms_config"] == {"template_type": 1, "template_parts": 1}
    assert listed["otp-email"]["email_config"]["template_name"] == "A code by email"
    read = (await world.client.get(f"{PATH}/otp-voice")).json
    assert read["voice_config"]["template_type"] == 1
    assert (read["status"], read["change"]) == (2, None)
    assert {each["rule"] for each in read["findings"]} == {"brand_missing"}


@pytest.mark.parametrize(
    ("body", "code", "extra"),
    [
        (custom(send_channel_strategy="sms|voice"), 3003, {"field": "voice_config"}),
        (custom(send_channel_strategy="sms|fax"), 3002, {"field": "send_channel_strategy"}),
        (custom(send_channel_strategy="sms|sms"), 3002, {"rule": "repeated_channel"}),
        (custom("Hello"), 3002, {"rule": "code", "field": "sms_config"}),
        (custom(brand_name="E"), 3002, {"rule": "length", "field": "brand_name"}),
        (custom(template_id="lint"), 3002, {"rule": "reserved"}),
        (custom(template_id="a b"), 3002, {"rule": "pattern"}),
        (custom(template_id="x" * 129), 3002, {"rule": "max_length"}),
        (custom(description="x" * 256), 3002, {"rule": "max_length"}),
        (
            custom(verify_code_config={**CODE_CONFIG, "verify_code_ttl": 11}),
            3002,
            {"field": "verify_code_config.verify_code_ttl", "rule": "maximum"},
        ),
        (
            custom(verify_code_config={**CODE_CONFIG, "verify_code_ttl": 0}),
            3002,
            {"field": "verify_code_config.verify_code_ttl", "rule": "minimum"},
        ),
        (
            custom(
                send_channel_strategy="sms|whatsapp",
                whatsapp_config={},
                verify_code_config={**CODE_CONFIG, "verify_code_ttl": 3},
            ),
            3002,
            {"field": "verify_code_ttl", "rule": "whatsapp"},
        ),
        (custom(sms_config={"template_type": 2}), 3002, {"rule": "required"}),
        (custom(contents={"sms": {"default": {"text": TEXT}}}), 3002, {"rule": "conflict"}),
        (custom(f"{TEXT} You have won."), 3003, {"reason": "template_policy", "rule": "prize"}),
        (custom(f"{TEXT} See evil.com"), 3003, {"rule": "link_foreign"}),
        (custom(unknown=1), 3002, {"rule": "unknown_field"}),
    ],
    ids=range(17),
)
async def test_what_cannot_be_saved_says_why(
    live: AsgiClient, body: dict[str, object], code: int, extra: dict[str, str]
) -> None:
    refused(await live.post(PATH, body), 400, code, **extra)


async def test_the_documented_messages_are_there(live: AsgiClient) -> None:
    reply = await live.post(PATH, custom(send_channel_strategy="sms|voice"))
    assert reply.json["message"] == "not contains any channel config"
    body = custom()
    await made(live, body)
    refused(await live.post(PATH, body), 409, 3003, field="template_id")


async def nothing_is_sent(world: World, client: AsgiClient, id: str, to: str) -> None:
    """Neither a code of the server's nor one of the caller's leaves."""
    for path, more in (("/v1/messages", {}), ("/v1/codes", {"code": "482913"})):
        reply = await client.post(path, {"to": to, "template": {"id": id}, **more})
        refused(reply, 400, 3003, reason="template_not_approved")
    assert (await client.get("/v1/messages?limit=100")).json["data"] == []


async def test_an_unapproved_or_rejected_template_cannot_be_sent(
    world: World, live: AsgiClient
) -> None:
    id = await made(live, custom())
    await nothing_is_sent(world, live, id, world.number())
    operator = await review_key(world, live)
    assert (await operator.post(f"{PATH}/{id}/reject", {"remark": "Who?"})).json["status"] == 3
    assert (await live.get(f"{PATH}/{id}")).json["audit_remark"] == "Who?"
    await nothing_is_sent(world, live, id, world.number())
    assert (await operator.post(f"{PATH}/{id}/approve")).json["status"] == 2
    reply = await live.post("/v1/messages", {"to": world.number(), "template": {"id": id}})
    assert reply.json.get("reason") == "no_provider_account"  # its rules are kept; no carrier is


async def test_an_approved_template_that_is_sent_mutant_is_caught(
    world: World, live: AsgiClient
) -> None:
    with pytest.raises(AssertionError):
        await nothing_is_sent(world, live, "otp-sms", world.number())


async def test_in_the_sandbox_a_pending_template_can_be_tried(tmp_path: Path) -> None:
    world = await World.make(tmp_path, template_auto_approve="off")
    try:
        projects = world.runtime.services.projects
        id = await made(world.client, custom())
        await is_sent_unless(world, id, refused_with=400)
        await projects.update(world.operator.project, None, Mode.SANDBOX, None)
        await is_sent_unless(world, id, refused_with=None)
    finally:
        await world.runtime.close()


async def is_sent_unless(world: World, id: str, refused_with: int | None) -> None:
    reply = await world.client.post("/v1/messages", {"to": world.number(), "template": {"id": id}})
    assert reply.status == (refused_with or 200), reply.body


async def review_key(world: World, client: AsgiClient) -> AsgiClient:
    """A key that an operator made for the reviewer of the live project."""
    keys, operator = world.runtime.services.api_keys, await world.runtime.operator("live")
    issued = await keys.create(operator, "reviewer", {Scope.TEMPLATES_REVIEW}, None, ())
    return AsgiClient(client.app, authorization=f"Bearer {issued.bearer}")


async def test_no_key_of_a_project_can_approve_its_own_templates(live: AsgiClient) -> None:
    id = await made(live, custom())
    for path, body in (("approve", {}), ("reject", {"remark": "x"})):
        refused(await live.post(f"{PATH}/{id}/{path}", body), 403, 2004, scope="templates:review")
    grant = {"name": "mine", "scopes": ["templates:review"]}
    refused(await live.post("/v1/api-keys", grant), 403, 2004, scope="templates:review")


async def test_scopes_part_reading_from_writing(world: World) -> None:
    keys = world.runtime.services.api_keys
    reader = await keys.create(world.operator, "reader", {Scope.TEMPLATES_READ}, None, ())
    client = AsgiClient(world.client.app, authorization=f"Bearer {reader.bearer}")
    assert (await client.get(PATH)).status == 200
    assert (await client.post(f"{PATH}/lint", custom())).json["passed"] is True
    assert (await client.post(f"{PATH}/otp-sms/preview", {})).status == 200
    for call in (client.post(PATH, custom()), client.call("DELETE", f"{PATH}/otp-sms")):
        refused(await call, 403, 2004, scope="templates:manage")


async def test_another_projects_template_is_not_there(world: World, live: AsgiClient) -> None:
    id = await made(world.client, custom())
    answers = set()
    for each in (id, "nothing"):
        for method, path, body in (
            ("GET", "", None), ("DELETE", "", None), ("PATCH", "", {"description": "x"}),
            ("GET", "/versions", None), ("POST", "/preview", {}),
        ):  # fmt: skip
            reply = await live.call(method, f"{PATH}/{each}{path}", body)
            answers.add((reply.status, reply.json["code"], reply.json["detail"]))
    assert answers == {(404, 4001, "There is no such template in this project.")}
    assert (await world.client.get(f"{PATH}/{id}")).json["version"] == 1


async def test_a_template_of_a_development_project_is_sent_at_once(world: World) -> None:
    for language in LANGUAGES:
        contents = {"sms": {tag: {"text": f"{TEXT} [{tag}]"} for tag in LANGUAGES}}
        body = custom(contents=contents)
        del body["sms_config"]
        id = await made(world.client, body)
        read = (await world.client.get(f"{PATH}/{id}")).json
        assert (read["status"], read["audit_remark"][:22]) == (2, "Approved automatically")
        to, template = world.number(), {"id": id, "language": language}
        assert (await world.client.post("/v1/messages", {"to": to, "template": template})).status
        await deliver(world)
        (message,) = (await world.client.get(f"/v1/inbox/messages?to=%2B{to[1:]}")).json["data"]
        assert message["text"].endswith(f"[{language}]")


async def deliver(world: World) -> None:
    delivering = world.runtime.delivering
    for job in await delivering.due(100):
        await delivering.hand_over(job)


async def test_an_email_s_presets_fill_what_a_call_leaves_out(world: World) -> None:
    body = custom(
        send_channel_strategy="email",
        email_config={"template_name": "x", "template_custom_configs": EMAILS},
    )
    del body["sms_config"]
    id = await made(world.client, body)
    for params, said in (({}, "Example Pro: "), ({"product": "Mine"}, "Mine: ")):
        to = f"p{len(params)}@example.com"
        template = {"id": id, "params": params, "language": "ja"}
        assert (await world.client.post("/v1/messages", {"to": to, "template": template})).status
        await deliver(world)
        (message,) = (await world.client.get(f"/v1/inbox/messages?to={to}")).json["data"]
        assert message["text"].startswith(said)


async def test_a_preview_tells_words_segments_and_cost(tmp_path: Path) -> None:
    prices = (("sms", "0.04"), ("sms:SG", "0.032"))
    world = await World.make(tmp_path, message_prices=prices, price_currency="EUR")
    try:
        async with sdk(world) as client:
            whole = await client.templates.preview("otp-any")
            assert {each["channel"] for each in whole.data} == {"whatsapp", "sms", "voice"}
            assert len(whole.data) == 3 * 13
            (each,) = (await client.templates.preview("otp-sms", channel="sms", language="ja")).data
            assert (each["encoding"], each["segments"]) == ("ucs2", 1)
            assert each["text"].startswith("Watchwordの認証コードは123456です。")
            assert each["cost"] == {"amount": "0.04", "currency": "EUR"}
            long = {"sms": {"default": {"text": TEXT + " Thank you for that." * 8}}}
            await client.templates.update("otp-sms", contents=long)
            (each,) = (await client.templates.preview("otp-sms", language="en", country="SG")).data
            assert (each["segments"], each["cost"]["amount"]) == (2, "0.064")
            (each,) = (await client.templates.preview("otp-email", language="en")).data
            assert (each["segments"], each["cost"]) == (None, None)
            assert each["html"].startswith("<!doctype html>")
            with pytest.raises(BadRequest):
                await client.templates.preview("otp-sms", channel="voice", language="en")
    finally:
        await world.runtime.close()


async def test_lint_finds_without_saving(world: World) -> None:
    async with sdk(world) as client:
        body = custom(f"{TEXT} Reply with this code. Hi {{{{name}}}}.")
        report = await client.templates.lint(**body)
        assert report.passed is False
        assert [each["rule"] for each in report.findings] == ["asks_for_code", "free_variable"]
        assert all(each["message"] and each["fix"] for each in report.findings)
        with pytest.raises(NotFound):
            await client.templates.get(str(body["template_id"]))


async def test_changes_make_versions_that_are_reviewed(world: World, live: AsgiClient) -> None:
    reviewing = await review_key(world, live)
    world.names["live_bearer"] = live.authorization or ""
    world.names["review_bearer"] = reviewing.authorization or ""
    body = custom(description="First")
    id = str(body["template_id"])
    async with sdk(world, "live_bearer") as client, sdk(world, "review_bearer") as reviewer:
        await client.templates.create(**body)
        assert (await reviewer.templates.approve(id, remark="Fine.")).status == 2
        changed = await client.templates.update(id, description="Second")
        assert (changed.version, changed.description, changed.status) == (1, "First", 2)
        assert changed.change == {"version": 2, "status": 1, "audit_remark": ""}
        parts = {name: part for name, part in body.items() if name != "template_id"}
        await client.templates.replace(id, **{**parts, "description": "Third"})
        with pytest.raises(Conflict) as unnamed:
            await reviewer.templates.approve(id)
        assert unnamed.value.extra["reason"] == "several_versions_wait"
        assert (await reviewer.templates.approve(id, version=3)).description == "Third"
        versions = [each async for each in client.templates.versions(id)]
        assert [(each.version, each.in_use, each.status) for each in versions] == [
            (3, True, 2), (2, False, 1), (1, False, 2),
        ]  # fmt: skip
        assert versions[2].reviewed_by == "reviewer"
        with pytest.raises(Conflict):
            await reviewer.templates.approve(id)
        with pytest.raises(PermissionDenied):
            await client.templates.approve(id)
        await client.templates.delete(id)


async def test_a_configuration_is_taken_away_with_null(world: World) -> None:
    body = custom(send_channel_strategy="sms|voice", voice_config={"template_type": 1})
    id = await made(world.client, body)
    change = {"send_channel_strategy": "sms", "voice_config": None, "verify_code_config": None}
    read = (await world.client.call("PATCH", f"{PATH}/{id}", change)).json
    assert set(read["contents"]) == {"sms"} and read["verify_code_config"] is None
    refused(
        await world.client.call("PATCH", f"{PATH}/{id}", {"sms_config": None}), 400, 3003,
        field="sms_config",
    )  # fmt: skip


async def test_links_lead_to_the_domains_of_the_project(world: World) -> None:
    project = {"link_domains": ["example.com"]}
    path = f"/v1/projects/{world.names['other_project']}"
    reply = await world.client.call("PATCH", path, project)
    assert reply.json["link_domains"] == ["example.com"]
    linked = custom(f"{TEXT} https://www.example.com/help")
    other = world.as_("other_key")
    assert (await other.post(f"{PATH}/lint", linked)).json["passed"] is True
    id = await made(other, linked)
    for domains, found in ((["example.com"], False), ([], True), (["example.com"], False)):
        await world.client.call("PATCH", path, {"link_domains": domains})
        rules = {each["rule"] for each in (await other.get(f"{PATH}/{id}")).json["findings"]}
        assert ("link_foreign" in rules) is found
    assert (await world.client.post(f"{PATH}/lint", linked)).json["passed"] is False
