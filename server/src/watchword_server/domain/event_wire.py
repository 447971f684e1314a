"""An event as webhooks, streams and lists show it: the one wire form, after Standard Webhooks.

What an event is about is named by the family of its type: `verification.approved` says
`message_id`, `key.rotated` says `key_id`.
"""

from datetime import UTC, datetime
from typing import Annotated, NamedTuple

import msgspec
from msgspec import Meta

from watchword_server.domain import ids
from watchword_server.domain.events import Data, Event, EventType
from watchword_server.domain.ids import Prefix

_MS = 1000


class WireData(Data, frozen=True, kw_only=True, omit_defaults=True):
    """The data of an event with what it is about; one of the five ids is there."""

    message_id: str | None = None
    template_id: str | None = None
    key_id: str | None = None
    endpoint_id: str | None = None
    incoming_id: str | None = None
    alert_id: str | None = None
    sequence: int = 0


class WireEvent(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened."""

    type: Annotated[
        EventType,
        Meta(description="What happened, in the past tense.", examples=["verification.approved"]),
    ]
    id: Annotated[
        str,
        Meta(
            pattern="^evt_[0-9a-f]{32}$",
            description="Its id: the same in every webhook, stream and list.",
            examples=["evt_0193f2c1a7b470008000000000000007"],
        ),
    ]
    timestamp: Annotated[
        datetime,
        Meta(
            tz=True,
            description="When it happened: RFC 3339, UTC.",
            examples=["2026-03-01T12:00:00.123000Z"],
        ),
    ]
    project_id: Annotated[
        str,
        Meta(
            pattern="^prj_[0-9a-f]{32}$",
            description="The project it happened in.",
            examples=["prj_0193f2c1a7b47c3e9d5a1b2c3d4e5f60"],
        ),
    ]
    data: Annotated[
        WireData,
        Meta(
            description="What it is about, and what is known about it.",
            examples=[
                {
                    "channel": "sms",
                    "checks": 1,
                    "assurance": "restricted",
                    "message_id": "ver_0193f2c1a7b47c3e9d5a1b2c3d4e5f60",
                    "sequence": 4,
                }
            ],
        ),
    ]


class Subject(NamedTuple):
    """How the subject of a family of events is named on the wire; no prefix: its text."""

    field: str
    prefix: Prefix | None


SUBJECTS: dict[str, Subject] = {
    "verification": Subject("message_id", Prefix.VERIFICATION),
    "delivery": Subject("message_id", Prefix.VERIFICATION),
    "template": Subject("template_id", None),
    "key": Subject("key_id", Prefix.API_KEY),
    "webhook": Subject("endpoint_id", Prefix.WEBHOOK_ENDPOINT),
    "message": Subject("incoming_id", Prefix.INCOMING),
    "alert": Subject("alert_id", None),
}

_types = {one.value: one for one in EventType}
_data = msgspec.json.Decoder(WireData)
_encoder = msgspec.json.Encoder()


def wire(event: Event) -> WireEvent:
    """The event as it is shown."""
    type = _types[event.type]
    field, prefix = SUBJECTS[type.family]
    name = event.subject.decode() if prefix is None else ids.text(prefix, event.subject)
    about: dict[str, object] = {field: name, "sequence": event.sequence}
    return WireEvent(
        type=type,
        id=ids.text(Prefix.EVENT, event.id),
        timestamp=datetime.fromtimestamp(event.at / _MS, UTC),
        project_id=ids.text(Prefix.PROJECT, event.project),
        data=msgspec.structs.replace(_data.decode(event.data), **about),
    )


def encode(event: Event) -> bytes:
    """The JSON of the event as it is shown: the body of its webhook, one line of a stream."""
    return _encoder.encode(wire(event))
