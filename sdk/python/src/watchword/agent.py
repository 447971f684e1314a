"""Tools for a model: definitions for its vendor, and what to do when it calls one.

    definitions = agent.tools("openai")
    result = agent.dispatch(call.name, call.arguments, client=client)

No result has a place for a code: it holds the fields that the tool's schema names, and no other.
What goes wrong is a result as well, for the model to act on: `{"error": ..., "next_action": ...}`.
"""

import json
import pkgutil
from collections.abc import Coroutine, Mapping
from functools import cache
from typing import Any, TypeAlias, cast, overload
from urllib.parse import quote

from watchword.client import AsyncWatchword, Watchword
from watchword.errors import APIError, ConnectionFailed, WatchwordError, scrub
from watchword.protocol import Call
from watchword.runners import at_once

Asked: TypeAlias = Mapping[str, Any] | str | None
Client: TypeAlias = Watchword | AsyncWatchword
Result: TypeAlias = dict[str, Any]
_TYPES: Mapping[str, type] = {"string": str, "null": type(None)}
_TOLD = ("code", "retry_after", "message_id", "doc_url")


class _Wrong(WatchwordError):
    """The model's call is none; its text says why."""


def tools(format: str = "openai", *, verify: bool = False) -> list[dict[str, Any]]:
    """The definitions to hand to a model, in a vendor's own form.

    Args:
        format: openai (the Responses API), openai-chat, anthropic, gemini or mcp.
        verify: with `verify_otp`, by which the model sees codes.  Without it a person types the
            code on the page of the server.
    """
    envelopes = _bundled()["envelopes"]
    if format not in envelopes:
        raise ValueError(f"format is one of {', '.join(envelopes)}, not {format!r}")
    return [_filled(envelopes[format], tool) for tool in _offered(verify).values()]


@overload
def dispatch(
    name: str, args: Asked, client: Watchword | None = None, *, verify: bool = False
) -> Result: ...
@overload
def dispatch(
    name: str, args: Asked, client: AsyncWatchword, *, verify: bool = False
) -> Coroutine[Any, Any, Result]: ...
def dispatch(
    name: str, args: Asked, client: Client | None = None, *, verify: bool = False
) -> Result | Coroutine[Any, Any, Result]:
    """Do what a model called for; what it may be told of the outcome.

    Args:
        args: an object, or its JSON as some vendors give it.
        client: whose key is used; unset, one from the environment.
        verify: whether `verify_otp` may be called.

    Raises:
        ConfigurationError: there is no client, and none can be made from the environment.
    """
    if client is None:
        with Watchword() as own:
            return dispatch(name, args, own, verify=verify)
    outcome = _outcome(name, args, client, verify)
    return outcome if isinstance(client, AsyncWatchword) else at_once(outcome)


async def _outcome(name: str, args: Asked, client: Client, verify: bool) -> Result:
    """The calls of a tool, one after the other; the last answer, as far as a model may see it."""
    try:
        tool = _offered(verify).get(name)
        if tool is None:
            names = ", ".join(_offered(verify))
            raise _Wrong(f"There is no tool of this name; there are {names}.")
        given = _checked(tool["parameters"]["properties"], args)
        if "template_id" in tool["parameters"]["properties"] and "template_id" not in given:
            given["template_id"] = "otp-email" if "@" in given["to"] else "otp-sms"
        answer: Any = {}
        for one in tool["calls"]:
            message_id = answer.get("message_id") or given.get("message_id", "")
            answer = client._runner.run(_call(one, given, message_id))
            if isinstance(client, AsyncWatchword):
                answer = await answer
    except WatchwordError as error:
        return _told(error)
    return cast(Result, _shown(tool["output"], answer))


def _call(one: Mapping[str, Any], given: Mapping[str, Any], message_id: str) -> Call[Any]:
    path = one["path"].removeprefix("/v1").replace("{message_id}", quote(message_id, safe=""))
    body = {field: given[name] for field, name in one["body"].items() if name in given}
    secrets = tuple(given[name] for name in ("to", "code") if name in given)
    return Call(one["method"], path, lambda answer: answer, body=body, secrets=secrets)


def _checked(properties: Mapping[str, Any], args: Asked) -> dict[str, Any]:
    """The arguments that say something; those that are null are as good as left out."""
    try:
        given = json.loads(args or "{}") if isinstance(args, str) else args or {}
    except ValueError:
        raise _Wrong("The arguments are not JSON.") from None
    if not isinstance(given, Mapping):
        raise _Wrong("The arguments are an object.")
    if set(given) - set(properties):
        raise _Wrong(f"The arguments are {', '.join(properties) or 'none'}, and no others.")
    for name, schema in properties.items():
        allowed = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        if not isinstance(given.get(name), tuple(_TYPES[one] for one in allowed)):
            raise _Wrong(f"{name} is required: a {allowed[0]}.")
        if name == "message_id" and not given[name].strip("."):
            raise _Wrong("message_id is empty.")
    return {name: value for name, value in given.items() if value is not None}


def _shown(schema: Mapping[str, Any], answer: Any) -> Any:
    """What a schema names of an answer, and nothing else."""
    properties = schema.get("properties")
    if properties is None:
        return answer
    if isinstance(answer, list):
        ((name, inner),) = properties.items()
        return {name: [_shown(inner["items"], row) for row in answer]}
    return {name: _shown(inner, answer.get(name)) for name, inner in properties.items()}


def _told(error: WatchwordError) -> Result:
    """An error as a result: what happened, and what to do about it."""
    if isinstance(error, APIError):
        said: Result = {"error": error.detail, "next_action": error.next_action or "stop"}
        more = vars(error) | error.extra
        return said | {name: more[name] for name in _TOLD if more.get(name) is not None}
    if isinstance(error, _Wrong):
        return {"error": scrub(str(error), ()), "next_action": "fix_request"}
    if isinstance(error, ConnectionFailed) and error.maybe_processed:
        why = "The server gave no answer; a message may have been sent."
        return {"error": why, "next_action": "stop"}
    return {"error": "The server could not be reached.", "next_action": "retry"}


@cache
def _bundled() -> dict[str, Any]:
    return cast(Result, json.loads(pkgutil.get_data("watchword", "tools.json") or b""))


def _offered(verify: bool) -> dict[str, dict[str, Any]]:
    """The tools by name: those that need no permission of their own, unless it is given."""
    every = _bundled()["tools"]
    return {tool["name"]: tool for tool in every if verify or tool["permission"] is None}


def _filled(envelope: Any, tool: Mapping[str, Any]) -> Any:
    if isinstance(envelope, dict):
        return {name: _filled(value, tool) for name, value in envelope.items()}
    if isinstance(envelope, str) and envelope.startswith("$"):
        return json.loads(json.dumps(tool[envelope[1:]]))
    return envelope
