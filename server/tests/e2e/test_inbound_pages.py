"""docs/callbacks.md: its table of errors."""

import re

import tracked
from watchword_server.domain.errors import KINDS

CALLBACKS = (tracked.ROOT / "docs/callbacks.md").read_text(encoding="utf-8")


def test_the_errors_of_the_page_are_of_the_table() -> None:
    rows = re.findall(r"^\| (\d{3}) \| `([a-z-]+)`", CALLBACKS, re.MULTILINE)
    known = {kind.slug: kind.status for kind in KINDS}
    assert rows
    assert all(known[slug] == int(status) for status, slug in rows)
