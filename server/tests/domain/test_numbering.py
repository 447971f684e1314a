"""The compiled plans answer as libphonenumber does, for every country and type."""

import random

import phonenumbers
import pytest
from phonenumbers import PhoneMetadata, phonenumberutil, re_util

from watchword_server.domain.numbering import (
    LIBRARY_TYPES,
    TYPES,
    Answer,
    Numbering,
    NumberType,
    Refusal,
    numbering_from,
)

re_util.enable_pattern_cache()
REGIONS = phonenumberutil.COUNTRY_CODE_TO_REGION_CODE
NUMBERING = numbering_from(phonenumberutil, PhoneMetadata)

TELLING = [1, 7, 39, 44, 47, 54, 62, 86, 91, 212, 262, 290, 358, 370, 375, 590, 599, 800, 881, 883]
"""Calling codes shared by regions, of no country, or whose national prefixes begin numbers."""


def examples(codes):
    """One number of every type of every region."""
    for code in codes:
        for region in REGIONS[code]:
            metadata = PhoneMetadata.metadata_for_region_or_calling_code(code, region)
            for name in [*(name for name, _ in TYPES), "general_desc"]:
                described = getattr(metadata, name)
                if described is not None and described.example_number:
                    yield f"+{code}", described.example_number


def digits(chance, length):
    return "".join(chance.choices("0123456789", k=length))


MUTATIONS = [
    lambda chance, code, number: code + number[:-4] + digits(chance, 4),
    lambda chance, code, number: code + number[:2] + digits(chance, len(number) - 2),
    lambda chance, code, number: code + number + digits(chance, 1),
    lambda chance, code, number: code + number[:-1],
    lambda chance, code, number: code + "0" + number,
    lambda chance, code, number: code + chance.choice("18") + number,
    lambda chance, code, number: code + digits(chance, chance.randrange(2, 13)),
    lambda chance, code, number: "+" + digits(chance, chance.randrange(1, 15)),
]


def generated(codes, total, seed=1):
    """Example numbers, then mutations of them, until there are enough."""
    chance = random.Random(seed)
    known = list(examples(codes))
    yield from (code + number for code, number in known)
    for place in range(total - len(known)):
        code, number = known[place % len(known)]
        yield chance.choice(MUTATIONS)(chance, code, number)


def by_library(number):
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(parsed):
        return None
    return Answer(
        phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164),
        phonenumbers.region_code_for_number(parsed),
        LIBRARY_TYPES[phonenumbers.number_type(parsed)],
    )


def disagreements(numbering, numbers):
    """Numbers on which the two differ."""

    def answer(number):
        found = numbering.look_up(number)
        return None if isinstance(found, Refusal) else found

    return [number for number in numbers if answer(number) != by_library(number)]


def test_the_plans_agree_with_the_library_where_it_is_hard():
    assert disagreements(NUMBERING, generated(TELLING, 600)) == []


@pytest.mark.long
@pytest.mark.parametrize("seed", range(5))
def test_the_plans_agree_with_the_library_everywhere(seed):
    assert disagreements(NUMBERING, generated(REGIONS, 25_000, seed)) == []


class Altered:
    """A region's metadata with some fields replaced."""

    def __init__(self, metadata, **replaced):
        self.metadata, self.replaced = metadata, replaced

    def __getattr__(self, name):
        return self.replaced[name] if name in self.replaced else getattr(self.metadata, name)


def mutant(regions=REGIONS, **replaced):
    def region(name):
        return Altered(PhoneMetadata.metadata_for_region(name), **replaced)

    return Numbering(regions, region, PhoneMetadata.metadata_for_nongeo_region, by_library)


MUTANTS = {
    "keeps national prefixes": (mutant(national_prefix_for_parsing=None), 375),
    "gives shared codes to the main region": (mutant(leading_digits=""), 44),
    "cannot tell mobile from fixed": (mutant(same_mobile_and_fixed_line_pattern=True), 44),
    "has no toll-free numbers": (mutant(toll_free=None), 44),
    "asks regions in reverse": (mutant({44: REGIONS[44][::-1]}), 44),
}


@pytest.mark.parametrize(("broken", "code"), MUTANTS.values(), ids=MUTANTS)
def test_a_broken_plan_is_caught(broken, code):
    assert disagreements(broken, generated([code], 150))


def test_usual_numbers_never_reach_the_library():
    def unasked(number):
        raise AssertionError(number)

    numbering = Numbering(
        REGIONS,
        PhoneMetadata.metadata_for_region,
        PhoneMetadata.metadata_for_nongeo_region,
        unasked,
    )
    for number in ["+14155550123", "+447400123456", "+8613123456789", "+5491123456789"]:
        assert isinstance(numbering.look_up(number), Answer)
    with pytest.raises(AssertionError):
        numbering.look_up("+4402071838750")


def test_a_plan_written_unusually_is_left_to_the_library():
    class Captures:
        national_number_pattern = r"(7)\d{9}"
        possible_length = (10,)
        example_number = None

    for field in ({"general_desc": None}, {"general_desc": Captures}, {"leading_digits": "(7)4"}):
        numbering = mutant(**field)
        for _ in range(2):
            assert numbering.look_up("+447400123456") == by_library("+447400123456")
    assert mutant(mobile=Captures).look_up("+447400123456") == by_library("+447400123456")


@pytest.mark.parametrize(
    ("number", "refusal"),
    [
        ("+999123456", Refusal.CALLING_CODE),
        ("+0123456789", Refusal.CALLING_CODE),
        ("+", Refusal.CALLING_CODE),
        ("+1415555012", Refusal.LENGTH),
        ("+1", Refusal.LENGTH),
        ("+10000000000", Refusal.PLAN),
        ("+440000000000", Refusal.PLAN),
    ],
)
def test_a_refusal_says_why(number, refusal):
    assert NUMBERING.look_up(number) is refusal


def test_a_national_prefix_after_the_country_code_is_dropped():
    assert NUMBERING.look_up("+4402071838750") == Answer(
        "+442071838750", "GB", NumberType.FIXED_LINE
    )


def test_plans_can_be_compiled_ahead():
    numbering = mutant()
    numbering.prepare([44, 800, 999])
    numbering._made = None
    assert numbering.look_up("+447400123456").region == "GB"


def test_an_answer_does_not_show_the_number():
    assert "7400" not in repr(NUMBERING.look_up("+447400123456"))


def test_our_words_cover_the_librarys_types():
    assert set(LIBRARY_TYPES) == set(phonenumbers.PhoneNumberType.values())
    assert set(LIBRARY_TYPES.values()) == set(NumberType)
