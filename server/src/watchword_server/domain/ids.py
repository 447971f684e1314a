"""Ids: 128 bits, time-ordered (UUIDv7, RFC 9562 section 5.7), written behind a prefix.

In the store an id is 16 raw bytes; on our own wire it is the prefix and 32 hex digits.
A vendor's face may render the same bits its own way.
"""

import itertools
from enum import StrEnum

from watchword_server.domain.errors import UNKNOWN_ID, Problem

_RANDOM_BYTES = 10
_HEX_DIGITS = 32
_HEX = "0123456789abcdef"


class Sequence:
    """Ids that must be unique and ordered but may be guessed: of rows, not of secrets.

    Args:
        random: six random bytes that tell this process from any other.
    """

    def __init__(self, random: bytes) -> None:
        self._process = random
        self._next = itertools.count(1).__next__  # atomic: threads share a sequence

    def make(self, now: int) -> bytes:
        """The next id, for the instant `now` (ms since 1970)."""
        number = self._next()
        high, low = number >> 14 & 0xFFF, number & 0x3FFF
        return (
            now.to_bytes(6, "big")
            + ((0x7000 | high) << 16 | 0x8000 | low).to_bytes(4, "big")
            + self._process
        )


class Prefix(StrEnum):
    """What an id names; the part before its underscore."""

    VERIFICATION = "ver"
    DELIVERY = "dlv"
    EVENT = "evt"
    API_KEY = "key"
    PROJECT = "prj"
    TEMPLATE = "tpl"
    WEBHOOK_ENDPOINT = "whk"
    PROVIDER = "prv"
    INCOMING = "inc"
    OPT_OUT = "opt"
    WORK = "wrk"
    REQUEST = "req"


def make(now: int, random: bytes) -> bytes:
    """A new id for the instant `now` (ms since 1970) from ten random bytes."""
    if len(random) != _RANDOM_BYTES:
        raise ValueError(f"an id takes {_RANDOM_BYTES} random bytes, not {len(random)}")
    tail = bytearray(random)
    tail[0] = 0x70 | (tail[0] & 0x0F)  # version 7
    tail[2] = 0x80 | (tail[2] & 0x3F)  # variant 10
    return now.to_bytes(6, "big") + tail


def made_at(raw: bytes) -> int:
    """The instant an id was made, ms since 1970."""
    return int.from_bytes(raw[:6], "big")


def text(prefix: Prefix, raw: bytes) -> str:
    """The id as it stands on the wire, e.g. `ver_0193…`."""
    return f"{prefix}_{raw.hex()}"


def parse(prefix: Prefix, wire: str) -> bytes:
    """The raw id behind `wire`.

    Raises:
        Problem: UNKNOWN_ID. A malformed id answers exactly as one that does not exist.
    """
    head, _, digits = wire.partition("_")
    if head == prefix and len(digits) == _HEX_DIGITS and not digits.strip(_HEX):
        return bytes.fromhex(digits)
    raise unknown(prefix)


def unknown(prefix: Prefix) -> Problem:
    """The refusal of an id that does not exist, or not for this caller: they look the same."""
    return Problem(UNKNOWN_ID, f"There is no such {NAMES[prefix]} in this project.")


NAMES: dict[Prefix, str] = {
    Prefix.VERIFICATION: "message",
    Prefix.DELIVERY: "delivery",
    Prefix.EVENT: "event",
    Prefix.API_KEY: "API key",
    Prefix.PROJECT: "project",
    Prefix.TEMPLATE: "template",
    Prefix.WEBHOOK_ENDPOINT: "webhook endpoint",
    Prefix.PROVIDER: "provider account",
    Prefix.INCOMING: "incoming message",
    Prefix.OPT_OUT: "opt-out",
    Prefix.WORK: "work item",
    Prefix.REQUEST: "request",
}
