"""MCP over stdio: the official client starts `watchword-mcp`, which passes on to a real server."""

import json
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from mcp import Client, StdioServerParameters

from e2e.deployment import Site, environment
from e2e.test_mcp import MODES, Person, tool
from watchword_mcp import bridge
from watchword_mcp.main import target

COMMAND = [sys.executable, "-m", "watchword_mcp"]
NOBODY = "http://127.0.0.1:9"


@asynccontextmanager
async def started(
    mode: str, person: Person | None = None, **settings: str
) -> AsyncIterator[Client]:
    """A client whose server is the command."""
    variables = {f"WATCHWORD_{name.upper()}": value for name, value in settings.items()}
    parameters = StdioServerParameters(
        command=COMMAND[0], args=COMMAND[1:], env=environment() | variables
    )
    async with Client(parameters, mode=mode, elicitation_callback=person) as client:  # type: ignore[arg-type]
        yield client


async def refused(**settings: str) -> str:
    """What is said when a client cannot connect."""
    with pytest.raises(Exception) as caught:
        async with started("legacy", **settings):
            pass
    error: BaseException = caught.value
    while isinstance(error, BaseExceptionGroup):
        (error,) = error.exceptions
    return str(error)


@pytest.mark.parametrize("mode", MODES)
async def test_a_person_is_asked_through_stdio_and_types_the_code(site: Site, mode: str) -> None:
    person = Person(code="123456")
    async with started(mode, person, url=site.serve().url) as client:
        names = [one.name for one in (await client.list_tools()).tools]
        assert names[:2] == ["send_otp", "get_otp_status"]
        sent = await tool(client, "send_otp", to="+10000000005", template_id="sandbox-otp-tpl")
        assert (sent["status"], len(person.asked)) == ("approved", 1)
        seen = await tool(client, "get_otp_status", message_id=sent["message_id"])
        assert seen["status"] == "approved"


async def test_what_a_key_may_is_the_same_through_stdio(site: Site) -> None:
    server, key = site.serve(), site.key("--scope", "agent:verify")
    own = {"dev_key": key["dev_key"], "dev_secret": key["dev_secret"]}
    async with started("auto", url=server.url, **own) as client:
        assert [one.name for one in (await client.list_tools()).tools][-1] == "verify_otp"
        assert {one.name for one in (await client.list_prompts()).prompts}
        read = await client.read_resource("docs://sandbox")
        assert "# The sandbox" in read.contents[0].text  # type: ignore[union-attr]


async def test_a_server_that_does_not_answer_is_told_with_what_to_do() -> None:
    told = await refused(url=NOBODY)
    assert f"No Watchword server answers at {NOBODY}" in told
    assert "WATCHWORD_URL" in told


async def test_a_key_that_is_wrong_is_told_with_what_to_do(site: Site) -> None:
    wrong = {"dev_key": "nobody", "dev_secret": "nothing"}
    told = await refused(url=site.serve().url, **wrong)
    assert "Set WATCHWORD_DEV_KEY" in told
    assert "nothing" not in told


def test_half_a_configuration_ends_with_a_sentence() -> None:
    ended = subprocess.run(
        COMMAND, env=environment(dev_key="one"), capture_output=True, text=True, timeout=60,
        check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert ended.returncode == 1
    assert "both, or neither" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("url", ["example.com", "ftp://example.com", "http://"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="WATCHWORD_URL is the address of a server"):
        target({"WATCHWORD_URL": url})


def test_without_variables_it_is_the_sandbox_and_a_secret_is_in_no_repr() -> None:
    assert target({}).bearer.startswith("watchword_sandbox_demo.")
    own = target({"WATCHWORD_DEV_KEY": "key", "WATCHWORD_DEV_SECRET": "hidden"})
    assert (own.bearer, "hidden" in repr(own)) == ("key.hidden", False)


@pytest.mark.long
async def test_headers_that_forget_the_version_mutant_is_caught(site: Site, tmp_path: Path) -> None:
    """The commonest mistake of a bridge: the second era wants each message's headers."""
    url = site.serve().url
    script = tmp_path / "forgets.py"
    script.write_text(
        "from watchword_mcp import bridge, main\n"
        "bridge.Conversation.sent = lambda self, message: {}\n"
        "main.main()\n"
    )
    assert bridge.Conversation.sent
    parameters = StdioServerParameters(
        command=sys.executable, args=[str(script)], env=environment(url=url)
    )
    with pytest.raises(Exception):  # noqa: B017
        async with Client(parameters, mode="2026-07-28") as client:
            await client.list_tools()


def test_what_was_asked_is_answered_after_the_client_has_closed_its_end(site: Site) -> None:
    asked = {
        "jsonrpc": "2.0", "id": 1, "method": "initialize",
        "params": {
            "protocolVersion": "2025-11-25", "capabilities": {},
            "clientInfo": {"name": "t", "version": "1"},
        },
    }  # fmt: skip
    ended = subprocess.run(
        COMMAND, env=environment(url=site.serve().url), input=json.dumps(asked) + "\n",
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert json.loads(ended.stdout)["result"]["serverInfo"]["name"] == "watchword"
