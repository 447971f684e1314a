"""What a mail account is configured with."""

import re
from contextlib import suppress
from ipaddress import ip_address
from typing import Annotated, Any, Literal

import msgspec

from watchword_server.domain.errors import Misconfigured
from watchword_server.providers import mime
from watchword_server.providers.smtp.token import TOKEN_CHARS

_HOST = re.compile(
    r"\[?[0-9A-Fa-f:.]+:[0-9A-Fa-f:.]*\]?|(?=.{1,253}\Z)[\w-]{1,63}(?:\.[\w-]{1,63})*", re.A
)

_PLAINTEXT = "codes would travel unencrypted: use starttls or tls, or set allow_plaintext"


_KEY = "one key, here or in dkim_key, goes together with dkim_selector"
_LONG = "x" * 16
_SECRET = f"goes together with bounce_address, and has at least {len(_LONG)} characters"
MAX_BOUNCE_LOCAL = 64 - 1 - TOKEN_CHARS
_BOUNCE = (
    "write a plain ASCII address such as bounces@mail.example.com, with at most "
    f"{MAX_BOUNCE_LOCAL} characters before the @"
)


def is_bounce_address(address: str | None) -> bool:
    """Whether a token fits behind its local part: 64 octets (RFC 5321 section 4.5.3.1.1)."""
    local = (address or "").rpartition("@")[0]
    return local.isascii() and 0 < len(local) <= MAX_BOUNCE_LOCAL


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
    dkim_key: Annotated[
        str | None,
        _doc("The private key itself (PEM), RSA or Ed25519.", extra={"secret": True}),
    ] = None
    dkim_key_file: Annotated[str | None, _doc("A file with it, instead of `dkim_key`.")] = None
    bounce_address: Annotated[
        str | None, _doc("Where bounces come in, such as bounces@mail.example.com; unset: nowhere.")
    ] = None
    bounce_secret: Annotated[
        str | None,
        _doc("What signs the sender's address of each mail.", extra={"secret": True}),
    ] = None
    success_notices: Annotated[
        bool, _doc("Ask for a notice of each mail that arrived as well (RFC 3461).")
    ] = False

    def __repr__(self) -> str:
        return f"<smtp {self.host}>"

    __str__ = __repr__

    def __rich_repr__(self) -> list[tuple[str, object]]:
        return [("host", self.host)]

    def __post_init__(self) -> None:
        domain, encrypted = self.domain, self.security != "none"
        keys = (self.dkim_key is not None) + (self.dkim_key_file is not None)
        bounce = mime.mailbox(self.bounce_address or "")
        for name, is_right, advice in (
            ("host", _HOST.fullmatch(self.host), "write a host name or an IP address"),
            ("from_address", domain, "write a plain ASCII address such as codes@example.com"),
            ("from_name", not mime.HEADER_UNSAFE.search(self.from_name), "remove line breaks"),
            ("security", encrypted or self.allow_plaintext or self.loopback, _PLAINTEXT),
            ("password", (self.username is None) == (self.password is None), "needs username"),
            ("helo", mime.DOMAIN.fullmatch(self.helo or domain), "write a host name"),
            ("dkim_domain", mime.DOMAIN.fullmatch(self.dkim_domain or domain), "write a domain"),
            ("dkim_selector", mime.DOMAIN.fullmatch(self.dkim_selector or domain), "write a name"),
            ("dkim_key_file", keys == (self.dkim_selector is not None), _KEY),
            ("bounce_address", self.bounce_address is None or is_bounce_address(bounce), _BOUNCE),
            ("bounce_secret", (self.bounce_secret is None) == (bounce is None), _SECRET),
            ("bounce_secret", len(self.bounce_secret or _LONG) >= len(_LONG), _SECRET),
            ("success_notices", bounce or not self.success_notices, "needs bounce_address"),
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
    def bounce_mailbox(self) -> str:
        """The bounces' address as it stands in an envelope; empty where there is none."""
        return mime.mailbox(self.bounce_address or "") or ""

    @property
    def loopback(self) -> bool:
        """Whether the server is surely this machine."""
        with suppress(ValueError):
            return ip_address(self.host.strip("[]")).is_loopback
        return self.host == "localhost"
