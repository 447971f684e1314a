#!/usr/bin/env python3
"""Receive Watchword's webhooks, verify them, and print their types; standard library only.

WATCHWORD_WEBHOOK_SECRET=whsec_... python receiver.py --port 3000 [--count 5]
"""

import argparse
import base64
import hashlib
import hmac
import json
import os
import sys
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer

TOLERANCE_S = 300


def verified(body: bytes, headers: Mapping[str, str], secret: str) -> bool:
    """Whether this was signed with the secret, just now (Standard Webhooks 1.0.0)."""
    id, at = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not at.isdigit() or abs(time.time() - int(at)) > TOLERANCE_S:
        return False
    key = base64.b64decode(secret.removeprefix("whsec_"))
    digest = hmac.digest(key, f"{id}.{at}.".encode() + body, hashlib.sha256)
    wanted = "v1," + base64.b64encode(digest).decode()
    given = headers.get("webhook-signature", "").split()
    return any(hmac.compare_digest(wanted.encode(), one.encode()) for one in given)


class Receiver(HTTPServer):
    """Takes each id once; `left` is how many are still to come."""

    def __init__(self, port: int, secret: str, left: int) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.secret, self.left = secret, left
        self.seen: set[str] = set()


class Handler(BaseHTTPRequestHandler):
    """One post."""

    def do_POST(self) -> None:
        """Verify, deduplicate, print, answer."""
        receiver = self.server
        assert isinstance(receiver, Receiver)
        body = self.rfile.read(int(self.headers.get("content-length", "0")))
        good = verified(body, self.headers, receiver.secret)
        self.send_response(200 if good else 400)
        self.send_header("content-length", "0")
        self.end_headers()
        id = self.headers.get("webhook-id", "")
        if good and id not in receiver.seen:
            receiver.seen.add(id)
            receiver.left -= 1
            print(json.loads(body)["type"], flush=True)

    def log_message(self, *_: object) -> None:
        """Silent: a log of requests is no place for events."""


def main() -> None:
    """Listen until enough were taken."""
    options = argparse.ArgumentParser(description="Receive, verify and print webhooks.")
    options.add_argument("--port", type=int, default=3000, help="0 takes a free one")
    options.add_argument("--count", type=int, default=0, help="stop after so many; 0: never")
    given = options.parse_args()
    secret = os.environ.get("WATCHWORD_WEBHOOK_SECRET", "")
    if not secret.startswith("whsec_"):
        sys.exit("Set WATCHWORD_WEBHOOK_SECRET to the secret of the endpoint, whsec_...")
    with Receiver(given.port, secret, given.count) as receiver:
        print(f"listening on 127.0.0.1:{receiver.server_port}", flush=True)
        while not given.count or receiver.left > 0:
            receiver.handle_request()


if __name__ == "__main__":
    main()
