"""The MCP server of a runtime: its tools, prompts and resources.

`build` is the whole of it, so that a test can add tools of its own to the very same thing.
"""

from collections.abc import Callable
from typing import Any

from mcp.server import MCPServer
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.mcpserver.resources import FunctionResource
from mcp.server.request_state import RequestStateSecurity
from mcp.shared.exceptions import MCPError
from mcp_types import INVALID_PARAMS, ListToolsResult, ToolAnnotations

from watchword_server import __version__
from watchword_server.api import openapi
from watchword_server.api.resources.tool_table import TOOLS, Tool
from watchword_server.api.site.contents import CONTENTS
from watchword_server.api.site.pages import Library, Page
from watchword_server.api.site.skills import skills_folder
from watchword_server.domain.project import Caller, Scope
from watchword_server.mcp import skills
from watchword_server.mcp.calls import CALLER, Calls
from watchword_server.mcp.search import Index
from watchword_server.mcp.tools import SEARCH, Tools
from watchword_server.runtime import Runtime

NAME = "watchword"
ABOUT = (
    "Sends one-time codes and verifies that a person controls a phone number or an email address. "
    "You never see a code: send_otp answers a verification_url where the person types it; then "
    "ask get_otp_status. Never ask a person for a code. Unsure what is missing? Call next_step."
)


OFFERED: tuple[Tool, ...] = (*TOOLS[:-2], SEARCH, *TOOLS[-2:])
"""Every tool, in the order in which they are listed."""

NEEDS: dict[str, Scope] = {
    tool.name: tool.permission for tool in OFFERED if tool.permission is not None
}
"""Tools that only keys with a scope of their own see and may call."""


def build(runtime: Runtime) -> MCPServer[Any]:
    """The server; one for the life of a runtime."""
    url = runtime.settings.public_url
    library = Library(url, openapi.document(url))
    offered = skills.Skills(skills_folder())
    server: MCPServer[Any] = MCPServer(
        NAME,
        title="Watchword",
        description="One-time passcodes that the agent never sees.",
        instructions=ABOUT,
        website_url=url,
        version=__version__,
        request_state_security=RequestStateSecurity(keys=[runtime.derived(b"mcp request state")]),
        extensions=[offered] if offered else [],
        middleware=[_only_what_the_key_may, _prompts_by_name],
        log_level="WARNING",
    )
    tools = Tools(Calls(runtime), Index(library, url))
    for tool in OFFERED:
        server.add_tool(
            getattr(tools, tool.name), tool.name, tool.title, tool.said, _annotations(tool)
        )
    _add_prompts(server, url)
    for section in CONTENTS:
        for page in section.pages:
            _add_page(server, library, library.pages[page])
    return server


def _annotations(tool: Tool) -> ToolAnnotations:
    return ToolAnnotations(
        title=tool.title,
        read_only_hint=tool.reads,
        destructive_hint=tool.destroys,
        idempotent_hint=tool.repeats,
        open_world_hint=tool.outside,
    )


def _add_prompts(server: MCPServer[Any], url: str) -> None:
    @server.prompt(
        name="verify_person",
        title="Verify a person",
        description="Have a person prove that a phone number or an email address is theirs, "
        "without ever seeing the code.",
    )
    def verify_person(to: str) -> str:
        """How to verify whoever is behind an address."""
        return (
            f"Verify that the person controls {to}. Call send_otp, show them verification_url, "
            "and tell them to type the code there and nowhere else. Then call get_otp_status "
            "every few seconds until it is approved or has ended. Never ask for the code."
        )

    @server.prompt(
        name="integrate",
        title="Integrate Watchword",
        description="Add sending and verifying of one-time codes to the application at hand.",
    )
    def integrate(framework: str = "the framework at hand") -> str:
        """How to build it in."""
        return (
            f"Add one-time codes to this application ({framework}). Read {url}/llms.txt, then "
            f"{url}/docs/sandbox.md. Write a route that sends a code, one that verifies it and a "
            "webhook handler; try them against the sandbox; call next_step when unsure."
        )


def _add_page(server: MCPServer[Any], library: Library, page: Page) -> None:
    server.add_resource(
        FunctionResource(
            uri=f"docs://{page.name}",
            name=page.name,
            title=page.title,
            description=page.note or page.title,
            mime_type="text/markdown",
            fn=_reader(library, page),
        )
    )


def _reader(library: Library, page: Page) -> Callable[[], str]:
    def read() -> str:
        return library.markdown(page)

    return read


async def _only_what_the_key_may(
    ctx: ServerRequestContext[Any, Any], call_next: CallNext
) -> HandlerResult:
    """A tool that the caller's key may not use is neither listed nor called."""
    scopes = _scopes(ctx)
    named = str((ctx.params or {}).get("name"))
    if ctx.method == "tools/call" and NEEDS.get(named) not in (None, *scopes):
        raise MCPError(code=INVALID_PARAMS, message=f"Unknown tool: {named}")
    result = await call_next(ctx)
    if isinstance(result, ListToolsResult):
        result.tools = [one for one in result.tools if NEEDS.get(one.name) in (None, *scopes)]
    elif ctx.method == "tools/list" and isinstance(result, dict):
        result["tools"] = [
            one for one in result["tools"] if NEEDS.get(one["name"]) in (None, *scopes)
        ]
    return result


async def _prompts_by_name(
    ctx: ServerRequestContext[Any, Any], call_next: CallNext
) -> HandlerResult:
    """A prompt that is not there, or lacks an argument, is the caller's mistake and not ours."""
    try:
        return await call_next(ctx)
    except ValueError as error:
        if ctx.method != "prompts/get":
            raise
        raise MCPError(code=INVALID_PARAMS, message=str(error)) from error


def _scopes(context: ServerRequestContext[Any, Any]) -> frozenset[Scope]:
    request = context.request
    found = None if request is None else request.scope.get(CALLER)
    return found.scopes if isinstance(found, Caller) else frozenset()
