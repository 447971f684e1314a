"""The blocks of docs/alerts.md, run as a reader would; and what the page says of its numbers."""

import pytest

from e2e.hook_peer import HookPeer
from e2e.test_readme import ROOT, run_all
from watchword_server.domain import alerts
from watchword_server.domain.alerts import ALERTS
from watchword_server.domain.event_kinds import FAMILIES, KINDS

PAGE = (ROOT / "docs/alerts.md").read_text(encoding="utf-8")


def runnable(url: str) -> str:
    return PAGE.replace("http://127.0.0.1:3000/hooks", url)


def test_every_block_of_the_page_runs(site) -> None:
    with HookPeer(0, None) as peer:
        said = run_all(runnable(peer.url), site)
    assert "daily budget 50, low balance 20." in said


def test_a_block_that_fails_mutant_is_caught(site) -> None:
    with HookPeer(0, None) as peer, pytest.raises(AssertionError):
        run_all(runnable(peer.url).replace("--low-balance", "--high-balance"), site)


def test_the_page_names_every_alert_and_its_numbers() -> None:
    assert "alert" in FAMILIES
    assert set(ALERTS) == {type for type in KINDS if type.family == "alert"}
    for type in ALERTS:
        assert f"| `{type}` |" in PAGE
    for said in (
        f"{alerts.DROP:.0%} of the day's".replace("%", " %"),
        f"back at {alerts.MENDED:.0%}".replace("%", " %"),
        f"fewer than {alerts.FEWEST_IN_HOUR} verifications",
        f"fewer than {alerts.FEWEST_IN_DAY}",
        f"for {alerts.SILENT_S} seconds",
        f"cost {alerts.BUDGET_SHARE:.0%}".replace("%", " %"),
    ):
        assert said in PAGE, said
