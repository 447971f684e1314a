"""The functions behind the tools; what a model reads of them is in `tool_table`.

A code is typed by the person on a hosted page, so no tool takes or returns one, but `verify_otp`,
which only a key with a scope of its own may use.
"""

import asyncio
from typing import Annotated, Any

from mcp.server.mcpserver import Context
from mcp_types import ElicitRequest, ElicitRequestURLParams, InputRequiredResult
from mcp_types.version import MODERN_PROTOCOL_VERSIONS
from pydantic import Field

from watchword_server.api.resources.tool_table import TOOLS, Argument, Tool, arguments
from watchword_server.mcp.answers import (
    Advice,
    Found,
    Search,
    TemplateEntry,
    Templates,
    Verification,
)
from watchword_server.mcp.calls import Calls
from watchword_server.mcp.search import Index, excerpt

_LOOKS, _LOOK_S = 15, 0.1
"""After the person said yes the code is waited for 1.5 s; an answer is due within 2 s."""
_ASKED = "code"
_APPROVED = 2
"""A template's status on the wire."""

SEARCH = Tool(
    "search_docs",
    "Search the documentation",
    "Search this server's documentation.",
    (),
    (Argument("query", said="A few words."),),
    ("results",),
    reads=True,
    repeats=True,
)
"""The one tool that is no operation, so that only MCP has it."""

_SAID = {tool.name: arguments(tool) for tool in TOOLS}


def _given(tool: str, argument: str) -> Any:
    """An argument in the words of the table."""
    return Field(description=_SAID[tool][argument])


MessageId = Annotated[str, _given("get_otp_status", "message_id")]


class Tools:
    """Answers each tool."""

    def __init__(self, calls: Calls, index: Index) -> None:
        self._calls = calls
        self._index = index

    async def send_otp(
        self,
        to: Annotated[str, _given("send_otp", "to")],
        context: Context[Any, Any],
        template_id: Annotated[str | None, _given("send_otp", "template_id")] = None,
        channel: Annotated[str | None, _given("send_otp", "channel")] = None,
        language: Annotated[str | None, _given("send_otp", "language")] = None,
        purpose: Annotated[str | None, _given("send_otp", "purpose")] = None,
    ) -> Verification | InputRequiredResult:
        """Start a verification, and have the person asked where the client can."""
        if context.request_state is not None:
            return await self._resumed(context, context.request_state)
        body: dict[str, Any] = {"to": to, "template": {"id": template_id or _usual(to)}}
        if language is not None:
            body["template"]["language"] = language
        body |= {
            name: given
            for name, given in (("channel", channel), ("purpose", purpose))
            if given is not None
        }
        sent = await self._calls.call(context, "sendMessage", body=body)
        found = await self._status(context, sent["message_id"])
        if found.verification_url is None or not _opens_urls(context):
            return found
        if context.protocol_version in MODERN_PROTOCOL_VERSIONS:
            return _please(found)
        return await self._elicited(context, found)

    async def get_otp_status(
        self, message_id: MessageId, context: Context[Any, Any]
    ) -> Verification:
        """Where it stands."""
        return await self._status(context, message_id)

    async def resend_otp(
        self,
        message_id: MessageId,
        context: Context[Any, Any],
        channel: Annotated[str | None, _given("resend_otp", "channel")] = None,
    ) -> Verification:
        """Send the same code again."""
        body = None if channel is None else {"channel": channel}
        await self._calls.call(
            context, "resendMessage", path={"message_id": message_id}, body=body or {}
        )
        return await self._status(context, message_id)

    async def cancel_otp(self, message_id: MessageId, context: Context[Any, Any]) -> Verification:
        """End it."""
        await self._calls.call(context, "cancelMessage", path={"message_id": message_id})
        return await self._status(context, message_id)

    async def list_templates(self, context: Context[Any, Any]) -> Templates:
        """Those that can be sent."""
        found = await self._calls.call(context, "listTemplates")
        entries = [
            TemplateEntry(
                template_id=one["template_id"],
                channels=[word for word in one["send_channel_strategy"].split("|") if word],
                route=one.get("route"),
                description=one.get("description", ""),
                brand=one.get("brand_name", ""),
            )
            for one in found["data"]
            if one["status"] == _APPROVED
        ]
        return Templates(templates=entries, limits=found["limits"])

    async def search_docs(
        self, query: Annotated[str, Field(description=SEARCH.arguments[0].said, max_length=200)]
    ) -> Search:
        """The sections that fit best."""
        return Search(
            results=[
                Found(title=one.title, url=one.url, excerpt=excerpt(one))
                for one in self._index.find(query)
            ]
        )

    async def next_step(self, context: Context[Any, Any]) -> Advice:
        """The one thing to do next."""
        return Advice.model_validate(await self._calls.call(context, "getNextStep"))

    async def verify_otp(
        self,
        message_id: MessageId,
        code: Annotated[str, _given("verify_otp", "code")],
        context: Context[Any, Any],
    ) -> Verification:
        """Check a code."""
        body = {"message_id": message_id, "verify_code": code}
        await self._calls.call(context, "checkVerification", body=body)
        return await self._status(context, message_id)

    async def _status(self, context: Context[Any, Any], message_id: str) -> Verification:
        found = await self._calls.call(context, "getMessage", path={"message_id": message_id})
        return Verification.model_validate({**found, "next": _advice(found)})

    async def _elicited(self, context: Context[Any, Any], found: Verification) -> Verification:
        """Ask the person to open the page (specification 2025-11-25)."""
        url = found.verification_url or ""
        answer = await context.elicit_url(_invitation(found), url, found.message_id)
        if answer.action != "accept":
            return found.model_copy(update={"declined": True})
        seen = await self._typed(context, found.message_id)
        if seen.status != "pending":
            await context.session.send_elicit_complete(found.message_id)
        return seen

    async def _resumed(self, context: Context[Any, Any], message_id: str) -> Verification:
        """Go on after the person was asked (specification 2026-07-28)."""
        answer = (context.input_responses or {}).get(_ASKED)
        if getattr(answer, "action", None) != "accept":
            found = await self._status(context, message_id)
            return found.model_copy(update={"declined": True})
        return await self._typed(context, message_id)

    async def _typed(self, context: Context[Any, Any], message_id: str) -> Verification:
        """Wait a moment for the code; opening the page was agreed to, not the code."""
        for _ in range(_LOOKS):
            found = await self._status(context, message_id)
            if found.status != "pending":
                break
            await asyncio.sleep(_LOOK_S)
        return found


def _usual(to: str) -> str:
    return "otp-email" if "@" in to else "otp-sms"


def _opens_urls(context: Context[Any, Any]) -> bool:
    """Whether the client shows people a URL when a server asks it to."""
    able = context.client_capabilities
    return able is not None and able.elicitation is not None and able.elicitation.url is not None


def _invitation(found: Verification) -> str:
    return f"A code was sent to {found.to}. Open the page and type it there, not in the chat."


def _please(found: Verification) -> InputRequiredResult:
    asked = ElicitRequestURLParams(message=_invitation(found), url=found.verification_url or "")
    return InputRequiredResult(
        input_requests={_ASKED: ElicitRequest(params=asked)}, request_state=found.message_id
    )


_NEXT = {
    "pending": "Show the person verification_url; they type the code there. Then ask "
    "get_otp_status.",
    "approved": "The address is verified: go on.",
}


def _advice(found: dict[str, Any]) -> str:
    return _NEXT.get(found["status"], "It is over: call send_otp again if it is still wanted.")
