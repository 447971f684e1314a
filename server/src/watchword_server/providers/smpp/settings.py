"""Settings of an SMPP account."""

import re
from contextlib import suppress
from enum import StrEnum
from ipaddress import ip_address
from typing import Annotated, Any, Literal

import msgspec

from watchword_server.domain.errors import Misconfigured
from watchword_server.providers.smpp.pdu import Bind
from watchword_server.providers.smpp.text import Charset, Long

_HOST = re.compile(
    r"\[?[0-9A-Fa-f:.]+:[0-9A-Fa-f:.]*\]?|(?=.{1,253}\Z)[\w-]{1,63}(?:\.[\w-]{1,63})*", re.A
)
_SOURCE = re.compile(r"\+?\d{1,20}|[\x20-\x7e]{1,11}", re.ASCII)
_PLAINTEXT = "codes would travel unencrypted: set tls, or allow_plaintext for a private line"

# Sections 5.2.5 and 5.2.6
INTERNATIONAL, NETWORK_SPECIFIC, ALPHANUMERIC = 1, 3, 5
ISDN = 1
_SHORT_CODE = 6  # digits; the longest that operators give out

Octet = Annotated[int, msgspec.Meta(ge=0, le=255)]


class Ids(StrEnum):
    """How message ids are written in answers and in receipts."""

    SAME = "same"
    HEX_THEN_DECIMAL = "hex_then_decimal"
    DECIMAL_THEN_HEX = "decimal_then_hex"


def _doc(description: str, **rules: Any) -> msgspec.Meta:
    return msgspec.Meta(description=description, **rules)


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of an SMPP account; its repr shows no credentials."""

    host: Annotated[str, _doc("The SMSC.")]
    port: Annotated[int, _doc("Its port.", ge=1, le=65535)] = 2775
    system_id: Annotated[str, _doc("Who binds; at most 15 characters.", max_length=15)]
    password: Annotated[
        str, _doc("Its password; at most 8 characters.", max_length=8, extra={"secret": True})
    ]
    system_type: Annotated[
        str, _doc("What kind of system binds, where the SMSC asks for it.", max_length=12)
    ] = ""
    source: Annotated[
        str, _doc("The sender: a number, a short code or a name; empty: the SMSC's choice.")
    ] = ""
    tls: Annotated[bool, _doc("Speak TLS and check the certificate.")] = True
    allow_plaintext: Annotated[bool, _doc("Let codes travel unencrypted to another machine.")] = (
        False
    )
    ca_file: Annotated[str | None, _doc("Certificates (PEM) to trust, not the system's.")] = None
    window: Annotated[int, _doc("Messages that may await an answer.", ge=1, le=1000)] = 10
    per_second: Annotated[
        float, _doc("Messages a second, parts counted; 0: as fast as the window.", ge=0)
    ] = 0
    response_timeout_s: Annotated[
        float, _doc("Seconds to wait for an answer before it is uncertain.", gt=0, le=9)
    ] = 8.0
    enquire_link_s: Annotated[
        float, _doc("Seconds of silence after which the SMSC is asked for a sign.", gt=0, le=600)
    ] = 30.0
    reconnect_s: Annotated[
        float, _doc("Longest pause between two tries to bind; they begin at 0.2 s.", gt=0, le=600)
    ] = 30.0
    default_alphabet: Annotated[
        Literal["gsm7", "latin1"], _doc("What the SMSC takes data coding 0 for.")
    ] = "gsm7"
    data_coding: Annotated[
        Literal[0, 3], _doc("Of texts that need no UCS-2: 0, the default alphabet; 3, Latin-1.")
    ] = 0
    long_messages: Annotated[
        Long, _doc("How a long text is handed over: header of 8 or 16 bits, sar_*, or payload.")
    ] = Long.UDH
    message_ids: Annotated[Ids, _doc("How ids are written in answers, then in receipts.")] = (
        Ids.SAME
    )
    validity: Annotated[bool, _doc("Tell the SMSC to give a message up when its code expires.")] = (
        True
    )
    service_type: Annotated[str, _doc("The SMS application service.", max_length=5)] = ""
    source_ton: Annotated[Octet | None, _doc("Type of the sender; unset: by its form.")] = None
    source_npi: Annotated[Octet | None, _doc("Its numbering plan; unset: by its form.")] = None
    dest_ton: Annotated[int, _doc("Type of a recipient's number.", ge=0, le=255)] = INTERNATIONAL
    dest_npi: Annotated[int, _doc("Its numbering plan.", ge=0, le=255)] = ISDN

    def __repr__(self) -> str:
        return f"<smpp {self.host}>"

    __str__ = __repr__

    def __rich_repr__(self) -> list[tuple[str, object]]:
        return [("host", self.host)]

    def __post_init__(self) -> None:
        named = {"system_id": self.system_id, "password": self.password}
        named |= {"system_type": self.system_type, "service_type": self.service_type}
        for name, value in named.items():
            if not (value.isascii() and (value.isprintable() or not value)):
                raise Misconfigured(f"smpp: {name}: write printable ASCII characters")
        for name, is_right, advice in (
            ("host", _HOST.fullmatch(self.host), "write a host name or an IP address"),
            ("system_id", self.system_id, "write the name that the SMSC's operator gave"),
            ("source", not self.source or _SOURCE.fullmatch(self.source), "write a number of at "
             "most 20 digits, or a name of at most 11 ASCII characters"),
            ("tls", self.tls or self.allow_plaintext or self.loopback, _PLAINTEXT),
            ("ca_file", self.ca_file is None or self.tls, "goes together with tls"),
        ):  # fmt: skip
            if not is_right:
                raise Misconfigured(f"smpp: {name}: {advice}")

    @property
    def loopback(self) -> bool:
        """Whether the SMSC is surely this machine."""
        with suppress(ValueError):
            return ip_address(self.host.strip("[]")).is_loopback
        return self.host == "localhost"

    @property
    def charset(self) -> Charset:
        """What the SMSC understands."""
        return Charset(self.default_alphabet, self.data_coding)

    @property
    def bind(self) -> Bind:
        """What a bind says."""
        return Bind(system_id=self.system_id, password=self.password, system_type=self.system_type)

    @property
    def sender(self) -> tuple[int, int, str]:
        """The sender's type, numbering plan and address."""
        digits = self.source.removeprefix("+")
        if not digits:
            by_form = (0, 0)
        elif not digits.isdigit():
            by_form = (ALPHANUMERIC, 0)
        elif len(digits) <= _SHORT_CODE and digits == self.source:
            by_form = (NETWORK_SPECIFIC, 0)
        else:
            by_form = (INTERNATIONAL, ISDN)
        ton = by_form[0] if self.source_ton is None else self.source_ton
        npi = by_form[1] if self.source_npi is None else self.source_npi
        return ton, npi, digits
