"""The measurements: interleaved rounds, so that what else the machine does meets all alike."""

import json
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from bench import load, servers, stored
from bench.load import Run
from bench.processes import SERVER_CORE, Failed, environment, pinned
from bench.proof import prove
from bench.stock import Stock

PATTERN_S = 0.5
_ABBA = ("none", "stored", "stored", "none")
"""The order of a flat round: a machine that slows down or speeds up meanwhile cancels out."""
Say = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    """How long and how often."""

    rounds: int
    seconds: float
    static_seconds: float
    warm_up: float
    stored: int
    waiting: int
    place: Path
    say: Say

    def stock(self) -> Stock:
        """Enough addresses for all rounds against one database."""
        runs = self.warm_up + PATTERN_S + (self.rounds + 1) * self.seconds
        return Stock(int(runs * load.RATE_CAP), self.place)


def pair(plan: Plan) -> dict:
    """Rounds of: the static application alone, in the server, and pairs."""
    stock = plan.stock()
    rounds: list[dict[str, Run]] = []
    with ExitStack() as stopping:
        alone = servers.alone(plan.place)
        stopping.callback(alone.stop)
        static = servers.static(plan.place)
        stopping.callback(static.stop)
        real = servers.watchword(plan.place)
        stopping.callback(real.served.stop)
        plan.say("pair: warming up")
        made = load.pairs(real, plan.warm_up, stock).count
        for number in range(1, plan.rounds + 1):
            plan.say(f"pair: round {number} of {plan.rounds}")
            runs = {
                "alone": load.static(alone, plan.static_seconds),
                "static": load.static(static, plan.static_seconds),
                "pair": load.pairs(real, plan.seconds, stock),
            }
            made += runs["pair"].count
            rounds.append(runs)
        resident = real.served.resident_mib()
    plan.say("pair: looking at the rows")
    wrong = prove(real.database, made)
    countries, ranges = stock.spread()
    facts = {
        "pairs": made,
        "countries": countries,
        "ranges": ranges,
        "resident_mib": resident,
        "wrong": wrong,
    }
    return {"rounds": rounds, "facts": facts}


def floor(plan: Plan) -> dict:
    """Rounds of the same pairs without HTTP, each on a new database."""
    stock = plan.stock()
    rounds, wrong = [], []
    for number in range(1, plan.rounds + 1):
        plan.say(f"store-only floor: round {number} of {plan.rounds}")
        database = plan.place / f"floor-{number}.db"
        numbers = stock.deal(int((plan.warm_up + plan.static_seconds) * load.RATE_CAP))
        command = [sys.executable, "-m", "bench.in_process", str(database), str(numbers)]
        done = subprocess.run(
            pinned(SERVER_CORE, [*command, str(plan.warm_up), str(plan.static_seconds)]),
            cwd=plan.place,
            env=environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise Failed(f"the store-only floor failed:\n{done.stderr[-2000:]}")
        rounds.append(json.loads(done.stdout))
        wrong += prove(database, rounds[-1]["pairs"] + rounds[-1]["warm_up"])
        for file in plan.place.glob(f"{database.name}*"):
            file.unlink()
    return {"rounds": rounds, "facts": {"wrong": wrong}}


def lateness(plan: Plan) -> dict:
    """Fallbacks that become due while many wait; one round, which takes some minutes."""
    plan.say(f"lateness: {plan.waiting:,} wait for a minute each")
    numbers = Stock(2 * plan.waiting, plan.place).deal(2 * plan.waiting)
    database = plan.place / "lateness.db"
    command = [sys.executable, "-m", "bench.lateness", str(database), str(numbers)]
    done = subprocess.run(
        [*command, str(plan.waiting)],
        cwd=plan.place,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise Failed(f"the lateness run failed:\n{done.stderr[-2000:]}")
    return {"rounds": [json.loads(done.stdout)], "facts": {}}


def flat(plan: Plan) -> dict:
    """Rounds of pairs with nothing stored and with many verifications stored."""
    stocks = {"none": plan.stock(), "stored": plan.stock()}
    made = dict.fromkeys(stocks, 0)
    rounds: list[dict[str, Run]] = []
    with ExitStack() as stopping:
        real = {}
        for name, stock in stocks.items():
            real[name] = _prepared(plan, name, stock, made)
            stopping.callback(real[name].served.stop)
            plan.say(f"flat: warming up ({name})")
            made[name] += load.pairs(real[name], plan.warm_up, stock).count
        for number in range(1, plan.rounds + 1):
            halves: dict[str, list[Run]] = {name: [] for name in stocks}
            for name in _ABBA:
                plan.say(f"flat: round {number} of {plan.rounds} ({name})")
                halves[name].append(load.pairs(real[name], plan.seconds / 2, stocks[name]))
            rounds.append({name: load.joined(*two) for name, two in halves.items()})
            for name, run in rounds[-1].items():
                made[name] += run.count
    wrong = []
    for name, server in real.items():
        plan.say(f"flat: looking at the rows ({name})")
        wrong += prove(server.database, made[name], plan.stored if name == "stored" else 0)
    size = real["stored"].database.stat().st_size / 2**20
    facts = {"stored": plan.stored, "database_mib": size, "wrong": wrong}
    return {"rounds": rounds, "facts": facts}


def _prepared(plan: Plan, name: str, stock: Stock, made: dict[str, int]) -> servers.Watchword:
    """A server, with the stored rows underneath where they are asked for."""
    if name == "stored":
        first = servers.watchword(plan.place, name)
        try:
            made[name] += load.pairs(first, PATTERN_S, stock).count
        finally:
            first.served.stop()
        plan.say(f"flat: storing {plan.stored:,} verifications")
        stored.preload(first.database, plan.stored)
    return servers.watchword(plan.place, name)
