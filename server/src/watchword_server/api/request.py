"""A request as ASGI gives it: its header, and its body once somebody may send one."""

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from typing import Any
from urllib.parse import parse_qsl

from watchword_server.api.dispatch import MAX_BODY
from watchword_server.domain.errors import (
    BODY_TOO_LARGE,
    WRONG_CONTENT_TYPE,
    Problem,
    bad_field,
)

ConnectionScope = MutableMapping[str, Any]
Event = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]
Asgi = Callable[[ConnectionScope, Receive, Send], Awaitable[None]]
Headers = Mapping[bytes, bytes]

_JSON = frozenset({b"application/json", b"application/json; charset=utf-8"})
_MEDIA_TYPE = re.compile(
    rb'[ \t]*application/json[ \t]*(?:;[ \t]*charset="?utf-?8"?[ \t]*)?', re.IGNORECASE
)
_LISTS = frozenset({b"x-forwarded-for", b"forwarded"})
_SINGLE = frozenset({b"host", b"authorization", b"content-type", b"content-length"})
_AMBIGUOUS = b"\x00"
_MOST_PARAMETERS = 20


class Disconnected(Exception):
    """The client went away while it was sending; nobody is there to be answered."""


def joined(pairs: Iterable[tuple[bytes, bytes]]) -> Headers:
    """The header where a field is there twice.

    Lists are joined; any other field twice is ambiguous, so it becomes a value nothing accepts.
    """
    headers: dict[bytes, bytes] = {}
    for name, value in pairs:
        if name not in headers:
            headers[name] = value
        elif name in _LISTS:
            headers[name] += b"," + value
        elif headers[name] != value or name in _SINGLE:
            headers[name] = _AMBIGUOUS
    return headers


class HttpSubmission:
    """What a caller submitted over HTTP.

    Args:
        receive: brings the body in pieces.
        whole: the body, where it is here already; then `receive` is not called.
    """

    __slots__ = ("_headers", "_query", "_receive", "_whole")

    def __init__(
        self, headers: Headers, query: bytes, receive: Receive, whole: bytes | None = None
    ) -> None:
        self._headers = headers
        self._query = query
        self._receive = receive
        self._whole = whole

    async def body(self, *, optional: bool) -> bytes:
        """See `dispatch.Submission.body`."""
        declared = self._headers.get(b"content-type")
        fits = declared in _JSON or (
            declared is not None and _MEDIA_TYPE.fullmatch(declared) is not None
        )
        if not fits and not optional:
            raise _wrong_content_type()
        raw = await self.raw()
        if raw and not fits:
            raise _wrong_content_type()
        return raw

    async def _received(self) -> bytes:
        """The pieces as one; what is beyond MAX_BODY may be cut off."""
        chunks: list[bytes] = []
        size = 0
        more = True
        while more and size <= MAX_BODY:
            event = await self._receive()
            if event["type"] != "http.request":
                raise Disconnected
            chunk = event.get("body", b"")
            size += len(chunk)
            chunks.append(chunk)
            more = event.get("more_body", False)
        return b"".join(chunks)

    async def raw(self) -> bytes:
        """The body, whatever its type, at most MAX_BODY.

        Raises:
            Problem: BODY_TOO_LARGE.
        """
        self._check_length()
        raw = await self._received() if self._whole is None else self._whole
        if len(raw) > MAX_BODY:
            raise _too_large()
        return raw

    def raw_query(self) -> bytes:
        """The query as it was written."""
        return self._query

    def _check_length(self) -> None:
        length = self._headers.get(b"content-length")
        if length is not None and (not length.isdigit() or int(length) > MAX_BODY):
            raise _too_large()

    def header(self, name: bytes) -> bytes | None:
        """See `dispatch.Submission.header`."""
        return self._headers.get(name)

    def query(self) -> Mapping[str, str]:
        """See `dispatch.Submission.query`."""
        try:
            pairs = parse_qsl(
                self._query.decode("ascii"),
                keep_blank_values=True,
                errors="strict",
                max_num_fields=_MOST_PARAMETERS,
            )
        except ValueError:
            raise bad_field("query", "encoding", "The query could not be read.") from None
        values = dict(pairs)
        if len(values) != len(pairs):
            names = [name for name, _ in pairs]
            twice = next(name for name in values if names.count(name) > 1)
            raise bad_field(_shown(twice), "duplicate", f"`{_shown(twice)}` is there twice.")
        return values


def _shown(name: str) -> str:
    """A parameter's name if it is plain enough to be one."""
    return name if re.fullmatch(r"[A-Za-z_]{1,40}", name) else "query"


def _wrong_content_type() -> Problem:
    return Problem(WRONG_CONTENT_TYPE, "The body must be declared as application/json.")


def _too_large() -> Problem:
    return Problem(BODY_TOO_LARGE, f"The body has more than {MAX_BODY:,} bytes.")
