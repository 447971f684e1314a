"""Reading templates, in the field's own shape."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from msgspec import Meta

from watchword_server.api.fields import Reply, TemplateId
from watchword_server.api.operation import Call, Operation
from watchword_server.domain.channel import Channel
from watchword_server.domain.project import Scope
from watchword_server.domain.template import Status, Template

_STATUS = {Status.PENDING: 1, Status.APPROVED: 2, Status.REJECTED: 3}
_MINUTE_S = 60


class VerifyCodeConfig(Reply, frozen=True, kw_only=True):
    """What a template's codes look like."""

    verify_code_type: Annotated[
        int,
        Meta(
            ge=1,
            le=7,
            description="The sum of 1 digits, 2 lower-case letters, 4 upper-case letters.",
            examples=[1],
        ),
    ]
    verify_code_len: Annotated[
        int, Meta(ge=4, le=10, description="Characters of a code.", examples=[6])
    ]
    verify_code_ttl: Annotated[
        int, Meta(ge=1, le=10, description="Minutes a code is good for.", examples=[5])
    ]


class TemplateSummary(Reply, frozen=True, kw_only=True):
    """A template, without what it says."""

    template_id: TemplateId
    description: Annotated[str, Meta(description="What it is for.", examples=["Log-in codes"])]
    send_channel_strategy: Annotated[
        str,
        Meta(description="The channels, in the order they are tried.", examples=["sms|voice"]),
    ]
    brand_name: Annotated[str, Meta(description="Who sends.", examples=["Example"])]
    verify_code_config: Annotated[
        VerifyCodeConfig | None, Meta(description="Null where it carries no code.")
    ]
    status: Annotated[
        int,
        Meta(ge=1, le=3, description="1 pending, 2 approved, 3 rejected.", examples=[2]),
    ]
    audit_remark: Annotated[str, Meta(description="What the reviewer said.", examples=[""])]
    created_time: Annotated[
        int, Meta(ge=0, description="Seconds since 1970.", examples=[1732352400])
    ]


class ContentView(Reply, frozen=True, kw_only=True):
    """What one channel says in one language."""

    text: Annotated[
        str,
        Meta(
            description="Variables stand in double braces.",
            examples=["{{code}} is your Example code. It is good for {{ttl}} minutes."],
        ),
    ]
    subject: Annotated[str | None, Meta(description="An email's subject.", examples=["Your code"])]
    html: Annotated[str | None, Meta(description="An email's HTML.")]


class TemplateDetails(TemplateSummary, frozen=True, kw_only=True):
    """A template with what it says."""

    contents: Annotated[
        Mapping[Channel, Mapping[str, ContentView]],
        Meta(
            description="By channel and language.",
            examples=[{"sms": {"default": {"text": "{{code}}", "subject": None, "html": None}}}],
        ),
    ]


def _facts(template: Template) -> dict[str, Any]:
    return {
        "template_id": template.id,
        "description": template.description,
        "send_channel_strategy": "|".join(template.strategy),
        "brand_name": template.brand_name,
        "verify_code_config": _code_config(template),
        "status": _STATUS[template.status],
        "audit_remark": template.audit_remark,
        "created_time": template.created_at // 1000,
    }


def _code_config(template: Template) -> VerifyCodeConfig | None:
    if not template.code_length:
        return None
    return VerifyCodeConfig(
        verify_code_type=int(template.code_alphabet),
        verify_code_len=template.code_length,
        verify_code_ttl=max(1, template.ttl_s // _MINUTE_S),
    )


async def _list(call: Call, _body: None, _query: None) -> Sequence[TemplateSummary]:
    templates = await call.services.reading.templates(call.caller)
    return [TemplateSummary(**_facts(each)) for each in templates]


async def _get(call: Call, _body: None, _query: None) -> TemplateDetails:
    template = await call.services.reading.template(call.caller, call.path["template_id"])
    contents = {
        channel: {
            language: ContentView(text=said.text, subject=said.subject, html=said.html)
            for language, said in languages.items()
        }
        for channel, languages in template.contents.items()
    }
    return TemplateDetails(**_facts(template), contents=contents)


OPERATIONS: tuple[Operation, ...] = (
    Operation(
        id="listTemplates",
        method="GET",
        path="/v1/template-configs",
        tag="templates",
        summary="List templates",
        description="Every template of the project, without what it says.",
        scope=Scope.TEMPLATES_READ,
        answer=list[TemplateSummary],
        handler=_list,
    ),
    Operation(
        id="getTemplate",
        method="GET",
        path="/v1/template-configs/{template_id}",
        tag="templates",
        summary="Read a template",
        description="One template with what it says, by channel and language.",
        scope=Scope.TEMPLATES_READ,
        answer=TemplateDetails,
        handler=_get,
    ),
)
