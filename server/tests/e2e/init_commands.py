"""Both flavours of `watchword init` as they are published: what a test runs of them."""

import json
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import packages
from e2e import node_sdk
from e2e.deployment import environment
from services_needed import ROOT, require

FLAVOURS = ("python", "node")


@dataclass(frozen=True)
class Built:
    """Both packages as they are published, unpacked."""

    python: Path
    node: Path

    def command(self, flavour: str) -> list[str]:
        """`uvx watchword init`, `npx watchword init`."""
        if flavour == "python":
            return [sys.executable, "-m", "watchword.init.command", "init"]
        described = json.loads((self.node / "package.json").read_text())
        return [require("node"), str(self.node / described["bin"]["watchword"]), "init"]

    def environment(self) -> dict[str, str]:
        """In which `import watchword` finds the wheel's."""
        return environment() | {"PYTHONPATH": str(self.python)}


def build(folder: Path) -> Built:
    """Build and unpack them."""
    (folder / "dist").mkdir()
    wheel = packages.build_one(ROOT / "sdk/python", folder / "dist")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "wheel")
    with tarfile.open(node_sdk.packed(folder)) as archive:
        archive.extractall(folder / "npm", filter="data")
    return Built(folder / "wheel", folder / "npm/package")


def init(built: Built, flavour: str, folder: Path, *words: str) -> str:
    """What the command says."""
    done = subprocess.run(
        [*built.command(flavour), str(folder), *words], cwd=folder.parent,
        env=built.environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}
