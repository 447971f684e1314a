"""Provider accounts through the SDK, with a real mail server on loopback."""

import json
from collections.abc import Iterator

import pytest

from api.asgi_client import AsgiClient
from api.test_isolation import masked
from api.test_sdk import sdk
from api.world import World
from providers.smtp_peer import SmtpPeer
from watchword import BadRequest, Conflict, NotFound
from watchword_server.api.operations import BY_ID
from watchword_server.testing import deliver_due

pytestmark = pytest.mark.asyncio(loop_scope="module")
PASSWORD = "tok-Zq81-canary"


@pytest.fixture
def peer() -> Iterator[SmtpPeer]:
    with SmtpPeer("none", login=("ada", PASSWORD)) as peer:
        yield peer


def settings(peer: SmtpPeer, **more: object) -> dict[str, object]:
    plain = {"host": peer.host, "port": peer.port, "security": "none", "username": "ada"}
    return plain | {"password": PASSWORD, "from_address": "codes@watchword.test"} | more


async def test_the_vendors_say_what_they_have_to_be_told(world: World) -> None:
    async with sdk(world) as client:
        found = {one.name: one async for one in client.providers.types()}
    smtp = found["smtp"]
    assert (smtp.channels, "inbox" in found) == (("email",), False)
    assert smtp.docs_url == "http://127.0.0.1:8080/docs/providers/smtp.md"
    assert (smtp.description or "").startswith("Email over SMTP")
    fields = {one["name"]: one for one in smtp.settings}
    assert (fields["host"]["required"], fields["host"]["type"]) == (True, "string")
    assert fields["security"]["choices"] == ["none", "starttls", "tls"]
    assert (fields["port"]["type"], fields["port"]["default"]) == ("integer", None)
    assert "password" in [name for name, one in fields.items() if one["secret"]]


async def test_an_account_is_made_tried_changed_and_deleted(world: World, peer: SmtpPeer) -> None:
    async with sdk(world) as client:
        made = await client.providers.create(
            name="mail", provider="smtp", settings=settings(peer), weight=3
        )
        assert (made.channels, made.secrets_set, made.weight) == (("email",), ("password",), 3)
        assert (made.settings["username"], made.settings["password"]) == ("ada", None)
        assert made.callback_url == f"http://127.0.0.1:8080/callbacks/{made.provider_id}"
        id = made.provider_id
        tried = await client.providers.test(id, to="ada@example.com")
        assert (tried.accepted, tried.channel, tried.raw["raw"]) == (True, "email", None), tried.raw
        assert "test message" in peer.messages[0].text
        health = await client.providers.health(id, checkup=True)
        assert (health.state, health.broken, health.checkup is not None) == ("closed", None, True)
        assert (await client.providers.health(id)).checkup is None
        with pytest.raises(BadRequest, match="shows no request"):
            await client.providers.dry_run(id, to="ada@example.com")
        changed = await client.providers.update(id, weight=0, disabled=True)
        assert (changed.weight, changed.disabled, changed.secrets_set) == (0, True, ("password",))
        assert [one.name async for one in client.providers.list()] == ["mail"]
        with pytest.raises(Conflict):
            await client.providers.create(name="mail", provider="smtp", settings=settings(peer))
        await client.providers.delete(id)
        with pytest.raises(NotFound):
            await client.providers.get(id)


async def test_a_wrong_secret_and_an_unreachable_host_are_said_in_words(
    world: World, peer: SmtpPeer
) -> None:
    async with sdk(world) as client:
        wrong = settings(peer, password="another-Zq81")
        made = await client.providers.create(name="wrong", provider="smtp", settings=wrong)
        tried = await client.providers.test(made.provider_id, to="ada@example.com")
        assert (tried.accepted, tried.reason) == (False, "misconfigured")
        assert "credentials" in (tried.advice or "")
        await client.providers.update(made.provider_id, settings={"port": 1})
        tried = await client.providers.test(made.provider_id, to="ada@example.com")
        assert (tried.outcome, tried.reason) == ("unavailable", "provider_down")
        assert "WATCHWORD_PROVIDER_ALLOW" in (tried.advice or "")
        shown = json.dumps([tried.raw, made.raw])
        assert "another-Zq81" not in shown
        await client.providers.delete(made.provider_id)


async def test_a_live_project_sends_through_its_account_at_once(
    world: World, peer: SmtpPeer
) -> None:
    live = AsgiClient(world.client.app, world.names["live_key"])
    body = {"to": "rosalind@lab.example.com", "template": {"id": "otp-email"}}
    refused = await live.post("/v1/messages", body)
    assert (refused.status, refused.json["reason"]) == (400, "no_provider_account")
    account = {"name": "mail", "provider": "smtp", "settings": settings(peer)}
    made = await live.post("/v1/providers", account)
    assert made.status == 201, made.body
    sent = await live.post("/v1/messages", body)
    assert sent.status == 200, sent.body
    await deliver_due(world.runtime)
    assert peer.messages[0].to == "rosalind@lab.example.com"
    one = await live.get(f"/v1/messages/{sent.json['message_id']}")
    assert [each["provider"] for each in one.json["deliveries"]] == ["mail"]
    await live.call("DELETE", f"/v1/providers/{made.json['provider_id']}")
    assert (await live.post("/v1/messages", body)).status in (400, 429)


CALLS = [
    ("GET", "/v1/providers/{id}", None),
    ("PATCH", "/v1/providers/{id}", '{"weight": 1}'),
    ("DELETE", "/v1/providers/{id}", None),
    ("POST", "/v1/providers/{id}/test", {"to": "ada@example.com"}),
    ("GET", "/v1/providers/{id}/health?checkup=true", None),
    ("POST", "/v1/providers/{id}/dry-run", {"to": "ada@example.com"}),
]


@pytest.mark.parametrize(("method", "path", "body"), CALLS)
async def test_a_foreign_account_looks_unknown(
    world: World, peer: SmtpPeer, method: str, path: str, body: object
) -> None:
    other = AsgiClient(world.client.app, world.names["other_key"])
    account = {"name": "theirs", "provider": "smtp", "settings": settings(peer)}
    made = (await other.post("/v1/providers", account)).json
    assert "provider_id" in made, made
    ids = (made["provider_id"], "prv_" + "0" * 32, "prv_malformed")
    answers = {await masked(world, method, path, body, id) for id in ids}
    assert len(answers) == 1
    assert answers.pop()[0] == 404
    assert (await other.call("DELETE", f"/v1/providers/{ids[0]}")).status == 200


async def test_callers_with_the_public_keys_have_no_accounts(world: World) -> None:
    public = "Bearer watchword_sandbox_demo.watchword_sandbox_secret"
    reply = await AsgiClient(world.client.app, public).get("/v1/providers")
    assert (reply.status, reply.json["scope"]) == (403, "providers:manage")


async def test_every_call_needs_the_scope(world: World) -> None:
    ours = [one for one in BY_ID.values() if one.tag == "providers"]
    assert len(ours) == 9
    assert {one.scope for one in ours} == {"providers:manage"}


async def test_a_project_key_names_no_files_of_the_server(world: World, peer: SmtpPeer) -> None:
    keys = world.runtime.services.api_keys
    issued = await keys.create(world.operator, "plain", None, None, ())
    client = AsgiClient(world.client.app, f"Bearer {issued.bearer}")
    body = {"name": "file", "provider": "smtp", "settings": settings(peer, ca_file="/etc/passwd")}
    refused = await client.post("/v1/providers", body)
    assert (refused.json["field"], refused.json["rule"]) == ("settings.ca_file", "operator_only")
    assert "passwd" not in refused.json["detail"]
