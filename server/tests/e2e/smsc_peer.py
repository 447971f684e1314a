"""The npm package's SMSC as a process of its own, for tests that are not on a loop."""

import json
import os
import subprocess
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import services_needed

SCRIPT = Path(__file__).parent.parent / "providers/smpp/smsc.cjs"
SYSTEM_ID, PASSWORD = "acme", "s3cr3tpw"


class SmscPeer:
    """Counts what it took, by recipient; recipients that end in 1 to 4 get every message."""

    def __init__(self) -> None:
        self.taken: Counter[str] = Counter()
        self.receipts = 0
        self.port = 0
        self._ready = threading.Event()

    def __enter__(self) -> "SmscPeer":
        packages = services_needed.require_package("smpp").parent
        self._process = subprocess.Popen(
            [services_needed.require("node"), str(SCRIPT), "0", SYSTEM_ID, PASSWORD],
            env=os.environ | {"NODE_PATH": str(packages)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()
        assert self._ready.wait(30)
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()  # it goes when nobody speaks to it
        self._process.wait(30)
        self._thread.join()
        self._process.stdout.close()

    def settings(self, **more: Any) -> dict[str, Any]:
        """Those of an account with it."""
        return {
            "host": "127.0.0.1", "port": self.port, "system_id": SYSTEM_ID, "password": PASSWORD,
            "tls": False, "source": "+18005550100", **more,
        }  # fmt: skip

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if not line.startswith("{"):
                continue
            said = json.loads(line)
            if said["event"] == "message":
                self.taken["+" + said["to"]] += 1
            elif said["event"] == "receipt":
                self.receipts += 1
            elif said["event"] == "listening":
                self.port = said["port"]
                self._ready.set()
