"""Writes the operations and types of sdk/node from spec/; `--check` only compares.

A new operation needs nothing here: its tag is the resource, its id without the resource's noun
the method.  Where that reads badly, or the Python client says it otherwise, `NAMES` has a row.
"""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import node_types
from node_types import Json, Types, camel, comment

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "sdk/node/src"
WRITTEN_BY = (
    "// Written by scripts/node_sdk.py from spec/openapi.json: `make openapi` writes it anew.\n"
)

TYPE = re.compile(r"\b(?!(?:Array|Date|Record)\b)[A-Z]\w*")

RESOURCES = {"api-keys": "keys"}
"""A tag whose resource has another name."""

NAMES = {
    "addOptOut": "optOuts.add",
    "changeTemplate": "templates.update",
    "dryRunProvider": "providers.dryRun",
    "getNextStep": "agent.nextStep",
    "getProviderHealth": "providers.health",
    "getWebhookDelivery": "webhooks.delivery",
    "listInboxMessages": "inbox.list",
    "listProviderTypes": "providers.types",
    "listSandboxMessages": "sandbox.messages",
    "listTemplateVersions": "templates.versions",
    "listTools": "agent.tools",
    "listWebhookDeliveries": "webhooks.deliveries",
    "rotateWebhookSecret": "webhooks.rotateSecret",
    "sendCode": "messages.send",
    "sendCustomMessage": "messages.sendCustom",
    "setSandboxWebhook": "sandbox.setWebhook",
}
"""Operations whose method the rule does not give."""

WRITTEN_OUT = {
    "messages.send": """\
  /** Send a code: one the server makes and never shows, or with `code` your own.
   * Called again while the code is pending, it sends the same code again.
   * @throws RateLimited within the cool-down: `retryAfter` is the seconds to wait and
   *   `extra.messageId` the pending verification. */
  send(args: m.SendMessage & { code?: string }): Promise<m.SentMessage> {
    const path = args.code === undefined ? "/messages" : "/codes";
    return this._run({
      method: "POST", path, body: args, takes: "SendMessage", gives: "SentMessage",
    });
  }
""",
    "messages.sendCustom": """\
  /** Send a template with your own `code`, or without one, to one recipient or up to 100.
   * With several, all are accepted or none, and `messages` of the answer has one entry each. */
  sendCustom(args: {
    to: string | string[]; templateId: string; code?: string; language?: string;
    params?: Record<string, string>;
  }): Promise<m.SentCustomMessage> {
    const { to, templateId: id, code, language, params } = args;
    const body = { to, template: { id, language, params: { ...params, code } } };
    return this._run({
      method: "POST", path: "/custom-messages", body, takes: "SendCustomMessage",
      gives: "SentCustomMessage",
    });
  }
""",
    "verifications.check": """\
  /** Check what the user typed; a wrong code is `verified: false`, not an error.
   * `binding` is what `send` was given, if anything.
   * @throws Conflict if the verification is already approved.
   * @throws Gone if it is expired, exhausted, canceled or failed; `extra.reason` says which. */
  check(args: { messageId: string; code: string; binding?: m.Binding }): Promise<m.CheckResult> {
    const { messageId, code: verifyCode, binding } = args;
    const body = { messageId, verifyCode, binding };
    return this._run({
      method: "POST", path: "/verifications", body, takes: "CheckVerification",
      gives: "CheckedVerification",
    });
  }
""",
}
"""Methods that are more than their operation."""


class Method:
    """One operation of the API as a method."""

    def __init__(self, path: str, verb: str, operation: Json, spec: Json) -> None:
        self.path, self.verb, self.id = (
            path.removeprefix("/v1"),
            verb.upper(),
            operation["operationId"],
        )
        self.tag, self.said = operation["tags"][0], operation
        self.resource, self.name = self._name()
        asked = [self._parameter(one, spec) for one in operation.get("parameters", [])]
        self.places = [one["name"] for one in asked if one["in"] == "path"]
        self.query = [one for one in asked if one["in"] == "query"]
        content = operation.get("requestBody", {}).get("content", {})
        self.body: Json | None = next((one["schema"] for one in content.values()), None)
        self.streams = False
        self.answer = self._answer()

    @staticmethod
    def _parameter(one: Json, spec: Json) -> Json:
        name = one.get("$ref", "").rpartition("/")[2]
        found: Json = spec["components"]["parameters"][name] if name else one
        return found

    def _name(self) -> tuple[str, str]:
        resource = RESOURCES.get(self.tag, camel(self.tag.replace("-", "_")))
        if self.id in NAMES:
            owner, _, name = NAMES[self.id].partition(".")
            return owner, name
        nouns = "".join(part.capitalize() for part in self.tag.split("-"))
        for noun in (nouns, nouns.removesuffix("s"), nouns.removesuffix("s") + "Endpoints",
                     nouns.removesuffix("s") + "Endpoint"):  # fmt: skip
            if self.id.endswith(noun):
                return resource, self.id.removesuffix(noun)
        return resource, re.match("[a-z]+", self.id)[0]  # type: ignore[index]

    def _answer(self) -> Json:
        good = next(one for status, one in self.said["responses"].items() if status < "300")
        (kind, content), *_ = good.get("content", {"": {"schema": {}}}).items()
        schema: Json = content["schema"]
        self.streams = kind == "text/event-stream"
        return schema["x-data"] if self.streams else schema

    def item(self, spec: Json) -> Json | None:
        """The schema of an item where the answer is a list."""
        schema = node_types.resolved(self.answer, spec)
        if self.verb != "GET":
            return None
        rows = (
            schema
            if schema.get("type") == "array"
            else schema.get("properties", {}).get("data", {})
        )
        items: Json | None = rows.get("items")
        return items if items and "$ref" in items else None


def methods(spec: Json) -> list[Method]:
    """Every operation, in the order of the document."""
    return [
        Method(path, verb, operation, spec)
        for path, verbs in spec["paths"].items()
        for verb, operation in verbs.items()
        if isinstance(operation, dict) and "operationId" in operation
    ]


def _arguments(method: Method, types: Types) -> tuple[list[str], list[str]]:
    """The parameters of a method, and the members of its call."""
    path = re.sub(r"\{(\w+)\}", lambda place: f"${{segment({camel(place[1])})}}", method.path)
    quoted = f"`{path}`" if method.places else f'"{path}"'
    taken, given = [f"{camel(name)}: string" for name in method.places], [f"path: {quoted}"]
    query = [one for one in method.query if one["name"] != "cursor"]
    fields = [
        TYPE.sub(r"m.\g<0>", types.member(one["name"], one["schema"], one["required"]))
        for one in query
    ]
    if method.body is not None:
        name = types.named(method.body)
        required = types.schema(name).get("required")
        taken.append(f"args: m.{types.shown(name)}" + ("" if required else " = {}"))
        given.append(f'body: args, takes: "{name}"')
        if fields:
            raise SystemExit(f"{method.id}: a body and a query together have no rule yet")
    elif fields:
        needed = any(one["required"] for one in query)
        taken.append(f"args: {{ {'; '.join(fields)} }}" + ("" if needed else " = {}"))
        given.append("query: args")
    return taken, given


def _written(method: Method, types: Types, spec: Json) -> str:
    summary = method.said["summary"].rstrip(".")
    said = f"{summary}. {method.said.get('description', '')}".strip()
    key = f"{method.resource}.{method.name}"
    if key in WRITTEN_OUT:
        return WRITTEN_OUT[key]
    taken, given = _arguments(method, types)
    item = method.item(spec)
    shape = types.named(item or method.answer)
    if method.streams:
        kind, run = f"AsyncIterable<m.{types.shown(shape)}>", "_follow"
    elif item is not None:
        kind, run = f"Listing<m.{types.shown(shape)}>", "_list"
    else:
        kind, run = f"Promise<m.{types.shown(shape)}>", "_run"
    call = ", ".join([f'method: "{method.verb}"', *given, f'gives: "{shape}"'])
    return (
        f"{comment(said, '  ')}  {method.name}({', '.join(taken)}): {kind} {{\n"
        f"    return this.{run}({{ {call} }});\n  }}\n"
    )


def _classes(found: list[Method], types: Types, spec: Json) -> Iterator[str]:
    summaries = {one["name"]: one.get("description", "") for one in spec.get("tags", [])}
    resources = dict.fromkeys(method.resource for method in found)
    for resource in resources:
        mine = {method.name: method for method in found if method.resource == resource}
        bodies = [_written(method, types, spec) for method in mine.values()]
        tag = next(method.tag for method in mine.values())
        yield (
            f"{comment(summaries.get(tag) or resource)}export class {_class(resource)} "
            f"extends Resource {{\n{chr(10).join(bodies)}}}\n"
        )
    members = "".join(f"  readonly {one}: {_class(one)};\n" for one in resources)
    made = "".join(f"    this.{one} = new {_class(one)}(runner);\n" for one in resources)
    yield (
        "/** What a client has. */\nexport abstract class Resources {\n"
        f"{members}\n  constructor(runner: Runner) {{\n{made}  }}\n}}\n"
    )


def _class(resource: str) -> str:
    return resource[0].upper() + resource[1:]


def files(spec: Json) -> dict[str, str]:
    """The text of each generated file."""
    found = methods(spec)
    taken: dict[str, str] = {}
    for method in found:
        name = f"{method.resource}.{method.name}"
        if name in taken.values() and name not in WRITTEN_OUT:
            raise SystemExit(f"{method.id}: {name} is taken; give it a row in NAMES")
        taken[method.id] = name
    bodies = [method.body for method in found if method.body is not None]
    types = Types(spec, asked=bodies, answered=[one.item(spec) or one.answer for one in found])
    classes = "\n".join(_classes(found, types, spec))
    table = "".join(f'  {id}: "{name}",\n' for id, name in sorted(taken.items()))
    resources = (
        f'{WRITTEN_BY}\nimport type * as m from "./models.js";\n'
        'import { Resource, segment, type Listing, type Runner } from "./protocol.js";\n\n'
        f"{classes}\n/** Each operation of the API, and the method that calls it. */\n"
        f"export const OPERATIONS = {{\n{table}}} as const;\n"
    )
    return {"models.ts": f"{WRITTEN_BY}\n{types.text()}", "resources.ts": resources}


TOOL = """\
/** A tool for a model. */
export interface Tool {
  name: string;
  title: string;
  description: string;
  permission: string | null;
  parameters: { properties: object; [member: string]: unknown };
  output: object;
  calls: Array<{ operation: string; method: string; path: string; body: Record<string, string> }>;
  [member: string]: unknown;
}

/** Every tool, and the form of each vendor. */
export const DEFINITIONS: { envelopes: Record<string, unknown>; tools: Tool[] } = """


def definitions(tools: Json) -> str:
    """The text of tools.ts."""
    written_by = WRITTEN_BY.replace("openapi.json", "tools.json")
    return f"{written_by}\n{TOOL}{json.dumps(tools, indent=1, ensure_ascii=False)};\n"


def read() -> dict[str, str]:
    """The text of each generated file, from what lies in spec/."""
    spec, tools = (
        json.loads((ROOT / f"spec/{name}.json").read_text(encoding="utf-8"))
        for name in ("openapi", "tools")
    )
    return {**files(spec), "tools.ts": definitions(tools)}


def main(check: bool) -> int:
    """Write the files, or say which are not what they should be."""
    stale = []
    for name, text in read().items():
        path = SOURCE / name
        if not check:
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(name)
    if stale:
        print(f"sdk/node/src: {', '.join(stale)} out of date: run make openapi")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv[1:]))
