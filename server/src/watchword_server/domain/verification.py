"""A verification: one try to prove control of an address.

Everything that says which state may follow which lives here, as data: `TRANSITIONS` is the
whole truth, and the diagram in the documentation is drawn from it.  A state that has ended
never changes.
"""

from collections.abc import Iterable
from enum import StrEnum

import msgspec

from watchword_server.domain.channel import Channel


class Status(StrEnum):
    """Where a verification is."""

    PENDING = "pending"
    APPROVED = "approved"
    EXPIRED = "expired"
    CANCELED = "canceled"
    EXHAUSTED = "exhausted"
    FAILED = "failed"


class Trigger(StrEnum):
    """What can happen to a verification."""

    RIGHT_CODE = "right_code"
    LAST_WRONG_CODE = "last_wrong_code"
    TIME_PASSED = "time_passed"
    CANCEL = "cancel"
    NO_STEP_HANDED_OVER = "no_step_handed_over"


TRANSITIONS: dict[tuple[Status, Trigger], Status] = {
    (Status.PENDING, Trigger.RIGHT_CODE): Status.APPROVED,
    (Status.PENDING, Trigger.LAST_WRONG_CODE): Status.EXHAUSTED,
    (Status.PENDING, Trigger.TIME_PASSED): Status.EXPIRED,
    (Status.PENDING, Trigger.CANCEL): Status.CANCELED,
    (Status.PENDING, Trigger.NO_STEP_HANDED_OVER): Status.FAILED,
}


class Assurance(StrEnum):
    """What an approval proves (NIST SP 800-63B-4 sections 3.1.3.1 and 3.1.3.3)."""

    RESTRICTED = "restricted"
    OOB = "oob"
    ADDRESS_CONFIRMATION = "address_confirmation"


def follow(status: Status, trigger: Trigger) -> Status | None:
    """The state after `trigger`, or None where nothing may change."""
    return TRANSITIONS.get((status, trigger))


class Verification(msgspec.Struct, frozen=True, gc=False):
    """A verification as the store keeps it, pending or ended.

    Times are ms since 1970 by the server's clock.  `address` is the keyed blind index of the
    recipient, `details` its sealed address and metadata; neither tells the address.
    """

    project: bytes
    id: bytes
    status: Status
    address: bytes
    masked: str
    details: bytes
    template: str
    language: str
    channel: str
    purpose: str
    assurance: Assurance
    api_key: bytes
    created_at: int
    expires_at: int
    ended_at: int | None
    checks: int
    max_checks: int
    sends: int


class Live(Verification, frozen=True, gc=False):
    """What only a pending verification has; wiped in the transaction that ends it.

    `sameness` is the keyed hash of what makes a second POST a resend, `binding` that of amount
    and payee, `digest` that of the code; `secrets` is the sealed code and template parameters.
    `route` is the encoded list of steps, `step` the index of the current one.
    """

    sameness: bytes
    binding: bytes
    pepper: int
    digest: bytes
    secrets: bytes
    policy: str
    next_send_at: int
    route: bytes
    step: int


_FIELDS = Verification.__struct_fields__
_STATUS, _ENDED_AT, _CHECKS = map(_FIELDS.index, ("status", "ended_at", "checks"))


def end(live: Live, trigger: Trigger, now: int, checks: int | None = None) -> Verification:
    """The verification as history keeps it: its secrets are not carried over.

    `checks`: how many codes were evaluated, where `live` does not count the last one yet.

    Raises:
        ValueError: the trigger does not apply to a pending verification.
    """
    status = follow(Status.PENDING, trigger)
    if status is None:
        raise ValueError(f"{trigger} does not end a pending verification")
    kept = list(msgspec.structs.astuple(live)[: len(_FIELDS)])
    kept[_STATUS], kept[_ENDED_AT], kept[_CHECKS] = status, now, checks or live.checks
    return Verification(*kept)


def as_of(verification: Verification, now: int) -> Verification:
    """The verification as it is at `now`: a pending one whose time has passed is expired, also
    before the sweep has said so."""
    if verification.status is Status.PENDING and verification.expires_at <= now:
        return msgspec.structs.replace(
            verification, status=Status.EXPIRED, ended_at=verification.expires_at
        )
    return verification


class Details(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is sealed with a verification for as long as it is kept: whom it is about."""

    to: str
    metadata: dict[str, str] = {}
    alternate_email: str | None = None

    def __repr__(self) -> str:
        return "<Details>"


class Secrets(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is sealed only while a verification is pending: what a message is rendered from."""

    code: str
    ttl_s: int
    params: dict[str, str] = {}

    def __repr__(self) -> str:
        return "<Secrets>"


def assurance_of(channel: Channel) -> Assurance:
    """What a code over this channel proves.

    SMS and voice use the public telephone network, which is restricted; email is no
    authenticator at all (NIST SP 800-63B-4 sections 3.1.3.1 and 3.1.3.3).
    """
    if channel is Channel.EMAIL:
        return Assurance.ADDRESS_CONFIRMATION
    if channel in (Channel.SMS, Channel.VOICE):
        return Assurance.RESTRICTED
    return Assurance.OOB


_WEAKEST = (Assurance.ADDRESS_CONFIRMATION, Assurance.RESTRICTED, Assurance.OOB)


def weakest(channels: Iterable[Channel]) -> Assurance:
    """The assurance of a chain: that of its weakest channel."""
    return min((assurance_of(channel) for channel in channels), key=_WEAKEST.index)
