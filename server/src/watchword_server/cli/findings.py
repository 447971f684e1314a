"""What `doctor` finds: one line each, with a fix wherever something is to be done."""

from collections.abc import Callable, Iterator

import msgspec

from watchword_server.settings import SETTINGS, Setting, Settings

OK, WARN, FAIL = "ok", "warn", "fail"


class Finding(msgspec.Struct, frozen=True):
    """The outcome of one check."""

    check: str
    status: str
    says: str
    fix: str | None = None


_DERIVED = frozenset({"public_url", "pepper_file"})
"""Settings whose defaults follow from others."""

Check = Callable[[Settings], Iterator[Finding]]


def in_force(settings: Settings) -> dict[str, str]:
    """The settings that are not at their defaults, fit to be shown."""
    defaults = Settings()
    derived = Settings(database_url=settings.database_url, port=settings.port)
    return {
        row.variable: _shown(row, getattr(settings, row.name))
        for row in SETTINGS
        if getattr(settings, row.name)
        != getattr(derived if row.name in _DERIVED else defaults, row.name)
    }


def _shown(row: Setting, value: object) -> str:
    if row.secret and not str(value).startswith("sqlite:"):
        return "[set, not shown]"
    if isinstance(value, tuple):
        return ",".join(str(item) for item in value)
    return str(value).lower() if isinstance(value, bool) else str(value)
