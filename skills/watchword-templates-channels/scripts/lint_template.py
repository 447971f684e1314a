#!/usr/bin/env python3
"""Lint template drafts with a Watchword server, without saving them; standard library only.

python lint_template.py draft.json [more.json]     exit code 1 where a finding is an error
"""

import argparse
import base64
import json
import os
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any


def lint(draft: bytes) -> dict[str, Any]:
    """What the server finds."""
    url = os.environ.get("WATCHWORD_URL", "http://127.0.0.1:8080").removesuffix("/v1")
    names = ("WATCHWORD_DEV_KEY", "WATCHWORD_DEV_SECRET")
    if missing := [name for name in names if not os.environ.get(name)]:
        sys.exit(f"Set {' and '.join(missing)}: watchword-server keys create --name my-app")
    pair = base64.b64encode(":".join(os.environ[name] for name in names).encode()).decode()
    header = {"Authorization": f"Basic {pair}", "Content-Type": "application/json"}
    request = urllib.request.Request(f"{url}/v1/template-configs/lint", draft, header)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            found: dict[str, Any] = json.load(answer)
            return found
    except urllib.error.HTTPError as error:
        problem = json.load(error)
        sys.exit(f"{problem['title']}: {problem['detail']} See {problem['doc_url']}")
    except urllib.error.URLError as error:
        sys.exit(f"No server at {url}: {error.reason}. Start one: watchword-server serve")


def main() -> None:
    """Every draft, every finding."""
    options = argparse.ArgumentParser(description="Lint template drafts without saving them.")
    options.add_argument("drafts", nargs="+", type=Path, metavar="draft.json")
    passed = True
    for path in options.parse_args().drafts:
        found = lint(path.read_bytes())
        print(f"{path.stem}: {'passed' if found['passed'] else 'failed'}")
        for each in found["findings"]:
            if each["severity"] == "error":
                print(f"  {each['rule']}: {each['message']}")
        passed = passed and found["passed"]
    sys.exit(0 if passed else 1)


if __name__ == "__main__":
    main()
