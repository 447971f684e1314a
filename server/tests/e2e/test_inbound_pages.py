"""The blocks of docs/callbacks.md and docs/opt-outs.md, run as a reader would."""

import re

import pytest

from e2e.test_readme import ROOT, run_all
from watchword_server.domain.errors import KINDS

CALLBACKS = (ROOT / "docs/callbacks.md").read_text(encoding="utf-8")
OPT_OUTS = (ROOT / "docs/opt-outs.md").read_text(encoding="utf-8")
KEY = """```sh
. .venv/bin/activate
eval "$(watchword-server keys create --name docs --json | python -c '
import json, sys
key = json.load(sys.stdin)
print("export WATCHWORD_DEV_KEY=" + key["dev_key"], "WATCHWORD_DEV_SECRET=" + key["dev_secret"])')"
```
"""


def runnable(page: str) -> str:
    return KEY + re.sub(r"^```text\n.*?^```$", "", page, flags=re.MULTILINE | re.DOTALL)


def test_every_block_of_the_callbacks_page_runs(site) -> None:
    assert "sms" in run_all(runnable(CALLBACKS), site)


def test_every_block_of_the_opt_outs_page_runs(site) -> None:
    said = run_all(runnable(OPT_OUTS), site)
    assert "+14*****2671" in said
    assert "+14155552671" not in said
    assert "from 09:00 to 20:00" in said


def test_a_block_that_fails_mutant_is_caught(site) -> None:
    with pytest.raises(AssertionError):
        run_all(runnable(OPT_OUTS).replace("opt-outs add", "opt-outs put"), site)


def test_the_errors_of_the_page_are_of_the_table() -> None:
    rows = re.findall(r"^\| (\d{3}) \| `([a-z-]+)`", CALLBACKS, re.MULTILINE)
    known = {kind.slug: kind.status for kind in KINDS}
    assert rows
    assert all(known[slug] == int(status) for status, slug in rows)
