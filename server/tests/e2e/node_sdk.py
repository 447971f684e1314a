"""The Node SDK as its users get it: built, packed, and installed into a program of its own."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from e2e.deployment import environment
from services_needed import ROOT, require, require_package

SOURCE = ROOT / "sdk/node"


def run(*words: str | Path, folder: Path, **settings: str) -> str:
    """What a program prints, which must succeed."""
    done = subprocess.run(
        [str(word) for word in words], cwd=folder, env=environment() | settings,
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-6000:]
    return done.stdout


def packed(folder: Path) -> Path:
    """The package, built from a copy of the repository in `folder`."""
    npm, modules = require("npm"), require_package("typescript").parent
    require_package("@types/node")
    source = folder / "repository/sdk/node"
    shutil.copytree(SOURCE, source, ignore=shutil.ignore_patterns("node_modules", "dist"))
    (source / "node_modules").symlink_to(modules)
    # What it carries of its neighbours.
    (folder / "repository/sdk/python").symlink_to(ROOT / "sdk/python")
    (folder / "repository/skills").symlink_to(ROOT / "skills")
    return source / run(npm, "pack", "--silent", folder=source).split()[-1]


def install(folder: Path) -> Path:
    """A program with the packed SDK in node_modules, beside its tests and what they read."""
    package, program = packed(folder), folder / "program"
    shutil.copytree(SOURCE / "tests", program / "tests")
    (program / "spec").symlink_to(ROOT / "spec")
    (program / "package.json").write_text('{"private": true}')
    npm, modules = require("npm"), require_package("typescript").parent
    run(npm, "install", "--offline", "--no-audit", "--no-fund", package, folder=program)
    (program / "node_modules/@types").symlink_to(modules / "@types")
    return program


def node_tests(program: Path, pattern: str, **settings: str) -> int:
    """Run the tests of some files with Node's own runner; how many passed."""
    files = sorted((program / "tests").glob(pattern))
    assert files, pattern
    node = os.environ.get("NODE_OF_THE_SDK") or require("node")
    said = run(node, "--test", *files, folder=program, **settings)
    counted = re.search(r"^(?:#|ℹ) pass (\d+)$", said, re.MULTILINE)
    assert counted, said
    return int(counted[1])
