"""`python -m bench`: measure, compare with the floors, exit 1 if one is missed.

Exit code 2 means that nothing could be measured: something is not installed, or a run failed
its own checks.
"""

import argparse
import json
import shutil
import signal
import sys
from pathlib import Path

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from bench import imports, load, processes, report, rounds

RESULTS = processes.ROOT / "bench/results/latest.json"
STATIC_S, WARM_UP_S = 4.0, 3.0
QUICK = {
    "rounds": 1, "seconds": 1.0, "static_seconds": 1.0, "warm_up": 1.0, "stored": 10_000,
    "waiting": 600,
}  # fmt: skip
BENCHMARKS = {
    "pair": rounds.pair, "floor": rounds.floor, "flat": rounds.flat, "lateness": rounds.lateness,
    "imports": imports.imports,
}  # fmt: skip


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "benchmark", nargs="?", choices=list(BENCHMARKS), help="one of them; unset, all"
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=10.0, help="of sending, in each round")
    parser.add_argument("--stored", type=int, default=1_000_000, help="verifications, for flat")
    parser.add_argument("--waiting", type=int, default=10_000, help="verifications, for lateness")
    parser.add_argument(
        "--quick", action="store_true", help="one short round: proves that it works, judges nothing"
    )
    parser.add_argument("--json", type=Path, default=RESULTS, metavar="FILE")
    parser.add_argument(
        "--nice", type=int, default=0, help="-15 keeps neighbours off the cores (needs root)"
    )
    parser.add_argument("--keep", action="store_true", help="leave databases and logs in place")
    return parser.parse_args()


def _extent(arguments: argparse.Namespace) -> dict:
    if arguments.quick:
        return QUICK
    asked = {name: getattr(arguments, name) for name in ("rounds", "seconds", "stored", "waiting")}
    return asked | {"static_seconds": STATIC_S, "warm_up": WARM_UP_S}


def _measure(arguments: argparse.Namespace, place: Path) -> dict:
    names = [arguments.benchmark] if arguments.benchmark else list(BENCHMARKS)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("starting")
        plan = rounds.Plan(
            place=place,
            say=lambda what: progress.update(task, description=what),
            **_extent(arguments),
        )
        return {name: BENCHMARKS[name](plan) for name in names}


def main() -> int:
    """Run it."""
    arguments = _arguments()
    if missing := load.missing():
        print(f"bench: {missing}", file=sys.stderr)
        return 2
    if arguments.nice:
        processes.prefer(arguments.nice)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(2))  # so that its servers are stopped
    place = processes.place()
    try:
        results = _measure(arguments, place)
    except processes.Failed as failure:
        print(f"bench: {failure}", file=sys.stderr)
        return 2
    finally:
        if arguments.keep:
            print(f"bench: databases and logs are in {place}", file=sys.stderr)
        else:
            shutil.rmtree(place, ignore_errors=True)
    lines = [line for name, result in results.items() for line in report.LINES[name](result)]
    report.show(lines, report.warnings(results), quick=arguments.quick)
    arguments.json.parent.mkdir(parents=True, exist_ok=True)
    document = report.document(results, lines, _extent(arguments))
    arguments.json.write_text(json.dumps(document, indent=1) + "\n")
    return 1 if report.missed(lines, quick=arguments.quick) else 0


if __name__ == "__main__":
    sys.exit(main())
