"""One connection to an SMSC as a state machine: bytes and time in, bytes and events out.

Section 2.2 has the states.  Who owns a `Link` writes `take()` to the socket after every call, and
calls `tick` no later than `due` says.
"""

from enum import StrEnum

import msgspec

from watchword_server.providers.smpp.pdu import (
    MAX_SEQUENCE,
    RESPONSE,
    Bind,
    Body,
    Command,
    Frames,
    Malformed,
    Nothing,
    Pdu,
    Short,
    Taken,
    decode,
    encode,
)
from watchword_server.providers.smpp.status import Status

_BINDS = frozenset({Command.BIND_TRANSCEIVER, Command.BIND_TRANSMITTER})


class State(StrEnum):
    """Where a connection stands."""

    BINDING = "binding"
    BOUND = "bound"
    UNBINDING = "unbinding"
    CLOSED = "closed"


class Bound(msgspec.Struct, frozen=True):
    """The SMSC let us in."""


class Refused(msgspec.Struct, frozen=True):
    """The SMSC did not let us in."""

    status: int


class Answered(msgspec.Struct, frozen=True):
    """The SMSC answered a request of ours; the answer is None where it could not be read."""

    sequence: int
    pdu: Pdu | None


class Unanswered(msgspec.Struct, frozen=True):
    """The time for an answer is over."""

    sequence: int


class Came(msgspec.Struct, frozen=True):
    """A deliver_sm, to be answered by `settle`."""

    sequence: int
    short: Short

    def __repr__(self) -> str:
        return f"<Came {self.sequence}>"


class Ended(msgspec.Struct, frozen=True):
    """Nothing more will come of this connection."""

    why: str


Event = Bound | Refused | Answered | Unanswered | Came | Ended


class Link:
    """The ESME's side of one connection; times are ms of any clock that does not run back."""

    def __init__(
        self, bind: Bind, now: int, *, command: Command = Command.BIND_TRANSCEIVER,
        enquire_ms: int = 30_000, timeout_ms: int = 8_000,
    ) -> None:  # fmt: skip
        self.state = State.BINDING
        self._enquire_ms = enquire_ms
        self._timeout_ms = timeout_ms
        self._frames = Frames()
        self._out = bytearray()
        self._sequence = 0
        self._waiting: dict[int, tuple[int, Command]] = {}  # sequence: until when, for what
        self._heard = now
        self._request(command, bind, now)

    def __repr__(self) -> str:
        return f"<Link {self.state}>"

    # ---- what goes out ------------------------------------------------------------------------

    def take(self) -> bytes:
        """What is to be written now; each octet is given once."""
        out, self._out = bytes(self._out), bytearray()
        return out

    def submit(self, short: Short, now: int) -> int:
        """Ask the SMSC to take a message; the sequence_number its answer will have."""
        if self.state is not State.BOUND:
            raise ValueError("the link is not bound")
        return self._request(Command.SUBMIT_SM, short, now)

    def enquire(self, now: int) -> int:
        """Ask whether the SMSC is still there."""
        return self._request(Command.ENQUIRE_LINK, Nothing(), now)

    def settle(self, sequence: int, status: Status) -> None:
        """Answer a deliver_sm; its message_id is unused (section 4.6.2)."""
        if self.state is not State.CLOSED:
            self._say(Command.DELIVER_SM_RESP, Taken(), sequence, status)

    def unbind(self, now: int) -> None:
        """Say goodbye; the SMSC's answer ends the connection."""
        if self.state is State.BOUND:
            self.state = State.UNBINDING
            self._request(Command.UNBIND, Nothing(), now)

    def _request(self, command: Command, body: Body, now: int) -> int:
        self._sequence = self._sequence % MAX_SEQUENCE + 1
        self._say(command, body, self._sequence)
        self._waiting[self._sequence] = (now + self._timeout_ms, command)
        return self._sequence

    def _say(self, command: Command, body: Body, sequence: int, status: int = 0) -> None:
        self._out += encode(Pdu(command=command, sequence=sequence, status=status, body=body))

    # ---- what comes in ------------------------------------------------------------------------

    def receive(self, data: bytes, now: int) -> list[Event]:
        """What the octets from the SMSC say."""
        self._heard = now
        events: list[Event] = []
        try:
            for frame in self._frames.feed(data):
                if self.state is State.CLOSED:
                    break
                try:
                    events += self._heard_of(decode(frame))
                except Malformed as bad:
                    events += self._unreadable(bad)
        except Malformed as bad:
            self._say(Command.GENERIC_NACK, Nothing(), bad.sequence, bad.status)
            events += self._end("the stream cannot be read")
        return events

    def _heard_of(self, pdu: Pdu) -> list[Event]:
        if pdu.command & RESPONSE:
            return self._answer(pdu)
        match pdu.command:
            case Command.ENQUIRE_LINK:
                self._say(Command.ENQUIRE_LINK_RESP, Nothing(), pdu.sequence)
            case Command.DELIVER_SM if isinstance(pdu.body, Short):
                if self.state in (State.BOUND, State.UNBINDING):
                    return [Came(pdu.sequence, pdu.body)]
                self.settle(pdu.sequence, Status.ESME_RINVBNDSTS)
            case Command.UNBIND:
                self._say(Command.UNBIND_RESP, Nothing(), pdu.sequence)
                return self._end("the SMSC said goodbye")
            case _:  # section 4.3.1
                self._say(Command.GENERIC_NACK, Nothing(), pdu.sequence, Status.ESME_RINVCMDID)
        return []

    def _answer(self, pdu: Pdu) -> list[Event]:
        asked = self._waiting.get(pdu.sequence, (0, None))[1]
        right = asked is not None and pdu.command in (asked | RESPONSE, Command.GENERIC_NACK)
        if not right:  # too late, or to nothing we asked; who asked may still remember
            return [Answered(pdu.sequence, pdu)] if pdu.command == Command.SUBMIT_SM_RESP else []
        del self._waiting[pdu.sequence]
        if asked in _BINDS:
            return self._bound(pdu.status)
        if asked is Command.UNBIND:
            return self._end("unbound")
        return [Answered(pdu.sequence, pdu)]

    def _bound(self, status: int) -> list[Event]:
        if status:
            self.state = State.CLOSED
            return [Refused(status)]
        self.state = State.BOUND
        return [Bound()]

    def _unreadable(self, bad: Malformed) -> list[Event]:
        """A body that is wrong in a frame that is whole: the stream goes on."""
        if not bad.command & RESPONSE:
            known = bad.command == Command.DELIVER_SM
            command = Command.DELIVER_SM_RESP if known else Command.GENERIC_NACK
            self._say(command, Taken() if known else Nothing(), bad.sequence, bad.status)
            return []
        asked = self._waiting.pop(bad.sequence, (0, None))[1]
        if asked in _BINDS:
            return self._end("the answer to the bind cannot be read")
        return [] if asked is None else [Answered(bad.sequence, None)]

    def _end(self, why: str) -> list[Event]:
        self.state = State.CLOSED
        self._waiting.clear()
        return [Ended(why)]

    # ---- time ---------------------------------------------------------------------------------

    def due(self) -> int:
        """When `tick` has something to do, as far as is known now."""
        first = min((until for until, _ in self._waiting.values()), default=None)
        enquiry = self._heard + self._enquire_ms
        return enquiry if first is None else min(first, enquiry)

    def tick(self, now: int) -> list[Event]:
        """What the passing of time means: silence is asked about, and then believed."""
        events: list[Event] = []
        for sequence, (until, command) in list(self._waiting.items()):
            if until > now:
                continue
            del self._waiting[sequence]
            if command is not Command.SUBMIT_SM:
                return [*events, *self._end(f"{command.name.lower()} was not answered")]
            events.append(Unanswered(sequence))
        if self.state is State.BOUND and now - self._heard >= self._enquire_ms:
            self._heard = now
            self.enquire(now)
        return events
