"""Events as callers see them: one, a page, or a feed that goes on.

A feed keeps no queue: it reads on from its place when its reader has taken what it had, so a
slow reader costs nothing.  All feeds of a process share one look at the store, at every commit
that this process makes and at least every `POLL_S` for those of others.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence

import msgspec

from watchword_server.domain import events, ids, strangers
from watchword_server.domain.errors import RATE_LIMITED, Problem, StoreUnavailable
from watchword_server.domain.events import Event
from watchword_server.domain.project import Caller, Scope, ip_allowed
from watchword_server.ports.outside import Clock
from watchword_server.ports.store import Span, Store, Transaction

POLL_S = 0.25
HEARTBEAT_S = 15.0
"""Proxies cut connections that are silent for a minute or less."""
PROOF_MS = 1_000
"""A feed shows nothing on the strength of a proof older than this."""
BATCH = 100
REACH = 20_000
"""How many places one read walks, whosever they are: some milliseconds."""
FEEDS_PER_PROJECT = 32
FEEDS = 1_000
EVERY_TYPE: Span = ("", "~")
_MS = 1000
Again = Callable[[], Awaitable[Caller]]
"""Authenticates anew what a request carried; raises Problem where it is no longer good."""


class EventPage(msgspec.Struct, frozen=True):
    """A page, newest first; `place` is where the next one begins, None on the last."""

    events: Sequence[Event]
    place: int | None


class Events:
    """The use cases of `/v1/events`."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._newest = 0
        self._news = asyncio.Condition()
        self._woken = asyncio.Event()
        self._feeds: Counter[bytes] = Counter()
        self._watch: asyncio.Task[None] | None = None
        self._closed = False

    async def get(self, caller: Caller, event: bytes) -> Event:
        """One event.

        Raises:
            Problem: UNKNOWN_ID.
        """
        place = events.place(event)
        found = await self._store.read(lambda tx: tx.events.at(caller.project, place))
        if found is None or found.id != event:
            raise ids.unknown(ids.Prefix.EVENT)
        return found

    async def page(
        self, caller: Caller, subject: bytes | None, types: Span, place: int | None, limit: int
    ) -> EventPage:
        """Events below `place`, newest first: all of the project's, or those of one subject.

        A page may be short, or empty, though more follow: one read walks `REACH` places at most.
        """

        def query(tx: Transaction) -> EventPage:
            below = tx.events.newest() + 1 if place is None else place
            floor = max(0, below - REACH)
            if subject is None:
                found = tx.events.before(caller.project, below, floor, types, limit + 1)
            else:
                found = tx.events.of_before(caller.project, subject, below, types, limit + 1)
            if len(found) > limit:
                return EventPage(found[:limit], found[limit - 1].number)
            return EventPage(found, floor if subject is None and floor > 1 else None)

        return await self._store.read(query)

    def follow(
        self, caller: Caller, after: int | None, types: Span, again: Again | None = None
    ) -> AsyncGenerator[Sequence[Event], None]:
        """Events after a place, or from now on; an empty batch is a sign of life.

        It ends when the server stops and when the caller would no longer be let in, by `again`
        or, without it, by the key's row.

        Raises:
            Problem: RATE_LIMITED, for too many feeds at a time.
        """
        if not self._has_room(caller.project):
            raise Problem(
                RATE_LIMITED,
                "Too many streams of events are open: close one, or read GET /v1/events.",
                retry_after=round(HEARTBEAT_S),
                extra={"limit": "streams"},
            )
        return self._feed(caller, after, types, again)

    def _has_room(self, project: bytes) -> bool:
        """Whether a project may have one more feed; strangers never take the places of others."""
        most = strangers.most(project, strangers.STREAMS, FEEDS_PER_PROJECT)
        if self._feeds[project] >= most or self._feeds.total() >= FEEDS:
            return False
        theirs = (count for one, count in self._feeds.items() if strangers.owns(one))
        return not strangers.owns(project) or sum(theirs) < FEEDS // strangers.SHARE

    def hint(self) -> None:
        """Something was committed in this process; call it from the event loop."""
        self._woken.set()

    async def close(self) -> None:
        """End every feed."""
        self._closed = True
        if self._watch is not None:
            self._watch.cancel()
        async with self._news:
            self._news.notify_all()

    async def _feed(
        self, caller: Caller, after: int | None, types: Span, again: Again | None
    ) -> AsyncGenerator[Sequence[Event], None]:
        self._feeds[caller.project] += 1
        try:
            place = await self._look() if after is None else after
            if self._watch is None or self._watch.done():
                self._watch = asyncio.create_task(self._watching(), name="events")
            yield ()
            written = proven = self._clock.now()
            is_silent = False
            while not self._closed:
                found, place = await self._read(caller, place, types)
                now = self._clock.now()
                left = HEARTBEAT_S - (now - written) / _MS
                if not found and not is_silent and left > 0:
                    is_silent = await self._silence(place, left)
                    continue
                if not found or now - proven >= PROOF_MS:
                    if not await self._is_good(caller, again):
                        return
                    proven = now
                yield found or ()
                written = self._clock.now()
                is_silent = False
        finally:
            self._feeds[caller.project] -= 1
            if not self._feeds[caller.project]:
                del self._feeds[caller.project]

    async def _read(self, caller: Caller, place: int, types: Span) -> tuple[Sequence[Event], int]:
        """The next events after a place, and the place that was reached."""

        def query(tx: Transaction) -> tuple[Sequence[Event], int, int]:
            newest = tx.events.newest()
            ceiling = min(place + REACH, newest)
            found = tx.events.after(caller.project, place, ceiling, types, BATCH)
            # Below the place where a deleted project had the newest events: numbers begin again.
            return found, found[-1].number if len(found) == BATCH else ceiling, newest

        found, reached, newest = await self._store.read(query)
        await self._saw(newest)
        return found, reached

    async def _silence(self, place: int, seconds: float) -> bool:
        """Wait until anybody has more than `place`; True if that took all the time."""
        try:
            async with asyncio.timeout(seconds), self._news:
                await self._news.wait_for(lambda: self._closed or self._newest != place)
        except TimeoutError:
            return True
        return False

    async def _is_good(self, caller: Caller, again: Again | None) -> bool:
        """Whether the caller would be let in now."""
        if again is None or caller.api_key == caller.project:  # the sandbox would be made anew
            now = self._clock.now()
            return await self._store.read(lambda tx: _stands(tx, caller, now))
        try:
            proven = await again()
        except Problem:
            return False
        return proven.project == caller.project and Scope.EVENTS_READ in proven.scopes

    async def _watching(self) -> None:
        """Look for news for as long as there is a feed."""
        while self._feeds and not self._closed:
            try:
                async with asyncio.timeout(POLL_S):
                    await self._woken.wait()
            except TimeoutError:
                pass
            self._woken.clear()
            try:
                await self._look()
            except StoreUnavailable:
                continue

    async def _look(self) -> int:
        newest = await self._store.read(lambda tx: tx.events.newest())
        await self._saw(newest)
        return newest

    async def _saw(self, newest: int) -> None:
        if newest != self._newest:
            self._newest = newest
            async with self._news:
                self._news.notify_all()


def _stands(tx: Transaction, caller: Caller, now: int) -> bool:
    """Whether a caller's project is there and its key is good; not everyone has a key's row.

    The operator of this machine has no key, and that of a sandbox is public.
    """
    if tx.projects.get(caller.project) is None:
        return False
    if caller.api_key in (b"", caller.project):
        return True
    key = tx.api_keys.find(caller.api_key)
    if key is None or key.disabled or key.project != caller.project:
        return False
    if Scope.EVENTS_READ not in key.scopes or not ip_allowed(key.allowed_ips, caller.client_ip):
        return False
    return key.expires_at is None or key.expires_at > now
