#!/usr/bin/env python3
"""Find calls of other verification vendors in a source tree, and say what replaces each.

python find_calls.py FOLDER [--json]      writes nothing; exit code 0 also where nothing is found
"""

import argparse
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ENDINGS = {".py", ".js", ".mjs", ".cjs", ".ts", ".tsx", ".jsx", ".go", ".rb", ".php", ".java"}
SKIPPED = {"node_modules", ".git", ".venv", "venv", "dist", "build", "vendor", "__pycache__"}
LARGEST = 1_000_000

IMPORT = "from watchword import Watchword"
SEND = "client.messages.send(to=, template_id=)"
CHECK = "client.verifications.check(message_id=, code=)"
CANCEL = "client.messages.cancel(message_id)"
BASE_URL = 'OTPClient.BASE_URL = WATCHWORD_URL + "/v1"'
HOOK = "watchword.webhooks.Webhook(secret).verify(body, headers)"
RULES: tuple[tuple[str, str, str, str], ...] = (
    ("twilio", "import", r"(from|import|require\().*\btwilio\b", IMPORT),
    ("twilio", "check", r"verification_?checks\b.*create", CHECK),
    ("twilio", "send", r"\bverifications\b(\(\))?\.create", SEND),
    ("twilio", "cancel", r"status\s*[=:]\s*[\"']canceled[\"']", CANCEL),
    ("twilio", "send or check", r"verify\.twilio\.com", f"{SEND} or {CHECK}"),
    ("vonage", "import", r"(from|import|require\().*\bvonage\b|@vonage/", IMPORT),
    ("vonage", "check", r"check_?code\(|checkCode\(", CHECK),
    ("vonage", "send", r"start_?verification\(|newRequest\(|verify2\.", SEND),
    ("vonage", "cancel", r"cancel_?verification\(", CANCEL),
    ("prelude", "import", r"(from|import|require\().*\b(prelude_python_sdk|prelude\.so)\b", IMPORT),
    ("prelude", "check", r"\bverification\.check\(", CHECK),
    ("prelude", "send", r"\bverification\.create\(|api\.prelude\.dev", SEND),
    ("engagelab", "import", r"(from|import|require\().*\bengagelab[_-]otp\b", BASE_URL),
    ("engagelab", "address", r"otp\.api\.engagelab\.cc", "the server's address and /v1"),
    ("engagelab", "webhook", r"X-CALLBACK-ID|WebhookVerifier\(", HOOK + ", or keep it"),
)


class Found(NamedTuple):
    """One place."""

    file: str
    line: int
    vendor: str
    what: str
    replace_with: str


def sources(folder: Path) -> Iterator[Path]:
    """Every source file, in order."""
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(set(folders) - SKIPPED)
        for name in sorted(files):
            path = Path(place, name)
            if path.suffix in ENDINGS and path.stat().st_size <= LARGEST:
                yield path


def found(folder: Path) -> Iterator[Found]:
    """Every call, one for each line of source."""
    for path in sources(folder):
        for number, line in enumerate(path.read_text("utf-8", "replace").splitlines(), 1):
            for vendor, what, pattern, instead in RULES:
                if re.search(pattern, line):
                    yield Found(path.as_posix(), number, vendor, what, instead)
                    break


def main() -> None:
    """One line for each place."""
    options = argparse.ArgumentParser(description="Find calls of other vendors.")
    options.add_argument("folder", type=Path, nargs="?", default=Path())
    options.add_argument("--json", action="store_true", help="one JSON document")
    given = options.parse_args()
    rows = list(found(given.folder))
    if given.json:
        print(json.dumps([row._asdict() for row in rows], indent=2))
        return
    for row in rows:
        print(f"{row.file}:{row.line}: {row.vendor}: {row.what} -> {row.replace_with}")
    if not rows:
        print("No calls of Twilio Verify, Vonage Verify, Prelude or EngageLab were found.")


if __name__ == "__main__":
    main()
