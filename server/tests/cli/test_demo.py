"""`demo`: the whole life of a code, shown."""

from pathlib import Path

STEPS = ["key", "send", "deliver", "read", "wrong code", "right code", "same code"]


def test_the_demo_shows_a_code_from_key_to_approval(cli, tmp_path: Path) -> None:
    shown = cli("demo").stdout
    for step in STEPS:
        assert f"  ok    {step}" in shown
    assert "verified: false, 4 checks left" in shown
    assert "verified: true, approved" in shown
    assert "409: " in shown
    assert "verification.approved" in shown
    assert list(tmp_path.iterdir()) == []


def test_the_demo_speaks_json(as_json) -> None:
    document = as_json("demo")
    assert document["ok"] is True
    assert [step["step"] for step in document["steps"]] == STEPS
    assert all(step["ms"] > 0 for step in document["steps"])
    types = [entry["type"] for entry in document["timeline"]]
    assert types[0] == "verification.created"
    assert types[-1] == "verification.approved"
    assert "delivery.delivered" in types


def test_the_demo_heeds_no_setting_and_touches_no_database(cli, monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("WATCHWORD_DATABASE_URL", f"sqlite:///{tmp_path}/mine.db")
    cli("demo")
    assert not (tmp_path / "mine.db").exists()
