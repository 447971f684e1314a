"""What a server publishes at /openapi.json says the same as spec/openapi.json, in place."""

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

import jsonschema_rs
import pytest

from watchword_server.api import openapi, self_contained
from watchword_server.api.operations import OPERATIONS
from watchword_server.domain.errors import KINDS

Schema = dict[str, Any]
NAMED = openapi.document("http://127.0.0.1:8080")
SERVED = self_contained.self_contained(NAMED)
WRONG = (None, "", "x", 0, -1, 1.5, True, [], {}, ["x"], {"x": "y"}, "2026-03-01T12:00:00Z")
OF = {one.id: (one.path, one.method.lower()) for one in OPERATIONS}


def operation(document: Schema, name: str) -> Schema:
    path, method = OF[name]
    found: Schema = document["paths"][path][method]
    return found


def contents(described: Schema) -> Iterator[Schema]:
    """What is sent and what comes back, where it is JSON."""
    yield from described.get("requestBody", {}).get("content", {}).values()
    for answer in described["responses"].values():
        yield from (
            one for kind, one in answer.get("content", {}).items() if kind == "application/json"
        )


def variants(example: Any) -> Iterator[Any]:
    """An example, and what it becomes when one value in it is missing, null or something else."""
    yield example
    for place in places(example):
        for value in WRONG:
            yield changed(example, place, value)
        yield changed(example, place)


def places(value: Any) -> Iterator[tuple[Any, ...]]:
    pairs = value.items() if isinstance(value, dict) else ()
    for key, inner in [*pairs, *(enumerate(value) if isinstance(value, list) else ())]:
        yield (key,)
        yield from ((key, *rest) for rest in places(inner))


def changed(value: Any, place: tuple[Any, ...], *new: Any) -> Any:
    made = at = copy.deepcopy(value)
    for key in place[:-1]:
        at = at[key]
    if new:
        at[place[-1]] = new[0]
    else:
        del at[place[-1]]
    return made


def disagreements(served: Schema, name: str) -> list[Any]:
    """Values of which the two descriptions of an operation say different things."""
    found = []
    pairs = zip(
        contents(operation(NAMED, name)), contents(operation(served, name)), strict=True
    )  # fmt: skip
    for named, written in pairs:
        by_name = jsonschema_rs.validator_for(
            {**named["schema"], "components": NAMED["components"]}
        )
        in_place = jsonschema_rs.validator_for(written["schema"])
        found += [
            value
            for value in variants(named["example"])
            if by_name.is_valid(value) != in_place.is_valid(value)
        ]
    return found


@pytest.mark.parametrize("name", sorted(OF))
def test_both_descriptions_of_an_operation_accept_the_same(name: str) -> None:
    assert disagreements(SERVED, name) == []


def test_a_fold_that_forgets_null_mutant_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    whole: Callable[[Schema], Schema] = self_contained._or_null

    def forgetful(schema: Schema) -> Schema:
        folded = whole(schema)
        kinds = folded.get("type")
        return {**folded, "type": kinds[0]} if isinstance(kinds, list) else folded

    monkeypatch.setattr(self_contained, "_or_null", forgetful)
    mutant = self_contained.self_contained(NAMED)
    assert disagreements(mutant, "sendMessage")


def test_an_operation_refers_to_no_schema_and_says_its_own_parameters() -> None:
    said = json.dumps([SERVED["paths"], SERVED["components"]])
    assert "#/components/schemas/" not in said
    assert '"schemas"' not in said
    for name in OF:
        named, served = (operation(one, name)["parameters"] for one in (NAMED, SERVED))
        left_out = [one["$ref"] for one in named if one not in served and "$ref" in one]
        assert {ref.rpartition("/")[2] for ref in left_out} <= {"XRequestId", "IdempotencyKey"}


def test_what_every_call_takes_is_said_at_the_top() -> None:
    for parameter in ("XRequestId", "IdempotencyKey"):
        said = NAMED["components"]["parameters"][parameter]
        assert f"`{said['name']}`" in SERVED["info"]["description"]
        assert said["description"] in SERVED["info"]["description"]


def test_a_refusal_allows_the_kinds_it_is_for_and_no_other() -> None:
    examples = {
        kind: one["value"] for kind, one in SERVED["components"]["examples"].items()
    }  # fmt: skip
    assert len(examples) == len(KINDS)
    for response in SERVED["components"]["responses"].values():
        (content,) = response["content"].values()
        valid = jsonschema_rs.validator_for(content["schema"]).is_valid
        assert {kind for kind, one in examples.items() if valid(one)} == set(content["examples"])
