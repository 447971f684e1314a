"""The `webhooks` of the OpenAPI document: one POST for each type of event."""

from typing import Any

from watchword_server.api import event_schemas
from watchword_server.domain.event_kinds import KINDS

Schema = dict[str, Any]

_OF_A_FILE = ("$schema", "$id")
_HEADERS = {
    "webhook-id": "The id of the event: the same each time it is posted.",
    "webhook-timestamp": "When it was posted, in seconds since 1970.",
    "webhook-signature": "`v1,` and the signature, once per secret that is valid.",
}


def webhooks() -> Schema:
    """Every type with what is posted to an endpoint of the dialect `standard`."""
    schemas = event_schemas.schemas()
    return {
        type.value: {"post": _posted(type.value, kind.said, schemas[f"{type}.json"])}
        for type, kind in KINDS.items()
    }


def _posted(type: str, said: str, schema: Schema) -> Schema:
    shape = {name: value for name, value in schema.items() if name not in _OF_A_FILE}
    return {
        "operationId": f"on.{type}",
        "tags": ["webhooks"],
        "summary": said,
        "description": "Posted to webhook endpoints that ask for it, signed as Standard Webhooks.",
        "security": [],
        "parameters": [
            {
                "name": name,
                "in": "header",
                "required": True,
                "description": about,
                "schema": {"type": "string"},
            }
            for name, about in _HEADERS.items()
        ],
        "requestBody": {"required": True, "content": {"application/json": {"schema": shape}}},
        "responses": {
            "2XX": {"description": "Taken; it is not posted again."},
            "410": {"description": "Nothing is posted to this endpoint any more."},
            "default": {"description": "Posted again later, with growing delays."},
        },
    }
