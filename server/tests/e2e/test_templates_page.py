"""docs/templates.md: its blocks run, and its table of the lint is complete."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from domain.lint_cases import CASES
from e2e.deployment import Site
from e2e.test_readme import ROOT, blocks, run_all
from watchword_server.domain import template_html, template_links, template_lint, template_rules
from watchword_server.domain.template_wording import BANS

PAGE = (ROOT / "docs/templates.md").read_text(encoding="utf-8")
COMMANDS_TAKE_S = 300
"""A dozen commands, each of which opens the database, on a machine that is busy with tests."""

KEY = next(code for _, code in blocks((ROOT / "README.md").read_text()) if "keys create" in code)


def test_every_block_of_the_page_runs(site: Site) -> None:
    said = run_all(f"```sh\n{KEY}```\n{PAGE}", site, COMMANDS_TAKE_S)
    assert "Submitted template log-in: approved." in said
    assert "Submitted template log-in: pending." in said
    assert "Template log-in: version 1 is rejected." in said
    assert '{"code":0,"message":"success"}' in said
    assert "passed: True" in said and "sent: pending" in said
    assert "Exampleの認証コードは123456です。 ucs2 1 None" in said
    assert "sms, ja, 1 x ucs2, 0.032 EUR" in said
    assert "asks_for_code" in said and "It does not pass." in said


def test_a_block_that_fails_mutant_is_caught(site: Site) -> None:
    broken = PAGE.replace("approve log-in", "approve no-such-template")
    with pytest.raises(AssertionError):
        run_all(f"```sh\n{KEY}```\n{broken}", site, COMMANDS_TAKE_S)


def rules_in_the_source() -> Iterator[str]:
    """Every rule the lint can find: what its modules name, and the rows of its tables."""
    yield from (ban.rule for ban in BANS)
    yield from template_html.SAYS
    for module, pattern in (
        (template_lint, r'(?:yield\s*\(?\s*|finding\(\s*)"(\w+)", (?:_ERROR|_WARNING)'),
        (template_links, r'Flaw\(\s*"(\w+)"'),
        (template_rules, r'(?:problem\(\s*"\w+", |yield |rule=)"(\w+)"'),
    ):
        yield from re.findall(pattern, Path(str(module.__file__)).read_text(encoding="utf-8"))


def every_rule_is_in_the_table(page: str) -> None:
    table = page.partition("| rule |")[2].partition("\n\n")[0]
    named = set(re.findall(r"`(\w+)`", table))
    assert set(rules_in_the_source()) | {case.rule for case in CASES} == named


def test_the_table_of_the_lint_is_complete() -> None:
    assert len(set(rules_in_the_source())) > 50
    every_rule_is_in_the_table(PAGE)


def test_a_rule_that_the_table_leaves_out_mutant_is_caught() -> None:
    with pytest.raises(AssertionError):
        every_rule_is_in_the_table(PAGE.replace("`pressure`", "pressure"))
