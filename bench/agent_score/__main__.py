"""`make agent-score`: the scoreboard as a table and as JSON; exit 1 where a floor is missed.

What is missing is a row that fails: nothing is skipped.
"""

import argparse
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.agent_score import rows
from bench.agent_score.outside import ROOT, Place
from watchword_server import __version__

PAGE = ROOT / "docs/agent-score.md"
_ABOVE = "Each row as it was measured last:\n\n"
RESULTS = ROOT / "bench/results/agent-score.json"
_READY = "Watchword is ready: "
_STOP_S = 30


@contextlib.contextmanager
def served() -> Iterator[Place]:
    """A server of its own, with nothing in it, on a free port of loopback."""
    ours = {name: word for name, word in os.environ.items() if not name.startswith("WATCHWORD_")}
    with tempfile.TemporaryDirectory(prefix="watchword-score-") as folder:
        settings = {"WATCHWORD_DATABASE_URL": f"sqlite:///{folder}/watchword.db"}
        settings["WATCHWORD_SANDBOX_REQUESTS_PER_DAY"] = "100000"
        with (Path(folder) / "server.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "watchword_server", "serve", "--port", "0"],
                env=ours | settings, stdout=subprocess.PIPE, stderr=log, text=True, cwd=folder,
            )  # fmt: skip
            try:
                assert process.stdout is not None
                line = process.stdout.readline()
                if not line.startswith(_READY):
                    raise SystemExit("agent-score: the server does not start")
                yield Place(line.removeprefix(_READY).split(" ")[0].strip())
            finally:
                process.send_signal(signal.SIGTERM)
                process.wait(_STOP_S)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.agent_score", description=__doc__)
    parser.add_argument("only", nargs="*", help="rows whose name contains one of these; unset, all")
    parser.add_argument("--json", type=Path, default=RESULTS, metavar="FILE")
    return parser.parse_args()


def show(found: list[rows.Row]) -> None:
    """The table."""
    table = Table(title="How agents get along with Watchword", width=118)
    for heading in ("", "score", "floor", "", "note"):
        table.add_column(heading, overflow="fold")
    for row in found:
        verdict = "PASS" if row.passed else "FAIL"
        table.add_row(row.name, row.score, row.floor, verdict, "" if row.passed else row.note)
    console = Console(width=120)
    console.print(table)
    console.print(f"{sum(row.passed for row in found)} of {len(found)} floors are met.")


def write_page(found: list[rows.Row]) -> None:
    """The results on the page of the documentation."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(_ABOVE)
    _, _, after = rest.partition("\n\n")
    lines = ["| row | score | floor | |", "|---|---|---|---|"]
    for row in found:
        verdict = "met" if row.passed else "**missed**"
        lines.append(f"| {row.name} | {row.score} | {row.floor} | {verdict} |")
    table = "\n".join(lines)
    PAGE.write_text(f"{before}{_ABOVE}{table}\n\n{after}", encoding="utf-8")


def kept(found: list[rows.Row], file: Path) -> list[rows.Row]:
    """These rows and, of the others that there still are, what a file says of an earlier run."""
    new = {row.name: row for row in found}
    if file.exists():
        said = json.loads(file.read_text(encoding="utf-8"))["rows"]
        new = {row["name"]: rows.Row(**row) for row in said} | new
    return [new[one.name] for one in rows.MEASURES if one.name in new]


def main() -> int:
    """Run it; once every row was measured, the table is written into the documentation."""
    arguments = _arguments()
    wanted = [one.lower() for one in arguments.only]
    measures = [
        one
        for one in rows.MEASURES
        if not wanted or any(word in one.name.lower() for word in wanted)
    ]
    with served() as place:
        found = []
        for measure in measures:
            print(f"agent-score: {measure.name}", file=sys.stderr, flush=True)
            found.append(rows.taken(measure, place))
    show(found)
    known = kept(found, arguments.json)
    if len(known) == len(rows.MEASURES) and arguments.json == RESULTS:
        write_page(known)
    arguments.json.parent.mkdir(parents=True, exist_ok=True)
    document = {"version": __version__, "rows": [asdict(row) for row in known]}
    arguments.json.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    return 0 if found and all(row.passed for row in found) else 1


if __name__ == "__main__":
    sys.exit(main())
