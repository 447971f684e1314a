"""A run under load in which the server is killed again and again, and what callers were told.

The callers keep a ledger of every 2xx; the mail server keeps what it received.  Most callers wait
for their mail before they go on, as people do.  A kill comes when so many requests were accepted,
in the same turn of the loop in which the last of them was read, while others are under way; the
server is then started again on the same file.
"""

import asyncio
import os
import random
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from e2e.deployment import Server, Site, eventually
from e2e.wire import Connection, basic, connect, request

CALLERS = 24
SEED = 20_261_122
WRONG = "NOTTHECODE"
WAITING = 0.8
"""Share of the callers who wait for their mail."""
_GAPS = ((1, 12), (20, 60), (60, 120))
"""Accepted requests between two kills: some soon after a restart, some after a while."""


@dataclass
class Told:
    """What a caller was told about one send."""

    message_id: str
    to: str
    approved: bool = False
    canceled: bool = False
    wrong: int = 0


@dataclass
class Plan:
    """What is done with the address number `n`: the same in every run of a seed."""

    to: str
    template: str
    code: str
    wrong: int
    waits: bool
    ends: str

    @classmethod
    def of(cls, n: int, *, by_sms: bool = False) -> "Plan":
        dice = random.Random(SEED * 1_000_003 + n)
        code = "".join(dice.choices("ABCDEFGHJKLMNPQRSTUVWXYZ23456789", k=8))
        ends = dice.choices(("stays", "approved", "canceled"), (6, 3, 1))[0]
        waits = dice.random() < WAITING
        wrong = dice.choice((0, 0, 1, 2))
        if by_sms and n % 2:  # to numbers that end in 1 to 4, to which the SMSC delivers
            number = 5_550_000 + 10 * n + n // 2 % 4 + 1
            return cls(f"+1415{number:07}", "otp-sms", code, wrong, waits, ends)
        return cls(f"u{n}@callers.test", "otp-email", code, wrong, waits, ends)


def kill_points(kills: int) -> list[int]:
    """After how many accepted requests each kill comes."""
    dice = random.Random(SEED)
    points, at = [], 0
    for _ in range(kills):
        at += dice.randint(*dice.choice(_GAPS))
        points.append(at)
    return points


@dataclass
class Outage:
    """The run; `ledger` is what callers were told, by `message_id`."""

    site: Site
    has_mail: Callable[[str], bool]
    alterations: tuple[str, ...]
    server: Server
    key: dict[str, str]
    kills: list[int]
    by_sms: bool = False
    ledger: dict[str, Told] = field(default_factory=dict)
    refused: Counter[int] = field(default_factory=Counter)
    accepted: int = 0
    unanswered: int = 0
    killed: int = 0
    _next: int = 0
    _up: asyncio.Event = field(default_factory=asyncio.Event)
    _down: asyncio.Event = field(default_factory=asyncio.Event)

    @classmethod
    def begin(
        cls, site: Site, has_mail: Callable[[str], bool], alterations: tuple[str, ...], kills: int
    ) -> "Outage":
        """Start the server of a live project, its limits out of the way."""
        site.command("projects", "set-mode", "default", "live")
        key = site.key()
        server = site.serve(*alterations)
        site.raise_limits(server, key["project_id"])
        return cls(site, has_mail, alterations, server, key, kill_points(kills))

    async def run(self) -> None:
        """Load until the last kill, and then as long again as between two."""
        self._up.set()
        enough = max(self.kills, default=0) + _GAPS[-1][1]
        keeper = asyncio.create_task(self._keep_up())
        callers = asyncio.gather(*(self._call(enough) for _ in range(CALLERS)))
        try:
            await asyncio.wait({keeper, callers}, return_when=asyncio.FIRST_COMPLETED)
            (keeper if keeper.done() else callers).result()
        finally:
            keeper.cancel()
            callers.cancel()

    async def _keep_up(self) -> None:
        """Start the server again whenever it was killed."""
        while True:
            await self._down.wait()
            self._down.clear()
            code = await asyncio.to_thread(self.server.process.ended)
            assert code == -signal.SIGKILL
            self.server = await asyncio.to_thread(self.site.serve, *self.alterations)
            self._up.set()

    def _accept(self) -> None:
        """Count an accepted request; kill where it is time."""
        self.accepted += 1
        due = self.killed < len(self.kills) and self.accepted >= self.kills[self.killed]
        if not due or not self._up.is_set():
            return
        os.kill(self.server.process.pid, signal.SIGKILL)
        self._up.clear()
        self._down.set()
        self.killed += 1

    async def _call(self, enough: int) -> None:
        """One caller, who follows one plan after the other."""
        while self.accepted < enough:
            await self._up.wait()
            try:
                connection = await connect(self.server.url)
            except OSError:
                continue  # it was killed meanwhile
            try:
                while self.accepted < enough:
                    self._next += 1
                    await self._follow(connection, Plan.of(self._next, by_sms=self.by_sms))
            except ConnectionError:
                self.unanswered += 1
            finally:
                connection.close()

    async def _follow(self, connection: Connection, plan: Plan) -> None:
        send = {"to": plan.to, "template_id": plan.template, "code": plan.code, "ttl": 600}
        killed = self.killed
        sent = await self._ask(connection, "/v1/codes", send)
        if sent is None:
            return
        told = Told(sent["message_id"], plan.to)
        self.ledger[told.message_id] = told
        if plan.waits:
            await self._wait_for_mail(plan.to, killed)
        for code in self._codes(plan):
            body = {"message_id": told.message_id, "verify_code": code}
            checked = await self._ask(connection, "/v1/verifications", body)
            if checked is not None:
                told.approved |= checked["verified"]
                told.wrong += not checked["verified"]
        if plan.ends == "canceled":
            path = f"/v1/messages/{told.message_id}/cancel"
            told.canceled = await self._ask(connection, path, None) is not None

    async def _wait_for_mail(self, to: str, killed: int) -> None:
        """Wait until it is there, or the server was killed since there were `killed` kills."""

        async def is_over() -> bool:
            return self.has_mail(to) or self.killed > killed

        await eventually(is_over, "mail arrives")

    def _codes(self, plan: Plan) -> Iterator[str]:
        yield from [WRONG] * plan.wrong
        if plan.ends == "approved":
            yield plan.code

    async def _ask(self, connection: Connection, path: str, body: object) -> dict | None:
        answer = await connection.ask(request("POST", path, basic(self.key), body))
        if answer.status != 200:
            self.refused[answer.status] += 1
            return None
        self._accept()
        return answer.json
