"""The single path of every call: permission, throughput, body, fields, handler, answer.

Both faces of the API, HTTP and the in-process one, end here; neither has a check of its own that
the other lacks.
"""

from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache
from typing import Protocol

import msgspec

from watchword_server.api.answer import JSON, Answer
from watchword_server.api.operation import Call, Operation
from watchword_server.domain import strangers
from watchword_server.domain.errors import FORBIDDEN, RATE_LIMITED, Problem
from watchword_server.domain.limits import Rate, Refusal, Standing, reset
from watchword_server.domain.violations import bad_json, problem_of

MAX_BODY = 65_536

REQUESTS = Rate("requests", 6_000, 60)
"""Requests let through per key, of any kind; a project's limits may say otherwise."""

_rate = lru_cache(1024)(Rate)
_encode = msgspec.json.Encoder().encode


Execution = Callable[[Operation, Call, bytes, object, object], Awaitable[Answer]]
"""What stands between a call that is clear and its handler: see `once.Once`."""


class Submission(Protocol):
    """What a caller submitted; it is read only after the caller's permission is clear."""

    async def body(self, *, optional: bool) -> bytes:
        """The bytes of the body, at most MAX_BODY.

        Raises:
            Problem: WRONG_CONTENT_TYPE, BODY_TOO_LARGE.
        """
        ...

    def header(self, name: bytes) -> bytes | None:
        """A field of the header, by its name in lower case."""
        ...

    def query(self) -> Mapping[str, str]:
        """The query's parameters.

        Raises:
            Problem: BAD_FIELD, for one that is there twice.
        """
        ...


async def handle(
    operation: Operation, call: Call, submission: Submission, execution: Execution | None = None
) -> Answer:
    """Answer a call.

    Args:
        execution: what calls the handler in place of this; it has the body as it came too.

    Raises:
        Problem: it is refused.
    """
    if operation.scope is not None and operation.scope not in call.caller.scopes:
        raise _forbidden(operation.scope.value)
    call.standing = _admitted(call)
    raw, body, query = b"", None, None
    if operation.decoder is not None:
        raw = await submission.body(optional=operation.body_optional)
        body = _decoded(operation, raw or b"{}" if operation.body_optional else raw)
    if operation.query is not None:
        values = submission.query()
        if operation.content_type is not JSON:
            values = _resumed(values, submission)
        query = _query(operation.query, values)
    if execution is not None:
        return await execution(operation, call, raw, body, query)
    answer = await operation.handler(call, body, query)
    if operation.content_type is not JSON:
        return Answer(operation.status, b"", operation.content_type, pieces=answer)
    return Answer(operation.status, _encode(answer))


def _admitted(call: Call) -> Standing:
    """Count the request against its key; what a call does is limited apart, by its service."""
    services, caller = call.services, call.caller
    custom = caller.limits.get(REQUESTS.name)
    rate = REQUESTS if custom is None else _rate(REQUESTS.name, *custom)
    now = services.clock.now()
    if caller.site:
        outcome = services.throughput.admit(strangers.counted(rate, caller), now)
    else:
        outcome = services.throughput.admit_one(rate, caller.api_key, now)
    if isinstance(outcome, Refusal):
        call.standing = Standing(rate.name, rate.count, rate.period_s, 0, outcome.retry_after_s)
        raise _rate_limited(outcome)
    return outcome


def _decoded(operation: Operation, raw: bytes) -> object:
    decoder = operation.decoder
    if decoder is None:
        return None
    try:
        return decoder.decode(raw)
    except msgspec.ValidationError as error:
        raise problem_of(error, operation.body, raw) from None
    except (ValueError, RecursionError):
        raise bad_json() from None


def _resumed(values: Mapping[str, str], submission: Submission) -> Mapping[str, str]:
    """What a reader that comes back says in its header, as the parameter that says the same."""
    last = submission.header(b"last-event-id")
    return values if last is None else {**values, "last_event_id": last.decode("latin-1")}


def _query(query: type[msgspec.Struct], values: Mapping[str, str]) -> msgspec.Struct:
    try:
        return msgspec.convert(values, query, strict=False)
    except msgspec.ValidationError as error:
        raise problem_of(error, query, None) from None


def _forbidden(scope: str) -> Problem:
    detail = (
        f"This key has not the scope {scope}; "
        f"make a key with it: watchword-server keys create --name my-app --scope {scope}."
    )
    return Problem(FORBIDDEN, detail, extra={"scope": scope})


def _rate_limited(refusal: Refusal) -> Problem:
    name, wait = refusal.name, refusal.retry_after_s
    detail = f"The limit `{name}` is met; it lets the next request pass in {wait} s."
    extra: dict[str, str | int] = {"limit": name, **reset(refusal)}
    return Problem(RATE_LIMITED, detail, retry_after=wait, extra=extra)
