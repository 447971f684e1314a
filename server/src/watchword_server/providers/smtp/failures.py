"""What a mail server's refusal, or its silence, means: pure."""

import re
from enum import IntEnum

import aiosmtplib

from watchword_server.domain.address import mask
from watchword_server.domain.delivery import Message, Reason
from watchword_server.ports.providers import Rejected, Unavailable, Uncertain
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
ENHANCED = re.compile(r"[245]\.(\d{1,3})\.(\d{1,3})\b", re.ASCII)


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
    found = ENHANCED.match(text)
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


def failure(error: Exception, stage: Stage, message: Message) -> Failure:
    """What an error at a stage of the dialogue means."""
    if isinstance(error, aiosmtplib.SMTPNotSupported):
        return Rejected(_R.UNREACHABLE, "the server takes no address beyond ASCII (SMTPUTF8)")
    raw = f"{type(error).__name__} at {stage.name}: {error}"
    if isinstance(error, aiosmtplib.SMTPResponseException):
        text = hidden(error.message, message)
        if stage is Stage.LOGIN:  # the text may echo the password in base64
            text = (ENHANCED.match(text) or [""])[0]
        raw = f"{error.code} {text}".strip()[:MAX_RAW]
        if 400 <= error.code < 600:
            return answered(stage, error.code, text, raw)
    raw = hidden(raw, message)[:MAX_RAW]
    if stage is Stage.CONTENT:
        return Uncertain(raw)
    if stage is Stage.LOGIN and not isinstance(error, OSError):
        return Unavailable(_R.MISCONFIGURED, raw)  # no AUTH there, or no method of ours
    late = isinstance(error, TimeoutError) and stage is not Stage.CONNECT
    return Unavailable(_R.TIMED_OUT if late else _R.PROVIDER_DOWN, raw)


def hidden(text: str, message: Message) -> str:
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
