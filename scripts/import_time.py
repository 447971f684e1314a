"""Prints what `import watchword` costs above `import httpx2`, in milliseconds of processor time.

Each import has a process of its own; the smallest of several is the least disturbed.
"""

import subprocess
import sys

ROUNDS = 15
LIMIT_MS = 60.0
PROBE = (
    "import httpx2, time; began = time.process_time(); import watchword;"
    "print((time.process_time() - began) * 1000)"
)


def measured() -> float:
    """One import."""
    return float(subprocess.check_output([sys.executable, "-c", PROBE], text=True))


if __name__ == "__main__":
    least = min(measured() for _ in range(ROUNDS))
    print(f"import watchword: {least:.1f} ms above httpx2 (limit {LIMIT_MS:.0f})")
    sys.exit(least > LIMIT_MS)
