"""Webhook endpoints, what is to be delivered to them, and what one attempt changes.

A delivery is one event for one endpoint.  It is tried by a schedule until a 2xx; then it is
delivered.  When the schedule is over it is exhausted, which a replay undoes.  An endpoint that
answers 410, or that has only failed for five days, is disabled.
"""

from collections.abc import Iterable, Sequence
from enum import StrEnum

import msgspec

from watchword_server.domain import destinations
from watchword_server.domain.destinations import BadDestination
from watchword_server.domain.errors import Problem, bad_field
from watchword_server.domain.events import EventType

MAX_PAYLOAD = 20_000
"""Bytes (Standard Webhooks 1.0.0, "Payload size")."""
JITTER = 0.2
FAILING_MS = 5 * 86_400_000
"""Only failures for so long disable an endpoint (Svix: 120 hours)."""
PUT_OFF_S = 10.0
"""How long a delivery waits that could not even be tried."""
KEPT_RESPONSE = 1_024
_GONE = 410
_THROTTLED = frozenset({429, 502, 503, 504})
"""Answers that speak for the whole endpoint (Standard Webhooks 1.0.0, "Response")."""
_MS = 1000


class Dialect(StrEnum):
    """How an endpoint is written to."""

    STANDARD = "standard"
    ENGAGELAB = "engagelab"


class WebhookStatus(StrEnum):
    """Where the delivery of an event to an endpoint is."""

    PENDING = "pending"
    DELIVERED = "delivered"
    EXHAUSTED = "exhausted"


class Disabled(StrEnum):
    """Why an endpoint is disabled: by somebody, by its own 410, or after five days of failures."""

    REQUESTED = "requested"
    GONE = "gone"
    FAILING = "failing"


class EndpointSecrets(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is sealed with an endpoint: what it is signed with.

    `secrets` pairs a secret with the ms at which it is no longer used (None: never).
    """

    secrets: tuple[tuple[str, int | None], ...]
    username: str | None = None
    authorization: str | None = None

    def current(self, now: int) -> list[str]:
        """The secrets in use at `now`, the newest first."""
        return [secret for secret, until in self.secrets if until is None or until > now]

    def __repr__(self) -> str:
        return "<EndpointSecrets>"


class WebhookEndpoint(msgspec.Struct, frozen=True, kw_only=True):
    """Where events of a project are posted to.  Times are ms since 1970.

    Attributes:
        types: the event types it gets, or families such as `key.*`; all of them where empty.
        secrets: sealed `EndpointSecrets`.
        verified: whether it ever answered with 2xx.
        failing_since: its first failure after its last success.
        not_before: until when it asked to be left alone.
        after: it gets the events whose number is greater.
    """

    project: bytes
    id: bytes
    url: str
    description: str
    dialect: Dialect
    types: tuple[str, ...]
    secrets: bytes
    verified: bool
    disabled: Disabled | None
    failing_since: int | None
    not_before: int
    after: int
    created_at: int
    updated_at: int

    def __repr__(self) -> str:
        return f"<WebhookEndpoint {self.id.hex()}>"


class WebhookDelivery(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One event for one endpoint.

    Attributes:
        number: the event's place in the store.
        sequence: the event's place among those of its subject.
        step: how many attempts of the current run through the schedule have failed.
        tries: how many attempts there were in all, replays included.
        due_at: when it is tried next; while it is leased, when the lease ends.
        answer: the status of the last attempt; None where there was no answer.
    """

    project: bytes
    endpoint: bytes
    number: int
    sequence: int
    status: WebhookStatus
    step: int
    tries: int
    due_at: int
    leased: bool
    answer: int | None
    error: str | None
    created_at: int
    updated_at: int


class WebhookAttempt(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One POST to an endpoint, as its log keeps it.  `response` is the beginning of the answer."""

    project: bytes
    endpoint: bytes
    number: int
    attempt: int
    at: int
    ms: int
    answer: int | None
    error: str | None
    response: bytes

    @property
    def succeeded(self) -> bool:
        """Whether the endpoint took it: 2xx and nothing else."""
        return self.answer is not None and self.answer // 100 == 2

    def __repr__(self) -> str:
        return f"<WebhookAttempt {self.endpoint.hex()} {self.number} {self.answer}>"


def wants(types: Iterable[str], type: str) -> bool:
    """Whether an endpoint with these types gets events of `type`."""
    return not types or type in types or f"{type.partition('.')[0]}.*" in types


FAMILIES: tuple[str, ...] = tuple(dict.fromkeys(f"{one.family}.*" for one in EventType))


def check_types(types: Sequence[str]) -> tuple[str, ...]:
    """The types without repetitions; `verification` alone means the family `verification.*`.

    Raises:
        Problem: BAD_FIELD for one that does not exist.
    """
    known = {*FAMILIES, *(one.value for one in EventType)}
    named = [type if type in known else f"{type}.*" for type in types]
    if not known.issuperset(named):
        raise bad_field(
            "event_types", "enum", "Each is an event type or a family such as `verification.*`."
        )
    return tuple(dict.fromkeys(named))


def check_url(url: str, *, http: bool) -> str:
    """The URL of an endpoint, if it is written like one; `http`: whether it may be plain.

    Whether it may be called is decided at each attempt, by the addresses it then has.

    Raises:
        Problem: BAD_FIELD.
    """
    try:
        destination = destinations.parse(url)
    except BadDestination as error:
        raise bad_field(
            "url", error.rule, "Write a whole URL such as https://example.com/hooks, without "
            "user, password and fragment; see docs/destinations.md."
        ) from None  # fmt: skip
    if destination.scheme != "https" and not http:
        raise bad_field("url", "https", "Webhooks go to https URLs only: write https://, or "
            "the operator sets WATCHWORD_WEBHOOK_ALLOW_HTTP=true and restarts the server; "
            "see docs/destinations.md.")  # fmt: skip

    return url


def same_origin(one: str, other: str) -> bool:
    """Whether two URLs have one scheme, host and port; False where one cannot be read."""
    try:
        first, second = destinations.parse(one), destinations.parse(other)
    except BadDestination:
        return False
    origin = first.scheme, first.host, first.port
    return origin == (second.scheme, second.host, second.port)


def delay_ms(seconds: float, chance: float) -> int:
    """A wait of the schedule with its jitter; `chance` is drawn from [0, 1)."""
    return round(seconds * _MS * (1 + JITTER * (2 * chance - 1)))


def first_due(now: int, schedule: Sequence[float], chance: float) -> int:
    """When a delivery is tried for the first time."""
    return now + delay_ms(schedule[0], chance)


def after_attempt(
    delivery: WebhookDelivery, tried: WebhookAttempt, retry_after_s: int | None,
    schedule: Sequence[float], chance: float, now: int,
) -> WebhookDelivery:  # fmt: skip
    """The delivery after an attempt: delivered, exhausted, or due again."""
    step = delivery.step + 1
    status, due_at = WebhookStatus.PENDING, now
    if tried.succeeded:
        status = WebhookStatus.DELIVERED
    elif tried.answer == _GONE or step >= len(schedule):
        status = WebhookStatus.EXHAUSTED
    else:
        due_at = now + max(delay_ms(schedule[step], chance), (retry_after_s or 0) * _MS)
    return msgspec.structs.replace(
        delivery, status=status, step=step, tries=delivery.tries + 1, due_at=due_at,
        leased=False, answer=tried.answer, error=tried.error, updated_at=now,
    )  # fmt: skip


def put_off(delivery: WebhookDelivery, chance: float, now: int) -> WebhookDelivery:
    """A delivery that this server had no room to try: no attempt, and due again soon."""
    due_at = now + delay_ms(PUT_OFF_S, chance)
    return msgspec.structs.replace(delivery, due_at=due_at, leased=False, updated_at=now)


def after_answer(
    endpoint: WebhookEndpoint, tried: WebhookAttempt, retry_after_s: int | None, now: int
) -> WebhookEndpoint:
    """The endpoint after an attempt: the same object where nothing changes."""
    replace = msgspec.structs.replace
    if tried.succeeded:
        if endpoint.failing_since is None and endpoint.verified:
            return endpoint
        return replace(endpoint, failing_since=None, verified=True)
    since = now if endpoint.failing_since is None else endpoint.failing_since
    changed = (
        endpoint if since == endpoint.failing_since else replace(endpoint, failing_since=since)
    )
    if retry_after_s and tried.answer in _THROTTLED:
        until = now + retry_after_s * _MS
        changed = replace(changed, not_before=max(changed.not_before, until))
    if changed.disabled is not None:
        return changed
    if tried.answer == _GONE:
        return replace(changed, disabled=Disabled.GONE, updated_at=now)
    if now - since >= FAILING_MS:
        return replace(changed, disabled=Disabled.FAILING, updated_at=now)
    return changed


def replayed(delivery: WebhookDelivery, now: int) -> WebhookDelivery:
    """A delivery that begins its schedule anew; its id and its log stay."""
    return msgspec.structs.replace(
        delivery, status=WebhookStatus.PENDING, step=0, due_at=now, leased=False, updated_at=now
    )


def refuse_dialect(field: str) -> Problem:
    """The refusal of a field that the endpoint's dialect does not have."""
    return bad_field(field, "dialect", f"`{field}` belongs to the dialect engagelab.")
