"""Puts the documentation into the package, where a server that is run from it looks for it.

In the repository it lies beside `server/`; a source distribution carries it along.
"""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PLACES = {"wheel": "watchword_server/_docs", "sdist": "docs"}


class Documentation(BuildHookInterface[Any]):
    """Adds docs/ to what is built."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Name the folder and where it goes; an editable install reads the repository's own."""
        if version == "editable":
            return
        here = Path(self.root)
        found = next(each for each in (here.parent / "docs", here / "docs") if each.is_dir())
        build_data["force_include"][str(found)] = PLACES[self.target_name]
