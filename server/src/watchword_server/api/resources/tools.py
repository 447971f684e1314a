"""The tools of a key, wrapped as a vendor of models wants them."""

from collections.abc import Sequence
from enum import StrEnum
from functools import cache
from typing import Annotated, Any

from msgspec import UNSET, Meta

from watchword_server.api.fields import Body, Reply, ShownMode, shown_mode
from watchword_server.api.operation import Call, Operation
from watchword_server.api.resources.tool_table import ENVELOPES, TOOLS, filled, neutral, scopes


class Format(StrEnum):
    """Whose envelope the tools are wrapped in."""

    OPENAI = "openai"
    OPENAI_CHAT = "openai-chat"
    ANTHROPIC = "anthropic"
    GEMINI = "gemini"
    MCP = "mcp"


class ListTools(Body, frozen=True, kw_only=True):
    """How the tools are wanted."""

    format: Annotated[
        Format,
        Meta(
            description="Whose envelope: `openai` is that of the Responses API.",
            examples=["anthropic"],
        ),
    ] = Format.OPENAI


@cache
def wrapped(format: Format) -> dict[str, dict[str, Any]]:
    """Every tool in an envelope, by name."""
    envelope = ENVELOPES[format.value]
    return {tool["name"]: filled(envelope, tool) for tool in neutral()["tools"]}


class ToolList(Reply, frozen=True, kw_only=True):
    """The tools that a key may use, to be handed to a model as they are."""

    format: Annotated[Format, Meta(description="The envelope.", examples=["openai"])]
    tools: Annotated[
        Sequence[dict[str, Any]],
        Meta(
            max_length=len(TOOLS),
            description="One definition each, in the vendor's own form.",
            examples=[[wrapped(Format.OPENAI)["get_otp_status"]]],
        ),
    ]
    mode: ShownMode = UNSET


async def _list(call: Call, _body: None, query: ListTools) -> ToolList:
    found = wrapped(query.format)
    allowed = [found[tool.name] for tool in TOOLS if scopes(tool) <= call.caller.scopes]
    return ToolList(format=query.format, tools=allowed, mode=shown_mode(call.caller))


OPERATIONS: tuple[Operation, ...] = (
    Operation(
        id="listTools",
        method="GET",
        path="/v1/tools",
        tag="agent",
        summary="List the tools of a key",
        description="Function-calling definitions with strict schemas, to be handed to a model as "
        "they are. A key sees the tools that its scopes let it use; `verify_otp`, which takes a "
        "code, needs `agent:verify` too, which no key has by itself.",
        scope=None,
        query=ListTools,
        answer=ToolList,
        handler=_list,
    ),
)
