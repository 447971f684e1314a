"""Email over SMTP (RFC 5321): to a relay, over TLS, optionally signed (DKIM).

The three ways to fail follow from where the dialogue broke: before the content left nothing was
sent; after it, without an answer, nobody knows.  What a server says is kept with the code, the
address and the credentials masked, because servers echo what they were given.
"""

import asyncio
import re
import ssl
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from enum import IntEnum
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, cast

import aiosmtplib
import msgspec

from watchword_server.domain.address import mask
from watchword_server.domain.delivery import Message, Reason, Receipt
from watchword_server.domain.errors import Misconfigured
from watchword_server.ports.providers import Provider, Rejected, Setup, Unavailable, Uncertain
from watchword_server.providers import mime

Failure = Rejected | Unavailable | Uncertain
_R = Reason

# Enhanced status codes without their class: https://www.rfc-editor.org/rfc/rfc3463#section-3 and
# https://www.iana.org/assignments/smtp-enhanced-status-codes ; `2.*` is the rest of a subject.
REFUSED: dict[str, Reason] = {
    "1.7": _R.SENDER_REJECTED, "1.8": _R.SENDER_REJECTED, "1.*": _R.INVALID_RECIPIENT,
    "2.3": _R.CONTENT_REJECTED, "2.*": _R.UNREACHABLE,
    "3.4": _R.CONTENT_REJECTED, "3.*": _R.UNREACHABLE,
    "4.*": _R.UNREACHABLE,
    "6.7": _R.UNREACHABLE, "6.*": _R.CONTENT_REJECTED,
    "7.8": _R.MISCONFIGURED, "7.9": _R.MISCONFIGURED, "7.11": _R.MISCONFIGURED,
    "7.13": _R.UNREACHABLE, "7.17": _R.INVALID_RECIPIENT, "7.28": _R.THROTTLED,
}  # fmt: skip
DEFERRED: dict[str, Reason] = {
    "1.7": _R.SENDER_REJECTED, "1.8": _R.SENDER_REJECTED, "1.*": _R.UNREACHABLE,
    "2.*": _R.UNREACHABLE, "3.*": _R.PROVIDER_DOWN, "4.*": _R.PROVIDER_DOWN,
}  # fmt: skip
# Without one: https://www.rfc-editor.org/rfc/rfc5321#section-4.2.3 ; 530 to 538 are RFC 4954.
REFUSED_LOGIN = frozenset({530, 534, 535, 538})
REFUSED_RCPT: dict[int, Reason] = {
    550: _R.INVALID_RECIPIENT, 551: _R.INVALID_RECIPIENT, 553: _R.INVALID_RECIPIENT,
    552: _R.UNREACHABLE,
}  # fmt: skip

MAX_RAW = 200
CLOSING = 421
_IDLE_S = 30.0  # a connection idle for longer is not trusted: NAT forgets it without a word
_ENHANCED = re.compile(r"[245]\.(\d{1,3})\.(\d{1,3})\b", re.ASCII)
_HOST = re.compile(
    r"\[?[0-9A-Fa-f:.]+:[0-9A-Fa-f:.]*\]?|(?=.{1,253}\Z)[\w-]{1,63}(?:\.[\w-]{1,63})*", re.A
)

_PLAINTEXT = "codes would travel unencrypted: use starttls or tls, or set allow_plaintext"


def _doc(description: str, **rules: Any) -> msgspec.Meta:
    return msgspec.Meta(description=description, **rules)


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of a mail account; its repr shows neither user nor password."""

    host: Annotated[str, _doc("The mail server that takes codes.")]
    from_address: Annotated[str, _doc("The sender's address.")]
    from_name: Annotated[str, _doc("The sender's name; `{sender}` is the template's brand.")] = (
        mime.SENDER
    )
    security: Annotated[
        Literal["starttls", "tls", "none"],
        _doc("`starttls` and `tls` check the certificate; `none` is for loopback."),
    ] = "starttls"
    port: Annotated[
        Annotated[int, msgspec.Meta(ge=1, le=65535)] | None,
        _doc("Its port; unset: 587 for starttls, 465 for tls, 25 for none."),
    ] = None
    allow_plaintext: Annotated[bool, _doc("Let codes travel unencrypted to another machine.")] = (
        False
    )
    username: Annotated[str | None, _doc("Who logs in; unset: no login.")] = None
    password: Annotated[str | None, _doc("Its password.", extra={"secret": True})] = None
    timeout_s: Annotated[float, _doc("Seconds one hand-over may take.", gt=0, le=10)] = 10.0
    connections: Annotated[int, _doc("Connections used at the same time.", ge=1, le=64)] = 4
    ca_file: Annotated[str | None, _doc("Certificates (PEM) to trust, not the system's.")] = None
    helo: Annotated[str | None, _doc("The name in EHLO; unset: the sender's domain.")] = None
    dkim_selector: Annotated[str | None, _doc("The signing key's selector; unset: no DKIM.")] = None
    dkim_domain: Annotated[str | None, _doc("Who signs; unset: the sender's domain.")] = None
    dkim_key_file: Annotated[str | None, _doc("The private key (PEM), RSA or Ed25519.")] = None

    def __repr__(self) -> str:
        return f"<smtp {self.host}>"

    __str__ = __repr__

    def __rich_repr__(self) -> list[tuple[str, object]]:
        return [("host", self.host)]

    def __post_init__(self) -> None:
        domain, encrypted = self.domain, self.security != "none"
        signed = (self.dkim_selector is None, self.dkim_key_file is None)
        for name, is_right, advice in (
            ("host", _HOST.fullmatch(self.host), "write a host name or an IP address"),
            ("from_address", domain, "write a plain ASCII address such as codes@example.com"),
            ("from_name", not mime.HEADER_UNSAFE.search(self.from_name), "remove line breaks"),
            ("security", encrypted or self.allow_plaintext or self.loopback, _PLAINTEXT),
            ("password", (self.username is None) == (self.password is None), "needs username"),
            ("helo", mime.DOMAIN.fullmatch(self.helo or domain), "write a host name"),
            ("dkim_domain", mime.DOMAIN.fullmatch(self.dkim_domain or domain), "write a domain"),
            ("dkim_selector", mime.DOMAIN.fullmatch(self.dkim_selector or domain), "write a name"),
            ("dkim_key_file", signed[0] == signed[1], "goes together with dkim_selector"),
        ):
            if not is_right:
                raise Misconfigured(f"smtp: {name}: {advice}")

    @property
    def mailbox(self) -> str:
        """The sender's address as it stands in an envelope; empty if it cannot."""
        address = mime.mailbox(self.from_address) or ""
        return address if address.isascii() else ""

    @property
    def domain(self) -> str:
        """The sender's domain."""
        return self.mailbox.rpartition("@")[2]

    @property
    def loopback(self) -> bool:
        """Whether the server is surely this machine."""
        with suppress(ValueError):
            return ip_address(self.host.strip("[]")).is_loopback
        return self.host == "localhost"


# ---- failures: pure -----------------------------------------------------------------------------


class Stage(IntEnum):
    """How far the dialogue came; from CONTENT on the message may be on its way."""

    CONNECT = 0
    LOGIN = 1
    MAIL = 2
    RCPT = 3
    DATA = 4
    CONTENT = 5


def answered(stage: Stage, code: int, text: str, raw: str) -> Failure:
    """What a refusal (4xx, 5xx) means.  Even after the content it says that nothing was taken
    over (RFC 5321 section 4.2.1)."""
    if stage is Stage.CONNECT or code == CLOSING:
        return Unavailable(_R.PROVIDER_DOWN, raw)
    if stage is Stage.LOGIN:
        return Unavailable(_R.PROVIDER_DOWN if code < 500 else _R.MISCONFIGURED, raw)
    found = _ENHANCED.match(text)
    table = DEFERRED if code < 500 else REFUSED
    known = found and (table.get(f"{found[1]}.{found[2]}") or table.get(f"{found[1]}.*"))
    if code < 500:
        return Unavailable(known or _R.THROTTLED, raw)
    if code in REFUSED_LOGIN or known in (_R.MISCONFIGURED, _R.THROTTLED):
        return Unavailable(known or _R.MISCONFIGURED, raw)
    if stage is Stage.MAIL:
        return Rejected(_R.SENDER_REJECTED, raw)
    if stage is not Stage.RCPT:
        return Rejected(known or _R.CONTENT_REJECTED, raw)
    if found and found[1] == "7":  # policy, before it saw any content: relaying, block lists
        return Rejected(known or _R.SENDER_REJECTED, raw)
    return Rejected(known or REFUSED_RCPT.get(code, _R.OTHER), raw)


def _failure(error: Exception, stage: Stage, message: Message) -> Failure:
    if isinstance(error, aiosmtplib.SMTPNotSupported):
        return Rejected(_R.UNREACHABLE, "the server takes no address beyond ASCII (SMTPUTF8)")
    raw = f"{type(error).__name__} at {stage.name}: {error}"
    if isinstance(error, aiosmtplib.SMTPResponseException):
        text = _hidden(error.message, message)
        if stage is Stage.LOGIN:  # the text may echo the password in base64
            text = (_ENHANCED.match(text) or [""])[0]
        raw = f"{error.code} {text}".strip()[:MAX_RAW]
        if 400 <= error.code < 600:
            return answered(stage, error.code, text, raw)
    raw = _hidden(raw, message)[:MAX_RAW]
    if stage is Stage.CONTENT:
        return Uncertain(raw)
    if stage is Stage.LOGIN and not isinstance(error, OSError):
        return Unavailable(_R.MISCONFIGURED, raw)  # no AUTH there, or no method of ours
    late = isinstance(error, TimeoutError) and stage is not Stage.CONNECT
    return Unavailable(_R.TIMED_OUT if late else _R.PROVIDER_DOWN, raw)


def _hidden(text: str, message: Message) -> str:
    """One printable line without the code and the address, however it is spelled."""
    text = text.encode("utf-8", "replace").decode()
    text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    local = message.to.rpartition("@")[0]
    for address in filter(None, (message.to, mime.mailbox(message.to))):
        text = re.sub(re.escape(address), mask(address), text, flags=re.IGNORECASE)
    if len(local) > 2:  # the address as in `alice=example.com`
        whole = rf"(?<![^\W_]){re.escape(local)}(?![^\W_])"
        text = re.sub(whole, f"{local[:1]}***", text, flags=re.IGNORECASE)
    return text.replace(message.code, "***") if message.code else text


# ---- the dialogue -------------------------------------------------------------------------------


class _Progress:
    stage = Stage.CONNECT


class _Idle(NamedTuple):
    client: aiosmtplib.SMTP
    since: float
    dirty: bool  # a refused transaction is still open


class Smtp(Provider):
    """One mail account."""

    name = "smtp"
    channels = frozenset({"email"})

    def __init__(
        self, settings: Settings, setup: Setup | None = None, *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:  # fmt: skip
        if setup is not None:
            self.name = setup.account
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
        progress = _Progress()
        try:
            async with asyncio.timeout(to.timeout_s):
                if self._sign:
                    mail.content = await asyncio.to_thread(self._sign, mail.content)
                async with self._slots:
                    await self._transfer(mail, progress)
        except (aiosmtplib.SMTPException, OSError) as error:
            failure = _failure(error, progress.stage, message)
        else:
            return Receipt(reference=mime.reference(message, self._address))
        raise failure  # out here it has no context, which would carry the address into logs

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
        client = aiosmtplib.SMTP(
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
        await client.mail(self._address, options=options, encoding=encoding)
        progress.stage = Stage.RCPT
        await client.rcpt(mail.to, encoding=encoding)
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


def _tls(settings: Settings) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=settings.ca_file)
    except OSError as error:
        raise Misconfigured(f"smtp: ca_file {settings.ca_file}: {error.strerror}") from None


def _signer(settings: Settings) -> Callable[[bytes], bytes] | None:
    if settings.dkim_selector is None or settings.dkim_key_file is None:
        return None
    domain = settings.dkim_domain or settings.domain
    try:
        pem = Path(settings.dkim_key_file).read_bytes()
        return mime.signer(pem, settings.dkim_selector, domain)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise Misconfigured(f"smtp: dkim_key_file {settings.dkim_key_file}: {reason}") from None
