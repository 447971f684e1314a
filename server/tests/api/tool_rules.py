"""What the vendors' strict modes ask of a tool, as functions: each yields what is wrong.

Sources: OpenAI, Structured Outputs (supported schemas: closed objects, all properties required,
no root alternatives, at most 5000 properties, 10 levels, 1000 enum values) and function calling
(names of 64 letters, digits, _ and -); Anthropic, Structured outputs (no numerical or string
bounds, closed objects) and tool use (names); Gemini, FunctionDeclaration (a name begins with a
letter or an underscore and has at most 64 characters).
"""

import re
from collections.abc import Iterator
from typing import Any

Schema = dict[str, Any]

MOST_PROPERTIES, MOST_LEVELS, MOST_VALUES, LONGEST = 5000, 10, 1000, 1024
FOREIGN = {
    "allOf", "anyOf", "oneOf", "not", "if", "then", "else", "$ref", "$defs", "definitions",
    "dependentRequired", "dependentSchemas", "patternProperties", "propertyNames",
    "unevaluatedProperties",
}  # fmt: skip
BOUNDS = {
    "minLength", "maxLength", "pattern", "format", "minimum", "maximum", "exclusiveMinimum",
    "exclusiveMaximum", "multipleOf", "minItems", "maxItems", "uniqueItems", "minProperties",
    "maxProperties", "default",
}  # fmt: skip


def parts(schema: Schema, level: int = 1) -> Iterator[tuple[Schema, int]]:
    """The schema and every schema in it, with its level."""
    yield schema, level
    for inner in schema.get("properties", {}).values():
        yield from parts(inner, level + 1)
    if "items" in schema:
        yield from parts(schema["items"], level + 1)


def root(tool: Schema) -> Iterator[str]:
    if tool["parameters"].get("type") != "object":
        yield "the root is no object"


def closed(tool: Schema) -> Iterator[str]:
    for one, _ in parts(tool["parameters"]):
        if one.get("type") == "object" and one.get("additionalProperties") is not False:
            yield "an object is open"


def required(tool: Schema) -> Iterator[str]:
    for one, _ in parts(tool["parameters"]):
        if set(one.get("properties", ())) != set(one.get("required", ())):
            yield "a property is not required"


def plain(tool: Schema) -> Iterator[str]:
    for one, _ in parts(tool["parameters"]):
        yield from FOREIGN & set(one)


def unbounded(tool: Schema) -> Iterator[str]:
    for one, _ in parts(tool["parameters"]):
        yield from BOUNDS & set(one)


def nullable(tool: Schema) -> Iterator[str]:
    for one, _ in parts(tool["parameters"]):
        if "enum" in one and (None in one["enum"]) != ("null" in one["type"]):
            yield "null is a value in one place only"


def small(tool: Schema) -> Iterator[str]:
    found = list(parts(tool["parameters"]))
    if sum(len(one.get("properties", ())) for one, _ in found) > MOST_PROPERTIES:
        yield "too many properties"
    if max(level for _, level in found) > MOST_LEVELS:
        yield "too deep"
    if sum(len(one.get("enum", ())) for one, _ in found) > MOST_VALUES:
        yield "too many values"


def named(tool: Schema) -> Iterator[str]:
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_-]{0,63}", tool["name"]):
        yield "its name is no name everywhere"


def described(tool: Schema) -> Iterator[str]:
    texts = [tool["description"]]
    texts += [one.get("description") for one in tool["parameters"]["properties"].values()]
    if not all(texts):
        yield "something is not described"
    elif any(len(text) > LONGEST for text in texts):
        yield "a description is too long"


CLAUSES = (root, closed, required, plain, unbounded, nullable, small, named, described)
