"""What an operator does about addresses that met a limit."""

from watchword_server.api.fields import Body, Done, MaskedTo, Reply, To
from watchword_server.api.operation import Call, Operation
from watchword_server.domain.project import Scope


class UnlockAddress(Body, frozen=True, kw_only=True):
    """The address whose failures are forgotten."""

    to: To


class UnlockedAddress(Reply, frozen=True, kw_only=True):
    """An address that may verify again."""

    unlocked: Done
    to: MaskedTo


async def _unlock(call: Call, body: UnlockAddress, _query: None) -> UnlockedAddress:
    masked = await call.services.reading.unlock(call.caller, body.to)
    return UnlockedAddress(unlocked=True, to=masked)


OPERATIONS: tuple[Operation, ...] = (
    Operation(
        id="unlockAddress",
        method="POST",
        path="/v1/guard/unlock",
        tag="guard",
        summary="Unlock an address",
        description="Forgets the failed checks of an address, so that it may verify again.",
        scope=Scope.GUARD_MANAGE,
        body=UnlockAddress,
        example={"to": "+14155550123"},
        answer=UnlockedAddress,
        handler=_unlock,
    ),
)
