"""Looking at templates before they are sent: lint, preview, versions, an operator's yes or no."""

from collections.abc import Mapping, Sequence
from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from watchword_server.api.fields import END, Body, Language, Reply, TemplateId
from watchword_server.api.operation import Call, Operation
from watchword_server.api.resources.template_bodies import CreateTemplate, template_of
from watchword_server.api.resources.template_configs import VariableName
from watchword_server.api.resources.template_views import (
    Findings,
    TemplateDetails,
    TemplateVersionList,
    Version,
    finding_views,
    version_view,
)
from watchword_server.api.resources.templates import EXAMPLE, PATH, detailed
from watchword_server.domain.channel import Channel
from watchword_server.domain.errors import ALREADY_SO, BAD_FIELD, CONFLICT
from watchword_server.domain.project import Scope
from watchword_server.domain.segments import Encoding
from watchword_server.domain.template import Status
from watchword_server.domain.template_lint import Severity
from watchword_server.services.templates import Preview


class LintReport(Reply, frozen=True, kw_only=True):
    """What the policy says about a template that was not saved."""

    passed: Annotated[
        bool,
        Meta(description="Whether it could be saved: no finding is an error.", examples=[True]),
    ]
    findings: Findings


class PreviewTemplate(Body, frozen=True, kw_only=True):
    """Which messages are shown, and with which values."""

    channel: (
        Annotated[Channel, Meta(description="Unset, every channel.", examples=["sms"])] | UnsetType
    ) = UNSET
    language: (
        Annotated[Language, Meta(description="Unset, every language the template has.")] | UnsetType
    ) = UNSET
    params: Annotated[
        Mapping[VariableName, Annotated[str, Meta(max_length=256)]],
        Meta(max_length=50, description="Values of variables.", examples=[{"name": "Ada"}]),
    ] = {}
    version: (
        Annotated[int, Meta(ge=1, description="Unset, the newest.", examples=[1])] | UnsetType
    ) = UNSET
    country: (
        Annotated[
            str,
            Meta(
                pattern=rf"^[A-Z]{{2}}{END}",
                description="Where it would be sent (ISO 3166-1), for the cost.",
                examples=["SG"],
            ),
        ]
        | UnsetType
    ) = UNSET


class CostView(Reply, frozen=True, kw_only=True):
    """What one message costs."""

    amount: Annotated[
        str,
        Meta(pattern=r"^[0-9.]+$", description="A decimal number.", examples=["0.064"]),
    ]
    currency: Annotated[str, Meta(pattern="^[A-Z]{3}$", description="ISO 4217.", examples=["USD"])]


class PreviewedMessage(Reply, frozen=True, kw_only=True):
    """One message as it would be sent, with an example of a code."""

    channel: Annotated[Channel, Meta(description="How it would be sent.", examples=["sms"])]
    language: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=35,
            description="The language that was found.",
            examples=["default"],
        ),
    ]
    text: Annotated[
        str,
        Meta(
            description="What is said.",
            examples=["Example: 123456 is your code, good for 5 minutes."],
        ),
    ]
    subject: Annotated[str | None, Meta(description="An email's subject.", examples=["Your code"])]
    html: Annotated[str | None, Meta(description="An email's HTML.")]
    encoding: Annotated[
        Encoding | None, Meta(description="The alphabet of an SMS.", examples=["gsm7"])
    ]
    units: Annotated[
        int | None,
        Meta(
            description="Its septets or UTF-16 units.",
            examples=[49],
            extra_json_schema={"minimum": 0},
        ),
    ]
    segments: Annotated[
        int | None,
        Meta(
            description="How many SMS are paid; null elsewhere.",
            examples=[1],
            extra_json_schema={"minimum": 1},
        ),
    ]
    cost: Annotated[
        CostView | None,
        Meta(description="Null where the operator set no price: WATCHWORD_MESSAGE_PRICES."),
    ]


class TemplatePreview(Reply, frozen=True, kw_only=True):
    """The messages of a template, none of which was sent."""

    template_id: TemplateId
    version: Version
    data: Annotated[Sequence[PreviewedMessage], Meta(description="What would be sent.")]


class ApproveTemplate(Body, frozen=True, kw_only=True):
    """A yes."""

    remark: Annotated[
        str, Meta(max_length=1000, description="For the audit.", examples=["Reads well."])
    ] = ""
    version: (
        Annotated[int, Meta(ge=1, description="Unset, the newest.", examples=[1])] | UnsetType
    ) = UNSET


class RejectTemplate(Body, frozen=True, kw_only=True):
    """A no."""

    remark: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=1000,
            description="What has to change; the project reads it as `audit_remark`.",
            examples=["Say who sends it."],
        ),
    ]
    version: (
        Annotated[int, Meta(ge=1, description="Unset, the newest.", examples=[1])] | UnsetType
    ) = UNSET


def _given(value: int | UnsetType) -> int | None:
    return None if isinstance(value, UnsetType) else value


def _message(each: Preview) -> PreviewedMessage:
    size, cost, rendered = each.size, each.cost, each.rendered
    return PreviewedMessage(
        channel=each.channel,
        language=rendered.language,
        text=rendered.text,
        subject=rendered.subject,
        html=rendered.html,
        encoding=size.encoding if size else None,
        units=size.units if size else None,
        segments=size.segments if size else None,
        cost=CostView(amount=cost.amount, currency=cost.currency) if cost else None,
    )


async def _lint(call: Call, body: CreateTemplate, _query: None) -> LintReport:
    template = template_of(body.template_id, body)
    found = await call.services.templates.lint(call.caller, template)
    passed = all(each.severity is not Severity.ERROR for each in found)
    return LintReport(passed=passed, findings=finding_views(found))


async def _preview(call: Call, body: PreviewTemplate, _query: None) -> TemplatePreview:
    template, shown = await call.services.templates.preview(
        call.caller,
        call.path["template_id"],
        _given(body.version),
        None if isinstance(body.channel, UnsetType) else body.channel,
        None if isinstance(body.language, UnsetType) else body.language,
        body.params,
        None if isinstance(body.country, UnsetType) else body.country,
    )
    return TemplatePreview(
        template_id=template.id,
        version=template.version,
        data=[_message(each) for each in shown],
    )


async def _versions(call: Call, _body: None, _query: None) -> TemplateVersionList:
    used, found = await call.services.templates.versions(call.caller, call.path["template_id"])
    return TemplateVersionList(data=[version_view(each, used) for each in found])


async def _approve(call: Call, body: ApproveTemplate, _query: None) -> TemplateDetails:
    return await _reviewed(call, Status.APPROVED, body.remark, _given(body.version))


async def _reject(call: Call, body: RejectTemplate, _query: None) -> TemplateDetails:
    return await _reviewed(call, Status.REJECTED, body.remark, _given(body.version))


async def _reviewed(
    call: Call, status: Status, remark: str, version: int | None
) -> TemplateDetails:
    standing = await call.services.templates.review(
        call.caller, call.path["template_id"], status, remark, version
    )
    return await detailed(call, standing)


OPERATIONS: tuple[Operation, ...] = (
    Operation(
        id="lintTemplate",
        method="POST",
        path="/v1/template-configs/lint",
        tag="templates",
        summary="Lint a template",
        description="Says what the policy finds in a template, and saves nothing.",
        scope=Scope.TEMPLATES_READ,
        body=CreateTemplate,
        example=EXAMPLE,
        answer=LintReport,
        handler=_lint,
    ),
    Operation(
        id="previewTemplate",
        method="POST",
        path=f"{PATH}/preview",
        tag="templates",
        summary="Preview a template",
        description="Renders the newest version, or another one, by channel and language, with "
        "an example of a code, and says how many SMS it takes and what they cost.",
        scope=Scope.TEMPLATES_READ,
        body=PreviewTemplate,
        body_optional=True,
        example={"channel": "sms", "language": "en", "country": "SG"},
        answer=TemplatePreview,
        errors=(BAD_FIELD,),
        handler=_preview,
    ),
    Operation(
        id="listTemplateVersions",
        method="GET",
        path=f"{PATH}/versions",
        tag="templates",
        summary="List a template's versions",
        description="Every version with its review, newest first, at most a hundred.",
        scope=Scope.TEMPLATES_READ,
        answer=TemplateVersionList,
        handler=_versions,
    ),
    Operation(
        id="approveTemplate",
        method="POST",
        path=f"{PATH}/approve",
        tag="templates",
        summary="Approve a template",
        description="An operator's yes: the newest version, or another one, is in use from now "
        "on. No key has the scope unless an operator gave it.",
        scope=Scope.TEMPLATES_REVIEW,
        body=ApproveTemplate,
        body_optional=True,
        example={"remark": "Reads well."},
        answer=TemplateDetails,
        errors=(CONFLICT, ALREADY_SO),
        handler=_approve,
    ),
    Operation(
        id="rejectTemplate",
        method="POST",
        path=f"{PATH}/reject",
        tag="templates",
        summary="Reject a template",
        description="An operator's no, with a remark. A version that was in use is withdrawn: "
        "nothing is sent of this template until a version is approved.",
        scope=Scope.TEMPLATES_REVIEW,
        body=RejectTemplate,
        example={"remark": "Say who sends it."},
        answer=TemplateDetails,
        errors=(ALREADY_SO,),
        handler=_reject,
    ),
)
