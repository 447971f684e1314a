#!/usr/bin/env python3
"""Send a code in the sandbox of a Watchword server and verify it, with the standard library.

python first_code.py [--url http://127.0.0.1:8080]
"""

import argparse
import base64
import json
import os
import sys
import urllib.error
import urllib.request
from typing import Any

KEY, SECRET = "watchword_sandbox_demo", "watchword_sandbox_secret"
TO, CODE, TEMPLATE = "+10000000005", "123456", "sandbox-otp-tpl"


def call(url: str, body: object = None) -> dict[str, Any]:
    """One call; a refusal ends the program with what to do."""
    pair = base64.b64encode(f"{KEY}:{SECRET}".encode()).decode()
    header = {"Authorization": f"Basic {pair}", "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    try:
        with urllib.request.urlopen(
            urllib.request.Request(url, data, header), timeout=20
        ) as answer:
            found: dict[str, Any] = json.load(answer)
            return found
    except urllib.error.HTTPError as error:
        problem = json.load(error)
        sys.exit(f"{problem['title']}: {problem['detail']} See {problem['doc_url']}")
    except urllib.error.URLError as error:
        sys.exit(f"No server at {url}: {error.reason}. Start one: watchword-server serve")


def main() -> None:
    """Server, send, check: one line each."""
    options = argparse.ArgumentParser(description="Send and verify one code in the sandbox.")
    options.add_argument("--url", default=os.environ.get("WATCHWORD_URL", "http://127.0.0.1:8080"))
    url = options.parse_args().url.rstrip("/").removesuffix("/v1")
    print("server:", call(f"{url}/healthz")["status"])
    sent = call(f"{url}/v1/messages", {"to": TO, "template": {"id": TEMPLATE}})
    print(f"send: {TO[:2]}*****{TO[-4:]} {sent['send_channel']} {sent['status']}")
    asked = {"message_id": sent["message_id"], "verify_code": CODE}
    found = call(f"{url}/v1/verifications", asked)
    print("check:", "verified" if found["verified"] else "refused", found["status"])
    sys.exit(0 if found["verified"] else 1)


if __name__ == "__main__":
    main()
