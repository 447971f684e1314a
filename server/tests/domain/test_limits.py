"""Throughput limits: how many pass, who is told to wait and for how long."""

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from watchword_server.domain.limits import (
    DAY_S,
    DailyQuota,
    Rate,
    Refusal,
    Standing,
    Throughput,
    reset,
)

QUICK = settings(
    max_examples=40, deadline=None, database=None, derandomize=True, phases=[Phase.generate]
)
NOW = 1_800_000_000_000
FIVE = Rate("five", 5, 10)
"""Five at once, then one each two seconds."""


def admitted(throughput, rate, instants):
    """The instants at which a request passed."""
    passed = []
    for now in instants:
        if isinstance(throughput.admit(((rate, "k"),), now), Standing):
            passed.append(now)
    return passed


def from_gaps(gaps):
    now, instants = NOW, []
    for gap in gaps:
        now += gap
        instants.append(now)
    return instants


def never_more_than_burst_and_drip(kind):
    """In any window of w ms at most `count + w / interval` requests pass."""

    @QUICK
    @given(
        st.builds(Rate, st.just("r"), st.integers(1, 7), st.integers(1, 20)),
        st.lists(st.integers(0, 3_000), min_size=1, max_size=60),
    )
    def holds(rate, gaps):
        passed = admitted(kind(), rate, from_gaps(gaps))
        for first, start in enumerate(passed):
            for last in range(first, len(passed)):
                window = passed[last] - start
                allowed = rate.count + window / rate.interval_ms + 1e-6
                assert last - first + 1 <= allowed

    holds()


def test_no_window_lets_more_through_than_the_burst_and_the_drip():
    never_more_than_burst_and_drip(Throughput)


def test_a_period_lets_fewer_than_twice_the_limit_through():
    passed = admitted(Throughput(), FIVE, range(NOW, NOW + 10_000, 500))
    assert len(passed) < 2 * FIVE.count


class Forgetful(Throughput):
    """Sweeps keys that are not full again."""

    def admit(self, keys, now, cost=1):
        self._arrivals.clear()
        return super().admit(keys, now, cost)


class Generous(Throughput):
    """Counts a request for half its cost."""

    def admit(self, keys, now, cost=1):
        return super().admit(keys, now, cost / 2)


@pytest.mark.parametrize("broken", [Forgetful, Generous])
def test_no_window_lets_more_through_mutant_is_caught(broken):
    with pytest.raises(AssertionError):
        never_more_than_burst_and_drip(broken)


def test_the_whole_limit_passes_at_once_and_counts_down():
    throughput = Throughput()
    answers = [throughput.admit(((FIVE, "k"),), NOW) for _ in range(5)]
    assert [answer.remaining for answer in answers] == [4, 3, 2, 1, 0]
    assert [answer.reset_s for answer in answers] == [2, 4, 6, 8, 10]
    assert {(one.name, one.count, one.period_s) for one in answers} == {("five", 5, 10)}
    assert throughput.admit(((FIVE, "k"),), NOW) == Refusal("five", 2)


@QUICK
@given(st.lists(st.integers(0, 2_500), max_size=30))
def test_who_waits_as_long_as_told_passes(gaps):
    throughput = Throughput()
    instants = from_gaps([0, *gaps])
    admitted(throughput, FIVE, instants)
    now = instants[-1]
    answer = throughput.admit(((FIVE, "k"),), now)
    if isinstance(answer, Refusal):
        assert answer.retry_after_s >= 1
        later = throughput.admit(((FIVE, "k"),), now + answer.retry_after_s * 1000)
        assert isinstance(later, Standing)


def test_a_limit_that_was_left_alone_is_whole_again():
    throughput = Throughput()
    assert len(admitted(throughput, FIVE, [NOW] * 9)) == 5
    assert len(admitted(throughput, FIVE, [NOW + 10_000] * 9)) == 5


def test_a_request_may_cost_more_than_one():
    throughput = Throughput()
    assert throughput.admit(((FIVE, "k"),), NOW, 4).remaining == 1
    assert throughput.admit(((FIVE, "k"),), NOW, 2) == Refusal("five", 2)
    assert throughput.admit(((FIVE, "k"),), NOW, 1).remaining == 0


def test_time_that_runs_back_opens_nothing():
    throughput = Throughput()
    admitted(throughput, FIVE, [NOW] * 5)
    assert admitted(throughput, FIVE, [NOW - 60_000] * 5) == []


ONE = Rate("one", 1, 10)
TWO = Rate("two", 2, 60)


def counts_on_all_or_none(kind):
    throughput = kind()
    assert isinstance(throughput.admit(((ONE, "a"),), NOW), Standing)
    for _ in range(3):  # refused by `one`, so `five` and `two` must not hear of it
        refusal = throughput.admit(((FIVE, "p"), (ONE, "a"), (TWO, "p")), NOW)
        assert isinstance(refusal, Refusal) and refusal.name == "one"
    assert throughput.admit(((FIVE, "p"),), NOW).remaining == 4
    assert throughput.admit(((TWO, "p"),), NOW).remaining == 1


class Eager(Throughput):
    """Counts key by key as it goes."""

    def admit(self, keys, now, cost=1):
        answers = [super(Eager, self).admit((key,), now, cost) for key in keys]
        return next((one for one in answers if isinstance(one, Refusal)), answers[0])


def test_a_refused_request_is_counted_nowhere():
    counts_on_all_or_none(Throughput)


def test_a_refused_request_is_counted_nowhere_mutant_is_caught():
    with pytest.raises(AssertionError):
        counts_on_all_or_none(Eager)


def test_the_limit_that_must_wait_longest_is_named():
    throughput = Throughput()
    keys = ((ONE, "a"), (Rate("slow", 1, 3_600), "a"), (FIVE, "a"))
    throughput.admit(keys, NOW)
    assert throughput.admit(keys, NOW) == Refusal("slow", 3_600)


def test_the_tightest_limit_is_shown():
    throughput = Throughput()
    assert throughput.admit(((FIVE, "a"), (TWO, "a"), (Rate("x", 9, 1), "a")), NOW).name == "two"


def test_keys_and_names_do_not_share_a_count():
    throughput = Throughput()
    assert isinstance(throughput.admit(((ONE, "a"),), NOW), Standing)
    assert isinstance(throughput.admit(((ONE, "b"),), NOW), Standing)
    assert isinstance(throughput.admit(((ONE, b"a"),), NOW), Standing)
    assert isinstance(throughput.admit(((Rate("other", 1, 10), "a"),), NOW), Standing)


def sweeping_changes_nothing(kind):
    """Keys are forgotten only when that makes no difference."""
    throughput = kind()
    hour = Rate("hour", 1, 3_600)
    throughput.admit(((hour, "old"),), NOW)
    for number in range(500):
        throughput.admit(((ONE, str(number)),), NOW)
    assert len(throughput._arrivals) == 501
    throughput.admit(((ONE, "new"),), NOW + 61_000)
    assert len(throughput._arrivals) == 2
    assert isinstance(throughput.admit(((hour, "old"),), NOW + 61_000), Refusal)


class Ruthless(Throughput):
    """Sweeps everything."""

    def _sweep(self, now):
        self._swept_at = now
        self._arrivals = {("one", "new"): 0.0, ("x", "y"): 0.0}


def test_full_buckets_are_swept_and_others_kept():
    sweeping_changes_nothing(Throughput)


def test_full_buckets_are_swept_mutant_is_caught():
    with pytest.raises(AssertionError):
        sweeping_changes_nothing(Ruthless)


def all_or_none(admit_all):
    throughput = Throughput()
    one, other = ((FIVE, "a"),), ((FIVE, "b"),)
    assert admit_all(throughput, [one, other, one], NOW).remaining == 3
    assert isinstance(admit_all(throughput, [other, *[one] * 4], NOW), Refusal)
    assert left(throughput.admit(one, NOW)) == 2
    assert left(throughput.admit(other, NOW)) == 3


def left(answer):
    return answer.remaining if isinstance(answer, Standing) else None


def test_several_requests_are_counted_or_none_of_them():
    all_or_none(Throughput.admit_all)
    with pytest.raises(ValueError, match="nothing"):
        Throughput().admit_all([], NOW)


def test_several_requests_mutant_is_caught():
    with pytest.raises(AssertionError):
        all_or_none(lambda throughput, calls, now: [throughput.admit(k, now) for k in calls][-1])


DAILY = Rate("requests", 3, DAY_S)
MIDNIGHT = (NOW // (DAY_S * 1000) + 1) * DAY_S * 1000


def counts_by_the_day(kind):
    quota = kind()
    keys = ((DAILY, "k"),)
    assert [quota.admit(keys, NOW).remaining for _ in range(3)] == [2, 1, 0]
    assert quota.admit(keys, NOW, 0).remaining == 0
    for now in (NOW, MIDNIGHT - 1):
        refused = quota.admit(keys, now)
        assert quota.admit_one(DAILY, "k", now) == refused
        assert refused == Refusal("requests", -(-(MIDNIGHT - now) // 1000), MIDNIGHT)
    assert quota.admit(((DAILY, "other"),), NOW).remaining == 2
    full = quota.admit(keys, MIDNIGHT)
    assert (full.remaining, full.reset_s) == (2, DAY_S)


def test_a_daily_quota_is_exact_and_full_again_at_midnight():
    counts_by_the_day(DailyQuota)


class Dripping(DailyQuota):
    """Lets one more through now and then, as other limits do."""

    def admit(self, keys, now, cost=1):
        return Throughput.admit(self, keys, now, cost)


def test_a_daily_quota_mutant_is_caught():
    with pytest.raises(AssertionError):
        counts_by_the_day(Dripping)


def test_a_daily_quota_takes_a_cost_whole_or_not_at_all():
    quota = DailyQuota()
    assert isinstance(quota.admit(((DAILY, "k"),), NOW, 4), Refusal)
    assert quota.admit(((DAILY, "k"),), NOW, 3).remaining == 0


def test_other_limits_of_a_quota_are_as_ever():
    quota = DailyQuota()
    assert admitted(quota, FIVE, [NOW] * 9) == [NOW] * 5
    both = ((DAILY, "k"), (FIVE, "x"))
    assert isinstance(quota.admit(both, NOW), Standing)


def test_a_refusal_says_when_it_resets_where_that_is_known():
    assert reset(Refusal("requests", 1, 1_800_057_600_000)) == {"resets_at": "2027-01-16T00:00:00Z"}
    assert reset(Refusal("key", 1)) == {}


def test_a_daily_quota_counts_on_every_key_or_on_none():
    quota, wide = DailyQuota(), Rate(DAILY.name, 4, DAILY.period_s)
    for key in ("a", "b"):
        quota.admit(((DAILY, key), (wide, "both")), NOW, 2)
    assert isinstance(quota.admit(((DAILY, "a"), (wide, "both")), NOW), Refusal)
    assert quota.admit(((DAILY, "a"),), NOW).remaining == 0


def keeps_what_is_spent(quota):
    """A table that strangers fill forgets them, and not whose quota is spent."""
    for _ in range(3):
        quota.admit(((DAILY, "spent"),), NOW)
    for number in range(500):
        quota.admit(((DAILY, f"stranger {number}"),), NOW)
        assert len(quota._counts) <= 100
    assert isinstance(quota.admit(((DAILY, "spent"),), NOW), Refusal)


def test_a_daily_quota_is_bounded_and_keeps_what_is_spent():
    keeps_what_is_spent(DailyQuota(most=100))


class Forgetful(DailyQuota):
    """Begins anew when it is full."""

    def _forget_the_least(self):
        self._counts = {}


@pytest.mark.parametrize("mutant", [Forgetful(most=100), DailyQuota(most=1_000)])
def test_a_daily_quota_is_bounded_mutant_is_caught(mutant):
    with pytest.raises(AssertionError):
        keeps_what_is_spent(mutant)
