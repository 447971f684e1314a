"""A thousand schedules of what may happen to a verification on its route: see schedule.py."""

import asyncio
import itertools
import zlib

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from services import schedule
from services.desk import opened
from services.schedule import Schedule, carriers
from watchword_server import ledger
from watchword_server.domain.delivery import DeliveryStatus
from watchword_server.domain.routing import (
    FailOver,
    GiveUp,
    Outcome,
    Rest,
    Take,
    Until,
    decide,
)
from watchword_server.ports.records import Job
from watchword_server.services.delivering import following
from watchword_server.services.delivering.claiming import Claiming
from watchword_server.testing import ManualClock, SeededEntropy

SCHEDULES = 1_000
PROBE = 400
"""How many are played until a mutant must have been caught."""
numbers = itertools.count(2_000)
FATES = (
    *schedule.FATES, "unavailable", "uncertain", schedule.LATE, schedule.CRASHED,
    schedule.SENT_AND_CRASHED,
)  # fmt: skip


def some(fates):
    """Six of them: they come again and again."""
    return st.lists(st.sampled_from(fates), min_size=6, max_size=6)


fates = st.one_of(some(FATES), some(FATES), some(FATES), some(("rejected", "unavailable")))
waits = (1, 4_999, 15_000, 30_000, 59_999, 60_000, 75_000)
moves = st.one_of(
    st.tuples(st.just("wait"), st.sampled_from(waits)),
    st.tuples(st.just("wait"), st.sampled_from(waits)),
    st.tuples(st.just("work"), st.just(0)),
    st.tuples(st.just("report"), st.integers(0, 63)),
    st.tuples(st.sampled_from(["report", "resend", "answer"]), st.integers(0, 63)),
    st.tuples(st.sampled_from(["right", "wrong", "cancel", "race"]), st.integers(0, 63)),
)
untils = st.sampled_from([None, None, *Until])


def plays(folder, examples):
    """Play so many schedules on a desk of their own."""
    with asyncio.Runner() as runner:
        outside = carriers()
        opening = opened(folder, ManualClock(), *outside)
        desk = runner.run(opening.__aenter__())
        desk.runtime.accounts._outside = tuple(outside)

        def choose_anew(*given):
            """What is chosen depends on the schedule alone, so that one can be played again."""
            choosing = desk.runtime.accounts._choosing
            choosing._breakers.clear()
            choosing._entropy = SeededEntropy(zlib.crc32(repr(given).encode()))

        async def play(fates, moves, until):
            choose_anew(fates, moves)
            to = f"+1415555{next(numbers) % 8_000 + 2_000}"
            one = Schedule(desk, outside, to, itertools.cycle(fates))
            await one.start(until)
            for name, choice in moves:
                if name == "wait":
                    one.wait(choice)
                else:
                    await getattr(one, name)(choice)
                if choice % 4:  # the worker may be slower than what comes next
                    await one.work()
            await one.finish()
            one.wait(90_000_000)  # what is remembered of an address is forgotten
            await desk.runtime.delivering.forget(100)

        @settings(
            max_examples=examples, deadline=None, database=None, derandomize=True,
            phases=[Phase.generate], report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(fates, st.lists(moves, min_size=2, max_size=12), untils)
        def each(fates, moves, until):
            runner.run(play(fates, moves, until))

        try:
            each()
        finally:
            runner.run(opening.__aexit__(None, None, None))


def test_a_thousand_schedules_keep_every_promise(tmp_path):
    plays(tmp_path, SCHEDULES)


def decides(patch, **changed):
    """Decide as if things stood otherwise."""
    patch(
        following, "decide", lambda *given: decide(given[0], replaced(given[1], changed), given[2])
    )


def replaced(standing, changed):
    return msgspec.structs.replace(standing, **changed)


def answers(patch, change):
    """Change the decision once it is made."""

    def changed(route, standing, outcome):
        return change(decide(route, standing, outcome), standing, outcome)

    patch(following, "decide", changed)


def hands_over_after_the_end(patch):
    lives = {}
    job = Claiming._job

    def claimed(self, tx, work, now):
        live = tx.live.get(work.project, work.verification)
        kept = lives.setdefault(work.verification, live)
        delivery = tx.deliveries.get(work.project, work.verification, work.number)
        queued = delivery.status is DeliveryStatus.QUEUED
        return Job(work, kept, delivery) if kept and queued else job(self, tx, work, now)

    patch(Claiming, "_job", claimed)


def hands_over_after_its_time(patch):
    job = Claiming._job
    patch(Claiming, "_job", lambda self, tx, work, now: job(self, tx, work, now - 120_000))


def moves_backwards(patch):
    patch(ledger, "may_follow", lambda status, then: True)


def repeats_what_was_lost(patch):
    claimed = Claiming._claimed

    def again(self, tx, work, now):
        return claimed(self, tx, msgspec.structs.replace(work, claims=1), now)

    patch(Claiming, "_claimed", again)


def everybody_leads(patch):
    decides(patch, leads=True)


def repeats_for_ever(patch):
    decides(patch, repeated=False)


def fails_over_what_was_refused(patch):
    def change(decision, standing, outcome):
        refused = outcome is Outcome.REJECTED and not standing.repeated
        return FailOver(standing.index) if refused else decision

    answers(patch, change)


def repeats_without_a_mark(patch):
    def change(decision, *_):
        return Take(decision.index) if isinstance(decision, Take) else decision

    answers(patch, change)


def starts_over(patch):
    def change(decision, *_):
        return Take(0) if decision == Take(2) else decision

    answers(patch, change)


def gives_up_too_early(patch):
    def change(decision, _, outcome):
        over = isinstance(decision, Rest) and outcome is Outcome.REJECTED
        return GiveUp() if over else decision

    answers(patch, change)


def never_gives_up(patch):
    answers(patch, lambda decision, *_: Rest() if decision == GiveUp() else decision)


def sleeps_through_the_wait(patch):
    def change(decision, _, outcome):
        return Rest() if outcome is Outcome.WAIT_PASSED else decision

    answers(patch, change)


def is_deaf_to_reports(patch):
    def change(decision, _, outcome):
        return Rest() if outcome is Outcome.UNDELIVERED else decision

    answers(patch, change)


def tries_an_account_twice(patch):
    other = following.Following._pick
    patch(following.Following, "_pick", lambda *given: other(*given[:-1], ()))


def forgets_a_failure(patch):
    def change(decision, _, outcome):
        return Rest() if outcome is Outcome.UNAVAILABLE else decision

    answers(patch, change)


MUTANTS = {
    hands_over_after_the_end: "after the end",
    hands_over_after_its_time: "after the end",
    moves_backwards: "backwards",
    repeats_what_was_lost: "handed over twice",
    everybody_leads: "a step was",
    repeats_for_ever: "again and again|never ends",
    fails_over_what_was_refused: "refused",
    repeats_without_a_mark: "taken twice",
    starts_over: "taken twice|tried twice|a step was|for too long|on a step",
    gives_up_too_early: "given up",
    never_gives_up: "nobody was told",
    sleeps_through_the_wait: "waits for too long",
    is_deaf_to_reports: "stays on a step",
    tries_an_account_twice: "tried twice|never ends",
    forgets_a_failure: "stays on a step",
}
"""What each of them must be caught at."""


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.__name__)
def test_a_thousand_schedules_mutant_is_caught(tmp_path, monkeypatch, mutant):
    mutant(monkeypatch.setattr)
    with pytest.raises(AssertionError, match=MUTANTS[mutant]):
        plays(tmp_path, PROBE)
