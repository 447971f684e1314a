"""OAuth for clients of MCP: the official client's own flow against a real server."""

import asyncio
import base64
import hashlib
import json
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from e2e.deployment import Server, Site
from e2e.oauth_peer import REDIRECT, Browser, Documents, Memory, provider
from e2e.test_mcp import MODES, SANDBOX, tool
from services_needed import node_22, require_package

VERIFIER = "v" * 64
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode()[:-1]
BASIC = {"messages:send", "messages:read", "templates:read"}


@pytest.fixture
def documents(tmp_path: Path) -> Iterator[Documents]:
    with Documents(tmp_path) as made:
        yield made


@pytest.fixture
def site(deploy: Callable[..., Site], documents: Documents) -> Site:
    return deploy(**documents.settings())


class Flow:
    """The flow step by step, so that each may go wrong."""

    def __init__(self, site: Site, server: Server, client: str) -> None:
        self.site, self.url, self.client = site, server.url, client
        self.http = httpx2.AsyncClient(timeout=60)

    async def begin(self, **changes: str | None) -> httpx2.Response:
        asked = {
            "response_type": "code", "client_id": self.client, "redirect_uri": REDIRECT,
            "state": "a-state", "code_challenge": CHALLENGE, "code_challenge_method": "S256",
            "scope": " ".join(sorted(BASIC)), "resource": f"{self.url}/mcp",
        } | changes  # fmt: skip
        query = urlencode({name: value for name, value in asked.items() if value is not None})
        return await self.http.get(f"{self.url}/oauth/authorize?{query}")

    async def ticket(self, *words: str, **changes: str | None) -> str:
        """An approved request's authorization code."""
        begun = await self.begin(**changes)
        waiting = begun.headers["location"]
        (request,) = (await self.command("oauth", "requests"))["data"]
        await self.command("oauth", "approve", request["word"], "--yes", *words)
        back = (await self.http.get(waiting)).headers["location"]
        assert back.startswith(f"{REDIRECT}?")
        told = dict(parse_qsl(urlsplit(back).query))
        assert (told["state"], told["iss"]) == ("a-state", self.url)
        return told["code"]

    async def command(self, *words: str) -> Any:
        return await asyncio.to_thread(self.site.command, *words)

    async def post(self, path: str, **form: str | None) -> httpx2.Response:
        sent = {name: value for name, value in form.items() if value is not None}
        return await self.http.post(f"{self.url}{path}", data=sent)

    async def token(self, ticket: str, **changes: str | None) -> httpx2.Response:
        form = {
            "grant_type": "authorization_code", "code": ticket, "redirect_uri": REDIRECT,
            "client_id": self.client, "code_verifier": VERIFIER, "resource": f"{self.url}/mcp",
        } | changes  # fmt: skip
        return await self.post("/oauth/token", **form)

    async def refresh(self, token: str, **changes: str | None) -> httpx2.Response:
        form = {"grant_type": "refresh_token", "refresh_token": token, "client_id": self.client}
        return await self.post("/oauth/token", **(form | changes))

    async def status(self, token: str) -> int:
        """What `/mcp` says to a token."""
        message = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
            "protocolVersion": "2025-11-25", "capabilities": {},
            "clientInfo": {"name": "t", "version": "1"},
        }}  # fmt: skip
        headers = {
            "authorization": f"Bearer {token}", "accept": "application/json, text/event-stream",
        }  # fmt: skip
        return (await self.http.post(f"{self.url}/mcp", json=message, headers=headers)).status_code


@pytest.fixture
async def flow(site: Site, documents: Documents) -> AsyncIterator[Flow]:
    made = Flow(site, site.serve(), documents.put())
    yield made
    await made.http.aclose()


@pytest.mark.parametrize("mode", MODES)
async def test_the_official_client_gets_in_once_an_operator_has_approved(
    site: Site, documents: Documents, mode: str
) -> None:
    server, memory = site.serve(), Memory()

    async def operator(word: str) -> None:
        (request,) = (await asyncio.to_thread(site.command, "oauth", "requests"))["data"]
        assert (request["word"], request["client_name"]) == (word, "Test client")
        assert request["redirect_uri"] == REDIRECT
        await asyncio.to_thread(site.command, "oauth", "approve", word, "--yes")

    auth = provider(server.url, documents.put(), Browser(operator), memory)
    async with httpx2.AsyncClient(auth=auth, timeout=60) as http:
        transport = streamable_http_client(f"{server.url}/mcp", http_client=http)
        async with Client(transport, mode=mode) as client:  # type: ignore[arg-type]
            assert "verify_otp" not in {one.name for one in (await client.list_tools()).tools}
            sent = await tool(client, "send_otp", to="+14155550123")
            assert sent["status"] == "pending"
    assert memory.tokens is not None
    assert set(str(memory.tokens.scope).split()) == BASIC
    (grant,) = site.command("oauth", "grants")["data"]
    assert set(grant["scopes"]) == BASIC
    secret = memory.tokens.access_token
    assert secret not in server.process.logged()
    assert not site.rows("SELECT 1 FROM grant_tokens WHERE CAST(hash AS TEXT) = ?", secret)


async def test_a_token_is_worth_nothing_at_v1_and_a_key_works_as_before(flow: Flow) -> None:
    issued = (await flow.token(await flow.ticket())).json()
    assert await flow.status(issued["access_token"]) == 200
    assert await flow.status(SANDBOX) == 200
    for token in (issued["access_token"], issued["refresh_token"]):
        headers = {"authorization": f"Bearer {token}"}
        for path in ("/v1/messages", "/v1/template-configs", "/v1/agent/next-step"):
            refused = await flow.http.get(f"{flow.url}{path}", headers=headers)
            assert refused.status_code == 401
    assert await flow.status(issued["refresh_token"]) == 401


async def test_what_is_published_leads_a_client_from_the_refusal_to_the_endpoints(
    flow: Flow,
) -> None:
    refused = await flow.http.post(f"{flow.url}/mcp", json={})
    told = refused.headers["www-authenticate"]
    assert 'scope="messages:send messages:read templates:read"' in told
    about = (await flow.http.get(told.split('"')[1])).json()
    assert about["authorization_servers"] == [flow.url]
    issuer = await flow.http.get(f"{flow.url}/.well-known/oauth-authorization-server")
    said = issuer.json()
    assert said["issuer"] == flow.url
    assert said["code_challenge_methods_supported"] == ["S256"]
    assert said["client_id_metadata_document_supported"] is True
    assert issuer.headers["access-control-allow-origin"] == "*"


async def test_an_authorization_code_is_good_once_and_its_second_use_ends_everything(
    flow: Flow,
) -> None:
    ticket = await flow.ticket()
    issued = (await flow.token(ticket)).json()
    assert await flow.status(issued["access_token"]) == 200
    again = await flow.token(ticket)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    assert await flow.status(issued["access_token"]) == 401
    assert (await flow.refresh(issued["refresh_token"])).status_code == 400
    assert flow.site.command("oauth", "grants")["data"] == []


async def test_a_refresh_token_is_good_once_and_its_second_use_ends_everything(flow: Flow) -> None:
    first = (await flow.token(await flow.ticket())).json()
    second = (await flow.refresh(first["refresh_token"])).json()
    assert second["refresh_token"] != first["refresh_token"]
    assert await flow.status(second["access_token"]) == 200
    again = await flow.refresh(first["refresh_token"])
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    assert await flow.status(second["access_token"]) == 401
    assert (await flow.refresh(second["refresh_token"])).status_code == 400


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code_verifier": None}, "invalid_request"),
        ({"code_verifier": "w" * 64}, "invalid_grant"),
        ({"redirect_uri": "http://127.0.0.1:3939/other"}, "invalid_request"),
        ({"redirect_uri": None}, "invalid_request"),
        ({"resource": "https://other.example/mcp"}, "invalid_target"),
        ({"client_id": "https://other.example/client.json"}, "invalid_grant"),
        ({"grant_type": "client_credentials"}, "invalid_request"),
    ],
)
async def test_a_code_is_exchanged_by_nobody_but_whom_it_was_given_to(
    flow: Flow, changes: dict[str, str | None], error: str
) -> None:
    ticket = await flow.ticket()
    refused = await flow.token(ticket, **changes)
    assert (refused.status_code, refused.json()["error"]) == (400, error)
    assert flow.site.command("oauth", "grants")["data"] == []
    assert (await flow.token(ticket)).status_code == 200  # nothing was used up


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"resource": "https://other.example/mcp"}, "invalid_target"),
        ({"scope": "server:admin keys:manage"}, "invalid_scope"),
    ],
)
async def test_a_request_that_breaks_a_rule_goes_back_to_the_client(
    flow: Flow, changes: dict[str, str | None], error: str
) -> None:
    begun = await flow.begin(**changes)
    assert begun.status_code == 302
    told = dict(parse_qsl(urlsplit(begun.headers["location"]).query))
    assert begun.headers["location"].startswith(REDIRECT)
    assert (told["error"], told["state"], told["iss"]) == (error, "a-state", flow.url)
    assert flow.site.command("oauth", "requests")["data"] == []


@pytest.mark.parametrize(
    "redirect", ["https://evil.example/callback", "http://127.0.0.1:3939/callback/..", None]
)
async def test_nobody_is_sent_to_a_redirect_that_the_client_did_not_register(
    flow: Flow, redirect: str | None
) -> None:
    begun = await flow.begin(redirect_uri=redirect)
    assert begun.status_code == 400
    assert "location" not in begun.headers
    assert flow.site.command("oauth", "requests")["data"] == []


async def test_an_app_on_this_machine_may_come_back_to_any_port(flow: Flow) -> None:
    begun = await flow.begin(redirect_uri="http://127.0.0.1:50123/callback")
    assert begun.status_code == 302
    assert begun.headers["location"].startswith(f"{flow.url}/oauth/wait?")


async def test_the_operator_grants_less_than_is_asked_for_and_never_more(flow: Flow) -> None:
    await flow.begin(scope="messages:send messages:read")
    (request,) = flow.site.command("oauth", "requests")["data"]
    words = ("oauth", "approve", request["word"], "--yes", "--scope", "templates:read", "--json")
    assert flow.site.run(*words).ended() == 1
    flow.site.command("oauth", "deny", request["word"])
    issued = (await flow.token(await flow.ticket("--scope", "messages:read"))).json()
    assert issued["scope"] == "messages:read"
    headers = {"authorization": f"Bearer {issued['access_token']}"}
    async with httpx2.AsyncClient(headers=headers, timeout=60) as http:
        transport = streamable_http_client(f"{flow.url}/mcp", http_client=http)
        async with Client(transport) as client:
            refused = await client.call_tool("send_otp", {"to": "+14155550123"})
            assert refused.is_error


async def test_whoever_is_denied_is_told_so(flow: Flow) -> None:
    begun = await flow.begin()
    (request,) = flow.site.command("oauth", "requests")["data"]
    flow.site.command("oauth", "deny", request["word"])
    back = (await flow.http.get(begun.headers["location"])).headers["location"]
    told = dict(parse_qsl(urlsplit(back).query))
    assert (told["error"], told["iss"]) == ("access_denied", flow.url)


async def test_an_operators_link_shows_what_it_decides_and_decides_once(flow: Flow) -> None:
    begun = await flow.begin()
    (request,) = flow.site.command("oauth", "requests")["data"]
    printed = flow.site.command("oauth", "link", request["word"])["url"]
    link = f"{flow.url}/oauth/{printed.rpartition(chr(47))[2]}"  # its port is the server's own
    for _ in range(2):  # to look at it changes nothing
        shown = (await flow.http.get(link)).text
    for said in ("Test client", flow.client, REDIRECT, "messages:send", request["word"]):
        assert said in shown
    waiting = begun.headers["location"]
    assert (await flow.http.get(waiting)).status_code == 200
    secret = dict(parse_qsl(urlsplit(link).query))["k"]
    decided = await flow.post("/oauth/consent", k=secret, decision="grant")
    assert "Access granted" in decided.text
    assert (await flow.post("/oauth/consent", k=secret, decision="deny")).status_code == 410
    assert (await flow.http.get(link)).status_code == 410
    back = (await flow.http.get(waiting)).headers["location"]
    assert "code=" in back


async def test_revoking_ends_access_and_so_does_the_operator(flow: Flow) -> None:
    for by_client in (True, False):
        issued = (await flow.token(await flow.ticket())).json()
        assert await flow.status(issued["access_token"]) == 200
        if by_client:
            token = issued["refresh_token"]
            done = await flow.post("/oauth/revoke", token=token, client_id=flow.client)
            assert done.status_code == 200
        else:
            (grant,) = flow.site.command("oauth", "grants")["data"]
            flow.site.command("oauth", "revoke", grant["dev_key"])
        assert await flow.status(issued["access_token"]) == 401
        assert (await flow.refresh(issued["refresh_token"])).status_code == 400


async def test_a_key_that_is_deleted_takes_its_tokens_along(flow: Flow) -> None:
    issued = (await flow.token(await flow.ticket())).json()
    (grant,) = flow.site.command("oauth", "grants")["data"]
    flow.site.command("keys", "disable", grant["dev_key"])
    assert await flow.status(issued["access_token"]) in (401, 403)
    flow.site.command("keys", "delete", grant["dev_key"], "--yes")
    assert await flow.status(issued["access_token"]) == 401
    assert flow.site.rows("SELECT count(*) FROM grant_tokens") == [(0,)]


async def test_documents_of_clients_are_fetched_from_public_addresses_alone(
    deploy: Callable[..., Site], documents: Documents
) -> None:
    guarded = deploy(webhook_ca_file=str(documents.ca_file))
    flow = Flow(guarded, guarded.serve(), documents.put())
    begun = await flow.begin()
    await flow.http.aclose()
    assert begun.status_code == 400
    assert "not at a public address" in begun.text
    assert documents.asked == []


async def test_a_document_is_fetched_once_and_one_that_breaks_a_rule_is_of_no_use(
    flow: Flow, documents: Documents
) -> None:
    for _ in range(2):
        assert (await flow.begin()).status_code == 302
    assert documents.asked == ["/client.json"]
    wrong: list[dict[str, Any]] = [
        {"client_id": "https://other.example/client.json"},
        {"redirect_uris": []},
        {"redirect_uris": ["http://example.com/callback"]},
        {"redirect_uris": ["javascript:alert(1)"]},
        {"client_name": None},
        {"client_secret": "hidden"},
        {"token_endpoint_auth_method": "client_secret_post"},
    ]
    for number, changes in enumerate(wrong):
        id = documents.put(f"wrong{number}.json", **changes)
        assert (await flow.begin(client_id=id)).status_code == 400
    documents.answers["/moved.json"] = (302, {"location": flow.client}, b"")
    assert (await flow.begin(client_id=f"{documents.url}/moved.json")).status_code == 400
    assert (await flow.begin(client_id="plain-name")).status_code == 400


async def test_where_oauth_is_off_nothing_says_otherwise(site: Site, documents: Documents) -> None:
    flow = Flow(site, site.serve(oauth="false"), documents.put())
    assert (await flow.begin()).status_code == 404
    for path in ("oauth-authorization-server",):
        assert (await flow.http.get(f"{flow.url}/.well-known/{path}")).status_code == 404
    about = await flow.http.get(f"{flow.url}/.well-known/oauth-protected-resource/mcp")
    assert "authorization_servers" not in about.json()
    assert await flow.status("wwo_" + "0" * 64) == 401
    await flow.http.aclose()


@pytest.mark.parametrize("revision", ["2025-11-25", "2026-07-28"])
async def test_the_conformance_suite_finds_an_authorization_server(
    site: Site, documents: Documents, tmp_path: Path, revision: str
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = site.serve().url
    client = documents.put("suite.json", redirect_uris=["http://127.0.0.1/callback"])
    program = require_package("@modelcontextprotocol/conformance") / "dist/index.js"
    words = (
        "authorization", "--url", url, "--client-id", client, "--port", str(port),
        "--resource", f"{url}/mcp", "--spec-version", revision, "-o", str(tmp_path / "results"),
    )  # fmt: skip
    suite = await asyncio.create_subprocess_exec(
        node_22(), str(program), *words, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    assert suite.stdout is not None
    said = b""
    async with httpx2.AsyncClient(timeout=60) as browser:
        async for line in suite.stdout:
            said += line
            if not line.startswith(f"{url}/oauth/authorize?".encode()):
                continue
            waiting = (await browser.get(line.decode().strip())).headers["location"]
            (request,) = (await asyncio.to_thread(site.command, "oauth", "requests"))["data"]
            await asyncio.to_thread(site.command, "oauth", "approve", request["word"], "--yes")
            await browser.get(waiting, follow_redirects=True)
    assert await suite.wait() == 0, said
    files = sorted((tmp_path / "results").glob("*/checks.json"))
    checks = [one for file in files for one in json.loads(file.read_text())]
    assert {one["status"] for one in checks} == {"SUCCESS"}, checks
    assert {one["id"] for one in checks} == {
        "authorization-server-metadata", "authorization-server-metadata-cimd",
        "authorization-code-grant",
    }  # fmt: skip
