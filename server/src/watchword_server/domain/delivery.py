"""A delivery: one message handed over to one provider, and what became of it.

`TRANSITIONS` is the whole truth about which state may follow which; a late or repeated report
never moves a state backwards.  `Reason` is the one list of why a delivery failed; each vendor's
own codes map to it in that vendor's file.
"""

from collections.abc import Iterator
from enum import StrEnum

import msgspec


class DeliveryStatus(StrEnum):
    """Where a delivery is."""

    QUEUED = "queued"
    SENT = "sent"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    FAILED = "failed"
    UNKNOWN = "unknown"


_S = DeliveryStatus

TRANSITIONS: dict[DeliveryStatus, frozenset[DeliveryStatus]] = {
    _S.QUEUED: frozenset({_S.SENT, _S.FAILED, _S.UNKNOWN}),
    _S.SENT: frozenset({_S.DELIVERED, _S.UNDELIVERED, _S.UNKNOWN}),
    _S.UNKNOWN: frozenset({_S.DELIVERED, _S.UNDELIVERED}),
    _S.DELIVERED: frozenset(),
    _S.UNDELIVERED: frozenset(),
    _S.FAILED: frozenset(),
}


def may_follow(status: DeliveryStatus, then: DeliveryStatus) -> bool:
    """Whether `then` may follow `status`; a state never follows itself."""
    return then in TRANSITIONS[status]


class Reason(StrEnum):
    """Why a delivery did not reach its recipient."""

    INVALID_RECIPIENT = "invalid_recipient"
    UNREACHABLE = "unreachable"
    BLOCKED_BY_CARRIER = "blocked_by_carrier"
    OPTED_OUT = "opted_out"
    CONTENT_REJECTED = "content_rejected"
    SENDER_REJECTED = "sender_rejected"
    THROTTLED = "throttled"
    NO_CREDIT = "no_credit"
    MISCONFIGURED = "misconfigured"
    PROVIDER_DOWN = "provider_down"
    TIMED_OUT = "timed_out"
    NOT_NEEDED = "not_needed"
    INTERRUPTED = "interrupted"
    OTHER = "other"


class Delivery(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One delivery attempt as the store keeps it.

    `number` counts the deliveries of one verification from 1; `step` is the index of the route's
    step it belongs to.  `raw` is the vendor's own code or text, kept for people.
    """

    project: bytes
    verification: bytes
    number: int
    id: bytes
    step: int
    channel: str
    provider: str
    status: DeliveryStatus
    reason: str | None
    raw: str | None
    reference: str | None
    maybe_duplicate: bool
    created_at: int
    updated_at: int


class Message(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a provider is handed: a rendered message to one recipient.

    It carries the code and the full address, so it cannot be printed: its repr shows the id.

    Attributes:
        id: the delivery's id on the wire, stable over retries of the same hand-over.
        language: the tag the content was rendered in.
        sender: the display name of who sends, usually the template's brand.
        code: the code alone, for channels whose vendor renders the text; empty in a notice.
        template: the id of the template it was rendered from, and `params` the caller's values.
        ttl_s: how long the code is good, from when it was made.
    """

    id: str
    to: str
    channel: str
    language: str
    sender: str
    subject: str | None
    text: str
    html: str | None
    code: str
    template: str = ""
    params: dict[str, str] = {}
    ttl_s: int = 0

    def __repr__(self) -> str:
        return f"<Message {self.id} {self.channel}>"

    __str__ = __repr__

    def __rich_repr__(self) -> Iterator[str]:  # type: ignore[override]
        yield self.id


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """A provider took the message.

    Attributes:
        reference: the vendor's id of the message, to which later reports refer.
        delivered: the provider knows already that it arrived.
        report_in_ms: when its report is due, where that is known (`domain.sandbox.foretold`).
    """

    reference: str | None = None
    delivered: bool = False
    report_in_ms: int | None = None
