"""What the server answers, as frozen records.

A record takes what it knows and keeps the whole answer in `raw`, so that a newer server never
breaks an older SDK.  Times are aware datetimes in UTC.  No repr shows a code, a secret or an
address.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from typing import Any, Self

When = datetime | None
Strings = tuple[str, ...]
Objects = tuple[Mapping[str, Any], ...]


def parse_time(value: object) -> When:
    """The instant of an RFC 3339 string; None for anything else."""
    try:
        when = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return when and (when.astimezone(UTC) if when.tzinfo else when.replace(tzinfo=UTC))


@dataclass(frozen=True, kw_only=True)
class Record:
    """An answer of the server."""

    raw: Mapping[str, Any] = field(repr=False, compare=False)

    @classmethod
    def from_wire(cls, wire: Mapping[str, Any]) -> Self:
        """The record in a JSON object; TypeError if a required member is missing."""
        known: dict[str, Any] = {}
        for each in fields(cls)[1:]:
            value = wire.get(each.name)
            if each.type == When:
                value = parse_time(value)
            elif each.type in (Strings, Objects) and value is not None:
                value = tuple(value)
            if value is not None:
                known[each.name] = value
        return cls(raw=wire, **known)


@dataclass(frozen=True, kw_only=True)
class Message(Record):
    """A verification: one try to prove control of an address.

    Attributes:
        status: pending, approved, expired, canceled, exhausted or failed.
        send_channel: the channel of the first message.
        resend_after: seconds until it may be sent again; None when it never may, or in a list.
        mode: development or sandbox; None when live, or in a list.
        to: the address, masked.
        verification_url: where the person can type the code; with `get` only, while pending.
        deliveries: each hand-over to a provider, with its reports; with `get` only, as is the
            timeline.
        messages: one entry per recipient, where a custom message was sent to several.
    """

    message_id: str
    status: str = "pending"
    send_channel: str | None = None
    expires_at: When = None
    resend_after: int | None = None
    mode: str | None = None
    assurance: str | None = None
    to: str | None = field(default=None, repr=False)
    template_id: str | None = None
    language: str | None = None
    purpose: str | None = None
    created_at: When = None
    ended_at: When = None
    sends: int | None = None
    checks: int | None = None
    checks_left: int | None = None
    verification_url: str | None = field(default=None, repr=False)
    metadata: Mapping[str, str] | None = field(default=None, repr=False, hash=False)
    deliveries: Objects = field(default=(), repr=False, hash=False)
    timeline: Objects = field(default=(), repr=False, hash=False)
    messages: Objects = field(default=(), repr=False, hash=False)


@dataclass(frozen=True, kw_only=True)
class CheckResult(Record):
    """What became of one submitted code: a wrong one is `verified=False`, not an error."""

    message_id: str
    verified: bool
    status: str | None = None
    checks_left: int | None = None
    assurance: str | None = None


@dataclass(frozen=True, kw_only=True)
class InboxMessage(Record):
    """A message that stayed on the server, because its project is not live."""

    message_id: str
    to: str | None = field(default=None, repr=False)
    code: str | None = field(default=None, repr=False)
    text: str | None = field(default=None, repr=False)
    channel: str | None = None
    at: When = None


@dataclass(frozen=True, kw_only=True)
class SandboxWebhook(Record):
    """Where the events of a sandbox go; `verified` is whether it answered its signed ping."""

    url: str
    username: str | None = None
    verified: bool = False
    mode: str | None = None


@dataclass(frozen=True, kw_only=True)
class Template(Record):
    """A template in the version that is in use.

    Attributes:
        status: 1 pending, 2 approved, 3 rejected.
        change: a newer version that waits for its review or was rejected, if there is one.
        contents: what is said, by channel and language; not in a list, as are the findings.
    """

    template_id: str
    description: str | None = None
    send_channel_strategy: str | None = None
    route: str | None = None
    brand_name: str | None = None
    status: int | str | None = None
    audit_remark: str | None = None
    version: int | None = None
    change: Mapping[str, Any] | None = field(default=None, hash=False)
    category: str | None = None
    contents: Mapping[str, Mapping[str, Mapping[str, Any]]] = field(
        default_factory=dict, repr=False, hash=False
    )
    findings: Objects = field(default=(), repr=False, hash=False)


@dataclass(frozen=True, kw_only=True)
class TemplateVersion(Record):
    """One version of a template with its review; `status` as in `Template`."""

    version: int
    in_use: bool = False
    status: int | None = None
    audit_remark: str | None = None
    reviewed_by: str | None = None
    submitted_at: When = None
    reviewed_at: When = None
    contents: Mapping[str, Mapping[str, Mapping[str, Any]]] = field(
        default_factory=dict, repr=False, hash=False
    )


@dataclass(frozen=True, kw_only=True)
class LintReport(Record):
    """What the policy says: `rule`, `severity`, `field`, `message` and `fix` of each finding."""

    passed: bool
    findings: Objects = field(default=(), hash=False)


@dataclass(frozen=True, kw_only=True)
class TemplatePreview(Record):
    """Messages as they would be sent: `channel`, `language`, `text`, `segments`, `cost` and so on.

    The code in them is an example.
    """

    template_id: str
    version: int | None = None
    data: Objects = field(default=(), repr=False, hash=False)


@dataclass(frozen=True, kw_only=True)
class ApiKey(Record):
    """An API key; `dev_secret` and `bearer` are there only in the answer that made them."""

    dev_key: str
    name: str | None = None
    dev_secret: str | None = field(default=None, repr=False)
    bearer: str | None = field(default=None, repr=False)
    project_id: str | None = None
    scopes: Strings = ()
    disabled: bool = False
    allowed_ips: Strings = ()
    expires_at: When = None
    created_at: When = None


@dataclass(frozen=True, kw_only=True)
class Project(Record):
    """A project: the tenant that owns keys, templates and verifications."""

    project_id: str
    name: str | None = None
    mode: str | None = None
    limits: Mapping[str, Mapping[str, int]] = field(default_factory=dict, hash=False)
    link_domains: Strings = ()
    marketing: Mapping[str, Any] | None = field(default=None, hash=False)
    daily_budget: str | None = None
    low_balance: str | None = None
    created_at: When = None


@dataclass(frozen=True, kw_only=True)
class Event(Record):
    """Something that happened.

    Attributes:
        type: such as verification.approved.
        data: what it is about and what is known about it: message_id, channel, sequence ...
    """

    type: str
    id: str | None = None
    timestamp: When = None
    project_id: str | None = None
    data: Mapping[str, Any] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, kw_only=True)
class WebhookEndpoint(Record):
    """Where events are posted to; `secret` is there only in the answer that made it."""

    endpoint_id: str
    url: str | None = None
    secret: str | None = field(default=None, repr=False)
    description: str | None = None
    event_types: Strings = ()
    dialect: str | None = None
    verified: bool = False
    disabled: bool = False
    disabled_reason: str | None = None
    failing_since: When = None
    paused_until: When = None
    previous_secret_until: When = None
    username: str | None = None
    deliveries: Mapping[str, int] = field(default_factory=dict, hash=False)
    created_at: When = None
    updated_at: When = None


@dataclass(frozen=True, kw_only=True)
class WebhookDelivery(Record):
    """One event on its way to one endpoint; `event` and `log` with `delivery` only.

    Attributes:
        status: pending, delivered or exhausted.
    """

    event_id: str
    event_type: str | None = None
    sequence: int | None = None
    status: str | None = None
    attempts: int = 0
    next_attempt_at: When = None
    last_status: int | None = None
    last_error: str | None = None
    created_at: When = None
    updated_at: When = None
    event: Mapping[str, Any] | None = field(default=None, repr=False, hash=False)
    log: Objects = field(default=(), repr=False, hash=False)


@dataclass(frozen=True, kw_only=True)
class Ping(Record):
    """How an endpoint answered a ping."""

    succeeded: bool
    status: int | None = None
    error: str | None = None
    duration_ms: int | None = None


@dataclass(frozen=True, kw_only=True)
class Replay(Record):
    """What is posted again; `total` is there on the first page."""

    replayed: int
    total: int | None = None
    next_cursor: str | None = None


@dataclass(frozen=True, kw_only=True)
class Health(Record):
    """The server's own account of itself."""

    status: str
    version: str | None = None
