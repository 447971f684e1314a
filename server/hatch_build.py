"""Puts the documentation and the skills into the package, where a server run from it looks.

In the repository they lie beside `server/`; a source distribution carries them along.
"""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

FOLDERS = ("docs", "skills")
PLACES = {"wheel": "watchword_server/_{}", "sdist": "{}"}


class Readings(BuildHookInterface[Any]):
    """Adds docs/ and skills/ to what is built."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Name each folder and where it goes; an editable install reads the repository's own."""
        if version == "editable":
            return
        here = Path(self.root)
        for name in FOLDERS:
            places = (here.parent / name, here / name)
            found = next(each for each in places if each.is_dir())
            build_data["force_include"][str(found)] = PLACES[self.target_name].format(name)
