"""Alerts by mail: of each kind and project at most one an hour, which tells all that is due.

Whoever mails takes a lease first, so that two processes do not both; what was not taken is tried
again, what may have been taken is not.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import msgspec

from watchword_server.domain import ids
from watchword_server.domain.channel import Channel
from watchword_server.domain.delivery import Message
from watchword_server.domain.event_kinds import FIELDS, KINDS
from watchword_server.domain.events import Data, EventType
from watchword_server.ports.alerts import AlertMail
from watchword_server.ports.outside import Clock
from watchword_server.ports.providers import Provider, Rejected, Unavailable, Uncertain
from watchword_server.ports.store import Store, Transaction
from watchword_server.telemetry import get_logger

EVERY_S = 3_600
LEASE_S = 300
AGAIN_S = 300
"""After that long a mail that was not taken is tried again; for a day, then it is swept."""
TOGETHER = 50
SENDER = "Watchword"
_LOOK = 500
_MS = 1000
_decode = msgspec.json.Decoder(Data).decode
_log = get_logger("alerts")


class Batch(msgspec.Struct, frozen=True):
    """What one mail tells: alerts of one kind and project."""

    project: str
    mails: Sequence[AlertMail]


class AlertMailing:
    """Mails what is due.

    Args:
        emails: to whom.
        carrier: the mail account, if there is one.
        url: where this server is.
    """

    def __init__(
        self, store: Store, clock: Clock, emails: Sequence[str],
        carrier: Callable[[], Provider | None], url: str,
    ) -> None:  # fmt: skip
        self._store = store
        self._clock = clock
        self._emails = emails
        self._carrier = carrier
        self._url = url

    async def mail(self) -> int:
        """Mail all that is due; how many mails were taken."""
        carrier = self._carrier() if self._emails else None
        taken = 0
        while carrier is not None and (batch := await self._store.write(self._claim)):
            sent = await self._to_all(carrier, batch)
            taken += sent
            await self._record(batch, sent=sent > 0)
        return taken

    def _claim(self, tx: Transaction) -> Batch | None:
        """What the next mail tells, leased; kinds that had their mail of the hour wait."""
        now = self._clock.now()
        due = tx.alerts.due(now, _LOOK)
        for project, kind in dict.fromkeys((one.project, one.kind) for one in due):
            waiting = [one for one in due if (one.project, one.kind) == (project, kind)]
            last = tx.alerts.last_tried(project, kind, now)
            if last > now - EVERY_S * _MS:
                for one in waiting:
                    later = msgspec.structs.replace(one, due_at=last + EVERY_S * _MS)
                    tx.alerts.update(later)
                continue
            lease = now + LEASE_S * _MS
            claimed = [
                msgspec.structs.replace(one, due_at=lease, tried_at=now)
                for one in waiting[:TOGETHER]
            ]
            for one in claimed:
                tx.alerts.update(one)
            of = tx.projects.get(project)
            return Batch(of.name if of else ids.text(ids.Prefix.PROJECT, project), claimed)
        return None

    async def _to_all(self, carrier: Provider, batch: Batch) -> int:
        """How many of the recipients' mails were taken, or may have been."""
        taken = 0
        for number, to in enumerate(self._emails):
            try:
                await carrier.send(_message(batch, number, to, self._url))
            except Uncertain:
                taken += 1
            except (Rejected, Unavailable) as error:
                _log.warning("alert.not_mailed", reason=error.reason.value, raw=error.raw)
            else:
                taken += 1
        return taken

    async def _record(self, batch: Batch, *, sent: bool) -> None:
        now = self._clock.now()

        def unit(tx: Transaction) -> None:
            for one in batch.mails:
                due_at = one.due_at if sent else now + AGAIN_S * _MS
                tried_at = one.tried_at if sent else 0
                tx.alerts.update(
                    msgspec.structs.replace(one, due_at=due_at, tried_at=tried_at, sent=sent)
                )

        await self._store.write(unit)


def _message(batch: Batch, number: int, to: str, url: str) -> Message:
    """One mail: what happened, when, to what; it names no address and no code."""
    first = batch.mails[0]
    more = f" (and {len(batch.mails) - 1} more)" if len(batch.mails) > 1 else ""
    text = "\n".join(
        [
            f"Project {batch.project} on {url}",
            "",
            *(line for one in batch.mails for line in _told(one)),
            f"This mail comes at most once an hour for {first.kind} of a project.",
            "The same is told by events, webhooks and streams of the family alert.*.",
            "",
        ]
    )
    return Message(
        id=f"alert-{first.project.hex()[:16]}-{first.at}-{number}",
        to=to, channel=Channel.EMAIL.value, language="en", sender=SENDER,
        subject=f"[Watchword] {batch.project}: {_title(first)}{more}",
        text=text, html=None, code="",
    )  # fmt: skip


def _title(one: AlertMail) -> str:
    data = _decode(one.data)
    word = one.kind.partition(".")[2].replace("_", " ")
    return f"{word}: {data.provider}" if data.provider else word


def _told(one: AlertMail) -> list[str]:
    when = datetime.fromtimestamp(one.at / _MS, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    facts = msgspec.to_builtins(_decode(one.data))
    lines = [f"{when}  {one.kind} ({one.about})", KINDS[EventType(one.kind)].said]
    return [*lines, *(f"  {name}: {value}  ({FIELDS[name]})" for name, value in facts.items()), ""]
