"""Recipients: parse, normalise and mask a phone number or an email address.

An Address never shows itself in full: `repr`, `str` and formatting give the masked form, and no
error message contains the input.
"""

import re
from collections.abc import Container, Iterator, Mapping
from enum import StrEnum

import msgspec
from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email
from email_validator.rfc_constants import CASE_INSENSITIVE_MAILBOX_NAMES

from watchword_server.domain.channel import Channel
from watchword_server.domain.numbering import Numbering, NumberType, Refusal

MAX_INPUT = 254
"""Characters of `to` that are looked at: the longest email address (RFC 3696 errata 1690)."""

MAX_DIGITS = 15
"""Digits of an international number (ITU-T E.164 section 6)."""

_E164 = re.compile(r"\+[1-9][0-9]{5,14}", re.ASCII)
_PUNCTUATION = str.maketrans("", "", " -.()\u00a0\u2009\u202f\u2010\u2011\u2012\u2013")
_EXTENSION = re.compile(r"(?:;ext=|ext|x|#|,)\W*[0-9]{1,7}\Z", re.IGNORECASE)

_ATEXT = r"[A-Za-z0-9_!#$%&'*+\-/=?^`{|}~]"
_LABEL = r"(?!..--)[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_PLAIN_EMAIL = re.compile(
    rf"(?=[^@]{{1,64}}@.{{1,253}}\Z)({_ATEXT}+(?:\.{_ATEXT}+)*)@"
    rf"((?:{_LABEL}\.)+(?![0-9A-Za-z-]*[0-9-]\Z){_LABEL})"
)
_SPECIAL = frozenset(name.rpartition(".")[2] for name in SPECIAL_USE_DOMAIN_NAMES) - {"test"}
_ROLES = frozenset(CASE_INSENSITIVE_MAILBOX_NAMES)
_SHOWN_TLD = 10


class Kind(StrEnum):
    """What an address is."""

    PHONE = "phone"
    EMAIL = "email"


REACH: Mapping[Kind, frozenset[Channel]] = {
    Kind.PHONE: frozenset(
        {
            Channel.SMS,
            Channel.WHATSAPP,
            Channel.VOICE,
            Channel.SILENT,
            Channel.RCS,
            Channel.TELEGRAM,
            Channel.VIBER,
        }
    ),
    Kind.EMAIL: frozenset({Channel.EMAIL}),
}
"""Channels that can reach each kind of address."""


class Rule(StrEnum):
    """Why an address was refused: the machine word beside the message."""

    EMPTY = "empty"
    TOO_LONG = "too_long"
    CONTROL_CHARACTER = "control_character"
    UNICODE_DIGITS = "unicode_digits"
    LETTERS = "letters"
    EXTENSION = "extension"
    COUNTRY_CODE_MISSING = "country_code_missing"
    E164 = "e164"
    COUNTRY_CODE_UNKNOWN = "country_code_unknown"
    POSSIBLE = "possible"
    VALID = "valid"
    EMAIL_SYNTAX = "email_syntax"
    EMAIL_LOCAL_ASCII = "email_local_ascii"


_MESSAGES: Mapping[Rule, str] = {
    Rule.EMPTY: "is empty: give a phone number (+, country code, number) or an email address",
    Rule.TOO_LONG: f"has more than {MAX_INPUT} characters, or more than {MAX_DIGITS} digits",
    Rule.CONTROL_CHARACTER: "contains a control or invisible character",
    Rule.UNICODE_DIGITS: "contains digits other than 0 to 9",
    Rule.LETTERS: "is neither a phone number (+, country code, number) nor an email address",
    Rule.EXTENSION: "has an extension, which no channel can reach",
    Rule.COUNTRY_CODE_MISSING: "has no country code: write + and the country code first",
    Rule.E164: "is not a phone number in E.164 form: + and 6 to 15 digits",
    Rule.COUNTRY_CODE_UNKNOWN: "begins with a country code that does not exist",
    Rule.POSSIBLE: "has too few or too many digits for its country",
    Rule.VALID: "is in no range of its country's numbering plan",
    Rule.EMAIL_SYNTAX: "is not a valid email address",
    Rule.EMAIL_LOCAL_ASCII: "has characters beyond ASCII before the @, which mail servers refuse",
}

_REFUSED: Mapping[Refusal, Rule] = {
    Refusal.CALLING_CODE: Rule.COUNTRY_CODE_UNKNOWN,
    Refusal.LENGTH: Rule.POSSIBLE,
    Refusal.PLAN: Rule.VALID,
}


class InvalidAddress(ValueError):
    """The recipient cannot be used; `rule` says why, the message never shows the address."""

    def __init__(self, rule: Rule, field: str = "to") -> None:
        super().__init__(f"`{field}` {_MESSAGES[rule]}")
        self.rule: str = rule
        self.field = field


class Address(msgspec.Struct, frozen=True):
    """A recipient in canonical form.

    `value` is E.164, or an email with its domain in lower-case ASCII (IDNA A-labels). `region` is
    ISO 3166 alpha-2, `001` for numbers of no country; it and `number_type` are None for email.
    """

    kind: Kind
    value: str
    region: str | None = None
    number_type: NumberType | None = None

    @property
    def range(self) -> str | None:
        """A number without its last four digits: the block that limits count; None for email."""
        return self.value[:-4] if self.kind is Kind.PHONE else None

    @property
    def masked(self) -> str:
        """What people may read in logs and consoles."""
        return mask(self.value)

    @property
    def identity(self) -> str:
        """What counters and blind indexes are keyed by: no two spellings of one mailbox differ
        in it, so the case of an email's local part cannot be used to get around a limit."""
        return self.value if self.kind is Kind.PHONE else self.value.lower()

    def __repr__(self) -> str:
        return f"Address({self.masked})"

    def __rich_repr__(self) -> Iterator[str]:  # type: ignore[override]
        yield self.masked


def fits_channel(address: Address, channel: Channel) -> bool:
    """Whether a channel can reach this kind of address."""
    return channel in REACH[address.kind]


def parse(
    to: str, numbering: Numbering, *, field: str = "to", magic: Container[str] = frozenset()
) -> Address:
    """The address a caller wrote.

    A phone number is in E.164 form with its `+`; spaces, dashes, dots and parentheses are
    dropped, and it must be valid in its country's plan, except for `magic` numbers (the
    sandbox's), which are taken as they are. An email is checked by its syntax alone.
    Raises InvalidAddress.
    """
    if _E164.fullmatch(to):
        return _phone(to, numbering, field, magic)
    text = _bounded(to, field)
    if "@" in text:
        return _email(text, field)
    return _phone(_e164(text, field), numbering, field, magic)


def _bounded(to: str, field: str) -> str:
    if len(to) > MAX_INPUT:
        raise InvalidAddress(Rule.TOO_LONG, field)
    text = to.strip(" ")
    if not text:
        raise InvalidAddress(Rule.EMPTY, field)
    if not text.translate(_PUNCTUATION).isprintable():
        raise InvalidAddress(Rule.CONTROL_CHARACTER, field)
    return text


def _e164(text: str, field: str) -> str:
    digits = text.translate(_PUNCTUATION)
    if _E164.fullmatch(digits):
        return digits
    if any(c.isdigit() and not c.isascii() for c in digits):
        raise InvalidAddress(Rule.UNICODE_DIGITS, field)
    if digits[:1] in "+0123456789" and _EXTENSION.search(text):
        raise InvalidAddress(Rule.EXTENSION, field)
    if any(c.isalpha() for c in digits):
        raise InvalidAddress(Rule.LETTERS, field)
    if digits.isdecimal():
        raise InvalidAddress(Rule.COUNTRY_CODE_MISSING, field)
    if digits[:1] == "+" and digits[1:].isdecimal() and len(digits) > MAX_DIGITS + 1:
        raise InvalidAddress(Rule.TOO_LONG, field)
    raise InvalidAddress(Rule.E164, field)


def _phone(value: str, numbering: Numbering, field: str, magic: Container[str]) -> Address:
    answer = numbering.look_up(value)
    if not isinstance(answer, Refusal):
        return Address(Kind.PHONE, answer.value, answer.region, answer.number_type)
    if value in magic:
        return Address(Kind.PHONE, value, None, NumberType.UNKNOWN)
    raise InvalidAddress(_REFUSED[answer], field)


def _email(text: str, field: str) -> Address:
    return Address(Kind.EMAIL, _plain_email(text) or _unusual_email(text, field))


def _plain_email(text: str) -> str | None:
    """The usual case, decided as email-validator would and a hundred times faster."""
    if len(text) > MAX_INPUT or not (found := _PLAIN_EMAIL.fullmatch(text)):
        return None
    local, domain = found[1], found[2].lower()
    if domain.rpartition(".")[2] in _SPECIAL:
        return None
    if local.lower() in _ROLES:
        local = local.lower()
    return f"{local}@{domain}"


def _unusual_email(text: str, field: str) -> str:
    """Whatever is not plain: internationalised domains, and the refusals.

    Domains under `.test` are accepted (RFC 6761 reserves them for testing).
    """
    local, _, domain = text.rpartition("@")
    if local and not local.isascii():
        raise InvalidAddress(Rule.EMAIL_LOCAL_ASCII, field)
    try:
        valid = validate_email(
            text,
            allow_smtputf8=False,
            check_deliverability=False,
            test_environment=True,
            strict=True,
        )
    except EmailNotValidError:
        raise InvalidAddress(Rule.EMAIL_SYNTAX, field) from None
    if valid.ascii_email is None or "." not in valid.ascii_domain:
        raise InvalidAddress(Rule.EMAIL_SYNTAX, field)
    return valid.ascii_email


def mask(value: str) -> str:
    """An address fit for people to read in logs and consoles.

    `+14*****0123`: at most the first two and the last four digits, and never fewer than four
    hidden. `j***@e***.com`: at most one character before the @, one after, and a last label of at
    most ten characters.
    """
    return _mask_email(value) if "@" in value else _mask_phone(value)


def _mask_phone(value: str) -> str:
    digits = len(value) - 1
    if digits < 6:
        return "***"
    tail = min(4, digits - 6)
    return f"{value[:3]}{'*' * (digits - 2 - tail)}{value[len(value) - tail :]}"


def _mask_email(value: str) -> str:
    local, _, domain = value.rpartition("@")
    name, _, last = domain.rpartition(".")
    shown = f".{last}" if name and len(last) <= _SHOWN_TLD else ""
    return f"{_initial(local)}***@{_initial(name)}***{shown}"


def _initial(word: str) -> str:
    return word[:1] if len(word) > 1 else ""
