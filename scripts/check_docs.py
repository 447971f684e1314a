"""Checks every Markdown file: relative links and anchors lead somewhere, code says its language."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import tracked

LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ +(.+)$", re.MULTILINE)
FENCE = re.compile(r"^ *```(.*)\n(?:.*\n)*?^ *```$", re.MULTILINE)
INLINE_CODE = re.compile(r"`[^`\n]+`")
BAR = re.compile(r"(?<!\\)\|")


def anchors(text: str) -> set[str]:
    headings = (re.sub(r"[^\w\- ]", "", line.lower()) for line in HEADING.findall(text))
    return {heading.strip().replace(" ", "-") for heading in headings}


def complaints(page: Path) -> Iterator[str]:
    text = page.read_text(encoding="utf-8")
    for fence in FENCE.finditer(text):
        if not fence[1].strip():
            yield f"line {text.count(chr(10), 0, fence.start()) + 1}: code without a language"
    for row in FENCE.sub("", text).splitlines():
        if row.startswith("|") and any(BAR.search(code) for code in INLINE_CODE.findall(row)):
            yield f"a table is split by the bar in code: {row[:40]}"
    for target in LINK.findall(INLINE_CODE.sub("", FENCE.sub("", text))):
        if re.match(r"[a-z]+:|/", target):
            continue  # elsewhere, or a path of the running server
        name, _, anchor = target.partition("#")
        linked = page.parent / name if name else page
        if not linked.exists():
            yield f"no file behind {target}"
        elif anchor and linked.suffix == ".md" and anchor not in anchors(linked.read_text()):
            yield f"no heading behind {target}"


def main() -> int:
    found = [
        f"{page.relative_to(tracked.ROOT)}: {complaint}"
        for page in tracked.files("*.md")
        for complaint in complaints(page)
    ]
    print("\n".join(found), end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
