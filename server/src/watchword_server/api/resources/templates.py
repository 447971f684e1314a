"""Templates in the field's own shape: made, listed, read, changed, deleted."""

from collections.abc import Sequence
from typing import Annotated

import msgspec
from msgspec import Meta

from watchword_server.api.fields import Reply
from watchword_server.api.operation import Call, Operation
from watchword_server.api.resources.template_bodies import (
    ChangeTemplate,
    CreateTemplate,
    ReplaceTemplate,
    changed,
    template_of,
)
from watchword_server.api.resources.template_views import (
    TemplateDetails,
    TemplateSummary,
    details,
    summary,
)
from watchword_server.domain.errors import CONFLICT, NO_CHANNEL_CONFIG, NOT_ALLOWED_HERE
from watchword_server.domain.project import Scope
from watchword_server.domain.template import Template
from watchword_server.services.templates import Standing


class TemplateDone(Reply, frozen=True, kw_only=True):
    """It was done, in the field's own words."""

    code: Annotated[int, Meta(ge=0, le=0, description="Always 0.", examples=[0])] = 0
    message: Annotated[
        str, Meta(pattern="^success$", description="Always success.", examples=["success"])
    ] = "success"


async def _list(call: Call, _body: None, _query: None) -> Sequence[TemplateSummary]:
    return [summary(each) for each in await call.services.templates.all(call.caller)]


async def _get(call: Call, _body: None, _query: None) -> TemplateDetails:
    standing = await call.services.templates.get(call.caller, call.path["template_id"])
    return await detailed(call, standing)


async def detailed(call: Call, standing: Standing) -> TemplateDetails:
    """A template with what it says and what the policy says about it."""
    found = await call.services.templates.findings(call.caller, standing.used)
    return details(standing, found)


async def _create(call: Call, body: CreateTemplate, _query: None) -> TemplateDone:
    await call.services.templates.create(call.caller, template_of(body.template_id, body))
    return TemplateDone()


async def _replace(call: Call, body: ReplaceTemplate, _query: None) -> TemplateDetails:
    id = call.path["template_id"]

    def change(old: Template) -> Template:
        return msgspec.structs.replace(template_of(id, body), created_at=old.created_at)

    return await detailed(call, await call.services.templates.change(call.caller, id, change))


async def _change(call: Call, body: ChangeTemplate, _query: None) -> TemplateDetails:
    id = call.path["template_id"]

    def change(old: Template) -> Template:
        return changed(old, body)

    return await detailed(call, await call.services.templates.change(call.caller, id, change))


async def _delete(call: Call, _body: None, _query: None) -> TemplateDone:
    await call.services.templates.delete(call.caller, call.path["template_id"])
    return TemplateDone()


PATH = "/v1/template-configs/{template_id}"
EXAMPLE = {
    "template_id": "log-in",
    "description": "Log-in codes",
    "send_channel_strategy": "sms",
    "brand_name": "Example",
    "verify_code_config": {"verify_code_type": 1, "verify_code_len": 6, "verify_code_ttl": 5},
    "sms_config": {
        "template_type": 2,
        "template_custom_config": {
            "custom_sub_type": "authentication",
            "custom_content": "{{brand_name}}: {{code}} is your code, good for {{ttl}} minutes.",
        },
    },
}
REFUSED = (NO_CHANNEL_CONFIG, NOT_ALLOWED_HERE)

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        id="createTemplate",
        method="POST",
        path="/v1/template-configs",
        tag="templates",
        summary="Make a template",
        description="Submits a template. It has to pass the lint; then it waits for an operator's "
        "yes, or in a project that is not live it is approved at once. Read it to see its "
        "status.",
        scope=Scope.TEMPLATES_MANAGE,
        body=CreateTemplate,
        example=EXAMPLE,
        answer=TemplateDone,
        errors=(CONFLICT, *REFUSED),
        handler=_create,
    ),
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
        path=PATH,
        tag="templates",
        summary="Read a template",
        description="One template with what it says, by channel and language, in the version that "
        "is in use.",
        scope=Scope.TEMPLATES_READ,
        answer=TemplateDetails,
        handler=_get,
    ),
    Operation(
        id="replaceTemplate",
        method="PUT",
        path=PATH,
        tag="templates",
        summary="Replace a template",
        description="Submits a new version that is wholly what the body says. An approved version "
        "stays in use until the new one is approved.",
        scope=Scope.TEMPLATES_MANAGE,
        body=ReplaceTemplate,
        example={name: value for name, value in EXAMPLE.items() if name != "template_id"},
        answer=TemplateDetails,
        errors=(CONFLICT, *REFUSED),
        handler=_replace,
    ),
    Operation(
        id="changeTemplate",
        method="PATCH",
        path=PATH,
        tag="templates",
        summary="Change a template",
        description="Submits a new version: the newest one with the parts that the body gives; "
        "null takes a configuration away. An approved version stays in use until the new one is "
        "approved.",
        scope=Scope.TEMPLATES_MANAGE,
        body=ChangeTemplate,
        example={"brand_name": "Example"},
        answer=TemplateDetails,
        errors=(CONFLICT, *REFUSED),
        handler=_change,
    ),
    Operation(
        id="deleteTemplate",
        method="DELETE",
        path=PATH,
        tag="templates",
        summary="Delete a template",
        description="Deletes a template with all its versions. Messages that still wait for their "
        "hand-over are not sent.",
        scope=Scope.TEMPLATES_MANAGE,
        answer=TemplateDone,
        handler=_delete,
    ),
)
