"""From a tool to an operation: who calls, what came back, what is left of the limits."""

from collections.abc import Mapping
from typing import Any

from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError

from watchword_server.api.in_process import InProcess
from watchword_server.domain.project import Caller
from watchword_server.mcp.answers import refusal
from watchword_server.runtime import Runtime

CALLER = "watchword.caller"
"""Where a request's scope holds the caller that its key has proven."""
_OK = 300


class Calls:
    """Calls operations as the caller of a tool."""

    def __init__(self, runtime: Runtime) -> None:
        self._api = InProcess(runtime)

    async def call(
        self, context: Context[Any, Any], operation_id: str, *,
        path: Mapping[str, str] | None = None, body: object = None,
    ) -> dict[str, Any]:  # fmt: skip
        """The answer of an operation, with `limits`.

        Raises:
            ToolError: it was refused; the text says what to do.
        """
        status, answer, standing = await self._api.asked(
            operation_id, caller(context), path, body=body
        )
        if status >= _OK:
            raise ToolError(refusal(answer))
        limits = None
        if standing is not None:
            limits = {"left": standing.remaining, "reset_s": standing.reset_s}
        if not isinstance(answer, dict):
            answer = {"data": answer}
        return {**answer, "limits": limits}


def caller(context: Context[Any, Any]) -> Caller:
    """Who makes this very request, whatever session it belongs to."""
    request = context.request_context.request
    found = None if request is None else request.scope.get(CALLER)
    if not isinstance(found, Caller):
        raise ToolError("There is no key: send an Authorization header with an API key.")
    return found
