"""What callers submit about templates, and the templates that become of it."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from watchword_server.api.fields import Body, TemplateId
from watchword_server.api.resources.route_bodies import RouteId
from watchword_server.api.resources.template_configs import (
    EmailConfig,
    EmailContent,
    PwaConfig,
    SmsConfig,
    Tag,
    VerifyCodeConfig,
    VoiceConfig,
    WhatsappConfig,
)
from watchword_server.domain import template_html
from watchword_server.domain.catalogue import BRAND
from watchword_server.domain.channel import Channel
from watchword_server.domain.default_words import default_contents
from watchword_server.domain.errors import bad_field
from watchword_server.domain.template import (
    DEFAULT_LANGUAGE,
    Alphabet,
    Category,
    Content,
    Template,
    TemplateError,
    parse_strategy,
    variables_of,
)

_MINUTE_S = 60
Languages = Mapping[str, Content]


class ContentBody(Body, frozen=True, kw_only=True):
    """What one channel says in one language."""

    text: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=60_000,
            description="Variables stand in double braces.",
            examples=["{{code}} is your Example code. It is good for {{ttl}} minutes."],
        ),
    ]
    subject: (
        Annotated[
            str, Meta(max_length=255, description="An email's subject.", examples=["Your code"])
        ]
        | None
    ) = None
    html: Annotated[str, Meta(max_length=60_000, description="An email's HTML.")] | None = None


Strategy = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=100,
        description="Channels in the order they are tried, with `|` between them.",
        examples=["sms|voice"],
    ),
]


class TemplateParts(Body, frozen=True, kw_only=True):
    """Everything that can be said about a template but its id."""

    description: (
        Annotated[str, Meta(max_length=255, description="What it is for.", examples=["Log-in"])]
        | UnsetType
    ) = UNSET
    send_channel_strategy: Strategy | UnsetType = UNSET
    route: (
        Annotated[RouteId, Meta(description="A saved route, instead of `send_channel_strategy`.")]
        | UnsetType
    ) = UNSET
    brand_name: (
        Annotated[
            str,
            Meta(
                max_length=10,
                description="Who sends, in 2 to 10 characters; empty, messages say Watchword.",
                examples=["Example"],
            ),
        ]
        | UnsetType
    ) = UNSET
    verify_code_config: (
        Annotated[
            VerifyCodeConfig | None, Meta(description="Null where the server makes no code for it.")
        ]
        | UnsetType
    ) = UNSET
    whatsapp_config: (
        Annotated[WhatsappConfig | None, Meta(description="What WhatsApp says.")] | UnsetType
    ) = UNSET
    sms_config: Annotated[SmsConfig | None, Meta(description="What an SMS says.")] | UnsetType = (
        UNSET
    )
    voice_config: (
        Annotated[VoiceConfig | None, Meta(description="What a call says.")] | UnsetType
    ) = UNSET
    email_config: (
        Annotated[EmailConfig | None, Meta(description="What an email says.")] | UnsetType
    ) = UNSET
    pwa_config: (
        Annotated[PwaConfig | None, Meta(description="Kept for you, and not used.")] | UnsetType
    ) = UNSET
    contents: (
        Annotated[
            Mapping[Channel, Mapping[Tag, ContentBody]],
            Meta(
                max_length=8,
                description="Your own words by channel and language, for channels without a "
                "configuration of their own.",
                examples=[{"sms": {"default": {"text": "{{brand_name}}: {{code}}"}}}],
            ),
        ]
        | UnsetType
    ) = UNSET


class CreateTemplate(TemplateParts, frozen=True, kw_only=True):
    """A template to be reviewed."""

    template_id: TemplateId


class ReplaceTemplate(TemplateParts, frozen=True, kw_only=True):
    """The whole of a template's new version."""


STRATEGY_OR_ROUTE = {
    "oneOf": [{"required": ["send_channel_strategy"]}, {"required": ["route"]}],
}
"""What a type cannot say: which fields stand for one another."""


class ChangeTemplate(TemplateParts, frozen=True, kw_only=True):
    """What changes about a template; what is left out stays."""


def template_of(id: str, body: CreateTemplate | ReplaceTemplate) -> Template:
    """A new template of a whole body.

    Raises:
        Problem: BAD_FIELD for a part that contradicts itself, or where nothing says how it is
            sent.
    """
    if isinstance(body.send_channel_strategy, UnsetType) and isinstance(body.route, UnsetType):
        field = "send_channel_strategy"
        raise bad_field(field, "required", f"`{field}` is missing; or give `route`.")
    return changed(Template(id, (), {}, brand_name=BRAND, code_length=0), body)


def changed(old: Template, body: TemplateParts) -> Template:
    """A template with the parts that a body gives.

    Raises:
        Problem: BAD_FIELD for a part that contradicts itself.
    """
    fields: dict[str, Any] = {}
    if not isinstance(body.description, UnsetType):
        fields["description"] = body.description
    if not isinstance(body.brand_name, UnsetType):
        fields["brand_name"] = body.brand_name or BRAND
    fields |= _way(body)
    if not isinstance(body.verify_code_config, UnsetType):
        fields |= _code(body.verify_code_config)
    contents, configs = dict(old.contents), dict(old.configs)
    for name, (channel, words) in _CONFIGS.items():
        config = getattr(body, name)
        if isinstance(config, UnsetType):
            continue
        configs.pop(name, None)
        if channel is not None:
            contents.pop(channel, None)
        if config is not None:
            configs[name] = msgspec.to_builtins(config)
            if channel is not None:
                contents[channel] = words(config)
    if not isinstance(body.contents, UnsetType):
        _take_contents(body, contents, configs)
    new = msgspec.structs.replace(old, contents=contents, configs=configs, **fields)
    return msgspec.structs.replace(new, category=_category(new))


def _way(body: TemplateParts) -> dict[str, Any]:
    """How it is sent: by a strategy, or by a saved route."""
    if isinstance(body.send_channel_strategy, UnsetType):
        if isinstance(body.route, UnsetType):
            return {}
        return {"strategy": (), "route": body.route}
    if not isinstance(body.route, UnsetType):
        raise bad_field("route", "conflict", "Give `send_channel_strategy` or `route`, not both.")
    return {"strategy": _strategy(body.send_channel_strategy), "route": None}


def _strategy(words: str) -> tuple[Channel, ...]:
    try:
        return parse_strategy(words)
    except TemplateError as error:
        raise bad_field(error.field, error.rule, f"{error}.") from None


def _code(config: VerifyCodeConfig | None) -> dict[str, Any]:
    if config is None:
        return {"code_length": 0}
    return {
        "code_length": config.verify_code_len,
        "code_alphabet": Alphabet(config.verify_code_type),
        "ttl_s": config.verify_code_ttl * _MINUTE_S,
    }


def _take_contents(
    body: TemplateParts, contents: dict[Channel, Languages], configs: dict[str, Any]
) -> None:
    if isinstance(body.contents, UnsetType):
        return
    for channel, languages in body.contents.items():
        name = f"{channel}_config"
        if not isinstance(getattr(body, name, None), UnsetType | None):
            raise bad_field("contents", "conflict", f"Give {name} or contents, not both.")
        configs.pop(name, None)
        contents[channel] = _with_default(
            {tag: Content(said.text, said.subject, said.html) for tag, said in languages.items()}
        )


def _with_default(languages: dict[str, Content]) -> Languages:
    """The first language given is the default where none is called so."""
    if languages and DEFAULT_LANGUAGE not in languages:
        return {DEFAULT_LANGUAGE: next(iter(languages.values())), **languages}
    return languages


def _of_default(channel: Channel) -> Callable[[WhatsappConfig | VoiceConfig], Languages]:
    def words(config: WhatsappConfig | VoiceConfig) -> Languages:
        wanted = config.template_default_config
        return default_contents(
            channel, contain_security=wanted.contain_security, contain_expire=wanted.contain_expire
        )

    return words


def _of_sms(config: SmsConfig) -> Languages:
    custom, wanted = config.template_custom_config, config.template_default_config
    if config.template_type == 1:
        if not isinstance(custom, UnsetType):
            field = "sms_config.template_custom_config"
            raise bad_field(field, "conflict", "Your own words need template_type 2.")
        if isinstance(wanted, UnsetType):
            return default_contents(Channel.SMS)
        return default_contents(
            Channel.SMS,
            contain_security=wanted.contain_security,
            contain_expire=wanted.contain_expire,
        )
    if isinstance(custom, UnsetType):
        field = "sms_config.template_custom_config"
        raise bad_field(field, "required", f"`{field}` is missing: template_type 2 needs it.")
    return {DEFAULT_LANGUAGE: Content(custom.custom_content)}


def _of_email(config: EmailConfig) -> Languages:
    languages: dict[str, Content] = {}
    for each in config.template_custom_configs:
        if each.language in languages:
            field = "email_config.template_custom_configs.language"
            raise bad_field(field, "duplicate", "A language is there twice.")
        languages[each.language] = _email(each)
    return _with_default(languages)


def _email(each: EmailContent) -> Content:
    page = template_html.read(each.template_content)
    is_html = page.has_tags
    return Content(
        page.text if is_html else each.template_content,
        each.pre_subject,
        each.template_content if is_html else None,
        each.pre_from_name or None,
        each.pre_param_map or None,
    )


_CONFIGS: Mapping[str, tuple[Channel | None, Callable[[Any], Languages]]] = {
    "whatsapp_config": (Channel.WHATSAPP, _of_default(Channel.WHATSAPP)),
    "sms_config": (Channel.SMS, _of_sms),
    "voice_config": (Channel.VOICE, _of_default(Channel.VOICE)),
    "email_config": (Channel.EMAIL, _of_email),
    "pwa_config": (None, lambda config: {}),
}


def _category(template: Template) -> Category:
    """What the message is for: as the SMS says, else by whether it carries a code."""
    custom = template.configs.get("sms_config", {}).get("template_custom_config")
    if custom:
        return Category(custom["custom_sub_type"])
    texts = (said.text for each in template.contents.values() for said in each.values())
    if template.code_length or any("code" in variables_of(text) for text in texts):
        return Category.AUTHENTICATION
    return Category.UTILITY
