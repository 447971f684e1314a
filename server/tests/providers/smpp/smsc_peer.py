"""An SMSC on loopback out of our own codec, for what real ones do rarely.

async with Smsc() as smsc:
    smsc.on_submit = lambda short: Status.ESME_RTHROTTLED   # or a message_id, or SILENCE
"""

import asyncio
import ssl
from collections.abc import Callable
from typing import Any

from watchword_server.providers.smpp.pdu import (
    RESPONSE,
    Bound,
    Command,
    Frames,
    Nothing,
    Pdu,
    Short,
    Taken,
    decode,
    encode,
)

SILENCE = "(says nothing)"
HANG_UP = "(breaks the connection off)"
_NOTHING = Nothing()
BINDS = (Command.BIND_TRANSCEIVER, Command.BIND_TRANSMITTER, Command.BIND_RECEIVER)


class Smsc:
    """One server; `submitted` is every submit_sm, `heard` every PDU it was sent."""

    host = "127.0.0.1"

    def __init__(self, *, tls: ssl.SSLContext | None = None, bind: Any = 0) -> None:
        self.heard: list[Pdu] = []
        self.on_bind: Any = bind
        self.on_submit: Callable[[Short], int | str] = lambda short: f"m{len(self.submitted)}"
        self.enquiries_answered = True
        self.port = 0
        self.connections = 0
        self._tls = tls
        self._writers: list[asyncio.StreamWriter] = []
        self._serving: list[asyncio.Task[None]] = []
        self._answers: dict[int, asyncio.Future[Pdu]] = {}
        self._news = asyncio.Condition()
        self._server: asyncio.Server | None = None
        self._sequence = 0

    @property
    def submitted(self) -> list[Short]:
        return [pdu.body for pdu in self.heard if pdu.command == Command.SUBMIT_SM]

    def of(self, command: Command) -> list[Pdu]:
        return [pdu for pdu in self.heard if pdu.command == command]

    # ---- being there ------------------------------------------------------------------------

    async def __aenter__(self) -> "Smsc":
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.kill()

    async def start(self) -> None:
        """Listen: on a free port, then always on that one."""
        self._server = await asyncio.start_server(
            self._accept, self.host, self.port, ssl=self._tls, reuse_address=True
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def kill(self) -> None:
        """Vanish without a word."""
        if self._server is not None:
            self._server.close()
        self.drop()
        for one in self._serving:
            one.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)
        self._serving.clear()

    def drop(self) -> None:
        """Break every connection off."""
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    # ---- what a test does ---------------------------------------------------------------------

    async def until(self, command: Command, times: int = 1) -> Pdu:
        """The PDU of that command that came as the n-th."""
        async with self._news, asyncio.timeout(10):
            await self._news.wait_for(lambda: len(self.of(command)) >= times)
        return self.of(command)[times - 1]

    async def deliver(self, short: Short) -> Pdu:
        """Send a deliver_sm over the newest connection; its answer."""
        return await self.ask(Command.DELIVER_SM, short)

    async def ask(self, command: int, body: Any = _NOTHING) -> Pdu:
        self._sequence += 1
        answer = self._answers[self._sequence] = asyncio.get_running_loop().create_future()
        self.say(Pdu(command=command, sequence=self._sequence, body=body))
        async with asyncio.timeout(10):
            return await answer

    def say(self, pdu: Pdu | bytes) -> None:
        """Write to the newest connection."""
        self._writers[-1].write(pdu if isinstance(pdu, bytes) else encode(pdu))

    # ---- inside ---------------------------------------------------------------------------------

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.append(writer)
        self._serving.append(asyncio.ensure_future(self._serve(reader, writer)))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        frames = Frames()
        try:
            while data := await reader.read(65_536):
                for frame in frames.feed(data):
                    pdu = decode(frame)
                    self.heard.append(pdu)
                    self._answer(pdu, writer)
                    async with self._news:
                        self._news.notify_all()
        except OSError:
            pass
        finally:
            writer.transport.abort()

    def _answer(self, pdu: Pdu, writer: asyncio.StreamWriter) -> None:
        if pdu.command & RESPONSE:
            waiting = self._answers.pop(pdu.sequence, None)
            if waiting is not None and not waiting.done():
                waiting.set_result(pdu)
            return
        said, body, status = "", _NOTHING, 0
        if pdu.command in BINDS:
            said, body = self.on_bind, Bound(system_id="smsc")
        elif pdu.command == Command.SUBMIT_SM:
            said, body = self.on_submit(pdu.body), Taken()
        elif pdu.command == Command.ENQUIRE_LINK and not self.enquiries_answered:
            said = SILENCE
        if said == HANG_UP:
            writer.transport.abort()
        if said in (SILENCE, HANG_UP):
            return
        if isinstance(said, int):
            status = int(said)
        elif isinstance(body, Taken):
            body = Taken(message_id=said)
        answer = Pdu(
            command=pdu.command | RESPONSE, sequence=pdu.sequence, status=status, body=body
        )
        writer.write(encode(answer))
