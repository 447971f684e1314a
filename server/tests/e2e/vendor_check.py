"""Run by the Python of build/vendors: what the vendors' own packages say about our tools.

Reads `{format: [tool, ...]}` and prints `{format: [what is wrong, ...]}`.
"""

import copy
import json
import sys

from agents.strict_schema import ensure_strict_json_schema
from anthropic import transform_schema
from anthropic.types import ToolParam
from google.genai import types as genai
from openai.types.chat import ChatCompletionFunctionToolParam
from openai.types.responses import FunctionToolParam
from pydantic import TypeAdapter


def strict(schema):
    """OpenAI's own strictness has nothing to add to a schema that is strict."""
    if ensure_strict_json_schema(copy.deepcopy(schema)) != schema:
        raise ValueError("it is not strict")


def member(kind, tool):
    TypeAdapter(kind).validate_python(tool)
    if set(tool) - set(kind.__annotations__):
        raise ValueError("it has a member that the type has not")


def openai(tool):
    member(FunctionToolParam, tool)
    strict(tool["parameters"])


def openai_chat(tool):
    member(ChatCompletionFunctionToolParam, tool)
    strict(tool["function"]["parameters"])


def anthropic(tool):
    """What Anthropic does not take its package moves into descriptions."""
    member(ToolParam, tool)
    schema = copy.deepcopy(tool["input_schema"])
    for one in schema["properties"].values():
        if isinstance(one["type"], list):  # its helper knows alternatives only, the API both
            one["anyOf"] = [{"type": each} for each in one.pop("type")]
            one.pop("enum", None)
    said = {name: one.get("description") for name, one in schema["properties"].items()}
    taken = transform_schema(copy.deepcopy(schema))
    if {name: one.get("description") for name, one in taken["properties"].items()} != said:
        raise ValueError("it has bounds")
    if taken["required"] != schema["required"]:
        raise ValueError("it asks for something else")


def gemini(tool):
    declared = genai.FunctionDeclaration.model_validate(tool)
    read = genai.JSONSchema.model_validate(declared.parameters_json_schema)
    genai.Schema.from_json_schema(json_schema=read)


CHECKS = {
    "openai": openai, "openai-chat": openai_chat, "anthropic": anthropic, "gemini": gemini,
}  # fmt: skip


def wrong(format, tools):
    for tool in tools:
        try:
            CHECKS[format](tool)
        except Exception as error:  # each vendor has kinds of its own
            yield f"{type(error).__name__}: {error}"


if __name__ == "__main__":
    given = json.load(sys.stdin)
    print(json.dumps({format: list(wrong(format, tools)) for format, tools in given.items()}))
