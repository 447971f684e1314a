"""What `import watchword` costs above `import httpx2`, which it needs.

Each import has a process of its own, in the order A B B A, so that what else the machine does
meets both alike; of either the median is taken.
"""

import json
import subprocess
import sys

from bench.rounds import Plan

_ORDER = ("httpx2", "watchword", "watchword", "httpx2")
_RUNS_PER_ROUND = 6
_PROBE = """
import json, time
began = time.perf_counter(), time.process_time()
import {}
print(json.dumps([time.perf_counter() - began[0], time.process_time() - began[1]]))
"""


def imports(plan: Plan) -> dict:
    """Milliseconds of every import, by the clock and of the processor."""
    rounds = []
    for number in range(1, plan.rounds + 1):
        plan.say(f"imports: round {number} of {plan.rounds}")
        for _ in range(_RUNS_PER_ROUND):
            for name in _ORDER:
                clock, cpu = _measured(name)
                rounds.append({"name": name, "clock_ms": clock * 1e3, "cpu_ms": cpu * 1e3})
    return {"rounds": rounds}


def _measured(name: str) -> list[float]:
    said = subprocess.check_output([sys.executable, "-c", _PROBE.format(name)], text=True)
    seconds: list[float] = json.loads(said)
    return seconds
