"""Request bodies of provider accounts."""

from typing import Annotated, Any

from msgspec import Meta

from watchword_server.api.fields import END, EXAMPLE_ID, Body, To, like
from watchword_server.domain.channel import Channel
from watchword_server.domain.ids import Prefix
from watchword_server.domain.provider_account import MOST_WEIGHT, NAME

EXAMPLE_ACCOUNT = f"{Prefix.PROVIDER.value}_{EXAMPLE_ID}"
EXAMPLE_SETTINGS = {"host": "smtp.example.com", "from_address": "codes@example.com"}

ProviderId = Annotated[
    str,
    Meta(
        description="The id of the account.",
        examples=[EXAMPLE_ACCOUNT],
        extra_json_schema=like(Prefix.PROVIDER),
    ),
]
AccountName = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=40,
        pattern=rf"^{NAME}{END}",
        description="Its name, by which routes and deliveries know it: unique in the project, and "
        "never changed.",
        examples=["mail-main"],
    ),
]
ProviderName = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=40,
        description="The vendor: a `name` of `GET /v1/provider-types`.",
        examples=["smtp"],
    ),
]
ProviderSettings = Annotated[
    dict[Annotated[str, Meta(max_length=64)], Any],
    Meta(
        max_length=100,
        description="What the vendor declares in `GET /v1/provider-types`. Numbers and booleans "
        "may be written as text.",
        examples=[EXAMPLE_SETTINGS],
    ),
]
Weight = Annotated[
    int,
    Meta(
        ge=0,
        le=MOST_WEIGHT,
        description="Its share of the messages among the healthy accounts that carry a channel; "
        "with 0 it is used only when no other is left.",
        examples=[1],
    ),
]
IsDisabled = Annotated[
    bool, Meta(description="True where no message may go to it.", examples=[False])
]  # fmt: skip
TriedChannel = Annotated[
    Channel,
    Meta(
        description="By which channel; unset, the first one that the account carries and that "
        "reaches the recipient.",
        examples=["email"],
    ),
]


class CreateProvider(Body, frozen=True, kw_only=True):
    """An account to be made."""

    name: AccountName
    provider: ProviderName
    settings: ProviderSettings = {}
    weight: Weight = 1
    disabled: IsDisabled = False


class UpdateProvider(Body, frozen=True, kw_only=True):
    """What changes about an account; what is left out stays."""

    settings: (
        Annotated[
            dict[Annotated[str, Meta(max_length=64)], Any],
            Meta(
                max_length=100,
                description="The settings that change. A secret that is null or left out stays; "
                "where a host or URL changes, each secret has to be given again, but by an "
                "administrator of the server.",
                examples=[{"port": 465}],
            ),
        ]
        | None
    ) = None
    unset: Annotated[
        list[Annotated[str, Meta(min_length=1, max_length=64)]],
        Meta(
            max_length=100,
            description="Settings that go back to their defaults, secrets too.",
            examples=[["username", "password"]],
        ),
    ] = []
    weight: Weight | None = None
    disabled: IsDisabled | None = None


class TryProvider(Body, frozen=True, kw_only=True):
    """To whom a test message goes."""

    to: To
    channel: TriedChannel | None = None
