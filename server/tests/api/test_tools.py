"""The tools that a model may call: strict, made of the operations, and those of MCP too."""

import copy
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import jsonschema_rs
import pytest

import tracked
from api import tool_rules
from api.asgi_client import basic
from api.tool_rules import CLAUSES
from api.world import World
from watchword_server.api.operations import BY_ID
from watchword_server.api.resources.tool_table import ENVELOPES, TOOLS, filled, neutral, scopes
from watchword_server.api.strict import member, table_of
from watchword_server.domain import ids
from watchword_server.domain.project import PROJECT_SCOPES, Scope
from watchword_server.mcp import server as mcp_server

Schema = dict[str, Any]
Rule = Callable[[Schema], Iterator[str]]

NEUTRAL = neutral()
NAMES = [tool.name for tool in TOOLS]


@pytest.mark.parametrize("rule", CLAUSES, ids=lambda rule: rule.__name__)
def test_every_tool_keeps_the_rule_of_every_vendor(rule: Rule) -> None:
    assert {tool["name"]: list(rule(tool)) for tool in NEUTRAL["tools"]} == dict.fromkeys(NAMES, [])


def nested(tool: Schema) -> None:
    inner: Schema = {"type": "string"}
    for _level in range(tool_rules.MOST_LEVELS):
        inner = {"type": "array", "items": inner}
    tool["parameters"]["properties"]["to"] = inner


MUTANTS: list[tuple[Rule, Callable[[Schema], object]]] = [
    (tool_rules.root, lambda tool: tool["parameters"].update(type="array")),
    (tool_rules.closed, lambda tool: tool["parameters"].pop("additionalProperties")),
    (tool_rules.closed, lambda tool: tool["parameters"].update(additionalProperties=True)),
    (tool_rules.required, lambda tool: tool["parameters"]["required"].pop()),
    (tool_rules.plain, lambda tool: tool["parameters"].update(anyOf=[{}])),
    (tool_rules.plain, lambda tool: tool["parameters"]["properties"]["to"].update({"$ref": "#"})),
    (tool_rules.unbounded, lambda tool: tool["parameters"]["properties"]["to"].update(maxLength=9)),
    (tool_rules.nullable, lambda tool: tool["parameters"]["properties"]["channel"]["enum"].pop()),
    (tool_rules.small, nested),
    (
        tool_rules.small,
        lambda tool: tool["parameters"]["properties"]["to"].update(enum=[*map(str, range(2000))]),
    ),
    (tool_rules.named, lambda tool: tool.update(name="send.otp")),
    (tool_rules.named, lambda tool: tool.update(name="s" * 65)),
    (tool_rules.described, lambda tool: tool["parameters"]["properties"]["to"].pop("description")),
    (tool_rules.described, lambda tool: tool.update(description="a" * 1025)),
]


@pytest.mark.parametrize(
    ("rule", "spoil"),
    MUTANTS,
    ids=[f"{rule.__name__}-{at}" for at, (rule, _) in enumerate(MUTANTS)],
)
def test_a_tool_that_breaks_a_rule_mutant_is_caught(
    rule: Rule, spoil: Callable[[Schema], object]
) -> None:
    tool = copy.deepcopy(NEUTRAL["tools"][0])
    spoil(tool)
    assert list(rule(tool))


def test_every_rule_has_a_mutant() -> None:
    assert {rule for rule, _spoil in MUTANTS} == set(CLAUSES)


def test_what_the_server_bounds_is_said_in_words() -> None:
    schema = {"type": "string", "minLength": 3, "maxLength": 40, "pattern": "^[a-z]$"}
    assert member(schema, "A word.") == {
        "type": "string",
        "description": "A word. 3 to 40 characters. It matches ^[a-z]$",
    }
    number = {"type": "integer", "minimum": 30, "maximum": 600, "optional": True}
    assert member(number, "Seconds.") == {
        "type": ["integer", "null"], "description": "Seconds. 30 to 600.",
    }  # fmt: skip
    with pytest.raises(LookupError, match="object"):
        member({"type": "object"}, "Anything.")


def unsaid(tools: list[Schema]) -> Iterator[tuple[str, str, object]]:
    """Bounds of an operation's field that its tool's argument does not speak of."""
    for tool, row in zip(tools, TOOLS, strict=True):
        body = BY_ID[row.calls[0]].body
        for argument in row.arguments:
            fields = {} if body is None else table_of(body)
            schema = fields.get(argument.field or argument.name, {})
            said = tool["parameters"]["properties"][argument.name]["description"]
            for bound in ("minLength", "maxLength", "minimum", "maximum"):
                if bound == "minLength" and "maxLength" not in schema:
                    continue
                if bound in schema and not re.search(rf"\b{schema[bound]}\b", said):
                    yield tool["name"], argument.name, bound


def test_no_bound_of_an_operation_is_left_unsaid() -> None:
    assert list(unsaid(NEUTRAL["tools"])) == []
    spoilt = copy.deepcopy(NEUTRAL["tools"])
    spoilt[0]["parameters"]["properties"]["to"]["description"] = "The recipient."
    assert list(unsaid(spoilt)) == [
        ("send_otp", "to", "minLength"),
        ("send_otp", "to", "maxLength"),
    ]


def test_the_tools_of_mcp_are_these_and_the_search_and_take_the_same_arguments() -> None:
    assert [tool.name for tool in mcp_server.OFFERED if tool.calls] == NAMES
    for tool in mcp_server.OFFERED:
        assert mcp_server.NEEDS.get(tool.name) == tool.permission
        code = getattr(mcp_server.Tools, tool.name).__code__
        taken = set(code.co_varnames[1 : code.co_argcount]) - {"context"}
        assert taken == {argument.name for argument in tool.arguments}


def test_no_answer_of_a_tool_has_a_place_for_a_code() -> None:
    for tool in NEUTRAL["tools"]:
        assert not {"code", "text", "timeline", "deliveries", "metadata"} & set(
            tool["output"]["properties"]
        )


def test_the_sdk_carries_the_very_same_file() -> None:
    spec = (tracked.ROOT / "spec/tools.json").read_bytes()
    assert (tracked.ROOT / "sdk/python/src/watchword/tools.json").read_bytes() == spec
    assert json.loads(spec) == NEUTRAL


def test_an_envelope_is_filled_with_the_members_it_names() -> None:
    tool = {"name": "n", "parameters": {"type": "object"}}
    envelope = {"type": "function", "function": {"name": "$name", "parameters": "$parameters"}}
    assert filled(envelope, tool) == {
        "type": "function", "function": {"name": "n", "parameters": {"type": "object"}},
    }  # fmt: skip


anyio = pytest.mark.asyncio(loop_scope="module")


@anyio
@pytest.mark.parametrize("format", list(ENVELOPES))
async def test_a_key_is_given_the_tools_of_its_scopes_in_each_envelope(
    world: World, format: str
) -> None:
    reply = await world.client.get(f"/v1/tools?format={format}")
    assert (reply.status, reply.json["format"]) == (200, format)
    assert reply.json["tools"] == [filled(ENVELOPES[format], tool) for tool in NEUTRAL["tools"]]


@anyio
async def test_an_ordinary_key_is_not_given_the_tool_that_takes_codes(world: World) -> None:
    keys = world.runtime.services.api_keys
    issued = await keys.create(world.operator, "ordinary", set(PROJECT_SCOPES), None, ())
    ordinary = basic(ids.text(ids.Prefix.API_KEY, issued.key.id), issued.dev_secret)
    reply = await replace(world.client, authorization=ordinary).get("/v1/tools")
    assert [tool["name"] for tool in reply.json["tools"]] == NAMES[:-1]


@anyio
async def test_the_envelope_is_openai_s_unless_another_is_asked_for(world: World) -> None:
    plain, asked = [
        await world.client.get(path) for path in ("/v1/tools", "/v1/tools?format=openai")
    ]
    assert plain.json == asked.json
    refused = await world.client.get("/v1/tools?format=grok")
    assert (refused.status, refused.json["field"]) == (400, "format")


@anyio
async def test_a_key_that_only_checks_is_not_offered_to_send(world: World) -> None:
    reply = await world.as_("checker_key").get("/v1/tools")
    assert [tool["name"] for tool in reply.json["tools"]] == ["next_step"]


def test_no_key_may_check_codes_for_a_model_by_itself() -> None:
    (checker,) = [tool for tool in TOOLS if Scope.AGENT_VERIFY in scopes(tool)]
    assert checker.name == "verify_otp"
    assert not scopes(checker) <= PROJECT_SCOPES


def test_the_answer_fits_the_schema_that_it_is_announced_with() -> None:
    answer = BY_ID["listTools"].answer
    assert answer.__struct_fields__[:2] == ("format", "tools")
    for tool in NEUTRAL["tools"]:
        jsonschema_rs.validator_for(tool["output"])
        jsonschema_rs.validator_for(tool["parameters"])
