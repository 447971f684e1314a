"""Schemas of OpenAPI as TypeScript: interfaces, and a table by which members are renamed.

The wire says `message_id`, TypeScript `messageId`; the keys of a map (params, metadata) are data
and stay.  So the renaming at run time follows `SHAPES`: of each type the members that are a time,
another type, or an array or map of these.
"""

import json
import re
from typing import Any

Json = dict[str, Any]

NAMES = {
    "CheckedVerification": "CheckResult",
    "InboxEntry": "InboxMessage",
    "WireData": "EventData",
    "WireEvent": "Event",
}
"""Types that have another name in the SDKs; a final `View` is dropped."""

_SCALARS = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean"}
_WIDTH = 100


def camel(name: str) -> str:
    """`messageId` of `message_id`."""
    return re.sub(r"_([a-z0-9])", lambda found: found[1].upper(), name)


def snake(name: str) -> str:
    """`message_id` of `messageId`, as src/records.ts does it."""
    return re.sub(r"[A-Z]", lambda found: f"_{found[0].lower()}", name)


def comment(text: str, indent: str = "") -> str:
    """A documentation comment, wrapped."""
    lines, line = [], ""
    for word in text.replace("*/", "* /").split():
        if line and len(indent) + len(line) + len(word) + 5 > _WIDTH:
            lines.append(line)
            line = ""
        line = f"{line} {word}".strip()
    return f"{indent}/** " + f"\n{indent} * ".join([*lines, line]) + " */\n"


def resolved(schema: Json, spec: Json) -> Json:
    """What a reference stands for."""
    name = schema.get("$ref", "").rpartition("/")[2]
    found: Json = spec["components"]["schemas"][name] if name else schema
    return found


class Types:
    """The types that requests (`asked`) and answers (`answered`) are made of."""

    def __init__(self, spec: Json, *, asked: list[Json], answered: list[Json]) -> None:
        self._spec = spec
        self._asked: set[str] = set()
        self._all: set[str] = set()
        for schema in asked:
            self._reach(schema, self._asked)
        for schema in [*asked, *answered]:
            self._reach(schema, self._all)
        self._inputs_only = self._asked - self._reached(answered)
        shown = [self.shown(name) for name in self._all]
        if len(set(shown)) < len(shown):
            raise SystemExit(f"two types have one name: {sorted(shown)}")

    def _reached(self, schemas: list[Json]) -> set[str]:
        found: set[str] = set()
        for schema in schemas:
            self._reach(schema, found)
        return found

    def _reach(self, schema: Any, found: set[str]) -> None:
        if isinstance(schema, list):
            for each in schema:
                self._reach(each, found)
        elif isinstance(schema, dict):
            name = str(schema.get("$ref", "")).rpartition("/")[2]
            if name and name not in found:
                found.add(name)
                self._reach(self.schema(name), found)
            for key, each in schema.items():
                if key not in ("example", "examples", "default"):
                    self._reach(each, found)

    def schema(self, name: str) -> Json:
        """A schema by its name."""
        found: Json = self._spec["components"]["schemas"][name]
        return found

    def named(self, schema: Json) -> str:
        """The name of a schema that is a reference."""
        name = str(schema.get("$ref", "")).rpartition("/")[2]
        if not name:
            raise SystemExit(f"this schema has no name: {json.dumps(schema)[:100]}")
        return name

    def shown(self, name: str) -> str:
        """The name of a type in TypeScript."""
        return NAMES.get(name, name.removesuffix("View"))

    def member(self, name: str, schema: Json, required: bool, *, asked: bool = True) -> str:
        """One member of an interface."""
        if required and asked:
            schema = {**schema, **self._without_null(schema)}
        shown = camel(name)
        if snake(shown) != name:
            raise SystemExit(f"{name} does not survive the way to {shown} and back")
        if required:
            return f"{shown}: {self._type(schema, asked)}"
        # Said again, for callers who compile with exactOptionalPropertyTypes.
        return f"{shown}?: {self._type(schema, asked)}{' | undefined' if asked else ''}"

    @staticmethod
    def _without_null(schema: Json) -> Json:
        some = [one for one in schema.get("anyOf", []) if one.get("type") != "null"]
        return {"anyOf": some} if some else {}

    def _type(self, schema: Json, asked: bool) -> str:
        if "$ref" in schema:
            return self.shown(self.named(schema))
        if "enum" in schema or "const" in schema:
            words = schema.get("enum", [schema.get("const")])
            union = " | ".join(json.dumps(word) for word in words)
            return f"{union} | (string & {{}})" if all(isinstance(w, str) for w in words) else union
        for key in ("anyOf", "oneOf"):
            if key in schema and "properties" not in schema:
                return " | ".join(dict.fromkeys(self._type(one, asked) for one in schema[key]))
        kind = schema.get("type")
        if isinstance(kind, list):
            return " | ".join(self._type({**schema, "type": one}, asked) for one in kind)
        if schema.get("format") == "date-time":
            return "Date | string" if asked else "Date"
        if kind == "array":
            item = self._type(schema.get("items", {}), asked)
            return f"{item}[]" if re.fullmatch(r"\w+", item) else f"Array<{item}>"
        if kind == "object":
            return f"Record<string, {self._type(self._values(schema), asked)}>"
        return "null" if kind == "null" else _SCALARS.get(kind or "", "unknown")

    @staticmethod
    def _values(schema: Json) -> Json:
        values = schema.get("additionalProperties")
        return values if isinstance(values, dict) else {}

    def _shape(self, schema: Json) -> str | None:
        """How a member is read: a type's name or Date, then [] and {} for what it lies in."""
        for one in schema.get("anyOf", []) if "properties" not in schema else []:
            if (found := self._shape(one)) is not None:
                return found
        if "$ref" in schema:
            name = self.named(schema)
            return name if "properties" in self.schema(name) else None
        if schema.get("format") == "date-time":
            return "Date"
        kind, ending = schema.get("type"), {"array": "[]", "object": "{}"}
        if kind in ending:
            inner = self._shape(
                schema.get("items", {}) if kind == "array" else self._values(schema)
            )
            return None if inner is None else inner + ending[kind]
        return None

    def _interface(self, name: str) -> str:
        schema = self.schema(name)
        said = comment(schema["description"]) if schema.get("description") else ""
        shown, asked = self.shown(name), name in self._inputs_only
        if "properties" not in schema:
            return f"{said}export type {shown} = {self._type(schema, asked)};\n"
        members, required = dict(schema["properties"]), set(schema.get("required", []))
        if {"template", "template_id"} <= members.keys() and asked:  # one way to say it
            del members["template"]
            required.add("template_id")
        lines = []
        for key, each in members.items():
            if each.get("description"):
                lines.append(comment(each["description"], "  "))
            lines.append(f"  {self.member(key, each, key in required, asked=asked)};\n")
        return f"{said}export interface {shown} {{\n{''.join(lines)}}}\n"

    def text(self) -> str:
        """The interfaces and the table of shapes."""
        names = sorted(self._all, key=self.shown)
        rows = []
        for name in names:
            members = self.schema(name).get("properties", {})
            shapes = {key: self._shape(each) for key, each in members.items()}
            row = ", ".join(f'{key}: "{shape}"' for key, shape in shapes.items() if shape)
            if row:
                rows.append(f"  {name}: {{ {row} }},\n")
        return (
            "\n".join(self._interface(name) for name in names)
            + "\n/** How the members of a type are read and written; what is not here stays. */\n"
            + "export const SHAPES: Record<string, Record<string, string>> = {\n"
            + "".join(rows)
            + "};\n"
        )
