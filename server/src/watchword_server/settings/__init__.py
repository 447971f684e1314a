"""Every knob of a server: one table, read once from the environment and one TOML file."""

from watchword_server.settings.pepper import (
    PEPPER_LOST,
    PEPPER_MADE,
    load_or_create_keyring,
    new_pepper_file,
)
from watchword_server.settings.rows import SETTINGS
from watchword_server.settings.sources import load
from watchword_server.settings.table import Setting, Settings

__all__ = [
    "PEPPER_LOST",
    "PEPPER_MADE",
    "SETTINGS",
    "Setting",
    "Settings",
    "load",
    "load_or_create_keyring",
    "new_pepper_file",
]
