"""The watcher: looks every few seconds for what the operator has to be told, and mails it."""

import asyncio
import itertools

from watchword_server.runtime import Runtime
from watchword_server.telemetry import get_logger

TURN_S = 5.0
"""How soon a change of a budget counts, and how late an alert may come."""
ASK_EVERY = 12
FORGET_EVERY = 12
_SWEEP_ROWS = 100
_log = get_logger("watcher")


class Watcher:
    """Runs on the server's event loop; `run` until `stop`."""

    def __init__(self, runtime: Runtime) -> None:
        self._alerts = runtime.alerts
        self._mailing = runtime.alert_mailing
        self._spending = runtime.spending
        self._stopped = asyncio.Event()

    async def run(self) -> None:
        """Look until `stop`; a turn that fails is logged, and the next one is taken."""
        asking: asyncio.Task[None] | None = None
        for turn in itertools.count():
            try:
                if asking is None or asking.done():
                    wanted = turn % ASK_EVERY == 0
                    asking = asyncio.create_task(self._ask()) if wanted else None
                await self.turn()
                if turn % FORGET_EVERY == 0:
                    while await self._alerts.forget(_SWEEP_ROWS):
                        pass
            except Exception:
                _log.exception("watch.failed")
            try:
                async with asyncio.timeout(TURN_S):
                    await self._stopped.wait()
                break
            except TimeoutError:
                continue
        if asking is not None:
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)

    def stop(self) -> None:
        """Look no more."""
        self._stopped.set()

    async def turn(self) -> None:
        """One look, and the mails that are due."""
        projects = await self._alerts.projects()
        self._spending.know(projects)
        await self._alerts.look(projects)
        await self._mailing.mail()

    async def _ask(self) -> None:
        """Ask vendors, who may take their time, beside the turns."""
        try:
            await self._alerts.ask(await self._alerts.projects())
        except Exception:
            _log.exception("watch.failed")
