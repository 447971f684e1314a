"""The short way reads what the ordinary parser reads."""

from typing import Any

import httptools
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from watchword_server.api.direct import Head, read

PLAIN = b"POST /v1/messages HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 2\r\n\r\n"


class Parsed:
    """What httptools makes of a head."""

    def __init__(self, head: bytes) -> None:
        self.url, self.headers, self.done = b"", [], False
        self.parser = httptools.HttpRequestParser(self)
        self.parser.feed_data(head)

    def on_url(self, url: bytes) -> None:
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        self.done = True


def as_the_parser_does(head: bytes, understood: Any = read) -> None:
    """Whatever is read the short way, the ordinary parser reads the same."""
    mine: Head | None = understood(head)
    if mine is None:
        return
    parsed = Parsed(head)
    url = httptools.parse_url(parsed.url)
    assert parsed.done
    assert parsed.parser.get_method().decode() == mine.method
    assert (url.path.decode(), url.query or b"") == (mine.path, mine.query)
    assert dict(parsed.headers) == mine.headers
    assert len(parsed.headers) == len(mine.headers)
    assert int(mine.headers.get(b"content-length", 0)) == mine.length
    assert b"transfer-encoding" not in mine.headers
    assert parsed.parser.should_keep_alive()


odd = st.sampled_from([
    b"\r\n", b"\n", b"\r", b":", b" ", b"\t", b"\x00", b"%41", b"#", b"?", b"//", b"\xff", b",",
    b"a", b"0", b"host", b"Content-Length", b"content-length: 2", b"transfer-encoding: chunked",
    b"connection: close", b"Connection: keep-alive", b"upgrade: h2c", b"expect: 100-continue",
    b" folded", b"x-a: b", b"HTTP/1.0", b"HTTP/1.1", b"GET", b"POST", b"CONNECT",
])  # fmt: skip


@st.composite
def heads(draw: st.DrawFn) -> bytes:
    """A plain head into which something odd was put, or several things."""
    head = PLAIN
    for _ in range(draw(st.integers(0, 3))):
        place = draw(st.integers(0, len(head)))
        cut = draw(st.integers(0, 12))
        head = head[:place] + draw(odd) + head[place + cut :]
    return head


@given(heads())
@example(PLAIN)
@example(PLAIN.replace(b"/v1/messages", b"/v1/messages?a=b"))
@example(PLAIN.replace(b"127.0.0.1", b"127.0.0.1 "))
@example(PLAIN.replace(b"length: 2", b"length: 2\t"))
@example(PLAIN.replace(b"host", b"proxy-connection: close\r\nhost"))
def test_a_head_is_read_as_the_ordinary_parser_reads_it(head: bytes) -> None:
    as_the_parser_does(head)


LENIENT = {
    "a field twice": (
        PLAIN.replace(b"host", b"content-length: 3\r\nhost"),
        lambda head: Head("POST", "/v1/messages", b"", {b"content-length": b"2"}, 2),
    ),
    "an encoded path": (
        PLAIN.replace(b"messages", b"mess#ages"),
        lambda head: Head("POST", "/v1/mess#ages", b"", {}, 2),
    ),
    "a connection that closes": (
        PLAIN.replace(b"host", b"connection: close\r\nhost"),
        lambda head: Head("POST", "/v1/messages", b"", dict(Parsed(head).headers), 2),
    ),
}


@pytest.mark.parametrize("what", LENIENT)
def test_a_head_is_read_as_the_ordinary_parser_does_mutant_is_caught(what: str) -> None:
    head, lenient = LENIENT[what]
    assert read(head) is None
    with pytest.raises((AssertionError, httptools.HttpParserError)):
        as_the_parser_does(head, lenient)


@pytest.mark.parametrize(
    "field",
    [
        b"transfer-encoding: chunked", b"Transfer-Encoding : chunked", b"content-length: 2",
        b"content-length: +2", b"expect: 100-continue", b"upgrade: websocket", b"te: trailers",
        b"connection: close", b" folded: yes", b"x\x00: y", b"x: a\x0bb", b"no colon", b": empty",
        b"content-length: 000000002", b"x: blank ", b"x: tab\t", b"proxy-connection: close",
        b"\r\n".join(b"x-%d: y" % number for number in range(64)),
    ],
)  # fmt: skip
def test_what_is_not_plain_goes_the_ordinary_way(field: bytes) -> None:
    assert read(PLAIN) is not None
    assert read(PLAIN.replace(b"host", field + b"\r\nhost")) is None
