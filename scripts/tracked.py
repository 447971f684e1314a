"""The files of this repository: what git tracks or would track; in a copy without git, all."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def files(pattern: str = "*") -> list[Path]:
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listing.returncode == 0:
        found = [ROOT / name for name in listing.stdout.split("\0") if name]
    else:
        found = [path for path in ROOT.rglob("*") if ".venv" not in path.parts]
    return sorted(path for path in found if path.match(pattern) and path.is_file())


def text(path: Path) -> str:
    """What the file says; nothing when it is not text."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""
