"""What messages cost, counted only for projects that have a daily budget.

`charge` runs inside the transaction that queues a delivery.  It decides by a look-up in memory
whether there is anything to count, so that a project without a budget pays nothing for it.
"""

from collections.abc import Iterable

import msgspec

from watchword_server.domain import alerts
from watchword_server.domain.address import InvalidAddress, parse
from watchword_server.domain.numbering import Numbering
from watchword_server.domain.project import Mode, Project
from watchword_server.domain.sealing import Keyring, Unsealable
from watchword_server.domain.tariff import Tariff
from watchword_server.domain.verification import Details, Live
from watchword_server.ports.store import Transaction

_details = msgspec.msgpack.Decoder(Details).decode


class Spending:
    """Knows the budgets; counts into the store."""

    def __init__(self, keyring: Keyring, numbering: Numbering, tariff: Tariff) -> None:
        self._keyring = keyring
        self._numbering = numbering
        self._tariff = tariff
        self.budgets: dict[bytes, str] = {}

    def know(self, projects: Iterable[Project]) -> None:
        """Take over the budgets of these projects, all there are; only a live one spends."""
        self.budgets = {
            one.id: one.daily_budget
            for one in projects
            if one.daily_budget and one.mode is Mode.LIVE
        }

    def charge(self, tx: Transaction, live: Live, channel: str, now: int) -> None:
        """Count one message, at the price of one segment where that is how it is priced."""
        if live.project not in self.budgets:
            return
        cost = self._tariff.cost(channel, self._country(live), 1)
        if cost is not None:
            tx.tallies.spend(live.project, alerts.day_of(now), alerts.micros(cost.amount))

    def _country(self, live: Live) -> str | None:
        """Where the number of a verification belongs; the address is not kept."""
        try:
            to = _details(self._keyring.unseal(live.project, live.id, live.details)).to
            return parse(to, self._numbering).region
        except (Unsealable, InvalidAddress, msgspec.MsgspecError):
            return None
