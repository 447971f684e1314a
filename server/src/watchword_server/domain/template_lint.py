"""The policy for templates: what a reviewer would refuse, found before one has to look.

`lint` gives every finding with its reason and what to do about it.  An error keeps a template
from being saved; a warning is left to the reviewer.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from itertools import chain

import msgspec

from watchword_server.domain import segments, template_html, template_letters, template_links
from watchword_server.domain.catalogue import BRAND
from watchword_server.domain.channel import Channel
from watchword_server.domain.template import (
    SET_BY_SERVER,
    Autofill,
    Category,
    Content,
    Template,
    render,
    variables_of,
    with_presets,
)
from watchword_server.domain.template_rules import has_too_many_variables, is_too_large, problems
from watchword_server.domain.template_wording import banned, brand_kind

MAX_SEGMENTS = 4
"""SMS segments of one message: beyond that carriers drop parts and every send costs fivefold."""

_FREE_VALUE = "x" * 12
"""A caller's variable counts as twelve characters where a text is measured."""

_LOOK_ALIKES: Mapping[str, str] = {
    **dict.fromkeys(("code", "otp", "pin", "passcode", "verificationcode", "verifycode"), "code"),
    **dict.fromkeys(("brand", "brandname", "company", "companyname", "appname"), "brand_name"),
    **dict.fromkeys(("ttl", "expiry", "expires", "minutes", "expiresin", "validity"), "ttl"),
}
_PLACEHOLDER = re.compile(
    r"\{\{|\}\}|\$?\{\s*\w+\s*\}|%\w+%|<%|\[\[?\s*(?:code|otp|pin)\s*\]?\]|#code#", re.IGNORECASE
)
_VARIABLE = re.compile(r"\{\{\s*[A-Za-z_][A-Za-z0-9_]{0,63}\s*\}\}")
_SCRIPTS: Mapping[str, frozenset[str]] = {
    "zh": frozenset({"CJK"}),
    "ja": frozenset({"CJK", "HIRAGANA", "KATAKANA"}),
    "ko": frozenset({"HANGUL"}),
    "th": frozenset({"THAI"}),
    "ar": frozenset({"ARABIC"}),
    "he": frozenset({"HEBREW"}),
    "hi": frozenset({"DEVANAGARI"}),
    "ru": frozenset({"CYRILLIC"}),
    "el": frozenset({"GREEK"}),
}
_FEW_LETTERS = 12
_FEW_STRANGERS = 4
_SHOUTED = 0.7


class Severity(StrEnum):
    """Whether a finding keeps a template from being saved."""

    ERROR = "error"
    WARNING = "warning"


class Finding(msgspec.Struct, frozen=True):
    """One thing that is wrong: by which rule, where, why, and what to do."""

    rule: str
    severity: Severity
    field: str
    message: str
    fix: str
    channel: Channel | None = None
    language: str | None = None


class Policy(msgspec.Struct, frozen=True):
    """What depends on the project and the server: domains a link may lead to, the last line."""

    link_domains: frozenset[str] = frozenset()
    autofill: Autofill | None = None


class Said(msgspec.Struct, frozen=True):
    """What one channel says in one language, ready to be looked at.

    `text` is all that is read, without tags and with preset values; `plain` the same without
    variables; `raw` is what a caller wrote.
    """

    template: Template
    channel: Channel
    language: str
    content: Content
    policy: Policy
    page: template_html.Page
    text: str
    plain: str
    raw: str

    @property
    def is_code(self) -> bool:
        """Whether it carries a code."""
        return self.template.category is Category.AUTHENTICATION


Flaw = tuple[str, Severity, str, str]
"""Rule, severity, message, fix."""

_ERROR, _WARNING = Severity.ERROR, Severity.WARNING


def lint(template: Template, policy: Policy) -> tuple[Finding, ...]:
    """Every finding, errors first, else in reading order; none for a template without flaw."""
    found = [*_structure(template), *_brand(template)]
    fits = not is_too_large(template)
    for channel, languages in template.contents.items():
        for language, content in languages.items():
            said = _said(template, channel, language, content, policy, fits=fits)
            for check in _CHECKS:
                found += (_finding(said, flaw) for flaw in check(said))
    unique = dict.fromkeys(found)
    return tuple(sorted(unique, key=lambda finding: finding.severity is not Severity.ERROR))


def errors(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Those that keep a template from being saved."""
    return tuple(finding for finding in findings if finding.severity is Severity.ERROR)


def _structure(template: Template) -> Iterator[Finding]:
    for problem in problems(template):
        fix = "Correct it: docs/templates.md lists every field with its bounds."
        yield Finding(problem.rule, _ERROR, problem.field, f"{problem}", fix)


def _brand(template: Template) -> Iterator[Finding]:
    def finding(rule: str, severity: Severity, message: str, fix: str) -> Finding:
        return Finding(rule, severity, "brand_name", message, fix)

    brand = template.brand_name
    if not brand or brand == BRAND:
        yield finding(
            "brand_missing", _WARNING, f"no brand_name is given, so messages say {BRAND}",
            "Give the name that your users know you by.",
        )  # fmt: skip
        return
    scripts = template_letters.scripts(brand)
    if not template_letters.may_stand_together(scripts):
        yield finding(
            "brand_script", _ERROR, "the brand mixes scripts, as look-alikes of other brands do",
            "Write it in one script.",
        )  # fmt: skip
    if template_letters.is_styled(brand):
        yield finding(
            "brand_styled", _ERROR, "the brand is written in symbols that look like letters",
            "Write it in plain letters.",
        )  # fmt: skip
    if template_links.links(brand):
        yield finding("brand_link", _ERROR, "the brand is a link on a handset", "Drop the ending.")
    kind = brand_kind(brand)
    if kind == "famous":
        yield finding(
            "brand_famous", _WARNING, "the brand is, or looks like, that of a well-known company",
            "Only its owner may use it: tell the reviewer who you are.",
        )  # fmt: skip
    elif kind == "generic":
        yield finding(
            "brand_generic", _WARNING, "the brand does not say who sends",
            "Give the name that your users know you by.",
        )  # fmt: skip


def _said(
    template: Template, channel: Channel, language: str, content: Content, policy: Policy,
    *, fits: bool,
) -> Said:  # fmt: skip
    page = template_html.read(content.html or "")
    text = "\n".join(filter(None, (content.sender, content.subject, content.text, page.text)))
    if fits and content.presets and not has_too_many_variables(content):
        text = with_presets(text, content)
    plain = _VARIABLE.sub(" ", text)
    parts = (content.text, content.subject, content.html)
    raw = "\n".join(filter(None, parts))
    return Said(template, channel, language, content, policy, page, text, plain, raw)


def _finding(said: Said, flaw: Flaw) -> Finding:
    rule, severity, message, fix = flaw
    field, where = f"{said.channel}_config", f"{said.channel}, {said.language}"
    return Finding(rule, severity, field, f"{where}: {message}", fix, said.channel, said.language)


def _wording(said: Said) -> Iterator[Flaw]:
    for ban in banned(said.plain, is_code=said.is_code):
        yield ban.rule, _ERROR if ban.is_error else _WARNING, ban.why, ban.fix


def _links(said: Said) -> Iterator[Flaw]:
    fix = "Use https and a domain that the operator allowed: watchword-server projects set-links."
    allowed = said.policy.link_domains
    behind = (template_links.behind(each, allowed) for each in said.page.links)
    text = "\n".join((said.text, *said.page.links))
    for flaw in dict.fromkeys((*template_links.flaws(said.text, allowed), *chain(*behind))):
        severity = _WARNING if flaw.rule == "link_plain" else _ERROR
        yield flaw.rule, severity, flaw.message, fix
    if template_links.forges_autofill(said.text):
        yield (
            "autofill_line", _ERROR, "a line looks like the one that binds a code to a website",
            "Remove it: the server adds it where WATCHWORD_AUTOFILL_DOMAIN is set.",
        )  # fmt: skip
    if said.is_code and said.channel is Channel.SMS and template_links.links(text):
        yield (
            "link_in_code", _WARNING, "carriers filter messages with a code and a link",
            "Leave the link out of messages with a code.",
        )  # fmt: skip
    if said.is_code and template_links.has_number_to_call(said.plain):
        yield (
            "number_to_call", _WARNING, "a telephone number stands beside the code",
            "Leave it out: callers who pretend to be you use the same trick.",
        )  # fmt: skip


def _letters(said: Said) -> Iterator[Flaw]:
    given = (said.raw, said.content.sender, *(said.content.presets or {}).values())
    raw = "\n".join(filter(None, given))
    if turning := template_letters.turning(raw):
        yield (
            "bidi_control", _ERROR, f"invisible characters turn the direction: {_few(turning)}",
            "Remove them: the code is isolated in right-to-left text by itself.",
        )  # fmt: skip
    if hidden := template_letters.hidden(raw):
        yield (
            "invisible", _ERROR, f"there are invisible characters: {_few(hidden)}",
            "Remove them: they hide words from filters and from the reviewer.",
        )  # fmt: skip
    if mixed := template_letters.mixed_words(said.plain):
        yield (
            "mixed_script", _ERROR, f"{len(mixed)} of the words mix scripts that look alike",
            "Write each word in one script.",
        )  # fmt: skip
    if template_letters.is_styled(said.plain):
        yield (
            "styled_letters", _ERROR, "symbols that look like letters hide words from filters",
            "Write plain letters.",
        )  # fmt: skip
    expected = _SCRIPTS.get(said.language.replace("-", "_").split("_")[0].lower())
    found = template_letters.scripts(said.plain)
    if expected and found and not expected & found:
        yield (
            "language", _WARNING, f"the text is not written in the script of {said.language}",
            "Translate it, or leave the language out: the nearest one is used instead.",
        )  # fmt: skip
    if _is_shouting(said.plain):
        yield "shouting", _WARNING, "capital letters or !!! look like spam", "Write as usual."


def _variables(said: Said) -> Iterator[Flaw]:
    declared = said.content.presets or {}
    used = variables_of(said.raw)
    for name in used:
        if name in SET_BY_SERVER or name in declared:
            continue
        meant = _LOOK_ALIKES.get(name.replace("_", "").lower())
        if meant is not None:
            yield (
                "unknown_variable", _ERROR, f"{{{{{name}}}}} is not filled in by the server",
                f"Write {{{{{meant}}}}}.",
            )  # fmt: skip
        elif name == "pwa_url":
            yield (
                "pwa_url", _ERROR, "{{pwa_url}} has no value here: this server has no such app",
                "Leave it out.",
            )  # fmt: skip
        else:
            yield (
                "free_variable", _WARNING, f"{{{{{name}}}}} says whatever a caller puts there",
                "Leave it out of messages with a code, or give it a preset value.",
            )  # fmt: skip
    for name in declared:
        if name not in used:
            yield "unused_preset", _WARNING, "a preset value is used nowhere", "Remove it."
    if _PLACEHOLDER.search(_VARIABLE.sub(" ", "\n".join((said.text, said.content.html or "")))):
        yield (
            "placeholder", _ERROR, "there is a placeholder that would be sent as it stands",
            "Variables are written {{name}}: letters, digits and _ between double braces.",
        )  # fmt: skip


def _shape(said: Said) -> Iterator[Flaw]:
    brand = said.template.brand_name
    names_brand = "brand_name" in variables_of(said.text) or (brand and brand in said.text)
    if said.is_code and not names_brand:
        yield (
            "brand_absent", _WARNING, "the text does not say who sends it",
            "Begin with {{brand_name}}.",
        )  # fmt: skip
    if said.content.subject and "code" in variables_of(said.content.subject):
        yield (
            "code_in_subject", _WARNING, "mail servers log subjects, and the code with them",
            "Keep {{code}} in the text.",
        )  # fmt: skip
    if said.channel is Channel.VOICE and template_links.links(said.text):
        yield "voice_link", _ERROR, "nobody can follow a link in a call", "Leave it out."
    if said.content.sender and brand_kind(said.content.sender) == "famous":
        yield (
            "brand_famous", _WARNING, "the sender is, or looks like, a well-known company",
            "Only its owner may use the name: tell the reviewer who you are.",
        )  # fmt: skip
    for rule in said.page.broken:
        severity = _WARNING if rule == "html_hidden" else _ERROR
        yield rule, severity, template_html.SAYS[rule], "Remove it from the HTML."


def _length(said: Said) -> Iterator[Flaw]:
    if said.channel is not Channel.SMS:
        return
    text = sample(said.template, said.channel, said.language, said.policy.autofill)
    counted = segments.count(text)
    fix = (
        f"Shorten it: {counted.units} units, one segment holds {segments.SINGLE[counted.encoding]}."
    )
    if counted.segments > MAX_SEGMENTS:
        says = f"it takes {counted.segments} segments, at most {MAX_SEGMENTS} may be sent"
        yield "too_many_segments", _ERROR, says, fix
    elif counted.segments > 1:
        yield "segments", _WARNING, f"it takes {counted.segments} segments, each one is paid", fix
    strangers = segments.beyond_gsm7(text)
    if 0 < len(strangers) <= _FEW_STRANGERS and len(text) > segments.SINGLE[counted.encoding]:
        yield (
            "encoding", _WARNING, f"{len(strangers)} characters beyond GSM-7 halve each segment",
            f"Replace {' '.join(strangers)}.",
        )  # fmt: skip


_CHECKS: tuple[Callable[[Said], Iterator[Flaw]], ...] = (
    _wording, _links, _letters, _variables, _shape, _length,
)  # fmt: skip


def sample(template: Template, channel: Channel, language: str, autofill: Autofill | None) -> str:
    """The text as it would be sent, with a code and variables of the usual length."""
    content = template.contents[channel][language]
    known = SET_BY_SERVER.union(content.presets or ())
    values = {name: _FREE_VALUE for name in variables_of(content.text) if name not in known}
    code = "0" * (template.code_length or 6)
    return render(template, channel, language, values, autofill, code=code).text


def _few(names: tuple[str, ...]) -> str:
    return ", ".join(names[:3])


def _is_shouting(text: str) -> bool:
    letters = [letter for letter in text if letter.isupper() or letter.islower()]
    loud = sum(letter.isupper() for letter in letters)
    return "!!!" in text or (len(letters) > _FEW_LETTERS and loud > _SHOUTED * len(letters))
