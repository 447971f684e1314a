"""Puts the skills into the package, from where `watchword init` writes them.

In the repository they lie at its root; a source distribution carries them along.
"""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PLACES = {"wheel": "watchword/init/skills", "sdist": "skills"}


class Skills(BuildHookInterface[Any]):
    """Adds skills/ to what is built."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Name the folder and where it goes; an editable install reads the repository's own."""
        if version == "editable":
            return
        here = Path(self.root)
        found = next(
            each for each in (here.parents[1] / "skills", here / "skills") if each.is_dir()
        )
        build_data["force_include"][str(found)] = PLACES[self.target_name]
