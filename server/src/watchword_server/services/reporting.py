"""What vendors tell of their own accord: written down here, acted upon by the worker.

Callbacks, sessions and bounced mail all end here, each with the account that it came through.
States never move backwards, whatever comes late, twice or out of order.
"""

from collections.abc import Sequence

import msgspec

from watchword_server.domain import ids
from watchword_server.domain.inbound import Inbound, Report
from watchword_server.ledger import Ledger
from watchword_server.ports.inbound import HeldReport
from watchword_server.ports.outside import Clock, Dispatch
from watchword_server.ports.store import Store, Transaction

REFERENCES_KEPT_S = 30 * 86_400
"""Longer than any vendor reports on a message that lived ten minutes."""
HELD_S = 600
"""How long a report waits for its delivery: a hand-over is recorded within seconds."""
_MOST_REFERENCES = 4
_LONGEST_REFERENCE = 256
_LONGEST_RAW = 200
_MS = 1000


class Taken(msgspec.Struct, frozen=True):
    """What became of what a vendor told: reports on known deliveries, reports that are held, and
    messages of people that are new or were told before."""

    known: int = 0
    unknown: int = 0
    received: int = 0


class Reporting:
    """Takes what comes in."""

    def __init__(
        self, store: Store, clock: Clock, ledger: Ledger, sequence: ids.Sequence,
        dispatch: Dispatch,
    ) -> None:  # fmt: skip
        self._store = store
        self._clock = clock
        self._ledger = ledger
        self._sequence = sequence
        self._dispatch = dispatch

    async def take(self, project: bytes, account: str, inbound: Sequence[Inbound]) -> Taken:
        """Write down what came in through an account; returns once it is durable."""
        if not inbound:
            return Taken()
        now = self._clock.now()

        def unit(tx: Transaction) -> Taken:
            known = unknown = 0
            for one in inbound:
                if isinstance(one, Report):
                    is_known = self._reported(tx, project, account, _bounded(one), now)
                    known, unknown = known + is_known, unknown + (not is_known)
            return Taken(known, unknown)

        taken = await self._store.write(unit)
        if taken.known:
            self._dispatch.wake()
        return taken

    async def forget(self, limit: int) -> bool:
        """Sweep references and reports that have served their time.

        Returns whether there may be more.
        """
        now = self._clock.now()
        known, held = now - REFERENCES_KEPT_S * _MS, now - HELD_S * _MS
        return await self._store.write(lambda tx: tx.reports.sweep(known, held, limit) >= limit)

    def _reported(
        self, tx: Transaction, project: bytes, account: str, report: Report, now: int
    ) -> bool:
        """Whether the report is on a delivery that is known; if not, it is held."""
        found = tx.reports.find(project, account, report.references)
        of = found and tx.verifications.get(project, found[0])
        delivery = found and tx.deliveries.get(project, *found)
        if of is not None and delivery is not None:
            self._ledger.report(tx, of, delivery, report, now)
            return True
        id, why = self._sequence.make(now), report.reason.value if report.reason else None
        for reference in report.references:
            tx.reports.hold(
                HeldReport(
                    project=project, account=account, reference=reference, id=id,
                    status=report.status.value, reason=why, raw=report.raw, at=now,
                )
            )  # fmt: skip
        return False


def _bounded(report: Report) -> Report:
    """The report with no more than fits, whatever its vendor sent."""
    references = dict.fromkeys(filter(_is_reference, report.references))
    raw = report.raw
    if raw is not None:
        raw = "".join(one for one in raw if one.isprintable())[:_LONGEST_RAW]
    return msgspec.structs.replace(report, references=tuple(references)[:_MOST_REFERENCES], raw=raw)


def _is_reference(text: str) -> bool:
    return 0 < len(text) <= _LONGEST_REFERENCE and text.isprintable()
