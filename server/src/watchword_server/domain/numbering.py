"""Numbering plans: is a phone number valid, where is it from, what type is it.

libphonenumber answers this in 60 to 1000 us. Its own metadata, compiled here into a few regular
expressions per country calling code on first use, gives the same answer in about 3 us. A number
that needs more than a look (a national prefix after the country code, which the library strips or
rewrites, or a plan written in an unforeseen way) is handed to the library itself.

The library comes in as an argument, because loading a region reads a file and this layer reads
none: the composition root calls `numbering_from(phonenumbers)`, after
`phonenumbers.re_util.enable_pattern_cache()`, which makes the library's own answer ten times
faster.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import StrEnum
from itertools import groupby
from typing import Any, Protocol

import msgspec

NO_COUNTRY = "001"
"""Region of satellite, international freephone and similar numbers (UN M.49: World)."""


class NumberType(StrEnum):
    """What a number is used for, in libphonenumber's distinctions."""

    MOBILE = "mobile"
    FIXED_LINE = "fixed_line"
    FIXED_LINE_OR_MOBILE = "fixed_line_or_mobile"
    TOLL_FREE = "toll_free"
    PREMIUM_RATE = "premium_rate"
    SHARED_COST = "shared_cost"
    VOIP = "voip"
    PERSONAL = "personal"
    PAGER = "pager"
    UAN = "uan"
    VOICEMAIL = "voicemail"
    UNKNOWN = "unknown"


class Refusal(StrEnum):
    """Why a number is not valid: no such calling code, a length its country does not have, or
    no range of its plan."""

    CALLING_CODE = "calling_code"
    LENGTH = "length"
    PLAN = "plan"


class Answer(msgspec.Struct, frozen=True):
    """A valid number: `value` is E.164, `region` ISO 3166 alpha-2 or `001`."""

    value: str
    region: str
    number_type: NumberType

    def __repr__(self) -> str:
        return f"Answer(region={self.region!r}, number_type={self.number_type.value!r})"


class Description(Protocol):
    """A set of national numbers: libphonenumber's PhoneNumberDesc."""

    @property
    def national_number_pattern(self) -> str | None:
        """A regular expression over the whole national number."""

    @property
    def possible_length(self) -> Sequence[int]:
        """Lengths in digits; none means any that the general description has."""


class Metadata(Protocol):
    """A region's plan: libphonenumber's PhoneMetadata. Its ten types are read by name, and the
    order of TYPES decides between them."""

    @property
    def general_desc(self) -> Description | None:
        """All valid numbers, and more."""

    @property
    def leading_digits(self) -> str | None:
        """First digits that alone assign a number to this region of a shared calling code."""

    @property
    def national_prefix_for_parsing(self) -> str | None:
        """What people dial before a national number."""

    @property
    def same_mobile_and_fixed_line_pattern(self) -> bool:
        """Whether the plan cannot tell mobile from fixed."""


TYPES: tuple[tuple[str, NumberType], ...] = (
    ("premium_rate", NumberType.PREMIUM_RATE),
    ("toll_free", NumberType.TOLL_FREE),
    ("shared_cost", NumberType.SHARED_COST),
    ("voip", NumberType.VOIP),
    ("personal_number", NumberType.PERSONAL),
    ("pager", NumberType.PAGER),
    ("uan", NumberType.UAN),
    ("voicemail", NumberType.VOICEMAIL),
    ("fixed_line", NumberType.FIXED_LINE),
    ("mobile", NumberType.MOBILE),
)
"""Fields of the metadata in the order in which libphonenumber tries them (`getNumberType`)."""


_CAPTURE = re.compile(r"(?<!\\)\((?!\?:)")


class _Unusual(Exception):
    """This plan is written in a way only the library understands."""


class _Region:
    """One region's plan: one compiled expression per length of number."""

    def __init__(self, region: str, metadata: Metadata | None) -> None:
        if metadata is None or metadata.general_desc is None:
            raise _Unusual(region)
        self.region = region
        self.leading = metadata.leading_digits
        self._general = metadata.general_desc
        self._described = list(_described(metadata))
        if not self._general.national_number_pattern or not self._general.possible_length:
            raise _Unusual(region)
        _plain(self._general.national_number_pattern)
        _plain(self.leading or "")
        self._by_length: dict[int, _Length] = {}

    def type_of(self, national: str) -> NumberType:
        """The type of a national number; UNKNOWN when it is not valid here."""
        length = self._by_length.get(len(national))
        if length is None:
            length = self._by_length[len(national)] = self._compiled(len(national))
        types, fullmatch, mobile = length
        if fullmatch is None or (found := fullmatch(national)) is None:
            return NumberType.UNKNOWN
        number_type = types[found.lastindex or 0]
        if mobile and number_type is NumberType.FIXED_LINE and mobile(national):
            return NumberType.FIXED_LINE_OR_MOBILE
        return number_type

    def _compiled(self, length: int) -> "_Length":
        types, patterns, mobile = [NumberType.UNKNOWN], [], None
        for described, number_type in self._described:
            if described.possible_length and length not in described.possible_length:
                continue
            pattern = described.national_number_pattern or ""
            if number_type is NumberType.MOBILE:
                mobile = re.compile(pattern).fullmatch
            types.append(number_type)
            patterns.append(f"({pattern})")
        if not patterns or length not in self._general.possible_length:
            return tuple(types), None, None
        general = self._general.national_number_pattern
        whole = re.compile(rf"(?=(?:{general})\Z)(?:{'|'.join(patterns)})")
        return tuple(types), whole.fullmatch, mobile


def _described(metadata: Metadata) -> Iterable[tuple[Description, NumberType]]:
    """The sets of numbers a plan has, in order; one that cannot tell mobile from fixed has one
    set for both."""
    same = metadata.same_mobile_and_fixed_line_pattern
    for name, number_type in TYPES:
        described: Description | None = getattr(metadata, name)
        if described is None or not described.national_number_pattern:
            continue
        _plain(described.national_number_pattern)
        if not same:
            yield described, number_type
        elif number_type is NumberType.FIXED_LINE:
            yield described, NumberType.FIXED_LINE_OR_MOBILE
        elif number_type is not NumberType.MOBILE:
            yield described, number_type


_Match = Callable[[str], "re.Match[str] | None"]
_Length = tuple[tuple[NumberType, ...], _Match | None, _Match | None]
_Step = tuple[_Match | None, tuple[_Region, ...]]


def _plain(pattern: str) -> None:
    """Refuse a pattern that captures: captures are counted by the expressions built here."""
    if _CAPTURE.search(pattern):
        raise _Unusual(pattern)


class _Plan:
    """The plan of one calling code: its regions in the library's order of preference."""

    def __init__(self, code: str, regions: Sequence[_Region], main: Metadata) -> None:
        general = main.general_desc
        prefix = main.national_prefix_for_parsing
        self.skip = len(code) + 1
        self.prefix: _Match | None = re.compile(prefix).match if prefix else None
        self.lengths = frozenset(general.possible_length if general else ())
        self.single = regions[0] if len(regions) == 1 else None
        self.steps = tuple(self._steps(regions))

    @staticmethod
    def _steps(regions: Sequence[_Region]) -> Iterable[_Step]:
        """Neighbours that are told apart by leading digits share one expression."""
        for by_digits, run in groupby(regions, key=lambda region: region.leading is not None):
            if by_digits:
                together = tuple(run)
                leading = "|".join(f"({region.leading})" for region in together)
                yield re.compile(leading).match, together
            else:
                yield from ((None, (region,)) for region in run)

    def region_and_type(self, national: str) -> tuple[str, NumberType]:
        """The region a national number belongs to, and its type there."""
        if self.single is not None:
            return self.single.region, self.single.type_of(national)
        for match, regions in self.steps:
            if match is None:
                number_type = regions[0].type_of(national)
                if number_type is not NumberType.UNKNOWN:
                    return regions[0].region, number_type
            elif found := match(national):
                region = regions[(found.lastindex or 1) - 1]
                return region.region, region.type_of(national)
        return "", NumberType.UNKNOWN

    def compile(self) -> None:
        """Compile every expression of the plan."""
        for _, regions in self.steps:
            for region in regions:
                for length in self.lengths:
                    region.type_of("0" * length)


class Numbering:
    """The world's numbering plans, each compiled when it is first asked for.

    `regions_for_code` maps a calling code to its regions, main region first (`001` where there is
    no country); `region_metadata` and `nongeo_metadata` load a plan; `library` answers what is
    unusual. Safe to share between threads: building a plan twice gives the same plan.
    """

    def __init__(
        self,
        regions_for_code: Mapping[int, Sequence[str]],
        region_metadata: Callable[[str], Metadata | None],
        nongeo_metadata: Callable[[int], Metadata | None],
        library: Callable[[str], Answer | Refusal],
    ) -> None:
        self._regions_for_code = regions_for_code
        self._region_metadata = region_metadata
        self._nongeo_metadata = nongeo_metadata
        self._library = library
        self._plans: dict[str, _Plan] = {}
        self._unusual: set[str] = set()

    def look_up(self, number: str) -> Answer | Refusal:
        """What is known about a number written as `+` and digits 0-9.

        Never raises for such a number, however short or long.
        """
        plans = self._plans
        # No calling code begins another, so the order of trying is free; two digits are commonest.
        plan = plans.get(number[1:3]) or plans.get(number[1:4]) or plans.get(number[1:2])
        if plan is None:
            made = self._made(number)
            if not isinstance(made, _Plan):
                return made
            plan = made
        national = number[plan.skip :]
        if plan.prefix is not None:
            found = plan.prefix(national)
            if found and (found.end() or found.lastindex):
                return self._library(number)
        region, number_type = plan.region_and_type(national)
        if number_type is not NumberType.UNKNOWN:
            return Answer(number, region, number_type)
        return Refusal.PLAN if len(national) in plan.lengths else Refusal.LENGTH

    def prepare(self, codes: Iterable[int]) -> None:
        """Compile the plans of some calling codes now, so that no caller waits for it: the first
        number of a country costs 1 to 20 ms otherwise, the whole world 0.8 s."""
        for code in codes:
            if isinstance(plan := self._made(f"+{code}"), _Plan):
                plan.compile()

    def _made(self, number: str) -> "_Plan | Answer | Refusal":
        code = next((c for n in (2, 3, 4) if (c := number[1:n]) and self._known(c)), None)
        if code is None:
            return Refusal.CALLING_CODE
        if code not in self._unusual:
            try:
                self._plans[code] = self._built(code)
                return self._plans[code]
            except (_Unusual, re.error):
                self._unusual.add(code)
        return self._library(number)

    def _known(self, code: str) -> bool:
        return code[0] != "0" and int(code) in self._regions_for_code

    def _built(self, code: str) -> _Plan:
        loaded = [
            (
                region,
                self._nongeo_metadata(int(code))
                if region == NO_COUNTRY
                else self._region_metadata(region),
            )
            for region in self._regions_for_code[int(code)]
        ]
        main = loaded[0][1]
        if main is None:
            raise _Unusual(code)
        return _Plan(code, [_Region(region, metadata) for region, metadata in loaded], main)


class MetadataSource(Protocol):
    """What loads plans: the class phonenumbers.PhoneMetadata."""

    def metadata_for_region(self, region_code: str, /) -> Metadata | None:
        """A region's plan."""

    def metadata_for_nongeo_region(self, country_code: int, /) -> Metadata | None:
        """The plan of a calling code without a country."""


class Library(Protocol):
    """The functions of the module phonenumbers.phonenumberutil that are used here."""

    @property
    def COUNTRY_CODE_TO_REGION_CODE(self) -> Mapping[int, Sequence[str]]:
        """Regions of each calling code, main region first."""

    @property
    def NumberParseException(self) -> type[Exception]:
        """Raised by parse."""

    def parse(self, number: str, /) -> Any:
        """The library's number object."""

    def national_significant_number(self, numobj: Any, /) -> str:
        """Its national number, as digits."""

    def is_valid_number(self, numobj: Any, /) -> bool:
        """Whether it is in a range of its plan."""

    def region_code_for_number(self, numobj: Any, /) -> str | None:
        """Its region."""

    def number_type(self, numobj: Any, /) -> int:
        """Its type, a key of LIBRARY_TYPES."""


LIBRARY_TYPES: Mapping[int, NumberType] = {
    0: NumberType.FIXED_LINE,
    1: NumberType.MOBILE,
    2: NumberType.FIXED_LINE_OR_MOBILE,
    3: NumberType.TOLL_FREE,
    4: NumberType.PREMIUM_RATE,
    5: NumberType.SHARED_COST,
    6: NumberType.VOIP,
    7: NumberType.PERSONAL,
    8: NumberType.PAGER,
    9: NumberType.UAN,
    10: NumberType.VOICEMAIL,
    99: NumberType.UNKNOWN,
}
"""phonenumbers.PhoneNumberType in our words."""


def numbering_from(library: Library, metadata: MetadataSource) -> Numbering:
    """The numbering of an installed library: `numbering_from(phonenumberutil, PhoneMetadata)`."""

    def answer(number: str) -> Answer | Refusal:
        try:
            parsed = library.parse(number)
        except library.NumberParseException:
            return Refusal.LENGTH
        if not library.is_valid_number(parsed):
            return Refusal.PLAN
        return Answer(
            f"+{parsed.country_code}{library.national_significant_number(parsed)}",
            library.region_code_for_number(parsed) or NO_COUNTRY,
            LIBRARY_TYPES.get(library.number_type(parsed), NumberType.UNKNOWN),
        )

    return Numbering(
        library.COUNTRY_CODE_TO_REGION_CODE,
        metadata.metadata_for_region,
        metadata.metadata_for_nongeo_region,
        answer,
    )
