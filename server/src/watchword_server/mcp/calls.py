"""From a tool to an operation: who calls, what came back, what is left of the limits."""

from collections.abc import Mapping
from typing import Any

from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError
from msgspec.structs import replace

from watchword_server.api.in_process import InProcess
from watchword_server.domain import ids
from watchword_server.domain.project import Caller, label
from watchword_server.mcp.answers import refusal
from watchword_server.runtime import Runtime
from watchword_server.telemetry import get_logger

CALLER = "watchword.caller"
"""Where a request's scope holds the caller that its key has proven."""
RUN = "run_id"
"""Where the `_meta` of a call holds the run that an agent makes it in."""
_log = get_logger("mcp")
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
        asking = caller(context)
        status, answer, standing = await self._api.asked(operation_id, asking, path, body=body)
        _log.info(
            "called by an agent", operation=operation_id, status=status, agent=asking.agent,
            run=asking.run_id, key=ids.text(ids.Prefix.API_KEY, asking.api_key),
            client=asking.client_ip,
        )  # fmt: skip
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
    about = context.session.client_params
    meta = context.request_context.meta or {}
    return replace(
        found,
        agent=label(about.client_info.name if about is not None else ""),
        run_id=label(meta.get(RUN)),
    )
