"""The text of an SMS as octets: GSM 03.38 or UCS-2, in as many parts as it needs.

Sources: 3GPP TS 23.038 section 6.2.1 (the default alphabet and its extension table), 3GPP TS
23.040 section 9.2.3.24 (the user data header), SMPP 3.4 section 5.2.19 (data_coding).  An SMSC
takes the default alphabet unpacked, one septet per octet.  What fits is counted in
`domain.segments`; no part ends inside an escape pair or a surrogate pair.
"""

from collections.abc import Iterator
from enum import StrEnum

import msgspec

from watchword_server.domain import segments
from watchword_server.domain.segments import Encoding
from watchword_server.providers.smpp.pdu import Tag, Tlvs

ALPHABET = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ"
    " !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""Position is code; 0x1B is the escape to the extension table."""

ESCAPE = 0x1B
EXTENSION: dict[str, int] = {
    "\f": 0x0A, "^": 0x14, "{": 0x28, "}": 0x29, "\\": 0x2F, "[": 0x3C, "~": 0x3D, "]": 0x3E,
    "|": 0x40, "€": 0x65,
}  # fmt: skip

_ENCODED: dict[str, bytes] = {
    **{character: bytes((code,)) for code, character in enumerate(ALPHABET) if code != ESCAPE},
    **{character: bytes((ESCAPE, code)) for character, code in EXTENSION.items()},
}
_EXTENDED = {code: character for character, code in EXTENSION.items()}

# Section 5.2.19
DEFAULT, ASCII, LATIN_1, UCS_2 = 0, 1, 3, 8
_LATIN_1 = frozenset(chr(code) for code in range(256))
UDHI = 0x40  # esm_class, section 5.2.12: the message begins with a user data header
_MAX_PARTS = 255


class Long(StrEnum):
    """How a message of several parts is handed over."""

    UDH = "udh"
    UDH16 = "udh16"
    SAR = "sar"
    PAYLOAD = "payload"


# Octets of the header in each part of 140, whoever writes it: TS 23.040 sections 9.2.3.24.1 and
# 9.2.3.24.8.  An SMSC makes a header with 16 bits from sar_msg_ref_num, which has as many.
_HEADER: dict[Long, int] = {Long.UDH: 6, Long.UDH16: 7, Long.SAR: 7}


class Charset(msgspec.Struct, frozen=True):
    """What an SMSC understands.

    Attributes:
        default: what data_coding 0 means to it.
        plain: the data_coding of texts that need no UCS-2: 0, or 3 for Latin-1.
    """

    default: str = "gsm7"
    plain: int = DEFAULT


class Part(msgspec.Struct, frozen=True):
    """One submit_sm's worth of a message."""

    content: bytes
    data_coding: int
    esm_class: int = 0
    tlvs: Tlvs = ()

    def __repr__(self) -> str:
        return "<Part>"

    __str__ = __repr__


def parts(text: str, charset: Charset, long: Long, reference: int) -> list[Part]:
    """A text, ready to be submitted; `reference` ties its parts together (16 bits)."""
    coding = _coding(text, charset)
    is_ucs2 = coding == UCS_2
    fits = _units(text, is_ucs2) <= segments.SINGLE[Encoding.UCS2 if is_ucs2 else Encoding.GSM7]
    if fits:
        return [Part(encode(text, coding, charset), coding)]
    if long is Long.PAYLOAD:
        payload = encode(text, coding, charset)
        return [Part(b"", coding, tlvs=((Tag.MESSAGE_PAYLOAD, payload),))]
    octets = 140 - _HEADER[long]
    pieces = list(_split(text, is_ucs2, octets // 2 if is_ucs2 else octets * 8 // 7))[:_MAX_PARTS]
    return [
        _part(encode(piece, coding, charset), coding, long, (reference, len(pieces), number))
        for number, piece in enumerate(pieces, 1)
    ]


def _coding(text: str, charset: Charset) -> int:
    """Texts beyond the GSM alphabet go out in UCS-2; and those that Latin-1 cannot say."""
    in_gsm = segments.count(text).encoding is Encoding.GSM7
    as_latin = charset.plain == LATIN_1 or charset.default == "latin1"
    if not in_gsm or (as_latin and not _LATIN_1.issuperset(text)):
        return UCS_2
    return charset.plain


def _units(text: str, is_ucs2: bool) -> int:
    return sum(_width(character, is_ucs2) for character in text)


def _width(character: str, is_ucs2: bool) -> int:
    return 2 if (character > "\uffff" if is_ucs2 else character in EXTENSION) else 1


def _split(text: str, is_ucs2: bool, room: int) -> Iterator[str]:
    start = used = 0
    for at, character in enumerate(text):
        width = _width(character, is_ucs2)
        if used + width > room:
            yield text[start:at]
            start, used = at, 0
        used += width
    yield text[start:]


def _part(content: bytes, coding: int, long: Long, place: tuple[int, int, int]) -> Part:
    reference, total, number = place
    if long is Long.SAR:
        return Part(content, coding, tlvs=(
            (Tag.SAR_MSG_REF_NUM, (reference & 0xFFFF).to_bytes(2, "big")),
            (Tag.SAR_TOTAL_SEGMENTS, bytes((total,))),
            (Tag.SAR_SEGMENT_SEQNUM, bytes((number,))),
        ))  # fmt: skip
    if long is Long.UDH16:
        header = b"\x06\x08\x04" + (reference & 0xFFFF).to_bytes(2, "big")
    else:
        header = b"\x05\x00\x03" + bytes((reference & 0xFF,))
    return Part(header + bytes((total, number)) + content, coding, UDHI)


def encode(text: str, coding: int, charset: Charset) -> bytes:
    """The text's octets; what the alphabet lacks becomes a question mark."""
    if coding == UCS_2:
        return text.encode("utf-16-be", "replace")
    if coding != DEFAULT or charset.default == "latin1":
        return text.encode("latin-1", "replace")
    return b"".join(_ENCODED.get(character, b"?") for character in text)


def decode(content: bytes, coding: int, charset: Charset) -> str | None:
    """The text of octets that came in; None where they are no text that we can read."""
    if coding == UCS_2:
        return content.decode("utf-16-be", "replace")
    if coding in (ASCII, LATIN_1) or (coding == DEFAULT and charset.default == "latin1"):
        return content.decode("latin-1")
    if coding != DEFAULT:
        return None
    read: list[str] = []
    octets = iter(content)
    for code in octets:
        if code == ESCAPE:
            # TS 23.038: an unknown extension is shown as the character of the main table
            code = next(octets, ESCAPE)
            read.append(_EXTENDED.get(code) or _plain(code))
        else:
            read.append(_plain(code))
    return "".join(read)


def _plain(code: int) -> str:
    if code == ESCAPE:
        return " "
    return ALPHABET[code] if code < len(ALPHABET) else "\ufffd"


def without_header(content: bytes) -> bytes:
    """What follows a user data header; empty where the header is all there is, or a lie."""
    return content[1 + content[0] :] if content else b""
