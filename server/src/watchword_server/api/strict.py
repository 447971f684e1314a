"""Schemas in the subset that every vendor's strict mode takes.

A strict schema has a closed object at its root, every property is required (one that may be left
out may be null instead), and there are no alternatives, references or bounds: Anthropic refuses
`minLength` and its like, and OpenAI some of them.  What a bound says is said in words instead;
the server checks it anyway.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any

import msgspec

from watchword_server.api.fields import END

Schema = dict[str, Any]

_DEFINITIONS = "#/"
_LEAVES = ("string", "integer", "number", "boolean")


@cache
def table_of(kind: type[msgspec.Struct]) -> Mapping[str, Schema]:
    """The fields of a type, each with its schema, the optional ones as alternatives with null."""
    _, components = msgspec.json.schema_components([kind], ref_template=_DEFINITIONS + "{name}")
    fields: Schema = components[kind.__name__]
    required = fields["required"]
    return {
        name: _resolved(schema, components, optional=name not in required)
        for name, schema in fields["properties"].items()
    }


def _resolved(schema: Schema, components: Mapping[str, Schema], *, optional: bool) -> Schema:
    """A field's schema without references, its description on it and not inside it."""
    alternatives = [one for one in schema.get("anyOf", [schema]) if one.get("type") != "null"]
    (real,) = alternatives
    name = real.get("$ref", "").removeprefix(_DEFINITIONS)
    found = {**components.get(name, {}), **real, **_outside(schema)}
    found["optional"] = optional or len(schema.get("anyOf", ())) > 1
    if "items" in found:
        found["items"] = _resolved(found["items"], components, optional=False)
    return found


def _outside(schema: Schema) -> Schema:
    return {name: schema[name] for name in ("description", "examples") if name in schema}


def said_by(schema: Schema) -> str:
    """What an operation says about a field."""
    return str(schema.get("description", ""))


def member(schema: Schema, said: str) -> Schema:
    """The strict schema of a property that is described by `said` and its bounds in words."""
    words = [said, _length(schema), _range(schema), _pattern(schema)]
    strict: Schema = {"type": _type(schema)}
    if schema.get("optional"):
        strict["type"] = [strict["type"], "null"]
    if "enum" in schema:
        strict["enum"] = [*schema["enum"], *([None] if schema.get("optional") else [])]
        words.append(f"One of {', '.join(schema['enum'])}.")
    if strict["type"] == "array":
        strict["items"] = {"type": _type(schema["items"])}
    strict["description"] = " ".join(word for word in words if word)
    return strict


def _type(schema: Schema) -> str:
    if "enum" in schema:
        return "string"
    kind = str(schema["type"])
    if kind not in (*_LEAVES, "array"):
        raise LookupError(f"no strict schema for {kind}")
    return kind


def _length(schema: Schema) -> str:
    least, most = schema.get("minLength"), schema.get("maxLength")
    if most is None:
        return ""
    return f"At most {most} characters." if least is None else f"{least} to {most} characters."


def _range(schema: Schema) -> str:
    least, most = schema.get("minimum"), schema.get("maximum")
    if least is None:
        return "" if most is None else f"At most {most}."
    return f"At least {least}." if most is None else f"{least} to {most}."


def _pattern(schema: Schema) -> str:
    pattern = schema.get("pattern")
    return "" if pattern is None else f"It matches {pattern.replace(END, '$')}"
