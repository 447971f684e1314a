"""Reference pages, made from the OpenAPI document: one for each resource."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Schema = Mapping[str, Any]

_REF = "#/components/schemas/"
_MOST = 16_000
"""Characters of one page: agents cut off what is longer than 20,000."""


def pages(document: Schema) -> dict[str, str]:
    """The Markdown of every reference page, by its name."""
    by_resource: dict[str, list[tuple[str, str]]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if isinstance(operation, dict) and "operationId" in operation:
                said = operation["summary"], _operation(document, method.upper(), path, operation)
                by_resource.setdefault(_resource(path), []).append(said)
    made, rows = {}, ""
    for resource, operations in by_resource.items():
        for number, part in enumerate(_parts(operations), 1):
            name = resource if number == 1 else f"{resource}-{number}"
            title = resource if number == 1 else f"{resource}, page {number}"
            made[f"reference/{name}"] = "\n".join((f"# API: {title}\n", *(one[1] for one in part)))
            rows += f"| [{title}]({name}.md) | {'; '.join(one[0] for one in part)} |\n"
    made["reference/index"] = (
        "# API reference\n\nEvery call by its resource.\n"
        "The same for machines: [/openapi.json](/openapi.json), where each call stands by itself.\n"
        "A generator of code wants named schemas: `watchword-server openapi` prints them.\n\n"
        f"| resource | calls |\n|---|---|\n{rows}"
    )
    return made


def _parts(operations: Sequence[tuple[str, str]]) -> Iterator[list[tuple[str, str]]]:
    """The operations of a resource, as many on a page as can be read whole."""
    part: list[tuple[str, str]] = []
    for one in operations:
        if part and sum(len(said) for _, said in (*part, one)) > _MOST:
            yield part
            part = []
        part.append(one)
    yield part


def _resource(path: str) -> str:
    """What a path is about: its first segment after the version."""
    return path.split("/")[2]


def _operation(document: Schema, method: str, path: str, operation: Schema) -> str:
    lines = [f"## {operation['summary']}", "", f"`{method} {path}` · `{operation['operationId']}`"]
    lines += ["", operation["description"], ""]
    body = operation.get("requestBody", {}).get("content", {}).get("application/json")
    query = [one for one in operation.get("parameters", ()) if one.get("in") == "query"]
    if query:
        lines += _table("query", ((one["name"], one, one["schema"], False) for one in query))
    if body:
        lines += _table("field", _fields(document, body["schema"]))
        lines += ["A request:", "", *_json(body.get("example"))]
    for status, answer in operation["responses"].items():
        said = answer.get("content", {}).get("application/json", {})
        if status.startswith("2") and said.get("example") is not None:
            lines += [f"The answer, {status}:", "", *_json(said["example"])]
    return "\n".join([*lines, _errors(operation), ""])


def _json(example: object) -> list[str]:
    return ["```json", json.dumps(example, indent=1, ensure_ascii=False), "```", ""]


def _errors(operation: Schema) -> str:
    slugs: list[str] = []
    for status, answer in operation["responses"].items():
        if not status.startswith("2") and "$ref" in answer:
            slugs += answer["$ref"].rpartition("/")[2].split(".")[1:]
    links = ", ".join(f"[{slug}](../errors/{slug}.md)" for slug in slugs)
    return f"Errors: {links}.\n" if links else ""


Row = tuple[str, Schema, Schema, bool]


def _fields(document: Schema, schema: Schema, prefix: str = "") -> Iterator[Row]:
    """Every field of a body, those of nested objects behind their parent's name."""
    schema = _resolved(document, schema)
    required = schema.get("required", ())
    for name, field in schema.get("properties", {}).items():
        inner = _resolved(document, field)
        yield prefix + name, field, inner, name in required
        if inner.get("type") == "object" and "properties" in inner and not prefix:
            yield from _fields(document, inner, f"{prefix}{name}.")


def _resolved(document: Schema, schema: Schema) -> Schema:
    for alternative in schema.get("anyOf", ()):
        if alternative.get("type") != "null":
            return _resolved(document, alternative)
    if "$ref" in schema:
        name = schema["$ref"].removeprefix(_REF)
        resolved: Schema = document["components"]["schemas"][name]
        return resolved
    return schema


def _table(head: str, rows: Iterator[Row]) -> list[str]:
    lines = [f"| {head} | type | what it is |", "|---|---|---|"]
    for name, field, inner, required in rows:
        said = field.get("description") or inner.get("description") or ""
        must = ", required" if required else ""
        lines.append(f"| `{name}` | {_type(inner)}{must} | {_cell(said)} |")
    return [*lines, ""]


def _type(schema: Schema) -> str:
    if "enum" in schema:
        return " or ".join(f"`{value}`" for value in schema["enum"])
    kind = schema.get("type", "any")
    if isinstance(kind, list):
        return " or ".join(kind)
    if kind == "array":
        return f"array of {_type(schema.get('items', {}))}"
    return str(kind)


def _cell(said: str) -> str:
    return " ".join(said.split()).replace("|", "\\|")
