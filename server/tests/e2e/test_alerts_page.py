"""docs/alerts.md: what it says of its numbers."""

import tracked
from watchword_server.domain import alerts
from watchword_server.domain.alerts import ALERTS
from watchword_server.domain.event_kinds import FAMILIES, KINDS

PAGE = (tracked.ROOT / "docs/alerts.md").read_text(encoding="utf-8")


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
