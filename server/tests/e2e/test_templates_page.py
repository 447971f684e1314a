"""docs/templates.md: its table of the lint is complete."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import tracked
from domain.lint_cases import CASES
from watchword_server.domain import template_html, template_links, template_lint, template_rules
from watchword_server.domain.template_wording import BANS

PAGE = (tracked.ROOT / "docs/templates.md").read_text(encoding="utf-8")


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
