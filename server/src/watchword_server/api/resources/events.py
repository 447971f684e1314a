"""Events: what happened in a project, as a list and as a stream."""

from collections.abc import AsyncGenerator, Awaitable, Sequence
from contextlib import aclosing
from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from watchword_server.api.fields import (
    END,
    Body,
    Cursor,
    Limit,
    MessageId,
    NextCursor,
    Reply,
    ShownMode,
    shown_mode,
)
from watchword_server.api.operation import Call, Operation
from watchword_server.api.streaming import EVENT_STREAM
from watchword_server.domain import event_wire, events
from watchword_server.domain.errors import UNKNOWN_ID, bad_field
from watchword_server.domain.event_wire import SUBJECTS, WireEvent
from watchword_server.domain.events import Event, EventType
from watchword_server.domain.ids import Prefix, parse, text
from watchword_server.domain.project import Caller, Scope
from watchword_server.ports.store import Span
from watchword_server.services.events import EVERY_TYPE

_RETRY_MS = 2000
"""How long a reader that lost the stream waits before it comes back."""

EventId = Annotated[
    str,
    Meta(
        pattern=rf"^{Prefix.EVENT}_[0-9a-f]{{32}}{END}",
        description="The id of an event.",
        examples=["evt_0193f2c1a7b470008000000000000007"],
    ),
]
Types = Annotated[
    str,
    Meta(
        pattern=rf"^[a-z]+(\.([a-z_]+|\*))?{END}",
        description="Only events of this type, such as `verification.approved`, or of this "
        "family, such as `verification.*` (or `verification`).",
        examples=["verification.approved"],
    ),
]


class ListEvents(Body, frozen=True, kw_only=True):
    """Which events are listed."""

    type: Types | UnsetType = UNSET
    message_id: MessageId | UnsetType = UNSET
    limit: Limit = 20
    cursor: Cursor | UnsetType = UNSET


class StreamEvents(Body, frozen=True, kw_only=True):
    """Which events are streamed."""

    type: Types | UnsetType = UNSET
    last_event_id: (
        Annotated[
            EventId,
            Meta(
                description="Begin after this event instead of now; the header `Last-Event-ID` "
                "says the same, and wins."
            ),
        ]
        | UnsetType
    ) = UNSET


class EventList(Reply, frozen=True, kw_only=True):
    """A page of events, newest first; it may be short although more follow."""

    data: Annotated[Sequence[WireEvent], Meta(max_length=100, description="Newest first.")]
    next_cursor: NextCursor
    mode: ShownMode = UNSET


async def _get(call: Call, _body: None, _query: None) -> WireEvent:
    event = parse(Prefix.EVENT, call.path["event_id"])
    return event_wire.wire(await call.services.events.get(call.caller, event))


async def _list(call: Call, _body: None, query: ListEvents) -> EventList:
    subject = None
    if not isinstance(query.message_id, UnsetType):
        subject = parse(Prefix.VERIFICATION, query.message_id)
    place = None if isinstance(query.cursor, UnsetType) else events.place(_raw(query.cursor))
    found = await call.services.events.page(
        call.caller, subject, _span(query.type), place, query.limit
    )
    return EventList(
        data=[event_wire.wire(each) for each in found.events],
        next_cursor=None if found.place is None else f"{found.place:032x}",
        mode=shown_mode(call.caller),
    )


async def _stream(call: Call, _body: None, query: StreamEvents) -> AsyncGenerator[bytes, None]:
    after = None
    if not isinstance(query.last_event_id, UnsetType):
        after = events.place(parse(Prefix.EVENT, query.last_event_id))

    def again() -> Awaitable[Caller]:
        return call.services.directory.authenticate(call.authorization, call.client_ip)

    batches = call.services.events.follow(
        call.caller, after, _span(query.type), again if call.authorization else None
    )
    return _frames(batches)


async def _frames(batches: AsyncGenerator[Sequence[Event], None]) -> AsyncGenerator[bytes, None]:
    async with aclosing(batches):
        yield b"retry: %d\n\n" % _RETRY_MS
        async for batch in batches:
            yield b"".join(map(frame, batch)) or b": still here\n\n"


def frame(event: Event) -> bytes:
    """An event as a stream carries it."""
    id, data = text(Prefix.EVENT, event.id), event_wire.encode(event)
    return b"id: %b\nevent: %b\ndata: %b\n\n" % (id.encode(), event.type.encode(), data)


def _raw(cursor: str) -> bytes:
    return bytes.fromhex(cursor)


def _span(types: str | UnsetType) -> Span:
    """From the first to the last of the types that are asked for.

    Raises:
        Problem: BAD_FIELD; there are no such events.
    """
    if isinstance(types, UnsetType):
        return EVERY_TYPE
    family = types.removesuffix(".*")
    if family in SUBJECTS:
        return f"{family}.", f"{family}/"  # the character after the point
    if types in _TYPES:
        return types, f"{types}\0"
    raise bad_field("type", "enum", "No event has this type, or belongs to such a family.")


_TYPES = frozenset(type.value for type in EventType)

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        id="listEvents",
        method="GET",
        path="/v1/events",
        tag="events",
        summary="List events",
        description="What happened in the project, newest first. Ask for the next page until "
        "`next_cursor` is null.",
        scope=Scope.EVENTS_READ,
        query=ListEvents,
        answer=EventList,
        errors=(UNKNOWN_ID,),
        handler=_list,
    ),
    Operation(
        id="getEvent",
        method="GET",
        path="/v1/events/{event_id}",
        tag="events",
        summary="Read an event",
        description="One event, as webhooks and streams showed it.",
        scope=Scope.EVENTS_READ,
        answer=WireEvent,
        handler=_get,
    ),
    Operation(
        id="streamEvents",
        method="GET",
        path="/v1/events/stream",
        tag="events",
        summary="Follow events",
        description="Events as they happen, as server-sent events: `id`, `event` (the type) and "
        "`data` (the event as JSON). A reader that comes back with `Last-Event-ID` misses none. "
        "A comment every 15 s shows that the stream is alive. It ends when the server stops or "
        "the key is no longer good.",
        scope=Scope.EVENTS_READ,
        query=StreamEvents,
        answer=WireEvent,
        handler=_stream,
        content_type=EVENT_STREAM,
    ),
)
