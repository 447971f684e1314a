"""Callbacks of vendors: from a request that anybody can make to what is believed of it.

The key of a callback is its vendor's signature, which the account's adapter checks.  What is
forged reaches no store, and what is believed is counted, so that no flood of callbacks keeps a
send from its turn.
"""

from typing import Protocol

import msgspec

from watchword_server.domain import ids
from watchword_server.domain.errors import (
    FORGED_CALLBACK,
    RATE_LIMITED,
    UNKNOWN_REPORT,
    UNREADABLE_CALLBACK,
    Problem,
)
from watchword_server.domain.limits import Rate, Refusal, Throughput
from watchword_server.ports.inbound import HELD_S, Ear
from watchword_server.ports.outside import Clock
from watchword_server.ports.providers import Callback, Forged, Provider, Told, Unreadable
from watchword_server.telemetry import get_logger

CALLBACKS = Rate("callbacks", 30_000, 60)
"""Reports and messages taken per account: a vendor that is told to wait comes again."""
FORGED = Rate("forged_callbacks", 600, 60)
"""Callbacks refused per account and client before it is told to stop."""
_log = get_logger("callbacks")


class CalledAccounts(Protocol):
    """The provider accounts, as their vendors call them."""

    def called(self, account: bytes) -> tuple[bytes, Provider] | None:
        """The project and the adapter of the account with this id, if there is one."""
        ...


class Callbacks:
    """Takes callbacks."""

    def __init__(self, accounts: CalledAccounts, reporting: Ear, clock: Clock) -> None:
        self._accounts = accounts
        self._reporting = reporting
        self._clock = clock
        self._throughput = Throughput()

    def account(self, wire: str) -> tuple[bytes, Provider]:
        """The project and adapter behind a callback's path.

        Raises:
            Problem: UNKNOWN_ID.
        """
        found = self._accounts.called(ids.parse(ids.Prefix.PROVIDER, wire))
        if found is None:
            raise ids.unknown(ids.Prefix.PROVIDER)
        return found

    async def take(
        self, project: bytes, provider: Provider, callback: Callback, client: str
    ) -> Told:
        """Believe a callback, or not; returns once what it says is durable.

        Raises:
            Problem: FORGED_CALLBACK, UNREADABLE_CALLBACK, RATE_LIMITED, or UNKNOWN_REPORT where
                nothing that it reports on is known; what it says is held all the same.
        """
        name, now = provider.name, self._clock.now()
        told = self._believed(project, provider, callback, client, now)
        if told.inbound:
            subject = (project, name)
            self._admit(CALLBACKS, subject, now, min(len(told.inbound), CALLBACKS.count))
        taken = await self._reporting.take(project, name, told.inbound)
        _log.info("callback.taken", account=name, **msgspec.structs.asdict(taken))
        if taken.unknown and not (taken.known or taken.received):
            raise Problem(
                UNKNOWN_REPORT,
                "No message of this account is known by that id. The report is kept for "
                f"{HELD_S // 60} minutes, in case it was faster than the answer to the send.",
            )
        return told

    def _believed(
        self, project: bytes, provider: Provider, callback: Callback, client: str, now: int
    ) -> Told:
        name = provider.name
        try:
            return provider.told(callback)
        except Forged:
            self._admit(FORGED, (project, f"{name} {client}"), now)
            _log.warning("callback.forged", account=name)
            raise Problem(
                FORGED_CALLBACK, "The callback's signature is missing or wrong: nothing was done."
            ) from None
        except Unreadable:
            _log.warning("callback.unreadable", account=name)
        except Exception as error:  # its words may repeat what was sent
            _log.error("callback.unreadable", account=name, error=type(error).__name__)
        raise Problem(
            UNREADABLE_CALLBACK, "This is nothing that the account's vendor sends."
        ) from None

    def _admit(self, rate: Rate, subject: tuple[bytes, str], now: int, cost: int = 1) -> None:
        outcome = self._throughput.admit(((rate, subject),), now, cost)
        if isinstance(outcome, Refusal):
            wait = outcome.retry_after_s
            raise Problem(
                RATE_LIMITED,
                f"The limit `{outcome.name}` of this account is met.",
                retry_after=wait,
                extra={"limit": outcome.name},
            )
