"""The wire form of events: one for webhooks, streams and lists."""

import json

import msgspec
import pytest

from watchword_server.domain import event_wire, events, ids
from watchword_server.domain.event_wire import SUBJECTS, WireData
from watchword_server.domain.events import Data, Event, EventType

PROJECT, SUBJECT = bytes(range(16)), bytes(range(16, 32))


def event(type, subject=SUBJECT, data=None):
    return Event(
        number=7, sequence=4, project=PROJECT, subject=subject, type=type, at=1_772_366_400_123,
        data=events.encode(data or Data()),
    )  # fmt: skip


def test_an_approval_is_shown_with_its_message():
    data = Data(channel="sms", checks=1)
    shown = json.loads(event_wire.encode(event(EventType.VERIFICATION_APPROVED, data=data)))
    assert shown == {
        "type": "verification.approved",
        "id": "evt_019ca9450a7b70008000000000000007",
        "timestamp": "2026-03-01T12:00:00.123000Z",
        "project_id": "prj_000102030405060708090a0b0c0d0e0f",
        "data": {
            "channel": "sms", "checks": 1, "sequence": 4,
            "message_id": "ver_101112131415161718191a1b1c1d1e1f",
        },
    }  # fmt: skip


def test_a_template_is_named_by_its_own_id():
    shown = event_wire.wire(event(EventType.TEMPLATE_APPROVED, subject=b"otp-sms"))
    assert shown.data.template_id == "otp-sms"


def names_its_subject(wire):
    for type in EventType:
        shown = msgspec.to_builtins(wire(event(type)).data)
        said = {field for field in shown if field.endswith("_id")}
        assert said == {SUBJECTS[type.family].field}, type


def test_every_event_names_what_it_is_about():
    names_its_subject(event_wire.wire)


def test_every_event_names_what_it_is_about_mutant_is_caught():
    def anonymous(one):
        shown = event_wire.wire(one)
        return msgspec.structs.replace(shown, data=WireData(sequence=1))

    with pytest.raises(AssertionError):
        names_its_subject(anonymous)


def test_an_id_tells_the_place_of_its_event():
    one = event(EventType.KEY_CREATED)
    assert events.place(one.id) == one.number
    assert events.place(ids.parse(ids.Prefix.EVENT, event_wire.wire(one).id)) == 7
