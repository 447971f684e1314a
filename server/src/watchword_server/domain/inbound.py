"""What a vendor tells us of its own accord: reports on deliveries, and messages of people."""

from collections.abc import Iterator
from enum import StrEnum

import msgspec

from watchword_server.domain.delivery import DeliveryStatus, Reason


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """A vendor's later word on a delivery: delivered, undelivered or unknown.

    Attributes:
        references: by what the delivery is found, tried in order: the vendor's id of the message
            (`Receipt.reference`) or our own (`Message.id`), where the vendor gives that back.
        raw: the vendor's own code or words, kept for people; never the message or its recipient.
    """

    references: tuple[str, ...]
    status: DeliveryStatus
    reason: Reason | None = None
    raw: str | None = None


class Choice(StrEnum):
    """What somebody asked for who answered a message."""

    OUT = "out"
    IN = "in"


class Incoming(msgspec.Struct, frozen=True, kw_only=True):
    """A message that a person sent to one of our numbers.

    Attributes:
        sender: who wrote it: E.164.
        to: our number or account that it was written to, as the vendor names it.
        reference: the vendor's id of it: the same message told twice is one.
        choice: opting out or in, where the vendor itself says so; else the text decides.
    """

    sender: str
    to: str
    channel: str
    text: str
    reference: str
    choice: Choice | None = None

    def __repr__(self) -> str:
        return f"<Incoming {self.channel}>"

    __str__ = __repr__

    def __rich_repr__(self) -> Iterator[str]:  # type: ignore[override]
        yield self.channel


Inbound = Report | Incoming


class OptOut(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An address that gets no messages over a channel.

    Attributes:
        source: who wanted it so, `recipient` or `operator`.
    """

    project: bytes
    id: bytes
    address: bytes
    channel: str
    masked: str
    source: str
    at: int
