"""What a bounced mail says of its delivery (RFC 3464, and what many servers send instead).

Who it is about is told by the address it came to, which only this account can have made, and by
nothing in the mail; so all that a stranger could do with a made-up bounce is to call their own
mail undelivered.
"""

import re
from collections.abc import Iterator, Mapping
from enum import IntEnum

from watchword_server.domain.delivery import DeliveryStatus, Reason
from watchword_server.domain.inbound import Report
from watchword_server.ports.providers import Callback, Forged, Told, Unreadable
from watchword_server.providers.smtp import mail_text
from watchword_server.providers.smtp.failures import ENHANCED, MAX_RAW, REFUSED, REFUSED_RCPT
from watchword_server.providers.smtp.mail_text import Fields
from watchword_server.providers.smtp.verp import Verp

MAX_BYTES = 65_536
_RECIPIENTS = ("delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "to")
"""Where mail servers keep the envelope's recipient (RFC 9228 and Postfix, Exim, qmail)."""
_TYPES = frozenset({"message/rfc822", "message/global"})
_STATUSES = frozenset({"message/delivery-status", "message/global-delivery-status"})
_ADDRESS = re.compile(r"[^\s<>,;:\"]{1,320}@[^\s<>,;:\"]{1,255}")
_REPLY = re.compile(r"(?<![\d.])([245])\d\d(?![\d.])", re.ASCII)
_BODY_FIELD = re.compile(r"(?im)^[ \t]*(final-recipient|action|status|diagnostic-code)[ \t]*:")
_QMAIL = re.compile(r"(?im)^(?:hi\. this is the|this is the) \S{0,60} ?(?:qmail|mta|program)")
_ANYWHERE = re.compile(r"(?<![\d.])[245]\.\d{1,3}\.\d{1,3}(?![\d.])", re.ASCII)
_MAX_NOTE = 16_384
_NOTE_LINES = 40


class Action(IntEnum):
    """What happened to one recipient (RFC 3464 section 2.3.3); the greatest of several counts."""

    NOTHING = 0
    FAILED = 1
    DELIVERED = 2


# `delayed` is no end; `relayed` and `expanded` say only that nothing more will be said.
_ACTIONS = {"failed": Action.FAILED, "delivered": Action.DELIVERED}


def told(verp: Verp, callback: Callback) -> Told:
    """What a mail says that came to one of our senders' addresses.

    Raises:
        Forged: it came to none of them.
        Unreadable: it is no mail, or longer than 64 KiB.
    """
    kind = callback.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in _TYPES:
        raise Unreadable("a bounce is posted as message/rfc822")
    if len(callback.body) > MAX_BYTES:
        raise Unreadable("the mail is longer than 64 KiB")
    header, body = mail_text.split(mail_text.lines(callback.body))
    if not header:
        raise Unreadable("this is no mail: it has no header")
    delivery = _delivery(verp, callback.query, header)
    if delivery is None:
        raise Forged("it did not come to an address that this account has made")
    report = _report(delivery, header, body)
    return Told(inbound=() if report is None else (report,))


def _delivery(verp: Verp, query: Mapping[str, str], header: Fields) -> str | None:
    """The delivery it is about; only what a mail server wrote of the envelope is looked at."""
    written = [query["recipient"]] if "recipient" in query else [
        found for name in _RECIPIENTS for found in _ADDRESS.findall(header.get(name, ""))
    ]  # fmt: skip
    return next(filter(None, map(verp.delivery, written)), None)


def _report(delivery: str, header: Fields, body: str) -> Report | None:
    """The report, or None where the mail says nothing final: a delay, a vacation note."""
    blocks = list(_blocks(header, body))
    if not blocks:
        return None
    action, block = max(((_action(block), block) for block in blocks), key=lambda one: one[0])
    if action is Action.NOTHING:
        return None
    if action is Action.DELIVERED:
        status, reason = DeliveryStatus.DELIVERED, None
    else:
        status, reason = DeliveryStatus.UNDELIVERED, _reason(block)
    return Report(references=(delivery,), status=status, reason=reason, raw=_raw(action, block))


def _blocks(header: Fields, body: str) -> Iterator[Fields]:
    """What is said of each recipient."""
    kind = mail_text.media_type(header)
    if kind.startswith("multipart/"):
        pieces = list(mail_text.parts(header, body))
        found = [part for part in pieces if mail_text.media_type(part[0]) in _STATUSES]
        for part in found:
            for block in re.split(r"\n[ \t]*\n", mail_text.decoded(*part)):
                given = mail_text.fields(block)
                if "final-recipient" in given or "action" in given:
                    yield given
        if found:
            return
        body = mail_text.decoded(*pieces[0]) if pieces else body
    else:
        body = mail_text.decoded(header, body)
    if _is_bounce(header, body):
        yield _note(body[:_MAX_NOTE], header)


def _is_bounce(header: Fields, body: str) -> bool:
    """Whether a mail that is no report is a bounce, not an answer of a person or their robot."""
    if "x-failed-recipients" in header or _QMAIL.search(body[:500]):
        return True
    sender = header.get("from", "").lower()
    from_server = "mailer-daemon" in sender or "postmaster" in sender
    return from_server and header.get("auto-submitted", "").lower() != "auto-replied"


def _note(body: str, header: Fields) -> Fields:
    """What a bounce in words says, as far as it uses the words of the standard or of SMTP."""
    first = _BODY_FIELD.search(body)
    said_so = body[first.start() :].split("\n")[:_NOTE_LINES] if first else []
    given = mail_text.fields("\n".join(line.strip() for line in said_so))
    if not given.get("status") and not given.get("diagnostic-code"):
        said = _ANYWHERE.search(body) or _REPLY.search(body)
        if said is None:
            # A server that gives no number has given up all the same where it names who failed.
            return {"action": "failed"} if "x-failed-recipients" in header else {}
        line = body[body.rfind("\n", 0, said.start()) + 1 :].partition("\n")[0]
        given["diagnostic-code"] = line.strip()
    given.setdefault("action", _by_class(given))
    return given


def _by_class(block: Fields) -> str:
    """The action that a status implies: 5 is for good, 4 is not."""
    said = _status(block) or _REPLY.search(block.get("diagnostic-code", ""))
    return {"2": "relayed", "4": "delayed", "5": "failed"}[said[0][0]] if said else "delayed"


def _action(block: Fields) -> Action:
    words = re.sub(r"\([^()]*\)", " ", block.get("action", "")).lower().split()
    return _ACTIONS.get(words[0], Action.NOTHING) if words else Action.NOTHING


def _status(block: Fields) -> re.Match[str] | None:
    """The enhanced code: the field's, unless it says nothing (`5.0.0`) and the diagnostic does."""
    field = _ANYWHERE.search(block.get("status", ""))
    if field and not field[0].endswith(".0.0"):
        return field
    return _ANYWHERE.search(block.get("diagnostic-code", "")) or field


def _reason(block: Fields) -> Reason:
    """Why, by the same table as a refusal in the dialogue; one that was given up is for good."""
    status = _status(block)
    found = ENHANCED.match(status[0]) if status else None
    if found:
        known = REFUSED.get(f"{found[1]}.{found[2]}") or REFUSED.get(f"{found[1]}.*")
        if known:
            return known
        if found[1] == "7":  # policy
            return Reason.CONTENT_REJECTED
    reply = _REPLY.search(block.get("diagnostic-code", ""))
    return REFUSED_RCPT.get(int(reply[0]), Reason.OTHER) if reply else Reason.OTHER


def _raw(action: Action, block: Fields) -> str:
    """The server's words without addresses, and without digits that could be a code."""
    said = f"{block.get('status', '')} {block.get('diagnostic-code', '')}"
    for name in ("final-recipient", "original-recipient"):
        address = block.get(name, "").rpartition(";")[2].strip().strip("<>")
        for word in filter(None, (address, address.rpartition("@")[0])):
            said = re.sub(rf"(?<!\w){re.escape(word)}(?!\w)", "***", said, flags=re.IGNORECASE)
    said = re.sub(r"\S*[@=]\S*", "***", said)
    said = re.sub(r"\d{4,}|\d{3}[ -]\d{3}(?!\.)", "***", said)
    printable = "".join(c if c.isascii() and c.isprintable() else " " for c in said)
    return " ".join(f"{action.name.lower()} {printable}".split())[:MAX_RAW]
