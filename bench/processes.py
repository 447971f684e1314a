"""Processes under measurement: pinned to a core, started ready, their CPU time read from /proc."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

SERVER_CORE, LOAD_CORE = 0, 1
ROOT = Path(__file__).resolve().parent.parent
WATCHWORD = [sys.executable, "-m", "watchword_server"]
START_S = 60
STOP_S = 60
_TICK = os.sysconf("SC_CLK_TCK")


class Failed(Exception):
    """The benchmark cannot be run, or its result cannot be trusted."""


def place() -> Path:
    """A new directory on a real disk: /var/tmp survives a restart, /tmp may be memory."""
    parent = Path("/var/tmp")
    return Path(
        tempfile.mkdtemp(prefix="watchword-bench-", dir=parent if parent.is_dir() else None)
    )


def environment(**settings: str) -> dict[str, str]:
    """This process's environment without its Watchword settings, and with these."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("WATCHWORD_")}
    return {**own, "PYTHONPATH": str(ROOT), **settings}


def prefer(nice: int) -> None:
    """Give this process and those it starts another priority against the rest of the machine.

    Where the scheduler groups by session, the group's own priority is what counts: sched(7).
    """
    os.nice(nice)
    group = Path("/proc/self/autogroup")
    if group.exists():
        group.write_text(str(nice))


def pinned(core: int, command: list[str]) -> list[str]:
    """The command on one core."""
    return ["taskset", "--cpu-list", str(core), *command]


class Served:
    """A server process on the server's core that answers at `url`."""

    def __init__(self, command: list[str], url: str, folder: Path, database: Path | None) -> None:
        self.url = url
        self.database = database
        self._log = (folder / "server.log").open("ab")
        settings = {} if database is None else {"WATCHWORD_DATABASE_URL": f"sqlite:///{database}"}
        self._process = subprocess.Popen(
            pinned(SERVER_CORE, command),
            cwd=folder,
            env=environment(**settings),
            stdout=self._log,
            stderr=self._log,
        )
        try:
            self._wait(folder / "server.log")
        except BaseException:
            self.stop()
            raise

    @property
    def pid(self) -> int:
        """Of the server itself: taskset replaces itself by it."""
        return self._process.pid

    def _wait(self, log: Path) -> None:
        until = time.monotonic() + START_S
        while time.monotonic() < until:
            if self._process.poll() is not None:
                break
            try:
                urllib.request.urlopen(f"{self.url}/health", timeout=5).close()
                return
            except OSError as error:
                if getattr(error, "code", None) is not None:  # it answers, if only with 404
                    return
                time.sleep(0.05)
        raise Failed(f"the server did not start:\n{log.read_text()[-2000:]}")

    def cpu_seconds(self) -> float:
        """CPU time of all of its threads so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICK

    def resident_mib(self) -> float:
        """Its resident memory."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20

    def stop(self) -> None:
        """Let it finish, and wait."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._log.close()


def operator(database: Path, *arguments: str) -> dict:
    """What an operator's command answers, run on that database."""
    done = subprocess.run(
        [*WATCHWORD, *arguments, "--json"],
        cwd=database.parent,
        env=environment(WATCHWORD_DATABASE_URL=f"sqlite:///{database}"),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise Failed(f"watchword-server {' '.join(arguments)}: {done.stdout}{done.stderr}")
    return json.loads(done.stdout)
