"""The inbox: what a project that is not live would have sent, codes and all."""

from collections.abc import Sequence
from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from watchword_server.api.fields import (
    CHANNELS,
    Body,
    Cursor,
    Instant,
    Limit,
    MessageId,
    NextCursor,
    Reply,
    ShownMode,
    To,
    instant,
    message_id,
    page,
    position,
    shown_mode,
)
from watchword_server.api.operation import Call, Operation
from watchword_server.domain.channel import Channel
from watchword_server.domain.errors import NOT_ALLOWED_HERE
from watchword_server.domain.project import Scope


class ListInboxMessages(Body, frozen=True, kw_only=True):
    """Which messages are listed."""

    to: Annotated[To, Meta(description="Only those to this recipient.")] | UnsetType = UNSET
    limit: Limit = 20
    cursor: Cursor | UnsetType = UNSET


class InboxEntry(Reply, frozen=True, kw_only=True):
    """A message that stayed on the server."""

    message_id: MessageId
    to: Annotated[To, Meta(description="The recipient in full.", examples=["+14155550123"])]
    channel: Annotated[Channel, Meta(description="How it was to go out.", examples=["sms"])]
    text: Annotated[
        str, Meta(description="What was said.", examples=["482913 is your Example code."])
    ]
    code: Annotated[
        str,
        Meta(
            pattern="^[A-Za-z0-9]{0,10}$",
            description="The code alone; empty where there is none.",
            examples=["482913"],
        ),
    ]
    at: Instant


class InboxList(Reply, frozen=True, kw_only=True):
    """A page of messages, newest first."""

    data: Annotated[Sequence[InboxEntry], Meta(max_length=100, description="Newest first.")]
    next_cursor: NextCursor
    mode: ShownMode = UNSET


async def list_inbox(call: Call, _body: None, query: ListInboxMessages) -> InboxList:
    """The messages of the caller's project, codes and all."""
    to = None if isinstance(query.to, UnsetType) else query.to
    found = await call.services.reading.inbox(
        call.caller, to, position(query.cursor), query.limit + 1
    )
    items, more = page(found, query.limit)
    return InboxList(
        data=[
            InboxEntry(
                message_id=message_id(each.verification),
                to=each.to,
                channel=CHANNELS[each.channel],
                text=each.text,
                code=each.code,
                at=instant(each.at),
            )
            for each in items
        ],
        next_cursor=items[-1].id.hex() if more else None,
        mode=shown_mode(call.caller),
    )


OPERATIONS: tuple[Operation, ...] = (
    Operation(
        id="listInboxMessages",
        method="GET",
        path="/v1/inbox/messages",
        tag="inbox",
        summary="Read the inbox",
        description="The messages of a development or sandbox project, newest first, each with "
        "its code. A live project has no inbox: the call is refused with the reason "
        "`live_project`.",
        scope=Scope.INBOX_READ,
        query=ListInboxMessages,
        answer=InboxList,
        errors=(NOT_ALLOWED_HERE,),
        handler=list_inbox,
    ),
)
