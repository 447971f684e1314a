"""Builds every Python package of this repository into dist/: source distribution and wheel.

The wheel is built from the source distribution, as an index's users would build it.
"""

import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import tracked

PACKAGES = ("sdk/python", "server", "mcp")


def folders() -> list[Path]:
    """The packages that are there."""
    found = [Path(tracked.ROOT) / name for name in PACKAGES]
    return [folder for folder in found if (folder / "pyproject.toml").is_file()]


def build(target: Path) -> list[Path]:
    """Build them into `target`; the wheels."""
    target.mkdir(parents=True, exist_ok=True)
    return [build_one(folder, target) for folder in folders()]


def build_one(folder: Path, target: Path) -> Path:
    """One of them; its wheel."""
    source = target / _hatchling(folder, target, "sdist")
    with tempfile.TemporaryDirectory() as scratch:
        with tarfile.open(source) as archive:
            archive.extractall(scratch, filter="data")
        (unpacked,) = Path(scratch).iterdir()
        return target / _hatchling(unpacked, target, "wheel")


def _hatchling(folder: Path, target: Path, kind: str) -> str:
    asked = f"import sys; from hatchling import build; print(build.build_{kind}(sys.argv[1]))"
    done = subprocess.run(
        [sys.executable, "-c", asked, str(target)],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)
    return done.stdout.split()[-1]


if __name__ == "__main__":
    for wheel in build(Path(tracked.ROOT) / "dist"):
        print(wheel.name)
