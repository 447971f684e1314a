"""docs/cli.md and docs/cli/ are made from the commands; renew them with
`python -m watchword_server.cli.page docs`."""

import tracked
from watchword_server.cli import page

DOCS = tracked.ROOT / "docs"


def test_the_pages_in_the_docs_are_current() -> None:
    made = page.pages()
    written = {"cli.md", *(f"cli/{one.name}" for one in (DOCS / "cli").glob("*.md"))}
    assert set(made) == written
    for name, text in made.items():
        assert (DOCS / name).read_text(encoding="utf-8") == text, name


def test_an_option_that_can_be_said_both_ways_shows_both() -> None:
    assert "| `--enable / --disable` |" in "".join(page.pages().values())
