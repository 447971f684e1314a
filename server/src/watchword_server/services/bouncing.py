"""Bounced mail that a mail server passes on by a command, not by a callback.

The account of the settings file belongs to every live project, so whose the delivery is has to be
found out; a callback names its account, and with it the project.
"""

from enum import StrEnum
from typing import Protocol

from watchword_server.domain.inbound import Report
from watchword_server.domain.project import Mode
from watchword_server.ports.inbound import Ear
from watchword_server.ports.providers import Callback, Provider, Told
from watchword_server.ports.store import Store, Transaction


class Bounced(StrEnum):
    """What became of a mail: `unknown` is on a delivery that is not recorded, perhaps not yet."""

    TAKEN = "taken"
    NOTHING = "nothing"
    UNKNOWN = "unknown"


class NamedAccounts(Protocol):
    """The provider accounts by name."""

    def named(self, project: bytes, name: str) -> Provider | None:
        """The account of that name; with an empty project the server's own."""
        ...


class Bouncing:
    """Takes bounces."""

    def __init__(self, store: Store, accounts: NamedAccounts, reporting: Ear) -> None:
        self._store = store
        self._accounts = accounts
        self._reporting = reporting

    async def take(self, project: bytes | None, name: str, callback: Callback) -> Bounced:
        """Believe a mail, or not; returns once what it says is durable.

        Args:
            project: whose account it is; None for the server's own.

        Raises:
            LookupError: there is no such account.
            Forged, Unreadable: see `ports.Provider.told`.
        """
        provider = self._accounts.named(project or b"", name)
        if provider is None:
            raise LookupError(name)
        told = provider.told(callback)
        if not told.inbound:
            return Bounced.NOTHING
        owner = await self._store.read(lambda tx: _owner(tx, project, name, told))
        if owner is None:
            return Bounced.UNKNOWN
        await self._reporting.take(owner, name, told.inbound)
        return Bounced.TAKEN


def _owner(tx: Transaction, project: bytes | None, name: str, told: Told) -> bytes | None:
    """The project that the delivery belongs to."""
    if project is not None:
        candidates = [project]
    else:
        candidates = [one.id for one in tx.projects.all() if one.mode is Mode.LIVE]
    for report in told.inbound:
        if isinstance(report, Report):
            for candidate in candidates:
                if tx.reports.find(candidate, name, report.references) is not None:
                    return candidate
    return None
