"""Events: words in the past tense, and data that cannot hold a secret."""

import json
import re

import msgspec
import pytest

from watchword_server.domain import events
from watchword_server.domain.delivery import DeliveryStatus
from watchword_server.domain.events import Data, EventType
from watchword_server.domain.verification import Status

FIELDS = {
    "to", "channel", "provider", "delivery_id", "step", "reason", "raw", "checks", "checks_left",
    "maybe_duplicate", "assurance", "by", "changed", "agent", "run_id", "sender", "said", "choice",
    "conversion", "usual", "started", "balance", "threshold", "spent", "budget", "currency", "day",
}  # fmt: skip
"""All that an event may say; a new field has to be put here by somebody who thought about it."""

FORBIDDEN = re.compile(r"\b(code|secret|pin|otp|token|address|text|body|params|recipient)\b")


def data_is_closed(kind):
    assert set(kind.__struct_fields__) == FIELDS
    assert not any(FORBIDDEN.search(field.replace("_", " ")) for field in kind.__struct_fields__)
    for field in msgspec.structs.fields(kind):
        assert field.type in (str | None, int | None, bool | None), field.name
        assert field.default is None


def test_event_data_has_no_place_for_a_secret():
    data_is_closed(Data)


def test_event_data_has_no_place_for_a_secret_mutant_is_caught():
    class Leaky(Data, frozen=True, kw_only=True):
        code: str | None = None

    with pytest.raises(AssertionError):
        data_is_closed(Leaky)


def test_absent_fields_are_left_out():
    assert events.encode(Data()) == b"{}"
    data = Data(to="+1415***2671", checks=2, checks_left=0, maybe_duplicate=True)
    assert json.loads(events.encode(data)) == {
        "to": "+1415***2671", "checks": 2, "checks_left": 0, "maybe_duplicate": True,
    }  # fmt: skip


def every_end_has_an_event(types):
    names = {one.value for one in types}
    ends = {f"verification.{status}" for status in Status if status is not Status.PENDING}
    assert ends <= names
    assert {f"delivery.{status}" for status in DeliveryStatus} <= names
    assert all(
        re.fullmatch(r"(verification|delivery|template|key|webhook|message|alert)\.[a-z_]+", name)
        for name in names
    )


def test_every_state_has_its_event():
    every_end_has_an_event(EventType)


def test_every_state_has_its_event_mutant_is_caught():
    with pytest.raises(AssertionError):
        every_end_has_an_event(set(EventType) - {EventType.VERIFICATION_FAILED})
