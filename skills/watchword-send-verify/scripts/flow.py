#!/usr/bin/env python3
"""Play a verification in the sandbox: a wrong code, the right one, and the right one again.

python flow.py [--url http://127.0.0.1:8080]
"""

import argparse
import base64
import json
import os
import sys
import urllib.error
import urllib.request
from typing import Any

PAIR = base64.b64encode(b"watchword_sandbox_demo:watchword_sandbox_secret").decode()
TO, RIGHT, WRONG, TEMPLATE = "+10000000005", "123456", "654321", "sandbox-otp-tpl"


def post(url: str, body: object) -> tuple[int, dict[str, Any]]:
    """Status and answer of a call; a refusal is an answer too."""
    header = {"Authorization": f"Basic {PAIR}", "Content-Type": "application/json"}
    request = urllib.request.Request(url, json.dumps(body).encode(), header)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)
    except urllib.error.URLError as error:
        sys.exit(f"No server at {url}: {error.reason}. Start one: watchword-server serve")


def main() -> None:
    """Send once, check three times."""
    options = argparse.ArgumentParser(description="Play a verification in the sandbox.")
    options.add_argument("--url", default=os.environ.get("WATCHWORD_URL", "http://127.0.0.1:8080"))
    url = options.parse_args().url.rstrip("/").removesuffix("/v1")
    status, sent = post(f"{url}/v1/messages", {"to": TO, "template": {"id": TEMPLATE}})
    if status != 200:
        sys.exit(f"{sent['title']}: {sent['detail']} See {sent['doc_url']}")
    for name, code in (("wrong code", WRONG), ("right code", RIGHT), ("same code", RIGHT)):
        asked = {"message_id": sent["message_id"], "verify_code": code}
        status, found = post(f"{url}/v1/verifications", asked)
        if status != 200:
            slug = found["doc_url"].rpartition("/")[2].removesuffix(".md")
            print(f"{name}: {status} {slug}, next: {found['next_action']}")
        elif found["verified"]:
            print(f"{name}: verified true, {found['status']}")
        else:
            print(f"{name}: verified false, {found['checks_left']} checks left")


if __name__ == "__main__":
    main()
