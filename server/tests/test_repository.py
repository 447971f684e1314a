"""What is committed is fit for strangers: sizes, numbering, nothing of one machine or network."""

import re
from pathlib import Path

import pytest

import changelog
import check_docs
import services_needed
import tracked

ROOT = tracked.ROOT
DECISIONS = sorted((ROOT / "docs/decisions").glob("*.md"))

# In pieces, so that this file passes its own test.
REGISTRY = re.compile(r"pypi\.org|pythonhosted\.org|npmjs\.(?:org|com)|yarnpkg\.com")
MACHINE_PATH = re.compile(r"(?<![\w.\-}/])/(?:work|root|opt/wheels|home/\w+)/")


def occurrences(pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}"
        for path in tracked.files()
        for number, line in enumerate(tracked.text(path).splitlines(), 1)
        if pattern.search(line)
    ]


@pytest.mark.parametrize("pattern", [REGISTRY, MACHINE_PATH], ids=["registry", "machine path"])
def test_nothing_names_a_registry_or_a_path_of_one_machine(pattern: re.Pattern[str]) -> None:
    assert occurrences(pattern) == []


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (REGISTRY, "https://files.python" + "hosted.org/packages"),
        (REGISTRY, "index-url = https://py" + "pi.org/simple"),
        (MACHINE_PATH, "see /ro" + "ot/.cache"),
        (MACHINE_PATH, "cd '/wo" + "rk/main'"),
    ],
)
def test_a_registry_or_a_machine_path_is_recognised(pattern: re.Pattern[str], text: str) -> None:
    assert pattern.search(text)


@pytest.mark.parametrize("text", ["/v1/messages", "https://example.com/work/1", "src/work/x.py"])
def test_an_ordinary_path_is_no_machine_path(text: str) -> None:
    assert not MACHINE_PATH.search(text)


def test_the_readme_leads_to_every_page_at_the_top_of_the_docs() -> None:
    readme = (tracked.ROOT / "README.md").read_text(encoding="utf-8")
    pages = {
        str(page.relative_to(tracked.ROOT))
        for page in tracked.files("docs/*.md")
        if page.parent.name == "docs"
    }
    assert "docs/cli.md" in pages
    assert {page for page in pages if f"]({page})" not in readme} == set()


@pytest.mark.parametrize(("name", "lines"), [("README.md", 200), ("AGENTS.md", 150)])
def test_a_page_everyone_reads_first_is_short(name: str, lines: int) -> None:
    assert len((ROOT / name).read_text().splitlines()) <= lines


def test_claude_reads_what_all_agents_read() -> None:
    assert (ROOT / "CLAUDE.md").read_text() == "@AGENTS.md\n"


def test_every_changelog_fragment_is_well_formed() -> None:
    for fragment in changelog.fragments():
        changelog.kind(fragment)


@pytest.mark.parametrize(
    ("name", "text"),
    [("Slug.added.md", "A thing."), ("a.new.md", "A thing."), ("a.added.md", "- a thing")],
)
def test_a_malformed_fragment_is_refused(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(ValueError, match=re.escape(name)):
        changelog.kind(tmp_path / name)


def test_decisions_are_numbered_once_and_fit_a_page() -> None:
    numbers = [path.name[:4] for path in DECISIONS]
    assert len(set(numbers)) == len(numbers)
    for path in DECISIONS:
        lines = path.read_text().splitlines()
        assert re.fullmatch(r"\d{4}-[a-z0-9-]+\.md", path.name)
        assert lines[0].startswith(f"# {path.name[:4]}. "), path.name
        assert len(lines) <= 80, path.name


def test_the_docs_check_finds_dead_links_and_nameless_code(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# One\n\n[a](#one) [b](gone.md) [c](#gone)\n\n```\ncode\n```\n")
    assert list(check_docs.complaints(page)) == [
        "line 5: code without a language",
        "no file behind gone.md",
        "no heading behind #gone",
    ]


def test_the_docs_check_finds_a_table_that_code_splits(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("| a |\n|---|\n| `sms\\|voice` |\n| `sms|voice` |\n\n`sms|voice`\n")
    assert list(check_docs.complaints(page)) == [
        "a table is split by the bar in code: | `sms|voice` |"
    ]


def test_a_missing_program_fails_in_ci_and_skips_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="no-such-program"):
        services_needed.require("no-such-program")
    monkeypatch.delenv("CI")
    with pytest.raises(pytest.skip.Exception, match="no-such-program"):
        services_needed.require("no-such-program")
    assert services_needed.require("make").endswith("/make")


def test_a_release_gathers_the_fragments_by_kind(tmp_path: Path) -> None:
    for name, text in {"a.fixed.md": "Mended.", "b.added.md": "New.\nAnd more."}.items():
        (tmp_path / name).write_text(text + "\n")
    assert changelog.section("0.1.0", sorted(tmp_path.iterdir())) == (
        "## 0.1.0\n\n### Added\n\n- New.\n  And more.\n\n### Fixed\n\n- Mended.\n"
    )
