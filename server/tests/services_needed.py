"""Real programs that a test drives; without one it fails in CI and is skipped elsewhere."""

import os
import shutil

import pytest


def require(program: str) -> str:
    """The program's path."""
    path = shutil.which(program)
    if path:
        return path
    reason = f"{program} is not installed (scripts/services says how)"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
