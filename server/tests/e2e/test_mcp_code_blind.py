"""Whatever the client of an agent receives, there is no code in it.

Every byte of every answer is recorded below the client and searched for the code of its
transcript: plain, in base64, percent-encoded, and with the digits apart.  The codes have ten
digits, so that none is found by chance in the digits of ids.
"""

import asyncio
import base64
import re
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlencode

import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from e2e.deployment import Server, Site
from e2e.test_mcp import MODES, Person
from watchword import Watchword

DIGITS = 10
AT_ONCE = 8
"""Transcripts under way together: most of each is waiting for a person who types nothing."""
FORM = {"content-type": "application/x-www-form-urlencoded"}
TEMPLATE: dict[str, Any] = {
    "template_id": "long", "send_channel_strategy": "sms", "brand_name": "Acme",
    "verify_code_config": {
        "verify_code_type": 1, "verify_code_len": DIGITS, "verify_code_ttl": 5,
    },
    "sms_config": {
        "template_type": 1,
        "template_default_config": {"contain_security": True, "contain_expire": True},
    },
}  # fmt: skip


class Recording(httpx2.AsyncHTTPTransport):
    """Keeps what it passes on."""

    def __init__(self) -> None:
        super().__init__()
        self.heard = bytearray()

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        response = await super().handle_async_request(request)
        for name, value in response.headers.raw:
            self.heard += name + b": " + value + b"\n"
        response.stream = _Tee(response.stream, self.heard)
        return response


class _Tee(httpx2.AsyncByteStream):
    def __init__(self, stream: Any, heard: bytearray) -> None:
        self._stream = stream
        self._heard = heard

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._stream:
            self._heard += chunk
            yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()


def traces(code: str) -> list[bytes]:
    """How a code might be written."""
    raw = code.encode()
    spelled = [base64.b64encode(b"x" * shift + raw)[4 if shift else 0 : -4] for shift in (0, 1, 2)]
    percent = "".join(f"%{digit:02x}" for digit in raw).encode()
    return [raw, *(one for one in spelled if len(one) >= 8), percent, percent.upper()]


def is_in(code: str, heard: bytes) -> bool:
    apart = re.compile(rb"[\s,.\-_]{0,3}".join(re.escape(digit.encode()) for digit in code))
    return any(trace in heard for trace in traces(code)) or bool(apart.search(heard))


async def quietly(client: Client, name: str, **arguments: Any) -> dict[str, Any]:
    result = await client.call_tool(name, arguments)
    return result.structured_content if isinstance(result.structured_content, dict) else {}


async def transcript(
    server: Server, bearer: str, own: Watchword, mode: str, action: str, number: str
) -> None:
    """A whole life of a verification, with errors on the way; no code may be heard."""
    transport, person = Recording(), Person(action)
    headers = {"authorization": f"Bearer {bearer}"}
    async with (
        httpx2.AsyncClient(transport=transport, headers=headers, timeout=60) as http,
        Client(
            streamable_http_client(f"{server.url}/mcp", http_client=http),
            mode=mode, elicitation_callback=person,  # type: ignore[arg-type]
        ) as client,
    ):  # fmt: skip
        sent = await quietly(client, "send_otp", to=number, template_id="long")
        (message,) = await asyncio.to_thread(lambda: list(own.inbox.list(to=number)))
        await quietly(client, "send_otp", to=number, template_id="long")  # the cool-down holds
        await quietly(client, "get_otp_status", message_id=sent["message_id"])
        at = {
            "x-forwarded-for": f"10.0.{int(number[-4:-2])}.{int(number[-2:])}"
        }  # a person's own address
        async with httpx2.AsyncClient(headers=at, timeout=60) as browser:
            for typed in ("0" * DIGITS, message.code):
                body = urlencode({"code": typed})
                await browser.post(sent["verification_url"], content=body, headers=FORM)
        seen = await quietly(client, "get_otp_status", message_id=sent["message_id"])
        assert seen["status"] == "approved"
        for name in ("resend_otp", "cancel_otp"):
            await quietly(client, name, message_id=sent["message_id"])
        await quietly(client, "send_otp", to=message.code)
        await quietly(client, "next_step")
        await client.list_resources()
        await client.read_resource("docs://code-blind")
        await client.get_prompt("verify_person", {"to": number})
    assert len(message.code) == DIGITS
    assert not is_in(message.code, bytes(transport.heard)), "a code was heard"


async def transcripts(site: Site, count: int, *alterations: str) -> None:
    server = site.serve(*alterations, trusted_proxies="127.0.0.1/32")
    key = site.key()
    site.raise_limits(server, site.command("projects", "list")["data"][0]["project_id"])
    with Watchword(server.url, key["dev_key"], key["dev_secret"]) as own:
        own.templates.create(**TEMPLATE)
        free = asyncio.Semaphore(AT_ONCE)

        async def one(number: int) -> None:
            to, action = f"+1415555{2000 + number:04d}", ("accept", "decline")[number // 2 % 2]
            async with free:
                await transcript(server, key["bearer"], own, MODES[number % 2], action, to)

        heard = await asyncio.gather(*map(one, range(count)), return_exceptions=True)
    for error in heard:
        if error is not None:
            raise error
    assert len(heard) == count


async def test_no_answer_to_an_agent_holds_a_code(site: Site) -> None:
    await transcripts(site, 20)


@pytest.mark.long
async def test_no_answer_to_an_agent_holds_a_code_over_1000_transcripts(site: Site) -> None:
    await transcripts(site, 1_000)


async def test_an_answer_that_holds_a_code_mutant_is_caught(site: Site) -> None:
    with pytest.raises(AssertionError, match="a code was heard"):
        await transcripts(site, 1, "whispers_codes")


@pytest.mark.parametrize(
    "heard", ["x1234567890", "1 2 3 4 5 6 7 8 9 0", "%31%32%33%34%35%36%37%38%39%30"]
)
def test_a_code_is_found_however_it_is_written(heard: str) -> None:
    assert is_in("1234567890", heard.encode())
    for shift in range(3):
        assert is_in("1234567890", base64.b64encode(b"y" * shift + b"1234567890, and more"))
    assert not is_in("1234567890", b"123456789 1234568790")
