"""The blocks of docs/webhooks.md, run as a reader would."""

import json
import re

import pytest

from e2e.hook_peer import HookPeer
from e2e.test_readme import ROOT, blocks, run_all
from watchword_server.domain.events import EventType

PAGE = (ROOT / "docs/webhooks.md").read_text(encoding="utf-8")


def runnable(text: str, url: str) -> str:
    text = re.sub(r"^```json\n.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    return "```sh\n. .venv/bin/activate\n```\n" + text.replace("http://127.0.0.1:3000/hooks", url)


def test_every_block_of_the_page_runs(site) -> None:
    with HookPeer(0, None) as peer:
        said = run_all(runnable(PAGE, peer.url), site)
    assert "was answered with 200" in said
    assert "0 will be posted again" in said
    assert said.count("whsec_") == 2


def test_a_block_that_fails_mutant_is_caught(site) -> None:
    with HookPeer(0, None) as peer, pytest.raises(AssertionError):
        run_all(runnable(PAGE, peer.url).replace("webhooks rotate", "webhooks turn"), site)


def test_the_example_of_an_event_is_one() -> None:
    (example,) = [json.loads(code) for language, code in blocks(PAGE) if language == "json"]
    assert example["type"] in set(EventType)
    assert set(example) == {"type", "id", "timestamp", "project_id", "data"}
