"""The hosted page: a person types the code there, and whoever sent the link learns nothing."""

import re
from pathlib import Path
from urllib.parse import urlencode

import pytest

from api.asgi_client import AsgiClient, Reply
from api.world import CODE, World
from watchword_server.api.hosted import face as hosted
from watchword_server.api.hosted.words import WORDS, Words, spoken
from watchword_server.domain import catalogue, ids
from watchword_server.services import hosted_pages
from watchword_server.services.hosted_pages import CLIENT, HostedPages

anyio = pytest.mark.asyncio(loop_scope="module")
FORM = "application/x-www-form-urlencoded"


async def link(world: World, **more: object) -> tuple[str, str]:
    """A pending verification and the path of its page."""
    sent = await world.send(**more)
    shown = await world.client.call("GET", f"/v1/messages/{sent.json['message_id']}")
    url = shown.json["verification_url"]
    return sent.json["message_id"], url.removeprefix("http://127.0.0.1:8080")


def stranger(world: World) -> AsgiClient:
    return AsgiClient(world.client.app, peer="203.0.113.9")


async def look(world: World, path: str, language: str | None = None) -> Reply:
    return await stranger(world).call("GET", path, headers={"accept-language": language})


async def type_in(world: World, path: str, code: str, **headers: str) -> Reply:
    body = urlencode({"code": code})
    return await stranger(world).call("POST", path, body, headers={"content-type": FORM, **headers})


async def status(world: World, message_id: str) -> str:
    return str((await world.client.call("GET", f"/v1/messages/{message_id}")).json["status"])


@anyio
async def test_the_right_code_approves_and_the_page_says_so_from_then_on(world: World) -> None:
    message_id, path = await link(world)
    typed = await type_in(world, path, f"{CODE[:3]} {CODE[3:]}")
    assert (typed.status, await status(world, message_id)) == (200, "approved")
    for reply in (typed, await look(world, path)):
        assert WORDS["en"].approved in reply.body.decode()
        assert b"<form" not in reply.body


@anyio
async def test_a_wrong_code_shows_the_form_again_until_none_is_left(world: World) -> None:
    message_id, path = await link(world)
    for left in (4, 3, 2, 1):
        typed = await type_in(world, path, "000000")
        assert typed.status == 200
        assert f"Tries left: {left}" in typed.body.decode()
        assert b"<form" in typed.body
    typed = await type_in(world, path, "000000")
    assert (typed.status, await status(world, message_id)) == (410, "exhausted")
    assert (await type_in(world, path, CODE)).status == 410


@anyio
async def test_nothing_typed_costs_nothing(world: World) -> None:
    message_id, path = await link(world)
    for code in ("", "  ", "- -"):
        assert (await type_in(world, path, code)).status == 200
    shown = await world.client.call("GET", f"/v1/messages/{message_id}")
    assert shown.json["checks"] == 0


async def looking_changes_nothing(world: World) -> None:
    message_id, path = await link(world)
    before = await world.client.call("GET", f"/v1/messages/{message_id}")
    for method in ("GET", "HEAD"):
        await stranger(world).call(method, f"{path}?code={CODE}")
        await stranger(world).call(method, path, urlencode({"code": CODE}))
    after = await world.client.call("GET", f"/v1/messages/{message_id}")
    assert before.json == after.json


@anyio
async def test_looking_changes_nothing(world: World) -> None:
    """A scanner of links, or a client that fetches a page before it is opened, approves nothing."""
    await looking_changes_nothing(world)


@anyio
async def test_looking_changes_nothing_mutant_is_caught(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def whatever(self, method, path, headers, client, sent):
        view = await self._pages.open(path.removeprefix("/v/"), client)
        code = sent.query().get("code", "")
        return await self._checked(view, spoken(b"", "en"), code)

    monkeypatch.setattr(hosted.HostedFace, "answer", whatever)
    with pytest.raises(AssertionError):
        await looking_changes_nothing(world)


async def a_made_up_link_is_unknown(world: World) -> None:
    _, path = await link(world)
    segment = path.removeprefix("/v/")
    real = await look(world, path)
    assert real.status == 200
    other = ("A" if segment[-1] != "A" else "B").join((segment[:-1], ""))
    answers = set()
    for made_up in (
        "x", "a/b", "é", segment[:-4], f"{segment}AAAA", other, segment[:-1] + "=",
        segment[:22] + ("A" if segment[22] != "A" else "B") + segment[23:], segment.swapcase(),
    ):  # fmt: skip
        reply = await look(world, f"/v/{made_up}")
        assert reply.status == 404, made_up
        answers.add(reply.body)
    assert len(answers) == 1


@anyio
async def test_a_made_up_link_is_unknown_and_all_unknown_ones_are_alike(world: World) -> None:
    await a_made_up_link_is_unknown(world)


@anyio
async def test_a_made_up_link_mutant_is_caught(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hosted_pages.hmac, "compare_digest", lambda *_: True)
    with pytest.raises(AssertionError):
        await a_made_up_link_is_unknown(world)


@anyio
async def test_a_page_shows_who_asks_and_the_masked_address_and_nothing_more(world: World) -> None:
    number = world.number()
    _, path = await link(world, to=number)
    page = (await look(world, path)).body.decode()
    assert "Watchword" in page
    assert f"{number[:3]}*****{number[-4:]}" in page
    for hidden in (number, CODE, number[1:]):
        assert hidden not in page
        assert hidden not in path


@anyio
async def test_the_field_is_one_a_phone_fills_in(world: World) -> None:
    _, path = await link(world)
    page = (await look(world, path)).body.decode()
    assert page.count("<form") == 1
    field = re.search(r"<input[^>]*>", page)
    assert field
    assert 'autocomplete="one-time-code"' in field[0]
    assert 'inputmode="numeric"' in field[0]
    assert '<label for="code">' in page


@anyio
async def test_a_page_loads_and_frames_nothing_and_is_kept_nowhere(world: World) -> None:
    _, path = await link(world)
    reply = await look(world, path)
    policy = reply.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert reply.headers["referrer-policy"] == "no-referrer"
    assert reply.headers["cache-control"] == "no-store"
    assert not re.findall(r"(?:src|href)=", reply.body.decode())


@anyio
@pytest.mark.parametrize("language", WORDS)
async def test_a_page_speaks_the_readers_language(world: World, language: str) -> None:
    _, path = await link(world)
    tag = language.replace("_", "-")
    page = (await look(world, path, f"{tag};q=0.9, xx;q=1")).body.decode()
    assert f"<h1>{WORDS[language].title}</h1>" in page
    assert f'dir="{"rtl" if language in ("ar", "he") else "ltr"}">' in page


@anyio
async def test_without_a_wish_the_page_speaks_the_messages_language(world: World) -> None:
    _, path = await link(world, template={"id": "otp-sms", "language": "fr"})
    assert WORDS["fr"].title in (await look(world, path)).body.decode()
    assert WORDS["de"].title in (await look(world, path, "de-AT, en;q=0.5")).body.decode()


@anyio
async def test_a_name_in_html_is_shown_as_text(world: World) -> None:
    hostile = "<script>alert(1)</script>"
    project = await world.runtime.services.projects.create(hostile, world.operator.mode)
    caller = await world.runtime.operator(ids.text(ids.Prefix.PROJECT, project.id))
    key = await world.runtime.services.api_keys.create(caller, "k", caller.scopes, None, ())
    client = AsgiClient(world.client.app, authorization=f"Bearer {key.bearer}")
    sent = await world.send(client)
    shown = await client.call("GET", f"/v1/messages/{sent.json['message_id']}")
    page = await look(world, shown.json["verification_url"].removeprefix("http://127.0.0.1:8080"))
    assert b"<script>alert" not in page.body


@anyio
async def test_a_code_bound_to_a_payment_has_no_page(world: World) -> None:
    """The page could not show what is paid, so the approval would not mean it."""
    bound = await world.send(binding={"amount": "10 EUR", "payee": "shop"})
    shown = await world.client.call("GET", f"/v1/messages/{bound.json['message_id']}")
    assert shown.json["verification_url"] is None
    pages = world.runtime.services.hosted_pages
    url = pages.url(
        world.operator.project, ids.parse(ids.Prefix.VERIFICATION, bound.json["message_id"])
    )
    assert (await look(world, url.removeprefix("http://127.0.0.1:8080"))).status == 404


@anyio
@pytest.mark.parametrize("state", ["expired", "canceled", "exhausted"])
async def test_a_verification_that_ended_has_a_page_that_says_so(world: World, state: str) -> None:
    verification = ids.parse(ids.Prefix.VERIFICATION, world.names[state])
    url = world.runtime.services.hosted_pages.url(world.operator.project, verification)
    path = url.removeprefix("http://127.0.0.1:8080")
    for reply in (await look(world, path), await type_in(world, path, CODE)):
        assert reply.status == 410
        assert b"<form" not in reply.body


@anyio
async def test_a_client_that_asks_too_often_waits(world: World) -> None:
    _, path = await link(world)
    busy = AsgiClient(world.client.app, peer="203.0.113.77")
    codes = [(await busy.call("GET", path)).status for _ in range(CLIENT.count + 5)]
    assert codes[:60] == [200] * 60
    assert codes[-1] == 429
    refused = await busy.call("GET", path)
    assert int(refused.headers["retry-after"]) >= 1
    assert (await look(world, path)).status == 200


@anyio
@pytest.mark.parametrize(
    ("method", "headers", "status"),
    [
        ("PUT", {"content-type": FORM}, 405),
        ("POST", {"content-type": "application/json"}, 415),
        ("POST", {"content-type": None}, 415),
        ("POST", {"content-type": FORM, "content-length": "70000"}, 413),
    ],
)
async def test_what_no_browser_sends_is_refused(
    world: World, method: str, headers: dict[str, str | None], status: int
) -> None:
    _, path = await link(world)
    reply = await stranger(world).call(method, path, "code=1", headers=headers)
    assert reply.status == status
    assert reply.headers["content-type"] == "application/problem+json"


def test_every_language_of_the_templates_has_every_word() -> None:
    assert set(WORDS) == set(catalogue.WORDS)
    english = WORDS["en"]
    for words in WORDS.values():
        for name in Words._fields:
            said, model = getattr(words, name), getattr(english, name)
            assert said.strip()
            assert sorted(re.findall(r"\{\w+\}", said)) == sorted(re.findall(r"\{\w+\}", model))


def test_a_link_is_a_capability_of_its_own_verification_only(tmp_path: Path) -> None:
    class Keys:
        def fingerprint(self, project: bytes, text: bytes) -> bytes:
            return (project + text)[-16:]

    pages = HostedPages(None, None, Keys(), None, None, "https://x")  # type: ignore[arg-type]
    made = {pages.url(p * 16, v * 16) for p in (b"a", b"b") for v in (b"c", b"d")}
    assert len(made) == 4
    assert all(re.fullmatch(r"https://x/v/[\w-]{64}", url) for url in made)
