"""Which steps a send takes: those its caller names, those of a saved route, or its template's."""

from collections.abc import Callable, Sequence
from functools import lru_cache

from watchword_server.domain.address import REACH, Address, Kind
from watchword_server.domain.channel import Channel
from watchword_server.domain.errors import NO_CHANNEL, UNREACHABLE, Problem, bad_field
from watchword_server.domain.route_plan import (
    Choice,
    LeftOut,
    Plan,
    PlanError,
    PlanStep,
    choose,
    parse_short,
    route_of,
)
from watchword_server.domain.routing import Route, Step
from watchword_server.domain.template import Template

Carries = Callable[[Step], bool]

_NEEDS = {
    Kind.EMAIL: "The channel {channel} cannot reach an email address. Send to a phone number, or "
    "choose a template, channel or route with email.",
    Kind.PHONE: "The channel {channel} cannot reach a phone number. Send to an email address, "
    "give one in `alternates.email`, or choose a template, channel or route that reaches phones.",
}


def named(words: str, field: str, chosen: Template) -> tuple[PlanStep, ...]:
    """The steps of a short form, or of one channel, that stands in a field of a request.

    Raises:
        Problem: BAD_FIELD where it is none, or where the template has no content for a step.
    """
    try:
        steps = parse_short(words, field)
    except PlanError as error:
        raise bad_field(error.field, error.rule, f"{error}.") from None
    for step in steps:
        if step.channel not in chosen.contents:
            raise _no_content(field, step.channel)
    return steps


def of_template(chosen: Template) -> tuple[PlanStep, ...]:
    """The steps of a template's own strategy."""
    return tuple(_plain(channel) for channel in chosen.strategy)


def usable(
    steps: Sequence[PlanStep], to: Address, carries: Carries, *, with_email: bool, as_a_whole: bool
) -> Route:
    """The steps without conditions that can run for a recipient.

    Raises:
        Problem: no step, or where they are needed as a whole not every one, reaches this kind of
            address; or nobody carries any.
    """
    reach = REACH[to.kind] | {Channel.EMAIL} if with_email else REACH[to.kind]
    unfit = [step.channel for step in steps if step.channel not in reach]
    if unfit and (as_a_whole or len(unfit) == len(steps)):
        raise _unreachable(to, unfit[0])
    reachable = (step.step() for step in steps if step.channel in reach)
    found = tuple(step for step in reachable if carries(step))
    if not found:
        raise no_account(steps[0].channel)
    return found


def of_plan(
    plan: Plan, to: Address, carries: Carries, chosen: Template, *, with_email: bool
) -> Route:
    """The steps of a saved route that apply to a recipient and can run.

    Raises:
        Problem: there is none, or the template has no content for one that applies.
    """
    choices = choose(plan.steps, to, carries, chosen.contents, with_email=with_email)
    for choice in choices:
        if choice.left_out is LeftOut.NO_CONTENT:
            raise _no_content("route", choice.step.channel)
    return route_of(choices) or _refuse(choices, to)


def _refuse(choices: Sequence[Choice], to: Address) -> Route:
    """Say why nothing is left: what is nearest to being taken counts."""
    for choice in choices:
        if choice.left_out is LeftOut.NO_ACCOUNT:
            raise no_account(choice.step.channel)
    if all(choice.left_out is LeftOut.UNREACHABLE for choice in choices):
        raise _unreachable(to, choices[0].step.channel)
    raise Problem(
        UNREACHABLE,
        "No step of the route is for a recipient of this country and type of number.",
        extra={"field": "to", "reason": "no_step_applies"},
    )


def no_account(channel: str) -> Problem:
    """The refusal of a channel that no provider account carries."""
    return Problem(
        NO_CHANNEL,
        f"No provider account carries {channel} for this project.",
        extra={"channel": str(channel), "reason": "no_provider_account"},
    )


def _unreachable(to: Address, channel: Channel) -> Problem:
    detail = _NEEDS[to.kind].format(channel=channel)
    return Problem(UNREACHABLE, detail, extra={"field": "to", "channel": channel.value})


def _no_content(field: str, channel: Channel) -> Problem:
    return bad_field(field, "content", f"The template has no content for {channel}.")


@lru_cache(64)
def _plain(channel: Channel) -> PlanStep:
    return PlanStep(channel)
