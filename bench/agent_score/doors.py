"""Five doors, and the webhook: a deterministic client goes in by each and does what it reads.

It knows the URL of a server, that somebody asked it to verify a number, and how its door is read
(an index has links, OpenAPI has examples, MCP has tools); everything else it takes from there.
"""

import asyncio
import io
import json
import re
import tarfile
import time
import urllib.parse
import urllib.request
from collections.abc import Callable
from typing import Any

import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from bench.agent_score.reading import Agent, Stuck
from watchword import Watchword, agent

PERSON = "+14155550123"
"""Whom the agent was asked to verify; any number that exists works in the sandbox."""
_LINK = re.compile(r"\]\((\S+?)\)")
_PAIR = re.compile(r"`(\w+:\w+)`")
_JSON = re.compile(r"^```json\n(.*?)^```$", re.MULTILINE | re.DOTALL)


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
    first = next((one for one in listed if "quickstart" in one["name"]), listed[0])
    content = naive.raw(urllib.parse.urljoin(naive.fetches[-1], first["url"]))
    if content[:2] != b"\x1f\x8b":
        text = content.decode()
    else:
        with tarfile.open(fileobj=io.BytesIO(content)) as packed:
            packed.extractall(naive.folder, filter="data")
        text = (naive.folder / "SKILL.md").read_text(encoding="utf-8")
    if not naive.follow(text):
        raise Stuck("the skill does not lead to `approved`")


def openapi(naive: Agent) -> None:
    """The description alone: its examples are the requests, what it says is the key."""
    document = json.loads(naive.read("/openapi.json"))
    said = json.dumps([document["info"], document["components"]["securitySchemes"]])
    keys = _PAIR.findall(said)
    if not keys:
        raise Stuck("the description names no key to try it with")
    table = {
        one["operationId"]: (method.upper(), path, one)
        for path, item in document["paths"].items()
        for method, one in item.items()
    }
    method, path, send = table["sendMessage"]
    sent = naive.call(method, path, keys[0], _example(send))
    method, path, _inbox = table["listSandboxMessages"]
    mine = {"message_id": sent["message_id"]}
    code = None
    for _ in range(3):  # it is delivered a moment after it was taken
        inbox = naive.call(method, path, keys[0])["data"]
        code = next((one["code"] for one in inbox if mine.items() <= one.items()), None)
        if code is not None:
            break
        time.sleep(0.5)
    else:
        raise Stuck("the message is not in the inbox")
    method, path, check = table["checkVerification"]
    asked = {**_example(check), **mine, "verify_code": code}
    _expect(naive.call(method, path, keys[0], asked)["status"])


def mcp(naive: Agent) -> None:
    """The server's own word on how to connect, then its tools; the person types the code."""
    about = json.loads(naive.read("/.well-known/oauth-protected-resource/mcp"))
    page = naive.read(about["resource_documentation"])
    blocks = [json.loads(found) for found in _JSON.findall(page)]
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

        async def use(name: str, **arguments: str) -> dict[str, Any]:
            naive.commands += 1
            result = await client.call_tool(name, arguments)
            if result.is_error:
                raise Stuck(f"{name} is refused")
            return dict(result.structured_content or {})

        (template, *_more) = (await use("list_templates"))["templates"]
        sent = await use("send_otp", to=PERSON, template_id=template["template_id"])
        await asyncio.to_thread(person, naive.url, sent["verification_url"])
        _expect((await use("get_otp_status", message_id=sent["message_id"]))["status"])


def tools(naive: Agent) -> None:
    """The definitions alone, as a model gets them from a program that has a client."""
    with Watchword.in_sandbox(naive.url) as client:
        definitions = json.loads(_given(naive, "/v1/tools?format=openai"))["tools"]
        known = {one["name"]: one for one in definitions}
        send = next(one for one in known.values() if "start a verification" in one["description"])
        asked: dict[str, Any] = dict.fromkeys(send["parameters"]["required"])
        naive.commands += 1
        sent = agent.dispatch(send["name"], asked | {"to": PERSON}, client)
        if "verification_url" not in sent:
            raise Stuck(f"{send['name']}: {sent}")
        follower = re.search(r"ask (\w+)", send["description"])
        if follower is None:
            raise Stuck("nothing says how to go on")
        person(naive.url, sent["verification_url"])
        naive.commands += 1
        seen = agent.dispatch(follower[1], {"message_id": sent["message_id"]}, client)
        _expect(seen["status"])


def _given(naive: Agent, path: str) -> bytes:
    """What the program that holds the key hands over: fetched with it."""
    key = urllib.request.HTTPPasswordMgrWithDefaultRealm()
    key.add_password(None, naive.url, "watchword_sandbox_demo", "watchword_sandbox_secret")
    opener = urllib.request.build_opener(urllib.request.HTTPBasicAuthHandler(key))
    naive.fetches.append(naive.url + path)
    with opener.open(naive.url + path, timeout=60) as answer:
        return bytes(answer.read())


def person(url: str, page: str) -> None:
    """Whoever owns the number: reads the message, and types the code on the page."""
    with Watchword.in_sandbox(url) as own:
        (message, *_older) = own.sandbox.messages(to=PERSON)
    form = urllib.parse.urlencode({"code": message.code}).encode()
    urllib.request.urlopen(page, form, timeout=60).close()


def _example(operation: dict[str, Any]) -> dict[str, Any]:
    example: dict[str, Any] = operation["requestBody"]["content"]["application/json"]["example"]
    return example


def _expect(status: str) -> None:
    if status != "approved":
        raise Stuck(f"it ends with {status}")


DOORS: dict[str, Callable[[Agent], None]] = {
    "llms.txt": llms_txt,
    "SKILL.md": skill,
    "OpenAPI": openapi,
    "MCP": mcp,
    "tools.json": tools,
}
