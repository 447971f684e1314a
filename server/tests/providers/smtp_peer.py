"""A real mail server for tests: aiosmtpd in a thread, with certificates of its own authority.

    with SmtpPeer() as peer:                       # STARTTLS on a free loopback port
        ...                                        # connect to peer.host, peer.port, peer.ca_file
        assert "123456" in peer.messages[0].text

What it answers can be scripted per step: `SmtpPeer(answers={"RCPT": ["451 4.7.1 greylisted"]})`
answers the first RCPT so and the later ones normally; HANG and DROP are answers too.
"""

import asyncio
import email
import email.policy
import functools
import re
import ssl
import tempfile
import threading
import time
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Literal

import trustme
from aiosmtpd.smtp import MISSING, SMTP, AuthResult, LoginPassword

HANG = "(says nothing)"
DROP = "(closes the connection)"
STEPS = ("GREETING", "EHLO", "MAIL", "RCPT", "DATA", "CONTENT")


@functools.cache
def authority() -> trustme.CA:
    """The one that signed every peer's certificate."""
    return trustme.CA()


@dataclass
class Received:
    """One message as it arrived, dots unstuffed."""

    mail_from: str
    to: str
    content: bytes
    helo: str
    over_tls: bool
    username: str | None
    options: list[str] = field(default_factory=list)
    notify: list[str] = field(default_factory=list)

    @property
    def parsed(self) -> EmailMessage:
        parsed = email.message_from_bytes(self.content, policy=email.policy.default)
        assert isinstance(parsed, EmailMessage)
        return parsed

    @property
    def text(self) -> str:
        return self._body("plain")

    @property
    def html(self) -> str:
        return self._body("html")

    def _body(self, subtype: str) -> str:
        part = self.parsed.get_body((subtype,))
        return part.get_content().replace("\r\n", "\n") if part else ""


def _taken_out(arg, parameter: str, known: bool):
    """A command without a parameter of RFC 3461, and what it said; aiosmtpd refuses them all."""
    if not (arg and known):
        return arg, []
    return re.sub(f" {parameter}", "", arg), re.findall(f" ({parameter})", arg)


class _Session(SMTP):
    """One connection."""

    def __init__(self, peer: "SmtpPeer", **options) -> None:
        self.peer = peer
        self.asked_back: list[str] = []
        self.notify: list[str] = []
        super().__init__(peer, hostname="peer.test", **options)
        self._auth_required = peer.login is not None  # as an argument it warns, even over TLS

    def connection_made(self, transport) -> None:
        if self.transport is None:
            self.socket = transport.get_extra_info("socket")
            self.peer.connections += 1
            self.peer.sessions.append(self)
        super().connection_made(transport)

    async def _handle_client(self) -> None:
        answer = self.peer.next_answer("GREETING")
        if answer is None:
            await super()._handle_client()
        else:
            await self.push(await self.play(answer))
            self.transport.close()

    async def smtp_MAIL(self, arg) -> None:
        asked, self.asked_back = _taken_out(arg, r"RET=(?:HDRS|FULL)", self.peer.dsn)
        await super().smtp_MAIL(asked)

    async def smtp_RCPT(self, arg) -> None:
        asked, self.notify = _taken_out(arg, r"NOTIFY=[A-Z,]+", self.peer.dsn)
        await super().smtp_RCPT(asked)

    async def smtp_DATA(self, arg) -> None:  # before the 354
        answer = self.peer.next_answer("DATA")
        if answer is None:
            await super().smtp_DATA(arg)
        else:
            await self.push(await self.play(answer))

    async def push(self, status) -> None:
        if status != DROP:
            await super().push(status)

    async def play(self, answer: str) -> str:
        if answer == HANG:
            await self.loop.create_future()
        if answer == DROP:
            self.transport.abort()
        if answer.startswith("421"):
            self.loop.call_later(0.01, self._close)
        return answer

    def _close(self) -> None:
        if self.transport is not None:
            self.transport.close()

    @property
    def is_open(self) -> bool:
        return self.socket.fileno() >= 0 or not self._handler_coroutine.done()

    def cut(self) -> None:
        if self.transport is not None:
            self.transport.abort()
        self._handler_coroutine.cancel()


class SmtpPeer:
    """The server, while the `with` block lasts; `stop` and `start` make it restart on its port."""

    host = "127.0.0.1"

    def __init__(
        self,
        security: Literal["starttls", "tls", "none"] = "starttls",
        *,
        login: tuple[str, str] | None = None,
        smtputf8: bool = True,
        answers: Mapping[str, Sequence[str | None]] | None = None,
        dsn: bool = False,
    ) -> None:
        assert not set(answers or {}) - set(STEPS)
        self.security = security
        self.login = login
        self.smtputf8 = smtputf8
        self.dsn = dsn
        self.answers = {step: list(said) for step, said in (answers or {}).items()}
        self.messages: list[Received] = []
        self.connections = 0
        self.recipients = 0
        self.logins = 0
        self.sessions: list[_Session] = []
        self.port = 0

    # ---- its life ---------------------------------------------------------------------------

    def __enter__(self) -> "SmtpPeer":
        self._directory = tempfile.TemporaryDirectory()
        self.ca_file = str(Path(self._directory.name) / "ca.pem")
        authority().cert_pem.write_to_path(self.ca_file)
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority().issue_cert(self.host, "localhost").configure_cert(self._tls)
        self.start()
        return self

    def __exit__(self, *_) -> None:
        self.stop()
        self._directory.cleanup()

    def start(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._run(self._listen())

    def _run(self, task: Coroutine[object, object, None]) -> None:
        asyncio.run_coroutine_threadsafe(task, self._loop).result(5)

    async def _listen(self) -> None:
        implicit = self._tls if self.security == "tls" else None
        self._server = await self._loop.create_server(
            self._session, self.host, self.port, ssl=implicit
        )
        self.port = self._server.sockets[0].getsockname()[1]

    def stop(self) -> None:
        """Close it and cut every connection."""
        self._run(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    def cut(self) -> None:
        """Cut every connection, and go on listening."""
        self._run(self._cut())

    async def _close(self) -> None:
        for listener in self._server.sockets:  # asyncio leaks what it accepts while it closes
            self._loop.remove_reader(listener.fileno())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        self._server.close()
        await self._cut()
        await self._server.wait_closed()

    async def _cut(self) -> None:
        turns = 20  # what was just accepted, or failed its handshake, is known after some turns
        while turns or any(session.is_open for session in self.sessions):
            for session in self.sessions:
                session.cut()
            turns = max(0, turns - 1)
            await asyncio.sleep(0)
        self.sessions.clear()

    def _session(self) -> _Session:
        return _Session(
            self,
            loop=self._loop,
            enable_SMTPUTF8=self.smtputf8,
            tls_context=self._tls if self.security == "starttls" else None,
            require_starttls=self.security == "starttls",
            auth_require_tls=self.security == "starttls",
            authenticator=self._authenticate if self.login else None,
        )

    def wait_until_left(self) -> None:
        """Until no connection is open."""
        deadline = time.monotonic() + 5
        while any(session.is_open for session in self.sessions):
            assert time.monotonic() < deadline, "a connection stays open"
            time.sleep(0.01)

    # ---- what it answers --------------------------------------------------------------------

    def next_answer(self, step: str) -> str | None:
        """The scripted one, or None for the usual."""
        said = self.answers.get(step)
        return said.pop(0) if said else None

    def _authenticate(self, server, session, envelope, mechanism, offered) -> AuthResult:
        assert isinstance(offered, LoginPassword)
        self.logins += 1
        username, password = offered.login.decode(), offered.password.decode()
        return AuthResult(
            success=(username, password) == self.login, handled=False, auth_data=username
        )

    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        session.host_name = hostname
        answer = self.next_answer("EHLO")
        if self.dsn:
            responses.insert(1, "250-DSN")
        return responses if answer is None else [await server.play(answer)]

    async def handle_MAIL(self, server, session, envelope, address, options):
        answer = self.next_answer("MAIL")
        if answer is not None:
            return await server.play(answer)
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 sender ok"

    async def handle_RCPT(self, server, session, envelope, address, options):
        self.recipients += 1
        answer = self.next_answer("RCPT")
        if answer is not None:
            return await server.play(answer)
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 recipient ok"

    async def handle_DATA(self, server, session, envelope):
        answer = self.next_answer("CONTENT")
        if answer is not None and not answer.startswith("2"):
            return await server.play(answer)
        self.messages.append(
            Received(
                mail_from=envelope.mail_from,
                to=envelope.rcpt_tos[0],
                content=envelope.original_content,
                helo=session.host_name,
                over_tls=session.ssl is not None or self.security == "tls",
                username=session.auth_data if session.authenticated else None,
                options=[*envelope.mail_options, *server.asked_back],
                notify=server.notify,
            )
        )
        return MISSING if answer is None else answer
