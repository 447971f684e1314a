#!/usr/bin/env python3
"""Count how a project's newest verifications ended, without addresses; standard library only.

python traffic.py [--limit 200]
"""

import argparse
import base64
import collections
import json
import os
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from typing import Any

PAGE = 100


def pages(limit: int) -> Iterator[dict[str, Any]]:
    """The newest verifications, page after page."""
    url = os.environ.get("WATCHWORD_URL", "http://127.0.0.1:8080").removesuffix("/v1")
    names = ("WATCHWORD_DEV_KEY", "WATCHWORD_DEV_SECRET")
    if missing := [name for name in names if not os.environ.get(name)]:
        sys.exit(f"Set {' and '.join(missing)}: watchword-server keys create --name my-app")
    pair = base64.b64encode(":".join(os.environ[name] for name in names).encode()).decode()
    cursor = None
    while limit > 0:
        asked = {"limit": min(limit, PAGE)} | ({"cursor": cursor} if cursor else {})
        request = urllib.request.Request(
            f"{url}/v1/messages?{urllib.parse.urlencode(asked)}",
            headers={"Authorization": f"Basic {pair}"},
        )
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                found = json.load(answer)
        except urllib.error.HTTPError as error:
            problem = json.load(error)
            sys.exit(f"{problem['title']}: {problem['detail']} See {problem['doc_url']}")
        except urllib.error.URLError as error:
            sys.exit(f"No server at {url}: {error.reason}. Start one: watchword-server serve")
        yield from found["data"]
        limit -= len(found["data"])
        cursor = found.get("next_cursor")
        if not cursor:
            return


def main() -> None:
    """One line for each state."""
    options = argparse.ArgumentParser(description="Count how the newest verifications ended.")
    options.add_argument("--limit", type=int, default=200, help="how many to look at")
    counted = collections.Counter(each["status"] for each in pages(options.parse_args().limit))
    for status, count in counted.most_common():
        print(f"{count:6} {status}")
    print(f"{sum(counted.values()):6} in all")


if __name__ == "__main__":
    main()
