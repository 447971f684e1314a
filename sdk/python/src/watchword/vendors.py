"""What the server answers about vendors and the accounts at them, as frozen records."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from watchword.models import Objects, Record, Strings, When


@dataclass(frozen=True, kw_only=True)
class ProviderType(Record):
    """A vendor of the server, and what it has to be told."""

    name: str
    description: str | None = None
    channels: Strings = ()
    reports: bool = False
    docs_url: str | None = None
    settings: Objects = field(default=(), hash=False)


@dataclass(frozen=True, kw_only=True)
class Provider(Record):
    """A provider account; secrets are None in `settings`.

    Attributes:
        health: closed, open or half_open: its circuit breaker.
        broken: why it cannot be used at all.
    """

    provider_id: str
    name: str | None = None
    provider: str | None = None
    channels: Strings = ()
    reports: bool = False
    settings: Mapping[str, Any] = field(default_factory=dict, repr=False, hash=False)
    secrets_set: Strings = ()
    weight: int | None = None
    disabled: bool = False
    broken: str | None = None
    health: str | None = None
    callback_url: str | None = None
    created_at: When = None
    updated_at: When = None


@dataclass(frozen=True, kw_only=True)
class ProviderTest(Record):
    """What came of a test message.

    Attributes:
        outcome: accepted, rejected, unavailable or uncertain.  The vendor's own words are in
            `raw["raw"]`.
    """

    accepted: bool
    outcome: str | None = None
    channel: str | None = None
    reference: str | None = None
    reason: str | None = None
    advice: str | None = None
    duration_ms: int | None = None


@dataclass(frozen=True, kw_only=True)
class ProviderHealth(Record):
    """How an account is doing; `checkup` is the vendor's own word, where it was asked."""

    provider_id: str
    state: str | None = None
    errors: int = 0
    total: int = 0
    opened_at: When = None
    probe_at: When = None
    broken: str | None = None
    checkup: Mapping[str, Any] | None = field(default=None, hash=False)


@dataclass(frozen=True, kw_only=True)
class ProviderPreview(Record):
    """What would leave for a test message."""

    provider_id: str
    request: Mapping[str, Any] = field(default_factory=dict, repr=False, hash=False)
