"""Five doors: a deterministic client goes in by each and does what it reads.

It knows where its door is, that somebody asked it to verify a number, and how such a door is read
(an index has links, OpenAPI has operations and examples, MCP and function calling have tools).
Keys, ids, paths, tools, fields and the order of the steps it has from what is published.
"""

import asyncio
import io
import json
import re
import tarfile
import time
import urllib.parse
from collections.abc import Callable
from typing import Any

import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from bench.agent_score import people
from bench.agent_score.calling import Tool, verify
from bench.agent_score.choosing import Said, Stuck, best, fields, has_to_be_given, values
from bench.agent_score.describing import Description
from bench.agent_score.reading import Agent

GOAL = "approved"
_BEGIN = "quickstart from nothing: nothing is set up yet, get the first code sent and verified"
_SEND = "send a code to a phone number, which starts a verification"
_CHECK = "check the code that the person typed"
_LINK = re.compile(r"\]\((\S+?)\)")
_JSON = re.compile(r"^```json\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_METADATA = re.compile(r'resource_metadata="([^"]+)"')
_GZIP = b"\x1f\x8b"
_TRIES, _PAUSE_S = 5, 0.5


def llms_txt(naive: Agent) -> None:
    """The index, then the pages it lists first, until one leads to `approved`."""
    index = naive.read("/llms.txt")
    _, _, lists = index.partition("\n## ")
    for link in _LINK.findall(lists)[:2]:
        if naive.follow(naive.read(link)):
            return
    raise Stuck("no page that the index lists first leads to `approved`")


def skill(naive: Agent) -> None:
    """The index of skills, then the one for beginners, with its files."""
    listed = json.loads(naive.read("/.well-known/agent-skills/index.json"))["skills"]
    first = best(_BEGIN, listed, lambda one: Said(one["name"], one["description"]))
    content = naive.raw(urllib.parse.urljoin(naive.fetches[-1], first["url"]))
    if content[:2] != _GZIP:
        text = content.decode()
    else:
        with tarfile.open(fileobj=io.BytesIO(content)) as packed:
            packed.extractall(naive.folder, filter="data")
        text = (naive.folder / "SKILL.md").read_text(encoding="utf-8")
    if not naive.follow(text):
        raise Stuck("the skill does not lead to `approved`")


def openapi(naive: Agent) -> None:
    """The description alone: its examples are the requests, what it says is the key."""
    api = Description(naive, naive.read("/openapi.json"))
    send, check = api.posting(_SEND), api.posting(_CHECK)
    sent, wanted = api.call(send, send.example), fields(check.body)
    given = {name: value for name, value in sent.items() if name in wanted}
    for name in has_to_be_given(check.body):
        if name not in given:
            given[name] = _looked_up(naive, api, name, given)
    _expect(api.call(check, given))


def _looked_up(naive: Agent, api: Description, name: str, given: dict[str, Any]) -> Any:
    """A value that no answer had: a list has it, in the row of what is known."""
    for listing in api.listing(list(given)):
        part = next((part for part in (name, *name.split("_")) if part in listing.answers), None)
        for _ in range(_TRIES if part else 0):  # it is there a moment after it was sent
            rows = [row for _, found in values(api.call(listing)) for row in _rows(found)]
            mine = (row[part] for row in rows if given.items() <= row.items() and part in row)
            if (value := next(mine, None)) is not None:
                return value
            naive.commands -= 1  # the same call again is no other command
            time.sleep(_PAUSE_S)
    raise Stuck(f"nothing says where `{name}` comes from")


def _rows(value: Any) -> list[dict[str, Any]]:
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def mcp(naive: Agent) -> None:
    """The endpoint says where it is described, and the page there how to connect."""
    found = _METADATA.search(naive.challenge("/mcp"))
    if found is None:
        raise Stuck("the endpoint does not say where it is described")
    about = json.loads(naive.read(found[1]))
    blocks = [
        json.loads(text) for text in _JSON.findall(naive.read(about["resource_documentation"]))
    ]
    entries = [one for block in blocks for one in block.get("mcpServers", {}).values()]
    entry = next((one for one in entries if "headers" in one), None)
    if entry is None:
        raise Stuck("the page shows no configuration with a key")
    asyncio.run(_speak(naive, entry))


async def _speak(naive: Agent, entry: dict[str, Any]) -> None:
    async with (
        httpx2.AsyncClient(headers=entry["headers"], timeout=60) as http,
        Client(streamable_http_client(entry["url"], http_client=http)) as client,
    ):
        tools = [
            Tool(
                one.name, one.description or "", one.input_schema, one.output_schema,
                bool(one.annotations and one.annotations.read_only_hint),
            )
            for one in (await client.list_tools()).tools
        ]  # fmt: skip
        loop = asyncio.get_running_loop()

        def use(name: str, arguments: dict[str, Any]) -> Any:
            asked = asyncio.run_coroutine_threadsafe(client.call_tool(name, arguments), loop)
            result = asked.result()
            if result.is_error:
                raise Stuck(f"{name} is refused")
            return result.structured_content

        _expect(await asyncio.to_thread(verify, naive, tools, use))


def tools(naive: Agent) -> None:
    """The definitions alone, as a model gets them from a program that has a key."""
    address = f"{naive.url}/v1/tools?format=openai"
    naive.fetches.append(address)
    defined = [
        Tool(one["name"], one["description"], one["parameters"], None, None)
        for one in json.loads(people.fetched_with_key(address))["tools"]
    ]
    _expect(verify(naive, defined, lambda name, given: people.dispatch(naive.url, name, given)))


def _expect(answer: Any) -> None:
    if GOAL not in [value for _, value in values(answer) if isinstance(value, str)]:
        raise Stuck("it does not end with `approved`")


DOORS: dict[str, Callable[[Agent], None]] = {
    "llms.txt": llms_txt,
    "SKILL.md": skill,
    "OpenAPI": openapi,
    "MCP": mcp,
    "tools.json": tools,
}
