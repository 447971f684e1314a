"""The sandbox's own calls: the codes that were sent there, and where its events go."""

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from watchword_server.api.fields import SOME, Body, Reply, ShownMode, shown_mode
from watchword_server.api.operation import Call, Operation
from watchword_server.api.resources.inbox import InboxList, ListInboxMessages, list_inbox
from watchword_server.api.resources.webhook_bodies import EndpointId, Secret, Url, Username
from watchword_server.domain.errors import NOT_ALLOWED_HERE, Problem
from watchword_server.domain.ids import Prefix, text
from watchword_server.domain.project import Mode, Scope
from watchword_server.domain.webhook import Dialect
from watchword_server.services.webhooks import Asked

THE_ONE = "the sandbox's webhook"
"""The description that tells the endpoint which this call sets from any other."""


class SetSandboxWebhook(Body, frozen=True, kw_only=True):
    """Where the events of a sandbox go."""

    url: Url
    username: Username | None = None
    secret: Secret | None = None


class SandboxWebhook(Reply, frozen=True, kw_only=True):
    """A sandbox's webhook; a secret of your own is not repeated."""

    endpoint_id: EndpointId
    url: Url
    username: Annotated[
        str,
        Meta(max_length=64, description="The name in X-CALLBACK-ID.", examples=["sandbox_demo"]),
    ]
    secret: (
        Annotated[
            str,
            Meta(
                min_length=8,
                max_length=100,
                description="What verifies its callbacks, where none was given. Keep it now.",
                examples=["3f7c0b5f8e0d4a7e"],
            ),
        ]
        | UnsetType
    ) = UNSET
    verified: Annotated[
        bool, Meta(description="Whether it answered a signed ping with 2xx.", examples=[True])
    ]
    error: Annotated[
        str | None,
        Meta(
            description="What went wrong with the ping; null for nothing.",
            examples=[None],
            extra_json_schema=SOME,
        ),
    ]
    mode: ShownMode = UNSET


def _check_mode(call: Call) -> None:
    """Refuse whoever is not in a sandbox."""
    if call.caller.mode is not Mode.SANDBOX:
        detail = "This call is for the sandbox; the key belongs to a project that is none."
        raise Problem(NOT_ALLOWED_HERE, detail, extra={"reason": "not_a_sandbox"})


async def _list(call: Call, body: None, query: ListInboxMessages) -> InboxList:
    _check_mode(call)
    return await list_inbox(call, body, query)


async def _set_webhook(call: Call, body: SetSandboxWebhook, _query: None) -> SandboxWebhook:
    _check_mode(call)
    endpoints, caller = call.services.webhook_endpoints, call.caller
    asked = Asked(
        url=body.url, description=THE_ONE, dialect=Dialect.ENGAGELAB,
        secret=body.secret, username=body.username,
    )  # fmt: skip
    made, ping = await endpoints.create(caller, asked, replaces=True)
    return SandboxWebhook(
        endpoint_id=text(Prefix.WEBHOOK_ENDPOINT, made.endpoint.id),
        url=made.endpoint.url,
        username=endpoints.secrets(made.endpoint).username or "",
        secret=made.secret if body.secret is None else UNSET,
        verified=ping.succeeded,
        error=ping.error,
        mode=shown_mode(caller),
    )


OPERATIONS: tuple[Operation, ...] = (
    Operation(
        id="listSandboxMessages",
        method="GET",
        path="/v1/sandbox/messages",
        tag="sandbox",
        summary="Read what the sandbox sent",
        description="The messages of the caller's sandbox, newest first, each with its code. A "
        "key of another project is refused with the reason `not_a_sandbox`.",
        scope=Scope.INBOX_READ,
        query=ListInboxMessages,
        answer=InboxList,
        errors=(NOT_ALLOWED_HERE,),
        handler=_list,
    ),
    Operation(
        id="setSandboxWebhook",
        method="PUT",
        path="/v1/sandbox/webhook",
        tag="sandbox",
        summary="Set the sandbox's webhook",
        description="Has the events of the caller's sandbox posted to a URL in EngageLab's "
        "dialect, instead of the URL that was set before. The URL is pinged at once, and kept "
        "whatever it answers.",
        scope=Scope.WEBHOOKS_MANAGE,
        body=SetSandboxWebhook,
        example={
            "url": "https://example.com/hooks",
            "username": "sandbox_demo",
            "secret": "sandbox_webhook_secret",
        },
        answer=SandboxWebhook,
        errors=(NOT_ALLOWED_HERE,),
        handler=_set_webhook,
    ),
)
