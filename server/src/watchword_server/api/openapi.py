"""The OpenAPI 3.1 document, made from the table of operations and nothing else."""

from collections.abc import Mapping
from typing import Any

import msgspec

from watchword_server import __version__
from watchword_server.api import error_pages, event_schemas
from watchword_server.api.examples import example_of
from watchword_server.api.fields import END
from watchword_server.api.once import LONGEST
from watchword_server.api.operation import Operation
from watchword_server.api.operations import OPERATIONS, TAGS
from watchword_server.api.problems import ProblemDetails
from watchword_server.api.resources.route_bodies import (
    ONE_OF,
    ONE_OF_OR_SAVED,
    CheckRoute,
    PutRoute,
)
from watchword_server.api.resources.send_bodies import TEMPLATE_OR_SHORTHAND, SendCode, SendMessage
from watchword_server.api.resources.template_bodies import (
    STRATEGY_OR_ROUTE,
    CreateTemplate,
    ReplaceTemplate,
)
from watchword_server.api.webhook_calls import webhooks
from watchword_server.domain.errors import KINDS, ErrorKind
from watchword_server.domain.event_kinds import FIELDS

Schema = dict[str, Any]

_REF = "#/components/schemas/{name}"
_EVENT_DATA = ("Data", "WireData")
_STAND_FOR_ONE_ANOTHER: Mapping[type, Schema] = {
    SendMessage: TEMPLATE_OR_SHORTHAND,
    SendCode: TEMPLATE_OR_SHORTHAND,
    CreateTemplate: STRATEGY_OR_ROUTE,
    ReplaceTemplate: STRATEGY_OR_ROUTE,
    PutRoute: ONE_OF,
    CheckRoute: ONE_OF_OR_SAVED,
}
"""What the types of these bodies cannot say."""
_ABOUT = (
    "Send a one-time code by SMS, WhatsApp, email or voice and check what the person typed, on "
    "your own machine. No answer contains a code, except in the inbox of a project that is not "
    "live. Every error has the same shape (RFC 9457); `next_action` says what to do about it. "
)
_HEADERS: Schema = {
    "XRequestId": {
        "description": "The id of this request: yours, if you sent one, else a new one.",
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9._-]{16,64}$"},
    },
    "RateLimit": {
        "description": "The tightest limit: `r` requests are left, `t` seconds until all are, or "
        "after a refusal until the next may pass (draft-ietf-httpapi-ratelimit-headers).",
        "schema": {"type": "string"},
        "example": '"requests";r=99;t=1',
    },
    "RateLimitPolicy": {
        "description": "That limit: `q` requests in `w` seconds.",
        "schema": {"type": "string"},
        "example": '"requests";q=100;w=60',
    },
    "IdempotencyReplayed": {
        "description": "There, and `true`, where this is the answer that an equal request with "
        "the same `Idempotency-Key` got: a header that every POST takes.",
        "schema": {"type": "string", "const": "true"},
    },
    "RetryAfter": {
        "description": "Seconds to wait before the next try.",
        "schema": {"type": "integer", "minimum": 0},
    },
    "WwwAuthenticate": {
        "description": "The schemes that are accepted.",
        "schema": {"type": "string"},
    },
}
_REQUEST_ID: Schema = {
    "name": "X-Request-Id",
    "in": "header",
    "required": False,
    "description": "Your own id for this request. Any other text is replaced by a new id.",
    "schema": {"type": "string"},
    "example": "checkout-7f3a",
}
_LAST_EVENT_ID: Schema = {
    "name": "Last-Event-ID",
    "in": "header",
    "required": False,
    "description": "Begin after this event: what a reader of server-sent events says when it "
    "comes back.",
    "schema": {"type": "string", "pattern": "^evt_[0-9a-f]{32}$"},
    "example": "evt_0193f2c1a7b470008000000000000007",
}
_IDEMPOTENCY_KEY: Schema = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Your own key for this request. Of equal requests with one key, one is "
    "executed in 24 hours, and each gets its answer. Bare, or a string in quotes "
    "(draft-ietf-httpapi-idempotency-key-header).",
    "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST, "pattern": "^[ -~]+$"},
}
_UNAUTHORIZED, _TOO_MANY, _UNAVAILABLE = 401, 429, 503


def document(public_url: str) -> Schema:
    """The whole document for a server at `public_url`."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Watchword",
            "version": __version__,
            "description": _ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": public_url, "description": "This server"}],
        "security": [{"basic": []}, {"bearer": []}],
        "tags": [{"name": name, "description": said} for name, said in TAGS.items()],
        "paths": _paths(),
        "webhooks": webhooks(),
        "components": {
            "schemas": _schemas(),
            "responses": _shared_responses(),
            "headers": _HEADERS,
            "examples": {kind.slug: _problem(kind, public_url) for kind in KINDS},
            "parameters": {
                "LastEventId": _LAST_EVENT_ID,
                "XRequestId": _REQUEST_ID,
                "IdempotencyKey": _IDEMPOTENCY_KEY,
            },
            "securitySchemes": {
                "basic": {
                    "type": "http",
                    "scheme": "basic",
                    "description": "The user is `dev_key`, the password `dev_secret`. Where the "
                    "sandbox is on, `watchword_sandbox_demo:watchword_sandbox_secret` needs no "
                    "signing up.",
                },
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "`<dev_key>.<dev_secret>`",
                },
            },
        },
    }


def errors() -> list[Schema]:
    """The table of errors as data."""
    return error_pages.table()


def _paths() -> Schema:
    paths: Schema = {}
    for operation in sorted(OPERATIONS, key=lambda operation: operation.path):
        item = paths.setdefault(operation.path, {})
        item[operation.method.lower()] = _operation(operation)
    return paths


def _operation(operation: Operation) -> Schema:
    scope = f" Needs the scope `{operation.scope}`." if operation.scope else ""
    described: Schema = {
        "operationId": operation.id,
        "tags": [operation.tag],
        "summary": operation.summary,
        "description": operation.description + scope,
        "parameters": [*_path_parameters(operation), *_query(operation), *_headers_of(operation)],
        "responses": _responses(operation),
    }
    if operation.scope is not None:
        described["x-scope"] = operation.scope.value
    if operation.body is not None:
        described["requestBody"] = {
            "required": not operation.body_optional,
            "content": {
                "application/json": {
                    "schema": _schema_of(operation.body),
                    "example": operation.example,
                }
            },
        }
    return described


def _headers_of(operation: Operation) -> list[Schema]:
    names = ["IdempotencyKey"] if operation.method == "POST" else []
    names += ["LastEventId"] if operation.streams else []
    return [_ref(name) for name in (*names, "XRequestId")]


def _ref(parameter: str) -> Schema:
    return {"$ref": f"#/components/parameters/{parameter}"}


def _path_parameters(operation: Operation) -> list[Schema]:
    said = {
        "message_id": ("The id of a verification.", "ver_0193f2c1a7b47c3e9d5a1b2c3d4e5f60"),
        "template_id": ("The id of a template.", "otp-sms"),
        "route_id": ("The id of a saved route.", "log-in"),
        "dev_key": ("The public half of a key.", "key_0193f2c1a7b47c3e9d5a1b2c3d4e5f60"),
        "event_id": ("The id of an event.", "evt_0193f2c1a7b470008000000000000007"),
        "project_id": ("The id of a project.", "prj_0193f2c1a7b47c3e9d5a1b2c3d4e5f60"),
        "endpoint_id": ("The id of a webhook endpoint.", "whk_0193f2c1a7b47c3e9d5a1b2c3d4e5f60"),
        "provider_id": ("The id of a provider account.", "prv_0193f2c1a7b47c3e9d5a1b2c3d4e5f60"),
    }
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": said[name][0],
            "schema": {"type": "string", "minLength": 1, "maxLength": 128},
            "example": said[name][1],
        }
        for name in operation.parameters
    ]


def _query(operation: Operation) -> list[Schema]:
    if operation.query is None:
        return []
    _, components = msgspec.json.schema_components([operation.query], ref_template=_REF)
    fields = _tidy(components[operation.query.__name__])
    parameters = []
    for name, schema in fields["properties"].items():
        parameter: Schema = {
            "name": name,
            "in": "query",
            "required": name in fields.get("required", ()),
            "description": schema.pop("description", ""),
        }
        examples = schema.pop("examples", None)
        parameter["schema"] = schema
        if examples and name != "cursor":
            parameter["example"] = examples[0]
        parameters.append(parameter)
    return parameters


def _responses(operation: Operation) -> Schema:
    responses: Schema = {
        str(operation.status): {
            "description": "Done.",
            "headers": _response_headers(*_EVERY_ANSWER, *_POSTED.get(operation.method, ())),
            "content": _content(operation),
        }
    }
    for status, kinds in _refusals(operation).items():
        reference = f"#/components/responses/{_refusal_name(kinds)}"
        responses[str(status)] = {"$ref": reference}
    return responses


def _content(operation: Operation) -> Schema:
    schema, example = _schema_of(operation.answer), example_of(operation.answer)
    if not operation.streams:
        return {"application/json": {"schema": schema, "example": example}}
    data = msgspec.json.encode(example).decode()
    text = f"id: {example['id']}\nevent: {example['type']}\ndata: {data}\n\n"
    said = "Server-sent events; `data` of each is the JSON that `x-data` describes."
    body = {"type": "string", "description": said, "x-data": schema}
    return {operation.content_type.decode(): {"schema": body, "example": text}}


def _refusals(operation: Operation) -> dict[int, tuple[ErrorKind, ...]]:
    """The kinds an operation can be refused with, by status."""
    kinds = operation.all_errors
    return {
        status: tuple(kind for kind in kinds if kind.status == status)
        for status in sorted({kind.status for kind in kinds})
    }


def _refusal_name(kinds: tuple[ErrorKind, ...]) -> str:
    return ".".join((str(kinds[0].status), *(kind.slug for kind in kinds)))


def _shared_responses() -> Schema:
    found = {kinds for operation in OPERATIONS for kinds in _refusals(operation).values()}
    return {_refusal_name(kinds): _refusal(kinds) for kinds in sorted(found, key=_refusal_name)}


def _refusal(kinds: tuple[ErrorKind, ...]) -> Schema:
    status = kinds[0].status
    headers = [*_EVERY_ANSWER, *_POSTED["POST"]]
    if status in (_TOO_MANY, _UNAVAILABLE):
        headers.append("RetryAfter")
    if status == _UNAUTHORIZED:
        headers.append("WwwAuthenticate")
    return {
        "description": " ".join(f"{kind.title} (code {kind.code})." for kind in kinds),
        "headers": _response_headers(*headers),
        "content": {
            "application/problem+json": {
                "schema": {"$ref": _REF.format(name="Problem")},
                "examples": {
                    kind.slug: {"$ref": f"#/components/examples/{kind.slug}"} for kind in kinds
                },
            }
        },
    }


_EVERY_ANSWER = ("XRequestId", "RateLimit", "RateLimitPolicy")
_POSTED = {"POST": ("IdempotencyReplayed",)}
_ON_THE_WIRE = {
    "IdempotencyReplayed": "Idempotency-Replayed",
    "XRequestId": "X-Request-Id",
    "RateLimit": "RateLimit",
    "RateLimitPolicy": "RateLimit-Policy",
    "RetryAfter": "Retry-After",
    "WwwAuthenticate": "WWW-Authenticate",
}


def _response_headers(*names: str) -> Schema:
    return {_ON_THE_WIRE[name]: {"$ref": f"#/components/headers/{name}"} for name in sorted(names)}


def _problem(kind: ErrorKind, public_url: str) -> Schema:
    waits = kind.status in (_TOO_MANY, _UNAVAILABLE)
    document = f"{public_url}/docs/errors/{kind.slug}"
    return {
        "summary": kind.title,
        "value": {
            "type": document,
            "title": kind.title,
            "status": kind.status,
            "detail": f"{kind.title}.",
            "instance": "/v1/messages",
            "code": kind.code,
            "message": kind.title,
            "retryable": kind.retryable,
            "retry_after": 30 if waits else None,
            "doc_url": f"{document}.md",
            "next_action": kind.next_action.value,
            "request_id": "req_9f2c4e6a81b3d5f70000000000000001",
        },
    }


def _schemas() -> Schema:
    types = [each.answer for each in OPERATIONS]
    types += [each.body for each in OPERATIONS if each.body is not None]
    types += [each.query for each in OPERATIONS if each.query is not None]
    _, components = msgspec.json.schema_components([*types, ProblemDetails], ref_template=_REF)
    queries = {each.query.__name__ for each in OPERATIONS if each.query is not None}
    schemas = {name: _tidy(schema) for name, schema in components.items() if name not in queries}
    for body, more in _STAND_FOR_ONE_ANOTHER.items():
        schemas[body.__name__].update(more)
    for name in _EVENT_DATA:
        for field, schema in schemas[name]["properties"].items():
            schema |= {"description": FIELDS[field], **event_schemas.limits_of(field)}
    schemas["Problem"] = _problem_schema(schemas.pop("ProblemDetails"))
    return dict(sorted(schemas.items()))


def _problem_schema(schema: Schema) -> Schema:
    """The shape of errors with the closed lists that the table of errors holds."""
    schema["title"] = "Problem"
    fields = schema["properties"]
    fields["code"]["enum"] = sorted({kind.code for kind in KINDS})
    fields["status"]["enum"] = sorted({kind.status for kind in KINDS})
    fields["title"]["enum"] = fields["message"]["enum"] = sorted({kind.title for kind in KINDS})
    return schema


def _schema_of(kind: Any) -> Schema:
    (schema,), _ = msgspec.json.schema_components([kind], ref_template=_REF)
    return schema


def _tidy(schema: Any) -> Any:
    """A schema as OpenAPI readers like it.

    The description of an optional field stands on the field instead of on its one real
    alternative, enums say that they are strings, and patterns are written without Python's end.
    """
    if isinstance(schema, list):
        return [_tidy(each) for each in schema]
    if not isinstance(schema, Mapping):
        return schema
    tidy = {name: _tidy(value) for name, value in schema.items()}
    if "enum" in tidy and "type" not in tidy:
        tidy["type"] = "string"
    if isinstance(tidy.get("pattern"), str):
        tidy["pattern"] = tidy["pattern"].replace(END, "$")
    real = [each for each in tidy.get("anyOf", ()) if each != {"type": "null"}]
    if len(real) == 1:
        for name in ("description", "examples"):
            if name in real[0] and name not in tidy:
                tidy[name] = real[0].pop(name)
    return tidy
