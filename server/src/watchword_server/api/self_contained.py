"""The OpenAPI document for a reader who looks at one operation: nothing is said elsewhere.

`spec/openapi.json` names each schema once, which is what a generator of code needs.  Who reads
`/openapi.json` has an operation in front of them, and each reference is a place to look for in a
file that does not fit into their window.  So what a server publishes has every schema written out
where it is used (with its name as `title`), what may be null as `type: [x, null]`, each refusal
with the numbers, titles and next actions that it can have there, and the headers that every call
or every POST takes once, at the top.
"""

from collections.abc import Mapping
from typing import Any

Schema = dict[str, Any]

_SCHEMAS = "#/components/schemas/"
_EXAMPLES = "#/components/examples/"
_NULL = {"type": "null"}
_DATA = ("example", "default", "enum", "const", "value", "examples")
"""Keys whose values are data, not schemas."""
_OF_A_KIND = ("title", "status", "code", "message", "retryable", "next_action")
"""Members of a problem that its kind decides."""


_EVERYWHERE = {"XRequestId": "every call", "IdempotencyKey": "every POST"}
"""Parameters that are said once, and which calls take them."""
_SAID_ONCE = {f"#/components/parameters/{name}" for name in _EVERYWHERE}


def self_contained(document: Mapping[str, Any]) -> Schema:
    """The same description without references to schemas."""
    schemas, components = document["components"]["schemas"], dict(document["components"])
    del components["schemas"]
    components["responses"] = {
        name: _narrowed(response, components["examples"])
        for name, response in _written_out(components["responses"], schemas).items()
    }
    components["parameters"] = {
        name: one for name, one in components["parameters"].items() if name not in _EVERYWHERE
    }
    once = [
        _said(document["components"]["parameters"][name], by) for name, by in _EVERYWHERE.items()
    ]
    about = "\n\n".join((document["info"]["description"], *once))
    paths: Schema = _written_out(document["paths"], schemas)
    for operations in paths.values():
        for operation in operations.values():
            operation["parameters"] = [
                one for one in operation["parameters"] if one.get("$ref") not in _SAID_ONCE
            ]
    info = {**document["info"], "description": about}
    return {**document, "info": info, "paths": paths, "components": components}


def _said(parameter: Mapping[str, Any], by: str) -> str:
    """A header in a sentence."""
    return f"`{parameter['name']}`, a header that {by} takes: {parameter['description']}"


def _written_out(node: Any, schemas: Mapping[str, Any]) -> Any:
    """A part of the document, with what its references stand for in their place."""
    if isinstance(node, list):
        return [_written_out(each, schemas) for each in node]
    if not isinstance(node, Mapping):
        return node
    reference = node.get("$ref", "")
    if isinstance(reference, str) and reference.startswith(_SCHEMAS):
        meant = _written_out(schemas[reference.removeprefix(_SCHEMAS)], schemas)
        return {**meant, **{name: each for name, each in node.items() if name != "$ref"}}
    return _or_null(
        {name: each if name in _DATA else _each(name, each, schemas) for name, each in node.items()}
    )


def _each(name: str, node: Any, schemas: Mapping[str, Any]) -> Any:
    """What a key holds; the keys of `properties` are names, which may be words of JSON Schema."""
    if name == "properties":
        return {field: _written_out(schema, schemas) for field, schema in node.items()}
    return _written_out(node, schemas)


def _or_null(schema: Schema) -> Schema:
    """One alternative to null as that alternative, whose type may be null too."""
    real = [each for each in schema.get("anyOf", ()) if each != _NULL]
    if len(real) != 1 or len(schema["anyOf"]) == 1:
        return schema
    (only,) = real
    if not isinstance(only.get("type"), str) or "const" in only:
        return schema
    said = {name: each for name, each in schema.items() if name != "anyOf"}
    folded: Schema = {**only, "type": [only["type"], "null"], **said}
    if "enum" in folded:
        folded["enum"] = [*folded["enum"], None]
    return folded


def _narrowed(response: Schema, examples: Mapping[str, Any]) -> Schema:
    """A refusal whose schema allows the kinds that it is there for, and no other."""
    (media_type, content), *_ = response["content"].items()
    kinds = [
        examples[one["$ref"].removeprefix(_EXAMPLES)]["value"]
        for one in content["examples"].values()
    ]
    schema = {**content["schema"], "properties": dict(content["schema"]["properties"])}
    for name in _OF_A_KIND:
        member = {key: each for key, each in schema["properties"][name].items() if key != "enum"}
        values = list(dict.fromkeys(kind[name] for kind in kinds))
        schema["properties"][name] = {**member, "enum": values}
    return {**response, "content": {media_type: {**content, "schema": schema}}}
