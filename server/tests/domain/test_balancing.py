"""The choice by weight."""

from collections import Counter

import pytest

from watchword_server.domain.balancing import chosen


def evenly(n):
    """Chances that are spread evenly."""
    return [one.to_bytes(8) for one in range(n)]


def counts(weights, n=1_000):
    return Counter(chosen(weights, chance) for chance in evenly(n))


@pytest.mark.parametrize(
    ("weights", "shares"),
    [
        ([1], {0: 1_000}),
        ([1, 1], {0: 500, 1: 500}),
        ([7, 2, 1], {0: 700, 1: 200, 2: 100}),
        ([0, 5], {1: 1_000}),
        ([0, 0], {0: 500, 1: 500}),
    ],
)
def test_each_is_chosen_as_often_as_it_weighs(weights, shares):
    assert counts(weights) == shares
