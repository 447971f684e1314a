"""Asking the vendor of a provider account: a test message, its health, a look before a send."""

from typing import Annotated, Any

from msgspec import Meta

from watchword_server.api.fields import SOME, Body, Instant, Reply, instant_or_none
from watchword_server.api.operation import Call, Operation
from watchword_server.api.resources.provider_accounts import ONE, account_id
from watchword_server.api.resources.provider_bodies import (
    ProviderId,
    TriedChannel,
    TryProvider,
)
from watchword_server.domain.breaker import State
from watchword_server.domain.channel import Channel
from watchword_server.domain.delivery import Reason
from watchword_server.domain.errors import NOT_ALLOWED_HERE, RATE_LIMITED
from watchword_server.domain.ids import Prefix, text
from watchword_server.domain.project import Scope
from watchword_server.ports.providers import Checkup
from watchword_server.services.accounts import Condition, Ended

Duration = Annotated[int, Meta(ge=0, description="Milliseconds.", examples=[42])]


class ProviderTest(Reply, frozen=True, kw_only=True):
    """What came of a test message."""

    accepted: Annotated[
        bool, Meta(description="Whether the vendor took it.", examples=[True])
    ]  # fmt: skip
    outcome: Annotated[
        Ended,
        Meta(
            description="`accepted`; `rejected`: the vendor refuses this message; `unavailable`: "
            "nothing was sent; `uncertain`: it may have been sent.",
            examples=["accepted"],
        ),
    ]
    channel: TriedChannel
    reference: Annotated[
        str | None,
        Meta(
            description="The vendor's id of the message.",
            examples=["msg-1"],
            extra_json_schema=SOME,
        ),
    ]
    reason: Annotated[Reason | None, Meta(description="Why it was not accepted.", examples=[None])]
    raw: Annotated[
        str | None,
        Meta(
            description="The vendor's own code or words.",
            examples=[None],
            extra_json_schema={"maxLength": 200},
        ),
    ]
    advice: Annotated[
        str | None,
        Meta(description="What to do about it.", examples=[None], extra_json_schema=SOME),
    ]
    duration_ms: Duration


class ProviderCheckup(Reply, frozen=True, kw_only=True):
    """The vendor's own word on an account."""

    ok: Annotated[bool, Meta(description="Whether it can be used.", examples=[True])]
    detail: Annotated[
        str, Meta(min_length=1, description="One sentence.", examples=["The log-in works."])
    ]
    balance: Annotated[
        str | None,
        Meta(
            description="What is left, where the vendor tells.",
            examples=["12.34"],
            extra_json_schema=SOME,
        ),
    ]
    currency: Annotated[
        str | None,
        Meta(
            description="ISO 4217, where the vendor tells.",
            examples=["EUR"],
            extra_json_schema=SOME,
        ),
    ]
    duration_ms: Duration


class ProviderHealth(Reply, frozen=True, kw_only=True):
    """How an account is doing."""

    provider_id: ProviderId
    state: Annotated[
        State,
        Meta(
            description="The circuit breaker of the process that answers: `closed` is in use, "
            "`open` is left alone, `half_open` is tried with one message at a time.",
            examples=["closed"],
        ),
    ]
    errors: Annotated[
        int,
        Meta(
            ge=0,
            le=20,
            description="Of these hand-overs, those that failed or got no answer.",
            examples=[0],
        ),
    ]
    total: Annotated[
        int, Meta(ge=0, le=20, description="Its last hand-overs, 20 at most.", examples=[20])
    ]
    opened_at: Annotated[
        Instant | None, Meta(description="Since when it is left alone.", examples=[None])
    ]
    probe_at: Annotated[
        Instant | None, Meta(description="From when it is tried again.", examples=[None])
    ]
    broken: Annotated[
        str | None,
        Meta(description="Why it cannot be used at all.", examples=[None], extra_json_schema=SOME),
    ]
    checkup: Annotated[
        ProviderCheckup | None,
        Meta(
            description="The vendor's word; null where it was not asked for.",
            examples=[None],
        ),
    ]


class ProviderPreview(Reply, frozen=True, kw_only=True):
    """What would leave for the test message."""

    provider_id: ProviderId
    request: Annotated[
        dict[str, Any],
        Meta(
            description="As the provider shows it, secrets masked.",
            examples=[{"method": "POST", "url": "https://sms.example.com/send"}],
        ),
    ]


class AskHealth(Body, frozen=True, kw_only=True):
    """Whether the vendor is to be asked."""

    checkup: Annotated[
        bool,
        Meta(
            description="Ask the vendor how the account is doing, and what is left on it. Nothing "
            "is sent.",
            examples=[False],
        ),
    ] = False


def _checkup(condition: Condition) -> ProviderCheckup | None:
    told: Checkup | None = condition.checkup
    if told is None:
        return None
    return ProviderCheckup(
        ok=told.ok,
        detail=told.detail,
        balance=told.balance,
        currency=told.currency,
        duration_ms=condition.duration_ms or 0,
    )


async def _test(call: Call, body: TryProvider, _query: None) -> ProviderTest:
    trying = call.services.trying
    tried = await trying.test(call.caller, account_id(call), body.to, body.channel)
    return ProviderTest(
        accepted=tried.ended is Ended.ACCEPTED,
        outcome=tried.ended,
        channel=Channel(tried.channel),
        reference=tried.reference or None,
        reason=tried.reason,
        raw=tried.raw,
        advice=tried.says,
        duration_ms=tried.duration_ms,
    )


async def _health(call: Call, _body: None, query: AskHealth) -> ProviderHealth:
    trying = call.services.trying
    condition = await trying.health(call.caller, account_id(call), ask=query.checkup)
    health = condition.health
    return ProviderHealth(
        provider_id=text(Prefix.PROVIDER, condition.account.id),
        state=health.state,
        errors=health.errors,
        total=health.total,
        opened_at=instant_or_none(health.opened_at),
        probe_at=instant_or_none(health.probe_at),
        broken=condition.broken,
        checkup=_checkup(condition),
    )


async def _dry_run(call: Call, body: TryProvider, _query: None) -> ProviderPreview:
    id, trying = account_id(call), call.services.trying
    seen = await trying.preview(call.caller, id, body.to, body.channel)
    return ProviderPreview(provider_id=text(Prefix.PROVIDER, id), request=dict(seen))


_TO = {"to": "codes@example.com"}

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        id="testProvider",
        method="POST",
        path=f"{ONE}/test",
        tag="providers",
        summary="Send a test message",
        description="Sends one fixed message, whose code verifies nothing, through the account, "
        "also from a development project and through a disabled account: somebody asks for it by "
        "hand. Ten at once in a project, then one every six seconds; three to one recipient in "
        "ten minutes.",
        scope=Scope.PROVIDERS_MANAGE,
        body=TryProvider,
        example=_TO,
        answer=ProviderTest,
        errors=(NOT_ALLOWED_HERE, RATE_LIMITED),
        handler=_test,
    ),
    Operation(
        id="getProviderHealth",
        method="GET",
        path=f"{ONE}/health",
        tag="providers",
        summary="Read the health of a provider account",
        description="What the process that answers has seen of it; with `checkup` also what the "
        "vendor says. Health is not shared between processes.",
        scope=Scope.PROVIDERS_MANAGE,
        query=AskHealth,
        answer=ProviderHealth,
        errors=(NOT_ALLOWED_HERE, RATE_LIMITED),
        handler=_health,
    ),
    Operation(
        id="dryRunProvider",
        method="POST",
        path=f"{ONE}/dry-run",
        tag="providers",
        summary="Look at what would be sent",
        description="The request that a test message would be, secrets masked; nothing is sent. "
        "Not every provider can show it.",
        scope=Scope.PROVIDERS_MANAGE,
        body=TryProvider,
        example=_TO,
        answer=ProviderPreview,
        errors=(NOT_ALLOWED_HERE,),
        handler=_dry_run,
    ),
)
