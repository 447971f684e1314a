"""Simultaneous callers of two server processes on one SQLite file.

Exactly one right code approves, exactly five wrong ones are evaluated, and simultaneous first
sends make one verification.  A code is submitted over 64 connections in one turn of the loop, 32
to either server (reference/security.md section 1.7, O5).  Whoever looks first and writes
afterwards fails the same assertions, also where a lock within each process hides it there.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import pytest

from e2e.deployment import Server, Site
from e2e.wire import Answer, basic, connections, request, together
from watchword_server.cli.hosting import run

T = TypeVar("T")

SERVERS = 2
CALLERS = 64
FIRST_SENDS = 4
CODE, WRONG = "482913", "000000"
MAX_CHECKS = 5
TYPICAL, MANY = 200, 1_000
FEW = 32
"""Verifications that a mutant is given: each of them is a race of its own, and one must be lost."""


@dataclass
class Arena:
    """Two servers on one file, and a key whose limits are out of the way."""

    site: Site
    urls: list[str]
    authorization: str

    def send(self, to: str) -> bytes:
        body = {"to": to, "template_id": "otp-sms", "code": CODE, "ttl": 600}
        return request("POST", "/v1/codes", self.authorization, body)

    def check(self, message_id: str, code: str) -> bytes:
        body = {"message_id": message_id, "verify_code": code}
        return request("POST", "/v1/verifications", self.authorization, body)


@pytest.fixture
def arena(site: Site) -> Callable[..., Arena]:
    """Starts the servers, all with the same alterations."""

    def make(*alterations: str) -> Arena:
        key = site.key()
        servers: list[Server] = [site.serve(*alterations)]
        site.raise_limits(servers[0], key["project_id"])
        servers += [site.serve(*alterations) for _ in range(SERVERS - 1)]
        return Arena(site, [server.url for server in servers], basic(key))

    return make


def numbers(count: int) -> list[str]:
    """Valid numbers, each of them once."""
    return [f"+1415{2_000_000 + n}" for n in range(count)]


async def started(arena: Arena, to: list[str]) -> list[str]:
    """A pending verification for every number."""
    async with connections(arena.urls, CALLERS // SERVERS) as made:
        answers = await together(made, [arena.send(each) for each in to])
    assert {answer.status for answer in answers} == {200}
    return [answer.json["message_id"] for answer in answers]


async def rush(arena: Arena, count: int, code: str) -> dict[str, list[Answer]]:
    """What 64 callers who submit the same code at once were answered, for each verification."""
    ids = await started(arena, numbers(count))
    async with connections(arena.urls, CALLERS // SERVERS) as made:
        return {id: await together(made, [arena.check(id, code)] * CALLERS) for id in ids}


def in_the_database(arena: Arena) -> dict[str, tuple[str, int]]:
    """Status and checks of every verification."""
    sql = "SELECT hex(id), status, checks FROM {}"
    rows = [*arena.site.rows(sql.format("live")), *arena.site.rows(sql.format("verifications"))]
    return {f"ver_{id.lower()}": (status, checks) for id, status, checks in rows}


async def one_approval_each(arena: Arena, count: int) -> None:
    """The right code, 64 times at once: one is told that it approved, the others 409."""
    told = await rush(arena, count, CODE)
    assert len(told) == count
    stored = in_the_database(arena)
    for id, answers in told.items():
        approvals = sum(answer.status == 200 and answer.json["verified"] for answer in answers)
        assert approvals == 1
        assert Counter(answer.status for answer in answers) == {200: 1, 409: CALLERS - 1}
        assert stored[id] == ("approved", 1)


async def five_checks_each(arena: Arena, count: int) -> None:
    """A wrong code, 64 times at once: five are evaluated, the others are told 410."""
    told = await rush(arena, count, WRONG)
    assert len(told) == count
    stored = in_the_database(arena)
    for id, answers in told.items():
        evaluated = [answer.json for answer in answers if answer.status == 200]
        assert len(evaluated) == MAX_CHECKS
        assert not any(each["verified"] for each in evaluated)
        assert sorted(each["checks_left"] for each in evaluated) == list(range(MAX_CHECKS))
        refused = [answer for answer in answers if answer.status != 200]
        assert {(each.status, each.json["reason"]) for each in refused} == {(410, "exhausted")}
        assert stored[id] == ("exhausted", MAX_CHECKS)


async def one_verification_each(arena: Arena, count: int) -> None:
    """Four first sends to one number at once, two to either server: all name one verification."""
    to, told = numbers(count), []
    async with connections(arena.urls, CALLERS // SERVERS) as made:
        for turn in batched(to, CALLERS // FIRST_SENDS):
            asked = [arena.send(each) for each in turn for _ in range(FIRST_SENDS)]
            told += batched(await together(made, asked), FIRST_SENDS)
    for answers in told:
        named = {answer.json["message_id"] for answer in answers}
        assert len(named) == 1
        statuses = sorted(answer.status for answer in answers)
        assert statuses == [200] + [429] * (FIRST_SENDS - 1)
    assert set(in_the_database(arena)) == {each[0].json["message_id"] for each in told}
    assert len(told) == count


def batched(items: Sequence[T], size: int) -> list[Sequence[T]]:
    return [items[at : at + size] for at in range(0, len(items), size)]


Invariant = Callable[[Arena, int], Awaitable[None]]
MUTANTS: dict[str, Invariant] = {
    "read_then_write_check": one_approval_each,
    "lock_in_the_process": five_checks_each,
    "look_then_insert": one_verification_each,
}


@pytest.mark.parametrize("invariant", MUTANTS.values(), ids=lambda each: each.__name__)
@pytest.mark.parametrize("count", [TYPICAL, pytest.param(MANY, marks=pytest.mark.long)])
def test_it_holds(arena: Callable[..., Arena], invariant: Invariant, count: int) -> None:
    run(invariant(arena(), count))


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_mutant_is_caught(arena: Callable[..., Arena], mutant: str) -> None:
    altered = arena(mutant)
    with pytest.raises(AssertionError):
        run(MUTANTS[mutant](altered, FEW))
