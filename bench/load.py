"""wrk on the load's core: one thread, 64 connections; what it counted."""

import json
import math
import os
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from bench.processes import LOAD_CORE, Failed, Served, pinned
from bench.servers import Watchword
from bench.stock import Stock

CONNECTIONS = 64
DEPTH = 16 * CONNECTIONS
"""A message is checked once so many younger ones are accepted: by then it was handed over."""
RATE_CAP = 8_000
"""More pairs per second than any server here makes: so many numbers are dealt out."""
CODE = "482913"
_SCRIPTS = Path(__file__).resolve().parent
_DRAIN_S = 1.0
_WAL_INDEX_CHANGES = slice(8, 12)


@dataclass(frozen=True)
class Run:
    """One run of wrk against one server.

    Attributes:
        rate: requests, or pairs, per second.
        cpu_us: CPU time of the server per request, or pair.
        server_busy: CPU time of the server as a share of the run's; `load_busy`: of wrk.
        commits: transactions that the server committed (0 for a static one).
    """

    count: int
    seconds: float
    rate: float
    cpu_us: float
    server_busy: float
    load_busy: float
    p50_ms: float
    p99_ms: float
    max_ms: float
    commits: int = 0


def missing() -> str | None:
    """What has to be installed first, if anything."""
    programs = [name for name in ("wrk", "taskset") if shutil.which(name) is None]
    if programs:
        return f"install {' and '.join(programs)} first: scripts/services, or your packages"
    if (os.cpu_count() or 1) <= LOAD_CORE:
        return "two cores are needed: one for the server, one for the load"
    return None


def static(served: Served, seconds: float) -> Run:
    """Requests for the static answer."""
    counted, wall, load_cpu, cpu = _wrk(served, math.ceil(seconds), "static.lua", f"{served.url}/")
    if counted["errors"]:
        raise Failed(f"the static server failed {counted['errors']} requests")
    return _run(counted["requests"], wall, counted, cpu, load_cpu, wall)


def pairs(server: Watchword, seconds: float, stock: Stock) -> Run:
    """Pairs of a send and its check, each send handed over in between."""
    before = commits(server.database)
    numbers = stock.deal(math.ceil(seconds * RATE_CAP) + CONNECTIONS)
    arguments = [str(numbers), server.authorization, CODE, str(seconds), str(DEPTH)]
    url = server.served.url
    duration = math.ceil(seconds + _DRAIN_S)
    counted, wall, load_cpu, cpu = _wrk(server.served, duration, "pair.lua", url, *arguments)
    if counted["out_of_numbers"]:
        raise Failed("a run sent to all of its numbers: deal out more")
    if counted["socket_errors"] or counted["approved"] != counted["accepted"]:
        raise Failed(f"not every pair was completed: {counted}")
    made = commits(server.database) - before
    stock.used(counted["sends"])
    return _run(counted["approved"], counted["seconds"], counted, cpu, load_cpu, wall, made)


def commits(database: Path) -> int:
    """Transactions committed since the file was opened: SQLite's own count in the WAL index.

    `iChange` of WalIndexHdr, https://www.sqlite.org/walformat.html#the_wal_index_header.
    """
    with Path(f"{database}-shm").open("rb") as index:
        return int.from_bytes(index.read(12)[_WAL_INDEX_CHANGES], "little")


def joined(one: Run, other: Run) -> Run:
    """Two runs against the same server as one; its latencies are the means of theirs."""
    count, seconds = one.count + other.count, one.seconds + other.seconds

    def over_time(name: str) -> float:
        return sum(getattr(run, name) * run.seconds for run in (one, other)) / seconds

    return Run(
        count=count,
        seconds=seconds,
        rate=count / seconds,
        cpu_us=1e6 * over_time("server_busy") * seconds / count,
        server_busy=over_time("server_busy"),
        load_busy=over_time("load_busy"),
        p50_ms=over_time("p50_ms"),
        p99_ms=over_time("p99_ms"),
        max_ms=max(one.max_ms, other.max_ms),
        commits=one.commits + other.commits,
    )


def _run(count, seconds, counted, cpu, load_cpu, wall, made=0) -> Run:
    return Run(
        count=count,
        seconds=seconds,
        rate=count / seconds,
        cpu_us=1e6 * cpu / count,
        server_busy=cpu / seconds,
        load_busy=load_cpu / seconds,
        p50_ms=counted["p50_ms"],
        p99_ms=counted["p99_ms"],
        max_ms=counted["max_ms"],
        commits=made,
    )


def _wrk(served: Served, seconds: int, script: str, url: str, *arguments: str):
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--timeout", "30s", "--latency"]
    command += ["-s", str(_SCRIPTS / script), url, "--", *arguments]
    cpu, children = served.cpu_seconds(), os.times()
    began = time.perf_counter()
    done = subprocess.run(pinned(LOAD_CORE, command), capture_output=True, text=True, check=False)
    wall = time.perf_counter() - began
    after = os.times()
    load_cpu = sum(after[2:4]) - sum(children[2:4])
    lines = [line for line in done.stdout.splitlines() if line.startswith("BENCH ")]
    if done.returncode or not lines:
        raise Failed(f"wrk failed:\n{done.stdout[-1500:]}\n{done.stderr[-1500:]}")
    counted = json.loads(lines[0].removeprefix("BENCH "))
    if counted.get("refused"):
        raise Failed(f"the server refused {counted['refused']} calls: {done.stdout[-1500:]}")
    return counted, counted.get("seconds", wall), load_cpu, served.cpu_seconds() - cpu
