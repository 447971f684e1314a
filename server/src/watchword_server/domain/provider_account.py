"""Provider accounts: the credentials of a project at a vendor, under a name that never changes."""

import re

import msgspec

from watchword_server.domain.errors import bad_field

NAME = r"[a-z0-9][a-z0-9-]{0,39}"
RESERVED = frozenset({"inbox", "sandbox", "none"})
"""Names that deliveries bear which no vendor carries."""
MOST_WEIGHT = 1_000
MOST_ACCOUNTS = 100
"""Of one project."""
_NAME = re.compile(NAME)


class ProviderAccount(msgspec.Struct, frozen=True, kw_only=True):
    """An account as the store keeps it; `settings` are sealed under its id.

    Attributes:
        name: in its project, and in the history of deliveries for good.
        provider: the vendor's name in the registry.
        weight: its share of the messages among the healthy accounts of a step; 0 is for when no
            other is left.
    """

    project: bytes
    id: bytes
    name: str
    provider: str
    settings: bytes
    weight: int
    disabled: bool
    created_at: int
    updated_at: int

    def __repr__(self) -> str:
        return f"<ProviderAccount {self.name} {self.provider}>"

    __str__ = __repr__

    def __rich_repr__(self) -> list[tuple[str, object]]:
        return [("name", self.name), ("provider", self.provider)]


def check_name(name: str) -> str:
    """The name, if an account may have it.

    Raises:
        Problem: BAD_FIELD.
    """
    if _NAME.fullmatch(name) is None:
        detail = "`name` must be 1 to 40 of a to z, 0 to 9 and hyphens, none of them first."
        raise bad_field("name", "pattern", detail)
    if name in RESERVED:
        detail = "`name` must be another one: the server uses this for an account of its own."
        raise bad_field("name", "reserved", detail)
    return name
