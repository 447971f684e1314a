"""The sessions over which vendors report: one task for each account that has one.

They are kept where the worker runs.  What comes in over a session is durable before its vendor is
told so; a session that breaks is opened again, after a second, then after twice as long each time.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from watchword_server.domain.errors import StoreUnavailable
from watchword_server.domain.inbound import Inbound
from watchword_server.ports.outside import Clock
from watchword_server.ports.providers import Listener, Provider, Vendors
from watchword_server.services.accounts.keeper import Entry, Keeper
from watchword_server.telemetry import get_logger

POLL_S = 0.9
"""So that a change of another process is seen within a second."""
FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 60.0
_MS = 1000
_log = get_logger("accounts")

Take = Callable[[bytes, str, Sequence[Inbound]], Awaitable[object]]
"""Makes what came in durable, for a project's account."""
Sleep = Callable[[float], Awaitable[object]]


class Sessions:
    """Follows changes of accounts and keeps the sessions of those in use; `run` until canceled."""

    def __init__(
        self, keeper: Keeper, vendors: Vendors, take: Take, clock: Clock, *,
        sleep: Sleep = asyncio.sleep,
    ) -> None:  # fmt: skip
        self._keeper = keeper
        self._vendors = vendors
        self._take = take
        self._clock = clock
        self._sleep = sleep
        self._running: dict[Provider, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Follow and keep; at the end every session is closed."""
        try:
            while True:
                self._keeper.changed.clear()
                await self.turn()
                try:
                    async with asyncio.timeout(POLL_S):
                        await self._keeper.changed.wait()
                except TimeoutError:
                    pass
        finally:
            await self._end(list(self._running))

    async def turn(self) -> None:
        """Look for changes once, and act on them."""
        try:
            await self._keeper.refresh()
        except StoreUnavailable as error:
            _log.warning("accounts.unread", error=str(error))
            return
        wanted = {
            adapter: entry
            for entry in self._keeper.used()
            if self._has_session(entry) and (adapter := entry.held.adapter()) is not None
        }
        await self._end([one for one in self._running if one not in wanted])
        for adapter, entry in wanted.items():
            if adapter not in self._running:
                self._running[adapter] = asyncio.create_task(self._keep(adapter, entry))

    def _has_session(self, entry: Entry) -> bool:
        try:
            return self._vendors.describe(entry.account.provider).session
        except Exception:  # a broken package: the account says so itself
            return False

    async def _end(self, adapters: Sequence[Provider]) -> None:
        tasks = [self._running.pop(one) for one in adapters]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _keep(self, adapter: Provider, entry: Entry) -> None:
        account = entry.account
        pause = FIRST_PAUSE_S
        listener = self._listener(account.project, account.name)
        while True:
            began = self._clock.now()
            try:
                await adapter.run(listener)
                return  # there is nothing to keep open
            except Exception as error:
                _log.warning(
                    "account.session_ended", account=account.name, error=type(error).__name__
                )
            if self._clock.now() - began >= LONGEST_PAUSE_S * _MS:
                pause = FIRST_PAUSE_S
            await self._sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_S)

    def _listener(self, project: bytes, account: str) -> Listener:
        async def listen(inbound: Sequence[Inbound]) -> None:
            await self._take(project, account, inbound)

        return listen
