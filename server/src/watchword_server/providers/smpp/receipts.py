"""What comes over the session: delivery receipts, and messages that people sent.

A receipt's text may quote the message it is about, and so the code: nothing behind `text:` is
ever read, and of what stands before it only words and numbers are kept.
"""

import re

from watchword_server.domain.inbound import Inbound, Incoming, Report
from watchword_server.providers.smpp import text
from watchword_server.providers.smpp.pdu import Short, Tag
from watchword_server.providers.smpp.settings import Ids, Settings
from watchword_server.providers.smpp.status import MESSAGE_STATES, meaning
from watchword_server.providers.smpp.text import Charset

# esm_class, section 5.2.12: bits 5 to 2 say what kind of message a deliver_sm carries
_KIND = 0x3C
_MESSAGE, _RECEIPT = 0x00, 0x04

_QUOTED = re.compile(r"\btext:", re.IGNORECASE)
_FIELD = {
    name: re.compile(rf"\b{name}:({pattern})", re.IGNORECASE | re.ASCII)
    for name, pattern in (("id", r"[^\s\x00]{1,64}"), ("stat", r"[A-Z]{1,16}"), ("err", r"\w{1,8}"))
}
_PHONE = re.compile(r"[1-9]\d{6,14}", re.ASCII)
_INTERNATIONAL = 1
_UNKNOWN_TON = 0


def read(short: Short, settings: Settings, reference: str) -> Inbound | None:
    """What a deliver_sm says; None where it says nothing that is wanted.

    `reference` is what an incoming message is known by: SMPP gives it no id.
    """
    kind = short.esm_class & _KIND
    if kind == _RECEIPT or (kind == _MESSAGE and short.tlv(Tag.RECEIPTED_MESSAGE_ID)):
        return _report(short, settings)
    return _incoming(short, settings.charset, reference) if kind == _MESSAGE else None


def _content(short: Short) -> bytes:
    payload = short.tlv(Tag.MESSAGE_PAYLOAD)
    content = short.short_message if short.short_message or payload is None else payload
    return text.without_header(content) if short.esm_class & text.UDHI else content


def _report(short: Short, settings: Settings) -> Report | None:
    charset = "utf-16-be" if short.data_coding == text.UCS_2 else "latin-1"
    said = _QUOTED.split(_content(short).decode(charset, "replace"), maxsplit=1)[0]
    found = {name: match[1] for name, one in _FIELD.items() if (match := one.search(said))}
    named = (short.tlv(Tag.RECEIPTED_MESSAGE_ID) or b"").split(b"\0")[0].decode("latin-1")
    state = MESSAGE_STATES.get((short.tlv(Tag.MESSAGE_STATE) or b"\xff")[0])
    state = found.get("stat", "").upper() or state
    references = _references(named, found.get("id", ""), settings.message_ids)
    if not state or not references:
        return None
    means = meaning(state)
    if means is None:
        return None
    error = found.get("err") or _network_error(short)
    return Report(
        references=references,
        status=means[0],
        reason=means[1],
        raw=f"stat:{state}" + (f" err:{error}" if error else ""),
    )


def _references(named: str, written: str, ids: Ids) -> tuple[str, ...]:
    """What the message is known by: receipted_message_id is written as in answers (section
    5.3.2.12), the text as receipts are; where these differ, the text alone is believed."""
    if ids is Ids.SAME:
        return tuple(dict.fromkeys(name for name in (named, written) if name))
    if written:
        return (canonical(written, ids, receipt=True),)
    return (canonical(named, ids, receipt=False),) if named else ()


def _network_error(short: Short) -> str:
    """Section 5.3.2.31: one octet says whose number the other two are."""
    value = short.tlv(Tag.NETWORK_ERROR_CODE) or b""
    return f"{value[0]}-{int.from_bytes(value[1:], 'big')}" if len(value) == 3 else ""


def canonical(message_id: str, ids: Ids, *, receipt: bool) -> str:
    """A message_id as it is remembered: in decimal where answers and receipts differ."""
    base = {Ids.HEX_THEN_DECIMAL: (16, 10), Ids.DECIMAL_THEN_HEX: (10, 16)}.get(ids)
    if base is None:
        return message_id
    try:
        return str(int(message_id, base[receipt]))
    except ValueError:
        return message_id


def _incoming(short: Short, charset: Charset, reference: str) -> Incoming | None:
    sender = short.source.removeprefix("+")
    whole = short.source_ton == _INTERNATIONAL or short.source.startswith("+")
    if not _PHONE.fullmatch(sender) or not (whole or short.source_ton == _UNKNOWN_TON):
        return None  # a short code, a name or a national number: nobody who can be answered
    said = text.decode(_content(short), short.data_coding, charset)
    if said is None:
        return None
    return Incoming(
        sender=f"+{sender}", to=short.dest, channel="sms", text=said, reference=reference
    )
