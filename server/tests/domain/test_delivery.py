"""Deliveries: what state may follow which, and what a message shows of itself."""

import graphlib
import io
from itertools import pairwise

import pytest
import rich.console

from watchword_server.domain import delivery
from watchword_server.domain.delivery import DeliveryStatus, Message, may_follow

S = DeliveryStatus
ENDED = {S.DELIVERED, S.UNDELIVERED, S.FAILED}

DIAGRAM = """
queued -> sent -> delivered | undelivered
queued -> failed
sent -> unknown -> delivered | undelivered
queued -> unknown
"""
"""Design section 3, and what an unanswered hand-over needs."""


def edges(diagram):
    found = set()
    for line in diagram.split("\n"):
        stages = [
            [S(word.strip()) for word in part.split("|")] for part in line.split("->") if part
        ]
        for before, after in pairwise(stages):
            found |= {(one, two) for one in before for two in after}
    return found


def of(transitions):
    return {(before, after) for before, then in transitions.items() for after in then}


def never_moves_backwards(transitions):
    assert set(transitions) == set(S)
    graphlib.TopologicalSorter(transitions).prepare()


def ended_is_for_good(transitions):
    assert {status for status, then in transitions.items() if not then} == ENDED


def is_the_diagram(transitions):
    assert of(transitions) == edges(DIAGRAM)


def every_state_is_reached(transitions):
    reached, open_ = {S.QUEUED}, [S.QUEUED]
    while open_:
        new = transitions[open_.pop()] - reached
        reached |= new
        open_ += new
    assert reached == set(S)


RULES = (never_moves_backwards, ended_is_for_good, is_the_diagram, every_state_is_reached)
BROKEN = {
    never_moves_backwards: {S.UNKNOWN: frozenset({S.SENT})},
    ended_is_for_good: {S.FAILED: frozenset({S.DELIVERED})},
    is_the_diagram: {S.QUEUED: frozenset({S.DELIVERED})},
    every_state_is_reached: {S.QUEUED: frozenset()},
}


@pytest.mark.parametrize("rule", RULES)
def test_the_table_of_transitions_keeps_the_rule(rule):
    rule(delivery.TRANSITIONS)


@pytest.mark.parametrize("rule", RULES)
def test_the_table_of_transitions_mutant_is_caught(rule):
    with pytest.raises((AssertionError, graphlib.CycleError)):
        rule(delivery.TRANSITIONS | BROKEN[rule])


def test_a_state_follows_only_where_the_table_says_so():
    allowed = {(one, two) for one in S for two in S if may_follow(one, two)}
    assert allowed == of(delivery.TRANSITIONS)
    assert not any(may_follow(status, status) for status in S)


CODE, TO = "482913", "+14155552671"
MESSAGE = Message(
    id="dlv_1", to=TO, channel="sms", language="en", sender="Acme", subject=CODE,
    text=f"{CODE} is your code", html=CODE, code=CODE,
)  # fmt: skip


def shows_neither_code_nor_address(show):
    shown = show(MESSAGE)
    assert "dlv_1" in shown
    assert CODE not in shown and TO not in shown


def on_a_console(value):
    console = rich.console.Console(file=io.StringIO(), width=200)
    console.print(value)
    console.print([value])
    return console.file.getvalue()


@pytest.mark.parametrize("show", [repr, str, "{}".format, on_a_console])
def test_a_message_shows_neither_code_nor_address(show):
    shows_neither_code_nor_address(show)


def test_a_message_shows_neither_code_nor_address_mutant_is_caught():
    with pytest.raises(AssertionError):
        shows_neither_code_nor_address(lambda one: f"dlv_1 {one.text}")
