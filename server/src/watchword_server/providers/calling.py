"""What vendors over HTTP have in common; no vendor itself.

`ask` makes one request and never raises: what it returns is an answer, or the failure that a
hand-over ends in.  A vendor's `send` raises that failure where nothing secret is in sight, because
a traceback may be printed with its variables:

    async def send(self, message: Message) -> Receipt:
        return calling.ended(await self._hand_over(message))
"""

import base64
import hmac
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

import msgspec

from watchword_server.domain.delivery import Message, Reason, Receipt
from watchword_server.ports.outside import Busy, Denied, Network, Reply, Unreachable
from watchword_server.ports.providers import Checkup, Rejected, Unavailable, Uncertain

Failure = Rejected | Unavailable | Uncertain
_R = Reason

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
TIMEOUT_S = 9.0
"""A hand-over may take 10 s in all."""
MAX_RAW = 200
URL = r"^https?://[^\s?#]+$"
"""What a setting that holds a vendor's base URL looks like."""

OURS = frozenset(
    {_R.THROTTLED, _R.NO_CREDIT, _R.MISCONFIGURED, _R.PROVIDER_DOWN, _R.TIMED_OUT, _R.INTERRUPTED}
)
"""Reasons that concern the account: another one may take the same message."""
# What a status says of itself: https://www.rfc-editor.org/rfc/rfc9110#section-15.5
STATUS: dict[int, Reason] = {
    401: _R.MISCONFIGURED, 402: _R.NO_CREDIT, 403: _R.MISCONFIGURED, 404: _R.MISCONFIGURED,
    405: _R.MISCONFIGURED, 407: _R.MISCONFIGURED, 429: _R.THROTTLED,
}  # fmt: skip

_LONG_NUMBER = re.compile(r"\+?\d(?:[ ().-]{0,2}\d){6,}")


class Discreet(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings whose repr shows none of their values; inherit it with the same three options."""

    def __repr__(self) -> str:
        return f"<settings of {type(self).__module__.rpartition('.')[2]}>"

    __str__ = __repr__

    def __rich_repr__(self) -> Iterator[str]:  # type: ignore[override]
        yield from ()


def doc(description: str, **rules: Any) -> msgspec.Meta:
    """A setting's sentence, and what its value has to be like."""
    return msgspec.Meta(description=description, **rules)


def secret(description: str) -> msgspec.Meta:
    """A setting that is sealed at rest and never shown again."""
    return msgspec.Meta(description=description, extra={"secret": True})


# ---- asking ---------------------------------------------------------------------------------


def basic(user: str, password: str) -> str:
    """The value of an Authorization header (RFC 7617)."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def form(fields: Mapping[str, str] | Iterable[tuple[str, str]]) -> bytes:
    """A body of the type `FORM`."""
    return urlencode(list(fields.items() if isinstance(fields, Mapping) else fields)).encode()


async def ask(
    network: Network, method: str, url: str, headers: Mapping[str, str], body: bytes = b"",
    *, timeout_s: float = TIMEOUT_S,
) -> Reply | Failure:  # fmt: skip
    """One request; where no answer came, the failure says whether it may have arrived."""
    try:
        return await network.request(method, url, headers, body, timeout_s=timeout_s)
    except Denied as error:
        return Unavailable(_R.MISCONFIGURED, printable(f"the URL may not be called: {error.rule}"))
    except Busy as error:
        return Unavailable(_R.THROTTLED, printable(error.what))
    except Unreachable as error:
        raw = printable(error.what)
        return Uncertain(raw) if error.left else Unavailable(_R.PROVIDER_DOWN, raw)


def ended(outcome: Receipt | Failure) -> Receipt:
    """The receipt.

    Raises:
        Rejected, Unavailable, Uncertain: there is none.
    """
    if isinstance(outcome, Receipt):
        return outcome
    raise outcome


# ---- answers --------------------------------------------------------------------------------


def parsed(body: bytes) -> dict[str, Any]:
    """A body that is a JSON object; else an empty one."""
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def refusal(status: int, reason: Reason | None, raw: str | None) -> Failure:
    """What an answer that is no success means; `reason` is the vendor's code's, where it is known.

    A redirect is not followed.  A 5xx leaves it open whether something was sent.
    """
    if status >= 500 or status == 408 or status < 300:
        return Uncertain(raw)
    if status < 400:
        return Unavailable(_R.MISCONFIGURED, raw)
    why = reason or STATUS.get(status, _R.OTHER)
    return Unavailable(why, raw) if why in OURS else Rejected(why, raw)


def not_carried() -> Unavailable:
    """The account has no sender or template any more for the channel of a message."""
    return Unavailable(_R.MISCONFIGURED, "the account does not carry this channel")


def quoted(message: Message, code: object, text: object = "", *secrets: str) -> str:
    """A vendor's code and words as they are kept: one printable line, not longer than 200.

    Of the words everything is masked that was handed over, and whatever looks like a number of a
    phone.  The code stays as it is if it is short.
    """
    named, said = (f"{one}" if type(one) in (str, int) else "" for one in (code, text))
    for hidden in filter(None, (message.to, message.text, *secrets)):
        named, said = named.replace(hidden, "***"), said.replace(hidden, "***")
    if message.code:
        spelled = r"[\W_]{0,2}".join(map(re.escape, message.code))
        said = re.sub(spelled, "***", said, flags=re.IGNORECASE)
        named = "***" if message.code in named else named
    return kept(f"{named} {said}")


def kept(text: str) -> str:
    """A vendor's words as they are kept where nothing is known of the message: without anything
    that looks like the number of a phone."""
    return printable(_LONG_NUMBER.sub("***", text))


def printable(text: str) -> str:
    """One line of at most 200 printable characters."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:MAX_RAW]


# ---- checkups -------------------------------------------------------------------------------


async def checkup(
    network: Network, url: str, headers: Mapping[str, str],
    read: Callable[[dict[str, Any]], Checkup],
) -> Checkup:  # fmt: skip
    """Ask for something that costs nothing; `read` says what a successful answer means."""
    reply = await ask(network, "GET", url, headers)
    if not isinstance(reply, Reply):
        return Checkup(ok=False, detail=f"No answer: {reply.raw}.")
    if reply.status in (401, 403):
        return Checkup(ok=False, detail=f"The credentials were refused (HTTP {reply.status}).")
    if not 200 <= reply.status < 300:
        return Checkup(ok=False, detail=f"The answer was HTTP {reply.status}.")
    return read(parsed(reply.body))


# ---- callbacks ------------------------------------------------------------------------------


def same(left: str, right: str) -> bool:
    """Whether two signatures are equal, compared in constant time."""
    return hmac.compare_digest(left.encode("utf-8", "replace"), right.encode("utf-8", "replace"))
