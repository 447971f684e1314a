"""What a recipient wants nothing over: the steps that are left."""

from collections.abc import Collection

import msgspec

from watchword_server.domain.channel import Channel
from watchword_server.domain.errors import UNSUBSCRIBED, Problem
from watchword_server.domain.routing import Route, Step
from watchword_server.domain.verification import weakest
from watchword_server.ledger import encode_route
from watchword_server.services.sending.draft import Draft


def first_willing(route: Route, opted_out: Collection[str]) -> Step:
    """The first step over a channel that is not opted out.

    Raises:
        Problem: UNSUBSCRIBED where there is none.
    """
    for step in route:
        if step.channel not in opted_out:
            return step
    raise unsubscribed(route[0].channel)


def without(drafted: Draft, opted_out: Collection[str]) -> Draft:
    """The draft with only the steps that are not opted out; its account is still that of the
    first step it had.

    Raises:
        Problem: UNSUBSCRIBED where no step is left.
    """
    first = first_willing(drafted.route, opted_out)
    route = tuple(step for step in drafted.route if step.channel not in opted_out)
    live = msgspec.structs.replace(
        drafted.live, route=encode_route(route), channel=first.channel,
        assurance=weakest(Channel(step.channel) for step in route),
    )  # fmt: skip
    return msgspec.structs.replace(drafted, live=live, route=route)


def unsubscribed(channel: str) -> Problem:
    """The refusal of a recipient who wants no messages."""
    return Problem(
        UNSUBSCRIBED,
        f"This recipient has opted out of messages over {channel}; the answer START, or an "
        "operator, lifts that.",
        extra={"field": "to", "channel": str(channel), "reason": "opted_out"},
    )
