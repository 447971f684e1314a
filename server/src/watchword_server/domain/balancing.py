"""Which of several goes first: by weight, and by chance that is given."""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate

CHANCE_BYTES = 8
"""Enough that no sum of weights shows in the remainder."""


def chosen(weights: Sequence[int], chance: bytes) -> int:
    """The index of one of them, each as probable as its weight; all alike where none has any.

    Args:
        weights: none is negative.
        chance: `CHANCE_BYTES` random bytes.
    """
    ends = list(accumulate(weights))
    if ends[-1] == 0:
        return int.from_bytes(chance) % len(ends)
    return bisect_right(ends, int.from_bytes(chance) % ends[-1])
