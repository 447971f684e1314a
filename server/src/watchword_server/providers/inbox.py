"""The inbox: plays every channel, and what it is handed stays on this machine.

It is what a development or sandbox project sends through.  Told by a script, it fails, times out
or answers late, so that fallback can be watched without a vendor.  Whoever hands over puts the
message into the store's inbox (`local`); this file only plays the vendor's answer.
"""

import asyncio
from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import Annotated

import msgspec

from watchword_server.domain import sandbox
from watchword_server.domain.channel import CODELESS, Channel
from watchword_server.domain.delivery import DeliveryStatus, Message, Reason, Receipt
from watchword_server.domain.errors import Misconfigured
from watchword_server.ports.providers import Provider, Rejected, Unavailable, Uncertain

SETTING = "WATCHWORD_INBOX_SCRIPT"
CHANNELS = frozenset(channel.value for channel in Channel if channel not in CODELESS)
MAX_LATE_S = 60.0
RAW = "scripted"
_MS = 1000


class Kind(StrEnum):
    """How a hand-over ends; the value is the word used in a script."""

    DELIVERED = "delivered"
    SENT = "sent"
    REJECT = "reject"
    UNAVAILABLE = "unavailable"
    UNCERTAIN = "uncertain"
    LATE = "late"


class Act(msgspec.Struct, frozen=True):
    """What the inbox does with one message; `reason` and `seconds` where the kind takes one.

    Attributes:
        raw: the word of the failure, as a vendor would write it.
        later: what is reported `seconds` after it was sent.
    """

    kind: Kind
    reason: Reason = Reason.OTHER
    seconds: float = 0.0
    raw: str = RAW
    later: sandbox.Act | None = None


Script = Callable[[Message], Act]
"""Decides for each message; see `parse` for one written as text."""

DELIVERED = Act(Kind.DELIVERED)


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of the inbox."""

    script: Annotated[
        str,
        msgspec.Meta(
            description="How hand-overs end, by channel: `sms=reject:unreachable,"
            "whatsapp=late:2,*=delivered`. Empty: every message is delivered at once."
        ),
    ] = ""

    def __post_init__(self) -> None:
        parse(self.script)


def parse(text: str) -> Script | None:
    """The script written as `channel=kind[:argument]`, comma-separated; `*` is any other channel.

    Kinds: `delivered`, `sent`, `reject:<reason>`, `unavailable:<reason>`, `uncertain`,
    `late:<seconds>` (then delivered).  A channel that is not named is delivered.  None where
    there is nothing to play.

    Raises:
        Misconfigured: naming the part that cannot be read and what may stand there.
    """
    acts: dict[str, Act] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        channel, separator, act = (word.strip() for word in part.partition("="))
        if not separator:
            raise _unreadable(part, "write channel=kind, such as sms=reject:unreachable")
        if channel != "*" and channel not in CHANNELS:
            raise _unreadable(part, f"the channel is one of {_list(CHANNELS)} or *")
        if channel in acts:
            raise _unreadable(part, f"{channel} is there already")
        acts[channel] = _act(part, act)
    if not acts:
        return None
    otherwise = acts.get("*", DELIVERED)
    return lambda message: acts.get(message.channel, otherwise)


def _act(part: str, text: str) -> Act:
    word, separator, argument = text.partition(":")
    try:
        kind = Kind(word)
    except ValueError:
        raise _unreadable(part, f"the kind is one of {', '.join(Kind)}") from None
    if kind in (Kind.REJECT, Kind.UNAVAILABLE):
        try:
            return Act(kind, reason=Reason(argument))
        except ValueError:
            what = f"write {kind}:reason, the reason one of {', '.join(Reason)}"
            raise _unreadable(part, what) from None
    if kind is Kind.LATE:
        try:
            seconds = float(argument)
        except ValueError:
            seconds = -1.0
        if not 0 <= seconds <= MAX_LATE_S:
            raise _unreadable(part, f"write late:seconds, from 0 to {MAX_LATE_S:g}")
        return Act(kind, seconds=seconds)
    if separator:
        raise _unreadable(part, f"{kind} takes nothing after it")
    return Act(kind)


def magic_script(delay_s: float) -> Script:
    """The script of the sandbox: the table of magic recipients, with this delay."""

    def play(message: Message) -> Act:
        act = sandbox.act(message.to, message.channel)
        if act is sandbox.ARRIVES:
            return DELIVERED
        reason = sandbox.REASONS.get(act.code, Reason.OTHER)
        if act.first is not DeliveryStatus.SENT:
            return Act(_FIRST[act.first], reason, raw=str(act.code or RAW))
        if act.last is DeliveryStatus.DELIVERED and not act.after:
            return DELIVERED
        return Act(Kind.SENT, seconds=act.after * delay_s, later=act)

    return play


_FIRST = {DeliveryStatus.FAILED: Kind.REJECT, DeliveryStatus.UNKNOWN: Kind.UNCERTAIN}


def _list(words: frozenset[str]) -> str:
    return ", ".join(sorted(words))


def _unreadable(part: str, what: str) -> Misconfigured:
    return Misconfigured(f"{SETTING}: cannot read {part!r}: {what}")


class Inbox(Provider):
    """Takes every message; the hot path of a development server and of the benchmarks."""

    name = "inbox"  # `sandbox` for the one that plays the magic recipients
    channels = CHANNELS
    reports = True
    local = True

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        script: Script | None = None,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        name: str = "inbox",
    ) -> None:
        self.name = name
        self._script = script or (parse(settings.script) if settings else None)
        self.prompt = self._script is None
        self._sleep = sleep

    async def send(self, message: Message) -> Receipt:
        """Answer as the script says, else with a receipt at once."""
        if self._script is None:
            return Receipt(reference=message.id, delivered=True)
        return await self._play(self._script(message), message)

    async def _play(self, act: Act, message: Message) -> Receipt:
        match act.kind:
            case Kind.REJECT:
                raise Rejected(act.reason, act.raw)
            case Kind.UNAVAILABLE:
                raise Unavailable(act.reason, act.raw)
            case Kind.UNCERTAIN:
                raise Uncertain(act.raw)
            case Kind.LATE:
                await self._sleep(act.seconds)
        if act.later is not None:
            reference = sandbox.foretell(message.id, act.later)
            return Receipt(reference=reference, report_in_ms=round(act.seconds * _MS))
        return Receipt(reference=message.id, delivered=act.kind is not Kind.SENT)

    async def aclose(self) -> None:
        """Nothing is open."""
