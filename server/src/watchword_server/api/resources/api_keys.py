"""API keys of a project."""

from collections.abc import Sequence
from typing import Annotated, Any

from msgspec import Meta

from watchword_server.api.fields import (
    EXAMPLE_KEY,
    EXAMPLE_PROJECT,
    Body,
    Cidr,
    Deleted,
    Instant,
    Name,
    Reply,
    instant,
    instant_or_none,
    like,
)
from watchword_server.api.operation import Call, Operation
from watchword_server.domain.errors import UNKNOWN_ID
from watchword_server.domain.ids import Prefix, parse, text
from watchword_server.domain.project import ApiKey, Scope
from watchword_server.services.api_keys import Issued

DAY_S = 86_400

DevKey = Annotated[
    str,
    Meta(
        description="The public half of the key, and its id.",
        examples=[EXAMPLE_KEY],
        extra_json_schema=like(Prefix.API_KEY),
    ),
]
AllowedIps = Annotated[
    list[Cidr],
    Meta(
        max_length=50,
        description="Networks the key works from; an empty list allows all.",
        examples=[["203.0.113.0/24"]],
    ),
]
Scopes = Annotated[
    list[Scope],
    Meta(
        min_length=1,
        max_length=20,
        description="What the key may do; when left out, what yours may within the project.",
        examples=[["messages:send", "verifications:check"]],
    ),
]


class CreateApiKey(Body, frozen=True, kw_only=True):
    """A key to be made."""

    name: Name
    scopes: Scopes | None = None
    expires_in: (
        Annotated[
            int,
            Meta(
                ge=60,
                le=3650 * DAY_S,
                description="Seconds until it stops working; never when left out.",
                examples=[90 * DAY_S],
            ),
        ]
        | None
    ) = None
    allowed_ips: AllowedIps | None = None
    project: (
        Annotated[
            str,
            Meta(
                min_length=1,
                max_length=64,
                description="The project it belongs to instead of yours; needs `server:admin`.",
                examples=[EXAMPLE_PROJECT],
            ),
        ]
        | None
    ) = None


class UpdateApiKey(Body, frozen=True, kw_only=True):
    """What changes about a key; what is left out stays."""

    name: Name | None = None
    disabled: Annotated[bool, Meta(description="Whether it is refused.")] | None = None
    allowed_ips: AllowedIps | None = None
    scopes: Annotated[Scopes, Meta(description="What the key may do from now on.")] | None = None


class RotateApiKey(Body, frozen=True, kw_only=True):
    """How the secret is changed."""

    overlap: Annotated[
        int,
        Meta(
            ge=0,
            le=30 * DAY_S,
            description="Seconds for which the old secret still works.",
            examples=[3600],
        ),
    ] = DAY_S


class ApiKeyView(Reply, frozen=True, kw_only=True):
    """A key, without its secret."""

    dev_key: DevKey
    name: Name
    scopes: Annotated[
        list[Scope], Meta(description="What it may do.", examples=[["messages:send"]])
    ]
    project_id: Annotated[
        str,
        Meta(
            description="The project it belongs to.",
            examples=[EXAMPLE_PROJECT],
            extra_json_schema=like(Prefix.PROJECT),
        ),
    ]
    disabled: Annotated[bool, Meta(description="Whether it is refused.", examples=[False])]
    allowed_ips: Annotated[
        list[Cidr],
        Meta(
            max_length=50,
            description="Where it works from; everywhere when empty.",
            examples=[[]],
        ),
    ]
    expires_at: Annotated[Instant | None, Meta(description="Null: never.")]
    created_at: Instant


class IssuedApiKey(ApiKeyView, frozen=True, kw_only=True):
    """A key with its secret: no other answer shows it again."""

    dev_secret: Annotated[
        str,
        Meta(
            pattern="^wws_",
            description="The secret half. Keep it now.",
            examples=["wws_EXAMPLE"],
        ),
    ]
    bearer: Annotated[
        str,
        Meta(
            pattern=r"^key_[0-9a-f]{32}\.wws_",
            description="Both halves in one, for `Authorization: Bearer`.",
            examples=[f"{EXAMPLE_KEY}.wws_EXAMPLE"],
        ),
    ]


class ApiKeyList(Reply, frozen=True, kw_only=True):
    """The keys of the project."""

    data: Annotated[Sequence[ApiKeyView], Meta(description="All of them.")]


class DeletedApiKey(Reply, frozen=True, kw_only=True):
    """A key that is gone."""

    deleted: Deleted
    dev_key: DevKey


def _facts(key: ApiKey) -> dict[str, Any]:
    return {
        "dev_key": text(Prefix.API_KEY, key.id),
        "name": key.name,
        "scopes": sorted(key.scopes),
        "project_id": text(Prefix.PROJECT, key.project),
        "disabled": key.disabled,
        "allowed_ips": list(key.allowed_ips),
        "expires_at": instant_or_none(key.expires_at),
        "created_at": instant(key.created_at),
    }


def _issued(issued: Issued) -> IssuedApiKey:
    return IssuedApiKey(**_facts(issued.key), dev_secret=issued.dev_secret, bearer=issued.bearer)


def _id(call: Call) -> bytes:
    return parse(Prefix.API_KEY, call.path["dev_key"])


async def _create(call: Call, body: CreateApiKey, _query: None) -> IssuedApiKey:
    issued = await call.services.api_keys.create(
        call.caller,
        body.name,
        body.scopes,
        body.expires_in,
        body.allowed_ips or (),
        None if body.project is None else parse(Prefix.PROJECT, body.project),
    )
    return _issued(issued)


async def _list(call: Call, _body: None, _query: None) -> ApiKeyList:
    keys = await call.services.api_keys.of(call.caller)
    return ApiKeyList(data=[ApiKeyView(**_facts(key)) for key in keys])


async def _get(call: Call, _body: None, _query: None) -> ApiKeyView:
    return ApiKeyView(**_facts(await call.services.api_keys.get(call.caller, _id(call))))


async def _update(call: Call, body: UpdateApiKey, _query: None) -> ApiKeyView:
    key = await call.services.api_keys.update(
        call.caller,
        _id(call),
        body.name,
        body.disabled,
        body.allowed_ips,
        body.scopes,
    )
    return ApiKeyView(**_facts(key))


async def _delete(call: Call, _body: None, _query: None) -> DeletedApiKey:
    key = _id(call)
    await call.services.api_keys.delete(call.caller, key)
    return DeletedApiKey(deleted=True, dev_key=text(Prefix.API_KEY, key))


async def _rotate(call: Call, body: RotateApiKey, _query: None) -> IssuedApiKey:
    return _issued(await call.services.api_keys.rotate(call.caller, _id(call), body.overlap))


_PATH = "/v1/api-keys/{dev_key}"

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        id="createApiKey",
        method="POST",
        path="/v1/api-keys",
        tag="api-keys",
        summary="Make an API key",
        description="Only this answer has its secret.",
        scope=Scope.KEYS_MANAGE,
        body=CreateApiKey,
        example={"name": "my-app", "scopes": ["messages:send", "verifications:check"]},
        answer=IssuedApiKey,
        status=201,
        errors=(UNKNOWN_ID,),
        handler=_create,
    ),
    Operation(
        id="listApiKeys",
        method="GET",
        path="/v1/api-keys",
        tag="api-keys",
        summary="List API keys",
        description="The keys of the project, without their secrets.",
        scope=Scope.KEYS_MANAGE,
        answer=ApiKeyList,
        handler=_list,
    ),
    Operation(
        id="getApiKey",
        method="GET",
        path=_PATH,
        tag="api-keys",
        summary="Read an API key",
        description="One key, without its secret.",
        scope=Scope.KEYS_MANAGE,
        answer=ApiKeyView,
        handler=_get,
    ),
    Operation(
        id="updateApiKey",
        method="PATCH",
        path=_PATH,
        tag="api-keys",
        summary="Change an API key",
        description="Changes what is given and leaves the rest.",
        scope=Scope.KEYS_MANAGE,
        body=UpdateApiKey,
        example={"name": "my-app-2", "allowed_ips": ["203.0.113.0/24"]},
        answer=ApiKeyView,
        handler=_update,
    ),
    Operation(
        id="deleteApiKey",
        method="DELETE",
        path=_PATH,
        tag="api-keys",
        summary="Delete an API key",
        description="The key stops working at once.",
        scope=Scope.KEYS_MANAGE,
        answer=DeletedApiKey,
        handler=_delete,
    ),
    Operation(
        id="rotateApiKey",
        method="POST",
        path=f"{_PATH}/rotate",
        tag="api-keys",
        summary="Give an API key a new secret",
        description="The old secret works on for `overlap` seconds. Only this answer has the "
        "new one.",
        scope=Scope.KEYS_MANAGE,
        body=RotateApiKey,
        body_optional=True,
        example={"overlap": 3600},
        answer=IssuedApiKey,
        handler=_rotate,
    ),
)
