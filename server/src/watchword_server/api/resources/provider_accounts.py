"""Provider accounts of a project, and the vendors there are."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from msgspec import Meta

from watchword_server.api.fields import CHANNELS, SOME, URI, Deleted, Instant, Reply, instant
from watchword_server.api.operation import Call, Operation
from watchword_server.api.resources.provider_bodies import (
    EXAMPLE_SETTINGS,
    AccountName,
    CreateProvider,
    IsDisabled,
    ProviderId,
    ProviderName,
    UpdateProvider,
    Weight,
)
from watchword_server.domain.breaker import State
from watchword_server.domain.errors import CONFLICT, NOT_ALLOWED_HERE, UNKNOWN_ID
from watchword_server.domain.ids import Prefix, parse, text
from watchword_server.domain.project import Scope
from watchword_server.ports.providers import Field, ProviderType
from watchword_server.services.accounts import AccountChanges, NewAccount, ShownAccount

_TYPES = ("string", "integer", "number", "boolean", "object", "array", "choice")
Channels = Annotated[
    Sequence[Annotated[str, Meta(extra_json_schema={"enum": list(CHANNELS)})]],
    Meta(max_length=len(CHANNELS), description="What it can carry.", examples=[["email"]]),
]
Reports = Annotated[
    bool,
    Meta(description="Whether it tells later what became of a message.", examples=[False]),
]


class ProviderSetting(Reply, frozen=True, kw_only=True):
    """One setting that a vendor declares."""

    name: Annotated[
        str, Meta(min_length=1, max_length=64, description="Its name.", examples=["host"])
    ]
    type: Annotated[
        str,
        Meta(
            description="What its value is.",
            examples=["string"],
            extra_json_schema={"enum": list(_TYPES)},
        ),
    ]
    choices: Annotated[
        Sequence[str], Meta(description="What may be written, of a choice.", examples=[[]])
    ]
    description: Annotated[
        str,
        Meta(
            min_length=1,
            description="What it is.",
            examples=["The mail server that takes codes."],
        ),
    ]
    required: Annotated[bool, Meta(description="Whether it must be given.", examples=[True])]
    default: Annotated[Any, Meta(description="What holds where it is not given.", examples=[None])]
    secret: Annotated[
        bool, Meta(description="Whether it is never shown again.", examples=[False])
    ]  # fmt: skip


class ProviderTypeView(Reply, frozen=True, kw_only=True):
    """A vendor that this server can speak to."""

    name: ProviderName
    description: Annotated[
        str,
        Meta(min_length=1, description="What it is.", examples=["Email over SMTP (RFC 5321)."]),
    ]
    channels: Channels
    reports: Reports
    docs_url: Annotated[
        str | None,
        Meta(
            description="Its page; null for one that comes from an outside package.",
            examples=["http://127.0.0.1:8080/docs/providers/smtp.md"],
            extra_json_schema=URI,
        ),
    ]
    settings: Annotated[
        Sequence[ProviderSetting],
        Meta(max_length=100, description="What an account of it is told."),
    ]


class ProviderTypeList(Reply, frozen=True, kw_only=True):
    """The vendors of this server."""

    data: Annotated[Sequence[ProviderTypeView], Meta(description="All of them.")]


class ProviderView(Reply, frozen=True, kw_only=True):
    """An account, without its secrets."""

    provider_id: ProviderId
    name: AccountName
    provider: ProviderName
    channels: Channels
    reports: Reports
    settings: Annotated[
        dict[str, Any],
        Meta(
            max_length=100,
            description="What it was told; secrets are null.",
            examples=[EXAMPLE_SETTINGS | {"password": None}],
        ),
    ]
    secrets_set: Annotated[
        Sequence[Annotated[str, Meta(min_length=1, max_length=64)]],
        Meta(max_length=100, description="The secrets it was told.", examples=[["password"]]),
    ]
    weight: Weight
    disabled: IsDisabled
    broken: Annotated[
        str | None,
        Meta(
            description="Why it cannot be used at all, such as a package that is gone; null where "
            "it can.",
            examples=[None],
            extra_json_schema=SOME,
        ),
    ]
    health: Annotated[
        State,
        Meta(
            description="Its circuit breaker, in the process that answers: see its health.",
            examples=["closed"],
        ),
    ]
    callback_url: Annotated[
        str,
        Meta(
            description="What the vendor has to call with its reports, where it reports at all.",
            examples=["https://otp.example.com/callbacks/prv_0193f2c1a7b47c3e9d5a1b2c3d4e5f60"],
            extra_json_schema=URI,
        ),
    ]
    created_at: Instant
    updated_at: Instant


class ProviderList(Reply, frozen=True, kw_only=True):
    """The accounts of the project."""

    data: Annotated[Sequence[ProviderView], Meta(description="All of them.")]


class DeletedProvider(Reply, frozen=True, kw_only=True):
    """An account that is gone."""

    deleted: Deleted
    provider_id: ProviderId


def account_id(call: Call) -> bytes:
    """The account in the path of a call."""
    return parse(Prefix.PROVIDER, call.path["provider_id"])


def _setting(field: Field) -> ProviderSetting:
    return ProviderSetting(
        name=field.name,
        type=field.type,
        choices=field.choices,
        description=field.description,
        required=field.required,
        default=None if field.secret else field.default,
        secret=field.secret,
    )


def _kind(call: Call, kind: ProviderType) -> ProviderTypeView:
    page = f"{call.services.provider_accounts.public_url}/docs/providers/{kind.name}.md"
    return ProviderTypeView(
        name=kind.name,
        description=kind.description,
        channels=kind.channels,
        reports=kind.reports,
        docs_url=page if kind.ours else None,
        settings=[_setting(field) for field in kind.fields],
    )


def _facts(shown: ShownAccount) -> Mapping[str, Any]:
    account = shown.account
    return {
        "provider_id": text(Prefix.PROVIDER, account.id),
        "name": account.name,
        "provider": account.provider,
        "channels": shown.channels,
        "reports": shown.reports,
        "settings": shown.settings,
        "secrets_set": shown.secrets_set,
        "weight": account.weight,
        "disabled": account.disabled,
        "broken": shown.broken,
        "health": shown.health.state,
        "callback_url": shown.callback_url,
        "created_at": instant(account.created_at),
        "updated_at": instant(account.updated_at),
    }


async def _types(call: Call, _body: None, _query: None) -> ProviderTypeList:
    found = await call.services.provider_accounts.types()
    return ProviderTypeList(data=[_kind(call, one) for one in found])


async def _create(call: Call, body: CreateProvider, _query: None) -> ProviderView:
    new = NewAccount(
        name=body.name,
        provider=body.provider,
        settings=body.settings,
        weight=body.weight,
        disabled=body.disabled,
    )
    return ProviderView(**_facts(await call.services.provider_accounts.create(call.caller, new)))


async def _list(call: Call, _body: None, _query: None) -> ProviderList:
    found = await call.services.provider_accounts.of(call.caller)
    return ProviderList(data=[ProviderView(**_facts(one)) for one in found])


async def _get(call: Call, _body: None, _query: None) -> ProviderView:
    found = await call.services.provider_accounts.get(call.caller, account_id(call))
    return ProviderView(**_facts(found))


async def _update(call: Call, body: UpdateProvider, _query: None) -> ProviderView:
    changes = AccountChanges(
        settings=body.settings,
        unset=tuple(body.unset),
        weight=body.weight,
        disabled=body.disabled,
    )
    changed = await call.services.provider_accounts.update(call.caller, account_id(call), changes)
    return ProviderView(**_facts(changed))


async def _delete(call: Call, _body: None, _query: None) -> DeletedProvider:
    id = account_id(call)
    await call.services.provider_accounts.delete(call.caller, id)
    return DeletedProvider(deleted=True, provider_id=text(Prefix.PROVIDER, id))


ALL = "/v1/providers"
ONE = f"{ALL}/{{provider_id}}"

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        id="listProviderTypes",
        method="GET",
        path="/v1/provider-types",
        tag="providers",
        summary="List the vendors",
        description="What this server can speak to, and what each vendor has to be told.",
        scope=Scope.PROVIDERS_MANAGE,
        answer=ProviderTypeList,
        handler=_types,
    ),
    Operation(
        id="createProvider",
        method="POST",
        path=ALL,
        tag="providers",
        summary="Make a provider account",
        description="A live project sends through it at once; elsewhere it can be tried, and waits "
        "for the project to go live. Secrets are stored sealed and never shown again.",
        scope=Scope.PROVIDERS_MANAGE,
        body=CreateProvider,
        example={"name": "mail-main", "provider": "smtp", "settings": EXAMPLE_SETTINGS},
        answer=ProviderView,
        status=201,
        errors=(CONFLICT, NOT_ALLOWED_HERE, UNKNOWN_ID),
        handler=_create,
    ),
    Operation(
        id="listProviders",
        method="GET",
        path=ALL,
        tag="providers",
        summary="List provider accounts",
        description="The accounts of the project, without their secrets.",
        scope=Scope.PROVIDERS_MANAGE,
        answer=ProviderList,
        handler=_list,
    ),
    Operation(
        id="getProvider",
        method="GET",
        path=ONE,
        tag="providers",
        summary="Read a provider account",
        description="One account, without its secrets.",
        scope=Scope.PROVIDERS_MANAGE,
        answer=ProviderView,
        handler=_get,
    ),
    Operation(
        id="updateProvider",
        method="PATCH",
        path=ONE,
        tag="providers",
        summary="Change a provider account",
        description="Changes what is given and leaves the rest. Hand-overs under way end with the "
        "settings they began with.",
        scope=Scope.PROVIDERS_MANAGE,
        body=UpdateProvider,
        example={"weight": 1, "disabled": False},
        answer=ProviderView,
        errors=(CONFLICT,),
        handler=_update,
    ),
    Operation(
        id="deleteProvider",
        method="DELETE",
        path=ONE,
        tag="providers",
        summary="Delete a provider account",
        description="What is queued for it goes to another account of its step, or falls back.",
        scope=Scope.PROVIDERS_MANAGE,
        answer=DeletedProvider,
        handler=_delete,
    ),
)
