"""The clients: configuration, options, retries with an injected clock, pagination, closing."""

import json
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

import watchword
from watchword import AsyncWatchword, ConfigurationError, Watchword

KEYS = {"dev_key": "demo", "dev_secret": "s3cr3t-demo"}
SENT = {"message_id": "ver_1", "status": "pending", "send_channel": "sms"}


def ok(body: object) -> httpx2.Response:
    return httpx2.Response(200, json=body)


Play = Callable[..., Any]  # conftest.Script


class Clock:
    """Notes how long it was asked to sleep, and does not."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    async def sleep_async(self, seconds: float) -> None:
        self.slept.append(seconds)


def send_sync(script: httpx2.MockTransport, clock: Clock) -> object:
    with Watchword(**KEYS, transport=script, sleep=clock.sleep, jitter=lambda: 0.0) as client:
        return client.messages.send(to="+6591234567", template_id="otp-sms")


async def send_async(script: httpx2.MockTransport, clock: Clock) -> object:
    async with AsyncWatchword(
        **KEYS, transport=script, sleep=clock.sleep_async, jitter=lambda: 0.0
    ) as client:
        return await client.messages.send(to="+6591234567", template_id="otp-sms")


async def outcome(both: str, script: httpx2.MockTransport, clock: Clock) -> object:
    return send_sync(script, clock) if both == "sync" else await send_async(script, clock)


both = pytest.mark.parametrize("both", ["sync", "async"])


def test_nothing_set_says_what_to_set_and_how_to_get_it() -> None:
    with pytest.raises(ConfigurationError) as caught:
        Watchword()
    for hint in (
        "WATCHWORD_DEV_KEY and WATCHWORD_DEV_SECRET",
        "WATCHWORD_URL",
        "watchword-server keys create --name my-app --json",
    ):
        assert hint in str(caught.value)


def test_half_a_key_names_the_half_that_is_missing() -> None:
    with pytest.raises(ConfigurationError, match=r"There is no WATCHWORD_DEV_SECRET\."):
        AsyncWatchword(dev_key="demo")


def test_two_kinds_of_credentials_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="not both"):
        Watchword(**KEYS, api_key="k")


def test_the_environment_is_read(monkeypatch: pytest.MonkeyPatch, script: Play) -> None:
    monkeypatch.setenv("WATCHWORD_URL", "https://otp.example.com/v1/")
    monkeypatch.setenv("WATCHWORD_DEV_KEY", "from-env")
    monkeypatch.setenv("WATCHWORD_DEV_SECRET", "env-secret")
    played = script(ok({"status": "ok"}), ok({"status": "ok"}))
    assert Watchword(transport=played).health().status == "ok"
    assert Watchword("http://h:1", api_key="k", transport=played).health().status == "ok"
    by_environment, passed = played.requests
    assert str(by_environment.url) == "https://otp.example.com/healthz"
    assert (
        by_environment.headers["authorization"]
        == httpx2.BasicAuth("from-env", "env-secret")._auth_header
    )
    assert str(passed.url) == "http://h:1/healthz"
    assert passed.headers["authorization"] == "Bearer k"


def test_the_default_is_a_server_on_this_machine() -> None:
    assert repr(Watchword(**KEYS)) == "Watchword('http://127.0.0.1:8080')"
    assert repr(AsyncWatchword(api_key="s3")) == "AsyncWatchword('http://127.0.0.1:8080')"


def test_a_proxy_in_the_environment_is_not_asked_for_loopback(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.invalid:3128")
    near, far = (
        Watchword(**KEYS)._runner.http,
        Watchword("http://otp.example.com", **KEYS)._runner.http,
    )
    assert (len(near._mounts), bool(far._mounts)) == (0, True)


@both
async def test_a_post_is_retried_with_the_same_bytes_and_the_same_key(
    both: str, script: Play
) -> None:
    refused = httpx2.ConnectError("refused")
    played, clock = (
        script(refused, httpx2.Response(503, headers={"Retry-After": "3"}), ok(SENT)),
        Clock(),
    )
    message = await outcome(both, played, clock)
    assert message == watchword.Message.from_wire(SENT)
    assert clock.slept == [0.5, 3]
    first, *others = [(r.headers["idempotency-key"], r.content) for r in played.requests]
    assert others == [first, first]
    assert len(first[0]) == 32


@both
async def test_two_calls_have_two_keys(both: str, script: Play) -> None:
    played = script(ok(SENT), ok(SENT))
    await outcome(both, played, Clock())
    await outcome(both, played, Clock())
    keys = {request.headers["idempotency-key"] for request in played.requests}
    assert len(keys) == 2


@both
@pytest.mark.parametrize(
    ("failure", "kind", "maybe_processed"),
    [
        (httpx2.ReadTimeout("slow"), watchword.TimedOut, True),
        (httpx2.WriteTimeout("slow"), watchword.TimedOut, True),
        (httpx2.ReadError("reset"), watchword.ConnectionFailed, True),
        (httpx2.RemoteProtocolError("cut"), watchword.ConnectionFailed, True),
        (httpx2.DecodingError("gzip"), watchword.ConnectionFailed, True),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
async def test_a_lost_answer_is_asked_for_again_with_the_same_key(
    both: str,
    failure: Exception,
    kind: type[watchword.ConnectionFailed],
    maybe_processed: bool,
    script: Play,
) -> None:
    played, clock = script(failure, failure, failure), Clock()
    with pytest.raises(kind) as caught:
        await outcome(both, played, clock)
    assert caught.value.maybe_processed is maybe_processed
    assert caught.value.__cause__ is failure
    assert clock.slept == [0.5, 1.0]
    first, *others = [(r.headers["idempotency-key"], r.content) for r in played.requests]
    assert others == [first, first]


@both
async def test_a_last_try_that_was_never_sent_does_not_undo_an_earlier_one(
    both: str, script: Play
) -> None:
    lost, refused = httpx2.ReadTimeout("slow"), httpx2.ConnectError("refused")
    with pytest.raises(watchword.ConnectionFailed) as caught:
        await outcome(both, script(lost, refused, refused), Clock())
    assert caught.value.maybe_processed is True


@both
async def test_what_is_still_in_flight_is_asked_for_again(both: str, script: Play) -> None:
    headers = {"Retry-After": "5"}
    running = httpx2.Response(409, headers=headers, json={"code": 1000, "retryable": True})
    played, clock = script(running, ok(SENT)), Clock()
    assert await outcome(both, played, clock) == watchword.Message.from_wire(SENT)
    assert clock.slept == [5]


def test_a_program_may_name_its_own_key(script: Play) -> None:
    played = script(ok(SENT), ok(SENT))
    client = Watchword(**KEYS, transport=played)
    for made in (client.with_options(idempotency_key="order-42"), client):
        made.messages.send(to="+6591234567", template_id="otp-sms")
    own, new = [request.headers["idempotency-key"] for request in played.requests]
    assert (own, len(new)) == ("order-42", 32)
    for bad in ("", "é", "a\nb", "k" * 256, '"quoted"', " a", "a "):
        with pytest.raises(ValueError, match="idempotency key"):
            client.with_options(idempotency_key=bad)


@both
@pytest.mark.parametrize(
    "failure", [httpx2.ConnectError("x"), httpx2.ConnectTimeout("x"), httpx2.PoolTimeout("x")]
)
async def test_a_post_that_was_never_sent_is_retried_and_then_says_so(
    both: str, failure: Exception, script: Play
) -> None:
    played, clock = script(failure, failure, failure), Clock()
    with pytest.raises(watchword.ConnectionFailed, match=r"127\.0\.0\.1:8080") as caught:
        await outcome(both, played, clock)
    assert caught.value.maybe_processed is False
    assert clock.slept == [0.5, 1.0]


@both
async def test_a_cool_down_reaches_the_caller_at_once(both: str, script: Play) -> None:
    headers = {"Retry-After": "28"}
    played, clock = script(httpx2.Response(429, headers=headers, json={"code": 3004})), Clock()
    with pytest.raises(watchword.RateLimited) as caught:
        await outcome(both, played, clock)
    assert (caught.value.retry_after, clock.slept) == (28, [])


def test_a_check_is_not_repeated_after_an_answer_that_may_have_evaluated_it(
    script: Play,
) -> None:
    played = script(httpx2.Response(500, json={"code": 1000}))
    client = Watchword(**KEYS, transport=played)
    with pytest.raises(watchword.WatchwordError) as caught:
        client.verifications.check(message_id="ver_1", code="918273")
    assert len(played.requests) == 1
    assert "918273" not in str(caught.value) + repr(caught.value)


def test_with_options_changes_a_copy_that_shares_the_connections(script: Play) -> None:
    played, clock = script(httpx2.ConnectError("x"), ok(SENT), httpx2.ConnectError("x")), Clock()
    client = Watchword(**KEYS, timeout=7, transport=played, sleep=clock.sleep)
    impatient = client.with_options(max_retries=0, timeout=1.5)
    assert client.messages.get("ver_1").message_id == "ver_1"
    with pytest.raises(watchword.ConnectionFailed):
        impatient.messages.get("ver_1")
    timeouts = [request.extensions["timeout"]["read"] for request in played.requests]
    assert timeouts == [7, 7, 1.5]
    assert impatient._runner.http is client._runner.http
    assert type(AsyncWatchword(**KEYS).with_options(timeout=1)) is AsyncWatchword


@pytest.mark.parametrize("group", ["messages", "inbox"])
async def test_every_list_follows_the_cursor_in_both_clients(group: str) -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        start = int(request.url.params.get("cursor", 0))
        rows = [{"message_id": f"x{n}"} for n in range(start, start + 2)]
        return ok({"data": rows, "next_cursor": str(start + 2) if start < 4 else None})

    transport = httpx2.MockTransport(answer)
    sync = getattr(Watchword(**KEYS, transport=transport), group).list
    later = getattr(AsyncWatchword(**KEYS, transport=transport), group).list
    wanted = [f"x{n}" for n in range(6)]
    assert [row.message_id for row in sync()] == wanted
    assert [row.message_id async for row in later()] == wanted
    assert [row.message_id for row in sync(limit=3)] == wanted[:3]
    assert [row.message_id async for row in later(limit=3)] == wanted[:3]


def test_a_list_asks_for_a_page_only_when_it_is_read(script: Play) -> None:
    played = script(ok({"data": [SENT, SENT], "next_cursor": "1"}))
    messages = Watchword(**KEYS, transport=played).messages.list(status="pending")
    assert played.requests == []
    assert next(messages).message_id == "ver_1"
    assert str(played.requests[0].url).endswith("/v1/messages?status=pending")


CALLS: list[tuple[Callable[[Watchword], object], str, str, object]] = [
    (lambda c: c.messages.get("a/b"), "GET", "/messages/a%2Fb", None),
    (lambda c: c.messages.resend("x", "voice"), "POST", "/messages/x/resend", {"channel": "voice"}),
    (lambda c: c.messages.resend("x"), "POST", "/messages/x/resend", {}),
    (lambda c: c.messages.cancel("x"), "POST", "/messages/x/cancel", {}),
    (
        lambda c: c.verifications.check(message_id="x", code="1"),
        "POST",
        "/verifications",
        {"message_id": "x", "verify_code": "1"},
    ),
    (
        lambda c: c.verifications.check(message_id="x", code="1", binding={"payee": "p"}),
        "POST",
        "/verifications",
        {"message_id": "x", "verify_code": "1", "binding": {"payee": "p"}},
    ),
    (lambda c: list(c.inbox.list(to="+65 9")), "GET", "/inbox/messages?to=%2B65+9", None),
    (lambda c: list(c.templates.list()), "GET", "/template-configs", None),
    (lambda c: c.templates.get("x"), "GET", "/template-configs/x", None),
    (
        lambda c: c.templates.create(
            template_id="x", send_channel_strategy="sms", sms_config={"template_type": 1}
        ),
        "POST",
        "/template-configs",
        {"template_id": "x", "send_channel_strategy": "sms", "sms_config": {"template_type": 1}},
    ),
    (
        lambda c: c.templates.lint(template_id="x", send_channel_strategy="sms", brand_name="Ex"),
        "POST",
        "/template-configs/lint",
        {"template_id": "x", "send_channel_strategy": "sms", "brand_name": "Ex"},
    ),
    (
        lambda c: c.templates.update("x", brand_name="Ex"),
        "PATCH",
        "/template-configs/x",
        {"brand_name": "Ex"},
    ),
    (
        lambda c: c.templates.replace("x", send_channel_strategy="sms", description="d"),
        "PUT",
        "/template-configs/x",
        {"send_channel_strategy": "sms", "description": "d"},
    ),
    (lambda c: c.templates.delete("x"), "DELETE", "/template-configs/x", None),
    (lambda c: list(c.templates.versions("x")), "GET", "/template-configs/x/versions", None),
    (
        lambda c: c.templates.preview("x", channel="sms", country="SG"),
        "POST",
        "/template-configs/x/preview",
        {"channel": "sms", "country": "SG"},
    ),
    (lambda c: c.templates.approve("x"), "POST", "/template-configs/x/approve", {}),
    (
        lambda c: c.templates.reject("x", remark="No.", version=2),
        "POST",
        "/template-configs/x/reject",
        {"remark": "No.", "version": 2},
    ),
    (
        lambda c: c.keys.create(name="n", scopes=["s"], allowed_ips=["::1"], expires_in=60),
        "POST",
        "/api-keys",
        {"name": "n", "scopes": ["s"], "allowed_ips": ["::1"], "expires_in": 60},
    ),
    (lambda c: list(c.keys.list()), "GET", "/api-keys", None),
    (lambda c: c.keys.get("x"), "GET", "/api-keys/x", None),
    (lambda c: c.keys.update("x", disabled=False), "PATCH", "/api-keys/x", {"disabled": False}),
    (lambda c: c.keys.delete("x"), "DELETE", "/api-keys/x", None),
    (lambda c: c.keys.rotate("x"), "POST", "/api-keys/x/rotate", {}),
    (lambda c: c.keys.rotate("x", overlap=0), "POST", "/api-keys/x/rotate", {"overlap": 0}),
    (
        lambda c: c.projects.create(name="n", mode="live"),
        "POST",
        "/projects",
        {"name": "n", "mode": "live"},
    ),
    (lambda c: list(c.projects.list()), "GET", "/projects", None),
    (lambda c: c.projects.get("x"), "GET", "/projects/x", None),
    (lambda c: c.projects.update("x", name="n"), "PATCH", "/projects/x", {"name": "n"}),
    (lambda c: c.projects.delete("x"), "DELETE", "/projects/x", None),
]


@pytest.mark.parametrize(
    ("call", "method", "path", "body"),
    CALLS,
    ids=[f"{each[1]} {each[2]} {each[3]}" for each in CALLS],
)
def test_an_operation_is_this_request(
    call: Callable[[Watchword], object],
    method: str,
    path: str,
    body: object,
    script: Play,
) -> None:
    ids = dict.fromkeys(("message_id", "template_id", "dev_key", "project_id"), "x")
    played = script(ok({**ids, "verified": True, "passed": True, "data": []}))
    call(Watchword(**KEYS, transport=played))
    (request,) = played.requests
    assert (request.method, request.url.raw_path.decode()) == (method, f"/v1{path}")
    assert (json.loads(request.content) if request.content else None) == body


def test_send_puts_every_argument_in_its_place(script: Play) -> None:
    played = script(ok(SENT), ok(SENT))
    client = Watchword(**KEYS, transport=played)
    rest = {
        "channel": "sms",
        "route": "sms|voice",
        "alternates": {"email": "zoe@example.com"},
        "ttl": 120,
        "signals": {"ip": "192.0.2.1"},
        "binding": {"amount": "10.00", "payee": "shop"},
        "metadata": {"order": "7"},
        "purpose": "login",
    }
    client.messages.send(to="+65", template_id="t", language="en", params={"a": "b"}, **rest)
    client.messages.send(to="+65", template_id="t", code="0042")
    full, own = played.requests
    template = {"id": "t", "language": "en", "params": {"a": "b"}}
    assert full.url.path == "/v1/messages"
    assert json.loads(full.content) == {"to": "+65", "template": template, **rest}
    assert own.url.path == "/v1/codes"
    assert json.loads(own.content) == {"to": "+65", "template": {"id": "t"}, "code": "0042"}


def test_no_record_shows_a_secret_a_code_or_an_address() -> None:
    key = watchword.ApiKey.from_wire({"dev_key": "key_1", "dev_secret": "s3", "scopes": ["a"]})
    mail = watchword.InboxMessage.from_wire(
        {"message_id": "x", "to": "+6591", "code": "918273", "text": "918273"}
    )
    assert (key.dev_secret, key.scopes, mail.code) == ("s3", ("a",), "918273")
    assert not any(each in f"{key}{mail!r}" for each in ("s3", "918273", "+6591"))


async def test_an_asgi_application_can_be_called_in_process() -> None:
    async def app(scope, receive, send) -> None:
        body = json.dumps({"status": f"{scope['method']} {scope['path']}"}).encode()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": body})

    async with AsyncWatchword(**KEYS, transport=httpx2.ASGITransport(app)) as client:
        assert (await client.health()).status == "GET /healthz"


async def test_leaving_the_block_closes_the_connections() -> None:
    with Watchword(**KEYS) as client:
        assert not client._runner.http.is_closed
    assert client._runner.http.is_closed
    async with AsyncWatchword(**KEYS) as later:
        assert not later._runner.http.is_closed
    assert later._runner.http.is_closed
