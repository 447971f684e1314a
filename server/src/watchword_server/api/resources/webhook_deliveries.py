"""What became of the events posted to a webhook endpoint, and posting them again."""

import base64
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from msgspec import UNSET, Meta, UnsetType

from watchword_server.api.fields import (
    END,
    SOME,
    Body,
    Cursor,
    Instant,
    Limit,
    NextCursor,
    Reply,
    instant,
    like,
    page,
)
from watchword_server.api.operation import Call, Operation
from watchword_server.api.resources.webhook_endpoints import HTTP_STATUS, endpoint_id
from watchword_server.domain.errors import bad_field
from watchword_server.domain.event_wire import WireEvent, wire
from watchword_server.domain.events import EventType
from watchword_server.domain.ids import Prefix, parse, text
from watchword_server.domain.project import Scope
from watchword_server.domain.webhook import WebhookAttempt, WebhookStatus
from watchword_server.services.webhooks import EVER, Selection, Told

_MS = 1000
_MOST_EVENTS = 100
_MOST_REPLAYED = 1_000
_EXAMPLE_EVENT = "evt_0193f2c1a7b470008000000000000007"

EventId = Annotated[
    str,
    Meta(
        description="The id of the event.",
        examples=[_EXAMPLE_EVENT],
        extra_json_schema=like(Prefix.EVENT),
    ),
]
ChosenStatus = Annotated[
    WebhookStatus, Meta(description="Only those in this state.", examples=["exhausted"])
]
_RFC_3339 = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?"
    rf"(Z|[+-][0-9]{{2}}:[0-9]{{2}}){END}"
)
Since = Annotated[
    str,
    Meta(
        pattern=_RFC_3339,
        description="Only those from this instant on: RFC 3339.",
        examples=["2026-03-01T12:00:00Z"],
    ),
]
Until = Annotated[
    str,
    Meta(
        pattern=_RFC_3339,
        description="Only those before this instant: RFC 3339.",
        examples=["2026-03-02T12:00:00Z"],
    ),
]


class ListWebhookDeliveries(Body, frozen=True, kw_only=True):
    """Which deliveries are listed."""

    status: ChosenStatus | UnsetType = UNSET
    since: Since | UnsetType = UNSET
    until: Until | UnsetType = UNSET
    limit: Limit = 20
    cursor: Cursor | UnsetType = UNSET


class ReplayWebhooks(Body, frozen=True, kw_only=True):
    """What is posted again: these events, or what a state and a range of time choose."""

    event_ids: (
        Annotated[
            list[EventId],
            Meta(
                min_length=1,
                max_length=_MOST_EVENTS,
                description="These events, whatever became of them; then nothing else is given.",
                examples=[[_EXAMPLE_EVENT]],
            ),
        ]
        | None
    ) = None
    status: Annotated[
        WebhookStatus | None,
        Meta(
            description="Only those in this state; null for any.",
            examples=["exhausted"],
        ),
    ] = WebhookStatus.EXHAUSTED
    since: Since | None = None
    until: Until | None = None
    limit: Annotated[
        int,
        Meta(ge=1, le=_MOST_REPLAYED, description="How many at most.", examples=[_MOST_REPLAYED]),
    ] = _MOST_REPLAYED
    cursor: Cursor | None = None


class WebhookAttemptView(Reply, frozen=True, kw_only=True):
    """One POST."""

    attempt: Annotated[int, Meta(ge=1, description="Its place, from 1.", examples=[1])]
    at: Instant
    duration_ms: Annotated[int, Meta(ge=0, description="Milliseconds.", examples=[42])]
    status: Annotated[
        int | None,
        Meta(
            description="The answer's HTTP status; null for none.",
            examples=[500],
            extra_json_schema=HTTP_STATUS,
        ),
    ]
    error: Annotated[
        str | None,
        Meta(
            description="What went wrong; null for nothing.",
            examples=["HTTP 500"],
            extra_json_schema=SOME,
        ),
    ]
    response: Annotated[
        str,
        Meta(
            max_length=1368,
            description="The first 1,024 bytes of the answer's body; base64 where it is no text.",
            examples=["try later"],
        ),
    ]


class WebhookDeliveryView(Reply, frozen=True, kw_only=True):
    """One event on its way to one endpoint."""

    event_id: EventId
    event_type: Annotated[
        EventType, Meta(description="What happened.", examples=["verification.approved"])
    ]
    sequence: Annotated[
        int, Meta(ge=1, description="The event's place among those of its subject.", examples=[4])
    ]
    status: Annotated[WebhookStatus, Meta(description="How far it is.", examples=["delivered"])]
    attempts: Annotated[int, Meta(ge=0, description="Posts so far.", examples=[1])]
    next_attempt_at: Annotated[
        Instant | None, Meta(description="When it is posted next; null once it has ended.")
    ]
    last_status: Annotated[
        int | None,
        Meta(
            description="The last answer's HTTP status.",
            examples=[200],
            extra_json_schema=HTTP_STATUS,
        ),
    ]
    last_error: Annotated[
        str | None,
        Meta(description="What went wrong at last.", examples=[None], extra_json_schema=SOME),
    ]
    created_at: Instant
    updated_at: Instant


class WebhookDeliveryDetail(WebhookDeliveryView, frozen=True, kw_only=True):
    """One event on its way to one endpoint, with every attempt."""

    event: Annotated[WireEvent, Meta(description="The event itself, as it is posted.")]
    log: Annotated[Sequence[WebhookAttemptView], Meta(description="Every attempt, oldest first.")]


class WebhookDeliveryList(Reply, frozen=True, kw_only=True):
    """A page of deliveries, newest first."""

    data: Annotated[
        Sequence[WebhookDeliveryView], Meta(max_length=100, description="Newest first.")
    ]
    next_cursor: NextCursor


class ReplayedWebhooks(Reply, frozen=True, kw_only=True):
    """What is posted again."""

    replayed: Annotated[int, Meta(ge=0, description="How many this call began.", examples=[12])]
    total: Annotated[
        int | None,
        Meta(
            description="How many were chosen; null on later pages.",
            examples=[12],
            extra_json_schema={"minimum": 0},
        ),
    ]
    next_cursor: NextCursor


def _facts(told: Told) -> dict[str, Any]:
    delivery = told.delivery
    pending = delivery.status is WebhookStatus.PENDING
    return {
        "event_id": text(Prefix.EVENT, told.event.id),
        "event_type": EventType(told.event.type),
        "sequence": delivery.sequence,
        "status": delivery.status,
        "attempts": delivery.tries,
        "next_attempt_at": instant(delivery.due_at) if pending else None,
        "last_status": delivery.answer,
        "last_error": delivery.error,
        "created_at": instant(delivery.created_at),
        "updated_at": instant(delivery.updated_at),
    }


def _attempt(attempt: WebhookAttempt) -> WebhookAttemptView:
    return WebhookAttemptView(
        attempt=attempt.attempt,
        at=instant(attempt.at),
        duration_ms=attempt.ms,
        status=attempt.answer,
        error=attempt.error,
        response=_shown(attempt.response),
    )


def _shown(response: bytes) -> str:
    try:
        return response.decode()
    except UnicodeDecodeError:
        return base64.b64encode(response).decode()


def _position(cursor: str | UnsetType | None) -> int | None:
    if cursor is None or isinstance(cursor, UnsetType):
        return None
    return min(int(cursor, 16), EVER)


def _cursor(number: int | None) -> str | None:
    return None if number is None else f"{number:032x}"


def _ms(field: str, when: str | UnsetType | None, otherwise: int) -> int:
    if when is None or isinstance(when, UnsetType):
        return otherwise
    try:
        return round(datetime.fromisoformat(when).timestamp() * _MS)
    except ValueError:
        raise bad_field(field, "instant", f"There is no such instant in `{field}`.") from None


def _selection(
    status: WebhookStatus | UnsetType | None,
    since: str | UnsetType | None,
    until: str | UnsetType | None,
) -> Selection:
    plain = Selection()
    chosen = None if status is None or isinstance(status, UnsetType) else status.value
    return Selection(
        status=chosen,
        since=_ms("since", since, plain.since),
        until=_ms("until", until, plain.until),
    )


async def _list(call: Call, _body: None, query: ListWebhookDeliveries) -> WebhookDeliveryList:
    chosen = _selection(query.status, query.since, query.until)
    found = await call.services.webhook_log.page(
        call.caller, endpoint_id(call), chosen, _position(query.cursor), query.limit + 1
    )
    items, more = page(found, query.limit)
    return WebhookDeliveryList(
        data=[WebhookDeliveryView(**_facts(each)) for each in items],
        next_cursor=_cursor(items[-1].delivery.number) if more else None,
    )


async def _get(call: Call, _body: None, _query: None) -> WebhookDeliveryDetail:
    endpoint, event = endpoint_id(call), parse(Prefix.EVENT, call.path["event_id"])
    told = await call.services.webhook_log.get(call.caller, endpoint, event)
    log = [_attempt(each) for each in told.attempts]
    return WebhookDeliveryDetail(**_facts(told), event=wire(told.event), log=log)


async def _replay(call: Call, body: ReplayWebhooks, _query: None) -> ReplayedWebhooks:
    log, endpoint = call.services.webhook_log, endpoint_id(call)
    if body.event_ids is not None:
        events = [parse(Prefix.EVENT, each) for each in body.event_ids]
        done = await log.replay_events(call.caller, endpoint, events)
    else:
        chosen = _selection(body.status, body.since, body.until)
        done = await log.replay(call.caller, endpoint, chosen, _position(body.cursor), body.limit)
    return ReplayedWebhooks(replayed=done.count, total=done.total, next_cursor=_cursor(done.next))


_ONE = "/v1/webhook-endpoints/{endpoint_id}"

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        id="listWebhookDeliveries",
        method="GET",
        path=f"{_ONE}/deliveries",
        tag="webhooks",
        summary="List what was posted",
        description="The events of an endpoint, newest first, with what became of each. Those "
        "that ended are kept for 30 days.",
        scope=Scope.WEBHOOKS_MANAGE,
        query=ListWebhookDeliveries,
        answer=WebhookDeliveryList,
        handler=_list,
    ),
    Operation(
        id="getWebhookDelivery",
        method="GET",
        path=f"{_ONE}/deliveries/{{event_id}}",
        tag="webhooks",
        summary="Read what was posted, with every attempt",
        description="One event of an endpoint: its payload, and every attempt with its answer.",
        scope=Scope.WEBHOOKS_MANAGE,
        answer=WebhookDeliveryDetail,
        handler=_get,
    ),
    Operation(
        id="replayWebhooks",
        method="POST",
        path=f"{_ONE}/replay",
        tag="webhooks",
        summary="Post events again",
        description="By id, or by state and time; by default everything that is exhausted. The "
        "schedule begins anew, ids stay. What is under way is left alone. Call it again with "
        "`next_cursor` until that is null.",
        scope=Scope.WEBHOOKS_MANAGE,
        body=ReplayWebhooks,
        body_optional=True,
        example={"status": "exhausted", "since": "2026-03-01T12:00:00Z"},
        answer=ReplayedWebhooks,
        handler=_replay,
    ),
)
