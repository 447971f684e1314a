"""docs/cli.md is made from the commands; renew it with
`python -c 'from watchword_server.cli import page; print(page.page(), end="")' > docs/cli.md`."""

import tracked
from watchword_server.cli import page

DOCS = tracked.ROOT / "docs/cli.md"


def test_the_page_in_the_docs_is_current() -> None:
    assert DOCS.read_text(encoding="utf-8") == page.page()
