"""Every answer that is not a success: problem details (RFC 9457) with the field's own members."""

import re
from typing import Annotated

import msgspec
from msgspec import Meta

from watchword_server.api.answer import PROBLEM, Answer, Header
from watchword_server.api.operations import OPERATIONS
from watchword_server.domain.errors import (
    INTERNAL,
    UNAVAILABLE,
    WRONG_METHOD,
    ErrorKind,
    NextAction,
    Problem,
    StoreUnavailable,
)
from watchword_server.telemetry import count, get_logger

_log = get_logger("api")
_encode = msgspec.json.Encoder().encode
_CHALLENGES: tuple[Header, ...] = (
    (b"www-authenticate", b'Basic realm="watchword", charset="UTF-8"'),
    (b"www-authenticate", b'Bearer realm="watchword"'),
)
_UNAUTHORIZED = 401
_MOST_SEGMENTS = 8
_STORE_RETRY_S = 1
_PAGES = ("healthz", "readyz", "openapi.json", "docs", "errors", "callbacks")
_SEGMENTS = frozenset(word for one in OPERATIONS for word in one.path.split("/")).union(_PAGES)
_OUR_ID = re.compile(r"[a-z]{3}_[0-9a-f]{32}")


class ProblemDetails(msgspec.Struct, kw_only=True):
    """An error, in the one shape that every error has (RFC 9457)."""

    type: Annotated[
        str,
        Meta(
            description="The URI of the kind of error: its page.",
            extra_json_schema={"format": "uri"},
        ),
    ]
    title: Annotated[str, Meta(description="What kind of error it is.")]
    status: Annotated[int, Meta(description="The HTTP status.")]
    detail: Annotated[
        str,
        Meta(
            min_length=1,
            description="What is wrong this time, for a person; it repeats nothing of the request.",
        ),
    ]
    instance: Annotated[
        str,
        Meta(
            pattern="^/", description="The path of the request, with `*` for what may be private."
        ),
    ]
    code: Annotated[int, Meta(description="The number of the kind, after EngageLab's table.")]
    message: Annotated[str, Meta(description="The same as `title`.")]
    retryable: Annotated[bool, Meta(description="Whether the same request may succeed later.")]
    retry_after: Annotated[
        Annotated[int, Meta(ge=0)] | None,
        Meta(description="Seconds until it may; null where that is not known."),
    ]
    doc_url: Annotated[
        str, Meta(description="Its page as Markdown.", extra_json_schema={"format": "uri"})
    ]
    next_action: Annotated[NextAction, Meta(description="What a program should do about it.")]
    request_id: Annotated[
        str,
        Meta(min_length=1, max_length=64, description="The id of the request, for the operator."),
    ]


class Problems:
    """Makes answers of exceptions; knows under which URL the errors are documented."""

    def __init__(self, public_url: str) -> None:
        self._documents = f"{public_url}/docs/errors/"

    def answer(self, error: Exception, request_id: str, path: str) -> Answer:
        """The answer to a request that ended in an exception."""
        problem = self._problem(error, request_id)
        kind = problem.kind
        body = msgspec.to_builtins(self._details(problem, request_id, path))
        for name, value in problem.extra.items():
            body.setdefault(name, value)
        return Answer(kind.status, _encode(body), PROBLEM, _headers(problem))

    def _problem(self, error: Exception, request_id: str) -> Problem:
        if isinstance(error, Problem):
            return error
        if isinstance(error, StoreUnavailable):
            count("api.unavailable")
            return Problem(
                UNAVAILABLE,
                "The database did not take the change; nothing was done.",
                retry_after=_STORE_RETRY_S,
            )
        count("api.internal_errors")
        _log.error("a request failed unexpectedly", exc_info=error, request_id=request_id)
        return Problem(INTERNAL, "The server failed to answer; the operator's log says why.")

    def _details(self, problem: Problem, request_id: str, path: str) -> ProblemDetails:
        kind = problem.kind
        document = self.document(kind)
        return ProblemDetails(
            type=document,
            title=kind.title,
            status=kind.status,
            detail=problem.detail,
            instance=_instance(path),
            code=kind.code,
            message=kind.title,
            retryable=kind.retryable,
            retry_after=problem.retry_after,
            doc_url=f"{document}.md",
            next_action=kind.next_action,
            request_id=request_id,
        )

    def document(self, kind: ErrorKind) -> str:
        """The URI of a kind: its `type`, and without `.md` its documentation."""
        return self._documents + kind.slug


def _instance(path: str) -> str:
    """The path with only such segments as are our own words or ids.

    A caller who puts a code or an address there by mistake does not get it into an error, and
    through errors into logs.
    """
    segments = path.split("/")[:_MOST_SEGMENTS]
    shown = (one if one in _SEGMENTS or _OUR_ID.fullmatch(one) else "*" for one in segments)
    return "/".join(shown)


def _headers(problem: Problem) -> tuple[Header, ...]:
    headers: tuple[Header, ...] = ()
    if problem.retry_after is not None:
        headers += ((b"retry-after", b"%d" % problem.retry_after),)
    if problem.kind.status == _UNAUTHORIZED:
        headers += _CHALLENGES
    if problem.kind is WRONG_METHOD:
        headers += ((b"allow", str(problem.extra["allow"]).encode()),)
    return headers
