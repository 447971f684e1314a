"""What vendors told, as the services see it in the store: reports, messages of people, opt-outs.

Tenant first, as everywhere; the sweeps look across projects.
"""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from watchword_server.domain.inbound import Inbound, OptOut

HELD_S = 600
"""How long a report waits for its delivery: a hand-over is recorded within seconds."""


class KeptReport(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A report on a known delivery, as it came.

    Attributes:
        moved: whether it changed the delivery's state.
    """

    project: bytes
    verification: bytes
    number: int
    id: bytes
    status: str
    reason: str | None
    raw: str | None
    moved: bool
    at: int


class HeldReport(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A report that came before its delivery was known, under one of its references."""

    project: bytes
    account: str
    reference: str
    id: bytes
    status: str
    reason: str | None
    raw: str | None
    at: int


class Taken(msgspec.Struct, frozen=True):
    """What became of what a vendor told: how many reports were on known deliveries, how many are
    held, and how many messages of people there were, new or told before."""

    known: int = 0
    unknown: int = 0
    received: int = 0


class Ear(Protocol):
    """Takes what comes in through an account."""

    async def take(self, project: bytes, account: str, inbound: Sequence[Inbound]) -> Taken:
        """Write it down; returns once it is durable."""
        ...


class Reports(Protocol):
    """Reports on deliveries, and by what they find them."""

    def refer(
        self, project: bytes, account: str, reference: str, verification: bytes, number: int,
        at: int,
    ) -> None:  # fmt: skip
        """Have reports with this reference find that delivery: the newest one wins."""
        ...

    def find(
        self, project: bytes, account: str, references: Sequence[str]
    ) -> tuple[bytes, int] | None:
        """(verification, number) of the delivery that the first known reference names."""
        ...

    def keep(self, report: KeptReport) -> None: ...

    def of(self, project: bytes, verification: bytes) -> Sequence[KeptReport]:
        """All on one verification's deliveries, by delivery, as they came."""
        ...

    def hold(self, report: HeldReport) -> None: ...

    def take_held(
        self, project: bytes, account: str, references: Sequence[str]
    ) -> Sequence[HeldReport]:
        """Take out those with any of the references, each report once, as they came."""
        ...

    def sweep(self, known_before: int, held_before: int, limit: int) -> int:
        """Forget references and reports older than these instants; how many rows went."""
        ...


class IncomingMessages(Protocol):
    """Messages of people: only that they came."""

    def insert(self, project: bytes, account: str, reference: str, at: int) -> bool:
        """Whether it is new."""
        ...

    def sweep(self, before: int, limit: int) -> int:
        """Forget older ones; how many went."""
        ...


class OptOuts(Protocol):
    """Who wants no messages, by channel."""

    def add(self, opt_out: OptOut) -> bool:
        """Add it, unless it is there already (then False)."""
        ...

    def remove(self, project: bytes, address: bytes, channel: str | None) -> int:
        """Lift those of an address, of one channel or of all; how many there were."""
        ...

    def of_address(self, project: bytes, address: bytes) -> Sequence[OptOut]: ...

    def page(self, project: bytes, before: bytes | None, limit: int) -> Sequence[OptOut]:
        """Newest first: those with an id below `before`."""
        ...
