"""Taking messages back whose verification was canceled, where a vendor can.

It is a courtesy to the recipient, who is not left with a code that is worth nothing: it is asked
for once, after the cancel is durable, and nothing waits for it or is lost with it.
"""

import asyncio
from collections.abc import Sequence

from watchword_server.domain.delivery import Delivery, DeliveryStatus
from watchword_server.ports.providers import Accounts
from watchword_server.telemetry import get_logger

_LONGEST_S = 10
_OUT_THERE = frozenset({DeliveryStatus.SENT, DeliveryStatus.UNKNOWN})
_log = get_logger("sending")


class TakingBack:
    """Asks vendors to take messages back."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts
        self._asking: set[asyncio.Task[None]] = set()

    def begin(self, project: bytes, deliveries: Sequence[Delivery]) -> None:
        """Ask for each that was sent and is not known to have arrived; without waiting."""
        for one in deliveries:
            if one.status in _OUT_THERE and one.reference is not None:
                task = asyncio.get_running_loop().create_task(
                    self._ask(project, one.provider, one.reference)
                )
                self._asking.add(task)
                task.add_done_callback(self._asking.discard)

    async def settled(self) -> None:
        """Until nothing is being asked."""
        await asyncio.gather(*self._asking)

    async def _ask(self, project: bytes, account: str, reference: str) -> None:
        provider = self._accounts.named(project, account)
        if provider is None:
            return
        try:
            async with asyncio.timeout(_LONGEST_S):
                await provider.revoke(reference)
        except Exception as error:
            _log.warning("revoke.failed", provider=account, error=type(error).__name__)
