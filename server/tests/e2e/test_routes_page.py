"""docs/routes.md: its blocks run, and its tables name every rule and every field."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.deployment import Site
from e2e.test_readme import ROOT, blocks, run_all
from watchword_server.api.resources.route_bodies import PutRoute, StepBody, WhenBody
from watchword_server.domain import countries, route_plan, route_rules
from watchword_server.domain.channel import Channel
from watchword_server.domain.routing import DEFAULT_WAIT_S, Until
from watchword_server.services import routes

PAGE = (ROOT / "docs/routes.md").read_text(encoding="utf-8")
COMMANDS_TAKE_S = 180
"""A dozen commands, each of which opens the database, on a machine that is busy with tests."""

KEY = next(code for _, code in blocks((ROOT / "README.md").read_text()) if "keys create" in code)


def test_every_block_of_the_page_runs(site: Site) -> None:
    said = run_all(f"```sh\n{KEY}```\n{PAGE}", site, COMMANDS_TAKE_S)
    assert "  1. whatsapp: taken\n  2. sms: taken\n  3. voice: taken\nIt can be saved." in said
    assert '"route_id":"log-in"' in said
    assert "  1. whatsapp: left out: condition\n  2. sms: taken\n" in said
    assert "(turn_too_late): step 2:" in said and "It was to be expected." in said
    assert "named by: ('confirm',)" in said
    assert "refused: templates_do_not_fit confirm" in said
    assert "sent by: whatsapp\nsent by: sms\n" in said
    assert "[None, None, 'condition', 'unreachable']" in said
    assert "Saved route sign-up: whatsapp(30s)|sms|voice." in said
    assert "1. whatsapp, wait 30 s, not US CN" in said
    assert "Deleted route sign-up." in said


def test_a_block_that_fails_mutant_is_caught(site: Site) -> None:
    broken = PAGE.replace("routes show log-in", "routes show no-such-route")
    with pytest.raises(AssertionError):
        run_all(f"```sh\n{KEY}```\n{broken}", site, COMMANDS_TAKE_S)


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
