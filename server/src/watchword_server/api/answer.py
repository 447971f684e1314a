"""An answer before it is written to a connection, and the header fields that every answer has."""

import functools
from collections.abc import AsyncGenerator

import msgspec

from watchword_server.domain.limits import Standing

Header = tuple[bytes, bytes]

JSON = b"application/json"
PROBLEM = b"application/problem+json"
MARKDOWN = b"text/markdown; charset=utf-8"


class Answer(msgspec.Struct, frozen=True, gc=False):
    """A status, a body and what is special in its header; `pieces` is a body that goes on."""

    status: int
    body: bytes
    content_type: bytes = JSON
    headers: tuple[Header, ...] = ()
    pieces: AsyncGenerator[bytes, None] | None = None


def header(answer: Answer, request_id: bytes, standing: Standing | None) -> list[Header]:
    """All header fields of an answer."""
    fields = [
        (b"content-type", answer.content_type),
        (b"content-length", b"%d" % len(answer.body)),
        (b"cache-control", b"no-store"),
        (b"x-request-id", request_id),
    ]
    if standing is not None and standing.count:
        name, policy = _policy(standing.name, standing.count, standing.period_s)
        fields.append((b"ratelimit-policy", policy))
        fields.append(
            (b"ratelimit", b"%b;r=%d;t=%d" % (name, standing.remaining, standing.reset_s))
        )
    if answer.headers:
        fields.extend(answer.headers)
    return fields


@functools.lru_cache(maxsize=256)
def _policy(name: str, count: int, period_s: int) -> tuple[bytes, bytes]:
    """A limit's name and policy as structured fields (draft-ietf-httpapi-ratelimit-headers)."""
    quoted = b'"%b"' % name.encode("ascii")
    return quoted, b"%b;q=%d;w=%d" % (quoted, count, period_s)
