"""The dialogue with a mail server, and the account that holds it."""

import asyncio
import re
import ssl
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple, cast

import aiosmtplib

from watchword_server.domain.delivery import Message, Receipt
from watchword_server.domain.errors import Misconfigured
from watchword_server.ports.providers import (
    Callback,
    Checkup,
    Provider,
    Rejected,
    Setup,
    Told,
    Unreadable,
)
from watchword_server.providers import mime
from watchword_server.providers.smtp import bounces
from watchword_server.providers.smtp.connecting import Client
from watchword_server.providers.smtp.failures import CLOSING, Stage, failure
from watchword_server.providers.smtp.settings import Settings
from watchword_server.providers.smtp.verp import Verp

_IDLE_S = 30.0  # a connection idle for longer is not trusted: NAT forgets it without a word


class _Progress:
    stage = Stage.CONNECT


class _Idle(NamedTuple):
    client: aiosmtplib.SMTP
    since: float
    dirty: bool  # a refused transaction is still open


class Smtp(Provider):
    """One mail account.

    Args:
        setup: what a project's account is given.  The one of the settings file has none, or one
            without a callback URL: the operator has chosen its server, so it is reached directly,
            on a private network too, and may name files.
    """

    name = "smtp"
    channels = frozenset({"email"})
    reports = False
    local = False
    prompt = False

    def __init__(
        self, settings: Settings, setup: Setup | None = None, *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:  # fmt: skip
        if setup is not None:
            self.name = setup.account
        self._network = setup.network if setup and setup.callback_url else None
        if self._network is not None:
            _is_fit_for_a_project(settings)
        self._verp = Verp.of(settings)
        self.reports = self._verp is not None
        self._settings = settings
        self._address = settings.mailbox
        self._now = now
        self._tls = _tls(settings)
        self._sign = _signer(settings)
        self._slots = asyncio.Semaphore(settings.connections)
        self._idle: list[_Idle] = []
        self._closed = False

    async def send(self, message: Message) -> Receipt:
        """Hand the mail over; the receipt's reference is its Message-ID without brackets."""
        to = self._settings
        mail = mime.compose(message, self._address, to.from_name, self._now())
        if isinstance(mail, Rejected):
            raise mail
        mail.sender = (self._verp and self._verp.address(message.id)) or self._address
        progress = _Progress()
        try:
            async with asyncio.timeout(to.timeout_s):
                if self._sign:
                    mail.content = await asyncio.to_thread(self._sign, mail.content)
                async with self._slots:
                    await self._transfer(mail, progress)
        except (aiosmtplib.SMTPException, OSError) as error:
            failed = failure(error, progress.stage, message)
        else:
            return Receipt(reference=mime.reference(message, self._address))
        raise failed  # out here it has no context, which would carry the address into logs

    def told(self, callback: Callback) -> Told:
        """What a bounce says: the body is the mail, `recipient` in the query its envelope's."""
        if self._verp is None:
            raise Unreadable("bounce_address is not set, so no mail of this account can bounce")
        return bounces.told(self._verp, callback)

    async def checkup(self) -> Checkup:
        """Whether the mail server answers and lets the account in; nothing is sent."""
        progress, to = _Progress(), self._settings
        try:
            async with asyncio.timeout(to.timeout_s):
                client = await self._connect(progress)
        except (aiosmtplib.SMTPException, OSError) as error:
            where = "refused the log-in" if progress.stage is Stage.LOGIN else "does not answer"
            detail = f"The mail server {to.host} {where} ({type(error).__name__})."
            return Checkup(ok=False, detail=detail)
        await _quit(client)
        return Checkup(ok=True, detail=f"The mail server {to.host} answers ({to.security}).")

    async def _transfer(self, mail: mime.Mail, progress: _Progress) -> None:
        """Send over a kept connection; over a new one if that was closed meanwhile."""
        kept = self._kept()
        if kept is not None:
            try:
                return await self._exchange(kept.client, mail, progress, reset=kept.dirty)
            except aiosmtplib.SMTPServerDisconnected:
                if progress.stage is Stage.CONTENT:
                    raise
            except aiosmtplib.SMTPResponseException as error:
                if progress.stage is Stage.CONTENT or error.code != CLOSING:
                    raise
        progress.stage = Stage.CONNECT
        await self._exchange(await self._connect(progress), mail, progress)

    def _kept(self) -> _Idle | None:
        while self._idle:
            kept = self._idle.pop()
            fresh = asyncio.get_running_loop().time() - kept.since < _IDLE_S
            if fresh and kept.client.is_connected:
                return kept
            _drop(kept.client)
        return None

    async def _connect(self, progress: _Progress) -> aiosmtplib.SMTP:
        to = self._settings
        client = Client(
            self._network,
            hostname=to.host.strip("[]"),
            port=to.port or {"starttls": 587, "tls": 465, "none": 25}[to.security],
            local_hostname=to.helo or to.domain,
            timeout=None,  # `send` has the one that counts
            use_tls=to.security == "tls",
            start_tls=to.security == "starttls",
            tls_context=self._tls,
        )
        try:
            await client.connect()
            if client.is_ehlo_or_helo_needed:
                await client.ehlo()
            if to.username is not None and to.password is not None:
                progress.stage = Stage.LOGIN
                await _login(client, to.username, to.password)
        except BaseException:
            _drop(client)
            raise
        return client

    async def _exchange(
        self, client: aiosmtplib.SMTP, mail: mime.Mail, progress: _Progress, *, reset: bool = False
    ) -> None:
        keep = dirty = False
        try:
            progress.stage = Stage.MAIL
            if reset:
                await client.rset()
            await self._dialogue(client, mail, progress)
            keep = True
        except (aiosmtplib.SMTPResponseException, aiosmtplib.SMTPNotSupported) as error:
            code = getattr(error, "code", 500)
            keep = dirty = 400 <= code < 600
            raise
        finally:
            if keep and not self._closed:
                self._idle.append(_Idle(client, asyncio.get_running_loop().time(), dirty))
            else:
                _drop(client)

    async def _dialogue(
        self, client: aiosmtplib.SMTP, mail: mime.Mail, progress: _Progress
    ) -> None:
        if mail.utf8 and not client.supports_extension("smtputf8"):
            raise aiosmtplib.SMTPNotSupported("SMTPUTF8")
        encoding, options = ("utf-8", ["SMTPUTF8"]) if mail.utf8 else ("ascii", [])
        notify = []
        if self._verp and client.supports_extension("dsn"):  # RFC 3461
            options.append("RET=HDRS")  # a bounce has no need to carry the code about
            notify = ["NOTIFY=SUCCESS,FAILURE"] if self._settings.success_notices else []
        await client.mail(mail.sender, options=options, encoding=encoding)
        progress.stage = Stage.RCPT
        await client.rcpt(mail.to, options=notify, encoding=encoding)
        progress.stage = Stage.DATA
        # aiosmtplib's data() would not tell on which side of the content it was cut off.
        answer = await client.execute_command(b"DATA")
        if answer.code != 354 or client.protocol is None:
            raise aiosmtplib.SMTPDataError(answer.code, answer.message)
        client.protocol.write(re.sub(rb"(?m)^\.", b"..", mail.content) + b".\r\n")
        progress.stage = Stage.CONTENT
        answer = await client.protocol.read_response()
        if not 200 <= answer.code < 300:
            raise aiosmtplib.SMTPDataError(answer.code, answer.message)

    async def aclose(self) -> None:
        """Say goodbye on every kept connection; those in use close when they are done."""
        self._closed = True
        idle, self._idle = self._idle, []
        await asyncio.gather(*(_quit(kept.client) for kept in idle))


async def _login(client: aiosmtplib.SMTP, username: str, password: str) -> None:
    """Try one method: aiosmtplib's login() tries all, which locks accounts out."""
    methods = {"plain": client.auth_plain, "login": client.auth_login}
    for name, log_in in methods.items():
        if name in client.server_auth_methods:
            await log_in(username, password)
            return
    raise aiosmtplib.SMTPException("the server offers neither AUTH PLAIN nor AUTH LOGIN")


async def _quit(client: aiosmtplib.SMTP) -> None:
    with suppress(aiosmtplib.SMTPException, OSError):
        async with asyncio.timeout(1):
            await client.execute_command(b"QUIT")
    _drop(client)


def _drop(client: aiosmtplib.SMTP) -> None:
    """Close at once: TLS would wait half a minute for a peer that is gone to say goodbye."""
    transport = client.transport
    client.close()
    if transport is not None:
        cast(asyncio.WriteTransport, transport).abort()


def _is_fit_for_a_project(settings: Settings) -> None:
    """Files are the operator's: a project's account carries its key itself."""
    for field in ("ca_file", "dkim_key_file"):
        if getattr(settings, field) is not None:
            raise Misconfigured(f"smtp: {field}: only the account of the settings file names files")


def _tls(settings: Settings) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=settings.ca_file)
    except OSError as error:
        raise Misconfigured(f"smtp: ca_file {settings.ca_file}: {error.strerror}") from None


def _signer(settings: Settings) -> Callable[[bytes], bytes] | None:
    if settings.dkim_selector is None:
        return None
    domain = settings.dkim_domain or settings.domain
    field = "dkim_key" if settings.dkim_key else f"dkim_key_file {settings.dkim_key_file}"
    try:
        return mime.signer(private_key(settings), settings.dkim_selector, domain)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise Misconfigured(f"smtp: {field}: {reason}") from None


def private_key(settings: Settings) -> bytes:
    """The signing key in PEM."""
    if settings.dkim_key is not None:
        return settings.dkim_key.encode()
    return Path(settings.dkim_key_file or "").read_bytes()
