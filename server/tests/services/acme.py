"""A vendor whose every account a test can see; `installed` puts it into the registry."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated

import msgspec
import pytest

from watchword_server import providers
from watchword_server.domain.delivery import Message, Receipt
from watchword_server.domain.errors import Misconfigured
from watchword_server.domain.inbound import Inbound
from watchword_server.ports.providers import Checkup, Listener, Provider, Setup
from watchword_server.services.accounts import AccountChanges, NewAccount

SECRET = "tok-Zq81-canary"
GOOD = {"host": "sms.example.com", "token": SECRET}


class Settings(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """Settings of Acme."""

    host: Annotated[str, msgspec.Meta(description="Its host.", min_length=1)]
    token: Annotated[str, msgspec.Meta(description="Its token.", extra={"secret": True})]
    port: Annotated[int, msgspec.Meta(description="Its port.", ge=1, le=65_535)] = 443
    key_file: Annotated[str | None, msgspec.Meta(description="A key.")] = None

    def __post_init__(self) -> None:
        if "/" in self.host:
            raise Misconfigured(f"acme: host: {self.host} has a slash, token {self.token}")

    def __repr__(self) -> str:
        return f"<acme {self.host}>"


class Acme(Provider):
    """An account that plays `script` and remembers everything."""

    name = "acme"
    channels = frozenset({"sms", "voice"})
    reports = True
    made: list["Acme"] = []
    script: list[Exception | Receipt] = []
    sessions: dict[str, int] = {}
    broken: list[Exception] = []
    inbound: list[Inbound] = []

    def __init__(self, settings: Settings, setup: Setup) -> None:
        if settings.host == "refuse.example":
            raise Misconfigured(f"acme: token: {settings.token} is not one")
        self.name = setup.account
        self.settings = settings
        self.setup = setup
        self.messages: list[Message] = []
        self.closed = 0
        self.left = asyncio.Event()
        type(self).made.append(self)

    async def send(self, message: Message) -> Receipt:
        self.messages.append(message)
        act = self.script.pop(0) if self.script else Receipt(reference=f"ref-{message.id}")
        if isinstance(act, Exception):
            raise act
        return act

    async def run(self, listener: Listener) -> None:
        self.sessions[self.name] = self.sessions.get(self.name, 0) + 1
        try:
            if self.broken:
                raise self.broken.pop(0)
            if self.inbound:
                await listener([self.inbound.pop(0)])
            await asyncio.Event().wait()
        finally:
            self.sessions[self.name] -= 1

    async def checkup(self) -> Checkup:
        return Checkup(ok=True, detail="The token works.", balance="12.34", currency="EUR")

    def preview(self, message: Message) -> Mapping[str, object] | None:
        return {"url": f"https://{self.settings.host}/", "to": message.to, "token": "***"}

    async def aclose(self) -> None:
        self.closed += 1
        self.left.set()


@contextmanager
def installed(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Acme]]:
    """Acme among the vendors, with nothing remembered."""
    for name, empty in (
        ("made", []), ("script", []), ("sessions", {}), ("broken", []), ("inbound", []),
    ):  # fmt: skip
        monkeypatch.setattr(Acme, name, empty)
    monkeypatch.setitem(providers.PROVIDERS, "acme", "services.acme.Acme")
    yield Acme


async def add(desk, name="gate", caller=None, **more):
    settings = more.pop("settings", GOOD)
    new = NewAccount(name=name, provider="acme", settings=settings, **more)
    return await desk.services.provider_accounts.create(caller or desk.caller, new)


async def change(desk, shown, **changes):
    service = desk.services.provider_accounts
    return await service.update(desk.caller, shown.account.id, AccountChanges(**changes))


async def carriers(desk, times=6):
    """By whom as many texts are taken."""
    names = []
    for number in range(times):
        verification = await desk.start(f"+1415555{2000 + number}")
        await desk.deliver()
        names.append((await desk.timeline(verification)).deliveries[-1].provider)
    return names
