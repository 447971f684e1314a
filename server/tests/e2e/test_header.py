"""A header that never ends fills no memory: the connection is closed."""

import socket
from urllib.parse import urlsplit

import pytest

from e2e.deployment import Server, Site
from watchword_server.api.protocol import MOST_HEADER_BYTES

LINES = b"x-a: " + b"a" * 1_000 + b"\r\n"
PATIENCE_S = 30


def takes(server: Server, size: int) -> int:
    """How much of an endless header the server reads before it hangs up; at most `size`."""
    address = urlsplit(server.url)
    sent = 0
    with socket.create_connection((address.hostname, address.port), PATIENCE_S) as client:
        try:
            client.sendall(b"GET /healthz HTTP/1.1\r\n")
            while sent < size:
                client.sendall(LINES)
                sent += len(LINES)
        except (BrokenPipeError, ConnectionResetError):
            return sent
        client.setblocking(False)
        try:
            return sent if client.recv(1) == b"" else size + 1
        except BlockingIOError:
            return size + 1


def an_endless_header_is_cut_off(server: Server) -> None:
    size = 400 * MOST_HEADER_BYTES  # far more than the kernel buffers on both sides
    assert takes(server, size) < size


def test_an_endless_header_is_cut_off(site: Site) -> None:
    an_endless_header_is_cut_off(site.serve())


def test_an_endless_header_mutant_is_caught(site: Site) -> None:
    with pytest.raises(AssertionError):
        an_endless_header_is_cut_off(site.serve("any_header"))
