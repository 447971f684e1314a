"""What the conformance suite of MCP asks for by name, added to the product's own server.

The names, texts and shapes are those of `@modelcontextprotocol/conformance`; who made the server
they are added to is `watchword_server.mcp.server.build`, as in the product.
"""

import asyncio
import base64
import json
from collections.abc import Callable
from typing import Annotated, Any, Literal

import mcp_types as types
from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError
from mcp.shared.exceptions import MCPError
from pydantic import BaseModel, Field

Ctx = Context[Any, Any]
PNG = base64.b64encode(
    bytes.fromhex(
        "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
        "1f15c4890000000d4944415478da63fccff0bf1e000706027fd8e5d1de0000000049454e44ae426082"
    )
).decode()
WAV = base64.b64encode(b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0" + bytes(16)).decode()
PAUSE_S = 0.05
"""Between two notifications, as the suite asks."""
Asked = str | types.InputRequiredResult


def text(value: str) -> types.TextContent:
    return types.TextContent(text=value)


def image() -> types.ImageContent:
    return types.ImageContent(data=PNG, mime_type="image/png")


def embedded(uri: str, of: str, mime_type: str = "text/plain") -> types.EmbeddedResource:
    inner = types.TextResourceContents(uri=uri, mime_type=mime_type, text=of)
    return types.EmbeddedResource(resource=inner)


# ---- content --------------------------------------------------------------------------------


def test_simple_text() -> str:
    """Text."""
    return "This is a simple text response for testing."


def test_image_content() -> list[types.ImageContent]:
    """An image."""
    return [image()]


def test_audio_content() -> list[types.AudioContent]:
    """Sound."""
    return [types.AudioContent(data=WAV, mime_type="audio/wav")]


def test_embedded_resource() -> list[types.EmbeddedResource]:
    """A resource."""
    return [embedded("test://embedded-resource", "This is an embedded resource content.")]


def test_multiple_content_types() -> list[
    types.TextContent | types.ImageContent | types.EmbeddedResource
]:
    """One of each."""
    data = json.dumps({"test": "data", "value": 123})
    return [
        text("Multiple content types test:"), image(),
        embedded("test://mixed-content-resource", data, "application/json"),
    ]  # fmt: skip


def test_error_handling() -> str:
    """An error."""
    raise ToolError("This tool intentionally returns an error for testing")


# ---- what a call says on its way ------------------------------------------------------------


async def test_tool_with_logging(context: Ctx) -> str:
    """Three lines of a log."""
    for line in ("Tool execution started", "Tool processing data", "Tool execution completed"):
        await context.log("info", line)
        await asyncio.sleep(PAUSE_S)
    return "logged"


async def test_logging_tool(context: Ctx) -> str:
    """One line of a log."""
    await context.log("info", "a line")
    return "logged"


async def test_tool_with_progress(context: Ctx) -> str:
    """Three steps."""
    for done in (0, 50, 100):
        await context.report_progress(done, 100, f"{done} of 100")
        await asyncio.sleep(PAUSE_S)
    return "done"


async def test_trigger_tool_change(context: Ctx) -> str:
    """Says that the tools have changed."""
    await context.notify_tools_changed()
    return "told"


async def test_trigger_prompt_change(context: Ctx) -> str:
    """Says that the prompts have changed."""
    await context.notify_prompts_changed()
    return "told"


# ---- questions of the era of sessions -------------------------------------------------------


class Person(BaseModel):
    username: str = Field(description="User's response")
    email: str = Field(description="User's email address")


class Defaults(BaseModel):
    name: str = "John Doe"
    age: int = 30
    score: float = 95.5
    status: Literal["active", "inactive", "pending"] = "active"
    verified: bool = True


def titled(*pairs: tuple[str, str]) -> list[dict[str, str]]:
    return [{"const": value, "title": title} for value, title in pairs]


THREE = [("value1", "First Option"), ("value2", "Second Option"), ("value3", "Third Option")]
ENUMS: dict[str, Any] = {
    "untitledSingle": {"type": "string", "enum": ["option1", "option2", "option3"]},
    "titledSingle": {"type": "string", "oneOf": titled(*THREE)},
    "legacyEnum": {
        "type": "string", "enum": ["opt1", "opt2", "opt3"],
        "enumNames": ["Option One", "Option Two", "Option Three"],
    },
    "untitledMulti": {
        "type": "array", "items": {"type": "string", "enum": ["option1", "option2", "option3"]},
    },
    "titledMulti": {"type": "array", "items": {"anyOf": titled(*THREE)}},
}  # fmt: skip


async def test_sampling(prompt: str, context: Ctx) -> str:
    """Asks the client's model."""
    asked = types.SamplingMessage(role="user", content=text(prompt))
    said = await context.session.create_message([asked], max_tokens=100)
    return f"LLM response: {said.content}"


async def test_elicitation(message: str, context: Ctx) -> str:
    """Asks the person."""
    answer = await context.elicit(message, Person)
    return f"User response: {answer.action}"


async def test_elicitation_sep1034_defaults(context: Ctx) -> str:
    """Asks with defaults."""
    answer = await context.elicit("Who are you?", Defaults)
    return f"Elicitation completed: action={answer.action}"


async def test_elicitation_sep1330_enums(context: Ctx) -> str:
    """Asks with choices."""
    schema = {"type": "object", "properties": ENUMS, "required": list(ENUMS)}
    answer = await context.session.elicit_form("Choose", schema)
    return f"Elicitation completed: action={answer.action}"


# ---- questions of the era without sessions --------------------------------------------------


def form(message: str, name: str, kind: str = "string") -> types.ElicitRequest:
    schema = {"type": "object", "properties": {name: {"type": kind}}, "required": [name]}
    return types.ElicitRequest(
        params=types.ElicitRequestFormParams(message=message, requested_schema=schema)
    )


def sampling(prompt: str, most: int) -> types.CreateMessageRequest:
    asked = types.SamplingMessage(role="user", content=text(prompt))
    return types.CreateMessageRequest(
        params=types.CreateMessageRequestParams(messages=[asked], max_tokens=most)
    )


QUESTIONS: dict[str, dict[str, Any]] = {
    "elicitation": {"user_name": form("What is your name?", "name")},
    "sampling": {"capital_question": sampling("What is the capital of France?", 100)},
    "list_roots": {"client_roots": types.ListRootsRequest()},
    "request_state": {"confirm": form("Please confirm", "ok", "boolean")},
    "multiple_inputs": {
        "user_name": form("What is your name?", "name"),
        "greeting": sampling("Generate a greeting", 50),
        "client_roots": types.ListRootsRequest(),
    },
    "tampered_state": {"confirm": form("Please confirm", "ok", "boolean")},
}
"""What a tool asks for in one round; a state goes with what needs one."""
STATEFUL = {"request_state", "multiple_inputs", "tampered_state"}
STEPS = [
    {"step1": form("Step 1: What is your name?", "name")},
    {"step2": form("Step 2: What is your favorite color?", "color")},
]


def asking(name: str) -> Callable[..., Any]:
    """A tool that asks its questions until each has an answer of its kind."""
    questions = QUESTIONS[name]

    async def tool(context: Ctx) -> Asked:
        given = context.input_responses or {}
        if all(fits(given.get(key), asked) for key, asked in questions.items()):
            if name in STATEFUL and context.request_state != name:
                raise ToolError("no such state")
            return f"state-ok: {sorted(questions)} " + " ".join(map(str, given.values()))
        state = name if name in STATEFUL else None
        return types.InputRequiredResult(input_requests=questions, request_state=state)

    return tool


def fits(answer: Any, asked: Any) -> bool:
    if isinstance(asked, types.ElicitRequest):
        return getattr(answer, "action", None) == "accept"
    return answer is not None


async def test_input_required_result_multi_round(context: Ctx) -> Asked:
    """Two questions, one after the other."""
    given, done = context.input_responses or {}, int(context.request_state or 0)
    if done and all(key in given for key in STEPS[done - 1]):
        if done == len(STEPS):
            return "Both were answered."
        done += 1
    done = done or 1
    return types.InputRequiredResult(input_requests=STEPS[done - 1], request_state=str(done))


async def test_input_required_result_capabilities(context: Ctx) -> types.InputRequiredResult:
    """Asks for no more than the client can answer."""
    able = context.client_capabilities
    asked: dict[str, Any] = {}
    if able is not None and able.sampling is not None:
        asked |= QUESTIONS["sampling"]
    if able is not None and able.elicitation is not None:
        asked |= QUESTIONS["elicitation"]
    return types.InputRequiredResult(input_requests=asked)


async def test_missing_capability(context: Ctx) -> str:
    """Needs a client that samples."""
    able = context.client_capabilities
    if able is None or able.sampling is None:
        needed = types.MissingRequiredClientCapabilityErrorData(
            required_capabilities=types.ClientCapabilities(sampling=types.SamplingCapability())
        )
        raise MCPError(
            types.MISSING_REQUIRED_CLIENT_CAPABILITY, "It has to sample.",
            needed.model_dump(by_alias=True, mode="json", exclude_none=True),
        )  # fmt: skip
    return "It samples."


async def test_streaming_elicitation() -> types.InputRequiredResult:
    """Asks on a stream."""
    return types.InputRequiredResult(input_requests=QUESTIONS["elicitation"])


async def test_custom_header(
    region: Annotated[str, Field(json_schema_extra={"x-mcp-header": "Region"})],
) -> str:
    """A parameter that a header repeats."""
    return region


TOOLS: list[Callable[..., Any]] = [
    test_simple_text, test_image_content, test_audio_content, test_embedded_resource,
    test_multiple_content_types, test_error_handling, test_tool_with_logging, test_logging_tool,
    test_tool_with_progress, test_trigger_tool_change, test_trigger_prompt_change, test_sampling,
    test_elicitation, test_elicitation_sep1034_defaults, test_elicitation_sep1330_enums,
    test_input_required_result_multi_round, test_input_required_result_capabilities,
    test_missing_capability, test_streaming_elicitation, test_custom_header,
]  # fmt: skip


def add(server: MCPServer[Any]) -> MCPServer[Any]:
    """The server, and all of this."""
    for tool in TOOLS:
        server.add_tool(tool)
    for name in QUESTIONS:
        server.add_tool(
            asking(name), name=f"test_input_required_result_{name}", description="Asks."
        )
    _add_resources(server)
    _add_prompts(server)
    _add_methods(server)
    return server


def _add_resources(server: MCPServer[Any]) -> None:
    @server.resource("test://static-text", mime_type="text/plain", description="Text.")
    def static_text() -> str:
        return "This is the content of the static text resource."

    @server.resource("test://static-binary", mime_type="image/png", description="An image.")
    def static_binary() -> bytes:
        return base64.b64decode(PNG)

    @server.resource("test://watched-resource", mime_type="text/plain", description="Watched.")
    def watched() -> str:
        return "It may change."

    @server.resource("test://template/{id}/data", mime_type="application/json")
    def template(id: str) -> str:
        return json.dumps({"id": id, "templateTest": True, "data": f"Data for ID: {id}"})


def _add_prompts(server: MCPServer[Any]) -> None:
    def message(content: Any) -> types.PromptMessage:
        return types.PromptMessage(role="user", content=content)

    @server.prompt(description="Text.")
    def test_simple_prompt() -> list[dict[str, Any]]:
        return [message(text("This is a simple prompt for testing.")).model_dump()]

    @server.prompt(description="Arguments.")
    def test_prompt_with_arguments(arg1: str, arg2: str) -> list[dict[str, Any]]:
        said = f"Prompt with arguments: arg1='{arg1}', arg2='{arg2}'"
        return [message(text(said)).model_dump()]

    @server.prompt(description="A resource.")
    def test_prompt_with_embedded_resource(resourceUri: str) -> list[dict[str, Any]]:
        inner = embedded(resourceUri, "Embedded resource content for testing.")
        asked = text("Please process the embedded resource above.")
        return [message(one).model_dump() for one in (inner, asked)]

    @server.prompt(description="An image.")
    def test_prompt_with_image() -> list[dict[str, Any]]:
        asked = text("Please analyze the image above.")
        return [message(one).model_dump() for one in (image(), asked)]

    @server.prompt(description="Asks first.")
    async def test_input_required_result_prompt(context: Ctx) -> Any:
        if fits((context.input_responses or {}).get("user_context"), form("", "context")):
            return "With the context that was given."
        question = form("What context should the prompt use?", "context")
        return types.InputRequiredResult(input_requests={"user_context": question})


def _add_methods(server: MCPServer[Any]) -> None:
    @server.completion()
    async def complete(*_given: Any) -> types.Completion:
        return types.Completion(values=["test"], total=1, has_more=False)

    async def nothing(_context: Any, _params: Any) -> types.EmptyResult:
        return types.EmptyResult()

    low = server._lowlevel_server
    for method, params in (
        ("logging/setLevel", types.SetLevelRequestParams),
        ("resources/subscribe", types.SubscribeRequestParams),
        ("resources/unsubscribe", types.UnsubscribeRequestParams),
    ):
        low.add_request_handler(method, params, nothing)
