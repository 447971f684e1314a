"""An account that fails every second time is left, and used again soon after it recovers."""

import itertools

import pytest

from services.desk import opened
from watchword_server.domain.breaker import POLICY, Breaker, State
from watchword_server.domain.delivery import Reason, Receipt
from watchword_server.ports.providers import Unavailable
from watchword_server.testing import FakeProvider

SENDS = 60
GONE = Unavailable(Reason.PROVIDER_DOWN, "503")
numbers = itertools.count(2_000)


@pytest.fixture
def other():
    return FakeProvider(name="other", channels=["sms"])


@pytest.fixture
async def desk(tmp_path, clock, other):
    async with opened(tmp_path, clock, other) as made:
        yield made


async def sends(desk, count):
    """One code a second; how many of them were handed over in the end."""
    sent = 0
    for _ in range(count):
        verification = await desk.start(f"+1415555{next(numbers)}")
        await desk.deliver()
        sent += (await desk.deliveries(verification))[-1] == "sms sent"
        desk.later(1)
    return sent


async def is_left_and_returns(desk):
    ailing, health = (
        desk.sms,
        lambda: desk.runtime.accounts.health(desk.caller.project, ailing.name),
    )
    ailing.script = [Receipt(), GONE] * SENDS
    assert await sends(desk, SENDS) == SENDS, "a code was lost with the account"
    tried = len(ailing.messages)
    assert tried <= 20, "it is not left within 20 sends"
    assert health().state is not State.CLOSED
    ailing.script = []  # it has recovered
    interval_s = (health().probe_at - desk.clock.now()) // 1_000 + 1
    await sends(desk, max(interval_s, 0) + 1)
    assert len(ailing.messages) > tried, "it is not tried within one interval"
    await sends(desk, 40)
    assert health().state is State.CLOSED
    assert len(ailing.messages) > tried + 10, "it is not used again"


async def test_an_account_that_fails_every_second_time_is_left_and_returns(desk):
    await is_left_and_returns(desk)
    assert POLICY.probe_most_ms == 60_000


class NeverOpens(Breaker):
    def _opens(self, now):
        return False


class NeverReturns(Breaker):
    def wants_probe(self, now):
        return False


class NeverCloses(Breaker):
    def told(self, good, now):
        return self.is_closed() and super().told(good, now)


@pytest.mark.parametrize("broken", [NeverOpens, NeverReturns, NeverCloses])
async def test_an_account_that_fails_every_second_time_mutant_is_caught(desk, monkeypatch, broken):
    choosing = desk.runtime.accounts._choosing
    told = choosing.told

    def with_a_broken_one(key, outcome):
        choosing._breakers.setdefault(key, broken())
        return told(key, outcome)

    monkeypatch.setattr(choosing, "told", with_a_broken_one)
    with pytest.raises(AssertionError):
        await is_left_and_returns(desk)
