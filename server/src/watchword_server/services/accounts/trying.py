"""Asking a vendor by hand: a test message, a check-up, a look at what would be sent."""

import asyncio
from collections.abc import Mapping
from enum import StrEnum

import msgspec

from watchword_server.domain import address as addresses
from watchword_server.domain import ids
from watchword_server.domain.address import Address, InvalidAddress
from watchword_server.domain.breaker import Health
from watchword_server.domain.channel import CODELESS, Channel
from watchword_server.domain.delivery import Message, Reason
from watchword_server.domain.errors import (
    NOT_ALLOWED_HERE,
    RATE_LIMITED,
    Problem,
    bad_field,
)
from watchword_server.domain.ids import Prefix
from watchword_server.domain.limits import Rate, Refusal, Throughput
from watchword_server.domain.numbering import Numbering
from watchword_server.domain.project import Caller, Mode
from watchword_server.domain.provider_account import ProviderAccount
from watchword_server.ports.outside import Clock, Entropy
from watchword_server.ports.providers import Checkup, Provider, Rejected, Unavailable, Uncertain
from watchword_server.ports.results import discreet
from watchword_server.ports.store import Store
from watchword_server.services.accounts.keeper import Keeper
from watchword_server.services.accounts.service import owned
from watchword_server.telemetry import get_logger

TESTS = Rate("provider_tests", 10, 60)
SAME_RECIPIENT = Rate("provider_test_recipient", 3, 600)
CHECKUPS = Rate("provider_checkups", 30, 60)
PATIENCE_S = 10.0
_ID_RANDOM = 10
SUBJECT = "Watchword: test message"
TEXT = "This is a test message of Watchword. It carries no code; nothing needs to be done."
_log = get_logger("accounts")

_DO: dict[Reason, str] = {
    Reason.MISCONFIGURED: "The vendor refuses the credentials or a setting: check both.",
    Reason.PROVIDER_DOWN: "The vendor could not be reached, or says that it is down. Check host "
    "and port; a private network must stand in WATCHWORD_PROVIDER_ALLOW.",
    Reason.NO_CREDIT: "The account has no money left at the vendor.",
    Reason.THROTTLED: "The vendor takes no more for now: try again in a while.",
    Reason.SENDER_REJECTED: "The vendor refuses the sender: register it there, or set another.",
    Reason.INVALID_RECIPIENT: "The vendor says that the recipient does not exist.",
    Reason.OPTED_OUT: "The recipient does not want messages of this sender.",
    Reason.CONTENT_REJECTED: "The vendor refuses the text: it may take approved templates only.",
    Reason.TIMED_OUT: "The vendor did not answer: the message may have been sent.",
}
_OTHERWISE = "The vendor refused the message: look its answer up with the vendor."


class Ended(StrEnum):
    """How a hand-over by hand ended."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    UNAVAILABLE = "unavailable"
    UNCERTAIN = "uncertain"


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a test message; `says` is a sentence of what to do."""

    ended: Ended
    duration_ms: int
    channel: str
    reference: str | None = None
    reason: Reason | None = None
    raw: str | None = None
    says: str | None = None


class Condition(msgspec.Struct, frozen=True, kw_only=True):
    """How an account is: by what this process has seen, and by the vendor's word if asked."""

    account: ProviderAccount
    health: Health
    broken: str | None
    checkup: Checkup | None = None
    duration_ms: int | None = None


class Trying:
    """The use cases that ask a vendor because an operator said so."""

    def __init__(
        self, store: Store, clock: Clock, entropy: Entropy, keeper: Keeper,
        numbering: Numbering, throughput: Throughput,
    ) -> None:  # fmt: skip
        self._store = store
        self._clock = clock
        self._entropy = entropy
        self._keeper = keeper
        self._numbering = numbering
        self._throughput = throughput

    async def test(self, caller: Caller, account: bytes, to: str, channel: Channel | None) -> Tried:
        """Send one fixed message, without a code, through an account, also a disabled one.

        Raises:
            Problem: UNKNOWN_ID, BAD_FIELD, RATE_LIMITED; NOT_ALLOWED_HERE in a sandbox, or
                where the account is broken.
        """
        found, provider = await self._provider(caller, account)
        _may_leave(caller)
        message = self._message(provider, to, channel)
        project, now = caller.project, self._clock.now()
        whom = (project, message.to)
        counted = self._throughput.admit(((TESTS, project), (SAME_RECIPIENT, whom)), now)
        _admitted(counted, "test messages")
        tried = await self._handed_over(provider, message)
        _log.info("account.tested", account=found.name, ended=tried.ended.value)
        return tried

    async def health(self, caller: Caller, account: bytes, *, ask: bool) -> Condition:
        """How an account is; with `ask` its vendor is asked, which sends nothing.

        Raises:
            Problem: UNKNOWN_ID; NOT_ALLOWED_HERE where a sandbox asks the vendor.
        """
        found = await self._store.read(lambda tx: owned(tx, caller, account))
        await self._keeper.refresh()
        entry = self._keeper.entry(account)
        provider = await asyncio.to_thread(entry.held.adapter) if entry else None
        condition = Condition(
            account=found,
            health=self._keeper.health(found.project, found.name),
            broken=entry.held.broken() if entry else None,
        )
        if not ask or provider is None:
            return condition
        _may_leave(caller)
        now = self._clock.now()
        _admitted(self._throughput.admit_one(CHECKUPS, caller.project, now), "check-ups")
        checkup = await asked(provider)
        took = self._clock.now() - now
        return msgspec.structs.replace(condition, checkup=checkup, duration_ms=took)

    async def preview(
        self, caller: Caller, account: bytes, to: str, channel: Channel | None
    ) -> Mapping[str, object]:
        """What would leave for the test message; nothing is sent.

        Raises:
            Problem: UNKNOWN_ID, BAD_FIELD; NOT_ALLOWED_HERE where the provider shows nothing.
        """
        _, provider = await self._provider(caller, account)
        seen = provider.preview(self._message(provider, to, channel))
        if seen is None:
            detail = "This provider shows no request beforehand: send a test message instead."
            raise Problem(NOT_ALLOWED_HERE, detail, extra={"reason": "no_preview"})
        return seen

    async def _provider(self, caller: Caller, account: bytes) -> tuple[ProviderAccount, Provider]:
        found = await self._store.read(lambda tx: owned(tx, caller, account))
        await self._keeper.refresh()
        entry = self._keeper.entry(account)
        provider = await asyncio.to_thread(entry.held.adapter) if entry else None
        if provider is None:
            why = entry.held.broken() if entry else "it was deleted"
            detail = f"This account cannot be used: {str(why).rstrip('.')}."
            raise Problem(NOT_ALLOWED_HERE, detail, extra={"reason": "account_broken"})
        return found, provider

    def _message(self, provider: Provider, to: str, channel: Channel | None) -> Message:
        address = self._address(to)
        chosen = _channel(provider, address, channel)
        id = ids.make(self._clock.now(), self._entropy(_ID_RANDOM))
        return Message(
            id=ids.text(Prefix.DELIVERY, id), to=address.value, channel=chosen.value,
            language="en", sender="Watchword", subject=SUBJECT, text=TEXT, html=None, code="",
        )  # fmt: skip

    def _address(self, to: str) -> Address:
        try:
            return addresses.parse(to, self._numbering)
        except InvalidAddress as error:
            raise bad_field("to", error.rule, f"{error}.") from None

    async def _handed_over(self, provider: Provider, message: Message) -> Tried:
        began = self._clock.now()
        reference: str | None = None
        reason: Reason | None = None
        raw: str | None = None
        ended = Ended.ACCEPTED
        try:
            async with asyncio.timeout(PATIENCE_S):
                reference = (await provider.send(message)).reference
        except Rejected as error:
            ended, reason, raw = Ended.REJECTED, error.reason, error.raw
        except Unavailable as error:
            ended, reason, raw = Ended.UNAVAILABLE, error.reason, error.raw
        except Uncertain as error:
            ended, reason, raw = Ended.UNCERTAIN, Reason.TIMED_OUT, error.raw
        except Exception as error:  # it breaks its contract, or takes too long
            ended, reason, raw = Ended.UNCERTAIN, Reason.TIMED_OUT, type(error).__name__
        return Tried(
            ended=ended, duration_ms=self._clock.now() - began, channel=message.channel,
            reference=reference, reason=reason, raw=discreet(raw, message),
            says=None if reason is None else _DO.get(reason, _OTHERWISE),
        )  # fmt: skip


async def asked(provider: Provider) -> Checkup:
    """The vendor's own word on an account, or why there is none."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            return await provider.checkup()
    except TimeoutError:
        return Checkup(ok=False, detail=f"The vendor did not answer within {PATIENCE_S:g} s.")
    except Exception as error:
        _log.warning("account.checkup_failed", account=provider.name, error=type(error).__name__)
        return Checkup(ok=False, detail=f"The check-up failed ({type(error).__name__}).")


def _channel(provider: Provider, address: Address, asked: Channel | None) -> Channel:
    """What the message goes by: what was asked for, or the first that fits."""
    fits = [
        one for one in Channel
        if one.value in provider.channels and one not in CODELESS
        and one in addresses.REACH[address.kind]
    ]  # fmt: skip
    if asked is None and fits:
        return fits[0]
    if asked is not None and asked in fits:
        return asked
    carried = ", ".join(sorted(provider.channels)) or "nothing"
    field = "to" if asked is None else "channel"
    detail = f"This account carries {carried}: that does not fit the recipient."
    raise bad_field(field, "channel", detail)


def _may_leave(caller: Caller) -> None:
    if caller.mode is Mode.SANDBOX:
        detail = "Nothing leaves a sandbox: use a live or a development project."
        raise Problem(NOT_ALLOWED_HERE, detail, extra={"reason": "sandbox"})


def _admitted(counted: object, what: str) -> None:
    if isinstance(counted, Refusal):
        raise Problem(
            RATE_LIMITED, f"Too many {what} within a short time.",
            retry_after=counted.retry_after_s, extra={"limit": counted.name},
        )  # fmt: skip
