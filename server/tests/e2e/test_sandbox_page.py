"""The blocks of docs/sandbox.md, run in their order against a server of their own."""

import pytest

import tracked
from e2e.deployment import Site
from e2e.test_readme import run_all

PAGE = tracked.ROOT / "docs/sandbox.md"


def shows_what_it_says(text: str, site: Site) -> None:
    said = run_all(text, site)
    assert said.count("True") == 2  # the Python blocks
    assert '"verified":true' in said
    assert '"mode":"sandbox"' in said
    assert '"code":"123456"' in said
    assert '"username":"sandbox_demo"' in said


def test_every_block_of_the_page_runs(site: Site) -> None:
    shows_what_it_says(PAGE.read_text(encoding="utf-8"), site)


def test_a_block_that_fails_mutant_is_caught(site: Site) -> None:
    text = PAGE.read_text(encoding="utf-8").replace('"123456"', '"654321"')
    with pytest.raises(AssertionError):
        shows_what_it_says(text, site)
