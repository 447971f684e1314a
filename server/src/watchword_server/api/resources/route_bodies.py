"""What callers submit about routes, and the routes that become of it."""

from collections.abc import Sequence
from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from watchword_server.api.fields import END, Body, TemplateId, To
from watchword_server.api.resources.send_bodies import Alternates
from watchword_server.domain.channel import Channel
from watchword_server.domain.errors import bad_field
from watchword_server.domain.numbering import NumberType
from watchword_server.domain.route_plan import (
    ALWAYS,
    MAX_SHORT,
    MAX_STEPS,
    MAX_WAIT_S,
    MIN_WAIT_S,
    Plan,
    PlanError,
    PlanStep,
    When,
    parse_short,
)
from watchword_server.domain.route_rules import MAX_ACCOUNTS
from watchword_server.domain.routing import DEFAULT_WAIT_S, Until

UNNAMED = "unnamed"
"""The id of a route that is only looked at."""

RouteId = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=64,
        pattern=rf"^[A-Za-z0-9][A-Za-z0-9_.:-]*{END}",
        description="The id of a saved route; `check` and the words for channels are none.",
        examples=["log-in"],
    ),
]
ShortForm = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=MAX_SHORT,
        description="Channels in the order they are tried, with `|` between them, each perhaps "
        "with its wait and until in parentheses.",
        examples=["whatsapp(30s)|sms(until=verified)|voice"],
    ),
]
AccountName = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=40,
        pattern=rf"^[a-z0-9][a-z0-9-]*{END}",
        description="The name of a provider account.",
        examples=["acme"],
    ),
]
Country = Annotated[
    str,
    Meta(
        pattern=rf"^([A-Z]{{2}}|001){END}",
        description="ISO 3166-1 alpha-2; `001` for numbers of no country.",
        examples=["SG"],
    ),
]
Countries = Annotated[list[Country], Meta(max_length=300)]


class WhenBody(Body, frozen=True, kw_only=True):
    """For whom a step is: every list that is not empty has to agree."""

    countries: Annotated[Countries, Meta(description="Only these.", examples=[["SG", "MY"]])] = []
    not_countries: Annotated[Countries, Meta(description="All but these.", examples=[["US"]])] = []
    number_types: Annotated[
        list[NumberType],
        Meta(
            max_length=12,
            description="Only these types of number. In a country whose plan cannot tell mobile "
            "from fixed lines, such as the US, every such number is `fixed_line_or_mobile`.",
            examples=[["mobile", "fixed_line_or_mobile"]],
        ),
    ] = []


class StepBody(Body, frozen=True, kw_only=True):
    """One step."""

    channel: Annotated[Channel, Meta(description="How it is sent.", examples=["whatsapp"])]
    accounts: Annotated[
        list[AccountName],
        Meta(
            description="The provider accounts that may carry it; empty, any that carries the "
            "channel.",
            examples=[["acme", "bulk"]],
            max_length=MAX_ACCOUNTS,
        ),
    ] = []
    wait_s: Annotated[
        int,
        Meta(
            description="Seconds until the next step is taken, if `until` is not reached.",
            examples=[30],
            ge=MIN_WAIT_S,
            le=MAX_WAIT_S,
        ),
    ] = DEFAULT_WAIT_S
    until: Annotated[
        Until | None,
        Meta(
            description="What it must reach within its wait: `sent`, `delivered` or `verified`. "
            "Null: `delivered` where the provider account reports deliveries, else `sent`.",
            examples=["delivered"],
        ),
    ] = None
    when: Annotated[WhenBody, Meta(description="For whom it is; empty, for everybody.")] = (
        WhenBody()
    )


Steps = Annotated[
    list[StepBody],
    Meta(
        description="The steps in the order they are tried; or give `short_form`.",
        examples=[[{"channel": "whatsapp", "wait_s": 30}, {"channel": "sms"}]],
        min_length=1,
        max_length=MAX_STEPS,
    ),
]


class PutRoute(Body, frozen=True, kw_only=True):
    """The whole of a route; `steps` or `short_form` is required."""

    description: Annotated[
        str, Meta(max_length=255, description="What it is for.", examples=["Log-in codes"])
    ] = ""
    steps: Steps | UnsetType = UNSET
    short_form: ShortForm | UnsetType = UNSET


class CheckRoute(Body, frozen=True, kw_only=True):
    """A route to be looked at: its `steps`, its `short_form`, or the `route_id` of a saved one."""

    route_id: Annotated[RouteId, Meta(description="A saved route.")] | UnsetType = UNSET
    steps: Steps | UnsetType = UNSET
    short_form: ShortForm | UnsetType = UNSET
    template_id: (
        Annotated[TemplateId, Meta(description="Whether this template has words for each step.")]
        | UnsetType
    ) = UNSET
    to: (
        Annotated[To, Meta(description="Which steps this recipient would get; nothing is sent.")]
        | UnsetType
    ) = UNSET
    alternates: (
        Annotated[Alternates, Meta(description="Other addresses of the same person.")] | UnsetType
    ) = UNSET


ONE_OF = {
    "oneOf": [
        {"title": "in full", "required": ["steps"]},
        {"title": "in short", "required": ["short_form"]},
    ]
}
ONE_OF_OR_SAVED = {"oneOf": [*ONE_OF["oneOf"], {"title": "a saved one", "required": ["route_id"]}]}
"""What a type cannot say: which fields stand for one another."""


def plan_of(id: str, body: PutRoute) -> Plan:
    """The route that a body describes.

    Raises:
        Problem: BAD_FIELD where it has neither or both forms, or the short form cannot be read.
    """
    return Plan(id, steps_of(body.steps, body.short_form), body.description)


def steps_of(
    steps: Sequence[StepBody] | UnsetType, short_form: str | UnsetType
) -> tuple[PlanStep, ...]:
    """The steps in one of their forms; see `plan_of`."""
    if isinstance(steps, UnsetType):
        if isinstance(short_form, UnsetType):
            raise bad_field("steps", "required", "`steps` is missing; or give `short_form`.")
        try:
            return parse_short(short_form, "short_form")
        except PlanError as error:
            message = str(error)
            sentence = f"{message[:1].upper()}{message[1:]}."
            raise bad_field(error.field, error.rule, sentence) from None
    if not isinstance(short_form, UnsetType):
        raise bad_field("short_form", "conflict", "Give `steps` or `short_form`, not both.")
    return tuple(_step(step) for step in steps)


def _step(step: StepBody) -> PlanStep:
    when = When(
        tuple(step.when.countries),
        tuple(step.when.not_countries),
        tuple(step.when.number_types),
    )
    return PlanStep(
        step.channel,
        tuple(step.accounts),
        step.wait_s,
        step.until,
        ALWAYS if when == ALWAYS else when,
    )
