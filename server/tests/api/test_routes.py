"""Saved routes over the API, through the SDK."""

import pytest

from api.asgi_client import AsgiClient
from api.test_sdk import sdk
from api.world import World
from watchword import BadRequest, NotFound
from watchword_server.ledger import decode_route
from watchword_server.testing import deliver_due

pytestmark = pytest.mark.asyncio(loop_scope="module")

STEPS = [
    {"channel": "whatsapp", "wait_s": 30, "when": {"countries": ["SG"]}},
    {"channel": "sms", "until": "delivered"},
]


async def test_the_whole_life_of_a_route(world: World) -> None:
    async with sdk(world) as client:
        saved = await client.routes.put("life", steps=STEPS, description="Log-in")
        assert (saved.route_id, saved.short_form, saved.templates) == ("life", None, ())
        whole = {"accounts": [], "wait_s": 60, "until": None}
        empty = {"countries": [], "not_countries": [], "number_types": []}
        assert [dict(step) for step in saved.steps] == [
            {**whole, **STEPS[0], "when": {**empty, "countries": ["SG"]}},
            {**whole, **STEPS[1], "when": empty},
        ]
        again = await client.routes.put("life", short_form="whatsapp(30s)|sms(until=delivered)")
        assert again.short_form == "whatsapp(30s)|sms(until=delivered)"
        assert again.created_at == saved.created_at
        assert await client.routes.get("life") == again
        assert "life" in [each.route_id async for each in client.routes.list()]
        given_back = await client.routes.put("life", steps=saved.steps)
        assert given_back.steps == saved.steps
        await client.routes.delete("life")
        with pytest.raises(NotFound):
            await client.routes.get("life")


async def test_a_template_names_a_route_and_is_sent_by_it(world: World) -> None:
    async with sdk(world) as client:
        await client.routes.put("chain", steps=STEPS)
        body = {"brand_name": "Example", "sms_config": {}, "whatsapp_config": {}}
        with pytest.raises(BadRequest) as refused:
            await client.templates.create(template_id="chained", route="chain", sms_config={})
        assert refused.value.extra["field"] == "whatsapp_config"
        await client.templates.create(template_id="chained", route="chain", **body)
        read = await client.templates.get("chained")
        assert (read.route, read.send_channel_strategy) == ("chain", "")
        assert (await client.routes.get("chain")).templates == ("chained",)
        with pytest.raises(BadRequest) as refused:
            await client.routes.delete("chain")
        assert refused.value.extra["templates"] == "chained"
        sent = await client.messages.send(to="+6581234567", template_id="chained")
        assert sent.send_channel == "whatsapp"
        sent = await client.messages.send(to=world.number(), template_id="chained")
        assert sent.send_channel == "sms"
        changed = await client.templates.update("chained", send_channel_strategy="sms")
        assert (changed.route, changed.send_channel_strategy) == (None, "sms")
        back = await client.templates.update("chained", route="chain")
        assert (back.route, back.send_channel_strategy) == ("chain", "")
        listed = {each.template_id: each async for each in client.templates.list()}
        assert listed["chained"].route == "chain"
        await client.templates.delete("chained")
        await client.routes.delete("chain")


async def test_a_call_names_a_route(world: World) -> None:
    async with sdk(world) as client:
        await client.routes.put("named", short_form="voice(20s)|sms")
        for route in ("named", "voice(20s)|sms"):
            sent = await client.messages.send(
                to=world.number(), template_id="otp-any", route=route, code="482913"
            )
            assert sent.send_channel == "voice"
            id = bytes.fromhex(sent.message_id.removeprefix("ver_"))
            live = await world.runtime.store.read(
                lambda tx, id=id: tx.live.get(world.operator.project, id)
            )
            assert live is not None
            assert [step.wait_s for step in decode_route(live.route)] == [20, 60]
        await client.routes.delete("named")


async def test_a_code_is_sent_again_by_the_next_step(world: World) -> None:
    async with sdk(world) as client:
        to = world.number()
        sent = await client.messages.send(to=to, template_id="otp-any", route="sms|voice")
        world.clock.advance(30)
        await client.messages.resend(sent.message_id, "voice")
        await deliver_due(world.runtime)
        inbox = [each async for each in client.inbox.list(to=to)]
        assert {each.channel for each in inbox} == {"sms", "voice"}
        world.clock.advance(60)
        with pytest.raises(BadRequest) as refused:
            await client.messages.resend(sent.message_id, "email")
        assert refused.value.extra["channel"] == "email"


async def test_a_check_says_what_a_recipient_would_get_and_repeats_no_address(
    world: World,
) -> None:
    async with sdk(world) as client:
        report = await client.routes.check(steps=STEPS, to="+14155550198")
        assert report.valid
        assert [(each["taken"], each["left_out"]) for each in report.chosen] == [
            (False, "condition"),
            (True, None),
        ]
        assert "5550198" not in str(report.raw)
        report = await client.routes.check(
            short_form="sms|email", to="+14155550198", alternate_email="a@example.com"
        )
        assert [each["taken"] for each in report.chosen] == [True, True]
        report = await client.routes.check(short_form="sms|email", template_id="otp-any")
        assert [(each["field"], each["rule"]) for each in report.problems] == [
            ("steps[1].channel", "content")
        ]
        assert not report.valid
        assert report.chosen == ()
        await client.routes.put("seen", short_form="sms")
        assert (await client.routes.check("seen")).valid
        await client.routes.delete("seen")


async def test_a_live_project_needs_an_account_for_every_step(world: World) -> None:
    live = world.as_("live_key")
    reply = await live.call("PUT", "/v1/routes/log-in", {"short_form": "sms"})
    assert (reply.status, reply.json["field"]) == (400, "steps[0].channel")
    assert reply.json["rule"] == "no_provider_account"


async def test_another_projects_route_is_not_there(world: World) -> None:
    other: AsgiClient = world.as_("other_key")
    assert (await world.client.call("PUT", "/v1/routes/mine", {"short_form": "sms"})).status == 200
    answers = set()
    for id in ("mine", "nothing"):
        for method, path, body in (
            ("GET", f"/v1/routes/{id}", None), ("DELETE", f"/v1/routes/{id}", None),
            ("POST", "/v1/routes/check", {"route_id": id}),
        ):  # fmt: skip
            reply = await other.call(method, path, body)
            answers.add((reply.status, reply.json["code"], reply.json["detail"]))
    assert answers == {(404, 4001, "There is no such route in this project.")}
    assert (await other.get("/v1/routes")).json == {"data": []}
    assert (await world.client.call("DELETE", "/v1/routes/mine")).json["deleted"] is True
