"""Events: what happened to a verification or a delivery, in the past tense.

Event data never holds a code, a secret or a full address.  `sequence` numbers the events of one
verification from 1, so that a reader can order them.
"""

from enum import StrEnum

import msgspec


class EventType(StrEnum):
    """The types of events."""

    VERIFICATION_CREATED = "verification.created"
    VERIFICATION_RESENT = "verification.resent"
    VERIFICATION_CHECK_FAILED = "verification.check_failed"
    VERIFICATION_APPROVED = "verification.approved"
    VERIFICATION_EXPIRED = "verification.expired"
    VERIFICATION_CANCELED = "verification.canceled"
    VERIFICATION_EXHAUSTED = "verification.exhausted"
    VERIFICATION_FAILED = "verification.failed"
    DELIVERY_QUEUED = "delivery.queued"
    DELIVERY_SENT = "delivery.sent"
    DELIVERY_DELIVERED = "delivery.delivered"
    DELIVERY_UNDELIVERED = "delivery.undelivered"
    DELIVERY_FAILED = "delivery.failed"
    DELIVERY_UNKNOWN = "delivery.unknown"


class Event(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An event as the store keeps it; `data` is a JSON object, `at` ms since 1970."""

    project: bytes
    verification: bytes
    sequence: int
    id: bytes
    type: str
    at: int
    data: bytes


class Data(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The data of an event.  Closed on purpose: a field that is not here cannot leak."""

    to: str | None = None
    channel: str | None = None
    provider: str | None = None
    delivery_id: str | None = None
    step: int | None = None
    reason: str | None = None
    raw: str | None = None
    checks: int | None = None
    checks_left: int | None = None
    maybe_duplicate: bool | None = None
    assurance: str | None = None


_encoder = msgspec.json.Encoder()


def encode(data: Data) -> bytes:
    """The JSON bytes of event data; absent fields are left out."""
    return _encoder.encode(data)
