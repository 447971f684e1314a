"""What an agent says of itself, before it is kept."""

import re

import pytest

from watchword_server.domain import project
from watchword_server.domain.project import label


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("claude-code", "claude-code"),
        ("run 0193f2c1-a7b4-7000-8000-000000000007", "run 0193f2c1-a7b4-7000-8000-000000000007"),
        ("<script>\n\x1b[1m", "script1m"),
        ("x" * 100, "x" * 64),
        ("ada@example.com", "withheld"),
        ("+1 415 555 0123", "withheld"),
        ("the code is 123456", "withheld"),
        (None, ""),
        (7, ""),
    ],
)
def test_a_label_is_short_and_plain_and_no_address(said: object, kept: str) -> None:
    assert label(said) == kept


def test_a_label_that_is_not_looked_at_mutant_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(project, "_NUMBER", re.compile("(?!)"))
    with pytest.raises(AssertionError):
        test_a_label_is_short_and_plain_and_no_address("+1 415 555 0123", "withheld")
