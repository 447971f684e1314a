"""A session that lasts: one connection after another, and the pace of what is sent."""

import asyncio
import ssl
from collections import OrderedDict
from collections.abc import Sequence

import msgspec

from watchword_server.domain.delivery import Reason
from watchword_server.domain.errors import Misconfigured
from watchword_server.domain.inbound import Inbound, Report
from watchword_server.ports.providers import Listener, Setup, Unavailable
from watchword_server.providers.smpp import receipts
from watchword_server.providers.smpp.connection import Connection, Deliver, opened
from watchword_server.providers.smpp.link import Came
from watchword_server.providers.smpp.pdu import Pdu, Short
from watchword_server.providers.smpp.settings import Settings
from watchword_server.providers.smpp.status import THROTTLING, Status
from watchword_server.telemetry import get_logger

_log = get_logger(__name__)

_FIRST_PAUSE_S = 0.2
_STEADY_S = 10.0  # a connection that lasted as long was no accident
_FIRST_REST_MS, _LONGEST_REST_MS = 1_000, 30_000
_LONGEST_QUEUE_S = 5.0
_MAX_LATE = 10_000


class Progress:
    """Whether anything of a message was written: from then on only the SMSC knows its fate."""

    written = False


class Session:
    """Opens connections, opens them again, and never submits more than the SMSC wants.

    While `run` listens there is one bound connection, or one is being opened; without it one is
    opened for whoever submits.
    """

    def __init__(self, settings: Settings, setup: Setup) -> None:
        self._settings = settings
        self._setup = setup
        self._tls = _tls(settings)
        self._window = asyncio.Semaphore(settings.window)
        self._current: Connection | None = None
        self._attempt: asyncio.Task[Connection | Unavailable] | None = None
        self._down: Unavailable | None = None
        self._runs = False
        self._next = 0.0
        self._rest_ms = self._rests_until = 0
        self._late: OrderedDict[str, str] = OrderedDict()
        self._incoming = 0

    # ---- what goes out ------------------------------------------------------------------------

    async def connection(self) -> Connection | Unavailable:
        """A bound connection, or why there is none.

        One that is being opened for the first time is waited for; while it is being opened again
        and again nobody waits.
        """
        if self._current is not None and self._current.is_bound:
            return self._current
        if self._runs and self._down is not None:
            return self._down
        if self._attempt is None and self._runs:
            return Unavailable(Reason.PROVIDER_DOWN, "the session was lost")
        return await _end_of(self._attempt or self._begin(None))

    async def submit(
        self, connection: Connection, short: Short, ours: str, progress: "Progress"
    ) -> Pdu | str:
        """Submit over a connection, in the order of asking.

        Raises:
            Unavailable: it is not the time to submit anything, so nothing was.
        """
        await self._paced()
        async with self._window:
            if self._setup.now() < self._rests_until:
                raise Unavailable(Reason.THROTTLED, "resting after the SMSC throttled")
            if not connection.is_bound:
                raise Unavailable(Reason.PROVIDER_DOWN, connection.why)
            progress.written = True
            answer = await connection.submit(short, ours)
        if isinstance(answer, Pdu):
            self._heed(answer.status)
            if answer.status == Status.ESME_RINVBNDSTS:
                connection.abort("the SMSC knows nothing of a bind")
        return answer

    async def _paced(self) -> None:
        if not self._settings.per_second:
            return
        now = asyncio.get_running_loop().time()
        turn = max(now, self._next)
        if turn - now > _LONGEST_QUEUE_S:
            raise Unavailable(Reason.THROTTLED, "too many wait for their turn")
        self._next = turn + 1 / self._settings.per_second
        await asyncio.sleep(turn - now)

    def _heed(self, status: int) -> None:
        """Rest after throttling, twice as long each time until a message is taken again."""
        now = self._setup.now()
        if status in THROTTLING:
            if now >= self._rests_until:
                self._rest_ms = min(max(self._rest_ms * 2, _FIRST_REST_MS), _LONGEST_REST_MS)
                self._rests_until = now + self._rest_ms
        elif status == Status.ESME_ROK:
            self._rest_ms = 0

    # ---- what comes in ------------------------------------------------------------------------

    async def run(self, listener: Listener) -> None:
        """Keep a connection open that brings receipts; until canceled."""
        self._runs = True
        pause, loop = _FIRST_PAUSE_S, asyncio.get_running_loop()
        try:
            while True:
                begun = loop.time()
                connection = await self._bound_for(listener)
                if isinstance(connection, Unavailable):
                    self._down = connection
                    if connection.reason is Reason.MISCONFIGURED:  # many tries lock accounts out
                        pause = self._settings.reconnect_s
                    _log.warning("smpp.not_bound", account=self._setup.account, why=connection.raw)
                else:
                    self._down = None
                    _log.info("smpp.bound", account=self._setup.account)
                    await connection.ended.wait()
                    await connection.close()
                    _log.warning("smpp.lost", account=self._setup.account, why=connection.why)
                    if loop.time() - begun > _STEADY_S:
                        pause = _FIRST_PAUSE_S
                await self._wait(pause)
                pause = min(pause * 2, self._settings.reconnect_s)
        finally:
            self._runs, self._down = False, None
            await self.aclose()

    async def _wait(self, pause: float) -> None:
        await asyncio.sleep(pause * (1 + self._setup.entropy(1)[0] / 512))

    async def _bound_for(self, listener: Listener) -> Connection | Unavailable:
        if self._attempt is not None:  # somebody submits just now
            await asyncio.wait([self._attempt])
        return await _end_of(self._begin(self._deliver_to(listener)))

    def _begin(self, deliver: Deliver | None) -> asyncio.Task[Connection | Unavailable]:
        self._attempt = asyncio.ensure_future(self._open(deliver))
        return self._attempt

    async def _open(self, deliver: Deliver | None) -> Connection | Unavailable:
        former, self._current = self._current, None
        try:
            if former is not None:
                await former.close()
            made = await opened(
                self._settings, self._setup.network, self._tls, deliver, self._remember
            )
            if isinstance(made, Connection):
                self._current = made
            return made
        finally:
            self._attempt = None

    def _remember(self, message_id: str, ours: str) -> None:
        """An answer came when its delivery was uncertain already: its receipt names our id."""
        known = receipts.canonical(message_id, self._settings.message_ids, receipt=False)
        self._late[known] = ours
        if len(self._late) > _MAX_LATE:
            self._late.popitem(last=False)

    def _deliver_to(self, listener: Listener) -> Deliver:
        async def deliver(batch: list[Came]) -> bool:
            try:
                inbound = self._inbound(batch)
                if inbound:
                    await listener(inbound)
            except Exception as error:
                account, kind = self._setup.account, type(error).__name__
                _log.warning("smpp.not_kept", account=account, error=kind)
                return False
            return True

        return deliver

    def _inbound(self, batch: Sequence[Came]) -> list[Inbound]:
        read: list[Inbound] = []
        for came in batch:
            self._incoming += 1
            mark = f"{self._setup.now()}-{self._incoming}"
            one = receipts.read(came.short, self._settings, mark)
            if isinstance(one, Report):
                ours = tuple(self._late[name] for name in one.references if name in self._late)
                one = msgspec.structs.replace(one, references=one.references + ours)
            if one is not None:
                read.append(one)
        return read

    async def aclose(self) -> None:
        """Unbind and close; may be called twice."""
        attempt, current = self._attempt, self._current
        self._attempt = self._current = None
        if attempt is not None:
            attempt.cancel()
            await asyncio.gather(attempt, return_exceptions=True)
        if current is not None:
            await current.close()


async def _end_of(attempt: "asyncio.Task[Connection | Unavailable]") -> Connection | Unavailable:
    """What came of it; whoever waits may go without ending it for the others."""
    await asyncio.wait([attempt])
    if attempt.cancelled():
        return Unavailable(Reason.PROVIDER_DOWN, "the session was closed")
    return attempt.result()


def _tls(settings: Settings) -> ssl.SSLContext | None:
    if not settings.tls:
        return None
    try:
        return ssl.create_default_context(cafile=settings.ca_file)
    except OSError as error:
        raise Misconfigured(f"smpp: ca_file {settings.ca_file}: {error.strerror}") from None
