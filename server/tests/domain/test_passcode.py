"""Codes: every one equally likely, and good only for what it was made for."""

import functools
import random
import string
from collections import Counter
from itertools import pairwise
from operator import add

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from watchword_server.domain import passcode
from watchword_server.domain.errors import BAD_FIELD, Problem
from watchword_server.domain.sealing import Keyring

QUICK = settings(
    max_examples=25, deadline=None, database=None, derandomize=True, phases=[Phase.generate]
)
P_999 = 3.0902
"""The normal deviate that is exceeded once in a thousand."""


def critical(freedom):
    """Chi-square at p = 0.001 (Wilson and Hilferty 1931)."""
    part = 2 / (9 * freedom)
    return freedom * (1 - part + P_999 * part**0.5) ** 3


def chi_square(counts, kinds):
    expected = sum(counts.values()) / kinds
    missing = kinds - len(counts)
    return sum((n - expected) ** 2 / expected for n in counts.values()) + missing * expected


def every_code_is_equally_likely(make, chars, codes):
    """All characters together, each place by itself, and each pair of neighbours."""
    draw = random.Random(3).randbytes
    joined = "".join(make(6, chars, draw) for _ in range(codes))
    size = len(chars)
    assert chi_square(Counter(joined), size) < critical(size - 1)
    for place in range(6):
        assert chi_square(Counter(joined[place::6]), size) < critical(size - 1)
    pairs = Counter(map(add, joined[::2], joined[1::2]))
    assert chi_square(pairs, size**2) < critical(size**2 - 1)
    assert set(joined) == set(chars)


def by_modulo(length, chars, draw):
    """Bytes by modulo: 250 to 255 favour the first six digits by 4 %."""
    return "".join(chars[byte % len(chars)] for byte in draw(length))


def by_product(length, chars, draw):
    """Bytes scaled down: some characters get one byte more than others."""
    return "".join(chars[byte * len(chars) >> 8] for byte in draw(length))


@pytest.mark.parametrize(
    ("chars", "codes"), [(passcode.DIGITS, 30_000), (passcode.alphabet(7), 10_000)]
)
def test_every_code_is_equally_likely(chars, codes):
    every_code_is_equally_likely(passcode.make, chars, codes)


@pytest.mark.long
def test_a_million_codes_are_equally_likely():
    every_code_is_equally_likely(passcode.make, passcode.DIGITS, 1_000_000)


@pytest.mark.parametrize("make", [by_modulo, by_product])
def test_every_code_is_equally_likely_mutant_is_caught(make):
    with pytest.raises(AssertionError):
        every_code_is_equally_likely(make, passcode.DIGITS, 30_000)


def test_the_critical_values_are_those_of_the_tables():
    assert critical(9) == pytest.approx(27.88, abs=0.2)
    assert critical(99) == pytest.approx(148.23, abs=0.2)


@pytest.mark.parametrize("length", range(passcode.MIN_LENGTH, passcode.MAX_LENGTH + 1))
@pytest.mark.parametrize("code_type", range(1, 8))
def test_a_code_has_its_length_and_its_characters(length, code_type):
    chars = passcode.alphabet(code_type)
    code = passcode.make(length, chars, random.Random(length).randbytes)
    assert len(code) == length
    assert set(code) <= set(chars)


def test_bytes_that_would_favour_some_characters_are_asked_for_again():
    replies = [b"\xff" * 12, b"\xfa\xfb\xfc\xfd\xfe\xff" * 2, bytes(range(12))]
    assert passcode.make(6, passcode.DIGITS, lambda n: replies.pop(0)) == "012345"
    assert not replies


def test_an_alphabet_adds_what_its_bits_say():
    assert passcode.alphabet(1) == "0123456789"
    assert set(passcode.alphabet(6)) <= set(string.ascii_letters)
    assert set(passcode.alphabet(7)) == set(
        passcode.alphabet(1) + passcode.alphabet(2) + passcode.alphabet(4)
    )
    assert not set(passcode.alphabet(6)) & set("loIO")


@pytest.mark.parametrize("code", ["1234", "A1b2C3d4e5", "000000"])
def test_a_callers_code_of_four_to_ten_letters_and_digits_is_taken(code):
    assert passcode.check_supplied(code) == code


@pytest.mark.parametrize(
    "code", ["", "123", "12345678901", "12 34", "12-34", "１２３４", "é123", "1234\n", "<b>1</b>"]
)
def test_any_other_code_is_refused_without_repeating_it(code):
    with pytest.raises(Problem) as caught:
        passcode.check_supplied(code)
    assert caught.value.kind is BAD_FIELD
    assert not code or code not in caught.value.detail


PROJECT = b"p" * 16
KEYRING = Keyring({1: b"\x01" * 32, 2: b"\x02" * 32}, 1, b"\x03" * 32)
WHAT_FOR = {
    "verification": b"v" * 16,
    "address": b"a" * 16,
    "purpose": "login",
    "binding": b"b" * 16,
    "code": "482913",
}
CHANGES = {
    "verification": b"w" * 16,
    "address": b"z" * 16,
    "purpose": "pay",
    "binding": b"",
    "code": "482914",
}


def digest(bound, project=PROJECT, pepper=1, **changes):
    return KEYRING.code_mac(project, pepper)(bound(**(WHAT_FOR | changes)))


def any_change_fails(bound):
    stored = digest(bound)
    assert passcode.matches(stored, digest(bound))
    for part, other in CHANGES.items():
        assert not passcode.matches(stored, digest(bound, **{part: other})), part
    assert not passcode.matches(stored, digest(bound, project=b"q" * 16))
    assert not passcode.matches(stored, digest(bound, pepper=2))


def without(part):
    """A binding that leaves one part out."""

    @functools.wraps(passcode.bound)
    def bound(**parts):
        return passcode.bound(**(parts | {part: type(parts[part])()}))

    return bound


def test_a_code_is_good_only_for_what_it_was_made_for():
    any_change_fails(passcode.bound)


@pytest.mark.parametrize("part", CHANGES)
def test_a_code_is_good_only_for_what_it_was_made_for_mutant_is_caught(part):
    with pytest.raises(AssertionError):
        any_change_fails(without(part))


def no_part_shifts_into_another(bound):
    """Moving the border between two neighbouring parts changes what a code is bound to."""

    @QUICK
    @given(st.text("ab\x01\x02", min_size=12, max_size=12), st.integers(0, 3), st.booleans())
    def holds(text, border, right):
        cuts = [2, 4, 6, 8]
        moved = list(cuts)
        moved[border] += 1 if right else -1
        assert bound(*cut(text, cuts)) != bound(*cut(text, moved))

    holds()


def cut(text, cuts):
    one, two, three, four, five = (
        text[at:to] for at, to in pairwise([0, *cuts, len(text)])
    )  # fmt: skip
    return one.encode(), two.encode(), three, four.encode(), five


def run_together(verification, address, purpose, binding, code):
    return verification + address + purpose.encode() + binding + code.encode()


def test_no_part_of_what_a_code_is_for_shifts_into_another():
    no_part_shifts_into_another(passcode.bound)


def test_no_part_shifts_into_another_mutant_is_caught():
    with pytest.raises(AssertionError):
        no_part_shifts_into_another(run_together)


def test_amount_and_payee_are_joined_without_doubt():
    assert passcode.joined(("1", "00 EUR")) != passcode.joined(("100", " EUR"))
    assert passcode.joined(("", "")) != b""


@pytest.mark.parametrize("purpose", ["", "x" * 40])
def test_every_purpose_the_api_takes_can_be_bound(purpose):
    assert digest(passcode.bound, purpose=purpose)
