"""What vendors tell of their own accord: written down here, acted upon by the worker.

Callbacks, sessions and bounced mail all end here, each with the account that it came through.
States never move backwards, whatever comes late, twice or out of order.
"""

from collections.abc import Sequence

import msgspec

from watchword_server.domain import address as addresses
from watchword_server.domain import events, ids, opting
from watchword_server.domain.address import InvalidAddress
from watchword_server.domain.channel import Channel
from watchword_server.domain.events import Data, EventType
from watchword_server.domain.inbound import Choice, Inbound, Incoming, OptOut, Report
from watchword_server.domain.numbering import Numbering
from watchword_server.domain.sealing import Keyring
from watchword_server.domain.verification import Secrets
from watchword_server.ledger import Ledger
from watchword_server.ports.inbound import HELD_S, HeldReport, Taken
from watchword_server.ports.outside import Clock, Dispatch
from watchword_server.ports.store import Store, Transaction

REFERENCES_KEPT_S = 30 * 86_400
"""Longer than any vendor reports on a message that lived ten minutes."""
_MOST_REFERENCES = 4
_LONGEST_REFERENCE = 256
_LONGEST_RAW = 200
_LONGEST_NAME = 64
_CHANNELS = frozenset(one.value for one in Channel)
_MS = 1000
_secrets = msgspec.msgpack.Decoder(Secrets).decode


class Reporting:
    """Takes what comes in."""

    def __init__(
        self, store: Store, clock: Clock, keyring: Keyring, numbering: Numbering,
        ledger: Ledger, sequence: ids.Sequence, dispatch: Dispatch,
    ) -> None:  # fmt: skip
        self._store = store
        self._clock = clock
        self._keyring = keyring
        self._numbering = numbering
        self._ledger = ledger
        self._sequence = sequence
        self._dispatch = dispatch

    async def take(self, project: bytes, account: str, inbound: Sequence[Inbound]) -> Taken:
        """Write down what came in through an account; returns once it is durable."""
        if not inbound:
            return Taken()
        now = self._clock.now()

        def unit(tx: Transaction) -> Taken:
            known = unknown = received = 0
            for one in inbound:
                if isinstance(one, Incoming):
                    self._received(tx, project, account, one, now)
                    received += 1
                elif self._reported(tx, project, account, _bounded(one), now):
                    known += 1
                else:
                    unknown += 1
            return Taken(known, unknown, received)

        taken = await self._store.write(unit)
        if taken.known:
            self._dispatch.wake()
        return taken

    async def forget(self, limit: int) -> bool:
        """Sweep references, reports and messages that have served their time.

        Returns whether there may be more.
        """
        now = self._clock.now()
        known, held = now - REFERENCES_KEPT_S * _MS, now - HELD_S * _MS

        def unit(tx: Transaction) -> bool:
            reports = tx.reports.sweep(known, held, limit)
            return max(reports, tx.incoming.sweep(known, limit)) >= limit

        return await self._store.write(unit)

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

    def _received(
        self, tx: Transaction, project: bytes, account: str, one: Incoming, now: int
    ) -> None:
        """Write down a person's message, and what it asks for; twice told is told once."""
        id = self._sequence.make(now)
        reference = one.reference[:_LONGEST_REFERENCE] or id.hex()
        if not tx.incoming.insert(project, account, reference, now):
            return
        try:
            sender = addresses.parse(one.sender, self._numbering)
        except InvalidAddress:  # a short code, or a name: nobody who is sent codes
            masked, choice, code = "***", None, ""
        else:
            index = self._keyring.blind_index(project, sender.identity)
            masked, choice = sender.masked, one.choice or opting.choice_of(one.text)
            self._opt(tx, project, index, masked, one.channel, choice, now)
            code = self._code(tx, project, index)
        data = Data(
            to=_printable(one.to)[:_LONGEST_NAME], channel=one.channel, provider=account,
            sender=masked, said=opting.discreet(one.text, code),
            choice=choice.value if choice else None,
        )  # fmt: skip
        type = EventType.MESSAGE_RECEIVED
        tx.events.append(project, id, type, now, events.encode(data))

    def _opt(
        self, tx: Transaction, project: bytes, address: bytes, masked: str, channel: str,
        choice: Choice | None, now: int,
    ) -> None:  # fmt: skip
        if choice is Choice.OUT and channel in _CHANNELS:
            id, source = self._sequence.make(now), "recipient"
            tx.opt_outs.add(
                OptOut(
                    project=project, id=id, address=address, channel=channel, masked=masked,
                    source=source, at=now,
                )
            )  # fmt: skip
        elif choice is Choice.IN:
            tx.opt_outs.remove(project, address, channel)

    def _code(self, tx: Transaction, project: bytes, address: bytes) -> str:
        """The code that is on its way to an address: it may come back in an answer."""
        live = tx.live.of_address(project, address)
        if live is None:
            return ""
        return _secrets(self._keyring.unseal(project, live.id, live.secrets)).code


def _bounded(report: Report) -> Report:
    """The report with no more than fits, whatever its vendor sent."""
    references = dict.fromkeys(filter(_is_reference, report.references))
    raw = report.raw
    if raw is not None:
        raw = _printable(raw)[:_LONGEST_RAW]
    return msgspec.structs.replace(report, references=tuple(references)[:_MOST_REFERENCES], raw=raw)


def _is_reference(text: str) -> bool:
    return 0 < len(text) <= _LONGEST_REFERENCE and text.isprintable()


def _printable(text: str) -> str:
    return "".join(one for one in text if one.isprintable())
