"""A hundred equal requests with one Idempotency-Key, at once, over real servers on one file.

One of them is executed and all get its answer, to the byte.  Without that the others would be
refused by the cool-down, so whoever claims a key after a look, or keeps answers in the memory of
one process, fails the same assertions.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pytest

from e2e.deployment import Site, until
from e2e.wire import Answer, Connection, basic, connections, request, together
from watchword_server.cli.hosting import run

CALLERS = 100
TYPICAL, FULL = 50, 1_000
FEW = 32
"""Keys that a mutant is given: each of them is a race of its own, and one must be lost."""


@dataclass
class Arena:
    """Servers on one file, and a key whose limits are out of the way."""

    site: Site
    urls: list[str]
    authorization: str

    def send(self, number: int) -> bytes:
        to = f"+1415{2_000_000 + number}"
        body = {"to": to, "template_id": "otp-sms", "ttl": 600}
        return request(
            "POST", "/v1/messages", self.authorization, body, idempotency_key=f"order-{number}"
        )


@pytest.fixture
def arena(site: Site) -> Callable[..., Arena]:
    """Starts so many servers, all with the same alterations."""

    def make(servers: int, *alterations: str) -> Arena:
        key = site.key()
        urls = [site.serve(*alterations).url]
        site.raise_limits(site.servers[0], key["project_id"])
        urls += [site.serve(*alterations).url for _ in range(servers - 1)]
        return Arena(site, urls, basic(key))

    return make


async def rush(arena: Arena, keys: int) -> list[list[Answer]]:
    """What a hundred callers at once were answered, for each key."""
    async with connections(arena.urls, CALLERS // len(arena.urls)) as made:
        return [await answered(made, arena.send(n)) for n in range(keys)]


async def answered(
    made: Sequence[Connection], asked: bytes, callers: int = CALLERS
) -> list[Answer]:
    """The answers to so many callers who ask at once.

    A machine that stands still for 10 s has some told that the first is still in flight; they ask
    again, as clients do.
    """
    answers = await together(made, [asked] * callers)
    while late := [n for n, each in enumerate(answers) if is_in_flight(each)]:
        for n, answer in zip(late, await together(made, [asked] * len(late)), strict=True):
            answers[n] = answer
    return answers


def is_in_flight(answer: Answer) -> bool:
    return answer.status == 409 and answer.json["reason"] == "request_in_flight"


def one_send_each(arena: Arena, keys: int) -> None:
    """A hundred equal answers for each key, and behind them one verification sent once."""
    began = time.perf_counter()
    told = run(rush(arena, keys))
    took = time.perf_counter() - began
    for answers in told:
        assert {(each.status, each.body) for each in answers} == {(200, answers[0].body)}
        assert len(answers) == CALLERS
    ids = {answers[0].json["message_id"] for answers in told}
    assert len(ids) == keys
    stored = arena.site.rows("SELECT hex(id), sends FROM live")
    assert {f"ver_{id.lower()}": sends for id, sends in stored} == dict.fromkeys(ids, 1)
    count = "SELECT count(*) FROM {}"
    assert arena.site.rows(count.format("deliveries")) == [(keys,)]
    until(lambda: arena.site.rows(count.format("inbox")) == [(keys,)], "everything is delivered")
    sent = keys * CALLERS
    print(f"{keys} keys x {CALLERS} on {len(arena.urls)}: {took:.1f} s, {sent / took:.0f}/s")


@pytest.mark.parametrize("servers", [1, 2])
@pytest.mark.parametrize("keys", [TYPICAL, pytest.param(FULL, marks=pytest.mark.long)])
def test_each_key_sends_once(arena: Callable[..., Arena], keys: int, servers: int) -> None:
    one_send_each(arena(servers), keys)


@pytest.mark.parametrize("mutant", ["look_then_claim", "answers_in_memory"])
def test_a_mutant_is_caught(arena: Callable[..., Arena], mutant: str) -> None:
    altered = arena(2, mutant)
    with pytest.raises(AssertionError):
        one_send_each(altered, FEW)


# ---- a kill between claim and answer ---------------------------------------------------------

AT_ONCE, ROUNDS = 40, 5


async def killed(arena: Arena, first: int, after: int) -> dict[int, Answer]:
    """Forty sends at once, and a kill once `after` of them are answered; who was answered."""
    async with connections(arena.urls[-1:], AT_ONCE) as made:
        asked = {n: made[n - first].ask(arena.send(n)) for n in range(first, first + AT_ONCE)}
        while sum(one.done() for one in asked.values()) < after:
            waiting = [one for one in asked.values() if not one.done()]
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        arena.site.servers[-1].kill()
        await asyncio.gather(*asked.values(), return_exceptions=True)
    return {n: one.result() for n, one in asked.items() if one.exception() is None}


async def again(arena: Arena, first: int) -> dict[int, Answer]:
    """What the same sends are answered by the next server, in the end."""
    async with connections(arena.urls[-1:], AT_ONCE) as made:
        numbers = range(first, first + AT_ONCE)
        answers = await asyncio.gather(
            *(answered([made[n - first]], arena.send(n), callers=1) for n in numbers)
        )
    return {n: each[0] for n, each in zip(numbers, answers, strict=True)}


def one_send_despite_kills(arena: Arena, *alterations: str) -> None:
    """Whoever was answered gets that answer again; nobody's code was sent twice.

    A send that was executed and not answered is executed again when the lease is over, and then
    the cool-down refuses it, naming the verification that is pending.
    """
    executed_twice = 0
    for turn in range(ROUNDS):
        first = turn * AT_ONCE
        told = run(killed(arena, first, after=1 + turn * 6))
        arena.urls.append(arena.site.serve("quick", *alterations).url)
        for n, answer in run(again(arena, first)).items():
            assert answer.status in (200, 429), answer
            if n in told:
                assert answer == told[n]
            elif answer.status == 429:
                assert answer.json["limit"] == "cooldown"
                assert answer.json["message_id"]
                executed_twice += 1
    sends = arena.site.rows("SELECT address, sends FROM live")
    assert sorted(count for _, count in sends) == [1] * (ROUNDS * AT_ONCE)
    print(f"{ROUNDS} kills, {ROUNDS * AT_ONCE} keys, {executed_twice} executed and not answered")


def test_a_kill_leaves_one_send_for_each_key(arena: Callable[..., Arena]) -> None:
    one_send_despite_kills(arena(1, "quick"))


def test_a_kill_mutant_is_caught(arena: Callable[..., Arena]) -> None:
    altered = arena(1, "quick", "answers_in_memory")
    with pytest.raises(AssertionError):
        one_send_despite_kills(altered, "answers_in_memory")
