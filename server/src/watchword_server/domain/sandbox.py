"""The sandbox: public credentials, and the one table of magic recipients.

Each row of `MAGIC` is the truth about one recipient: what the call answers, and what happens
afterwards, in order.  The worker plays it, a test executes it row by row, and the documentation
prints it.  The first fourteen rows are EngageLab's (its SANDBOX.md); the others are ours, each
for an answer that nobody could provoke otherwise: `+1000000CCCC` is answered with error CCCC.
"""

from collections.abc import Mapping

import msgspec

from watchword_server.domain import errors
from watchword_server.domain.channel import Channel
from watchword_server.domain.delivery import DeliveryStatus, Reason
from watchword_server.domain.errors import ErrorKind
from watchword_server.domain.project import Scope

ACCOUNT = "sandbox"
"""The provider account that plays the table."""

CREDENTIALS: Mapping[str, str] = {
    "engagelab_sandbox_demo": "engagelab_sandbox_secret",
    "sandbox_demo": "sandbox_secret",
    "watchword_sandbox_demo": "watchword_sandbox_secret",
}
"""Public keys and their secrets.  The vendor documents two pairs; both are taken."""

SCOPES = frozenset(Scope) - {
    Scope.KEYS_MANAGE,
    Scope.PROVIDERS_MANAGE,
    Scope.SERVER_ADMIN,
    Scope.AGENT_VERIFY,
}
"""Everything but what would reach further than the sandbox of one caller: a key made there would
outlive the quota, a provider account sends to the outside."""

RATE_LIMITED_S = 30
FAILED = DeliveryStatus.UNDELIVERED


class Then(msgspec.Struct, frozen=True):
    """One thing that happens to a delivery after the call.

    Attributes:
        at: when, in delays of the sandbox (a setting) since the call.
        channel: on which channel; None for the first one of the template.
        code: the vendor's number of a failure, the raw word of the event.
    """

    at: int
    channel: Channel | None
    status: DeliveryStatus
    code: int = 0


class Magic(msgspec.Struct, frozen=True, kw_only=True):
    """What a recipient does.

    Attributes:
        does: the documentation's words.
        error: what the call is refused with; then nothing is sent.
        then: what happens, in order.
        code: the code that is sent, instead of a random one.
        ttl_s: how long the code is good for, instead of the template's time.
    """

    to: str
    does: str
    error: ErrorKind | None = None
    then: tuple[Then, ...] = ()
    code: str | None = None
    ttl_s: int | None = None

    @property
    def channels(self) -> tuple[Channel | None, ...]:
        """The channels it uses, in order."""
        return tuple(dict.fromkeys(each.channel for each in self.then))


_S = DeliveryStatus
_WA, _SMS, _VOICE, _EMAIL = Channel.WHATSAPP, Channel.SMS, Channel.VOICE, Channel.EMAIL
_AT_ONCE = (Then(0, None, _S.SENT), Then(0, None, _S.DELIVERED))


def _failing(code: int) -> tuple[Then, ...]:
    return (Then(0, None, _S.SENT), Then(1, None, FAILED, code))


def _refused(code: int, error: ErrorKind, does: str) -> Magic:
    return Magic(to=f"+1000000{code:04d}", does=does, error=error)


TABLE: tuple[Magic, ...] = (
    Magic(
        to="+10000000000", does="Delivered after the delay",
        then=(Then(0, None, _S.SENT), Then(1, None, _S.DELIVERED)),
    ),
    Magic(
        to="+10000000005", does="Delivered at once; the code is `123456`",
        then=_AT_ONCE, code="123456",
    ),
    Magic(to="+10000000010", does="Delivered at once", then=_AT_ONCE),
    Magic(
        to="sandbox@example.com", does="Delivered at once, by email",
        then=(Then(0, _EMAIL, _S.SENT), Then(0, _EMAIL, _S.DELIVERED)),
    ),
    Magic(to="+10000000001", does="Invalid phone number", error=errors.INVALID_NUMBER),
    Magic(to="+10000000011", does="Blacklisted", error=errors.BLACKLISTED),
    Magic(to="+10000000012", does="Unsubscribed", error=errors.UNSUBSCRIBED),
    Magic(to="+10000000099", does="Rate limited, always", error=errors.RATE_LIMITED),
    Magic(to="+10000000002", does="Sent, then reported unreachable", then=_failing(5012)),
    Magic(
        to="+10000000003", does="Lost: nothing is ever reported",
        then=(Then(0, None, _S.UNKNOWN),),
    ),
    Magic(to="+10000000018", does="Sent, then reported switched off", then=_failing(5018)),
    Magic(
        to="+10000000004", does="WhatsApp fails, SMS arrives",
        then=(
            Then(0, _WA, _S.SENT), Then(1, _WA, FAILED, 5012),
            Then(1, _SMS, _S.SENT), Then(2, _SMS, _S.DELIVERED),
        ),
    ),
    Magic(
        to="+10000000014", does="WhatsApp, SMS and voice all fail",
        then=(
            Then(0, _WA, _S.SENT), Then(1, _WA, FAILED, 5012),
            Then(1, _SMS, _S.SENT), Then(2, _SMS, FAILED, 5012),
            Then(2, _VOICE, _S.SENT), Then(3, _VOICE, FAILED, 5018),
        ),
    ),
    Magic(
        to="+10000000024", does="WhatsApp arrives, so there is no fallback",
        then=(Then(0, _WA, _S.SENT), Then(1, _WA, _S.DELIVERED)),
    ),
    Magic(
        to="+10000000101", does="Never handed over: the verification fails",
        then=(Then(0, None, _S.FAILED, 5001),),
    ),
    Magic(
        to="+10000000102", does="Delivered at once; the code expires after one second",
        then=_AT_ONCE, ttl_s=1,
    ),
    _refused(1000, errors.INTERNAL, "Internal error"),
    Magic(to="+10000001503", does="Temporarily unavailable", error=errors.UNAVAILABLE),
    _refused(2002, errors.KEY_INACTIVE, "The key is disabled"),
    _refused(2004, errors.FORBIDDEN, "The key may not do this"),
    _refused(3003, errors.NOT_ALLOWED_HERE, "The template is not approved"),
    _refused(5001, errors.SEND_FAILED, "The message could not be sent"),
    _refused(5012, errors.UNREACHABLE, "Destination unreachable, at once"),
    _refused(5014, errors.CONTENT_REJECTED, "Content violates a policy"),
    _refused(5015, errors.INTERCEPTED, "Intercepted by the carrier"),
    _refused(5016, errors.SEND_BROKEN, "Internal error of the sender"),
    _refused(5017, errors.REGION_CLOSED, "No permission for China"),
    _refused(5018, errors.SWITCHED_OFF, "Handset switched off"),
    _refused(5020, errors.UNREGISTERED, "Number not registered"),
)  # fmt: skip
"""Every magic recipient."""

MAGIC: Mapping[str, Magic] = {row.to: row for row in TABLE}

_EXTRA: Mapping[str, dict[str, str | int]] = {
    errors.KEY_INACTIVE.slug: {"reason": "disabled"},
    errors.NOT_ALLOWED_HERE.slug: {"reason": "template_not_approved"},
    errors.RATE_LIMITED.slug: {"limit": "cooldown"},
    errors.INVALID_NUMBER.slug: {"field": "to", "rule": "valid"},
}
_RETRY_AFTER: Mapping[str, int] = {errors.RATE_LIMITED.slug: RATE_LIMITED_S, "unavailable": 1}

REASONS: Mapping[int, Reason] = {
    5001: Reason.PROVIDER_DOWN,
    5012: Reason.UNREACHABLE,
    5018: Reason.UNREACHABLE,
}
"""Our word for a vendor's number, in the events of the sandbox."""


def refusal(row: Magic, kind: ErrorKind) -> errors.Problem:
    """What the call to a row with an error is refused with, as the real error would look."""
    return errors.Problem(
        kind,
        f"{row.does}: this recipient of the sandbox is always answered so.",
        retry_after=_RETRY_AFTER.get(kind.slug),
        extra={**_EXTRA.get(kind.slug, {}), "mode": "sandbox"},
    )


def outcome(row: Magic) -> str:
    """What a row answers or leads to, in words for a table."""
    if row.error is not None:
        return f"HTTP {row.error.status}, code {row.error.code}"
    moments: dict[int, list[str]] = {}
    for each in row.then:
        words = (each.channel, each.status, str(each.code or ""))
        moments.setdefault(each.at, []).append(" ".join(filter(None, words)))
    return "; ".join(f"{_WHEN[at]}: {', '.join(what)}" for at, what in moments.items())


_WHEN = ("at once", "after the delay", "after two", "after three")


class Act(msgspec.Struct, frozen=True):
    """What becomes of one message: how its hand-over ends, and what is reported later.

    Attributes:
        first: the status that the hand-over leads to.
        last: the one that a report leads to, if one comes.
        after: when that is, in delays of the sandbox since the hand-over.
        code: the vendor's number of the failure.
    """

    first: DeliveryStatus
    last: DeliveryStatus | None
    after: int
    code: int


ARRIVES = Act(_S.SENT, _S.DELIVERED, 0, 0)
"""What any other recipient does."""


def act(to: str, channel: str) -> Act:
    """What becomes of a message to `to` over `channel`."""
    row = MAGIC.get(to)
    if row is None:
        return ARRIVES
    mine = [each for each in row.then if each.channel in (None, channel)]
    if not mine:
        return ARRIVES
    first, last = mine[0], mine[-1]
    later = last.status if last is not first else None
    return Act(first.status, later, last.at - first.at, last.code)


class Foretold(msgspec.Struct, frozen=True):
    """A delivery report that is known before it comes: only the sandbox's are."""

    status: DeliveryStatus
    reason: Reason | None
    raw: str | None


def foretell(id: str, act: Act) -> str:
    """A message's reference, with its report in it, so that it needs no place of its own."""
    return f"{id}.{act.last or '-'}.{act.code}"


def foretold(reference: str | None) -> Foretold | None:
    """The report that a reference of the sandbox's account holds."""
    _, _, rest = (reference or "").partition(".")
    word, _, digits = rest.partition(".")
    if word not in (_S.DELIVERED, FAILED):
        return None
    number = int(digits)
    return Foretold(DeliveryStatus(word), REASONS.get(number), digits if number else None)
