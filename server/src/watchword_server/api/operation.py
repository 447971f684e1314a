"""What an operation is: one row of the table that routing, validation and documentation share."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

from watchword_server.api.answer import JSON
from watchword_server.domain.errors import (
    BAD_FIELD,
    BAD_JSON,
    BODY_TOO_LARGE,
    FORBIDDEN,
    IDEMPOTENCY_KEY_REUSED,
    INTERNAL,
    KEY_INACTIVE,
    RATE_LIMITED,
    REQUEST_IN_FLIGHT,
    UNAUTHENTICATED,
    UNAVAILABLE,
    UNKNOWN_ID,
    WRONG_CONTENT_TYPE,
    WRONG_HOST,
    ErrorKind,
    Problem,
)
from watchword_server.domain.limits import Standing
from watchword_server.domain.project import Caller, Scope
from watchword_server.runtime import Services

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]

_ANY_CALL = (
    INTERNAL,
    UNAVAILABLE,
    UNAUTHENTICATED,
    KEY_INACTIVE,
    FORBIDDEN,
    RATE_LIMITED,
    WRONG_HOST,
)
_ANY_POST = (BAD_FIELD, REQUEST_IN_FLIGHT, IDEMPOTENCY_KEY_REUSED)
_ANY_BODY = (BAD_JSON, BODY_TOO_LARGE, WRONG_CONTENT_TYPE, BAD_FIELD)


class Call(msgspec.Struct):
    """One authenticated call on its way through the dispatcher.

    Attributes:
        path: the values in the path, by name.
        authorization: the header that proved the caller; empty for one of this process.
        standing: how the tightest limit stands after this call, for the RateLimit headers.
    """

    caller: Caller
    services: Services
    path: Mapping[str, str]
    client_ip: str
    request_id: str
    authorization: bytes = b""
    standing: Standing | None = None

    def __repr__(self) -> str:
        return f"<Call {self.request_id}>"

    def counted(self, standing: Standing) -> None:
        """Take note of another limit's standing, if none that is known has less left."""
        if self.standing is None or standing.remaining <= self.standing.remaining:
            self.standing = standing

    def refused(self, error: Exception) -> None:
        """Take note of the limit that a refusal speaks of."""
        if isinstance(error, Problem) and error.standing is not None:
            self.counted(error.standing)


class Everything(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The query of a list that has no parameters."""


Handler = Callable[[Call, Any, Any], Awaitable[Any]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Operation:
    """One call of the API.

    Attributes:
        id: the operationId, for SDKs and tools.
        scope: what the key must be allowed; None for any key.
        body: the type of the request body; None where there is none.
        body_optional: whether an empty body stands for the defaults.
        example: a request body that works.
        content_type: of the answer; a stream's handler gives the pieces of its body.
        errors: the kinds of this call, beyond those every call has.
        light: its handler awaits nothing but the store and the directory, so that it may run
            without a task: no timeout, no task group, no cancellation.
    """

    id: str
    method: Method
    path: str
    tag: str
    summary: str
    description: str
    scope: Scope | None
    answer: Any
    handler: Handler
    body: type[msgspec.Struct] | None = None
    body_optional: bool = False
    example: Mapping[str, Any] | None = None
    query: type[msgspec.Struct] | None = None
    status: int = 200
    content_type: bytes = JSON
    errors: tuple[ErrorKind, ...] = ()
    light: bool = False
    decoder: msgspec.json.Decoder[Any] | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Make the decoder of the body, once; a list without parameters refuses any."""
        decoder = None if self.body is None else msgspec.json.Decoder(self.body)
        object.__setattr__(self, "decoder", decoder)
        if self.query is None and self.id.startswith("list"):
            object.__setattr__(self, "query", Everything)

    @property
    def streams(self) -> bool:
        """Whether its answer goes on and on; a reader that comes back says `Last-Event-ID`."""
        return self.content_type is not JSON

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names in the path, in order."""
        return tuple(part[1:-1] for part in self.path.split("/") if part.startswith("{"))

    @property
    def all_errors(self) -> tuple[ErrorKind, ...]:
        """Every kind this call can answer, by status and code."""
        kinds = {kind.slug: kind for kind in (*_ANY_CALL, *self.errors)}
        if self.method == "POST":
            kinds.update((kind.slug, kind) for kind in _ANY_POST)
        if self.body is not None:
            kinds.update((kind.slug, kind) for kind in _ANY_BODY)
        if self.query is not None:
            kinds[BAD_FIELD.slug] = BAD_FIELD
        if self.parameters:
            kinds[UNKNOWN_ID.slug] = UNKNOWN_ID
        return tuple(sorted(kinds.values(), key=lambda kind: (kind.status, kind.code, kind.slug)))
