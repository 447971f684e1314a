"""Events: what happened, in the past tense.

Event data never holds a code, a secret or a full address.  `sequence` numbers the events of one
subject from 1, so that a reader can order them.
"""

from enum import StrEnum

import msgspec

_VARIANT = 1 << 63


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
    TEMPLATE_SUBMITTED = "template.submitted"
    TEMPLATE_APPROVED = "template.approved"
    TEMPLATE_REJECTED = "template.rejected"
    TEMPLATE_DELETED = "template.deleted"
    KEY_CREATED = "key.created"
    KEY_UPDATED = "key.updated"
    KEY_ROTATED = "key.rotated"
    KEY_DELETED = "key.deleted"
    WEBHOOK_DISABLED = "webhook.disabled"
    MESSAGE_RECEIVED = "message.received"
    ALERT_CONVERSION_DROP = "alert.conversion_drop"
    ALERT_PROVIDER_DOWN = "alert.provider_down"
    ALERT_PROVIDER_RECOVERED = "alert.provider_recovered"
    ALERT_LOW_BALANCE = "alert.low_balance"
    ALERT_BUDGET = "alert.budget"
    ALERT_ENDPOINT_DISABLED = "alert.endpoint_disabled"

    @property
    def family(self) -> str:
        """What it happened to: the word before the point."""
        return self.value.partition(".")[0]


class Event(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An event as it was written.

    Attributes:
        number: its place among all events of the store.
        subject: whom it happened to: the raw id of a verification (its deliveries' events too), a
            key, a webhook endpoint or an incoming message, or the UTF-8 bytes of a template's or an
            alert's id.
        sequence: its place among those of its subject, from 1.
        at: ms since 1970.
        data: a JSON object.
    """

    number: int
    sequence: int
    project: bytes
    subject: bytes
    type: str
    at: int
    data: bytes

    @property
    def id(self) -> bytes:
        """Its 128-bit id, made of its time and its place in the store (shape of RFC 9562 v7)."""
        head = self.at.to_bytes(6, "big") + (0x7000).to_bytes(2, "big")
        return head + (_VARIANT | self.number).to_bytes(8, "big")


def place(id: bytes) -> int:
    """The place in the store that an event's raw id names."""
    return int.from_bytes(id[8:], "big") & ~_VARIANT


class Data(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The data of an event.  Closed on purpose: a field that is not here cannot leak.

    Attributes:
        by: the id of the API key that did it, or `operator`.
        changed: the names of the fields that were changed, with spaces between them.
        agent: what an agent called itself, and `run_id` its run, when it did it by MCP.
        sender: who wrote a message, masked; `said` is what, without what may be a code or a number.
    """

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
    by: str | None = None
    changed: str | None = None
    agent: str | None = None
    run_id: str | None = None
    sender: str | None = None
    said: str | None = None
    choice: str | None = None
    conversion: int | None = None
    usual: int | None = None
    started: int | None = None
    balance: str | None = None
    threshold: str | None = None
    spent: str | None = None
    budget: str | None = None
    currency: str | None = None
    day: str | None = None


_encoder = msgspec.json.Encoder()


def encode(data: Data) -> bytes:
    """The JSON bytes of event data; absent fields are left out."""
    return _encoder.encode(data)
