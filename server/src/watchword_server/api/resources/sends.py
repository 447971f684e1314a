"""Sending a code, sending it again, taking it back."""

from typing import Annotated

from msgspec import UNSET, Meta

from watchword_server.api.fields import (
    CHANNELS,
    Instant,
    MessageId,
    Reply,
    ShownMode,
    instant,
    message_id,
    seconds_until,
    shown_mode,
)
from watchword_server.api.operation import Call, Operation
from watchword_server.api.resources.send_bodies import ResendMessage, SendCode, SendMessage
from watchword_server.domain.channel import Channel
from watchword_server.domain.errors import (
    ALREADY_USED,
    ENDED,
    INVALID_NUMBER,
    NO_CHANNEL,
    NOT_ALLOWED_HERE,
    UNKNOWN_ID,
    UNREACHABLE,
    Problem,
    bad_field,
)
from watchword_server.domain.ids import Prefix, parse
from watchword_server.domain.project import Scope
from watchword_server.domain.sandbox import TABLE
from watchword_server.domain.verification import Assurance, Status
from watchword_server.services.sending import Accepted, Start


class SentMessage(Reply, frozen=True, kw_only=True):
    """A verification whose code is on its way. The code itself is in no answer."""

    message_id: MessageId
    send_channel: Annotated[
        Channel, Meta(description="The first channel of the route.", examples=["sms"])
    ]
    status: Annotated[Status, Meta(description="Where the verification is.", examples=["pending"])]
    expires_at: Annotated[Instant, Meta(description="Until when the code is good (RFC 3339, UTC).")]
    resend_after: Annotated[
        int,
        Meta(ge=0, description="Seconds until it may be sent again.", examples=[30]),
    ]
    assurance: Annotated[
        Assurance,
        Meta(
            description="What an approval will prove (NIST SP 800-63B-4).",
            examples=["restricted"],
        ),
    ]
    mode: ShownMode = UNSET


class CanceledMessage(Reply, frozen=True, kw_only=True):
    """A verification that was taken back."""

    message_id: MessageId
    status: Annotated[Status, Meta(description="Where the verification is.", examples=["canceled"])]
    mode: ShownMode = UNSET


def _start(body: SendMessage, code: str | None) -> Start:
    template, language, params = body.template, body.language, body.params
    if template is None:
        template_id = body.template_id
        if template_id is None:
            raise bad_field("template", "required", "`template` is missing.")
    else:
        if body.template_id is not None or language is not None or params is not None:
            raise _shorthand_beside_template(body)
        template_id, language, params = template.id, template.language, template.params
    if body.channel is not None and body.route is not None:
        raise bad_field("route", "conflict", "Give `channel` or `route`, not both.")
    binding = body.binding
    return Start(
        to=body.to,
        template=template_id,
        language=language,
        params=params or {},
        channel=body.channel,
        route=body.route,
        alternate_email=None if body.alternates is None else body.alternates.email,
        ttl_s=body.ttl,
        signals=body.signals or {},
        binding=None if binding is None else (binding.amount, binding.payee),
        metadata=body.metadata or {},
        purpose=body.purpose or "",
        code=code,
    )


def _shorthand_beside_template(body: SendMessage) -> Problem:
    given = next(n for n in ("template_id", "language", "params") if getattr(body, n) is not None)
    detail = f"Give `template` or the shorthand, not both: `{given}` belongs into `template`."
    return bad_field(given, "conflict", detail)


def sent(call: Call, accepted: Accepted) -> SentMessage:
    """The answer to a send."""
    verification = accepted.verification
    call.counted(accepted.standing)
    return SentMessage(
        message_id=message_id(verification.id),
        send_channel=CHANNELS[verification.channel],
        status=verification.status,
        expires_at=instant(verification.expires_at),
        resend_after=seconds_until(accepted.next_send_at, call.services.clock.now()),
        assurance=verification.assurance,
        mode=shown_mode(call.caller),
    )


async def _send_message(call: Call, body: SendMessage, _query: None) -> SentMessage:
    return sent(call, await call.services.sending.start(call.caller, _start(body, None)))


async def _send_code(call: Call, body: SendCode, _query: None) -> SentMessage:
    return sent(call, await call.services.sending.start(call.caller, _start(body, body.code)))


async def _resend(call: Call, body: ResendMessage, _query: None) -> SentMessage:
    verification = parse(Prefix.VERIFICATION, call.path["message_id"])
    return sent(call, await call.services.sending.resend(call.caller, verification, body.channel))


async def _cancel(call: Call, _body: None, _query: None) -> CanceledMessage:
    verification = parse(Prefix.VERIFICATION, call.path["message_id"])
    ended = await call.services.sending.cancel(call.caller, verification)
    return CanceledMessage(
        message_id=message_id(ended.id), status=ended.status, mode=shown_mode(call.caller)
    )


_SANDBOX_ERRORS = tuple(dict.fromkeys(row.error for row in TABLE if row.error is not None))
SEND_ERRORS = (
    UNKNOWN_ID,
    NOT_ALLOWED_HERE,
    INVALID_NUMBER,
    UNREACHABLE,
    NO_CHANNEL,
    *_SANDBOX_ERRORS,
)
_EXAMPLE = {"to": "+14155550123", "template": {"id": "otp-sms", "language": "en"}}

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        id="sendMessage",
        method="POST",
        path="/v1/messages",
        tag="messages",
        summary="Send a code",
        description="Makes a code, sends it and starts a verification. The same call while one "
        "is pending sends the same code again once the cool-down is over, and is refused with "
        "429 and the pending `message_id` before.",
        scope=Scope.MESSAGES_SEND,
        body=SendMessage,
        example=_EXAMPLE,
        answer=SentMessage,
        errors=SEND_ERRORS,
        light=True,
        handler=_send_message,
    ),
    Operation(
        id="sendCode",
        method="POST",
        path="/v1/codes",
        tag="messages",
        summary="Send your own code",
        description="Like sendMessage, with a code you made. Watchword can verify it too.",
        scope=Scope.MESSAGES_SEND,
        body=SendCode,
        example={**_EXAMPLE, "code": "482913"},
        answer=SentMessage,
        errors=SEND_ERRORS,
        light=True,
        handler=_send_code,
    ),
    Operation(
        id="resendMessage",
        method="POST",
        path="/v1/messages/{message_id}/resend",
        tag="messages",
        summary="Send the same code again",
        description="Sends the code of a pending verification once more; its lifetime is not "
        "extended. Refused with 429 within the cool-down and when no sends are left.",
        scope=Scope.MESSAGES_SEND,
        body=ResendMessage,
        body_optional=True,
        example={"channel": "voice"},
        answer=SentMessage,
        errors=(ALREADY_USED, ENDED, NOT_ALLOWED_HERE, UNREACHABLE, NO_CHANNEL),
        handler=_resend,
    ),
    Operation(
        id="cancelMessage",
        method="POST",
        path="/v1/messages/{message_id}/cancel",
        tag="messages",
        summary="Cancel a verification",
        description="Ends a pending verification: its code approves nothing from now on.",
        scope=Scope.MESSAGES_SEND,
        answer=CanceledMessage,
        errors=(ALREADY_USED, ENDED),
        handler=_cancel,
    ),
)
