"""One connection to an SMSC: a `Link` with a socket under it."""

import asyncio
import ssl
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import NamedTuple

from watchword_server.domain.delivery import Reason
from watchword_server.ports.outside import Busy, Denied, Network, Unreachable
from watchword_server.ports.providers import Unavailable
from watchword_server.providers.smpp.link import (
    Answered,
    Bound,
    Came,
    Ended,
    Event,
    Link,
    Refused,
    State,
    Unanswered,
)
from watchword_server.providers.smpp.pdu import Command, Pdu, Short, Taken
from watchword_server.providers.smpp.settings import Settings
from watchword_server.providers.smpp.status import Status, unbound

_READ = 65_536
_MAX_UNWRITTEN = 1 << 20  # octets that a peer may leave unread before it counts as gone
_MAX_ASKED = 10_000  # requests whose late answers are still understood
_MAX_CAME = 256  # deliver_sm that wait for the store; more are sent back to the SMSC
_BATCH = 100
_GOODBYE_S = 1.0

Deliver = Callable[[list[Came]], Awaitable[bool]]
"""Makes what came durable; whether it is now."""

Late = Callable[[str, str], None]
"""Told the message_id of an answer that came too late, and our id of the message."""


class _Asked(NamedTuple):
    ours: str
    answer: "asyncio.Future[Pdu | str]"


class Connection:
    """A bound connection; made by `opened`.

    Attributes:
        ended: set once nothing more comes of it; `why` says why.
    """

    def __init__(
        self, streams: tuple[asyncio.StreamReader, asyncio.StreamWriter], link: Link,
        deliver: Deliver | None, late: Late,
    ) -> None:  # fmt: skip
        self._reader, self._writer = streams
        self._link = link
        self._deliver = deliver
        self._late = late
        self._loop = asyncio.get_running_loop()
        self._asked: OrderedDict[int, _Asked] = OrderedDict()
        self._came: asyncio.Queue[Came] = asyncio.Queue(_MAX_CAME)
        self._timer: asyncio.TimerHandle | None = None
        self._bound: asyncio.Future[int | str] = self._loop.create_future()
        self.ended = asyncio.Event()
        self.why = ""
        self._flush()
        self._tasks = [asyncio.ensure_future(self._read()), asyncio.ensure_future(self._settle())]

    @property
    def is_bound(self) -> bool:
        """Whether a message can be submitted."""
        return self._link.state is State.BOUND

    async def bound(self) -> Unavailable | None:
        """Wait for the SMSC's answer to the bind; what it means if it refused."""
        answer = await self._bound
        if isinstance(answer, str):
            return Unavailable(Reason.PROVIDER_DOWN, answer)
        return unbound(answer) if answer else None

    async def submit(self, short: Short, ours: str) -> Pdu | str:
        """Submit a message, whose id is `ours`; the answer, or why nobody knows of any."""
        return await self._ask(self._link.submit(short, self._now()), ours)

    async def enquire(self) -> bool:
        """Whether the SMSC answers."""
        return isinstance(await self._ask(self._link.enquire(self._now()), ""), Pdu)

    async def close(self) -> None:
        """Say goodbye once what was asked is answered; nothing of it takes longer than a moment."""
        asked = [one.answer for one in self._asked.values() if not one.answer.done()]
        if self.is_bound and asked:
            await asyncio.wait(asked, timeout=_GOODBYE_S)
        if self.is_bound:
            self._link.unbind(self._now())
            self._flush()
            with suppress(TimeoutError):
                async with asyncio.timeout(_GOODBYE_S):
                    await self.ended.wait()
        self.abort("closed")
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._writer.transport.abort()

    def abort(self, why: str) -> None:
        """Break off."""
        self._end(why)

    # ---- inside -------------------------------------------------------------------------------

    def _now(self) -> int:
        return int(self._loop.time() * 1000)

    async def _ask(self, sequence: int, ours: str) -> Pdu | str:
        asked = self._asked[sequence] = _Asked(ours, self._loop.create_future())
        while len(self._asked) > _MAX_ASKED:
            self._asked.popitem(last=False)
        self._flush()
        return await asked.answer

    def _flush(self) -> None:
        """Write what the link has to say, and be back when it has more."""
        data = self._link.take()
        if data and not self._writer.is_closing():
            self._writer.write(data)
            if self._writer.transport.get_write_buffer_size() > _MAX_UNWRITTEN:
                return self._end("the SMSC reads nothing")
        if self._timer is not None:
            self._timer.cancel()
        if self._link.state is not State.CLOSED:
            self._timer = self._loop.call_at(self._link.due() / 1000 + 0.001, self._tick)

    def _tick(self) -> None:
        self._heed(self._link.tick(self._now()))
        self._flush()

    async def _read(self) -> None:
        why = "the SMSC closed the connection"
        try:
            while data := await self._reader.read(_READ):
                self._heed(self._link.receive(data, self._now()))
                self._flush()
                if self._link.state is State.CLOSED:
                    return
        except OSError:
            why = "the connection broke off"
        finally:
            self._end(why)

    def _heed(self, events: list[Event]) -> None:
        for event in events:
            match event:
                case Bound():
                    self._answer_bind(0)
                case Refused(status):
                    self._answer_bind(status)
                    self._end("the bind was refused")
                case Answered(sequence, pdu):
                    self._answered(sequence, pdu)
                case Unanswered(sequence):
                    self._answer(sequence, "no answer in time")
                case Came():
                    self._take_in(event)
                case Ended(why):
                    self._flush()
                    self._end(why)

    def _answer_bind(self, answer: int | str) -> None:
        if not self._bound.done():
            self._bound.set_result(answer)

    def _answered(self, sequence: int, pdu: Pdu | None) -> None:
        asked = self._asked.pop(sequence, None)
        if asked is None:
            return
        if not asked.answer.done():
            asked.answer.set_result(pdu or "the answer cannot be read")
        elif pdu and not pdu.status and isinstance(pdu.body, Taken) and pdu.body.message_id:
            self._late(pdu.body.message_id, asked.ours)

    def _answer(self, sequence: int, answer: str) -> None:
        """Nobody has to wait any longer; the answer may come all the same."""
        asked = self._asked.get(sequence)
        if asked is not None and not asked.answer.done():
            asked.answer.set_result(answer)

    def _take_in(self, came: Came) -> None:
        try:
            self._came.put_nowait(came)
        except asyncio.QueueFull:
            self._link.settle(came.sequence, Status.ESME_RX_T_APPN)

    async def _settle(self) -> None:
        """Acknowledge what came once it is durable; what is not, the SMSC sends again."""
        while True:
            batch = [await self._came.get()]
            while not self._came.empty() and len(batch) < _BATCH:
                batch.append(self._came.get_nowait())
            whole = self._deliver is not None and await self._deliver(batch)
            for came in batch:
                kept = whole or (
                    len(batch) > 1 and self._deliver is not None and await self._deliver([came])
                )
                self._link.settle(came.sequence, Status.ESME_ROK if kept else Status.ESME_RX_T_APPN)
            self._flush()

    def _end(self, why: str) -> None:
        if self.ended.is_set():
            return
        self.why = why
        self._link.state = State.CLOSED
        if self._timer is not None:
            self._timer.cancel()
        # What was written goes out still, but a peer that is gone is not waited for.
        self._writer.close()
        self._loop.call_later(_GOODBYE_S, self._writer.transport.abort)
        self.ended.set()
        self._answer_bind(why)
        for sequence in list(self._asked):
            self._answer(sequence, why)


async def opened(
    settings: Settings, network: Network, tls: ssl.SSLContext | None,
    deliver: Deliver | None, late: Late,
) -> Connection | Unavailable:  # fmt: skip
    """Connect and bind: as a transceiver where somebody listens, else as a transmitter, so that
    the SMSC keeps what it has for those who do."""
    loop = asyncio.get_running_loop()
    try:
        streams = await network.connect(settings.host.strip("[]"), settings.port, tls=tls)
    except (Denied, Busy, Unreachable) as error:
        return Unavailable(Reason.PROVIDER_DOWN, str(error)[:200])
    link = Link(
        settings.bind, int(loop.time() * 1000),
        command=Command.BIND_TRANSMITTER if deliver is None else Command.BIND_TRANSCEIVER,
        enquire_ms=int(settings.enquire_link_s * 1000),
        timeout_ms=int(settings.response_timeout_s * 1000),
    )  # fmt: skip
    connection = Connection(streams, link, deliver, late)
    try:
        refused = await connection.bound()
    except BaseException:
        await connection.close()
        raise
    if refused is not None:
        await connection.close()
        return refused
    return connection
