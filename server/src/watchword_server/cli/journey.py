"""One code from key to approval over real HTTP, step by step: what `demo` and selfcheck show."""

import asyncio
import secrets
import textwrap
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, TypedDict

from watchword import APIError, AsyncWatchword, Conflict, Message, WatchwordError
from watchword_server.api.in_process import InProcess
from watchword_server.cli.calling import problem
from watchword_server.cli.command import Refused, refused
from watchword_server.cli.hosting import Server
from watchword_server.domain.address import mask
from watchword_server.domain.project import Mode, Scope

TEMPLATE = "otp-sms"
DELIVERY_S = 5.0
_LOOK_S = 0.01
_KEY_S = 300
_SHOWN_TEXT = 48
_SCOPES = (
    Scope.MESSAGES_SEND,
    Scope.MESSAGES_READ,
    Scope.VERIFICATIONS_CHECK,
    Scope.INBOX_READ,
)


class Step(TypedDict):
    """What was done, what came of it, how long it took."""

    step: str
    outcome: str
    ms: float


class Happened(TypedDict):
    """An entry of the timeline, `ms` after the first one."""

    ms: float
    type: str
    about: str


def some_number() -> str:
    """A number that libphonenumber takes for valid; nothing is ever sent to it."""
    return f"+1415555{2000 + secrets.randbelow(8000)}"


@asynccontextmanager
async def temporary_key(server: Server) -> AsyncIterator[dict[str, Any]]:
    """A key of the default project that is deleted afterwards.

    Raises:
        Refused: the project is live, so a message would leave this machine.
    """
    api, operator = InProcess(server.runtime), await server.runtime.operator()
    if operator.mode is Mode.LIVE:
        raise refused(
            "The default project is live",
            "A check would send a real message, so none was made.",
            "Use a development project: watchword-server projects set-mode default development",
        )
    wanted = {"name": "temporary", "scopes": list(_SCOPES), "expires_in": _KEY_S}
    status, key = await api.call("createApiKey", operator, body=wanted)
    if status >= 400:
        raise Refused(key)
    try:
        yield key
    finally:
        await api.call("deleteApiKey", operator, path={"dev_key": key["dev_key"]})


class Journey:
    """The steps, each timed; the order matters."""

    def __init__(self, client: AsyncWatchword, to: str, began: float) -> None:
        self._client = client
        self._to = to
        self._since = began
        self._message_id = ""
        self._code = ""

    def step(self, name: str, outcome: str) -> Step:
        """A finished step, and the start of the next one."""
        now = time.perf_counter()
        took, self._since = (now - self._since) * 1000, now
        return Step(step=name, outcome=outcome, ms=round(took, 1))

    async def send(self) -> Step:
        """Ask for a code."""
        sent = await self._client.messages.send(to=self._to, template_id=TEMPLATE)
        self._message_id = sent.message_id
        return self.step("send", f"{TEMPLATE} to {mask(self._to)}: {sent.message_id}")

    async def delivered(self) -> Step:
        """Wait until the worker has handed the message over."""
        last = time.perf_counter() + DELIVERY_S
        message = await self._message()
        while not _is_delivered(message):
            if time.perf_counter() > last:
                raise refused(
                    "Nothing was delivered",
                    f"The message was accepted, but not handed over within {DELIVERY_S:g} s.",
                    "Look at the server's log.",
                )
            await asyncio.sleep(_LOOK_S)
            message = await self._message()
        return self.step("deliver", f"{message.send_channel} to the inbox of this server")

    async def read_back(self) -> Step:
        """Read the message in the inbox of the development project."""
        async for message in self._client.inbox.list(to=self._to, limit=1):
            self._code = str(message.raw["code"])
            text = str(message.raw["text"]).replace(self._code, "*" * len(self._code))
            said = textwrap.shorten(text, _SHOWN_TEXT, placeholder=" …")
            return self.step("read", f"GET /v1/inbox/messages: “{said}”")
        raise refused("The inbox is empty", "The delivered message is not in it.", "Report it.")

    async def wrong(self) -> Step:
        """Submit a code that is not the one."""
        other = f"{(int(self._code) + 1) % 10 ** len(self._code):0{len(self._code)}}"
        result = await self._check(other)
        _must(not result["verified"], "a wrong code was accepted")
        return self.step("wrong code", f"verified: false, {result['checks_left']} checks left")

    async def right(self) -> Step:
        """Submit the code."""
        result = await self._check(self._code)
        _must(bool(result["verified"]), "the right code was refused")
        return self.step("right code", f"verified: true, {result['status']}")

    async def again(self) -> Step:
        """Submit it once more: a code approves once."""
        try:
            await self._check(self._code)
        except Conflict as error:
            return self.step("same code", f"{error.http_status}: {error.message}")
        raise refused("A code approved twice", "It must approve once.", "Report it.")

    async def timeline(self) -> list[Happened]:
        """Everything the server noted down about it."""
        entries = (await self._message()).timeline
        start = _instant(entries[0]["at"])
        return [
            Happened(
                ms=round((_instant(entry["at"]) - start) * 1000, 1),
                type=entry["type"],
                about=_about(entry["data"]),
            )
            for entry in entries
        ]

    async def _check(self, code: str) -> dict[str, Any]:
        checked = await self._client.verifications.check(message_id=self._message_id, code=code)
        return dict(checked.raw)

    async def _message(self) -> Message:
        return await self._client.messages.get(self._message_id)


def _is_delivered(message: Message) -> bool:
    return any(each["status"] == "delivered" for each in message.raw["deliveries"])


def _must(holds: bool, otherwise: str) -> None:
    if not holds:
        raise refused("A step went wrong", f"In this run {otherwise}.", "Report it.")


def _instant(at: str) -> float:
    return datetime.fromisoformat(at).timestamp()


def _about(data: dict[str, Any]) -> str:
    words = [str(data[name]) for name in ("channel", "provider", "to", "reason") if data.get(name)]
    if data.get("checks_left") is not None:
        words.append(f"{data['checks_left']} checks left")
    if data.get("assurance"):
        words.append(f"assurance {data['assurance']}")
    return ", ".join(words)


@asynccontextmanager
async def journey(server: Server) -> AsyncIterator[tuple[dict[str, Any], Journey]]:
    """A key and the steps to take with it.

    Raises:
        Refused: a step went wrong.
    """
    began = time.perf_counter()
    async with temporary_key(server) as key:
        client = AsyncWatchword(
            base_url=server.url, dev_key=key["dev_key"], dev_secret=key["dev_secret"]
        )
        try:
            async with client:
                yield key, Journey(client, some_number(), began)
        except APIError as error:
            raise Refused(problem(error)) from error
        except WatchwordError as error:
            raise Refused({"title": "The call failed", "detail": str(error)}) from error
