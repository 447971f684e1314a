"""An answer before it is written to a connection, and the header fields that every answer has."""

import functools
from collections.abc import AsyncGenerator

import msgspec

from watchword_server.domain.limits import Standing

Header = tuple[bytes, bytes]

JSON = b"application/json"
PROBLEM = b"application/problem+json"
MARKDOWN = b"text/markdown; charset=utf-8"
HTML = b"text/html; charset=utf-8"


class Answer(msgspec.Struct, frozen=True, gc=False):
    """A status, a body and what is special in its header; `pieces` is a body that goes on."""

    status: int
    body: bytes
    content_type: bytes = JSON
    headers: tuple[Header, ...] = ()
    pieces: AsyncGenerator[bytes, None] | None = None


def header(answer: Answer, request_id: bytes, standing: Standing | None) -> bytes:
    """All header fields of an answer, as they are written."""
    block = (
        b"content-type: %b\r\ncontent-length: %d\r\ncache-control: no-store\r\n"
        b"x-request-id: %b\r\n" % (answer.content_type, len(answer.body), request_id)
    )
    if standing is not None and standing.count:
        name, policy = _policy(standing.name, standing.count, standing.period_s)
        block += b"ratelimit-policy: %b\r\nratelimit: %b;r=%d;t=%d\r\n" % (
            policy, name, standing.remaining, standing.reset_s,
        )  # fmt: skip
    for field in answer.headers:
        block += b"%b: %b\r\n" % field
    return block


def fields(block: bytes) -> list[Header]:
    """The fields of a header one by one, as ASGI has them."""
    lines = [line.partition(b": ") for line in block.split(b"\r\n")[:-1]]
    return [(name, value) for name, _, value in lines]


@functools.lru_cache(maxsize=256)
def _policy(name: str, count: int, period_s: int) -> tuple[bytes, bytes]:
    """A limit's name and policy as structured fields (draft-ietf-httpapi-ratelimit-headers)."""
    quoted = b'"%b"' % name.encode("ascii")
    return quoted, b"%b;q=%d;w=%d" % (quoted, count, period_s)
