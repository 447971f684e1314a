"""JSON Schemas of events, one for each type, made from the table of their kinds."""

from typing import Any, get_args

import msgspec

from watchword_server.domain.channel import Channel
from watchword_server.domain.delivery import Reason
from watchword_server.domain.event_kinds import FIELDS, KINDS, Kind
from watchword_server.domain.event_wire import SUBJECTS, WireData, WireEvent
from watchword_server.domain.events import EventType
from watchword_server.domain.inbound import Choice
from watchword_server.domain.verification import Assurance

Schema = dict[str, Any]

_JSON_TYPES = {str: "string", int: "integer", bool: "boolean"}
_DATA = {field.name: field.type for field in msgspec.structs.fields(WireData)}
_CLOSED = {"channel": Channel, "assurance": Assurance, "choice": Choice}
_ID = "[0-9a-f]{32}$"
_PATTERNS = {
    "message_id": f"^ver_{_ID}",
    "key_id": f"^key_{_ID}",
    "endpoint_id": f"^whk_{_ID}",
    "incoming_id": f"^inc_{_ID}",
    "delivery_id": f"^dlv_{_ID}",
    "day": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
}
_SOME = (
    "to channel provider reason by changed sender balance threshold spent budget currency alert_id "
    "template_id"
)
_LENGTHS: dict[str, Schema] = {
    "raw": {"maxLength": 200},
    "said": {"maxLength": 1_000},
    **{name: {"minLength": 1} for name in _SOME.split()},
}


def schemas() -> dict[str, Schema]:
    """By file name, the schema of each type of event."""
    return {f"{type}.json": _schema(type, kind) for type, kind in KINDS.items()}


def _schema(type: EventType, kind: Kind) -> Schema:
    always = (SUBJECTS[type.family].field, "sequence", *kind.always)
    facts: Schema = {
        "type": {"const": type.value},
        "id": {"type": "string", "pattern": f"^evt_{_ID}"},
        "timestamp": {"type": "string", "format": "date-time"},
        "project_id": {"type": "string", "pattern": f"^prj_{_ID}"},
        "data": {
            "type": "object",
            "properties": {name: _member(type, name) for name in (*always, *kind.sometimes)},
            "required": list(always),
        },
    }
    for field in WireEvent.__struct_fields__:
        facts[field]["description"] = _described(field)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:watchword:event:{type}",
        "title": type.value,
        "description": kind.said,
        "type": "object",
        "properties": facts,
        "required": list(facts),
    }


def _member(type: EventType, name: str) -> Schema:
    kinds = [kind for kind in get_args(_DATA[name]) or (_DATA[name],) if kind in _JSON_TYPES]
    member: Schema = {"type": _JSON_TYPES[kinds[0]], "description": FIELDS[name]}
    if name == "reason" and type.family == "delivery":
        member["enum"] = [word.value for word in Reason]
    return member | _limits(name, kinds[0])


def _limits(name: str, kind: type) -> Schema:
    if name in _CLOSED:
        return {"enum": [word.value for word in _CLOSED[name]]}
    if name in _PATTERNS:
        return {"pattern": _PATTERNS[name]}
    if name in _LENGTHS:
        return dict(_LENGTHS[name])
    return {"minimum": 1 if name == "sequence" else 0} if kind is int else {}


def limits_of(name: str) -> Schema:
    """What is always so of a field of an event's data, whatever its type; but for null."""
    (kind, *_) = get_args(_DATA[name]) or (_DATA[name],)
    limits = _limits(name, kind)
    if "enum" in limits:
        limits["enum"] = [*limits["enum"], None]
    return limits


def _described(field: str) -> str:
    for node in get_args(WireEvent.__annotations__[field])[1:]:
        if isinstance(node, msgspec.Meta) and node.description:
            return node.description
    raise LookupError(f"{field} is not described")
