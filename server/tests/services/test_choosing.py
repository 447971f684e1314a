"""Which account carries the next message, and how each is doing."""

from collections import Counter

import msgspec
import pytest

from watchword_server.domain.breaker import POLICY, Breaker, Health, State
from watchword_server.domain.routing import Outcome
from watchword_server.services.accounts import Candidate, Choosing
from watchword_server.testing import ManualClock, SeededEntropy

A, B, C = (Candidate(name.encode(), name, 1) for name in "abc")


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def choosing(clock):
    return Choosing(clock, SeededEntropy())


def fails(choosing, one, times=3):
    for _ in range(times):
        choosing.told(one.key, Outcome.UNAVAILABLE)


def test_nothing_is_picked_of_nothing(choosing):
    assert choosing.pick([]) is None
    assert choosing.pick([A, B], {"a", "b"}) is None


def test_what_was_tried_is_not_picked_again(choosing):
    assert {choosing.pick([A, B, C], {"a", "c"}) for _ in range(20)} == {"b"}


def test_healthy_ones_are_picked_by_weight(choosing):
    heavy = msgspec.structs.replace(A, weight=9)
    picked = Counter(choosing.pick([heavy, B]) for _ in range(2_000))
    assert 1_700 < picked["a"] < 1_900


@pytest.mark.parametrize("outcome", [Outcome.UNAVAILABLE, Outcome.UNCERTAIN])
def test_one_that_fails_is_left(choosing, outcome):
    for _ in range(3):
        choosing.told(A.key, outcome)
    assert {choosing.pick([A, B]) for _ in range(50)} == {"b"}
    assert choosing.health(A.key).state is State.OPEN
    assert choosing.health(B.key) == Health()


@pytest.mark.parametrize("outcome", [Outcome.SENT, Outcome.DELIVERED, Outcome.REJECTED])
def test_a_refusal_says_nothing_against_an_account(choosing, outcome):
    for _ in range(50):
        choosing.told(A.key, outcome)
    assert choosing.health(A.key) == Health(errors=0, total=20)


def test_one_that_is_due_for_a_probe_gets_the_next_message_and_no_more(choosing, clock):
    fails(choosing, A)
    clock.advance(POLICY.probe_ms)
    assert [choosing.pick([B, A]) for _ in range(3)] == ["a", "b", "b"]
    assert choosing.health(A.key).state is State.HALF_OPEN


def test_where_all_are_open_the_one_that_failed_longest_ago_is_tried(choosing, clock):
    for one in (B, A, C):
        fails(choosing, one)
        clock.advance(1)
    assert choosing.pick([A, B, C]) == "b"
    assert choosing.pick([A, B, C], {"b"}) == "a"


def test_one_that_was_forgotten_begins_anew(choosing):
    fails(choosing, A)
    choosing.forget(A.key)
    assert choosing.health(A.key) == Health()


def served(choosing, clock, fate, sends):
    """Who got each of so many messages, one a second, where `fate(name, n)` says what it did."""
    picked = []
    for _ in range(sends):
        name = choosing.pick([A, B])
        picked.append(name)
        good = fate(name, picked.count(name))
        choosing.told(name.encode(), Outcome.SENT if good else Outcome.UNAVAILABLE)
        clock.advance(1_000)
    return picked


def half(name, n):
    """`a` fails every second time."""
    return name != "a" or n % 2 == 0


def is_left_and_returns(make):
    clock = ManualClock()
    choosing = make(clock)
    early = served(choosing, clock, half, 60)
    first_20 = [index for index, name in enumerate(early) if name == "a"][:20]
    assert early.count("a") <= 20, "it is not left within 20 sends"
    assert first_20, "it was never used"
    served(choosing, clock, lambda name, _: name != "a", 300)  # it is down for minutes
    interval_s = POLICY.probe_most_ms // 1_000
    after = served(choosing, clock, lambda *_: True, interval_s + 60)
    assert "a" in after[: interval_s + 1], "it is not tried within one interval"
    back = after.index("a")
    assert after[back + 10 :].count("a") > 15, "it does not come back"


def test_an_account_is_left_within_20_sends_and_returns_within_a_probe_interval():
    is_left_and_returns(lambda clock: Choosing(clock, SeededEntropy()))


class NeverOpens(Breaker):
    def _opens(self, now):
        return False


class NeverReturns(Breaker):
    def wants_probe(self, now):
        return False


class NeverCloses(Breaker):
    def told(self, good, now):
        return False if good else super().told(good, now)


class Forgiving(Breaker):
    def _count(self, good, now):
        super()._count(good, now)
        if good:
            self._outcomes.clear()
            self._errors = 0


@pytest.mark.parametrize("broken", [NeverOpens, NeverReturns, NeverCloses, Forgiving])
def test_an_account_is_left_and_returns_mutant_is_caught(broken):
    class Mutant(Choosing):
        def told(self, key, outcome):
            self._breakers.setdefault(key, broken())
            return super().told(key, outcome)

    with pytest.raises(AssertionError):
        is_left_and_returns(lambda clock: Mutant(clock, SeededEntropy()))
