"""A place where Watchword runs: a folder with its database, its settings, and its servers."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import apsw

from e2e.wire import basic

TESTS = Path(__file__).resolve().parent.parent
PATIENCE_S = 90.0
BIG = {"count": 1_000_000_000, "period": 60}
LIMITS = ("key", "project", "client", "range", "recipient", "requests")
_POLL_S = 0.01


def until(condition: Callable[[], Any], what: str, every_s: float = _POLL_S) -> Any:
    """Poll until the condition holds; what it said."""
    deadline = time.monotonic() + PATIENCE_S
    while not (found := condition()):
        assert time.monotonic() < deadline, f"{what}: not within {PATIENCE_S:g} s"
        time.sleep(every_s)
    return found


async def eventually(condition: Callable[[], Awaitable[Any]], what: str) -> Any:
    """The same on the event loop."""
    deadline = time.monotonic() + PATIENCE_S
    while not (found := await condition()):
        assert time.monotonic() < deadline, f"{what}: not within {PATIENCE_S:g} s"
        await asyncio.sleep(_POLL_S)
    return found


def environment(**settings: str) -> dict[str, str]:
    """This process's environment without its own settings, and with these."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("WATCHWORD_")}
    return own | {f"WATCHWORD_{name.upper()}": value for name, value in settings.items()}


class Nursery:
    """The process that forks servers; see `e2e.nursery`."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "e2e.nursery"],
            env=environment() | {"PYTHONPATH": str(TESTS)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._answer() == "ready"

    def fork(
        self, words: tuple[str, ...], folder: Path, log: Path, alterations: tuple[str, ...],
        settings: dict[str, str],
    ) -> "Process":  # fmt: skip
        """A process of the command line, its output in `log`.out and `log`.err."""
        out, err = log.with_suffix(".out"), log.with_suffix(".err")
        pid = self._order(
            words=words, folder=str(folder), out=str(out), err=str(err),
            alterations=alterations, environment=environment(**settings),
        )  # fmt: skip
        return Process(pid, out, err, lambda: self._order(reap=pid))

    def close(self) -> None:
        """End it, and with it what it forked."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(PATIENCE_S)
        self._process.stdout.close()

    def _order(self, **order: Any) -> Any:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline())


@dataclass
class Process:
    """A process of the command line; `poll` gives its exit code once it has ended."""

    pid: int
    out: Path
    err: Path
    poll: Callable[[], int | None]
    code: int | None = None

    def has_ended(self) -> bool:
        if self.code is None:
            self.code = self.poll()
        return self.code is not None

    def ended(self) -> int:
        """Its exit code, once it has one (negative: by which signal)."""
        until(self.has_ended, f"process {self.pid} ends")
        assert self.code is not None
        return self.code

    def signal(self, number: int) -> None:
        if not self.has_ended():
            os.kill(self.pid, number)

    def said(self) -> str:
        return self.out.read_text() if self.out.exists() else ""

    def logged(self) -> str:
        return self.err.read_text() if self.err.exists() else ""


class Server:
    """A server that answers at `url`."""

    def __init__(self, process: Process) -> None:
        self.process = process
        until(lambda: "\n" in process.said() or process.has_ended(), "a server starts")
        line = process.said().partition("\n")[0]
        assert line, f"no server: {process.logged()[-3000:]}"
        self.url = line.removeprefix("Watchword is ready: ").split(" ")[0]

    def stop(self) -> int:
        """End it the way a supervisor does; its exit code."""
        self.process.signal(signal.SIGTERM)
        return self.process.ended()

    def kill(self) -> None:
        """End it the way a power cut does to a process."""
        self.process.signal(signal.SIGKILL)


@dataclass
class Site:
    """One deployment.  Its settings hold for every process; synchronous is off because no test
    here cuts the machine's power."""

    folder: Path
    nursery: Nursery
    settings: dict[str, str] = field(default_factory=dict)
    servers: list[Server] = field(default_factory=list)
    _started: int = 0

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.database = self.folder / "watchword.db"
        basics = {"database_url": f"sqlite:///{self.database}", "sqlite_synchronous": "off"}
        self.settings = basics | self.settings

    def run(self, *words: str, alterations: tuple[str, ...] = (), **settings: str) -> Process:
        """Start a command in a process of its own."""
        self._started += 1
        log = self.folder / f"{self._started:03}-{words[0]}"
        return self.nursery.fork(words, self.folder, log, alterations, self.settings | settings)

    def command(self, *words: str) -> Any:
        """What an operator's command answers."""
        process = self.run(*words, "--json")
        code = process.ended()
        assert code == 0, process.said() + process.logged()
        return json.loads(process.said())

    def serve(self, *alterations: str, **settings: str) -> Server:
        """A server on a free port."""
        words = ("serve", "--port", "0")
        server = Server(self.run(*words, alterations=alterations, **settings))
        self.servers.append(server)
        return server

    def key(self, *words: str) -> dict[str, str]:
        """A new key of the default project."""
        made: dict[str, str] = self.command("keys", "create", "--name", "test", *words)
        return made

    def raise_limits(self, server: Server, project: str) -> None:
        """Raise every throughput limit of a project, through the API."""
        admin = self.key("--scope", "server:admin")
        body = json.dumps({"limits": dict.fromkeys(LIMITS, BIG)}).encode()
        header = {"Authorization": basic(admin), "Content-Type": "application/json"}
        url = f"{server.url}/v1/projects/{project}"
        asked = urllib.request.Request(url, body, header, method="PATCH")
        urllib.request.urlopen(asked, timeout=PATIENCE_S).close()

    def rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """What the database says, asked beside the server."""
        connection = apsw.Connection(str(self.database), apsw.SQLITE_OPEN_READWRITE)
        try:
            connection.set_busy_timeout(10_000)
            return list(connection.execute(sql, values))
        finally:
            connection.close()

    def commits(self) -> int:
        """Transactions committed since the file was opened: SQLite's own count, `iChange` of
        https://www.sqlite.org/walformat.html#the_wal_index_header."""
        header = Path(f"{self.database}-shm").read_bytes()[:12]
        return int.from_bytes(header[8:12], sys.byteorder)

    def end(self) -> None:
        """Kill what still runs."""
        for server in self.servers:
            server.kill()
        for server in self.servers:
            server.process.ended()
