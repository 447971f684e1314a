"""Alerts to the operator, as the services see them in the store, and what is watched."""

from collections.abc import Iterable, Sequence
from typing import Protocol

import msgspec

from watchword_server.domain.alerts import Tally
from watchword_server.ports.providers import Provider


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """An alert that is on.

    Attributes:
        kind: its type of event.
        about: its id.
        raised_at: since when (ms).
        seen_at: when somebody last found that it holds (ms).
    """

    project: bytes
    kind: str
    about: str
    raised_at: int
    seen_at: int


class AlertMail(msgspec.Struct, frozen=True, kw_only=True):
    """An alert that is to be mailed.

    Attributes:
        due_at: when; while somebody mails it, when their lease ends.
        tried_at: when somebody last began to; 0 before.
        sent: whether it was mailed.
    """

    project: bytes
    kind: str
    at: int
    about: str
    data: bytes
    due_at: int
    tried_at: int = 0
    sent: bool = False


class Alerts(Protocol):
    """Which alerts are on, and which wait to be mailed."""

    def get(self, project: bytes, kind: str, about: str) -> Alert | None: ...

    def put(self, alert: Alert) -> None:
        """Switch it on, or renew it."""
        ...

    def remove(self, project: bytes, kind: str, about: str) -> bool:
        """Switch it off; True for one caller only."""
        ...

    def of_kind(self, kind: str) -> Sequence[Alert]:
        """Those that are on, of any project."""
        ...

    def queue(self, mail: AlertMail) -> None:
        """Have it mailed."""
        ...

    def due(self, now: int, limit: int) -> Sequence[AlertMail]:
        """Those that are to be mailed now, of any project, the oldest first."""
        ...

    def last_tried(self, project: bytes, kind: str, now: int) -> int:
        """When a mail of that kind was last sent, or is being sent; 0 where none was."""
        ...

    def update(self, mail: AlertMail) -> None:
        """Store its due_at, tried_at and sent."""
        ...

    def sweep(self, before: int, limit: int) -> int:
        """Forget mails older than an instant; how many went."""
        ...


class Tallies(Protocol):
    """What is counted for alerts: verifications by ten minutes, spending by day."""

    def count(self, project: bytes, first_id: bytes, end: bytes) -> Tally:
        """Verifications with an id from `first_id` up to, and without, `end`, but the canceled."""
        ...

    def newest(self, project: bytes) -> int | None:
        """The beginning of the last bucket that was counted."""
        ...

    def add(self, project: bytes, bucket: int, tally: Tally) -> None:
        """Keep the count of a bucket, unless it is there already."""
        ...

    def total(self, project: bytes, since: int, before: int) -> Tally:
        """The sum of the buckets within a span."""
        ...

    def spend(self, project: bytes, day: str, millionths: int) -> None:
        """Add to what was spent on a day."""
        ...

    def spent(self, project: bytes, day: str) -> int:
        """What was spent on a day, in millionths."""
        ...

    def sweep(self, before: int, day: str, limit: int) -> int:
        """Forget buckets, and spending of days before these; how many went."""
        ...


class Watched(msgspec.Struct, frozen=True):
    """A provider account as this process sees it.

    Attributes:
        project: whose it is; None where it is the server's own, of every live project.
        is_down: whether its breaker is open.
    """

    project: bytes | None
    name: str
    is_down: bool
    provider: Provider | None


class Watch(Protocol):
    """The accounts that messages may go to."""

    def watched(self) -> Iterable[Watched]:
        """All of them, without waiting."""
        ...
