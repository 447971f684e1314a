"""What is answered about templates."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from watchword_server.api.fields import Instant, Reply, TemplateId, instant, instant_or_none
from watchword_server.api.resources.template_configs import (
    DefaultConfig,
    EmailConfig,
    EmailContent,
    EmailSummary,
    PwaConfig,
    SmsDetails,
    SmsSummary,
    VerifyCodeConfig,
    VoiceConfig,
    WhatsappConfig,
)
from watchword_server.domain import segments
from watchword_server.domain.channel import Channel
from watchword_server.domain.default_words import default_contents
from watchword_server.domain.template import (
    DEFAULT_LANGUAGE,
    Category,
    Content,
    Status,
    Template,
    content_for,
)
from watchword_server.domain.template_lint import Finding, Severity, sample
from watchword_server.services.templates import Standing

STATUS = {Status.PENDING: 1, Status.APPROVED: 2, Status.REJECTED: 3}
_MINUTE_S = 60

Version = Annotated[int, Meta(ge=1, description="Which version it is.", examples=[1])]
ReviewStatus = Annotated[
    int, Meta(ge=1, le=3, description="1 pending, 2 approved, 3 rejected.", examples=[2])
]
Remark = Annotated[str, Meta(max_length=1000, description="What the reviewer said.", examples=[""])]
WhatFor = Annotated[
    str, Meta(max_length=255, description="What it is for.", examples=["Log-in codes"])
]
SavedRoute = Annotated[
    str | None,
    Meta(
        description="The saved route it is sent by.",
        examples=[None],
        extra_json_schema={"minLength": 1, "maxLength": 64},
    ),
]
BrandName = Annotated[str, Meta(min_length=1, description="Who sends.", examples=["Example"])]


class WaitingChange(Reply, frozen=True, kw_only=True):
    """A newer version than the one in use."""

    version: Version
    status: ReviewStatus
    audit_remark: Remark


class TemplateFacts(Reply, frozen=True, kw_only=True):
    """What lists and single templates have in common."""

    template_id: TemplateId
    description: WhatFor
    send_channel_strategy: Annotated[
        str,
        Meta(
            max_length=100,
            description="The channels, in the order they are tried; empty where `route` says it.",
            examples=["sms|voice"],
        ),
    ]
    route: SavedRoute
    brand_name: BrandName
    verify_code_config: Annotated[
        VerifyCodeConfig | None, Meta(description="Null where it carries no code.")
    ]
    whatsapp_config: (
        Annotated[WhatsappConfig, Meta(description="What WhatsApp says.")] | UnsetType
    ) = UNSET
    voice_config: Annotated[VoiceConfig, Meta(description="What a call says.")] | UnsetType = UNSET
    pwa_config: Annotated[PwaConfig, Meta(description="Kept, and not used.")] | UnsetType = UNSET
    status: ReviewStatus
    audit_remark: Remark
    created_time: Annotated[
        int, Meta(ge=0, description="Seconds since 1970.", examples=[1732352400])
    ]
    version: Version
    change: Annotated[
        WaitingChange | None,
        Meta(
            description="A newer version, which waits for its review or was rejected; null where "
            "the newest one is in use."
        ),
    ]


class TemplateSummary(TemplateFacts, frozen=True, kw_only=True):
    """A template, without what it says."""

    sms_config: SmsSummary | UnsetType = UNSET
    email_config: EmailSummary | UnsetType = UNSET


class ContentView(Reply, frozen=True, kw_only=True):
    """What one channel says in one language."""

    text: Annotated[
        str,
        Meta(
            min_length=1,
            description="Variables stand in double braces.",
            examples=["{{code}} is your Example code. It is good for {{ttl}} minutes."],
        ),
    ]
    subject: Annotated[
        str | None,
        Meta(
            description="An email's subject.",
            examples=["Your code"],
            extra_json_schema={"maxLength": 255},
        ),
    ]
    html: Annotated[
        str | None,
        Meta(description="An email's HTML.", extra_json_schema={"maxLength": 60_000}),
    ]


Contents = Annotated[
    Mapping[Channel, Mapping[str, ContentView]],
    Meta(
        description="By channel and language.",
        examples=[{"sms": {"default": {"text": "{{code}}", "subject": None, "html": None}}}],
    ),
]
Purpose = Annotated[Category, Meta(description="What it is for.", examples=["authentication"])]


class FindingView(Reply, frozen=True, kw_only=True):
    """One thing that the policy says about a template."""

    rule: Annotated[
        str, Meta(pattern="^[a-z_]+$", description="A machine word.", examples=["segments"])
    ]
    severity: Annotated[
        Severity,
        Meta(
            description="An error keeps a template from being saved; a warning is for the "
            "reviewer.",
            examples=["warning"],
        ),
    ]
    field: Annotated[str, Meta(min_length=1, description="Where.", examples=["sms_config"])]
    message: Annotated[
        str,
        Meta(
            min_length=1,
            description="What is wrong, and why.",
            examples=["sms, default: it takes 2 segments, each one is paid"],
        ),
    ]
    fix: Annotated[
        str,
        Meta(
            min_length=1,
            description="What to do.",
            examples=["Shorten it: 171 units, one segment holds 160."],
        ),
    ]
    channel: Annotated[Channel | None, Meta(description="On which channel.", examples=["sms"])]
    language: Annotated[
        str | None,
        Meta(
            description="In which language.",
            examples=["default"],
            extra_json_schema={"minLength": 1, "maxLength": 35},
        ),
    ]


Findings = Annotated[Sequence[FindingView], Meta(description="Errors first.")]


class TemplateDetails(TemplateFacts, frozen=True, kw_only=True):
    """A template with what it says, in the version that is in use."""

    sms_config: SmsDetails | UnsetType = UNSET
    email_config: EmailConfig | UnsetType = UNSET
    contents: Contents
    category: Purpose
    findings: Findings


class TemplateVersion(Reply, frozen=True, kw_only=True):
    """One version of a template, with what became of it."""

    version: Version
    in_use: Annotated[bool, Meta(description="Whether messages are made of it.", examples=[True])]
    status: ReviewStatus
    audit_remark: Remark
    reviewed_by: Annotated[
        str,
        Meta(
            max_length=100,
            description="Who decided: the name of a key or the operator; empty for a setting.",
            examples=["operator"],
        ),
    ]
    submitted_at: Instant
    reviewed_at: Annotated[Instant | None, Meta(description="Null until then.")]
    description: WhatFor
    send_channel_strategy: Annotated[
        str,
        Meta(max_length=100, description="The channels, in order.", examples=["sms|voice"]),
    ]
    route: SavedRoute
    brand_name: BrandName
    verify_code_config: Annotated[
        VerifyCodeConfig | None, Meta(description="Null where it carries no code.")
    ]
    category: Purpose
    contents: Contents


class TemplateVersionList(Reply, frozen=True, kw_only=True):
    """The versions of a template, newest first, at most a hundred."""

    data: Annotated[Sequence[TemplateVersion], Meta(max_length=100, description="Newest first.")]


def summary(standing: Standing) -> TemplateSummary:
    """A template as lists show it."""
    return TemplateSummary(**_facts(standing), **_summaries(standing.used))


def details(standing: Standing, findings: Sequence[Finding]) -> TemplateDetails:
    """A template with what it says."""
    used = standing.used
    return TemplateDetails(
        **_facts(standing),
        **_full_configs(used),
        contents=contents_view(used),
        category=used.category,
        findings=finding_views(findings),
    )


def version_view(template: Template, used: int) -> TemplateVersion:
    """One of a template's versions."""
    return TemplateVersion(
        version=template.version,
        in_use=template.version == used,
        status=STATUS[template.status],
        audit_remark=template.audit_remark,
        reviewed_by=template.reviewed_by,
        submitted_at=instant(template.submitted_at or template.created_at),
        reviewed_at=instant_or_none(template.reviewed_at),
        description=template.description,
        send_channel_strategy="|".join(template.strategy),
        route=template.route,
        brand_name=template.brand_name,
        verify_code_config=_code_config(template),
        category=template.category,
        contents=contents_view(template),
    )


def finding_views(findings: Sequence[Finding]) -> Sequence[FindingView]:
    """Findings as they are answered."""
    return [FindingView(**msgspec.structs.asdict(each)) for each in findings]


def contents_view(template: Template) -> Mapping[Channel, Mapping[str, ContentView]]:
    """What a template says, by channel and language."""
    return {
        channel: {
            language: ContentView(text=said.text, subject=said.subject, html=said.html)
            for language, said in languages.items()
        }
        for channel, languages in template.contents.items()
    }


def _facts(standing: Standing) -> dict[str, Any]:
    template, newest = standing.used, standing.newest
    change = None
    if newest.version > template.version:
        change = WaitingChange(
            version=newest.version, status=STATUS[newest.status], audit_remark=newest.audit_remark
        )
    return {
        "template_id": template.id,
        "description": template.description,
        "send_channel_strategy": "|".join(template.strategy),
        "route": template.route,
        "brand_name": template.brand_name,
        "verify_code_config": _code_config(template),
        "status": STATUS[template.status],
        "audit_remark": template.audit_remark,
        "created_time": template.created_at // 1000,
        "version": template.version,
        "change": change,
    }


def _code_config(template: Template) -> VerifyCodeConfig | None:
    if not template.code_length:
        return None
    return VerifyCodeConfig(
        verify_code_type=int(template.code_alphabet),
        verify_code_len=template.code_length,
        verify_code_ttl=max(1, template.ttl_s // _MINUTE_S),
    )


def _summaries(template: Template) -> dict[str, Any]:
    full = _full_configs(template)
    if "sms_config" in full:
        sms: SmsDetails = full["sms_config"]
        full["sms_config"] = SmsSummary(
            template_type=sms.template_type, template_parts=sms.template_parts
        )
    if "email_config" in full:
        full["email_config"] = EmailSummary(template_name=full["email_config"].template_name)
    return full


def _full_configs(template: Template) -> dict[str, Any]:
    """The field's configurations: as they were submitted, else made from what is said."""
    found: dict[str, Any] = {}
    for name, (channel, kind) in _KINDS.items():
        given = template.configs.get(name)
        if channel is not None and channel not in template.contents:
            continue
        if given is None and channel is not None:
            given = _described(template, channel)
        if given is not None and channel is Channel.SMS:
            given = {**given, "template_parts": _parts(template)}
        if given is not None:
            found[name] = msgspec.convert(given, kind)
    return found


_KINDS: Mapping[str, tuple[Channel | None, type[msgspec.Struct]]] = {
    "whatsapp_config": (Channel.WHATSAPP, WhatsappConfig),
    "sms_config": (Channel.SMS, SmsDetails),
    "voice_config": (Channel.VOICE, VoiceConfig),
    "email_config": (Channel.EMAIL, EmailConfig),
    "pwa_config": (None, PwaConfig),
}


def _described(template: Template, channel: Channel) -> dict[str, Any] | None:
    """A channel that was not configured in the field's shape, in that shape if it fits."""
    said = template.contents[channel]
    if channel is Channel.EMAIL:
        name = template.description[:128] or template.id
        emails = [_email(language, content) for language, content in said.items()]
        return {"template_name": name, "template_custom_configs": emails}
    if said == default_contents(channel):
        everything = msgspec.to_builtins(DefaultConfig())
        return {"template_type": 1, "template_default_config": everything}
    if channel is Channel.SMS:
        text = content_for(template, channel, DEFAULT_LANGUAGE)[1].text
        custom = {"custom_sub_type": template.category, "custom_content": text}
        return {"template_type": 2, "template_custom_config": custom}
    return None


def _email(language: str, content: Content) -> dict[str, Any]:
    return msgspec.to_builtins(  # type: ignore[no-any-return]
        EmailContent(
            language=language,
            pre_from_name=content.sender or "",
            pre_from_mail="",
            pre_subject=content.subject or "",
            template_content=content.html or content.text,
            pre_param_map=content.presets or {},
        )
    )


def _parts(template: Template) -> int:
    language, _ = content_for(template, Channel.SMS, DEFAULT_LANGUAGE)
    return segments.count(sample(template, Channel.SMS, language, None)).segments
