"""MCP as its clients speak it: the official client, in both eras, against a server of its own."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlencode

import httpx2
import mcp_types as types
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError

from e2e.deployment import Site
from watchword import Watchword

MODES = ("legacy", "2026-07-28")
ACTS = ("verification.created", "verification.canceled")
SANDBOX = "watchword_sandbox_demo.watchword_sandbox_secret"


class Person:
    """Whoever sits before the client: asked to open a page, they may do so and type a code."""

    def __init__(self, action: str = "accept", code: str | None = None) -> None:
        self.action = action
        self.code = code
        self.asked: list[str] = []

    async def __call__(self, _context: Any, params: Any) -> types.ElicitResult:
        assert params.mode == "url"
        self.asked.append(params.url)
        if self.code is not None:
            async with httpx2.AsyncClient() as browser:
                form = {"content-type": "application/x-www-form-urlencoded"}
                typed = await browser.post(
                    params.url, content=urlencode({"code": self.code}), headers=form
                )
                assert typed.status_code == 200
        return types.ElicitResult(action=self.action)  # type: ignore[arg-type]


@asynccontextmanager
async def connected(
    url: str, bearer: str, mode: str, person: Person | None = None
) -> AsyncIterator[Client]:
    headers = {"authorization": f"Bearer {bearer}"}
    async with httpx2.AsyncClient(headers=headers, timeout=60) as http:
        transport = streamable_http_client(f"{url}/mcp", http_client=http)
        async with Client(transport, mode=mode, elicitation_callback=person) as client:
            yield client


async def tool(client: Client, name: str, **arguments: Any) -> dict[str, Any]:
    result = await client.call_tool(name, arguments)
    assert not result.is_error, result.content
    assert isinstance(result.structured_content, dict)
    return result.structured_content


@pytest.fixture
def url(site: Site) -> str:
    return str(site.serve().url)


@pytest.mark.parametrize("mode", MODES)
async def test_a_person_types_the_code_and_the_agent_learns_that_it_was_right(
    url: str, mode: str
) -> None:
    person = Person(code="123456")
    async with connected(url, SANDBOX, mode, person) as client:
        sent = await tool(client, "send_otp", to="+10000000005", template_id="sandbox-otp-tpl")
        assert sent["status"] == "approved"
        assert len(person.asked) == 1
        seen = await tool(client, "get_otp_status", message_id=sent["message_id"])
        assert (seen["status"], seen["verification_url"]) == ("approved", None)
        assert seen["limits"]["left"] >= 0


@pytest.mark.parametrize("mode", MODES)
async def test_yes_before_the_code_was_typed_is_answered_with_pending_and_not_asked_again(
    url: str, mode: str
) -> None:
    person = Person()
    async with connected(url, SANDBOX, mode, person) as client:
        sent = await tool(client, "send_otp", to="+10000000005", template_id="sandbox-otp-tpl")
        assert (sent["status"], sent["declined"], len(person.asked)) == ("pending", False, 1)
        assert sent["verification_url"] == person.asked[0]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("action", ["decline", "cancel"])
async def test_no_approves_nothing(url: str, mode: str, action: str) -> None:
    person = Person(action)
    async with connected(url, SANDBOX, mode, person) as client:
        sent = await tool(client, "send_otp", to="+10000000005", template_id="sandbox-otp-tpl")
        assert (sent["status"], sent["declined"], len(person.asked)) == ("pending", True, 1)


@pytest.mark.parametrize("mode", MODES)
async def test_a_client_that_opens_no_urls_gets_the_link(url: str, mode: str) -> None:
    async with connected(url, SANDBOX, mode) as client:
        sent = await tool(client, "send_otp", to="+10000000005", template_id="sandbox-otp-tpl")
        assert sent["status"] == "pending"
        assert sent["verification_url"].startswith(f"{url}/v/")
        assert "verification_url" in sent["next"]
        ended = await tool(client, "cancel_otp", message_id=sent["message_id"])
        assert (ended["status"], ended["verification_url"]) == ("canceled", None)


@pytest.mark.parametrize("mode", MODES)
async def test_every_tool_is_listed_with_what_it_does_but_the_one_that_takes_codes(
    url: str, mode: str
) -> None:
    async with connected(url, SANDBOX, mode) as client:
        tools = {one.name: one for one in (await client.list_tools()).tools}
        assert list(tools) == [
            "send_otp", "get_otp_status", "resend_otp", "cancel_otp", "list_templates",
            "search_docs", "next_step",
        ]  # fmt: skip
        for one in tools.values():
            assert one.description
            assert one.annotations is not None
            assert one.annotations.title
            assert one.output_schema is not None
        for name in ("list_templates", "next_step"):
            assert not tools[name].input_schema.get("required")
        refused = None
        try:
            await client.call_tool("verify_otp", {"message_id": "x", "code": "123456"})
        except Exception as error:
            refused = str(error)
        assert refused is not None
        assert "Unknown tool" in refused


async def test_a_key_with_the_scope_may_check_a_code(site: Site) -> None:
    server = site.serve()
    issued = site.command("keys", "create", "--name", "agent", *scopes("agent:verify"))
    async with connected(server.url, issued["bearer"], "auto") as client:
        names = [one.name for one in (await client.list_tools()).tools]
        assert "verify_otp" in names
        sent = await tool(client, "send_otp", to="+14155550123")
        with Watchword(server.url, issued["dev_key"], issued["dev_secret"]) as own:
            (message,) = own.inbox.list(to="+14155550123")
        checked = await tool(client, "verify_otp", message_id=sent["message_id"], code=message.code)
        assert checked["status"] == "approved"


def scopes(*more: str) -> list[str]:
    named = ("messages:send", "messages:read", "verifications:check", "inbox:read", *more)
    return [part for scope in named for part in ("--scope", scope)]


async def test_prompts_and_resources_are_described(url: str) -> None:
    async with connected(url, SANDBOX, "auto") as client:
        prompts = (await client.list_prompts()).prompts
        assert {one.name for one in prompts} == {"verify_person", "integrate"}
        assert all(one.description for one in prompts)
        asked = await client.get_prompt("verify_person", {"to": "+14155550123"})
        assert "Never ask for the code" in asked.messages[0].content.text  # type: ignore[union-attr]
        resources = (await client.list_resources()).resources
        assert "docs://sandbox" in {str(one.uri) for one in resources}
        read = await client.read_resource("docs://sandbox")
        assert "# The sandbox" in read.contents[0].text  # type: ignore[union-attr]


@pytest.mark.parametrize("name", ["nothing", "verify_person"])
async def test_a_prompt_that_is_not_there_is_the_callers_mistake(site: Site, name: str) -> None:
    server = site.serve()
    async with connected(server.url, SANDBOX, "auto") as client:
        with pytest.raises(MCPError) as refused:
            await client.get_prompt(name)
        assert refused.value.code == types.INVALID_PARAMS
    assert '"level": "error"' not in server.process.logged()


async def test_events_say_which_agent_did_it_in_which_run(site: Site) -> None:
    server, key = site.serve(), site.key()
    async with connected(server.url, key["bearer"], "auto") as client:

        async def called(name: str, run: str, **arguments: str) -> dict[str, Any]:
            result = await client.call_tool(name, arguments, meta={"run_id": run})
            assert isinstance(result.structured_content, dict), result
            return result.structured_content

        sent = await called("send_otp", "run-7f3a", to="+14155550123")
        await called("cancel_otp", "call +14155550123", message_id=sent["message_id"])
    with Watchword(server.url, key["dev_key"], key["dev_secret"]) as own:
        own.messages.send(to="+14155550124", template_id="otp-sms")
        events = [one for one in own.events.list() if one.type in ACTS]
    said = {(one.type, one.data.get("agent"), one.data.get("run_id")) for one in events}
    assert said == {
        (ACTS[0], "mcp", "run-7f3a"), (ACTS[1], "mcp", "withheld"), (ACTS[0], None, None),
    }  # fmt: skip


async def test_the_documentation_is_found_and_the_next_step_told(url: str) -> None:
    async with connected(url, SANDBOX, "auto") as client:
        found = await tool(client, "search_docs", query="verify webhook signature")
        assert any("/docs/webhooks.md" in one["url"] for one in found["results"])
        advice = await tool(client, "next_step")
        assert advice["step"] in ("send", "verify", "add_webhook", "go_live")
        listed = await tool(client, "list_templates")
        assert "sandbox-otp-tpl" in {one["template_id"] for one in listed["templates"]}


async def test_a_template_that_is_sent_by_a_saved_route_names_it(site: Site) -> None:
    server, key = site.serve(), site.key()
    with Watchword(server.url, key["dev_key"], key["dev_secret"]) as own:
        own.routes.put("log-in", short_form="sms|voice")
        own.templates.create(
            template_id="routed", route="log-in", brand_name="Acme",
            sms_config={
                "template_type": 1,
                "template_default_config": {"contain_security": True, "contain_expire": True},
            },
            voice_config={
                "template_type": 1,
                "template_default_config": {"contain_security": True, "contain_expire": True},
            },
        )  # fmt: skip
    async with connected(server.url, key["bearer"], "auto") as client:
        listed = (await tool(client, "list_templates"))["templates"]
    routed, plain = (
        next(one for one in listed if one["template_id"] == name) for name in ("routed", "otp-sms")
    )
    assert (routed["channels"], routed["route"]) == ([], "log-in")
    assert (plain["channels"], plain["route"]) == (["sms"], None)


async def test_a_refusal_says_what_to_do(url: str) -> None:
    async with connected(url, SANDBOX, "auto") as client:
        refused = await client.call_tool("send_otp", {"to": "+1", "template_id": "otp-sms"})
        assert refused.is_error
        said = refused.content[0].text  # type: ignore[union-attr]
        assert "next_action: fix_address" in said
        assert "doc_url: " in said


@pytest.mark.parametrize("authorization", [None, "Bearer nonsense", "Basic bm86bm8="])
async def test_whoever_has_no_key_is_told_where_keys_come_from(
    url: str, authorization: str | None
) -> None:
    headers = {} if authorization is None else {"authorization": authorization}
    async with httpx2.AsyncClient(timeout=60) as http:
        refused = await http.post(f"{url}/mcp", json={}, headers=headers)
        assert refused.status_code == 401
        told = refused.headers["www-authenticate"]
        metadata = told.split('"')[1]
        about = (await http.get(metadata)).json()
        assert about["resource"] == f"{url}/mcp"


@pytest.mark.parametrize(
    ("headers", "status"),
    [({"origin": "https://evil.example"}, 403), ({"host": "evil.example"}, 421)],
)
async def test_another_site_cannot_speak_through_a_browser(
    url: str, headers: dict[str, str], status: int
) -> None:
    async with httpx2.AsyncClient(timeout=60) as http:
        sent = {
            "authorization": f"Bearer {SANDBOX}",
            "accept": "application/json, text/event-stream",
            **headers,
        }
        refused = await http.post(f"{url}/mcp", json={"jsonrpc": "2.0"}, headers=sent)
        assert refused.status_code == status


async def test_a_session_belongs_to_the_key_that_opened_it(site: Site) -> None:
    server = site.serve()
    first, second = (
        site.command("keys", "create", "--name", name)["bearer"] for name in ("one", "two")
    )
    opening = {
        "jsonrpc": "2.0", "id": 1, "method": "initialize",
        "params": {
            "protocolVersion": "2025-11-25", "capabilities": {},
            "clientInfo": {"name": "t", "version": "1"},
        },
    }  # fmt: skip
    accept = {"accept": "application/json, text/event-stream"}
    async with httpx2.AsyncClient(headers=accept, timeout=60) as http:
        opened = await http.post(
            f"{server.url}/mcp", json=opening, headers={"authorization": f"Bearer {first}"}
        )
        session = {"mcp-session-id": opened.headers["mcp-session-id"]}
        listing = {"jsonrpc": "2.0", "id": 2, "method": "tools/list"}
        for bearer, status in ((first, 200), (second, 404)):
            reply = await http.post(
                f"{server.url}/mcp", json=listing,
                headers={"authorization": f"Bearer {bearer}", **session},
            )  # fmt: skip
            assert reply.status_code == status


@pytest.mark.parametrize("mode", MODES)
async def test_the_log_says_which_agent_called_in_which_run_and_from_where(
    site: Site, mode: str
) -> None:
    server = site.serve()
    async with connected(server.url, SANDBOX, mode) as client:
        await client.call_tool("next_step", {}, meta={"run_id": "run-7f3a"})
        await client.call_tool("next_step", {}, meta={"run_id": "+14155550123"})
    calls = [line for line in server.process.logged().splitlines() if "called by an agent" in line]
    first, second = (json.loads(line) for line in calls)
    assert (first["operation"], first["status"]) == ("getNextStep", 200)
    assert (first["run"], second["run"]) == ("run-7f3a", "withheld")
    assert first["agent"] == "mcp"
    assert first["client"] == "127.0.0.1"
