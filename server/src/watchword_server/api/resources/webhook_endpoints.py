"""Webhook endpoints of a project."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from msgspec import Meta

from watchword_server.api.fields import (
    SOME,
    Deleted,
    Instant,
    Reply,
    instant,
    instant_or_none,
)
from watchword_server.api.operation import Call, Operation
from watchword_server.api.resources.webhook_bodies import (
    DAY_S,
    CreateWebhookEndpoint,
    Description,
    EndpointId,
    EventTypes,
    RotateWebhookSecret,
    UpdateWebhookEndpoint,
    Url,
)
from watchword_server.domain.errors import NOT_ALLOWED_HERE, UNKNOWN_ID
from watchword_server.domain.ids import Prefix, parse, text
from watchword_server.domain.project import Scope
from watchword_server.domain.webhook import Dialect, Disabled, WebhookEndpoint
from watchword_server.services.webhooks import Asked, Changes, IssuedEndpoint
from watchword_server.services.webhooks import Ping as Pinged

HTTP_STATUS = {"minimum": 100, "maximum": 599}


class Ping(Reply, frozen=True, kw_only=True):
    """What came of a signed ping."""

    succeeded: Annotated[
        bool, Meta(description="Whether the answer was 2xx.", examples=[True])
    ]  # fmt: skip
    status: Annotated[
        int | None,
        Meta(
            description="The answer's HTTP status; null for none.",
            examples=[200],
            extra_json_schema=HTTP_STATUS,
        ),
    ]
    error: Annotated[
        str | None,
        Meta(
            description="What went wrong; null for nothing.",
            examples=[None],
            extra_json_schema=SOME,
        ),
    ]
    duration_ms: Annotated[int, Meta(ge=0, description="Milliseconds.", examples=[42])]


class WebhookEndpointView(Reply, frozen=True, kw_only=True):
    """An endpoint, without its secret."""

    endpoint_id: EndpointId
    url: Url
    description: Description
    event_types: EventTypes
    dialect: Annotated[
        Dialect, Meta(description="How its webhooks are written.", examples=["standard"])
    ]
    verified: Annotated[
        bool, Meta(description="Whether it has answered a post with 2xx.", examples=[True])
    ]
    disabled: Annotated[bool, Meta(description="Whether nothing is posted.", examples=[False])]
    disabled_reason: Annotated[
        Disabled | None,
        Meta(
            description="`requested`, `gone` (it answered 410) or `failing` (nothing but failures "
            "for five days).",
            examples=[None],
        ),
    ]
    failing_since: Annotated[
        Instant | None,
        Meta(description="Its first failure after the last success.", examples=[None]),
    ]
    paused_until: Annotated[
        Instant | None, Meta(description="Until when it asked to be left alone.", examples=[None])
    ]
    previous_secret_until: Annotated[
        Instant | None,
        Meta(description="Until when an older secret signs as well.", examples=[None]),
    ]
    username: Annotated[
        str | None,
        Meta(
            description="Dialect engagelab only: the name in X-CALLBACK-ID.",
            examples=[None],
            extra_json_schema={"minLength": 1, "maxLength": 64},
        ),
    ]
    created_at: Instant
    updated_at: Instant


class WebhookEndpointDetail(WebhookEndpointView, frozen=True, kw_only=True):
    """An endpoint with the state of its deliveries."""

    deliveries: Annotated[
        dict[str, Annotated[int, Meta(ge=0)]],
        Meta(
            description="How many deliveries it has in each state.",
            examples=[{"delivered": 120, "pending": 1}],
        ),
    ]


class IssuedWebhookEndpoint(WebhookEndpointView, frozen=True, kw_only=True):
    """An endpoint with its secret: no other answer shows it again."""

    secret: Annotated[
        str,
        Meta(
            min_length=8,
            max_length=100,
            description="What verifies its webhooks. Keep it now.",
            examples=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
        ),
    ]


class CreatedWebhookEndpoint(IssuedWebhookEndpoint, frozen=True, kw_only=True):
    """A new endpoint with its secret, and how it answered a ping: it is kept either way."""

    ping: Annotated[Ping, Meta(description="How it answered.")]


class WebhookEndpointList(Reply, frozen=True, kw_only=True):
    """The endpoints of the project."""

    data: Annotated[Sequence[WebhookEndpointView], Meta(description="All of them.")]


class DeletedWebhookEndpoint(Reply, frozen=True, kw_only=True):
    """An endpoint that is gone, with its deliveries."""

    deleted: Deleted
    endpoint_id: EndpointId


def endpoint_id(call: Call) -> bytes:
    """The endpoint in the path of a call."""
    return parse(Prefix.WEBHOOK_ENDPOINT, call.path["endpoint_id"])


def _facts(call: Call, endpoint: WebhookEndpoint) -> dict[str, Any]:
    now = call.services.clock.now()
    secrets = call.services.webhook_endpoints.secrets(endpoint)
    older = [until for _, until in secrets.secrets if until is not None and until > now]
    return {
        "endpoint_id": text(Prefix.WEBHOOK_ENDPOINT, endpoint.id),
        "url": endpoint.url,
        "description": endpoint.description,
        "event_types": list(endpoint.types),
        "dialect": endpoint.dialect,
        "verified": endpoint.verified,
        "disabled": endpoint.disabled is not None,
        "disabled_reason": endpoint.disabled,
        "failing_since": instant_or_none(endpoint.failing_since),
        "paused_until": instant(endpoint.not_before) if endpoint.not_before > now else None,
        "previous_secret_until": instant_or_none(max(older, default=None)),
        "username": secrets.username,
        "created_at": instant(endpoint.created_at),
        "updated_at": instant(endpoint.updated_at),
    }


def _ping(pinged: Pinged) -> Ping:
    return Ping(
        succeeded=pinged.succeeded,
        status=pinged.answer,
        error=pinged.error,
        duration_ms=pinged.ms,
    )


def _issued(call: Call, issued: IssuedEndpoint) -> Mapping[str, Any]:
    return _facts(call, issued.endpoint) | {"secret": issued.secret}


async def _create(call: Call, body: CreateWebhookEndpoint, _query: None) -> CreatedWebhookEndpoint:
    asked = Asked(
        url=body.url,
        description=body.description,
        dialect=body.dialect,
        types=tuple(body.event_types),
        secret=body.secret,
        username=body.username,
        authorization=body.authorization,
    )
    issued, ping = await call.services.webhook_endpoints.create(call.caller, asked)
    return CreatedWebhookEndpoint(**_issued(call, issued), ping=_ping(ping))


async def _list(call: Call, _body: None, _query: None) -> WebhookEndpointList:
    found = await call.services.webhook_endpoints.of(call.caller)
    return WebhookEndpointList(data=[WebhookEndpointView(**_facts(call, one)) for one in found])


async def _get(call: Call, _body: None, _query: None) -> WebhookEndpointDetail:
    found, counts = await call.services.webhook_endpoints.get(call.caller, endpoint_id(call))
    return WebhookEndpointDetail(**_facts(call, found), deliveries=counts)


async def _update(call: Call, body: UpdateWebhookEndpoint, _query: None) -> WebhookEndpointView:
    changes = Changes(
        url=body.url,
        description=body.description,
        types=None if body.event_types is None else tuple(body.event_types),
        disabled=body.disabled,
        username=body.username,
        authorization=body.authorization,
    )
    changed = await call.services.webhook_endpoints.update(call.caller, endpoint_id(call), changes)
    return WebhookEndpointView(**_facts(call, changed))


async def _delete(call: Call, _body: None, _query: None) -> DeletedWebhookEndpoint:
    id = endpoint_id(call)
    await call.services.webhook_endpoints.delete(call.caller, id)
    return DeletedWebhookEndpoint(deleted=True, endpoint_id=text(Prefix.WEBHOOK_ENDPOINT, id))


async def _rotate(call: Call, body: RotateWebhookSecret, _query: None) -> IssuedWebhookEndpoint:
    issued = await call.services.webhook_endpoints.rotate(
        call.caller, endpoint_id(call), body.overlap, body.secret
    )
    return IssuedWebhookEndpoint(**_issued(call, issued))


async def _test(call: Call, _body: None, _query: None) -> Ping:
    return _ping(await call.services.webhook_endpoints.test(call.caller, endpoint_id(call)))


_ALL = "/v1/webhook-endpoints"
_ONE = f"{_ALL}/{{endpoint_id}}"

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        id="createWebhookEndpoint",
        method="POST",
        path=_ALL,
        tag="webhooks",
        summary="Make a webhook endpoint",
        description="Posts what happens in the project from now on to a URL. Only this answer has "
        "the secret. A signed ping is posted at once; the endpoint is kept whatever it answers.",
        scope=Scope.WEBHOOKS_MANAGE,
        body=CreateWebhookEndpoint,
        example={"url": "https://example.com/hooks", "event_types": ["verification.*"]},
        answer=CreatedWebhookEndpoint,
        status=201,
        errors=(NOT_ALLOWED_HERE, UNKNOWN_ID),
        handler=_create,
    ),
    Operation(
        id="listWebhookEndpoints",
        method="GET",
        path=_ALL,
        tag="webhooks",
        summary="List webhook endpoints",
        description="The endpoints of the project, without their secrets.",
        scope=Scope.WEBHOOKS_MANAGE,
        answer=WebhookEndpointList,
        handler=_list,
    ),
    Operation(
        id="getWebhookEndpoint",
        method="GET",
        path=_ONE,
        tag="webhooks",
        summary="Read a webhook endpoint",
        description="One endpoint, and how many deliveries it has in each state.",
        scope=Scope.WEBHOOKS_MANAGE,
        answer=WebhookEndpointDetail,
        handler=_get,
    ),
    Operation(
        id="updateWebhookEndpoint",
        method="PATCH",
        path=_ONE,
        tag="webhooks",
        summary="Change a webhook endpoint",
        description="Changes what is given and leaves the rest. What waits for a disabled "
        "endpoint waits on.",
        scope=Scope.WEBHOOKS_MANAGE,
        body=UpdateWebhookEndpoint,
        example={"disabled": False},
        answer=WebhookEndpointView,
        handler=_update,
    ),
    Operation(
        id="deleteWebhookEndpoint",
        method="DELETE",
        path=_ONE,
        tag="webhooks",
        summary="Delete a webhook endpoint",
        description="Nothing more is posted; its deliveries and their log go with it.",
        scope=Scope.WEBHOOKS_MANAGE,
        answer=DeletedWebhookEndpoint,
        handler=_delete,
    ),
    Operation(
        id="rotateWebhookSecret",
        method="POST",
        path=f"{_ONE}/rotate-secret",
        tag="webhooks",
        summary="Give a webhook endpoint a new secret",
        description="A standard endpoint is signed with both for `overlap` seconds; an EngageLab "
        "header has room for one signature, so there the new one is used at once. Only this "
        "answer has it.",
        scope=Scope.WEBHOOKS_MANAGE,
        body=RotateWebhookSecret,
        body_optional=True,
        example={"overlap": DAY_S},
        answer=IssuedWebhookEndpoint,
        handler=_rotate,
    ),
    Operation(
        id="testWebhookEndpoint",
        method="POST",
        path=f"{_ONE}/test",
        tag="webhooks",
        summary="Ping a webhook endpoint",
        description="Posts a signed ping and says what came of it, also where it is disabled.",
        scope=Scope.WEBHOOKS_MANAGE,
        answer=Ping,
        handler=_test,
    ),
)
