"""Custom messages: the caller's own code, or none, to one recipient or to many at once."""

from collections.abc import Sequence
from typing import Annotated

from msgspec import UNSET, Meta, UnsetType
from msgspec.structs import asdict

from watchword_server.api.fields import Body, To
from watchword_server.api.operation import Call, Operation
from watchword_server.api.resources.send_bodies import TemplateChoice
from watchword_server.api.resources.sends import SEND_ERRORS, SentMessage, sent
from watchword_server.domain.project import Scope
from watchword_server.services.sending import Start


class SendCustomMessage(Body, frozen=True, kw_only=True):
    """A message whose code, if its template has one, is your own."""

    to: (
        To
        | Annotated[
            list[To],
            Meta(
                min_length=1,
                max_length=100,
                description="Up to 100 recipients. All are accepted or none: a bad one refuses "
                "the whole call, and each counts against every limit.",
            ),
        ]
    )
    template: Annotated[
        TemplateChoice,
        Meta(
            description="What is said. `params.code` is your code, 4 to 10 ASCII letters or "
            "digits; it is required where the template has a code."
        ),
    ]


class SentToOne(SentMessage, frozen=True, kw_only=True):
    """What was accepted for one of several recipients."""

    to: Annotated[To, Meta(description="The recipient as you wrote it.", examples=["+14155550123"])]


class SentCustomMessage(SentMessage, frozen=True, kw_only=True):
    """A custom message on its way; with several recipients, what was accepted for the first."""

    messages: (
        Annotated[
            Sequence[SentToOne],
            Meta(
                max_length=100,
                description="One entry per recipient, in their order, where `to` was a list.",
            ),
        ]
        | UnsetType
    ) = UNSET


async def _send_custom(call: Call, body: SendCustomMessage, _query: None) -> SentCustomMessage:
    params = dict(body.template.params or {})
    many = None if isinstance(body.to, str) else body.to
    asked = Start(
        to=body.to if isinstance(body.to, str) else "",
        template=body.template.id,
        language=body.template.language,
        code=params.pop("code", None),
        params=params,
    )
    accepted = await call.services.sending.start_custom(call.caller, asked, many)
    if many is None:
        return SentCustomMessage(**asdict(sent(call, accepted[0])))
    pairs = zip(accepted, many, strict=True)
    each = [SentToOne(**asdict(sent(call, one)), to=to) for one, to in pairs]
    return SentCustomMessage(**asdict(sent(call, accepted[0])), messages=each)


OPERATIONS: tuple[Operation, ...] = (
    Operation(
        id="sendCustomMessage",
        method="POST",
        path="/v1/custom-messages",
        tag="messages",
        summary="Send a custom message",
        description="Sends a template with your own code in `template.params.code`, to one "
        "recipient or to up to 100; Watchword can verify it too. A template without a code is "
        "sent as a notice, which cannot be verified. What EngageLab's `send_custom` calls.",
        scope=Scope.MESSAGES_SEND,
        body=SendCustomMessage,
        example={
            "to": ["+14155550123", "+14155550124"],
            "template": {"id": "otp-sms", "params": {"code": "482913"}},
        },
        answer=SentCustomMessage,
        errors=SEND_ERRORS,
        handler=_send_custom,
    ),
)
