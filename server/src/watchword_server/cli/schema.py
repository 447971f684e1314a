"""How far a database file has come, read without opening it for writing.

Opening the runtime migrates; whoever only wants to look, looks here.
"""

import re
from importlib.resources import files
from pathlib import Path

import apsw
import msgspec

_FILE = re.compile(r"(\d{4})_((?:pre|post)_\w+)\.sql")
_READ_ONLY = apsw.SQLITE_OPEN_READONLY


class Standing(msgspec.Struct, frozen=True):
    """The schema a file has, and what this version would run on it."""

    at: int
    newest: int
    pending: tuple[str, ...]

    @property
    def is_current(self) -> bool:
        """Whether this version can use the file as it is."""
        return self.at == self.newest


def at(path: Path) -> int:
    """The number of the last migration that was run on the file; 0 where there is none."""
    if not path.exists():
        return 0
    connection = apsw.Connection(str(path), flags=_READ_ONLY)
    try:
        connection.set_busy_timeout(1000)
        row = connection.execute("PRAGMA user_version").fetchone()
        return int(str(row[0])) if row else 0
    finally:
        connection.close()


def standing(path: Path) -> Standing:
    """Where the file stands.

    Raises:
        apsw.Error: it is no database, or cannot be read.
    """
    found = files("watchword_server.storage").joinpath("migrations").iterdir()
    matches = (_FILE.fullmatch(file.name) for file in found)
    known = sorted((int(match[1]), match[0].removesuffix(".sql")) for match in matches if match)
    done = at(path)
    pending = tuple(name for number, name in known if number > done)
    return Standing(done, known[-1][0], pending)
