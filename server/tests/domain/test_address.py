"""Addresses are parsed strictly, normalised to one form, and never shown in full."""

import re

import email_validator
import phonenumbers
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from phonenumbers import PhoneMetadata, phonenumberutil

from watchword_server.domain import address
from watchword_server.domain.address import (
    REACH,
    Address,
    InvalidAddress,
    Kind,
    Rule,
    fits_channel,
    mask,
    parse,
)
from watchword_server.domain.channel import Channel
from watchword_server.domain.numbering import NumberType, numbering_from

NUMBERING = numbering_from(phonenumberutil, PhoneMetadata)
QUICK = settings(
    max_examples=60, deadline=None, database=None, derandomize=True, phases=[Phase.generate]
)


def value(to):
    return parse(to, NUMBERING).value


@pytest.mark.parametrize(
    "written",
    [
        "+14155550123",
        "+1 (415) 555-0123",
        " +1.415.555.0123 ",
        "+1 415\u00a0555\u20110123",
        "+1-415-555-01-23",
    ],
)
def test_a_phone_number_is_written_in_many_ways(written):
    assert parse(written, NUMBERING) == Address(
        Kind.PHONE, "+14155550123", "US", NumberType.FIXED_LINE_OR_MOBILE
    )


def test_a_national_prefix_does_not_make_another_address():
    assert value("+44 (0)20 7183 8750") == value("+442071838750") == "+442071838750"
    assert value("+54 11 15 1234 5678") == value("+5491112345678")


def test_a_number_knows_its_range_region_and_type():
    number = parse("+447400123456", NUMBERING)
    assert (number.range, number.region, number.number_type) == ("+44740012", "GB", "mobile")
    assert parse("+80012345678", NUMBERING).region == "001"


def test_an_email_has_neither_range_nor_region():
    email = parse("bob@example.com", NUMBERING)
    assert (email.range, email.region, email.number_type) == (None, None, None)


REFUSED = {
    "": Rule.EMPTY,
    "   ": Rule.EMPTY,
    "a" * 255: Rule.TOO_LONG,
    "+1234567890123456": Rule.TOO_LONG,
    "+14155550123\n": Rule.CONTROL_CHARACTER,
    "bob@example.com\x00": Rule.CONTROL_CHARACTER,
    "\u202a+14155550123": Rule.CONTROL_CHARACTER,
    "+١٤١٥٥٥٥٠١٢٣": Rule.UNICODE_DIGITS,
    "+1415555012３": Rule.UNICODE_DIGITS,
    "+1800FLOWERS": Rule.LETTERS,
    "call me": Rule.LETTERS,
    "tel:+14155550123": Rule.LETTERS,
    "+1 415 555 0123 ext. 5": Rule.EXTENSION,
    "+14155550123x5": Rule.EXTENSION,
    "+14155550123;ext=5": Rule.EXTENSION,
    "+14155550123#5": Rule.EXTENSION,
    "(415) 555-0123": Rule.COUNTRY_CODE_MISSING,
    "0044 20 7183 8750": Rule.COUNTRY_CODE_MISSING,
    "++14155550123": Rule.E164,
    "+14155550123/+14155550124": Rule.E164,
    "+0123456789": Rule.E164,
    "+12345": Rule.E164,
    "+": Rule.E164,
    "+999123456789": Rule.COUNTRY_CODE_UNKNOWN,
    "+1415555012": Rule.POSSIBLE,
    "+10000000000": Rule.VALID,
    "@": Rule.EMAIL_SYNTAX,
    "bob@": Rule.EMAIL_SYNTAX,
    "bob@@example.com": Rule.EMAIL_SYNTAX,
    "bob@localhost": Rule.EMAIL_SYNTAX,
    "bob@test": Rule.EMAIL_SYNTAX,
    "bob@printer.local": Rule.EMAIL_SYNTAX,
    "bob@example.invalid": Rule.EMAIL_SYNTAX,
    "bob@[127.0.0.1]": Rule.EMAIL_SYNTAX,
    "bob@example.com.": Rule.EMAIL_SYNTAX,
    "bob@example.123": Rule.EMAIL_SYNTAX,
    ".bob@example.com": Rule.EMAIL_SYNTAX,
    "Bob <bob@example.com>": Rule.EMAIL_SYNTAX,
    '"bob smith"@example.com': Rule.EMAIL_SYNTAX,
    "b" * 65 + "@example.com": Rule.EMAIL_SYNTAX,
    "jürgen@example.com": Rule.EMAIL_LOCAL_ASCII,
}


@pytest.mark.parametrize(("to", "rule"), REFUSED.items(), ids=ascii)
def test_an_address_is_refused_by_a_rule(to, rule):
    with pytest.raises(InvalidAddress) as refused:
        parse(to, NUMBERING, field="alternates.email")
    assert refused.value.rule == rule
    assert refused.value.field == "alternates.email"
    assert str(refused.value).startswith("`alternates.email` ")
    assert to.strip() in ("", "@", "+", "12345") or to not in str(refused.value)


def test_every_rule_is_met():
    assert set(REFUSED.values()) == set(Rule) == set(address._MESSAGES)


def test_magic_numbers_are_taken_as_they_are():
    magic = frozenset({"+10000000000"})
    number = parse("+1 000 000 0000", NUMBERING, magic=magic)
    assert number == Address(Kind.PHONE, "+10000000000", None, NumberType.UNKNOWN)
    with pytest.raises(InvalidAddress):
        parse("+10000000001", NUMBERING, magic=magic)


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("Bob.Smith+x@Example.COM", "Bob.Smith+x@example.com"),
        ("INFO@example.com", "info@example.com"),
        ("bob@bücher.de", "bob@xn--bcher-kva.de"),
        ("bob@BÜCHER.de", "bob@xn--bcher-kva.de"),
        ("bob@xn--bcher-kva.de", "bob@xn--bcher-kva.de"),
        ("bob@例え。jp", "bob@xn--r8jz45g.jp"),
        (" bob@watchword.test ", "bob@watchword.test"),
        ("bob@sub.example.co.uk", "bob@sub.example.co.uk"),
    ],
)
def test_an_email_is_normalised(written, normal):
    assert value(written) == normal
    assert value(normal) == normal


def test_two_spellings_of_a_mailbox_share_an_identity():
    assert parse("Bob@example.com", NUMBERING).identity == "bob@example.com"
    assert parse("+14155550123", NUMBERING).identity == "+14155550123"


LOCAL = st.lists(
    st.sampled_from(["a", "B1", "info", "+x", "-", "_'", "."] * 3 + ['"', "é", " ", "@", "a" * 60]),
    min_size=1,
    max_size=4,
).map("".join)
DOMAIN = st.lists(
    st.sampled_from(
        ["a", "B2", "x-y", "com", "test", "a" * 63] * 3
        + ["ab--c", "-a", "a-", "xn--a", "é", "", "LOCAL", "1", "c1", "a" * 64]
    ),
    min_size=1,
    max_size=4,
).map(".".join)


def by_library(text):
    """Only what the library accepts, at the same options."""
    try:
        found = email_validator.validate_email(
            text,
            allow_smtputf8=False,
            check_deliverability=False,
            test_environment=True,
            strict=True,
        )
    except email_validator.EmailNotValidError:
        return None
    return found.ascii_email if "." in found.ascii_domain else None


def fast_path_agrees(plain):
    accepted = 0

    @QUICK
    @given(LOCAL, DOMAIN)
    def agree(local, domain):
        nonlocal accepted
        text = f"{local}@{domain}"
        fast = plain(text)
        if fast is not None:
            accepted += 1
            assert fast == by_library(text)

    agree()
    for text in ["info@EXAMPLE.com", "a@x.LOCAL", "a@ab--c.com", "a@b.c1", "a." * 32 + "a@x.com"]:
        assert plain(text) in (None, by_library(text))
    assert accepted >= 5


def test_the_fast_path_for_email_agrees_with_the_library():
    fast_path_agrees(address._plain_email)


LENIENT = re.compile(r"[\w.+'-]+@[\w-]+(\.[\w-]+)+", re.ASCII)


def test_a_lenient_fast_path_is_caught():
    with pytest.raises(AssertionError):
        fast_path_agrees(lambda text: text.lower() if LENIENT.fullmatch(text) else None)


@pytest.mark.parametrize(
    "usual", ["bob@example.com", "a.b+c@Mail.example.co.uk", "o'neil_1@x-y.io", "a@b.test"]
)
def test_the_usual_email_takes_the_fast_path(usual):
    assert address._plain_email(usual) == by_library(usual)


@pytest.mark.parametrize(
    ("shown", "masked"),
    [
        ("+14155550123", "+14*****0123"),
        ("+442071838750", "+44******8750"),
        ("+2908123", "+29****3"),
        ("+290812", "+29****"),
        ("+29081", "***"),
        ("", "***"),
        ("john@example.com", "j***@e***.com"),
        ("j@e.com", "***@***.com"),
        ("john@mail.example.co.uk", "j***@m***.uk"),
        ("john@company.verylongtopleveldomain", "j***@c***"),
        ("john@localhost", "j***@***"),
    ],
)
def test_a_mask(shown, masked):
    assert mask(shown) == masked


def shown_characters(masked):
    return len(re.sub(r"[+*@.]", "", masked))


def mask_hides(masking):
    """A phone shows at most six digits and hides at least four; an email shows at most one
    character before the @, one after and a last label of ten."""

    @QUICK
    @given(st.integers(10**5, 10**15 - 1))
    def phone(number):
        masked = masking(f"+{number}")
        assert shown_characters(masked) <= 6
        assert masked.count("*") >= 4
        assert masked.rstrip("0123456789").rstrip("*") == f"+{str(number)[:2]}"

    @QUICK
    @given(st.text("ab.", min_size=1, max_size=9), st.text("ab", min_size=1, max_size=14))
    def email(local, last):
        masked = masking(f"{local}@mail.{last}")
        assert shown_characters(masked) <= 1 + 1 + 10
        assert len(masked.partition("@")[0].rstrip("*")) <= (1 if len(local) > 1 else 0)
        assert masked.partition("@")[2] in (f"m***.{last}", "m***")

    phone()
    email()


def test_a_mask_shows_a_bounded_number_of_characters():
    mask_hides(mask)


MUTANT_MASKS = {
    "keeps five digits": lambda shown: shown[:3] + "*" * (len(shown) - 8) + shown[-5:],
    "hides three": lambda shown: mask(shown) if "@" in shown else shown[:3] + "***" + shown[-4:],
    "shows the domain": lambda shown: (
        f"{shown[:1]}***@{shown.partition('@')[2]}" if "@" in shown else mask(shown)
    ),
}


@pytest.mark.parametrize("broken", MUTANT_MASKS.values(), ids=MUTANT_MASKS)
def test_a_mask_that_shows_too_much_is_caught(broken):
    with pytest.raises(AssertionError):
        mask_hides(broken)


class Leaky(Address, frozen=True):
    def __repr__(self):
        return f"Address({self.value})"


def never_shows(kind):
    for secret in ("+14155550123", "johnny@example.com"):
        of = Kind.EMAIL if "@" in secret else Kind.PHONE
        shown = kind(of, secret, "US", None)
        texts = [repr(shown), str(shown), f"{shown}", f"{shown!r:>60}", repr([shown])]
        assert not any(secret in text or secret[4:9] in text for text in texts)
        assert list(shown.__rich_repr__()) == [mask(secret)]


def test_an_address_never_shows_itself():
    never_shows(Address)


def test_an_address_that_shows_itself_is_caught():
    with pytest.raises(AssertionError):
        never_shows(Leaky)


def test_every_channel_reaches_one_kind_of_address():
    assert REACH[Kind.PHONE] | REACH[Kind.EMAIL] == set(Channel)
    assert not REACH[Kind.PHONE] & REACH[Kind.EMAIL]
    assert fits_channel(parse("bob@example.com", NUMBERING), Channel.EMAIL)
    assert not fits_channel(parse("bob@example.com", NUMBERING), Channel.SMS)
    assert fits_channel(parse("+14155550123", NUMBERING), Channel.SILENT)


def test_parsing_anything_raises_only_its_own_error():
    @QUICK
    @given(st.text("+0123456789 @.-(a\u0660\x00é😀＠", max_size=20))
    def parses(to):
        try:
            parsed = parse(to, NUMBERING)
        except InvalidAddress:
            return
        assert parse(parsed.value, NUMBERING) == parsed

    parses()


def test_the_special_domains_are_those_of_the_library():
    assert "test" in email_validator.SPECIAL_USE_DOMAIN_NAMES
    assert "example.com" not in email_validator.SPECIAL_USE_DOMAIN_NAMES
    assert value("bob@example.com") == "bob@example.com"


def test_a_parsed_number_is_a_valid_number():
    assert phonenumbers.is_valid_number(phonenumbers.parse(value("+4402071838750")))
