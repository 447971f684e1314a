"""The blocks of docs/provider-accounts.md, run as a reader would, against a real mail server."""

import re

import pytest

from e2e.test_readme import ROOT, blocks, run_all
from providers.smtp_peer import SmtpPeer

PAGE = (ROOT / "docs/provider-accounts.md").read_text(encoding="utf-8")
COMMANDS_TAKE_S = 300
KEY = next(code for _, code in blocks((ROOT / "README.md").read_text()) if "keys create" in code)


def runnable(text: str, peer: SmtpPeer) -> str:
    text = text.replace("port=2525", f"port={peer.port}").replace(": 2525", f": {peer.port}")
    return f"```sh\n{KEY}```\n{text}"


def test_every_block_of_the_page_runs(site) -> None:
    with SmtpPeer(security="none") as peer:
        said = run_all(runnable(PAGE, peer), site, COMMANDS_TAKE_S)
        assert len(peer.messages) == 2
    assert "Added mail-main, an account at smtp." in said
    assert said.count("The test message was accepted (email") == 1
    assert "accepted: True None" in said
    assert "mail-main is in use, with weight 3." in said
    assert "correct-horse" not in said
    assert re.search(r"password +\[set, not shown\]", said)


def test_a_block_that_fails_mutant_is_caught(site) -> None:
    with SmtpPeer(security="none") as peer, pytest.raises(AssertionError):
        broken = runnable(PAGE, peer).replace("providers test mail-main", "providers test mail")
        run_all(broken, site, COMMANDS_TAKE_S)
