"""Request bodies of webhook endpoints."""

from typing import Annotated

from msgspec import Meta

from watchword_server.api.fields import END, EXAMPLE_ID, Body, like
from watchword_server.domain.ids import Prefix
from watchword_server.domain.webhook import Dialect

DAY_S = 86_400
EXAMPLE_ENDPOINT = f"{Prefix.WEBHOOK_ENDPOINT.value}_{EXAMPLE_ID}"

EndpointId = Annotated[
    str,
    Meta(
        description="The id of the endpoint.",
        examples=[EXAMPLE_ENDPOINT],
        extra_json_schema=like(Prefix.WEBHOOK_ENDPOINT),
    ),
]
Url = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=2_048,
        description="Where events are posted to: `https`, unless the operator allows `http`.",
        examples=["https://example.com/hooks"],
    ),
]
Description = Annotated[
    str,
    Meta(
        max_length=200,
        pattern=rf"^[^\u0000-\u001f\u007f]*{END}",
        description="Words for people.",
        examples=["orders service"],
    ),
]
EventTypes = Annotated[
    list[Annotated[str, Meta(min_length=1, max_length=60)]],
    Meta(
        max_length=60,
        description="The types it gets, or families such as `delivery.*`; all where empty.",
        examples=[["verification.*", "delivery.delivered"]],
    ),
]
Secret = Annotated[
    str,
    Meta(
        min_length=8,
        max_length=100,
        pattern=rf"^[!-~]+{END}",
        description="Your own secret; of the standard dialect `whsec_` and the base64 of 24 to "
        "64 bytes. One is made where it is left out.",
        examples=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
    ),
]
Username = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=64,
        pattern=rf"^[A-Za-z0-9._@-]+{END}",
        description="Dialect engagelab: the name in X-CALLBACK-ID.",
        examples=["watchword"],
    ),
]
Authorization = Annotated[
    str,
    Meta(
        max_length=500,
        pattern=rf"^[ -~]*{END}",
        description="Dialect engagelab: sent as the Authorization header; empty for none.",
        examples=["Bearer example"],
    ),
]


class CreateWebhookEndpoint(Body, frozen=True, kw_only=True):
    """An endpoint to be made."""

    url: Url
    description: Description = ""
    event_types: EventTypes = []
    dialect: Annotated[
        Dialect,
        Meta(
            description="`standard` is Standard Webhooks 1.0.0; `engagelab` is the envelope of "
            "EngageLab's callbacks, with the full recipient.",
            examples=["standard"],
        ),
    ] = Dialect.STANDARD
    secret: Secret | None = None
    username: Username | None = None
    authorization: Authorization | None = None


class UpdateWebhookEndpoint(Body, frozen=True, kw_only=True):
    """What changes about an endpoint; what is left out stays."""

    url: Url | None = None
    description: Description | None = None
    event_types: EventTypes | None = None
    disabled: (
        Annotated[
            bool,
            Meta(
                description="True stops it; false lets it go on with what happens from now on.",
                examples=[False],
            ),
        ]
        | None
    ) = None
    username: Username | None = None
    authorization: Authorization | None = None


class RotateWebhookSecret(Body, frozen=True, kw_only=True):
    """How the secret is changed."""

    overlap: Annotated[
        int,
        Meta(
            ge=0,
            le=7 * DAY_S,
            description="Seconds for which a standard endpoint is signed with the old one too.",
            examples=[DAY_S],
        ),
    ] = DAY_S
    secret: Secret | None = None
