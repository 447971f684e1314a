"""The circuit breaker of an account: when it opens, how it comes back."""

import random

import msgspec
import pytest

from watchword_server.domain.breaker import POLICY, Breaker, Health, State

NOW = 1_000_000


def told(breaker, *outcomes, now=NOW):
    """Tell it several outcomes of one instant, `.` good and `x` not."""
    for one in "".join(outcomes):
        breaker.told(one == ".", now)
    return breaker


def opened(**policy):
    return told(Breaker(msgspec.structs.replace(POLICY, **policy)), "xxx")


def test_it_is_closed_until_a_quarter_and_three_have_failed():
    assert told(Breaker(), ".xx").is_closed()
    assert told(Breaker(), "xx.......").is_closed()
    assert told(Breaker(), "xx.......x").is_closed() is False
    assert told(Breaker(), "xx........x").is_closed() is False
    assert told(Breaker(), "xx..........x").is_closed()


def test_only_the_last_twenty_count():
    breaker = told(Breaker(), "xx" + 20 * ".")
    assert breaker.health(NOW) == Health(errors=0, total=20)
    assert told(breaker, "xx").is_closed()


def test_what_is_older_than_the_window_does_not_count():
    breaker = told(Breaker(), "xx")
    assert breaker.health(NOW + POLICY.window_ms - 1) == Health(errors=2, total=2)
    assert breaker.health(NOW + POLICY.window_ms) == Health()
    assert told(breaker, "x", now=NOW + POLICY.window_ms).is_closed()


def missed(policy, runs=2_000):
    """How many accounts that fail every second time, by chance, are not left within 20 sends."""
    dice, count = random.Random(20_261_123), 0
    for _ in range(runs):
        breaker = Breaker(policy)
        for _ in range(20):
            breaker.told(dice.random() < 0.5, NOW)
        count += breaker.is_closed()
    return count


def is_left(policy):
    assert missed(policy) <= 2_000 * 0.006


def test_an_account_that_fails_every_second_time_is_left_within_twenty_sends():
    is_left(POLICY)


@pytest.mark.parametrize("change", [{"share": 0.5}, {"errors": 8}, {"samples": 3}], ids=str)
def test_an_account_that_fails_every_second_time_mutant_is_caught(change):
    with pytest.raises(AssertionError):
        is_left(msgspec.structs.replace(POLICY, **change))


def test_an_open_one_is_left_alone_until_its_probe_is_due():
    breaker = opened()
    health = breaker.health(NOW)
    assert (health.state, health.opened_at) == (State.OPEN, NOW)
    assert health.probe_at == NOW + POLICY.probe_ms
    assert not breaker.wants_probe(health.probe_at - 1)
    assert breaker.wants_probe(health.probe_at)


def one_probe_at_a_time(breaker):
    due = NOW + POLICY.probe_ms
    assert breaker.wants_probe(due)
    breaker.probe(due)
    assert breaker.health(due).state is State.HALF_OPEN
    assert not breaker.wants_probe(due + POLICY.probe_ms - 1)
    assert breaker.wants_probe(due + POLICY.probe_ms), "a probe that was lost shuts it for ever"


def test_one_message_at_a_time_tries_it():
    one_probe_at_a_time(opened())


@pytest.mark.parametrize("pause", [0, 10**9])
def test_one_message_at_a_time_mutant_is_caught(pause):
    class Mutant(Breaker):
        def probe(self, now):
            super().probe(now)
            self._probe_at = now + pause

    with pytest.raises(AssertionError):
        one_probe_at_a_time(told(Mutant(), "xxx"))


def test_two_good_probes_close_it_and_its_past_is_forgotten():
    breaker, due = opened(), NOW + POLICY.probe_ms
    breaker.probe(due)
    assert breaker.told(True, due + 10) is False
    assert breaker.wants_probe(due + 10)
    breaker.probe(due + 10)
    assert breaker.told(True, due + 20) is True
    assert breaker.is_closed()
    assert breaker.health(due + 20) == Health()
    assert told(breaker, "xx", now=due + 20).is_closed()


def test_a_failed_probe_doubles_the_pause_up_to_a_minute():
    breaker, now, pauses = opened(), NOW, []
    for _ in range(6):
        due = breaker.health(now).probe_at
        pauses.append(due - now)
        now = due
        breaker.probe(now)
        breaker.told(False, now)
    assert pauses == [5_000, 10_000, 20_000, 40_000, 60_000, 60_000]
    assert breaker.health(now).opened_at == NOW


def test_what_was_on_its_way_when_it_opened_changes_nothing():
    breaker = told(opened(), "..xx")
    assert breaker.health(NOW).state is State.OPEN
    assert breaker.health(NOW).probe_at == NOW + POLICY.probe_ms


def test_it_says_when_it_opens_and_when_it_closes():
    breaker = Breaker()
    assert [breaker.told(False, NOW) for _ in range(4)] == [False, False, True, False]
