"""The table of tools: what a model may call, each made of operations and nothing else.

A tool names the operations it is made of; the schemas of its arguments and of its answer are
taken from theirs, made strict.  The SDKs call by this table too: `spec/tools.json`.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from watchword_server.api.operation import Operation
from watchword_server.api.resources import agent, messages, sends, templates, verifications
from watchword_server.api.strict import member, said_by, table_of
from watchword_server.domain.project import Scope

Schema = dict[str, Any]


class Argument(NamedTuple):
    """Something a model gives.

    Attributes:
        field: the field of the body that it is, where that has another name.
        said: what it is, where the operation's words would not help a model.
    """

    name: str
    field: str | None = None
    said: str | None = None


class Tool(NamedTuple):
    """One tool.

    Attributes:
        calls: the operations, in the order they are called; the last one answers.
        permission: a scope that a key must have besides those of the operations.
        shows: the fields of the last answer that a model sees, and no others.
        rows: the name under which an answer that is a list is given.
    """

    name: str
    title: str
    said: str
    calls: tuple[str, ...]
    arguments: tuple[Argument, ...]
    shows: tuple[str, ...]
    reads: bool = False
    destroys: bool = False
    repeats: bool = False
    outside: bool = False
    permission: Scope | None = None
    rows: str | None = None


_ID = Argument("message_id", said="The message_id that send_otp answered.")
_SEEN = (
    "message_id",
    "status",
    "verification_url",
    "to",
    "send_channel",
    "expires_at",
    "resend_after",
    "checks_left",
    "mode",
)
_OPERATIONS: Mapping[str, Operation] = {
    one.id: one
    for one in (
        *sends.OPERATIONS,
        *messages.OPERATIONS,
        *verifications.OPERATIONS,
        *templates.OPERATIONS,
        *agent.OPERATIONS,
    )
}

TOOLS: tuple[Tool, ...] = (
    Tool(
        "send_otp",
        "Send a one-time code",
        "Send a one-time code and start a verification. You never see the code: show the person "
        "verification_url, where they type it, then ask get_otp_status. Never ask for the code.",
        ("sendMessage", "getMessage"),
        (
            Argument("to"),
            Argument(
                "template_id",
                said="A template of list_templates. Null: otp-email for an email address, "
                "otp-sms for a number.",
            ),
            Argument("channel", said="Send on this channel alone. Null: as the template says."),
            Argument("language", said="A language tag such as en. Null: the template's own."),
            Argument("purpose", said="What it is for, such as login. Null: nothing in particular."),
        ),
        _SEEN,
        outside=True,
    ),
    Tool(
        "get_otp_status",
        "Ask where a verification stands",
        "Where a verification stands: pending until the person has typed the right code, then "
        "approved. Ask again every few seconds while it is pending.",
        ("getMessage",),
        (_ID,),
        _SEEN,
        reads=True,
        repeats=True,
    ),
    Tool(
        "resend_otp",
        "Send the same code again",
        "Send the same code again, once resend_after seconds have passed.",
        ("resendMessage", "getMessage"),
        (_ID, Argument("channel", said="Another channel, such as voice. Null: the same one.")),
        _SEEN,
        outside=True,
    ),
    Tool(
        "cancel_otp",
        "End a verification",
        "End a verification; its code is worth nothing from then on.",
        ("cancelMessage", "getMessage"),
        (_ID,),
        _SEEN,
        destroys=True,
    ),
    Tool(
        "list_templates",
        "List templates",
        "The templates that messages are made from: what each is for and on which channels it "
        "goes, in the order they are tried, or by which saved route. Only an approved one can be "
        "sent.",
        ("listTemplates",),
        (),
        ("template_id", "description", "send_channel_strategy", "route", "brand_name", "status"),
        reads=True,
        repeats=True,
        rows="templates",
    ),
    Tool(
        "next_step",
        "Ask what to do next",
        "What is missing before people can be verified, and the one thing to do next.",
        ("getNextStep",),
        (),
        ("step", "why", "action", "command", "doc_url", "done"),
        reads=True,
        repeats=True,
    ),
    Tool(
        "verify_otp",
        "Check a code",
        "Check a code. Prefer verification_url, where the person types it without your seeing it.",
        ("checkVerification", "getMessage"),
        (_ID, Argument("code", "verify_code", "What the person typed.")),
        _SEEN,
        permission=Scope.AGENT_VERIFY,
    ),
)

ENVELOPES: dict[str, Schema] = {
    "openai": {
        "type": "function",
        "name": "$name",
        "description": "$description",
        "parameters": "$parameters",
        "strict": True,
    },
    "openai-chat": {
        "type": "function",
        "function": {
            "name": "$name",
            "description": "$description",
            "parameters": "$parameters",
            "strict": True,
        },
    },
    "anthropic": {
        "name": "$name",
        "description": "$description",
        "input_schema": "$parameters",
        "strict": True,
    },
    "gemini": {
        "name": "$name",
        "description": "$description",
        "parametersJsonSchema": "$parameters",
    },
    "mcp": {
        "name": "$name",
        "title": "$title",
        "description": "$description",
        "inputSchema": "$parameters",
        "outputSchema": "$output",
        "annotations": "$annotations",
    },
}
"""How each vendor wants a tool wrapped; `$name` stands for that member of the neutral tool."""


def neutral() -> Schema:
    """All of it, as `spec/tools.json` has it."""
    return {"envelopes": ENVELOPES, "tools": [_described(tool) for tool in TOOLS]}


def scopes(tool: Tool) -> frozenset[Scope]:
    """What a key must be allowed to call a tool."""
    needed = {_OPERATIONS[name].scope for name in tool.calls} | {tool.permission}
    return frozenset(scope for scope in needed if scope is not None)


def arguments(tool: Tool) -> dict[str, str]:
    """What each argument is, in the words that a model reads."""
    return {one.name: _argument(tool, one)["description"] for one in tool.arguments}


def filled(envelope: Any, tool: Mapping[str, Any]) -> Any:
    """A tool in the envelope of a vendor."""
    if isinstance(envelope, dict):
        return {name: filled(value, tool) for name, value in envelope.items()}
    if isinstance(envelope, str) and envelope.startswith("$"):
        return tool[envelope[1:]]
    return envelope


def _described(tool: Tool) -> Schema:
    return {
        "name": tool.name,
        "title": tool.title,
        "description": tool.said,
        "permission": tool.permission,
        "scopes": sorted(scopes(tool)),
        "parameters": _closed({one.name: _argument(tool, one) for one in tool.arguments}),
        "output": _output(tool),
        "annotations": {
            "title": tool.title,
            "readOnlyHint": tool.reads,
            "destructiveHint": tool.destroys,
            "idempotentHint": tool.repeats,
            "openWorldHint": tool.outside,
        },
        "calls": [_call(tool, name) for name in tool.calls],
    }


def _call(tool: Tool, name: str) -> Schema:
    """One request of a tool: which argument goes into which field of its body."""
    operation = _OPERATIONS[name]
    fields = {} if operation.body is None else table_of(operation.body)
    sent = {one.field or one.name: one.name for one in tool.arguments}
    return {
        "operation": operation.id,
        "method": operation.method,
        "path": operation.path,
        "body": {field: argument for field, argument in sent.items() if field in fields},
    }


def _argument(tool: Tool, argument: Argument) -> Schema:
    operation = _OPERATIONS[tool.calls[0]]
    field = argument.field or argument.name
    if field in operation.parameters:
        return {"type": "string", "description": argument.said}
    schema = ({} if operation.body is None else table_of(operation.body))[field]
    return member(schema, argument.said or said_by(schema))


def _output(tool: Tool) -> Schema:
    answer = _OPERATIONS[tool.calls[-1]].answer
    if tool.rows is None:
        return _closed(_shown(answer, tool.shows))
    (row,) = answer.__args__
    rows = {"type": "array", "items": _closed(_shown(row, tool.shows)), "description": tool.title}
    return _closed({tool.rows: rows})


def _shown(answer: Any, names: tuple[str, ...]) -> Schema:
    fields = table_of(answer)
    return {name: member(fields[name], said_by(fields[name])) for name in names}


def _closed(properties: Schema) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
