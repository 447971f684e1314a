"""docs/cli.md is made from the commands; renew it with
`python -c 'from watchword_server.cli import page; print(page.page(), end="")' > docs/cli.md`."""

import tracked
from watchword_server.cli import page

DOCS = tracked.ROOT / "docs/cli.md"


def test_the_page_in_the_docs_is_current() -> None:
    assert DOCS.read_text(encoding="utf-8") == page.page()


def test_an_option_that_can_be_said_both_ways_shows_both() -> None:
    assert "| `--enable / --disable` |" in page.page()
