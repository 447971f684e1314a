"""When an operator is told: rules on numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchword_server.domain import alerts
from watchword_server.domain.alerts import Tally, has_dropped

MINUTE = 60_000
NOW = 1_800_000_000_000
DAY = Tally(2_000, 1_700)


def tells_a_drop_from_chance(rule):
    for hour, day, dropped in (
        (Tally(200, 170), DAY, False),
        (Tally(200, 80), DAY, True),
        (Tally(200, 0), DAY, True),
        (Tally(200, 125), DAY, False),  # 62 %: below the usual, above 70 % of it
        (Tally(20, 11), DAY, True),
        (Tally(19, 0), DAY, False),  # too few to say
        (Tally(200, 0), Tally(99, 99), False),
        (Tally(200, 0), Tally(2_000, 0), False),  # nobody ever confirms here
        (Tally(20, 1), Tally(2_000, 300), False),  # 5 % of 15 %: chance explains it
        (Tally(400, 20), Tally(2_000, 300), True),
        (Tally(), Tally(), False),
    ):
        assert rule(hour, day) is dropped, (hour, day)


def test_a_drop_is_told_from_chance_and_from_few_numbers():
    tells_a_drop_from_chance(has_dropped)


@pytest.mark.parametrize(
    ("constant", "value"),
    [("SIGMAS", 0), ("DROP", 0.99), ("FEWEST_IN_HOUR", 1), ("FEWEST_IN_DAY", 1), ("DROP", 0.1)],
)
def test_a_rule_with_another_threshold_is_caught(constant, value, monkeypatch):
    monkeypatch.setattr(alerts, constant, value)
    with pytest.raises(AssertionError):
        tells_a_drop_from_chance(has_dropped)


def test_a_drop_stays_until_it_has_mended():
    for approved, stays in ((80, True), (130, True), (144, True), (146, False), (170, False)):
        assert has_dropped(Tally(200, approved), DAY, is_on=True) is stays, approved
    assert not has_dropped(Tally(), DAY, is_on=True)


@given(
    st.integers(0, 5_000), st.integers(0, 5_000), st.integers(0, 50_000), st.integers(0, 50_000),
    st.booleans(),
)  # fmt: skip
def test_an_hour_as_good_as_its_day_never_drops(started, good, all_day, approved, is_on):
    day = Tally(all_day, min(all_day, approved))
    hour = Tally(started, min(started, good))
    if has_dropped(hour, day, is_on=is_on):
        assert hour.share < day.share


def test_buckets_are_counted_once_everything_in_them_has_ended():
    length = alerts.BUCKET_S * 1000
    first = alerts.next_buckets(None, NOW)
    assert len(first) == 150
    last = first[-1]
    assert last % length == 0
    assert last + length + alerts.SETTLED_S * 1000 <= NOW < last + 2 * length + 660_000
    assert list(alerts.next_buckets(last, NOW)) == []
    assert list(alerts.next_buckets(last, NOW + length)) == [last + length]
    assert list(alerts.next_buckets(last - 2 * length, NOW)) == [last - length, last]
    assert len(alerts.next_buckets(0, NOW)) == 150


def test_the_hour_and_its_day_lie_side_by_side():
    (hour, end), (since, before) = alerts.windows(NOW)
    assert (end, before) == (NOW + 10 * MINUTE, hour)
    assert (end - hour, before - since) == (60 * MINUTE, 24 * 60 * MINUTE)


@pytest.mark.parametrize(
    ("spent", "budget", "told"),
    [(0, "50", False), (39_999_999, "50", False), (40_000_000, "50.00", True), (1, "", False),
     (80_000_000, "50", True), (0, "0", True), (1, "nonsense", False), (1, "NaN", False)],
)  # fmt: skip
def test_four_fifths_of_a_budget_are_told(spent, budget, told):
    assert alerts.is_spent(spent, budget) is told


@pytest.mark.parametrize(
    ("balance", "threshold", "low"),
    [("19.99", "20", True), ("20.00", "20", False), ("-3", "0", True), (None, "20", False),
     ("12,50", "20", False), ("Infinity", "20", False), ("5", "", False), ("0", "20", True)],
)  # fmt: skip
def test_a_balance_that_can_be_read_is_compared(balance, threshold, low):
    assert alerts.is_low(balance, threshold) is low


def test_amounts_are_exact():
    assert alerts.micros("0.04") == 40_000
    assert alerts.micros("0.0000001") == 1
    assert alerts.written(alerts.micros("0.1") * 3) == "0.30"
    assert alerts.written(40_020_000) == "40.02"
    assert alerts.written(1_234_567) == "1.234567"
    assert alerts.written(0) == "0.00"


def test_a_day_is_one_of_utc():
    assert alerts.day_of(1_772_366_400_000 - 1) != alerts.day_of(1_772_366_400_000 + 86_400_000)
    assert alerts.day_of(1_772_323_199_999) == "2026-02-28"
    assert alerts.day_of(1_772_323_200_000) == "2026-03-01"
