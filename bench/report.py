"""What came out: medians against floors, as a table and as JSON."""

import json
import platform
import sys
import tomllib
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

import apsw
import uvicorn
from rich.console import Console
from rich.table import Table

from bench.load import CONNECTIONS, DEPTH
from watchword_server import __version__

_QUIET = 0.9
_STALLED_MS = 100
FLOORS = tomllib.loads((Path(__file__).resolve().parent / "floors.toml").read_text())


@dataclass(frozen=True)
class Line:
    """One line of the table.

    Without `passed` it is for information; `exact` ones are judged in a quick run too.
    """

    name: str
    value: str
    floor: str = ""
    passed: bool | None = None
    exact: bool = False


def _at_most(name: str, value: float, most: float) -> Line:
    return Line(name, f"{value:.2f}", f"<= {most:g}", value <= most)


def _at_least(name: str, value: float, least: float) -> Line:
    return Line(name, f"{value:.2f}", f">= {least:g}", value >= least)


def _whole(name: str, result: dict) -> Line:
    """How many pairs were checked before their hand-over was recorded, or lack a row."""
    wrong = result["facts"]["wrong"]
    value = f"{len(wrong)}: {wrong[0]}" if wrong else "0"
    return Line(f"{name}: pairs that are not whole", value, "= 0", not wrong, exact=True)


def pair(result: dict) -> list[Line]:
    """The lines of the pair benchmark."""
    rounds, floors, facts = result["rounds"], FLOORS["pair"], result["facts"]

    def over(value) -> float:
        return median(value(one["alone"], one["static"], one["pair"]) for one in rounds)

    busiest = max(max(run.load_busy for run in one.values()) for one in rounds)
    return [
        Line("static requests/s", f"{over(lambda a, s, p: s.rate):,.0f}"),
        Line("pairs/s", f"{over(lambda a, s, p: p.rate):,.0f}"),
        _at_most(
            "a pair costs, in static requests",
            over(lambda a, s, p: s.rate / p.rate), floors["ratio_max"],
        ),
        _at_most(
            "the same by CPU time",
            over(lambda a, s, p: p.cpu_us / s.cpu_us), floors["ratio_max"],
        ),
        _at_least(
            "static request in the server / alone",
            over(lambda a, s, p: s.rate / a.rate), floors["static_share_min"],
        ),
        _at_least(
            "requests per commit",
            over(lambda a, s, p: 2 * p.count / p.commits), floors["requests_per_commit_min"],
        ),
        _at_most("load generator busy, at most", busiest, floors["load_busy_max"]),
        Line("CPU per static request", f"{over(lambda a, s, p: s.cpu_us):.0f} us"),
        Line("CPU per pair", f"{over(lambda a, s, p: p.cpu_us):.0f} us"),
        Line("server busy: static, pair", _shares(
            over(lambda a, s, p: s.server_busy), over(lambda a, s, p: p.server_busy))),
        Line("latency of a request, median", f"{over(lambda a, s, p: p.p50_ms):.1f} ms"),
        Line("latency of a request, p99", f"{over(lambda a, s, p: p.p99_ms):.1f} ms"),
        Line("resident memory", f"{facts['resident_mib']:.0f} MiB"),
        Line("approved rows, all made by this run", f"{facts['pairs']:,}"),
        Line("countries, ranges of numbers", f"{facts['countries']}, {facts['ranges']:,}"),
        _whole("pair", result),
    ]  # fmt: skip


def floor(result: dict) -> list[Line]:
    """The lines of the store-only floor."""
    rounds = result["rounds"]
    rate = median(one["pairs"] / one["seconds"] for one in rounds)
    cpu = median(1e6 * one["cpu"] / one["pairs"] for one in rounds)
    shared = median(2 * one["pairs"] / one["commits"] for one in rounds)
    return [
        Line("without HTTP: pairs/s", f"{rate:,.0f}"),
        Line("without HTTP: CPU per pair", f"{cpu:.0f} us"),
        Line("without HTTP: sends and checks per commit", f"{shared:.1f}"),
        _whole("without HTTP", result),
    ]


def flat(result: dict) -> list[Line]:
    """The lines of the flatness benchmark."""
    rounds, facts = result["rounds"], result["facts"]
    share = median(one["stored"].rate / one["none"].rate for one in rounds)
    dearer = median(one["stored"].cpu_us / one["none"].cpu_us for one in rounds)
    slower = median(one["stored"].p99_ms / one["none"].p99_ms for one in rounds)
    name = f"{facts['stored']:,} stored"
    return [
        Line(f"{name}: pairs/s", f"{median(one['stored'].rate for one in rounds):,.0f}"),
        Line("none stored: pairs/s", f"{median(one['none'].rate for one in rounds):,.0f}"),
        _at_least(f"{name} / none", share, FLOORS["flat"]["share_min"]),
        Line(f"{name} / none: CPU per pair", f"{dearer:.2f}"),
        Line(f"{name} / none: p99", f"{slower:.2f}"),
        Line(f"{name}: database", f"{facts['database_mib']:,.0f} MiB"),
        _whole(name, result),
    ]


def lateness(result: dict) -> list[Line]:
    """The lines of the lateness of fallbacks."""
    (result,) = result["rounds"]
    name, missing = f"{result['waiting']:,} waiting", result["sent"] - result["fell_back"]
    return [
        Line(f"{name}: fallbacks that never came", f"{missing}", "= 0", not missing, exact=True),
        Line(f"{name}: fallbacks", f"{result['fell_back']:,}"),
        Line(f"{name}: lateness, median", f"{result['p50_ms']:.0f} ms"),
        Line(f"{name}: lateness, p99", f"{result['p99_ms']:.0f} ms"),
        _at_most(
            f"{name}: lateness, latest of all (ms)",
            result["p100_ms"], FLOORS["lateness"]["p100_ms_max"],
        ),
        Line("the machine stood still for, at most", f"{result['stalled_ms']:.0f} ms"),
        Line(f"{name}: CPU per send and fallback", f"{result['cpu_us']:.0f} us"),
    ]  # fmt: skip


def imports(result: dict) -> list[Line]:
    """The lines of the SDK's import."""

    def above(figure: str) -> float:
        both = ("watchword", "httpx2")
        ours, theirs = (
            median(one[figure] for one in result["rounds"] if one["name"] == name) for name in both
        )
        return ours - theirs

    most = FLOORS["imports"]["above_httpx2_ms_max"]
    return [
        # By the clock it would be the neighbours' figure wherever the cores are shared.
        _at_most("import watchword above httpx2's (ms of processor)", above("cpu_ms"), most),
        Line("the same by the clock", f"{above('clock_ms'):.0f} ms"),
        Line("imports measured", f"{len(result['rounds'])}"),
    ]


def _shares(*values: float) -> str:
    return ", ".join(f"{100 * value:.0f} %" for value in values)


def warnings(results: dict) -> list[str]:
    """What should make a reader doubt the figures."""
    notes = []
    rounds = results.get("pair", {}).get("rounds", [])
    if rounds and median(one["static"].server_busy for one in rounds) < _QUIET:
        notes.append(
            "Other processes take the cores: the static server was not kept busy, which flatters "
            "the cost of a pair by throughput. Trust the one by CPU time."
        )
    late = results.get("lateness", {}).get("rounds", [])
    if any(one["stalled_ms"] > _STALLED_MS for one in late):
        notes.append(
            "Other processes take the cores: even one that only wakes up was not let run for "
            "longer than a tenth of a second. The lateness says more about them than about the "
            "server."
        )
    return notes


LINES = {
    "pair": pair, "floor": floor, "flat": flat, "lateness": lateness, "imports": imports,
}  # fmt: skip


def missed(lines: list[Line], *, quick: bool) -> bool:
    """Whether a floor is missed; a quick run is judged by what is exact alone."""
    return any(line.passed is False for line in lines if line.exact or not quick)


def show(lines: list[Line], notes: list[str], *, quick: bool) -> None:
    """The table, and the notes below it."""
    table = Table(title=f"{CONNECTIONS} connections, server on one core; medians", width=100)
    for heading, justify in (("", "left"), ("value", "right"), ("floor", "right"), ("", "left")):
        table.add_column(heading, justify=justify)
    for line in lines:
        verdict = "" if quick and not line.exact else _verdict(line.passed)
        table.add_row(line.name, line.value, line.floor, verdict)
    console = Console()
    console.print(table)
    for note in notes:
        console.print(f"Note: {note}")


def document(results: dict, lines: list[Line], settings: dict) -> dict:
    """All of it, for JSON."""
    return {
        "settings": settings | {"connections": CONNECTIONS, "depth": DEPTH},
        "machine": {"cpu": _cpu(), "kernel": platform.release()},
        "versions": {
            "watchword": __version__,
            "python": platform.python_version(),
            "uvicorn": uvicorn.__version__,
            "sqlite": apsw.sqlite_lib_version(),
        },
        "warnings": warnings(results),
        "lines": [asdict(line) for line in lines],
        "results": {name: _plain(result) for name, result in results.items()},
    }


def _plain(result: dict) -> dict:
    rounds = [
        {key: asdict(run) if hasattr(run, "rate") else run for key, run in one.items()}
        for one in result["rounds"]
    ]
    return {**result, "rounds": rounds}


def _cpu() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{len(models)} x {models[0]}" if models else platform.machine()


def markdown(document: dict) -> str:
    """The table of a JSON document, for docs/performance.md."""
    rows = [
        (line["name"], line["value"], line["floor"], _verdict(line["passed"]))
        for line in document["lines"]
    ]
    return "\n".join(
        ["| figure | median | floor | |", "|---|---:|---:|---|"]
        + [f"| {' | '.join(row)} |" for row in rows]
    )


def _verdict(passed: bool | None) -> str:
    return "" if passed is None else "PASS" if passed else "FAIL"


if __name__ == "__main__":
    print(markdown(json.loads(Path(sys.argv[1]).read_text())))
