"""Templates: what a message says, on which channels, in which languages, and how it is rendered.

A value put into a message is never trusted: it is stripped of control, zero-width and
bidirectional characters, cut to 256 characters, escaped in HTML and never expanded again, so it
can neither forge the autofill line nor reveal the code.
"""

import functools
import html
import re
import unicodedata
from collections.abc import Iterator, Mapping
from enum import IntFlag, StrEnum
from typing import Any

import msgspec

from watchword_server.domain.channel import Channel

MAX_STEPS = 5
MAX_VALUE = 256
"""Characters of one variable's value that reach a message."""

DEFAULT_LANGUAGE = "default"

SET_BY_SERVER = frozenset({"code", "ttl", "brand_name"})
"""Variables that no call and no preset value can override."""

_VARIABLE = re.compile(r"\{\{\s*([A-Za-z_][A-Za-z0-9_]{0,63})\s*\}\}")
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})*")
_APP_HASH = re.compile(r"[A-Za-z0-9+/]{11}")
_STRIPPED = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_FSI, _PDI = "\u2068", "\u2069"

_RELATED: dict[str, str] = {
    "zh": "zh_CN",
    "zh_Hans": "zh_CN",
    "zh_SG": "zh_CN",
    "zh_Hant": "zh_HK",
    "zh_TW": "zh_HK",
    "zh_MO": "zh_HK",
    "iw": "he",
}
"""Languages read by the same people, tried before giving up on a language: script decides for
Chinese (CLDR likely subtags), `iw` is the retired tag of Hebrew (IANA subtag registry)."""


class TemplateError(ValueError):
    """A template, or a part of one, breaks a rule.

    `field` names the part in words of the API, `rule` is a machine word; the message never
    contains a code or a variable's value.
    """

    def __init__(self, message: str, *, field: str, rule: str) -> None:
        super().__init__(message)
        self.field = field
        self.rule = rule


class Status(StrEnum):
    """Where a template stands in its review; only an approved one is sent."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"


class Alphabet(IntFlag):
    """Characters a code is made of; the bits are the wire's `verify_code_type`."""

    DIGITS = 1
    LOWERCASE = 2
    UPPERCASE = 4


class Category(StrEnum):
    """What a message is for; the word is the wire's `custom_sub_type`."""

    AUTHENTICATION = "authentication"
    UTILITY = "utility"
    MARKETING = "marketing"


class Content(msgspec.Struct, frozen=True, omit_defaults=True):
    """What one channel says in one language.

    `subject`, `html` and `sender` (a name) are for email; `presets` are values of variables that
    a call does not give.
    """

    text: str
    subject: str | None = None
    html: str | None = None
    sender: str | None = None
    presets: Mapping[str, str] | None = None


class Template(msgspec.Struct, frozen=True):
    """One version of a message a project may send (times in ms).

    Attributes:
        code_length: 0 where it is sent without a generated code.
        created_at: when the first version was made; `submitted_at` is this version's own.
        automatic: whether its approval was given by a setting, not by a person.
        reviewed_by: who decided.
        route: the id of a saved route, in place of a strategy.
        configs: the vendor's configurations, by their names on the wire, as they were submitted.
    """

    id: str
    strategy: tuple[Channel, ...]
    contents: Mapping[Channel, Mapping[str, Content]]
    description: str = ""
    brand_name: str = ""
    code_length: int = 6
    code_alphabet: Alphabet = Alphabet.DIGITS
    ttl_s: int = 300
    status: Status = Status.PENDING
    audit_remark: str = ""
    version: int = 1
    created_at: int = 0
    category: Category = Category.AUTHENTICATION
    submitted_at: int = 0
    reviewed_at: int | None = None
    reviewed_by: str = ""
    automatic: bool = False
    configs: Mapping[str, Any] = {}
    route: str | None = None


class OriginBound(msgspec.Struct, frozen=True):
    """Autofill for browsers: a last line bound to a web origin.

    Source: WICG origin-bound one-time codes (`@example.com #123456`, and for a frame of another
    site `@example.com #123456 @shop.example`). Raises TemplateError for a host that is no plain
    lower-case DNS name.
    """

    host: str
    embedded_host: str | None = None

    def __post_init__(self) -> None:
        for host in (self.host, self.embedded_host):
            if host is not None and not _HOST.fullmatch(host):
                raise TemplateError(
                    "an autofill host is a lower-case DNS name such as example.com",
                    field="autofill.host",
                    rule="host",
                )

    def line(self, code: str) -> str:
        """The last line of the message."""
        embedded = f" @{self.embedded_host}" if self.embedded_host else ""
        return f"@{self.host} #{code}{embedded}"


class AppHash(msgspec.Struct, frozen=True):
    """Autofill for Android: the 11-character app hash as last line.

    Source: Google's SMS Retriever API, which also ignores messages of more than 140 bytes.
    Raises TemplateError for anything but 11 base64 characters.
    """

    value: str

    def __post_init__(self) -> None:
        if not _APP_HASH.fullmatch(self.value):
            raise TemplateError(
                "an Android app hash has 11 base64 characters",
                field="autofill.app_hash",
                rule="app_hash",
            )

    def line(self, code: str) -> str:
        """The last line of the message; the code stands elsewhere in it."""
        return self.value


Autofill = OriginBound | AppHash
"""Both own the last line, so a message has one of them or none."""


class Rendered(msgspec.Struct, frozen=True):
    """A message's words as one channel sends them; its repr shows lengths only (there is a code
    inside)."""

    text: str
    language: str
    subject: str | None = None
    html: str | None = None
    sender: str | None = None

    def __repr__(self) -> str:
        return f"Rendered(language={self.language!r}, text=<{len(self.text)} characters>)"

    def __rich_repr__(self) -> Iterator[tuple[str, object]]:  # type: ignore[override]
        yield "language", self.language


def parse_strategy(strategy: str) -> tuple[Channel, ...]:
    """The ordered channels of a strategy such as `whatsapp|sms|voice`.

    At most five steps, each channel once (failover within a channel is the route's business).
    Raises TemplateError naming the step.
    """

    def error(message: str, rule: str) -> TemplateError:
        return TemplateError(message, field="send_channel_strategy", rule=rule)

    words = [word.strip().lower() for word in strategy.split("|")]
    if len(words) > MAX_STEPS:
        raise error(f"a strategy has at most {MAX_STEPS} steps", "too_many_steps")
    steps: list[Channel] = []
    for place, word in enumerate(words, start=1):
        if not word:
            raise error(f"step {place} of the strategy is empty", "empty_step")
        if word not in _CHANNELS:
            known = ", ".join(Channel)
            raise error(f"step {place} of the strategy is no channel; known: {known}", "channel")
        if (channel := Channel(word)) in steps:
            raise error(f"step {place} repeats the channel {channel}", "repeated_channel")
        steps.append(channel)
    return tuple(steps)


_CHANNELS = frozenset(channel.value for channel in Channel)


def variables_of(text: str) -> tuple[str, ...]:
    """Names of the variables a text mentions, each once, in order of appearance."""
    return tuple(dict.fromkeys(mentions_of(text)))


def mentions_of(text: str) -> list[str]:
    """The same, each as often as it is mentioned."""
    return _VARIABLE.findall(text)


def with_presets(text: str, content: Content) -> str:
    """A text with the content's own values in it, other variables as they are written."""
    own = {name: clean(value) for name, value in (content.presets or {}).items()}
    return _filled(text, {name: value for name, value in own.items() if name not in SET_BY_SERVER})


@functools.lru_cache(maxsize=1024)
def language_tag(tag: str) -> str:
    """A language tag as templates write it: `ZH-cn` is `zh_CN`, `zh-hant` is `zh_Hant`."""
    head, *rest = tag.strip().replace("-", "_").split("_")
    sized = {2: str.upper, 4: str.title}
    return "_".join([head.lower(), *(sized.get(len(part), str.lower)(part) for part in rest)])


@functools.lru_cache(maxsize=1024)
def fallbacks(tag: str) -> tuple[str, ...]:
    """Languages to try for a tag, best first: `pt-BR`, `pt`, `default`, `en`."""
    parts = language_tag(tag).split("_")
    chain = ["_".join(parts[:length]) for length in range(len(parts), 0, -1)]
    chain += [_RELATED[step] for step in chain if step in _RELATED]
    return tuple(dict.fromkeys([*chain, DEFAULT_LANGUAGE, "en"]))


def content_for(template: Template, channel: Channel, language: str) -> tuple[str, Content]:
    """The language found and its content; any language is better than no message.

    Raises TemplateError when the template has nothing for the channel.
    """
    contents = template.contents.get(channel)
    if not contents:
        raise TemplateError(
            f"the template has no content for {channel}", field=f"{channel}_config", rule="content"
        )
    if language in contents:
        return language, contents[language]
    written = {language_tag(tag): tag for tag in contents}
    for step in fallbacks(language or DEFAULT_LANGUAGE):
        if step in written:
            return written[step], contents[written[step]]
    first = next(iter(contents))
    return first, contents[first]


def clean(value: str) -> str:
    """A variable's value without control, zero-width and bidirectional characters and line
    breaks, at most 256 characters of it."""
    if not (value.isascii() and value.isprintable()):
        value = "".join(c for c in value if unicodedata.category(c) not in _STRIPPED)
    return value[:MAX_VALUE]


@functools.lru_cache(maxsize=1024)
def is_right_to_left(text: str) -> bool:
    """Whether a text's first letter belongs to a right-to-left script (UAX #9, rule P2)."""
    strong = (unicodedata.bidirectional(c) for c in _VARIABLE.sub("", text))
    return next((kind in ("R", "AL") for kind in strong if kind in ("L", "R", "AL")), False)


def spelled(code: str) -> str:
    """A code as a voice reads it, character by character: `1, 2, 3, 4, 5, 6`."""
    return ", ".join(code)


def render(
    template: Template,
    channel: Channel,
    language: str,
    variables: Mapping[str, str],
    autofill: Autofill | None = None,
    *,
    code: str | None = None,
    ttl_s: int | None = None,
) -> Rendered:
    """The words of one message.

    `code` (else `variables["code"]`), the brand name and `ttl` in whole minutes are presets that
    variables cannot override; a variable without a value stays literally as `{{name}}`, as with
    the vendor. Autofill becomes the last line of an SMS. In a right-to-left text the code is
    isolated (UAX #9: FSI, PDI); a voice spells it, twice. Raises TemplateError when the template
    has nothing for the channel.
    """
    found, content = content_for(template, channel, language)
    if content.presets:
        variables = {**content.presets, **variables}
    values = {name: clean(value) for name, value in variables.items()}
    values["ttl"] = str(max(1, (template.ttl_s if ttl_s is None else ttl_s) // 60))
    if template.brand_name:
        values["brand_name"] = clean(template.brand_name)
    if code is not None:
        values["code"] = clean(code)
    text = _text(content.text, channel, values)
    if autofill is not None and channel is Channel.SMS and "code" in values:
        text = f"{text}\n{autofill.line(values['code'])}"
    subject = None if content.subject is None else _filled(content.subject, values)
    page = None if content.html is None else _html(content, values)
    return Rendered(text, found, subject, page, content.sender)


def _filled(text: str, values: Mapping[str, str]) -> str:
    first, parts = _parts(text)
    return first + "".join(
        [values.get(name, written) + following for name, written, following in parts]
    )


@functools.lru_cache(maxsize=4096)
def _parts(text: str) -> tuple[str, tuple[tuple[str, str, str], ...]]:
    """The first words of a text, and its variables: name, as written, the words that follow."""
    first, *following = _VARIABLE.split(text)[::2]
    found = zip(_VARIABLE.finditer(text), following, strict=True)
    return first, tuple((each[1], each[0], words) for each, words in found)


def _text(text: str, channel: Channel, values: Mapping[str, str]) -> str:
    shown = values.get("code")
    if shown is None:
        return _filled(text, values)
    if channel is Channel.VOICE:
        mentions = _VARIABLE.findall(text).count("code")
        shown = spelled(shown) if mentions > 1 else f"{spelled(shown)}. {spelled(shown)}"
    elif is_right_to_left(text):
        shown = f"{_FSI}{shown}{_PDI}"
    return _filled(text, {**values, "code": shown})


def _html(content: Content, values: Mapping[str, str]) -> str:
    escaped = {name: html.escape(value) for name, value in values.items()}
    if "code" in escaped and is_right_to_left(content.text):
        escaped["code"] = f'<bdi dir="ltr">{escaped["code"]}</bdi>'
    return _filled(content.html or "", escaped)
