"""Reading verifications: what was sent, what became of it, step by step."""

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from watchword_server.api.fields import (
    CHANNELS,
    URI,
    Body,
    Cursor,
    Instant,
    Limit,
    MaskedTo,
    MessageId,
    NextCursor,
    Reply,
    ShownMode,
    TemplateId,
    instant,
    instant_or_none,
    like,
    message_id,
    page,
    position,
    seconds_until,
    shown_mode,
)
from watchword_server.api.operation import Call, Operation
from watchword_server.domain.channel import Channel
from watchword_server.domain.delivery import Delivery, DeliveryStatus, Reason
from watchword_server.domain.events import Data, Event, EventType
from watchword_server.domain.ids import Prefix, parse, text
from watchword_server.domain.project import Scope
from watchword_server.domain.verification import Assurance, Status, Verification
from watchword_server.ports.inbound import KeptReport
from watchword_server.services.reading import Timeline


class ListMessages(Body, frozen=True, kw_only=True):
    """Which verifications are listed."""

    status: Annotated[Status, Meta(description="Only those in this state.")] | UnsetType = UNSET
    limit: Limit = 20
    cursor: Cursor | UnsetType = UNSET


class ReportView(Reply, frozen=True, kw_only=True):
    """What a provider said later of a delivery."""

    status: Annotated[
        DeliveryStatus, Meta(description="What became of it.", examples=["delivered"])
    ]
    reason: Annotated[Reason | None, Meta(description="Why it did not arrive; null otherwise.")]
    raw: Annotated[
        str | None,
        Meta(
            description="The provider's own code for it.",
            examples=["30003"],
            extra_json_schema={"maxLength": 200},
        ),
    ]
    moved: Annotated[
        bool,
        Meta(
            description="Whether it changed the delivery: false for one that came twice or late.",
            examples=[True],
        ),
    ]
    at: Instant


class DeliveryView(Reply, frozen=True, kw_only=True):
    """One message handed over to one provider."""

    delivery_id: Annotated[
        str,
        Meta(
            description="The id of the delivery.",
            examples=["dlv_0193f2c1a7b47c3e9d5a1b2c3d4e5f61"],
            extra_json_schema=like(Prefix.DELIVERY),
        ),
    ]
    channel: Annotated[Channel, Meta(description="How it was sent.", examples=["sms"])]
    provider: Annotated[str, Meta(max_length=40, description="Who carried it.", examples=["inbox"])]
    step: Annotated[int, Meta(ge=0, description="Its step of the route, from 0.", examples=[0])]
    status: Annotated[
        DeliveryStatus, Meta(description="What became of it.", examples=["delivered"])
    ]
    reason: Annotated[Reason | None, Meta(description="Why it did not arrive; null otherwise.")]
    maybe_duplicate: Annotated[
        bool,
        Meta(description="An earlier hand-over may have arrived as well.", examples=[False]),
    ]
    reports: Annotated[
        Sequence[ReportView], Meta(description="What its provider said later, as it came.")
    ]
    created_at: Instant
    updated_at: Instant


class TimelineEntry(Reply, frozen=True, kw_only=True):
    """Something that happened."""

    sequence: Annotated[int, Meta(ge=1, description="Its place, from 1.", examples=[1])]
    type: Annotated[
        EventType, Meta(description="What happened.", examples=["verification.created"])
    ]
    at: Instant
    data: Annotated[
        Data,
        Meta(
            description="What is known about it.",
            examples=[{"to": "+14*****0123", "channel": "sms"}],
        ),
    ]


class MessageSummary(Reply, frozen=True, kw_only=True):
    """A verification, as lists show it."""

    message_id: MessageId
    status: Annotated[Status, Meta(description="Where it is.", examples=["pending"])]
    to: MaskedTo
    send_channel: Annotated[
        Channel, Meta(description="The channel it is sent by.", examples=["sms"])
    ]
    template_id: TemplateId
    language: Annotated[
        str, Meta(max_length=35, description="The language that was asked for.", examples=["en"])
    ]
    purpose: Annotated[
        str, Meta(max_length=40, description="What the code is for.", examples=["login"])
    ]
    assurance: Annotated[
        Assurance,
        Meta(description="What an approval proves (NIST SP 800-63B-4).", examples=["restricted"]),
    ]
    created_at: Instant
    expires_at: Instant
    ended_at: Annotated[
        Instant | None, Meta(description="Null while it is pending.", examples=[None])
    ]
    sends: Annotated[int, Meta(ge=0, description="Messages sent so far.", examples=[1])]
    checks: Annotated[int, Meta(ge=0, description="Codes looked at so far.", examples=[0])]
    checks_left: Annotated[
        int, Meta(ge=0, description="Codes that will still be looked at.", examples=[5])
    ]


class Message(MessageSummary, frozen=True, kw_only=True):
    """A verification with everything that happened to it."""

    resend_after: Annotated[
        int | None,
        Meta(
            description="Seconds until it may be sent again; null when it never may.",
            examples=[30],
            extra_json_schema={"minimum": 0},
        ),
    ]
    verification_url: Annotated[
        str | None,
        Meta(
            description="Where the person can type the code on a page of this server, so that "
            "nobody else sees it; null once it has ended, and where a code is bound to a payment.",
            examples=["https://otp.example.com/v/AZKyw9Tlf2Chssw"],
            extra_json_schema=URI,
        ),
    ]
    metadata: Annotated[
        dict[str, str],
        Meta(max_length=20, description="What you gave.", examples=[{"user_id": "u_42"}]),
    ]
    deliveries: Annotated[Sequence[DeliveryView], Meta(description="Every delivery, oldest first.")]
    timeline: Annotated[
        Sequence[TimelineEntry], Meta(description="Everything that happened, oldest first.")
    ]
    mode: ShownMode = UNSET


class MessageList(Reply, frozen=True, kw_only=True):
    """A page of verifications, newest first."""

    data: Annotated[Sequence[MessageSummary], Meta(max_length=100, description="Newest first.")]
    next_cursor: NextCursor
    mode: ShownMode = UNSET


_data = msgspec.json.Decoder(Data)


def _facts(verification: Verification) -> dict[str, Any]:
    pending = verification.status is Status.PENDING
    left = max(0, verification.max_checks - verification.checks) if pending else 0
    return {
        "message_id": message_id(verification.id),
        "status": verification.status,
        "to": verification.masked,
        "send_channel": CHANNELS[verification.channel],
        "template_id": verification.template,
        "language": verification.language,
        "purpose": verification.purpose,
        "assurance": verification.assurance,
        "created_at": instant(verification.created_at),
        "expires_at": instant(verification.expires_at),
        "ended_at": instant_or_none(verification.ended_at),
        "sends": verification.sends,
        "checks": verification.checks,
        "checks_left": left,
    }


def _report(report: KeptReport) -> ReportView:
    return ReportView(
        status=DeliveryStatus(report.status),
        reason=None if report.reason is None else Reason(report.reason),
        raw=report.raw,
        moved=report.moved,
        at=instant(report.at),
    )


def _delivery(delivery: Delivery, reports: Sequence[KeptReport]) -> DeliveryView:
    return DeliveryView(
        delivery_id=text(Prefix.DELIVERY, delivery.id),
        channel=CHANNELS[delivery.channel],
        provider=delivery.provider,
        step=delivery.step,
        status=delivery.status,
        reason=None if delivery.reason is None else Reason(delivery.reason),
        maybe_duplicate=delivery.maybe_duplicate,
        reports=[_report(each) for each in reports if each.number == delivery.number],
        created_at=instant(delivery.created_at),
        updated_at=instant(delivery.updated_at),
    )


def _entry(event: Event) -> TimelineEntry:
    return TimelineEntry(
        sequence=event.sequence,
        type=EventType(event.type),
        at=instant(event.at),
        data=_data.decode(event.data),
    )


def _resend_after(next_send_at: int | None, now: int) -> int | None:
    return None if next_send_at is None else seconds_until(next_send_at, now)


def _url(call: Call, found: Timeline) -> str | None:
    one = found.verification
    if one.status is not Status.PENDING or not one.max_checks or found.is_bound:
        return None
    return call.services.hosted_pages.url(one.project, one.id)


async def _get(call: Call, _body: None, _query: None) -> Message:
    verification = parse(Prefix.VERIFICATION, call.path["message_id"])
    found = await call.services.reading.message(call.caller, verification)
    return Message(
        **_facts(found.verification),
        resend_after=_resend_after(found.next_send_at, call.services.clock.now()),
        verification_url=_url(call, found),
        metadata=found.metadata,
        deliveries=[_delivery(each, found.reports) for each in found.deliveries],
        timeline=[_entry(each) for each in found.events],
        mode=shown_mode(call.caller),
    )


async def _list(call: Call, _body: None, query: ListMessages) -> MessageList:
    status = None if isinstance(query.status, UnsetType) else query.status
    found = await call.services.reading.messages(
        call.caller, status, position(query.cursor), query.limit + 1
    )
    items, more = page(found, query.limit)
    return MessageList(
        data=[MessageSummary(**_facts(each)) for each in items],
        next_cursor=items[-1].id.hex() if more else None,
        mode=shown_mode(call.caller),
    )


OPERATIONS: tuple[Operation, ...] = (
    Operation(
        id="listMessages",
        method="GET",
        path="/v1/messages",
        tag="messages",
        summary="List verifications",
        description="The verifications of the project, newest first.",
        scope=Scope.MESSAGES_READ,
        query=ListMessages,
        answer=MessageList,
        handler=_list,
    ),
    Operation(
        id="getMessage",
        method="GET",
        path="/v1/messages/{message_id}",
        tag="messages",
        summary="Read a verification",
        description="The state of a verification, each of its deliveries and its timeline.",
        scope=Scope.MESSAGES_READ,
        answer=Message,
        handler=_get,
    ),
)
