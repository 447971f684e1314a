"""The npm package `smpp` as an SMSC in a process of its own, for tests of whole servers."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import services_needed
from e2e.deployment import PATIENCE_S, until

SCRIPT = Path(__file__).resolve().parent.parent / "providers/smpp/smsc.cjs"
SYSTEM_ID, PASSWORD = "acme", "s3cr3tpw"


class Smsc:
    """What it does with a message follows from the last digit of the recipient: see the script."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self._process = process
        self._log = log
        self.port: int = self.until("listening")["port"]

    def of(self, event: str) -> list[dict[str, Any]]:
        lines = self._log.read_bytes().split(b"\n")[:-1]
        said = [json.loads(line) for line in lines if line.startswith(b"{")]
        return [one for one in said if one["event"] == event]

    def until(self, event: str, times: int = 1) -> dict[str, Any]:
        found: list[dict[str, Any]] = until(
            lambda: self.of(event)[times - 1 :], f"the SMSC hears {event}"
        )
        return found[0]

    def kill(self) -> None:
        """As `kill -9` does."""
        self._process.kill()
        self._process.wait(PATIENCE_S)


@contextmanager
def smsc(folder: Path, port: int = 0) -> Iterator[Smsc]:
    node = services_needed.require("node")
    packages = services_needed.require_package("smpp").parent
    log = folder / f"smsc-{len(list(folder.glob('smsc-*')))}.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [node, str(SCRIPT), str(port), SYSTEM_ID, PASSWORD],
            env={"NODE_PATH": str(packages)}, stdin=subprocess.PIPE, stdout=out, stderr=out,
        )  # fmt: skip
    try:
        yield Smsc(process, log)
    finally:
        process.kill()
        process.communicate(timeout=PATIENCE_S)
