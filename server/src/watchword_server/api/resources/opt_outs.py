"""Who wants no messages: people say so by their answers, operators by these calls."""

from collections.abc import Sequence
from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from watchword_server.api.fields import (
    CHANNELS,
    EXAMPLE_ID,
    Body,
    Cursor,
    Instant,
    Limit,
    MaskedTo,
    NextCursor,
    Reply,
    ShownMode,
    To,
    instant,
    like,
    page,
    position,
    shown_mode,
)
from watchword_server.api.operation import Call, Operation
from watchword_server.domain.channel import Channel
from watchword_server.domain.errors import UNKNOWN_ID
from watchword_server.domain.ids import Prefix, text
from watchword_server.domain.inbound import OptOut
from watchword_server.domain.project import Scope

Only = Annotated[Channel, Meta(description="Only that of this channel.", examples=["sms"])]


class ListOptOuts(Body, frozen=True, kw_only=True):
    """Which opt-outs are listed."""

    to: Annotated[To, Meta(description="Only those of this address.")] | UnsetType = UNSET
    limit: Limit = 20
    cursor: Cursor | UnsetType = UNSET


class AddOptOut(Body, frozen=True, kw_only=True):
    """An address that is to get no messages."""

    to: To
    channels: (
        Annotated[
            list[Channel],
            Meta(
                min_length=1,
                max_length=8,
                description="Over which channels; unset: over any that reaches it.",
                examples=[["sms"]],
            ),
        ]
        | UnsetType
    ) = UNSET


class RemoveOptOut(Body, frozen=True, kw_only=True):
    """Whose opt-outs are lifted."""

    to: To
    channel: Only | UnsetType = UNSET


class OptOutView(Reply, frozen=True, kw_only=True):
    """An address that gets no messages over a channel."""

    opt_out_id: Annotated[
        str,
        Meta(
            description="The id of the opt-out.",
            examples=[f"opt_{EXAMPLE_ID}"],
            extra_json_schema=like(Prefix.OPT_OUT),
        ),
    ]
    to: MaskedTo
    channel: Annotated[Channel, Meta(description="Over which nothing is sent.", examples=["sms"])]
    source: Annotated[
        Literal["recipient", "operator"],
        Meta(description="Who wanted it so.", examples=["recipient"]),
    ]
    created_at: Instant


class OptOutList(Reply, frozen=True, kw_only=True):
    """A page of opt-outs, newest first."""

    data: Annotated[Sequence[OptOutView], Meta(max_length=100, description="Newest first.")]
    next_cursor: NextCursor
    mode: ShownMode = UNSET


class AddedOptOuts(Reply, frozen=True, kw_only=True):
    """What the address gets no messages over, from now on."""

    data: Annotated[Sequence[OptOutView], Meta(max_length=8, description="One for each channel.")]
    mode: ShownMode = UNSET


class RemovedOptOuts(Reply, frozen=True, kw_only=True):
    """How many opt-outs were lifted."""

    removed: Annotated[int, Meta(ge=1, description="How many.", examples=[1])]


def _view(one: OptOut) -> OptOutView:
    return OptOutView(
        opt_out_id=text(Prefix.OPT_OUT, one.id),
        to=one.masked,
        channel=CHANNELS[one.channel],
        source="recipient" if one.source == "recipient" else "operator",
        created_at=instant(one.at),
    )


async def _list(call: Call, _body: None, query: ListOptOuts) -> OptOutList:
    to = None if isinstance(query.to, UnsetType) else query.to
    found = await call.services.opt_outs.page(
        call.caller, to, position(query.cursor), query.limit + 1
    )
    items, more = (found, False) if to is not None else page(found, query.limit)
    return OptOutList(
        data=[_view(each) for each in items],
        next_cursor=items[-1].id.hex() if more else None,
        mode=shown_mode(call.caller),
    )


async def _add(call: Call, body: AddOptOut, _query: None) -> AddedOptOuts:
    channels = None if isinstance(body.channels, UnsetType) else body.channels
    found = await call.services.opt_outs.add(call.caller, body.to, channels)
    return AddedOptOuts(data=[_view(each) for each in found], mode=shown_mode(call.caller))


async def _remove(call: Call, _body: None, query: RemoveOptOut) -> RemovedOptOuts:
    channel = None if isinstance(query.channel, UnsetType) else query.channel.value
    removed = await call.services.opt_outs.remove(call.caller, query.to, channel)
    return RemovedOptOuts(removed=removed)


OPERATIONS: tuple[Operation, ...] = (
    Operation(
        id="listOptOuts",
        method="GET",
        path="/v1/opt-outs",
        tag="opt-outs",
        summary="List opt-outs",
        description="Addresses, masked, that get no messages, newest first.",
        scope=Scope.GUARD_MANAGE,
        query=ListOptOuts,
        answer=OptOutList,
        handler=_list,
    ),
    Operation(
        id="addOptOut",
        method="POST",
        path="/v1/opt-outs",
        tag="opt-outs",
        summary="Opt an address out",
        description="Nothing is sent to it over these channels until that is lifted. Saying it "
        "twice changes nothing.",
        scope=Scope.GUARD_MANAGE,
        body=AddOptOut,
        example={"to": "+14155550123", "channels": ["sms"]},
        answer=AddedOptOuts,
        handler=_add,
    ),
    Operation(
        id="removeOptOut",
        method="DELETE",
        path="/v1/opt-outs",
        tag="opt-outs",
        summary="Lift opt-outs of an address",
        description="Do so only if the person asked for it: most countries' rules say so.",
        scope=Scope.GUARD_MANAGE,
        query=RemoveOptOut,
        answer=RemovedOptOuts,
        errors=(UNKNOWN_ID,),
        handler=_remove,
    ),
)
