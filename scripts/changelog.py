"""Gathers changelog.d into a section: prints it, or with a version moves it into CHANGELOG.md.

A fragment is `<slug>.<kind>.md`: one or more sentences to the people who use Watchword.
"""

import datetime
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FRAGMENTS = ROOT / "changelog.d"
KINDS = ("added", "changed", "fixed", "security")
NAME = re.compile(rf"[a-z0-9-]+\.({'|'.join(KINDS)})\.md")


def fragments() -> list[Path]:
    return sorted(path for path in FRAGMENTS.glob("*") if path.name != "README.md")


def kind(fragment: Path) -> str:
    """Raises: ValueError for a name or a text that says nothing."""
    match = NAME.fullmatch(fragment.name)
    if not match:
        raise ValueError(f"{fragment.name}: not <slug>.<{'|'.join(KINDS)}>.md")
    text = fragment.read_text(encoding="utf-8").strip()
    if not text.endswith(".") or text.startswith(("#", "-", "*")):
        raise ValueError(f"{fragment.name}: must be plain sentences")
    return match[1]


def section(title: str, of: list[Path]) -> str:
    lines = [f"## {title}", ""]
    for heading in KINDS:
        entries = [path.read_text(encoding="utf-8").strip() for path in of if kind(path) == heading]
        if entries:
            lines += [f"### {heading.capitalize()}", ""]
            lines += ["- " + entry.replace("\n", "\n  ") for entry in entries]
            lines += [""]
    return "\n".join(lines)


def main(version: str | None = None) -> None:
    taken = fragments()
    if version is None:
        print(section("Unreleased", taken), end="")
        return
    changelog = ROOT / "CHANGELOG.md"
    introduction, heading, older = changelog.read_text(encoding="utf-8").partition("\n## ")
    today = datetime.datetime.now(datetime.UTC).date()
    newest = section(f"{version} ({today})", taken)
    changelog.write_text(f"{introduction}\n{newest}{heading}{older}", encoding="utf-8")
    for fragment in taken:
        fragment.unlink()


if __name__ == "__main__":
    main(*sys.argv[1:])
