"""Verifications: what ends one, what is left of it, and what it proves."""

import msgspec
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from watchword_server.domain import verification
from watchword_server.domain.channel import Channel
from watchword_server.domain.verification import (
    Assurance,
    Details,
    Live,
    Secrets,
    Status,
    Trigger,
    Verification,
    assurance_of,
    end,
    weakest,
)

QUICK = settings(
    max_examples=25, deadline=None, database=None, derandomize=True, phases=[Phase.generate]
)
DIAGRAM = "pending -> approved | expired | canceled | exhausted | failed"
"""Design section 3."""


def ended_never_changes(transitions):
    assert {before for before, _ in transitions} == {Status.PENDING}


def is_the_diagram(transitions):
    start, _, ends = DIAGRAM.partition(" -> ")
    wanted = {(Status(start), Status(one)) for one in ends.split(" | ")}
    assert {(before, after) for (before, _), after in transitions.items()} == wanted


def every_trigger_ends_it_its_own_way(transitions):
    assert {trigger for _, trigger in transitions} == set(Trigger)
    assert len(set(transitions.values())) == len(transitions) == len(Trigger)


RULES = (ended_never_changes, is_the_diagram, every_trigger_ends_it_its_own_way)
BROKEN = {
    ended_never_changes: {(Status.APPROVED, Trigger.CANCEL): Status.CANCELED},
    is_the_diagram: {(Status.EXPIRED, Trigger.RIGHT_CODE): Status.APPROVED},
    every_trigger_ends_it_its_own_way: {(Status.PENDING, Trigger.CANCEL): Status.EXPIRED},
}


@pytest.mark.parametrize("rule", RULES)
def test_the_table_of_transitions_keeps_the_rule(rule):
    rule(verification.TRANSITIONS)


@pytest.mark.parametrize("rule", RULES)
def test_the_table_of_transitions_mutant_is_caught(rule):
    with pytest.raises(AssertionError):
        rule(verification.TRANSITIONS | BROKEN[rule])


def whatever_comes_an_end_is_final(follow):
    @QUICK
    @given(st.lists(st.sampled_from(Trigger), min_size=1, max_size=8))
    def holds(triggers):
        status, ended = Status.PENDING, None
        for trigger in triggers:
            status = follow(status, trigger) or status
            assert ended in (None, status)
            ended = None if status is Status.PENDING else status
        assert ended is follow(Status.PENDING, triggers[0])

    holds()


def test_whatever_comes_an_end_is_final():
    whatever_comes_an_end_is_final(verification.follow)


def test_whatever_comes_an_end_is_final_mutant_is_caught():
    with pytest.raises(AssertionError):
        whatever_comes_an_end_is_final(
            lambda status, trigger: verification.TRANSITIONS[Status.PENDING, trigger]
        )


SECRET = b"a secret that must not outlive it"
LIVE = Live(
    project=b"p" * 16, id=b"v" * 16, status=Status.PENDING, address=b"a" * 16, masked="+1***",
    details=b"sealed", template="otp-sms", language="en", channel="sms", purpose="login",
    assurance=Assurance.RESTRICTED, api_key=b"k" * 16, created_at=1, expires_at=300_001,
    ended_at=None, checks=2, max_checks=5, sends=3, sameness=b"s" * 16, binding=b"b" * 16,
    pepper=1, digest=SECRET, secrets=SECRET, policy="native", next_send_at=120_001,
    route=b"[]", step=1,
)  # fmt: skip


def keeps_the_story_and_no_secret(end):
    for trigger in Trigger:
        ended = end(LIVE, trigger, 99)
        assert type(ended) is Verification
        assert SECRET not in msgspec.structs.astuple(ended)
        assert (ended.status, ended.ended_at) == (
            verification.TRANSITIONS[Status.PENDING, trigger], 99
        )  # fmt: skip
        for field in set(Verification.__struct_fields__) - {"status", "ended_at"}:
            assert getattr(ended, field) == getattr(LIVE, field), field


def test_an_ended_verification_keeps_its_story_and_no_secret():
    keeps_the_story_and_no_secret(end)


def still_live(live, trigger, now):
    status = verification.TRANSITIONS[Status.PENDING, trigger]
    return msgspec.structs.replace(live, status=status, ended_at=now)


def in_details(live, trigger, now):
    return msgspec.structs.replace(end(live, trigger, now), details=live.secrets)


@pytest.mark.parametrize("broken", [still_live, in_details])
def test_an_ended_verification_keeps_no_secret_mutant_is_caught(broken):
    with pytest.raises(AssertionError):
        keeps_the_story_and_no_secret(broken)


def test_what_does_not_end_a_verification_is_refused():
    with pytest.raises(ValueError, match="does not end"):
        end(LIVE, "delivered", 1)


@pytest.mark.parametrize(
    "record", [Details("+14155552671", {"a": "482913"}), Secrets("482913", 300, {"a": "x"})]
)
def test_what_is_sealed_shows_nothing_of_itself(record):
    for shown in (repr(record), str(record), f"{[record]}"):
        assert "482913" not in shown and "4155552671" not in shown


def test_an_approval_says_what_it_proves():
    assert assurance_of(Channel.SMS) is assurance_of(Channel.VOICE) is Assurance.RESTRICTED
    assert assurance_of(Channel.WHATSAPP) is Assurance.OOB
    assert assurance_of(Channel.EMAIL) is Assurance.ADDRESS_CONFIRMATION


@QUICK
@given(st.lists(st.sampled_from(Channel), min_size=1))
def test_a_chain_proves_what_its_weakest_channel_does(channels):
    order = [Assurance.ADDRESS_CONFIRMATION, Assurance.RESTRICTED, Assurance.OOB]
    found = order.index(weakest(channels))
    assert all(found <= order.index(assurance_of(channel)) for channel in channels)
    assert order[found] in {assurance_of(channel) for channel in channels}


def is_expired_to_the_millisecond(as_of):
    assert as_of(LIVE, LIVE.expires_at - 1) is LIVE
    expired = as_of(LIVE, LIVE.expires_at)
    assert (expired.status, expired.ended_at) == (Status.EXPIRED, LIVE.expires_at)
    for trigger in Trigger:
        ended = end(LIVE, trigger, 99)
        assert as_of(ended, LIVE.expires_at + 1) is ended


def test_a_pending_verification_reads_as_expired_once_its_time_has_passed():
    is_expired_to_the_millisecond(verification.as_of)


def test_a_pending_verification_reads_as_expired_mutant_is_caught():
    with pytest.raises(AssertionError):
        is_expired_to_the_millisecond(lambda one, now: verification.as_of(one, now - 1))
    with pytest.raises(AssertionError):
        is_expired_to_the_millisecond(
            lambda one, now: verification.as_of(
                msgspec.structs.replace(one, status=Status.PENDING), now
            )
        )
