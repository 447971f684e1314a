"""Which countries have numbers, and of which types: what conditions of routes are held against."""

from collections.abc import Callable
from typing import NamedTuple

from watchword_server.domain.numbering import (
    NO_COUNTRY,
    TYPES,
    Library,
    Metadata,
    MetadataSource,
    NumberType,
)

EVERY_TYPE = frozenset(NumberType) - {NumberType.UNKNOWN}
"""What a valid number can be."""

_FIXED_OR_MOBILE = frozenset({NumberType.FIXED_LINE, NumberType.MOBILE})


class Numbers(NamedTuple):
    """What is known about the world's numbers.

    Attributes:
        regions: ISO 3166-1 alpha-2 of the countries with a plan, and `001`.
        types_in: the types a number of a region can have.
    """

    regions: frozenset[str]
    types_in: Callable[[str], frozenset[NumberType]]


def numbers_from(library: Library, metadata: MetadataSource) -> Numbers:
    """The same of an installed library: `numbers_from(phonenumberutil, PhoneMetadata)`.

    A country's plan is read from the library's files when it is first asked for.
    """
    codes = library.COUNTRY_CODE_TO_REGION_CODE

    def types_in(region: str) -> frozenset[NumberType]:
        plan = None if region == NO_COUNTRY else metadata.metadata_for_region(region)
        return EVERY_TYPE if plan is None else _types(plan)

    return Numbers(frozenset(region for each in codes.values() for region in each), types_in)


def _types(plan: Metadata) -> frozenset[NumberType]:
    described = ((getattr(plan, name), number_type) for name, number_type in TYPES)
    found = {
        number_type for each, number_type in described if each and each.national_number_pattern
    }
    if plan.same_mobile_and_fixed_line_pattern:
        return frozenset(found - _FIXED_OR_MOBILE | {NumberType.FIXED_LINE_OR_MOBILE})
    if found >= _FIXED_OR_MOBILE:
        found.add(NumberType.FIXED_LINE_OR_MOBILE)
    return frozenset(found)
