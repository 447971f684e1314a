"""How many SMS a text costs: GSM-7 and UCS-2 segment arithmetic.

Sources: 3GPP TS 23.038 section 6.2.1 (GSM 7-bit default alphabet and its extension table, reached
by an escape that costs one more septet; UCS-2) and 3GPP TS 23.040 section 9.2.3.24.1 (a
concatenated message spends 6 octets of each segment's 140 on a header).
So a single message holds 160 septets or 70 UTF-16 units, a segment of a longer one 153 or 67.
An escape pair and a surrogate pair are never split over two segments (TS 23.040 says so for the
escape; split surrogates are shown as two boxes by many handsets).
"""

from enum import StrEnum

import msgspec

DEFAULT_ALPHABET: frozenset[str] = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ"
    " !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""The 127 characters of the GSM 7-bit default alphabet (its 128th position is the escape)."""

EXTENSION: frozenset[str] = frozenset("\f^{}\\[~]|€")
"""Characters of the default extension table: two septets each."""

_GSM7_COST: dict[str, int] = {**dict.fromkeys(DEFAULT_ALPHABET, 1), **dict.fromkeys(EXTENSION, 2)}


class Encoding(StrEnum):
    """The alphabet an SMS is sent in."""

    GSM7 = "gsm7"
    UCS2 = "ucs2"


SINGLE: dict[Encoding, int] = {Encoding.GSM7: 160, Encoding.UCS2: 70}
"""Units that fit a message of one segment."""

CONCATENATED: dict[Encoding, int] = {Encoding.GSM7: 153, Encoding.UCS2: 67}
"""Units that fit each segment of a longer message."""


class Segments(msgspec.Struct, frozen=True):
    """What a text costs: `units` are septets (gsm7) or UTF-16 units (ucs2)."""

    encoding: Encoding
    units: int
    segments: int
    per_segment: int


def count(text: str) -> Segments:
    """Segments needed for a text; an empty text still costs one."""
    cost = _GSM7_COST
    try:
        widths = [cost[character] for character in text]
        encoding = Encoding.GSM7
    except KeyError:
        widths = [2 if character > "\uffff" else 1 for character in text]
        encoding = Encoding.UCS2
    units = sum(widths)
    if units <= SINGLE[encoding]:
        return Segments(encoding, units, 1, SINGLE[encoding])
    room = CONCATENATED[encoding]
    return Segments(encoding, units, _packed(widths, room), room)


def _packed(widths: list[int], room: int) -> int:
    """Segments filled when no character may be split."""
    segments, used = 1, 0
    for width in widths:
        if used + width > room:
            segments, used = segments + 1, 0
        used += width
    return segments


def beyond_gsm7(text: str) -> tuple[str, ...]:
    """The characters that force UCS-2, each once, in order of appearance."""
    return tuple(dict.fromkeys(character for character in text if character not in _GSM7_COST))
