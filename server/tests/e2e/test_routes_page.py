"""docs/routes.md: its tables name every rule and every field."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import tracked
from watchword_server.api.resources.route_bodies import PutRoute, StepBody, WhenBody
from watchword_server.domain import countries, route_plan, route_rules
from watchword_server.domain.channel import Channel
from watchword_server.domain.routing import DEFAULT_WAIT_S, Until
from watchword_server.services import routes

PAGE = (tracked.ROOT / "docs/routes.md").read_text(encoding="utf-8")


def rules_in_the_source() -> Iterator[str]:
    """Every rule that can keep a route from being saved."""
    patterns = (
        (route_plan, r'(?:rule=|error\([^"]*"[^"]*", )"(\w+)"'),
        (route_plan, r'^                "(option)",$'),
        (route_rules, r'rule="(\w+)"|problem\("[\w.]+", "(\w+)"|problem\(part, "(\w+)"'),
        (routes, r'return "(\w+_account)"|rule="(\w+)"'),
    )
    for module, pattern in patterns:
        text = Path(str(module.__file__)).read_text(encoding="utf-8")
        for found in re.findall(pattern, text, re.MULTILINE):
            yield from filter(None, found if isinstance(found, tuple) else (found,))


def every_rule_and_field_is_there(page: str) -> None:
    rules = set(re.findall(r"`(\w+)`", page.partition("| rule |")[2].partition("\n\n")[0]))
    assert set(rules_in_the_source()) <= rules
    fields = set(re.findall(r"^\| `([\w.\[\]]+)`", page, re.MULTILINE))
    expected = {f"steps[].{name}" for name in StepBody.__struct_fields__ if name != "when"}
    expected |= {f"steps[].when.{name}" for name in WhenBody.__struct_fields__}
    assert expected <= fields
    assert {name for name in PutRoute.__struct_fields__ if name != "short_form"} <= fields
    words = {*Channel, *Until, *countries.EVERY_TYPE}
    assert words <= set(re.findall(r"`(\w+)`", page))
    assert f"| {DEFAULT_WAIT_S} |" in page


def test_the_tables_are_complete() -> None:
    assert len(set(rules_in_the_source())) >= 20
    every_rule_and_field_is_there(PAGE)


@pytest.mark.parametrize("missing", ["`repeated_step`", "`steps[].when.countries`", "`voip`"])
def test_what_the_page_leaves_out_mutant_is_caught(missing: str) -> None:
    with pytest.raises(AssertionError):
        every_rule_and_field_is_there(PAGE.replace(missing, missing.strip("`")))
