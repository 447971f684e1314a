"""The route of a verification: which step is taken next, and when.

A route is an ordered tuple of steps.  `decide` is the whole rule: given the step that was taken
and what came of it, it says what happens next.  Failover hands the same step over by another
account, none of them twice; fallback takes the next step.  No step is taken twice, except that
the last one is sent once more when it may not have left.
"""

from enum import StrEnum

import msgspec

DEFAULT_WAIT_S = 60


class Until(StrEnum):
    """What a step must reach within its wait for the route to stay on it."""

    SENT = "sent"
    DELIVERED = "delivered"
    VERIFIED = "verified"


class Step(msgspec.Struct, frozen=True, omit_defaults=True):
    """One step: a channel, the provider accounts that may carry it, how long to wait (seconds),
    and for what.

    No account named means any of the project's that carries the channel.
    `until` None means `delivered` where the provider reports deliveries, else `sent`.
    """

    channel: str
    accounts: tuple[str, ...] = ()
    wait_s: int = DEFAULT_WAIT_S
    until: Until | None = None


Route = tuple[Step, ...]


class Outcome(StrEnum):
    """What came of a step so far."""

    SENT = "sent"
    DELIVERED = "delivered"
    REJECTED = "rejected"
    UNAVAILABLE = "unavailable"
    UNCERTAIN = "uncertain"
    UNDELIVERED = "undelivered"
    WAIT_PASSED = "wait_passed"


class Wait(msgspec.Struct, frozen=True):
    """Stay on the step for `seconds`; then the outcome is WAIT_PASSED."""

    seconds: int


class Take(msgspec.Struct, frozen=True):
    """Hand over step `index` now."""

    index: int
    maybe_duplicate: bool = False


class FailOver(msgspec.Struct, frozen=True):
    """Hand step `index` over now by another account of it."""

    index: int
    maybe_duplicate: bool = False


class Rest(msgspec.Struct, frozen=True):
    """Nothing more to send; the code stays good until it expires."""


class GiveUp(msgspec.Struct, frozen=True):
    """No step could be handed over at all: the verification has failed."""


Decision = Wait | Take | FailOver | Rest | GiveUp

_OVER = frozenset({Outcome.REJECTED, Outcome.UNAVAILABLE, Outcome.UNDELIVERED})
_REACHED: dict[Until, frozenset[Outcome]] = {
    Until.SENT: frozenset({Outcome.SENT, Outcome.DELIVERED}),
    Until.DELIVERED: frozenset({Outcome.DELIVERED}),
    Until.VERIFIED: frozenset(),
}


class Standing(msgspec.Struct, frozen=True):
    """Where a delivery stands on its verification's route when `decide` is asked.

    Attributes:
        index: its step.
        reports: whether its provider reports deliveries.
        may_have_left: whether any delivery so far was, or may have been, handed over.
        uncertain: whether this delivery itself may not have left.
        repeated: whether this delivery is already the repetition of an uncertain one.
        interrupted: whether it is uncertain because the server was stopped in the middle of it.
        others: whether another account can carry its step that was not tried for it.
        leads: whether the route goes on from it.  It does not where its step was sent again, or
            where a further step was taken: a caller may ask for an earlier one once more.
    """

    index: int
    reports: bool
    may_have_left: bool
    uncertain: bool = False
    repeated: bool = False
    interrupted: bool = False
    others: bool = False
    leads: bool = True


def decide(route: Route, standing: Standing, outcome: Outcome) -> Decision:
    """What happens after `outcome` of a delivery of the step at `standing.index`."""
    step = route[standing.index]
    following = standing.index + 1
    is_last = following == len(route)
    # A vendor's silence is repeated once; what a crash cut off was perhaps never sent at all.
    may_repeat = standing.interrupted or not standing.repeated
    if outcome is Outcome.UNAVAILABLE and standing.others:
        return FailOver(standing.index, maybe_duplicate=standing.repeated)
    if outcome in _OVER:
        if standing.leads and not is_last:
            return Take(following)
        return Rest() if standing.may_have_left else GiveUp()
    if not standing.leads:
        return Rest()
    if outcome is Outcome.WAIT_PASSED:
        if not is_last:
            return Take(following)
        if standing.uncertain and may_repeat:
            return Take(standing.index, maybe_duplicate=True)
        return Rest()
    if outcome is Outcome.UNCERTAIN:
        return Wait(step.wait_s) if may_repeat or not is_last else Rest()
    return Rest() if is_last or has_reached(step, standing.reports, outcome) else Wait(step.wait_s)


def has_reached(step: Step, reports: bool, outcome: Outcome) -> bool:
    """Whether a step whose outcome is this has reached what the route waits for."""
    until = step.until or (Until.DELIVERED if reports else Until.SENT)
    return outcome in _REACHED[until]
