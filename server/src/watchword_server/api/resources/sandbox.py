"""The sandbox's own calls: the codes that were sent there, and where its events go."""

from watchword_server.api.operation import Call, Operation
from watchword_server.api.resources.inbox import InboxList, ListInboxMessages, list_inbox
from watchword_server.domain.errors import NOT_ALLOWED_HERE, Problem
from watchword_server.domain.project import Mode, Scope


def _check_mode(call: Call) -> None:
    """Refuse whoever is not in a sandbox."""
    if call.caller.mode is not Mode.SANDBOX:
        detail = "This call is for the sandbox; the key belongs to a project that is none."
        raise Problem(NOT_ALLOWED_HERE, detail, extra={"reason": "not_a_sandbox"})


async def _list(call: Call, body: None, query: ListInboxMessages) -> InboxList:
    _check_mode(call)
    return await list_inbox(call, body, query)


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
)
