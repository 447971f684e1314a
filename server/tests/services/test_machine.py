"""Whatever is done to an address in whatever order: the server does what the model says."""

import asyncio
import itertools

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from services.desk import opened
from services.model import DAY, HOUR, Model
from watchword_server.domain.errors import ALREADY_USED, ENDED, RATE_LIMITED, Problem
from watchword_server.testing import ManualClock

CODE = "482913"
QUICK = settings(
    max_examples=50, stateful_step_count=20, deadline=None, database=None, derandomize=True,
    phases=[Phase.generate], report_multiple_bugs=False,
    suppress_health_check=[HealthCheck.too_slow],
)  # fmt: skip
WORDS = {
    "address_failures": "locked",
    "consecutive_failures": "locked",
    "cooldown": "cooling",
    "sends": "no sends",
}
numbers = itertools.count(2_000)
purposes = st.sampled_from(["login", "login", "pay"])
waits = st.sampled_from([1, 29_999, 60_000, 120_000, 300_000, HOUR + 120_000, DAY])
EVERYTHING = {
    "started", "resent", "right", "wrong", "canceled", "over", "locked", "cooling", "no sends",
}  # fmt: skip


class Machine(RuleBasedStateMachine):
    """One address of a desk that all examples share, and its model."""

    def __init__(self, run, desk, words):
        super().__init__()
        self._run, self.desk, self.words = run, desk, words
        self.to = f"+1415555{next(numbers)}"
        self.index = desk.services.reading._index(desk.caller.project, self.to)
        self.model = Model(desk.clock.now())
        self.id = None

    def said(self, awaitable):
        """What the server answers, in the model's words."""
        try:
            return self._run(awaitable)
        except Problem as problem:
            if problem.kind is RATE_LIMITED:
                return WORDS[problem.extra["limit"]]
            assert problem.kind in (ENDED, ALREADY_USED), problem
            assert problem.extra["reason"] == self.model.status
            return "over"

    def agrees(self, found, wanted):
        assert found == wanted
        self.words.add(wanted)

    @initialize(failures=st.sampled_from([0, 0, 13]))
    def a_past(self, failures):
        for _ in range(failures // 5):
            self.start("past")
            self.check_wrongly(5)
            self.wait_for_the_cool_down(0)
        self.start("login")
        self.check_wrongly(failures % 5)

    @rule(purpose=purposes)
    def start(self, purpose):
        before, wanted = self.id, self.model.start(purpose)
        found = self.said(self.desk.accept(self.to, purpose=purpose, code=CODE))
        if not isinstance(found, str):
            assert found.next_send_at == self.model.cool
            self.id = found.verification.id
            found = "resent" if self.id == before else "started"
        self.agrees(found, wanted)

    @rule(times=st.integers(1, 4))
    def resend_patiently(self, times):
        for _ in range(times):
            self.wait_for_the_cool_down(0)
            self.resend()
        self.resend()

    @rule()
    def resend(self):
        wanted = self.model.resend()
        found = self.said(self.desk.resend(self.id))
        self.agrees(found if isinstance(found, str) else "resent", wanted)

    @rule(times=st.integers(1, 3))
    def check_wrongly(self, times):
        for _ in range(times):
            self.check("000000", self.model.check(right=False))

    @rule()
    def check_rightly(self):
        self.check(CODE, self.model.check(right=True))

    def check(self, code, wanted):
        found = self.said(self.desk.check(self.id, code))
        if not isinstance(found, str):
            assert found.status.value == self.model.status
            ended = self.model.status != "pending"
            assert found.checks_left == (0 if ended else 5 - self.model.checks)
            found = "right" if found.verified else "wrong"
        self.agrees(found, wanted)

    @rule()
    def cancel(self):
        wanted = self.model.cancel()
        self.agrees(self.said(self.desk.cancel(self.id)) or "canceled", wanted)

    @rule()
    def work(self):
        self.model.work()
        self._run(self.desk.deliver())

    @rule(ms=waits)
    def wait(self, ms):
        self.pass_time(ms)

    @rule(short_of=st.integers(0, 1))
    def wait_for_the_cool_down(self, short_of):
        self.pass_time(max(0, self.model.cool - self.model.now - short_of))

    def pass_time(self, ms):
        self.desk.clock.advance(ms)
        self.model.now += ms

    @rule()
    def sweep(self):
        self._run(self.desk.runtime.delivering.expire(10))
        self._run(self.desk.runtime.delivering.forget(10))

    @invariant()
    def the_server_is_where_the_model_is(self):
        if self.id is None:
            return
        self.model.lapse()
        one = self._run(self.desk.timeline(self.id)).verification
        found = (one.status.value, one.checks, one.sends, one.expires_at)
        model = self.model
        assert found == (model.status, model.checks, model.sends, model.expires)
        arrived = [one for one in self.desk.sms.messages if one.to == self.to]
        assert len(arrived) == model.arrived
        assert {one.code for one in arrived} <= {CODE}

    @invariant()
    def the_counters_are_the_models(self):
        since = self.model.now - DAY
        query = self.desk.runtime.store.read(
            lambda tx: tx.addresses.get(self.desk.caller.project, self.index, since)
        )
        state = self._run(query)
        recent = sum(at > since for at in self.model.failures)
        found = (state.failures, state.consecutive) if state else (0, 0)
        assert found == (recent, self.model.row)


def the_server_does_what_the_model_says(folder, change=None):
    """Run the machine on a desk of its own, changed for the worse by `change`."""
    with asyncio.Runner() as runner:
        desk_of = opened(folder, ManualClock())
        desk = runner.run(desk_of.__aenter__())
        try:
            if change is not None:
                change(desk)
            words = set()
            run_state_machine_as_test(lambda: Machine(runner.run, desk, words), settings=QUICK)
            return words
        finally:
            runner.run(desk_of.__aexit__(None, None, None))


def test_the_server_does_what_the_model_says(tmp_path):
    assert the_server_does_what_the_model_says(tmp_path) == EVERYTHING


def a_send_forgets_failures(desk):
    accept = desk.accept

    async def forgetful(to, **asked):
        accepted = await accept(to, **asked)
        await desk.services.reading.unlock(desk.caller, to)
        return accepted

    desk.accept = forgetful


def a_resend_extends_the_life(desk):
    store = desk.runtime.store
    resend = desk.resend

    async def extending(verification):
        accepted = await resend(verification)
        longer = desk.clock.now() + 300_000
        await store.write(
            lambda tx: tx.live._cursor.execute(
                "UPDATE live SET expires_at = ? WHERE id = ?", (longer, verification)
            )
        )
        return accepted

    desk.resend = extending


def a_wrong_code_is_free(desk):
    check = desk.check

    async def free(verification, code):
        checked = await check(verification, code)
        await desk.runtime.store.write(
            lambda tx: tx.live._cursor.execute(
                "UPDATE live SET checks = 0 WHERE id = ?", (verification,)
            )
        )
        return checked

    desk.check = free


def cancel_clears_the_ladder(desk):
    cancel = desk.cancel

    async def clearing(verification):
        await cancel(verification)
        await desk.runtime.store.write(
            lambda tx: tx.addresses._cursor.execute("UPDATE address_states SET next_send_at = 0")
        )

    desk.cancel = clearing


@pytest.mark.parametrize(
    "change",
    [
        a_send_forgets_failures, a_resend_extends_the_life, a_wrong_code_is_free,
        cancel_clears_the_ladder,
    ],
)  # fmt: skip
def test_the_server_does_what_the_model_says_mutant_is_caught(tmp_path, change):
    with pytest.raises(AssertionError):
        the_server_does_what_the_model_says(tmp_path, change)
