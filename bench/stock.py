"""The addresses of the load: distinct valid mobile numbers over the ranges of the whole world."""

import random
from collections.abc import Iterator
from pathlib import Path

import phonenumbers
from phonenumbers import phonenumberutil

from bench.processes import ROOT, Failed
from watchword_server.domain.numbering import Answer, numbering_from

CACHE = ROOT / "bench/.cache"
RANGES = 125_000
LEAST_RANGES, LEAST_COUNTRIES = 100_000, 50
LAST_DIGITS = 4
_KEPT_DIGITS = 2
_SAMPLE = 2_000
_MISSES = 200


def numbers(count: int) -> Path:
    """A file with at least `count` numbers in random order, one per line; made once."""
    per_range = -(-count // RANGES)
    path = CACHE / f"numbers-{phonenumbers.__version__}-{per_range}.txt"
    if not path.exists():
        made = _made(per_range)
        _prove(made)
        CACHE.mkdir(exist_ok=True)
        part = path.with_suffix(".part")
        part.write_text("\n".join(made) + "\n")
        part.replace(path)
    return path


def _made(per_range: int) -> list[str]:
    """Numbers spread evenly over the regions, as far as their plans have that many ranges.

    One of each range comes first, in random order, then a second of each, and so on: a run meets
    as many ranges as it can.
    """
    dice = random.Random(1)
    valid = numbering_from(phonenumberutil, phonenumbers.PhoneMetadata).look_up
    ranges: dict[str, list[str]] = {}
    misses = dict.fromkeys(_patterns(), 0)
    while len(ranges) < RANGES:
        for pattern in [one for one, missed in misses.items() if missed < _MISSES]:
            country, national = pattern
            free = len(national) - _KEPT_DIGITS - LAST_DIGITS
            block = f"+{country}{national[:_KEPT_DIGITS]}{_digits(dice, free)}"
            tails = dice.sample(range(10**LAST_DIGITS), per_range)
            answers = [valid(f"{block}{tail:0{LAST_DIGITS}}") for tail in tails]
            found = [one.value for one in answers if isinstance(one, Answer)]
            if block in ranges or len(found) < per_range:
                misses[pattern] += 1
            else:
                misses[pattern] = 0
                ranges[block] = found
    layers = [list(layer) for layer in zip(*ranges.values(), strict=True)]
    for layer in layers:
        dice.shuffle(layer)
    return list(dict.fromkeys(number for layer in layers for number in layer))


def _patterns() -> Iterator[tuple[str, str]]:
    """(calling code, example mobile number without it) of every region."""
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        example = phonenumbers.example_number_for_type(region, phonenumbers.PhoneNumberType.MOBILE)
        if example is not None:
            national = phonenumbers.national_significant_number(example)
            if len(national) > _KEPT_DIGITS + LAST_DIGITS:
                yield str(example.country_code), national


def _digits(dice: random.Random, count: int) -> str:
    return f"{dice.randrange(10**count):0{count}}"


def _prove(made: list[str]) -> None:
    """The spread is what the goal asks for, and the library itself agrees with a sample."""
    ranges = {number[:-LAST_DIGITS] for number in made}
    parsed = [phonenumbers.parse(number) for number in made[:_SAMPLE]]
    regions = {phonenumbers.region_code_for_number(number) for number in parsed}
    if not all(map(phonenumbers.is_valid_number, parsed)):
        raise Failed("the load has an invalid number")
    if len(ranges) < LEAST_RANGES or len(regions) < LEAST_COUNTRIES:
        raise Failed(f"the load has {len(ranges)} ranges in {len(regions)} countries: too few")


class Stock:
    """Deals the numbers out in their order, so that no address is sent to twice."""

    def __init__(self, count: int, place: Path) -> None:
        with numbers(count).open() as lines:
            self._numbers = lines.read().split()
        self._used = 0
        self._place = place

    def deal(self, count: int) -> Path:
        """A file with the next `count` numbers; `used` says how many of them were taken."""
        dealt = self._numbers[self._used : self._used + count]
        if len(dealt) < count:
            raise Failed("the numbers have run out: fewer rounds, or shorter ones")
        path = self._place / "numbers.txt"
        path.write_text("\n".join(dealt) + "\n")
        return path

    def used(self, count: int) -> None:
        """That many of the last deal were sent to."""
        self._used += count

    def spread(self) -> tuple[int, int]:
        """In how many countries and ranges the used numbers are."""
        used = self._numbers[: self._used]
        ranges = {number[:-LAST_DIGITS]: number for number in used}
        regions = {
            phonenumbers.region_code_for_number(phonenumbers.parse(number))
            for number in used[:_SAMPLE]
        }
        return len(regions), len(ranges)
