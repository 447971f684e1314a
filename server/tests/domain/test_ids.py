"""Ids: 128 bits, ordered by time, written behind a prefix."""

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from watchword_server.domain import ids
from watchword_server.domain.errors import UNKNOWN_ID, Problem
from watchword_server.domain.ids import Prefix, Sequence

QUICK = settings(
    max_examples=25, deadline=None, database=None, derandomize=True, phases=[Phase.generate]
)
NOW = 1_800_000_000_000
THREADS = 4
instants = st.integers(0, 2**48 - 1)
randoms = st.binary(min_size=10, max_size=10)


@QUICK
@given(instants, randoms)
def test_an_id_is_a_uuid_of_version_7_that_tells_its_time(now, random):
    raw = ids.make(now, random)
    read = uuid.UUID(bytes=raw)
    assert (len(raw), read.version, read.variant) == (16, 7, uuid.RFC_4122)
    assert ids.made_at(raw) == now


@QUICK
@given(instants, instants, randoms, randoms)
def test_ids_sort_by_the_time_they_were_made(one, other, random, another):
    first, second = ids.make(one, random), ids.make(other, another)
    if one != other:
        assert (first < second) is (one < other)


def keeps_the_random_bits(make):
    """At least 74 of an id's bits are chance: flipping any of the bytes given changes it."""
    plain = make(NOW, bytes(10))
    seen = {make(NOW, bytes(at) + b"\x0f" + bytes(9 - at)) for at in range(10)}
    assert len(seen | {plain}) == 11


def test_every_random_byte_counts():
    keeps_the_random_bits(ids.make)


def test_every_random_byte_counts_mutant_is_caught():
    with pytest.raises(AssertionError):
        keeps_the_random_bits(lambda now, random: ids.make(now, random[:9] + b"\x00"))


@pytest.mark.parametrize("size", [0, 9, 11])
def test_an_id_takes_ten_random_bytes(size):
    with pytest.raises(ValueError, match="10 random bytes"):
        ids.make(NOW, bytes(size))


@QUICK
@given(st.sampled_from(Prefix), instants, randoms)
def test_an_id_is_read_back_from_the_wire(prefix, now, random):
    raw = ids.make(now, random)
    wire = ids.text(prefix, raw)
    assert wire == f"{prefix}_{raw.hex()}"
    assert ids.parse(prefix, wire) == raw


GOOD = ids.text(Prefix.VERIFICATION, ids.make(NOW, bytes(10)))


def refused(wire):
    with pytest.raises(Problem) as caught:
        ids.parse(Prefix.VERIFICATION, wire)
    assert caught.value.kind is UNKNOWN_ID
    assert wire == "" or wire not in caught.value.detail
    assert caught.value.detail == ids.unknown(Prefix.VERIFICATION).detail


@pytest.mark.parametrize(
    "wire",
    [
        "", "_", "ver", "ver_", GOOD[:-1], GOOD + "0", GOOD[4:], "VER" + GOOD[3:],
        "key" + GOOD[3:], GOOD[:-1] + "g", GOOD[:-1] + "\u0661", GOOD[:4] + "_" + GOOD[5:],
        GOOD.replace("_", "-"), GOOD + "\n", " " + GOOD, "ver__" + GOOD[4:-1],
    ],
)  # fmt: skip
def test_a_malformed_id_answers_as_one_that_does_not_exist(wire):
    refused(wire)


def test_white_space_in_an_id_is_not_skipped():
    refused("ver_" + "00 " * 10 + "00")


@pytest.mark.parametrize("prefix", Prefix)
def test_what_an_id_names_is_said_in_words(prefix):
    assert ids.NAMES[prefix] in ids.unknown(prefix).detail


def never_twice_over_threads(sequence, each):
    with ThreadPoolExecutor(THREADS) as pool:
        runs = [
            pool.submit(lambda: [sequence.make(NOW) for _ in range(each)]) for _ in range(THREADS)
        ]
    made = [raw for run in runs for raw in run.result()]
    assert len(set(made)) == THREADS * each


class ReadThenWrite(Sequence):
    """Counts in two steps: every thread reads before one writes."""

    def __init__(self, random):
        super().__init__(random)
        self._count = 0
        self._everybody = threading.Barrier(THREADS)
        self._next = self._number

    def _number(self):
        number = self._count + 1
        self._everybody.wait()
        self._count = number
        self._everybody.wait()
        return number


def test_threads_that_share_a_sequence_never_get_the_same_id():
    never_twice_over_threads(Sequence(b"\x01" * 6), each=2_000)


def test_threads_that_share_a_sequence_mutant_is_caught():
    with pytest.raises(AssertionError):
        never_twice_over_threads(ReadThenWrite(b"\x01" * 6), each=3)


def in_order(sequence, count):
    made = [sequence.make(NOW) for _ in range(count)]
    assert made == sorted(made)
    assert sequence.make(NOW + 1) > made[-1]
    assert all(uuid.UUID(bytes=raw).version == 7 for raw in made)
    assert all(uuid.UUID(bytes=raw).variant == uuid.RFC_4122 for raw in made)


def test_ids_of_one_instant_sort_in_the_order_they_were_made():
    in_order(Sequence(b"\x01" * 6), 4_000)


def test_ids_of_one_instant_sort_even_when_there_are_many():
    in_order(Sequence(b"\x01" * 6), 5_000)


class Backwards(Sequence):
    """Counts down."""

    def make(self, now):
        raw = super().make(now)
        return raw[:9] + bytes((raw[9] ^ 0xFF,)) + raw[10:]


def test_ids_of_one_instant_sort_mutant_is_caught():
    with pytest.raises(AssertionError):
        in_order(Backwards(b"\x01" * 6), 4_000)


def test_two_processes_never_make_the_same_id():
    one, other = Sequence(b"\x01" * 6), Sequence(b"\x02" * 6)
    assert not {one.make(NOW) for _ in range(100)} & {other.make(NOW) for _ in range(100)}
