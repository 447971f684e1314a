"""Checking what the person typed."""

import re
from typing import Annotated

from msgspec import UNSET, Meta

from watchword_server.api.fields import (
    EXAMPLE_MESSAGE,
    Body,
    MessageId,
    Reply,
    ShownMode,
    message_id,
    shown_mode,
)
from watchword_server.api.operation import Call, Operation
from watchword_server.api.resources.send_bodies import Binding
from watchword_server.domain.errors import ALREADY_USED, ENDED, UNKNOWN_ID, bad_field
from watchword_server.domain.ids import Prefix, parse
from watchword_server.domain.project import Scope
from watchword_server.domain.verification import Assurance, Status


class CheckVerification(Body, frozen=True, kw_only=True):
    """A code to be checked."""

    message_id: Annotated[MessageId, Meta(min_length=1, max_length=64)]
    verify_code: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=32,
            description="The code, as the person typed it; spaces and hyphens do not count.",
            examples=["482913"],
        ),
    ]
    binding: Annotated[
        Binding | None, Meta(description="The payment, where the code was sent for one.")
    ] = None


class CheckedVerification(Reply, frozen=True, kw_only=True):
    """What became of one submitted code."""

    message_id: MessageId
    verified: Annotated[
        bool,
        Meta(
            description="Whether it was the right code. A wrong one is no error.", examples=[True]
        ),
    ]
    status: Annotated[Status, Meta(description="Where the verification is.", examples=["approved"])]
    checks_left: Annotated[
        int,
        Meta(
            ge=0,
            le=10,
            description="How many more codes will be looked at; 0 once the verification has ended.",
            examples=[0],
        ),
    ]
    assurance: Annotated[
        Assurance,
        Meta(description="What the approval proves (NIST SP 800-63B-4).", examples=["restricted"]),
    ]
    mode: ShownMode = UNSET


def _typed(code: str) -> str:
    """The code without the spaces and hyphens that people type between its digits."""
    if code.isalnum():
        return code
    plain = re.sub(r"[\s-]", "", code)
    if not plain:
        raise bad_field("verify_code", "empty", "`verify_code` holds no character of a code.")
    return plain


async def _check(call: Call, body: CheckVerification, _query: None) -> CheckedVerification:
    binding = body.binding
    checked = await call.services.checking.check(
        call.caller,
        parse(Prefix.VERIFICATION, body.message_id),
        _typed(body.verify_code),
        None if binding is None else (binding.amount, binding.payee),
    )
    return CheckedVerification(
        message_id=message_id(checked.verification),
        verified=checked.verified,
        status=checked.status,
        checks_left=checked.checks_left,
        assurance=checked.assurance,
        mode=shown_mode(call.caller),
    )


OPERATIONS: tuple[Operation, ...] = (
    Operation(
        id="checkVerification",
        method="POST",
        path="/v1/verifications",
        tag="verifications",
        summary="Check a code",
        description="Compares a code with the one that was sent. A wrong code is 200 with "
        "`verified` false. A code approves once: afterwards the call is refused with 409, and "
        "with 410 and a `reason` once the verification is expired, exhausted, canceled or "
        "failed.",
        scope=Scope.VERIFICATIONS_CHECK,
        body=CheckVerification,
        example={"message_id": EXAMPLE_MESSAGE, "verify_code": "482913"},
        answer=CheckedVerification,
        errors=(UNKNOWN_ID, ALREADY_USED, ENDED),
        light=True,
        handler=_check,
    ),
)
