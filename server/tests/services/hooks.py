"""Webhooks at hand: a poster that plays a script, and a desk whose project has endpoints."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from services.desk import Desk, opened
from watchword_server.domain.webhook import Dialect, WebhookDelivery
from watchword_server.ports.outside import Reply
from watchword_server.services.webhooks import Asked, IssuedEndpoint, Selection
from watchword_server.testing import ManualClock, post_due

OK = Reply(200)
URL = "https://hooks.example.com/in"
SCHEDULE = (0.0, 5.0, 300.0)
"""Three attempts: enough to see each turn of a schedule."""

Act = Reply | Exception | Callable[["Post"], Reply]


class Post:
    """What was posted."""

    def __init__(self, url: str, headers: dict[str, str], body: bytes) -> None:
        self.url, self.headers, self.body = url, headers, body

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def is_ping(self) -> bool:
        return self.headers["webhook-id"].startswith("ping_")


class FakePoster:
    """`ports.Poster` that answers by URL, then 200; pings are always taken."""

    def __init__(self) -> None:
        self.posts: list[Post] = []
        self.owners: set[bytes] = set()
        self.acts: dict[str, list[Act] | Act] = {}

    async def post(
        self, url: str, headers: dict[str, str], body: bytes, owner: bytes = b""
    ) -> Reply:
        post = Post(url, dict(headers), body)
        self.owners.add(owner)
        self.posts.append(post)
        acts = [] if post.is_ping else self.acts.get(url, [])
        act = (acts.pop(0) if acts else OK) if isinstance(acts, list) else acts
        if isinstance(act, Exception):
            raise act
        return act if isinstance(act, Reply) else act(post)

    async def aclose(self) -> None:
        """Nothing is open."""

    @property
    def events(self) -> list[Post]:
        """The posts that are no pings."""
        return [one for one in self.posts if not one.is_ping]

    @property
    def types(self) -> list[str]:
        """The types of the events in the order of their posts."""
        return [one.json["type"] for one in self.events]


class Hooks:
    """A desk, its poster and what tests do with both."""

    def __init__(self, desk: Desk, poster: FakePoster) -> None:
        self.desk = desk
        self.poster = poster
        self.runtime = desk.runtime
        self.endpoints = desk.services.webhook_endpoints
        self.log = desk.services.webhook_log

    async def endpoint(self, url: str = URL, **asked: Any) -> IssuedEndpoint:
        """A new endpoint."""
        made, _ = await self.endpoints.create(self.desk.caller, Asked(url=url, **asked))
        return made

    async def callbacks(self, **asked: Any) -> IssuedEndpoint:
        """A new endpoint of the other dialect."""
        return await self.endpoint(dialect=Dialect.ENGAGELAB, **asked)

    async def post(self) -> int:
        """Be the dispatcher until nothing is due."""
        return await post_due(self.runtime)

    async def deliveries(self, endpoint: bytes, **chosen: Any) -> list[WebhookDelivery]:
        """All deliveries of an endpoint, oldest first."""
        told = await self.log.page(self.desk.caller, endpoint, Selection(**chosen), None, 1000)
        return [one.delivery for one in reversed(told)]

    async def states(self, endpoint: bytes) -> list[str]:
        """Where they are, oldest first."""
        return [one.status.value for one in await self.deliveries(endpoint)]

    async def approve(self, to: str) -> bytes:
        """A verification from start to approval: four events."""
        verification = await self.desk.start(to)
        await self.desk.deliver()
        await self.desk.check(verification, self.desk.code)
        return verification


@asynccontextmanager
async def hooked(folder: Path, clock: ManualClock, **more: Any) -> AsyncIterator[Hooks]:
    """Webhooks on a file of their own."""
    poster = FakePoster()
    settings = {"webhook_schedule": SCHEDULE} | more
    async with opened(folder, clock, poster=poster, **settings) as desk:
        yield Hooks(desk, poster)
