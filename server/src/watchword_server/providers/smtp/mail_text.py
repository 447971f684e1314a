"""Just enough of a mail's syntax to read bounces: headers, the parts of a report, fields.

Whatever the bytes are, reading them ends, after one pass: mail comes from anybody.  The library's
parser builds a tree as deep as its sender wants.
"""

import binascii
import quopri
import re
from base64 import b64decode
from collections.abc import Iterator

Fields = dict[str, str]
"""Header fields: names in lower case, of each the first, unfolded."""

_FOLD = re.compile(r"\n[ \t]+")
_FIELD = re.compile(r"([!-9;-~]{1,76})[ \t]*:[ \t]*(.*)")
_COMMENT = re.compile(r"\([^()]*\)")
_BOUNDARY = re.compile(r'boundary\s*=\s*(?:"([^"]{1,200})"|([^\s;"]{1,200}))', re.IGNORECASE)
_MAX_PARTS = 20


def lines(content: bytes) -> str:
    """As text with plain line ends; what is not ASCII is kept one for one."""
    return content.decode("latin-1").replace("\r\n", "\n").replace("\r", "\n")


def split(text: str) -> tuple[Fields, str]:
    """The header and the body; a first line such as `From ...` of a mailbox file is passed over."""
    if text.startswith(("From ", ">From ")):
        text = text.partition("\n")[2]
    text = text.lstrip("\n")
    head, _, body = text.partition("\n\n")
    return fields(head), body


def fields(block: str) -> Fields:
    """The fields of a block."""
    found: Fields = {}
    for line in _FOLD.sub(" ", block).split("\n"):
        if match := _FIELD.fullmatch(line):
            found.setdefault(match[1].lower(), match[2].strip())
    return found


def media_type(header: Fields) -> str:
    """The type without parameters, in lower case."""
    return header.get("content-type", "text/plain").partition(";")[0].strip().lower()


def parts(header: Fields, body: str) -> Iterator[tuple[Fields, str]]:
    """The parts of a multipart, one level deep; the first twenty."""
    match = _BOUNDARY.search(header.get("content-type", ""))
    if match is None:
        return
    mark = "\n--" + (match[1] or match[2])
    pieces = ("\n" + body).split(mark, _MAX_PARTS + 1)
    for piece in pieces[1 : _MAX_PARTS + 1]:
        if piece.startswith("--"):
            return
        within = piece.partition("\n")[2]
        # A part without a header begins with the empty line that would end it.
        yield ({}, within[1:]) if within.startswith("\n") else split(within)


def decoded(header: Fields, body: str) -> str:
    """The body of a part, out of its transfer encoding."""
    encoding = _COMMENT.sub("", header.get("content-transfer-encoding", "")).strip().lower()
    raw = body.encode("latin-1", "replace")
    if encoding == "quoted-printable":
        return lines(quopri.decodestring(raw))
    if encoding == "base64":
        try:
            return lines(b64decode(raw))
        except (binascii.Error, ValueError):
            return body
    return body
