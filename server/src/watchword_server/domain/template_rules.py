"""What every template has to keep to be saved at all: its parts are there and within bounds."""

import re
from collections.abc import Iterator

import msgspec

from watchword_server.domain.channel import CODELESS, Channel
from watchword_server.domain.template import (
    DEFAULT_LANGUAGE,
    Alphabet,
    Category,
    Content,
    Template,
    TemplateError,
    clean,
    mentions_of,
    variables_of,
    with_presets,
)

MAX_TEXT = 1_600
"""Characters of a text, ten SMS at most; an email, with its subject and HTML, may have more."""

MAX_EMAIL = 200_000

MAX_VARIABLES = 100
"""Mentions of variables in one message, each of which becomes up to 256 characters."""

MAX_RENDERED = 200_000
"""Characters of all messages together, with values in place."""

RESERVED = frozenset({"lint"})

_WHATSAPP_TTL_S = frozenset({60, 300, 600})
"""The vendor's rule for `verify_code_ttl` (reference: its create-template page)."""

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,127}")
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:[-_][A-Za-z0-9]{1,8}){0,3}")


def problems(template: Template) -> tuple[TemplateError, ...]:
    """Everything that keeps a template from being saved, in reading order."""
    return (*_head_problems(template), *_content_problems(template))


def on_route(template: Template, channels: tuple[Channel, ...]) -> tuple[TemplateError, ...]:
    """The same of a template whose saved route has these channels."""
    return problems(msgspec.structs.replace(template, strategy=channels, route=None))


def check(template: Template) -> None:
    """Raise the first of the template's problems, if there is one."""
    for problem in problems(template):
        raise problem


def _head_problems(template: Template) -> Iterator[TemplateError]:
    def problem(field: str, rule: str, message: str) -> TemplateError:
        return TemplateError(message, field=field, rule=rule)

    if not _ID.fullmatch(template.id):
        yield problem("template_id", "id", "an id has 1 to 128 letters, digits and _ . : -")
    if template.id in RESERVED:
        yield problem("template_id", "reserved", "this id is a path of the API")
    if len(template.description) > 255:
        yield problem("description", "too_long", "a description has at most 255 characters")
    if template.brand_name and not 2 <= len(template.brand_name) <= 10:
        yield problem("brand_name", "length", "a brand name has 2 to 10 characters")
    if template.brand_name != clean(template.brand_name):
        yield problem("brand_name", "characters", "a brand name has no invisible characters")
    if template.code_length and not 4 <= template.code_length <= 10:
        yield problem("verify_code_len", "range", "a code has 4 to 10 characters")
    if not 1 <= template.code_alphabet <= 7:
        yield problem("verify_code_type", "range", "1 digits, 2 lower case, 4 upper case, or a sum")
    if not 60 <= template.ttl_s <= 600:
        yield problem("verify_code_ttl", "range", "a code lives 1 to 10 minutes")
    elif Channel.WHATSAPP in template.strategy and template.ttl_s not in _WHATSAPP_TTL_S:
        yield problem(
            "verify_code_ttl", "whatsapp", "with whatsapp a code lives 1, 5 or 10 minutes"
        )
    if template.code_length and template.category is not Category.AUTHENTICATION:
        yield problem(
            "verify_code_config", "category", f"a {template.category} message carries no code"
        )
    mixed = Alphabet.LOWERCASE | Alphabet.UPPERCASE
    if Channel.VOICE in template.strategy and template.code_alphabet & mixed == mixed:
        yield problem("verify_code_type", "voice", "a spoken code cannot mix upper and lower case")
    if not template.strategy and template.route is None:
        yield problem("send_channel_strategy", "empty_step", "a template needs a channel")


def _content_problems(template: Template) -> Iterator[TemplateError]:
    for channel in dict.fromkeys((*template.strategy, *template.contents)):
        if channel in CODELESS:
            continue
        field = f"{channel}_config"
        contents = template.contents.get(channel)
        if not contents:
            yield TemplateError(f"no content for the step {channel}", field=field, rule="content")
        elif DEFAULT_LANGUAGE not in contents:
            yield TemplateError(
                f"{channel} needs content in the language default", field=field, rule="default"
            )
        for language, content in (contents or {}).items():
            for rule, message in _text_problems(template, channel, content):
                yield TemplateError(f"{channel}, {language}: {message}", field=field, rule=rule)
            if not _LANGUAGE.fullmatch(language):
                yield TemplateError(
                    "a language is a tag such as pt_BR", field=field, rule="language"
                )
    if is_too_large(template):
        message = f"with preset values there are more than {MAX_RENDERED} characters"
        yield TemplateError(message, field="contents", rule="rendered_size")


def has_too_many_variables(content: Content) -> bool:
    """Whether one message mentions more variables than it may."""
    return len(mentions_of(_said(content))) > MAX_VARIABLES


def is_too_large(template: Template) -> bool:
    """Whether its messages are too long together, as far as its own values tell."""
    room = MAX_RENDERED
    for languages in template.contents.values():
        for content in languages.values():
            said = _said(content)
            fills = content.presets and not has_too_many_variables(content)
            room -= len(with_presets(said, content) if fills else said)
            if room < 0:
                return True
    return False


def _said(content: Content) -> str:
    return "\n".join(filter(None, (content.text, content.subject, content.html)))


def _text_problems(
    template: Template, channel: Channel, content: Content
) -> Iterator[tuple[str, str]]:
    said = "".join(filter(None, (content.text, content.subject, content.html)))
    limit = MAX_EMAIL if channel is Channel.EMAIL else MAX_TEXT
    if len(said) > limit:
        yield "too_long", f"more than {limit} characters"
    if has_too_many_variables(content):
        yield "too_many_variables", f"more than {MAX_VARIABLES} variables"
    if template.category is Category.AUTHENTICATION and "code" not in variables_of(content.text):
        yield "code", "the text does not contain {{code}}"
    if not template.brand_name and "brand_name" in variables_of(said):
        yield "brand", "{{brand_name}} is used, but the template has no brand_name"
    if channel is Channel.EMAIL and not content.subject:
        yield "subject", "an email needs a subject"
