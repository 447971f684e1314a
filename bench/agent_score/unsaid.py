"""What the description of an API leaves unsaid: fields without a limit or a description."""

from collections.abc import Iterator, Mapping
from typing import Any

_LIMITS = frozenset(
    ("enum", "const", "format", "pattern", "minimum", "maximum", "minLength", "maxLength",
     "minItems", "maxItems", "minProperties", "maxProperties")
)  # fmt: skip
_MOST = 8


def worst(document: Mapping[str, Any], scores: Mapping[str, float], floor: float) -> str:
    """The operations below a floor that would rise if their fields said more, with these fields."""
    said = []
    for operation_id, fields in unsaid(document):
        if fields and scores.get(operation_id, floor) < floor:
            said.append(f"{operation_id} ({', '.join(sorted(set(fields)))})")
    return "; ".join(said[:_MOST])


def unsaid(document: Mapping[str, Any]) -> Iterator[tuple[str, list[str]]]:
    """For each operation the fields of its request and answer that say too little."""
    for item in document["paths"].values():
        for one in item.values():
            good = [answer for status, answer in one["responses"].items() if status < "3"]
            yield one["operationId"], list(_fields([one.get("requestBody", {}), *good]))


def _fields(node: Any) -> Iterator[str]:
    if isinstance(node, list):
        for inner in node:
            yield from _fields(inner)
    if isinstance(node, Mapping):
        for name, schema in node.get("properties", {}).items():
            if not _says_enough(schema):
                yield name
        for key, inner in node.items():
            if key not in ("example", "examples"):
                yield from _fields(inner)


def _says_enough(schema: Mapping[str, Any]) -> bool:
    """A truth value, an object and a list need no limit of their own."""
    kind = schema.get("type")
    plain = kind if isinstance(kind, str) else "".join(set(kind or ()) - {"null"})
    limited = bool(_LIMITS & set(schema)) or plain in ("boolean", "object", "array", "")
    return limited and "description" in schema
