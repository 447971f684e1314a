"""What came of one hand-over, from a provider's answer to what is written down."""

import msgspec

from watchword_server.domain import ids
from watchword_server.domain.delivery import Delivery, DeliveryStatus, Message, Reason, Receipt
from watchword_server.domain.routing import Outcome
from watchword_server.ports.providers import Provider
from watchword_server.ports.records import InboxBody

_RAW_CHARACTERS = 200
_S = DeliveryStatus


class Result(msgspec.Struct, frozen=True):
    """What came of one hand-over."""

    outcome: Outcome
    path: tuple[DeliveryStatus, ...]
    reason: Reason | None = None
    raw: str | None = None
    reference: str | None = None
    kept: InboxBody | None = None
    report_in_ms: int | None = None


def discreet(raw: str | None, message: Message) -> str | None:
    """A vendor's own words, which may repeat what it was given, without code and address."""
    if raw is None:
        return None
    for secret in filter(None, (message.to, message.to.lstrip("+"), message.code)):
        raw = raw.replace(secret, "***")
    return raw[:_RAW_CHARACTERS]


def failed(outcome: Outcome, reason: Reason, raw: str | None) -> Result:
    """It was not handed over."""
    return Result(outcome, (_S.FAILED,), reason, raw)


def handed_over(receipt: Receipt, kept: InboxBody | None) -> Result:
    """It was; `kept` is what stays in the inbox."""
    reference = receipt.reference
    if receipt.delivered:
        return Result(Outcome.DELIVERED, (_S.SENT, _S.DELIVERED), reference=reference, kept=kept)
    due = receipt.report_in_ms
    return Result(Outcome.SENT, (_S.SENT,), reference=reference, kept=kept, report_in_ms=due)


def references(result: Result, delivery: Delivery, provider: Provider | None) -> tuple[str, ...]:
    """By what reports may name a delivery that was, or may have been, taken.

    None where nobody reports: on what was refused, and from an account that does not.
    """
    if provider is None or provider.local or not provider.reports:
        return ()
    if result.outcome in (Outcome.REJECTED, Outcome.UNAVAILABLE):
        return ()
    own = ids.text(ids.Prefix.DELIVERY, delivery.id)
    return (own,) if result.reference in (None, own) else (result.reference, own)
