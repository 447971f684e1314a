"""What stands on the wire: SMPP 3.4 PDUs, encoded and decoded without I/O.

A stream is cut into frames by `Frames`, a frame is read by `decode`.  Whatever a peer sends
becomes a `Pdu` or one `Malformed`, and no more than one PDU of it is ever held.
"""

import struct
from collections.abc import Iterator
from enum import IntEnum

import msgspec

from watchword_server.domain.errors import WatchwordError

HEADER = struct.Struct(">IIII")  # section 3.2
MAX_PDU = 16 + 512 + 65_540  # the fields of a submit_sm and one message_payload of 64 KiB
MAX_SEQUENCE = 0x7FFF_FFFF  # section 3.2
RESPONSE = 0x8000_0000

MAX_SHORT_MESSAGE = 254  # section 5.2.22


class Command(IntEnum):
    """Section 5.1.2.1: the commands whose bodies are read here."""

    BIND_RECEIVER = 0x0000_0001
    BIND_TRANSMITTER = 0x0000_0002
    SUBMIT_SM = 0x0000_0004
    DELIVER_SM = 0x0000_0005
    UNBIND = 0x0000_0006
    BIND_TRANSCEIVER = 0x0000_0009
    ENQUIRE_LINK = 0x0000_0015
    GENERIC_NACK = 0x8000_0000
    BIND_RECEIVER_RESP = 0x8000_0001
    BIND_TRANSMITTER_RESP = 0x8000_0002
    SUBMIT_SM_RESP = 0x8000_0004
    DELIVER_SM_RESP = 0x8000_0005
    UNBIND_RESP = 0x8000_0006
    BIND_TRANSCEIVER_RESP = 0x8000_0009
    ENQUIRE_LINK_RESP = 0x8000_0015


class Tag(IntEnum):
    """Section 5.3.2: the optional parameters that mean something to us."""

    RECEIPTED_MESSAGE_ID = 0x001E
    SAR_MSG_REF_NUM = 0x020C
    SAR_TOTAL_SEGMENTS = 0x020E
    SAR_SEGMENT_SEQNUM = 0x020F
    SC_INTERFACE_VERSION = 0x0210
    NETWORK_ERROR_CODE = 0x0423
    MESSAGE_PAYLOAD = 0x0424
    MESSAGE_STATE = 0x0427


class Malformed(WatchwordError):
    """No PDU: its length, a field or an optional parameter is wrong.

    Attributes:
        status: the command_status that says so to the peer.
        command, sequence: of its header, if that could be read.
    """

    def __init__(self, what: str, status: int, command: int = 0, sequence: int = 0) -> None:
        super().__init__(what)
        self.status = status
        self.command = command
        self.sequence = sequence


Tlvs = tuple[tuple[int, bytes], ...]


class _Body(msgspec.Struct, frozen=True, kw_only=True):
    """A body cannot be printed: it holds a password, an address or a code."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    __str__ = __repr__

    def __rich_repr__(self) -> Iterator[str]:  # type: ignore[override]
        yield type(self).__name__


class Bind(_Body, frozen=True, kw_only=True):
    """bind_transceiver and its sisters (sections 4.1.1, 4.1.3, 4.1.5)."""

    system_id: str = ""
    password: str = ""
    system_type: str = ""
    interface_version: int = 0x34
    addr_ton: int = 0
    addr_npi: int = 0
    address_range: str = ""


class Bound(_Body, frozen=True, kw_only=True):
    """The answer to a bind (section 4.1.6)."""

    system_id: str = ""
    tlvs: Tlvs = ()


class Short(_Body, frozen=True, kw_only=True):
    """submit_sm and deliver_sm, which share their layout (sections 4.4.1 and 4.6.1)."""

    service_type: str = ""
    source_ton: int = 0
    source_npi: int = 0
    source: str = ""
    dest_ton: int = 0
    dest_npi: int = 0
    dest: str = ""
    esm_class: int = 0
    protocol_id: int = 0
    priority_flag: int = 0
    schedule_delivery_time: str = ""
    validity_period: str = ""
    registered_delivery: int = 0
    replace_if_present: int = 0
    data_coding: int = 0
    sm_default_msg_id: int = 0
    short_message: bytes = b""
    tlvs: Tlvs = ()

    def tlv(self, tag: Tag) -> bytes | None:
        """The first optional parameter of that tag."""
        return next((value for key, value in self.tlvs if key == tag), None)


class Taken(_Body, frozen=True, kw_only=True):
    """submit_sm_resp and deliver_sm_resp (sections 4.4.2 and 4.6.2)."""

    message_id: str = ""
    tlvs: Tlvs = ()


class Nothing(_Body, frozen=True, kw_only=True):
    """enquire_link, unbind, their answers and generic_nack have no body."""


class Unknown(_Body, frozen=True, kw_only=True):
    """A command that is not ours to read."""

    content: bytes = b""


Body = Bind | Bound | Short | Taken | Nothing | Unknown


class Pdu(msgspec.Struct, frozen=True, kw_only=True):
    """A protocol data unit; `command` may be one that `Command` does not name."""

    command: int
    sequence: int
    status: int = 0
    body: Body = Nothing()

    def __repr__(self) -> str:
        return f"<Pdu {self.command:#x} {self.status:#x} {self.sequence}>"

    __str__ = __repr__

    def __rich_repr__(self) -> Iterator[str]:  # type: ignore[override]
        yield repr(self)


# Each body's mandatory fields in order: a number is the size of a C-octet string with its NUL, as
# the sections above give it; 0 is one octet.
_TIME = 17  # section 7.1: empty or 16 characters
_FIELDS: dict[type[_Body], tuple[tuple[str, int], ...]] = {
    Bind: (
        ("system_id", 16), ("password", 9), ("system_type", 13), ("interface_version", 0),
        ("addr_ton", 0), ("addr_npi", 0), ("address_range", 41),
    ),
    Bound: (("system_id", 16),),
    Short: (
        ("service_type", 6), ("source_ton", 0), ("source_npi", 0), ("source", 21),
        ("dest_ton", 0), ("dest_npi", 0), ("dest", 21), ("esm_class", 0), ("protocol_id", 0),
        ("priority_flag", 0), ("schedule_delivery_time", _TIME), ("validity_period", _TIME),
        ("registered_delivery", 0), ("replace_if_present", 0), ("data_coding", 0),
        ("sm_default_msg_id", 0),
    ),
    Taken: (("message_id", 65),),
    Nothing: (),
}  # fmt: skip

_BODIES: dict[int, type[_Body]] = {
    Command.BIND_RECEIVER: Bind, Command.BIND_TRANSMITTER: Bind, Command.BIND_TRANSCEIVER: Bind,
    Command.BIND_RECEIVER_RESP: Bound, Command.BIND_TRANSMITTER_RESP: Bound,
    Command.BIND_TRANSCEIVER_RESP: Bound,
    Command.SUBMIT_SM: Short, Command.DELIVER_SM: Short,
    Command.SUBMIT_SM_RESP: Taken, Command.DELIVER_SM_RESP: Taken,
    Command.UNBIND: Nothing, Command.UNBIND_RESP: Nothing, Command.ENQUIRE_LINK: Nothing,
    Command.ENQUIRE_LINK_RESP: Nothing, Command.GENERIC_NACK: Nothing,
}  # fmt: skip

# Section 5.1.3: what is wrong with a PDU that cannot be read.
INVALID_MESSAGE_LENGTH = 0x01
INVALID_COMMAND_LENGTH = 0x02
INVALID_OPTIONAL_PART = 0xC0
INVALID_PARAMETER_LENGTH = 0xC2


def encode(pdu: Pdu) -> bytes:
    """The PDU as it is sent.

    Raises:
        Malformed: a field is longer than its section allows.
    """
    body = pdu.body
    if isinstance(body, Unknown):
        content = body.content
    elif pdu.status and body in (Taken(), Bound()):
        content = b""  # sections 4.1.2 and 4.4.2: an answer that refuses has no body
    else:
        content = b"".join(_written(pdu, name, size) for name, size in _FIELDS[type(body)])
        if isinstance(body, Short):
            if len(body.short_message) > MAX_SHORT_MESSAGE:
                raise Malformed("short_message is too long", INVALID_MESSAGE_LENGTH)
            content += bytes((len(body.short_message),)) + body.short_message
        for tag, value in getattr(body, "tlvs", ()):
            content += struct.pack(">HH", tag, len(value)) + value
    return HEADER.pack(16 + len(content), pdu.command, pdu.status, pdu.sequence) + content


def _written(pdu: Pdu, name: str, size: int) -> bytes:
    value = getattr(pdu.body, name)
    if not size:
        return bytes((value,))
    text: bytes = value.encode("latin-1", "replace")
    if len(text) >= size or b"\0" in text:
        raise Malformed(f"{name} is too long", INVALID_PARAMETER_LENGTH)
    return text + b"\0"


def decode(frame: bytes) -> Pdu:
    """A whole frame, read.

    Raises:
        Malformed: it does not hold what its command_id says.
    """
    if len(frame) < HEADER.size:
        raise Malformed("the header is cut off", INVALID_COMMAND_LENGTH)
    length, command, status, sequence = HEADER.unpack_from(frame)
    if length != len(frame):
        raise Malformed("command_length is wrong", INVALID_COMMAND_LENGTH, command, sequence)
    kind = _BODIES.get(command)
    if kind is None:
        body: Body = Unknown(content=frame[HEADER.size :])
    else:
        try:
            body = _read(kind, _Cursor(frame, HEADER.size), bool(status))
        except Malformed as error:
            raise Malformed(str(error), error.status, command, sequence) from None
    return Pdu(command=command, sequence=sequence, status=status, body=body)


def _read(kind: type[_Body], cursor: "_Cursor", refusing: bool) -> Body:
    if kind is Nothing or (cursor.is_at_end and refusing):
        return kind()  # type: ignore[return-value]
    values: dict[str, object] = {
        name: cursor.text(name, size) if size else cursor.octet(name)
        for name, size in _FIELDS[kind]
    }
    if kind is Short:
        values["short_message"] = cursor.take(cursor.octet("sm_length"), "short_message")
    if kind is not Bind:
        values["tlvs"] = tuple(cursor.tlvs())
    return kind(**values)  # type: ignore[return-value]


class _Cursor:
    """Where reading stands in a frame."""

    def __init__(self, frame: bytes, at: int) -> None:
        self._frame = frame
        self._at = at

    @property
    def is_at_end(self) -> bool:
        return self._at >= len(self._frame)

    def take(self, size: int, name: str) -> bytes:
        end = self._at + size
        if end > len(self._frame):
            raise Malformed(f"{name} is cut off", INVALID_COMMAND_LENGTH)
        taken, self._at = self._frame[self._at : end], end
        return taken

    def octet(self, name: str) -> int:
        return self.take(1, name)[0]

    def text(self, name: str, size: int) -> str:
        end = self._frame.find(b"\0", self._at, self._at + size)
        if end < 0:
            raise Malformed(f"{name} does not end", INVALID_PARAMETER_LENGTH)
        return self.take(end + 1 - self._at, name)[:-1].decode("latin-1")

    def tlvs(self) -> Iterator[tuple[int, bytes]]:
        while not self.is_at_end:
            if len(self._frame) - self._at < 4:
                raise Malformed("an optional parameter is cut off", INVALID_OPTIONAL_PART)
            tag, size = struct.unpack(">HH", self.take(4, "tag"))
            if self._at + size > len(self._frame):
                raise Malformed("an optional parameter is cut off", INVALID_OPTIONAL_PART)
            yield tag, self.take(size, "value")


class Frames:
    """Cuts a stream into frames, however its bytes arrive."""

    def __init__(self) -> None:
        self._held = bytearray()

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The frames that are complete now; to be used up before more is fed.

        Raises:
            Malformed: a length that no PDU has: where the next one begins is not known any more.
        """
        self._held += data
        start = 0
        try:
            while len(self._held) - start >= HEADER.size:
                length, command, _, sequence = HEADER.unpack_from(self._held, start)
                if not HEADER.size <= length <= MAX_PDU:
                    start = len(self._held)
                    raise Malformed(
                        "command_length is beyond reason", INVALID_COMMAND_LENGTH, command, sequence
                    )
                if len(self._held) - start < length:
                    break
                frame = bytes(self._held[start : start + length])
                start += length
                yield frame
        finally:
            del self._held[:start]

    @property
    def held(self) -> int:
        """Octets of a frame that is not complete yet."""
        return len(self._held)
