"""Falling back: what is sent next, and that a route comes to an end."""

import functools
import itertools

import msgspec
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from watchword_server.domain import routing
from watchword_server.domain.routing import (
    FailOver,
    GiveUp,
    Outcome,
    Rest,
    Standing,
    Step,
    Take,
    Until,
    Wait,
    decide,
)

QUICK = settings(
    max_examples=250, deadline=None, database=None, derandomize=True, phases=[Phase.generate]
)
O = Outcome  # noqa: E741 - as short as the table below
HAND_OVERS = (O.SENT, O.DELIVERED, O.REJECTED, O.UNAVAILABLE, O.UNCERTAIN, O.UNCERTAIN)
LATER = {
    O.SENT: (O.DELIVERED, O.UNDELIVERED, O.WAIT_PASSED),
    O.UNCERTAIN: (O.DELIVERED, O.UNDELIVERED, O.WAIT_PASSED),
    O.DELIVERED: (O.WAIT_PASSED,),
}
"""What may still come of a step that is being waited for."""
LEFT = {O.SENT, O.DELIVERED, O.UNCERTAIN, O.UNDELIVERED}
MOST_DECISIONS = 80
MOST_OTHERS = 3
"""Further accounts that may carry a step."""

steps = st.builds(
    Step, st.just("sms"), st.just(("acme",)), st.integers(0, 90), st.sampled_from([None, *Until])
)
routes = st.lists(steps, min_size=1, max_size=4).map(tuple)
fates = st.binary(min_size=16, max_size=16).map(itertools.cycle)
"""What chance decides: one byte for each thing that happens."""


def walk(decide, route, fate):
    """Take the route as the worker does; what was taken, and how it ended."""
    taken, may_have_left = [Take(0)], False
    others = [next(fate) % (MOST_OTHERS + 1) for _ in route]
    for _ in range(MOST_DECISIONS):
        last = taken[-1]
        outcome = first = HAND_OVERS[next(fate) % 6]
        reports = next(fate) % 2 == 0
        while True:
            may_have_left |= outcome in LEFT
            standing = Standing(
                last.index, reports, may_have_left, first is O.UNCERTAIN, last.maybe_duplicate,
                others=outcome is O.UNAVAILABLE and others[last.index] > 0,
            )  # fmt: skip
            decision = decide(route, standing, outcome)
            if not isinstance(decision, Wait):
                break
            assert outcome in LATER, "waits for what is over"
            outcome = LATER[outcome][next(fate) % len(LATER[outcome])]
        if isinstance(decision, FailOver):
            assert outcome is O.UNAVAILABLE, "leaves an account that took the message, or refused"
            assert others[last.index] > 0, "tries an account twice"
            others[last.index] -= 1
        elif outcome is O.UNAVAILABLE:
            assert not others[last.index], "leaves a step whose accounts were not all tried"
        if isinstance(decision, Take | FailOver):
            taken.append(decision)
        else:
            return taken, decision, may_have_left
    raise AssertionError("the route never ends")


def any_walk_ends_and_goes_forward(decide):
    @QUICK
    @given(routes, fates)
    def holds(route, fate):
        decided, end, may_have_left = walk(decide, route, fate)
        indices = [one.index for one in decided]
        assert indices == sorted(indices), "moves backwards"
        marks = [one.maybe_duplicate for one in decided]
        assert marks == sorted(marks), "forgets that it may be a duplicate"
        taken = [one for one in decided if isinstance(one, Take)]
        first_times = [one.index for one in taken if not one.maybe_duplicate]
        assert first_times == list(range(len(first_times))), "repeats or skips a step"
        repeats = [one.index for one in taken if one.maybe_duplicate]
        assert repeats in ([], [len(route) - 1]), "repeats more than the last step once"
        assert isinstance(end, GiveUp | Rest)
        assert not (isinstance(end, GiveUp) and may_have_left), "gives up what may have left"
        assert isinstance(end, GiveUp) or may_have_left, "rests on nothing"

    holds()


def repeats_for_ever(route, standing, outcome):
    return decide(route, msgspec.structs.replace(standing, repeated=False), outcome)


def repeats_without_a_mark(route, standing, outcome):
    decision = decide(route, standing, outcome)
    return Take(decision.index) if isinstance(decision, Take) else decision


def starts_over(route, standing, outcome):
    decision = decide(route, standing, outcome)
    return Take(0) if isinstance(decision, Take) and decision.index == 2 else decision


def repeats_any_step(route, standing, outcome):
    if outcome is O.UNCERTAIN and not standing.repeated:
        return Take(standing.index, maybe_duplicate=True)
    return decide(route, standing, outcome)


def gives_up_too_early(route, standing, outcome):
    decision = decide(route, standing, outcome)
    return GiveUp() if isinstance(decision, Rest) and outcome is O.UNDELIVERED else decision


def never_gives_up(route, standing, outcome):
    decision = decide(route, standing, outcome)
    return Rest() if isinstance(decision, GiveUp) else decision


def waits_for_the_dead(route, standing, outcome):
    return Wait(5) if outcome is O.REJECTED else decide(route, standing, outcome)


def never_fails_over(route, standing, outcome):
    return decide(route, msgspec.structs.replace(standing, others=False), outcome)


def fails_over_for_ever(route, standing, outcome):
    return decide(route, msgspec.structs.replace(standing, others=True), outcome)


def fails_over_what_was_refused(route, standing, outcome):
    if outcome is O.REJECTED and not standing.repeated:
        return FailOver(standing.index)
    return decide(route, standing, outcome)


def forgets_the_mark(route, standing, outcome):
    decision = decide(route, standing, outcome)
    return FailOver(decision.index) if isinstance(decision, FailOver) else decision


MUTANTS = (
    never_fails_over, fails_over_for_ever, fails_over_what_was_refused, forgets_the_mark,
    repeats_for_ever, repeats_without_a_mark, starts_over, repeats_any_step, gives_up_too_early,
    never_gives_up, waits_for_the_dead,
)  # fmt: skip


def test_any_walk_of_any_route_ends_and_goes_forward():
    any_walk_ends_and_goes_forward(decide)


@pytest.mark.parametrize("mutant", MUTANTS)
def test_any_walk_of_any_route_mutant_is_caught(mutant):
    with pytest.raises(AssertionError):
        any_walk_ends_and_goes_forward(mutant)


A, B = Step("sms", ("acme",), 20), Step("voice", ("acme",), 30)
FIRST = Standing(0, reports=True, may_have_left=True)
LAST = Standing(1, reports=True, may_have_left=True)


@pytest.mark.parametrize("outcome", [O.REJECTED, O.UNAVAILABLE, O.UNDELIVERED])
def test_what_failed_falls_back_at_once(outcome):
    nothing_left = msgspec.structs.replace(FIRST, may_have_left=False)
    assert decide((A, B), FIRST, outcome) == Take(1)
    assert decide((A, B), nothing_left, outcome) == Take(1)


def test_what_could_not_be_handed_over_goes_to_another_account_first():
    others = msgspec.structs.replace(LAST, others=True)
    assert decide((A, B), others, O.UNAVAILABLE) == FailOver(1)
    repeated = msgspec.structs.replace(others, repeated=True)
    assert decide((A, B), repeated, O.UNAVAILABLE) == FailOver(1, maybe_duplicate=True)


@pytest.mark.parametrize("outcome", [one for one in O if one is not O.UNAVAILABLE])
def test_only_what_could_not_be_handed_over_goes_to_another_account(outcome):
    others = msgspec.structs.replace(FIRST, others=True)
    assert not isinstance(decide((A, B), others, outcome), FailOver)


@pytest.mark.parametrize("outcome", O)
def test_what_does_not_lead_takes_no_step(outcome):
    """Its step was sent again, or a further one was taken: that one goes on."""
    follower = msgspec.structs.replace(FIRST, leads=False, uncertain=True)
    assert decide((A, B), follower, outcome) == Rest()
    alone = msgspec.structs.replace(follower, may_have_left=False)
    failed = outcome in (O.REJECTED, O.UNAVAILABLE, O.UNDELIVERED)
    assert decide((A, B), alone, outcome) == (GiveUp() if failed else Rest())


@pytest.mark.parametrize("outcome", [O.REJECTED, O.UNAVAILABLE])
def test_the_last_failure_gives_up_only_if_nothing_can_have_left(outcome):
    nothing_left = msgspec.structs.replace(LAST, may_have_left=False)
    assert decide((A, B), nothing_left, outcome) == GiveUp()
    assert decide((A, B), LAST, outcome) == Rest()


def test_the_wait_of_a_step_that_is_not_the_last_falls_back():
    assert decide((A, B), FIRST, O.WAIT_PASSED) == Take(1)


def test_an_uncertain_hand_over_is_waited_for_then_sent_once_more_at_the_end():
    uncertain = msgspec.structs.replace(LAST, uncertain=True)
    repeated = msgspec.structs.replace(uncertain, repeated=True)
    assert decide((A, B), FIRST, O.UNCERTAIN) == Wait(20)
    assert decide((A, B), uncertain, O.UNCERTAIN) == Wait(30)
    assert decide((A, B), uncertain, O.WAIT_PASSED) == Take(1, maybe_duplicate=True)
    assert decide((A, B), repeated, O.UNCERTAIN) == Rest()
    assert decide((A, B), repeated, O.WAIT_PASSED) == Rest()


def test_a_silent_last_step_that_was_certainly_sent_rests():
    assert decide((A, B), LAST, O.WAIT_PASSED) == Rest()


@pytest.mark.parametrize(
    ("until", "reports", "sent", "delivered"),
    [
        (None, False, Rest(), Rest()),
        (None, True, Wait(20), Rest()),
        (Until.SENT, True, Rest(), Rest()),
        (Until.DELIVERED, False, Wait(20), Rest()),
        (Until.VERIFIED, True, Wait(20), Wait(20)),
    ],
)
def test_a_step_waits_until_it_has_reached_what_it_must(until, reports, sent, delivered):
    route = (msgspec.structs.replace(A, until=until), B)
    standing = msgspec.structs.replace(FIRST, reports=reports)
    assert decide(route, standing, O.SENT) == sent
    assert decide(route, standing, O.DELIVERED) == delivered


@pytest.mark.parametrize("until", Until)
def test_the_last_step_waits_for_nothing_it_has_sent(until):
    route = (A, msgspec.structs.replace(B, until=until))
    assert decide(route, LAST, O.SENT) == decide(route, LAST, O.DELIVERED) == Rest()


def test_the_default_wait_is_a_minute():
    assert functools.partial(Step, "sms", ("acme",))().wait_s == routing.DEFAULT_WAIT_S == 60
