"""Each kind of error is provoked, its page is read, what the page says to do is done, and the
retry succeeds.

`PLAYED` are failures of carriers and of the server itself: the sandbox plays them on demand, and
always for the same number, so that the fix is shown by the same call to one that works.
`NOT_HERE` cannot be provoked by one caller in one process; the reason says where it is.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest

from api.asgi_client import AsgiClient, Reply, basic
from api.called import DELIVERED as DELIVERED_REPORT
from api.called import Called
from api.world import CODE, World
from watchword_server.domain.errors import KINDS
from watchword_server.domain.project import Scope

anyio = pytest.mark.asyncio(loop_scope="module")
DEMO = basic("watchword_sandbox_demo", "watchword_sandbox_secret")
OTP = {"id": "otp-sms"}
Calling = Callable[[World], Awaitable[Reply]]


@dataclass(frozen=True)
class Case:
    """One kind.

    Attributes:
        provoke: the call that is refused.
        page: what its page says to do, in the page's words.
        fix: those words as code, and the call again.
    """

    provoke: Calling
    page: str
    fix: Calling


def send(to: str = "", **more: object) -> Calling:
    async def call(world: World) -> Reply:
        body = {"to": to or world.number(), "template": OTP, **more}
        return await world.client.post("/v1/messages", body)

    return call


def played(to: str) -> Calling:
    async def call(world: World) -> Reply:
        demo = replace(world.client, authorization=DEMO)
        return await demo.post("/v1/messages", {"to": to, "template": {"id": "sandbox-otp-tpl"}})

    return call


def get(path: str, **changes: str) -> Calling:
    async def call(world: World) -> Reply:
        client = replace(world.client, **changes)
        return await client.call("GET", world.text(path))

    return call


def as_key(name: str, path: str) -> Calling:
    async def call(world: World) -> Reply:
        return await world.as_(name).call("GET", path)

    return call


def checks(name: str) -> Calling:
    async def call(world: World) -> Reply:
        return await world.check(world.names[name])

    return call


def raw(body: object, headers: dict[str, str | None] | None = None) -> Calling:
    async def call(world: World) -> Reply:
        return await world.client.call("POST", "/v1/messages", body, headers)

    return call


def method(name: str) -> Calling:
    async def call(world: World) -> Reply:
        return await world.client.call(name, "/v1/messages")

    return call


async def new_verification(world: World) -> Reply:
    sent = await world.send()
    return await world.check(sent.json["message_id"])


async def with_a_new_key(world: World) -> Reply:
    made = await world.runtime.services.api_keys.create(
        world.operator, "new", {Scope.MESSAGES_READ}, None, ()
    )
    client = replace(world.client, authorization=f"Bearer {made.bearer}")
    return await client.call("GET", "/v1/messages")


async def sends_twice(world: World) -> Reply:
    return await send(world.names["busy_number"])(world)


async def after_the_wait(world: World) -> Reply:
    refused = await sends_twice(world)
    world.clock.advance(refused.json["retry_after"])
    return await sends_twice(world)


def idempotent(key: str) -> Calling:
    async def call(world: World) -> Reply:
        for to in (world.number(), world.number()):
            body = {"to": to, "template": OTP}
            reply = await world.client.call(
                "POST", "/v1/messages", body, {"Idempotency-Key": key.format(to=to)}
            )
        return reply

    return call


def template(id: str, *configured: str) -> Calling:
    async def call(world: World) -> Reply:
        body = {
            "template_id": id, "send_channel_strategy": "sms|voice", "brand_name": "Example",
            **{f"{channel}_config": {"template_type": 1} for channel in configured},
        }  # fmt: skip
        return await world.client.post("/v1/template-configs", body)

    return call


async def approves_again(world: World) -> Reply:
    await template("again", "sms", "voice")(world)
    return await world.client.post("/v1/template-configs/again/approve", {})


async def to_who_opted_out(world: World) -> Reply:
    body = {"to": world.names.setdefault("unwilling", world.number())}
    assert (await world.client.post("/v1/opt-outs", body)).status == 200
    return await send(body["to"])(world)


async def to_who_subscribed_again(world: World) -> Reply:
    to = world.names["unwilling"]
    gone = await world.client.call("DELETE", f"/v1/opt-outs?to={quote(to)}")
    assert gone.status == 200, gone.body
    return await send(to)(world)


DELIVERED = played("+10000000010")
CASES: dict[str, Case] = {
    "unauthenticated": Case(
        get("/v1/messages", authorization=basic("key_none", "wrong")),
        "with a key from `watchword-server keys create`", with_a_new_key,
    ),
    "key-inactive": Case(
        as_key("disabled_key", "/v1/messages"), "Create or rotate a key", with_a_new_key
    ),
    "forbidden": Case(
        as_key("checker_key", "/v1/messages"), "Use a key that has the scope named in `scope`",
        with_a_new_key,
    ),
    "bad-json": Case(raw(b'{"to":'), "Send one JSON object in UTF-8", send()),
    "body-too-large": Case(send(purpose="x" * 70_000), "at most 65,536 bytes", send()),
    "wrong-content-type": Case(
        raw({"to": "+14155550111", "template": OTP}, {"Content-Type": "text/plain"}),
        "Send `Content-Type: application/json`", send(),
    ),
    "bad-field": Case(
        send(chanel="sms"), "Correct the field named in `field`", send(channel="sms")
    ),
    "wrong-host": Case(
        get("/v1/messages", host="rebound.example"), "Call the server by its public URL",
        get("/v1/messages"),
    ),
    "not-allowed-here": Case(
        as_key("live_key", "/v1/inbox/messages"), "Do what `detail` says",
        as_key("main_key", "/v1/inbox/messages"),
    ),
    "already-used": Case(checks("approved"), "Start a new verification", new_verification),
    "ended": Case(checks("canceled"), "POST /v1/messages", new_verification),
    "conflict": Case(
        template("otp-any", "sms", "voice"), "Choose another name", template("mine", "sms", "voice")
    ),
    "already-so": Case(
        approves_again, "There is nothing to do", get("/v1/template-configs/again")
    ),
    "idempotency-key-reused": Case(
        idempotent("one"), "Use a new Idempotency-Key for a new request", idempotent("for-{to}")
    ),
    "rate-limited": Case(sends_twice, "Wait `retry_after` seconds", after_the_wait),
    "unknown-id": Case(
        get("/v1/messages/{unknown}"), "it must belong to this key's project",
        get("/v1/messages/{pending}"),
    ),
    "unknown-path": Case(get("/v1/message"), "/openapi.json", get("/v1/messages")),
    "wrong-method": Case(method("DELETE"), "one of the methods in the Allow header", method("GET")),
    "invalid-number": Case(send("1234"), "Send the number in E.164", send()),
    "unreachable": Case(
        send("ada@example.com"), "Use a channel that can reach this kind of address",
        send("ada@example.com", template={"id": "otp-email"}),
    ),
    "unsubscribed": Case(
        to_who_opted_out, "until it subscribes again", to_who_subscribed_again
    ),
    "no-channel-config": Case(
        template("half", "sms"), "Give a configuration for every channel",
        template("half", "sms", "voice"),
    ),
}  # fmt: skip
PLAYED = {
    "internal": "+10000001000", "unavailable": "+10000001503", "send-failed": "+10000005001",
    "blacklisted": "+10000000011", "content-rejected": "+10000005014",
    "intercepted": "+10000005015", "send-broken": "+10000005016",
    "region-closed": "+10000005017", "switched-off": "+10000005018",
    "unregistered": "+10000005020",
}  # fmt: skip
CALLBACKS: dict[str, tuple[dict[str, object], str]] = {
    "forged-callback": ({"signed": "wrong"}, "Compare the secret in the provider account's"),
    "unreadable-callback": ({"body": b"no rows"}, "the callbacks that the provider's page names"),
    "unknown-report": ({"rows": [{"id": "SM9", "status": "delivered"}]}, "compare the account"),
}
"""What a vendor posts to an account, and what the page says: the fix is the vendor's own callback,
signed, readable, and about a message of the account."""
NOT_HERE = {
    "request-in-flight": "takes two requests at once of which one runs for 10 s: "
    "e2e/test_idempotency.py waits and repeats it",
    "no-channel": "its fix is the operator's, at the start of the server: the test below",
}


def test_every_kind_has_a_case_or_a_reason() -> None:
    assert set(CASES) | set(PLAYED) | set(CALLBACKS) | set(NOT_HERE) == {
        kind.slug for kind in KINDS
    }


async def page_behind(reply: Reply, client: AsgiClient) -> str:
    """The page that an error links."""
    path = urlsplit(reply.json["doc_url"]).path
    page = await replace(client, authorization=None).call("GET", path)
    assert page.status == 200
    return page.body.decode()


async def its_fix_works(world: World, slug: str, case: Case) -> None:
    """Provoke it, read its page, do what the page says."""
    refused = await case.provoke(world)
    assert urlsplit(refused.json["doc_url"]).path == f"/docs/errors/{slug}.md"
    page = await page_behind(refused, world.client)
    assert "## Why it happens" in page
    assert case.page in page.partition("## What to do")[2]
    again = await case.fix(world)
    assert again.status == 200, again.body


@anyio
@pytest.mark.parametrize("slug", CASES)
async def test_the_fix_of_its_page_makes_the_retry_succeed(world: World, slug: str) -> None:
    await its_fix_works(world, slug, CASES[slug])


@anyio
@pytest.mark.parametrize("slug", PLAYED)
async def test_what_the_sandbox_plays_has_its_page_and_another_call_succeeds(
    world: World, slug: str
) -> None:
    kind = next(kind for kind in KINDS if kind.slug == slug)
    case = Case(played(PLAYED[slug]), kind.fix, DELIVERED)
    await its_fix_works(world, slug, case)


@pytest.mark.parametrize("slug", CALLBACKS)
async def test_the_fix_of_a_callback_s_page_makes_the_vendor_s_next_one_count(
    called: Called, slug: str
) -> None:
    wrong, says = CALLBACKS[slug]
    refused = await called.post(**({"rows": DELIVERED_REPORT} | wrong))
    assert urlsplit(refused.json["doc_url"]).path == f"/docs/errors/{slug}.md"
    page = await page_behind(refused, called.client)
    assert says in page.partition("## What to do")[2]
    assert await called.desk.deliveries(called.verification) == ["sms sent"]
    assert (await called.post(DELIVERED_REPORT)).status == 200
    assert await called.desk.deliveries(called.verification) == ["sms delivered"]


@anyio
async def test_a_fix_that_does_not_work_mutant_is_caught(world: World) -> None:
    case = CASES["invalid-number"]
    with pytest.raises(AssertionError):
        await its_fix_works(world, "invalid-number", replace(case, fix=case.provoke))


@anyio
async def test_a_page_that_says_another_thing_mutant_is_caught(world: World) -> None:
    case = CASES["ended"]
    with pytest.raises(AssertionError):
        await its_fix_works(world, "ended", replace(case, page="Ask again and again"))


@anyio
async def test_without_a_provider_the_operator_s_fix_is_a_mail_server(tmp_path: Path) -> None:
    body = {"to": "ada@example.com", "template": {"id": "otp-email"}, "code": CODE}
    settings: dict[str, object] = {}
    for expected in (400, 200):
        folder = tmp_path / str(expected)
        folder.mkdir()
        world = await World.make(folder, **settings)
        reply = await world.as_("live_key").post("/v1/codes", body)
        assert reply.status == expected, reply.body
        if expected == 400:
            assert reply.json["doc_url"].endswith("/docs/errors/no-channel.md")
            assert "provider account" in await page_behind(reply, world.client)
        await world.runtime.close()
        settings = {"smtp_host": "127.0.0.1", "smtp_from_address": "codes@example.com"}
