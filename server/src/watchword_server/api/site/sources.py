"""The Markdown that people write: where it is, and what its pages are called."""

from importlib import resources
from pathlib import Path

from watchword_server.api.site import links

_FROM_HERE_TO_REPOSITORY = 6


def folder(name: str = "docs") -> Path:
    """The folder of the pages (`docs`) or of the skills (`skills`): in the installed package, or
    in the repository it is run from."""
    packaged = Path(str(resources.files("watchword_server") / f"_{name}"))
    if packaged.is_dir():
        return packaged
    return Path(__file__).resolve().parents[_FROM_HERE_TO_REPOSITORY - 1] / name


def written() -> dict[str, str]:
    """Every page that somebody wrote, by its name: the path without its ending."""
    root = folder()
    return {
        links.called(path.relative_to(root).as_posix()): path.read_text(encoding="utf-8")
        for path in sorted(root.rglob("*.md"))
        if path.stem != "0000-template"
    }


def style() -> bytes:
    """The style sheet."""
    return (resources.files("watchword_server.api.site") / "templates" / "style.css").read_bytes()
