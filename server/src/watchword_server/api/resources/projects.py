"""Projects: the tenants of a server."""

from collections.abc import Mapping, Sequence
from typing import Annotated

from msgspec import Meta

from watchword_server.api.fields import (
    END,
    EXAMPLE_PROJECT,
    Body,
    Deleted,
    Instant,
    Name,
    Reply,
    instant,
    like,
)
from watchword_server.api.operation import Call, Operation
from watchword_server.domain.errors import CONFLICT, bad_field
from watchword_server.domain.ids import Prefix, parse, text
from watchword_server.domain.project import Mode, Project, Scope
from watchword_server.domain.quiet_hours import Marketing, minutes, written

ProjectId = Annotated[
    str,
    Meta(
        description="The project's id.",
        examples=[EXAMPLE_PROJECT],
        extra_json_schema=like(Prefix.PROJECT),
    ),
]
ProjectMode = Annotated[
    Mode,
    Meta(
        description="Only a live project lets messages leave the server.",
        examples=["development"],
    ),
]


class ThroughputLimit(Body, frozen=True, kw_only=True):
    """At most `count` in any `period` seconds."""

    count: Annotated[int, Meta(ge=1, le=1_000_000_000, description="How many.", examples=[600])]
    period: Annotated[int, Meta(ge=1, le=86_400, description="Seconds.", examples=[60])]


Limits = Annotated[
    dict[
        Annotated[str, Meta(min_length=1, max_length=40, pattern="^[a-z_]+$")],
        ThroughputLimit,
    ],
    Meta(
        max_length=20,
        description="Limits that differ from the mode's own, by name.",
        examples=[{"key": {"count": 600, "period": 60}}],
    ),
]


LinkDomains = Annotated[
    list[
        Annotated[
            str,
            Meta(
                max_length=253,
                pattern=rf"^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+{END}",
            ),
        ]
    ],
    Meta(
        max_length=50,
        description="Domains that links in templates may lead to, with what is below them.",
        examples=[["example.com"]],
    ),
]


_AMOUNT = rf"^([0-9]{{1,9}}(\.[0-9]{{1,6}})?)?{END}"
DailyBudget = Annotated[
    str,
    Meta(
        pattern=_AMOUNT,
        description="What messages may cost per day (UTC), in the currency of "
        "`WATCHWORD_MESSAGE_PRICES`: `alert.budget` at 80 % of it. Empty: no budget.",
        examples=["50.00"],
    ),
]
LowBalance = Annotated[
    str,
    Meta(
        pattern=_AMOUNT,
        description="Below this balance of a provider account `alert.low_balance` is raised, in "
        "the account's own currency. Empty: never.",
        examples=["20"],
    ),
]
TimeOfDay = Annotated[
    str,
    Meta(
        pattern=rf"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00){END}",
        description="HH:MM where the recipient is.",
        examples=["08:00"],
    ),
]


class MarketingHours(Body, frozen=True, kw_only=True):
    """Whether custom messages of the category `marketing` may be sent, and when."""

    enabled: Annotated[bool, Meta(description="Off unless you say so.", examples=[False])] = False
    start: TimeOfDay = "08:00"
    end: TimeOfDay = "21:00"


class CreateProject(Body, frozen=True, kw_only=True):
    """A project to be made."""

    name: Name
    mode: ProjectMode = Mode.DEVELOPMENT


class UpdateProject(Body, frozen=True, kw_only=True):
    """What changes about a project; what is left out stays."""

    name: Name | None = None
    mode: ProjectMode | None = None
    limits: Limits | None = None
    link_domains: LinkDomains | None = None
    marketing: Annotated[
        MarketingHours | None, Meta(description="When marketing may be sent, if at all.")
    ] = None
    daily_budget: DailyBudget | None = None
    low_balance: LowBalance | None = None


class ProjectView(Reply, frozen=True, kw_only=True):
    """A project."""

    project_id: ProjectId
    name: Name
    mode: ProjectMode
    limits: Limits
    link_domains: LinkDomains
    marketing: Annotated[MarketingHours, Meta(description="When marketing may be sent, if at all.")]
    daily_budget: DailyBudget
    low_balance: LowBalance
    created_at: Instant


class ProjectList(Reply, frozen=True, kw_only=True):
    """The projects of this server."""

    data: Annotated[Sequence[ProjectView], Meta(description="All of them.")]


class DeletedProject(Reply, frozen=True, kw_only=True):
    """A project that is gone, with everything in it."""

    deleted: Deleted
    project_id: ProjectId


def _view(project: Project) -> ProjectView:
    return ProjectView(
        project_id=text(Prefix.PROJECT, project.id),
        name=project.name,
        mode=project.mode,
        limits={
            name: ThroughputLimit(count=count, period=period)
            for name, (count, period) in sorted(project.limits.items())
        },
        link_domains=list(project.link_domains),
        marketing=MarketingHours(
            enabled=project.marketing.enabled,
            start=written(project.marketing.start),
            end=written(project.marketing.end),
        ),
        daily_budget=project.daily_budget,
        low_balance=project.low_balance,
        created_at=instant(project.created_at),
    )


def _limits(limits: Mapping[str, ThroughputLimit] | None) -> dict[str, tuple[int, int]] | None:
    if limits is None:
        return None
    return {name: (limit.count, limit.period) for name, limit in limits.items()}


def _marketing(hours: MarketingHours | None) -> Marketing | None:
    if hours is None:
        return None
    start, end = minutes(hours.start), minutes(hours.end)
    if start >= end:
        raise bad_field("marketing.end", "after", "`end` must come after `start`.")
    return Marketing(hours.enabled, start, end)


def _id(call: Call) -> bytes:
    return parse(Prefix.PROJECT, call.path["project_id"])


async def _create(call: Call, body: CreateProject, _query: None) -> ProjectView:
    return _view(await call.services.projects.create(body.name, body.mode))


async def _list(call: Call, _body: None, _query: None) -> ProjectList:
    return ProjectList(data=[_view(each) for each in await call.services.projects.all()])


async def _get(call: Call, _body: None, _query: None) -> ProjectView:
    return _view(await call.services.projects.get(_id(call)))


async def _update(call: Call, body: UpdateProject, _query: None) -> ProjectView:
    project = await call.services.projects.update(
        _id(call),
        body.name,
        body.mode,
        _limits(body.limits),
        None if body.link_domains is None else tuple(body.link_domains),
        _marketing(body.marketing),
        body.daily_budget,
        body.low_balance,
    )
    return _view(project)


async def _delete(call: Call, _body: None, _query: None) -> DeletedProject:
    project = _id(call)
    await call.services.projects.delete(project)
    return DeletedProject(deleted=True, project_id=text(Prefix.PROJECT, project))


_PATH = "/v1/projects/{project_id}"

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        id="createProject",
        method="POST",
        path="/v1/projects",
        tag="projects",
        summary="Make a project",
        description="A tenant with its own keys, templates and verifications.",
        scope=Scope.SERVER_ADMIN,
        body=CreateProject,
        example={"name": "shop", "mode": "development"},
        answer=ProjectView,
        status=201,
        errors=(CONFLICT,),
        handler=_create,
    ),
    Operation(
        id="listProjects",
        method="GET",
        path="/v1/projects",
        tag="projects",
        summary="List projects",
        description="Every project of this server.",
        scope=Scope.SERVER_ADMIN,
        answer=ProjectList,
        handler=_list,
    ),
    Operation(
        id="getProject",
        method="GET",
        path=_PATH,
        tag="projects",
        summary="Read a project",
        description="One project.",
        scope=Scope.SERVER_ADMIN,
        answer=ProjectView,
        handler=_get,
    ),
    Operation(
        id="updateProject",
        method="PATCH",
        path=_PATH,
        tag="projects",
        summary="Change a project",
        description="Changes what is given and leaves the rest; `limits` replaces them all.",
        scope=Scope.SERVER_ADMIN,
        body=UpdateProject,
        example={"limits": {"key": {"count": 1200, "period": 60}}},
        answer=ProjectView,
        errors=(CONFLICT,),
        handler=_update,
    ),
    Operation(
        id="deleteProject",
        method="DELETE",
        path=_PATH,
        tag="projects",
        summary="Delete a project",
        description="Deletes the project with everything in it.",
        scope=Scope.SERVER_ADMIN,
        answer=DeletedProject,
        handler=_delete,
    ),
)
