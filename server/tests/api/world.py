"""A small world: two projects and a live one, a message in every state, a key of every kind."""

from dataclasses import dataclass, field, replace
from pathlib import Path

from api.asgi_client import AsgiClient, Reply, basic
from watchword_server.api.app import create
from watchword_server.domain import ids
from watchword_server.domain.project import Caller, Mode, Scope
from watchword_server.runtime import Runtime
from watchword_server.services.api_keys import Issued
from watchword_server.settings import Settings

START = 1_772_366_400_000
CODE = "482913"
GENEROUS = dict.fromkeys(("key", "project", "client", "range", "recipient"), (100_000, 60))


class ManualClock:
    """Time that only a test moves."""

    def __init__(self) -> None:
        self.ms = START

    def now(self) -> int:
        return self.ms

    def advance(self, seconds: float) -> None:
        self.ms += round(seconds * 1000)


@dataclass
class World:
    runtime: Runtime
    clock: ManualClock
    client: AsgiClient
    operator: Caller
    names: dict[str, str] = field(default_factory=dict)
    _numbers: int = 100

    @classmethod
    async def make(cls, directory: Path, **settings: object) -> "World":
        clock = ManualClock()
        runtime = await Runtime.open(
            Settings(
                database_url=f"sqlite:///{directory}/watchword.db",
                sqlite_synchronous="off",
                **settings,  # type: ignore[arg-type]
            ),
            clock=clock,
        )
        operator = await runtime.operator()
        await runtime.services.projects.update(operator.project, None, None, GENEROUS)
        world = cls(runtime, clock, AsgiClient(create(runtime)), operator)
        await world._populate()
        return world

    def text(self, template: str) -> str:
        """A text with the names of this world filled in, such as `{pending}`."""
        for name, value in self.names.items():
            template = template.replace("{" + name + "}", value)
        return template

    def as_(self, key: str) -> AsgiClient:
        """A client with another key of this world."""
        return replace(self.client, authorization=self.names[key])

    def number(self) -> str:
        """A phone number that was not used yet."""
        self._numbers += 1
        return f"+1415555{self._numbers:04d}"

    async def send(self, client: AsgiClient | None = None, **more: object) -> Reply:
        """Send a known code to a number of its own."""
        body = {"to": self.number(), "template": {"id": "otp-sms"}, "code": CODE, **more}
        return await (client or self.client).post("/v1/codes", body)

    async def check(self, message_id: str, code: str = CODE) -> Reply:
        body = {"message_id": message_id, "verify_code": code}
        return await self.client.post("/v1/verifications", body)

    async def _populate(self) -> None:
        await self._keys()
        self.names["expired"] = await self._message(ttl=30)
        self.clock.advance(31)
        for state in ("pending", "approved", "canceled", "exhausted"):
            self.names[state] = await self._message()
        await self.check(self.names["approved"])
        await self.client.post(f"/v1/messages/{self.names['canceled']}/cancel")
        for _ in range(5):
            await self.check(self.names["exhausted"], "000000")
        foreign = await self.send(self.as_("other_key"))
        self.names["foreign"] = foreign.json["message_id"]
        self.names["unknown"] = ids.text(ids.Prefix.VERIFICATION, b"\x01" * 16)
        self.names["busy_number"] = self.number()
        busy = {"to": self.names["busy_number"], "template": {"id": "otp-sms"}}
        assert (await self.client.post("/v1/messages", busy)).status == 200

    async def _message(self, **more: object) -> str:
        reply = await self.send(**more)
        assert reply.status == 200, reply.body
        return str(reply.json["message_id"])

    async def _keys(self) -> None:
        keys = self.runtime.services.api_keys
        every = frozenset(Scope)
        main = await keys.create(self.operator, "main", every, None, ())
        self.client.authorization = self.names["main_key"] = f"Bearer {main.bearer}"
        self.names["main_id"] = ids.text(ids.Prefix.API_KEY, main.key.id)
        self.names["main_secret"] = main.dev_secret
        checker = await keys.create(self.operator, "checker", {Scope.VERIFICATIONS_CHECK}, None, ())
        elsewhere = await keys.create(self.operator, "elsewhere", every, None, ("192.0.2.0/24",))
        disabled = await keys.create(self.operator, "disabled", every, None, ())
        await keys.update(self.operator, disabled.key.id, None, True, None, None)
        short = await keys.create(self.operator, "short", every, 1, ())
        self._name(checker=checker, elsewhere=elsewhere, disabled=disabled, expired=short)
        projects = self.runtime.services.projects
        for name, mode in (("other", Mode.DEVELOPMENT), ("live", Mode.LIVE)):
            project = await projects.create(name, mode)
            self.names[f"{name}_project"] = ids.text(ids.Prefix.PROJECT, project.id)
            key = await keys.create(self.operator, name, every, None, (), project.id)
            self._name(**{name: key})
            self.names[f"{name}_id"] = ids.text(ids.Prefix.API_KEY, key.key.id)
        self.clock.advance(2)

    def _name(self, **issued: Issued) -> None:
        for name, one in issued.items():
            key = ids.text(ids.Prefix.API_KEY, one.key.id)
            self.names[f"{name}_key"] = basic(key, one.dev_secret)
