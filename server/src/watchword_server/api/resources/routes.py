"""Saved routes: listed, read, saved, checked, deleted."""

from collections.abc import Sequence
from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from watchword_server.api.fields import (
    Deleted,
    Instant,
    Reply,
    ShownMode,
    TemplateId,
    instant,
    shown_mode,
)
from watchword_server.api.operation import Call, Operation
from watchword_server.api.resources.route_bodies import (
    UNNAMED,
    CheckRoute,
    PutRoute,
    RouteId,
    StepBody,
    WhenBody,
    plan_of,
    steps_of,
)
from watchword_server.domain.channel import Channel
from watchword_server.domain.errors import (
    INVALID_NUMBER,
    NOT_ALLOWED_HERE,
    UNKNOWN_ID,
    bad_field,
)
from watchword_server.domain.project import Scope
from watchword_server.domain.route_plan import MAX_STEPS, LeftOut, Plan, PlanStep, short_form
from watchword_server.services.routes import CheckedRoute, Recipient, SavedRoute


class RouteView(Reply, frozen=True, kw_only=True):
    """A saved route."""

    route_id: RouteId
    description: Annotated[
        str, Meta(max_length=255, description="What it is for.", examples=["Log-in codes"])
    ]
    steps: Annotated[
        Sequence[StepBody],
        Meta(min_length=1, max_length=MAX_STEPS, description="In the order they are tried."),
    ]
    short_form: Annotated[
        str | None,
        Meta(
            description="The same in short; null where accounts or conditions do not fit into it.",
            examples=["whatsapp(30s)|sms"],
            extra_json_schema={"minLength": 1},
        ),
    ]
    templates: Annotated[
        Sequence[TemplateId], Meta(description="The templates that name it.", examples=[["pay"]])
    ]
    created_at: Instant
    updated_at: Instant
    mode: ShownMode = UNSET


class RouteList(Reply, frozen=True, kw_only=True):
    """The routes of the project."""

    data: Annotated[Sequence[RouteView], Meta(description="All of them.")]


class DeletedRoute(Reply, frozen=True, kw_only=True):
    """A route that is gone."""

    deleted: Deleted
    route_id: RouteId


class RouteProblem(Reply, frozen=True, kw_only=True):
    """One thing that keeps a route from being saved or used."""

    field: Annotated[
        str,
        Meta(min_length=1, description="Where; steps count from 0.", examples=["steps[1].channel"]),
    ]
    rule: Annotated[
        str, Meta(pattern="^[a-z_]+$", description="A machine word.", examples=["unknown_account"])
    ]
    message: Annotated[
        str,
        Meta(
            min_length=1,
            description="What is wrong; steps count from 1.",
            examples=["step 2: there is no provider account of that name"],
        ),
    ]


class ChosenStep(Reply, frozen=True, kw_only=True):
    """What becomes of a step for the recipient."""

    step: Annotated[int, Meta(ge=0, description="Its place, counted from 0.", examples=[0])]
    channel: Annotated[Channel, Meta(description="How it is sent.", examples=["sms"])]
    taken: Annotated[
        bool, Meta(description="Whether the recipient gets it, if it is its turn.", examples=[True])
    ]
    left_out: Annotated[
        LeftOut | None,
        Meta(
            description="Why not: `unreachable` (the channel cannot reach this kind of address), "
            "`condition`, `no_content` (of the template), `no_provider_account` or `repeated` "
            "(the same channel and accounts as a step before).",
            examples=[None],
        ),
    ]


class RouteReport(Reply, frozen=True, kw_only=True):
    """What was found about a route; nothing was saved or sent."""

    valid: Annotated[bool, Meta(description="Whether it has no problem.", examples=[True])]
    problems: Annotated[Sequence[RouteProblem], Meta(description="In reading order.")]
    chosen: Annotated[
        Sequence[ChosenStep] | None,
        Meta(description="Each step for the recipient `to`; null where none was given."),
    ]


def _steps(steps: Sequence[PlanStep]) -> Sequence[StepBody]:
    return [
        StepBody(
            channel=step.channel,
            accounts=list(step.accounts),
            wait_s=step.wait_s,
            until=step.until,
            when=WhenBody(
                countries=list(step.when.countries),
                not_countries=list(step.when.not_countries),
                number_types=list(step.when.number_types),
            ),
        )
        for step in steps
    ]


def _view(call: Call, saved: SavedRoute) -> RouteView:
    plan = saved.plan
    return RouteView(
        route_id=plan.id,
        description=plan.description,
        steps=_steps(plan.steps),
        short_form=short_form(plan.steps),
        templates=saved.templates,
        created_at=instant(plan.created_at),
        updated_at=instant(plan.updated_at),
        mode=shown_mode(call.caller),
    )


def _report(checked: CheckedRoute) -> RouteReport:
    chosen = None
    if checked.choices is not None:
        chosen = [
            ChosenStep(
                step=place,
                channel=one.step.channel,
                taken=one.left_out is None,
                left_out=one.left_out,
            )
            for place, one in enumerate(checked.choices)
        ]
    problems = [
        RouteProblem(field=one.field, rule=one.rule, message=str(one)) for one in checked.problems
    ]
    return RouteReport(valid=not problems, problems=problems, chosen=chosen)


async def _list(call: Call, _body: None, _query: None) -> RouteList:
    found = await call.services.routes.all(call.caller)
    return RouteList(data=[_view(call, one) for one in found])


async def _get(call: Call, _body: None, _query: None) -> RouteView:
    return _view(call, await call.services.routes.get(call.caller, call.path["route_id"]))


async def _put(call: Call, body: PutRoute, _query: None) -> RouteView:
    plan = plan_of(call.path["route_id"], body)
    return _view(call, await call.services.routes.put(call.caller, plan))


async def _delete(call: Call, _body: None, _query: None) -> DeletedRoute:
    id = call.path["route_id"]
    await call.services.routes.delete(call.caller, id)
    return DeletedRoute(deleted=True, route_id=id)


async def _check(call: Call, body: CheckRoute, _query: None) -> RouteReport:
    plan = await _looked_at(call, body)
    template = None if isinstance(body.template_id, UnsetType) else body.template_id
    recipient = None
    if not isinstance(body.to, UnsetType):
        email = None if isinstance(body.alternates, UnsetType) else body.alternates.email
        recipient = Recipient(body.to, email)
    checked = await call.services.routes.check(call.caller, plan, template, recipient)
    return _report(checked)


async def _looked_at(call: Call, body: CheckRoute) -> Plan:
    if isinstance(body.route_id, UnsetType):
        return Plan(UNNAMED, steps_of(body.steps, body.short_form))
    for name in ("steps", "short_form"):
        if not isinstance(getattr(body, name), UnsetType):
            raise bad_field(name, "conflict", f"Give `route_id` or `{name}`, not both.")
    return (await call.services.routes.get(call.caller, body.route_id)).plan


_ALL = "/v1/routes"
_ONE = f"{_ALL}/{{route_id}}"
_EXAMPLE = {
    "description": "Log-in codes",
    "steps": [
        {"channel": "whatsapp", "wait_s": 30, "when": {"not_countries": ["US"]}},
        {"channel": "sms"},
        {"channel": "voice"},
    ],
}

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        id="listRoutes",
        method="GET",
        path=_ALL,
        tag="routes",
        summary="List routes",
        description="Every saved route of the project.",
        scope=Scope.ROUTES_MANAGE,
        answer=RouteList,
        handler=_list,
    ),
    Operation(
        id="checkRoute",
        method="POST",
        path=f"{_ALL}/check",
        tag="routes",
        summary="Check a route",
        description="Says everything that keeps a route from being saved, or a template from "
        "naming it, and which of its steps a recipient would get and why not the others. Nothing "
        "is saved or sent.",
        scope=Scope.ROUTES_MANAGE,
        body=CheckRoute,
        example={"short_form": "whatsapp(30s)|sms|voice", "to": "+14155550123"},
        answer=RouteReport,
        errors=(INVALID_NUMBER, UNKNOWN_ID),
        handler=_check,
    ),
    Operation(
        id="getRoute",
        method="GET",
        path=_ONE,
        tag="routes",
        summary="Read a route",
        description="One saved route, and the templates that name it.",
        scope=Scope.ROUTES_MANAGE,
        answer=RouteView,
        handler=_get,
    ),
    Operation(
        id="putRoute",
        method="PUT",
        path=_ONE,
        tag="routes",
        summary="Save a route",
        description="Saves a route, new or in place of the one with this id. It is checked first: "
        "a refusal names the step in `field` and what it breaks in `rule`. Verifications that "
        "have started keep the steps they started with.",
        scope=Scope.ROUTES_MANAGE,
        body=PutRoute,
        example=_EXAMPLE,
        answer=RouteView,
        errors=(NOT_ALLOWED_HERE,),
        handler=_put,
    ),
    Operation(
        id="deleteRoute",
        method="DELETE",
        path=_ONE,
        tag="routes",
        summary="Delete a route",
        description="Deletes a route that no template names.",
        scope=Scope.ROUTES_MANAGE,
        answer=DeletedRoute,
        errors=(NOT_ALLOWED_HERE,),
        handler=_delete,
    ),
)
