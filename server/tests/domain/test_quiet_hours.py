"""When a recipient may be disturbed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchword_server.domain.quiet_hours import DAY_MIN, Marketing, minutes, wait_min, written

DAYTIME = Marketing(enabled=True)
MINUTE = st.integers(0, DAY_MIN - 1)


@pytest.mark.parametrize(
    ("local", "wait"),
    [
        (["08:00"], 0), (["07:59"], 1), (["20:59"], 0), (["21:00"], 660), (["00:00"], 480),
        (["12:00", "20:59"], 0), (["12:00", "21:00"], 1_200), (["07:00", "10:00"], 60),
        (["00:00", "12:00"], 480), ([], None),
    ],
)  # fmt: skip
def test_the_wait_ends_when_it_is_day_in_every_zone(local, wait):
    assert wait_min(DAYTIME, [minutes(one) for one in local]) == wait


def test_zones_that_are_never_awake_together_have_no_hour():
    short = Marketing(enabled=True, start=minutes("09:00"), end=minutes("10:00"))
    assert wait_min(short, [0, 600]) is None


def nobody_is_woken(wait_min, start, end, local):
    """After the wait it is day everywhere, and before it there was a zone where it was not."""
    marketing = Marketing(enabled=True, start=min(start, end), end=max(start, end) + 1)
    wait = wait_min(marketing, local)
    if wait is None:
        return
    awake = [
        all(marketing.start <= (one + later) % DAY_MIN < marketing.end for one in local)
        for later in range(wait + 1)
    ]
    assert awake == [False] * wait + [True]


@given(MINUTE, MINUTE, st.lists(MINUTE, min_size=1, max_size=4))
def test_nobody_is_woken(start, end, local):
    nobody_is_woken(wait_min, start, end, local)


@pytest.mark.parametrize(
    "mutant",
    [
        lambda marketing, local: 0,
        lambda marketing, local: wait_min(marketing, local[:1]),
        lambda marketing, local: (wait_min(marketing, local) or 0) + 1,
    ],
    ids=["whenever", "one zone", "too late"],
)
def test_nobody_is_woken_mutant_is_caught(mutant):
    with pytest.raises(AssertionError):
        for local in ([0], [600, 0], [600, 700]):
            nobody_is_woken(mutant, 480, 1_259, local)


@pytest.mark.parametrize("bad", ["8:00", "24:01", "12:60", "noon", "", "12:00\n", "٠٨:٠٠"])
def test_a_time_of_the_day_is_written_in_one_way(bad):
    with pytest.raises(ValueError, match="HH:MM"):
        minutes(bad)


@given(MINUTE)
def test_a_time_is_read_as_it_is_written(minute):
    assert minutes(written(minute)) == minute


@pytest.mark.parametrize(("start", "end"), [(600, 600), (600, 500), (-1, 5), (5, DAY_MIN + 1)])
def test_hours_that_are_none_cannot_be_said(start, end):
    with pytest.raises(ValueError, match="before"):
        Marketing(start=start, end=end)
