"""Provider accounts, as the services see them in the store."""

from collections.abc import Sequence
from typing import Protocol

from watchword_server.domain.project import Mode
from watchword_server.domain.provider_account import ProviderAccount


class ProviderAccounts(Protocol):
    """The vendors' accounts of projects; tenant first, as everywhere."""

    def insert(self, account: ProviderAccount) -> bool:
        """Add it, unless its project is gone (then False).

        The name has to be free: ask `named` in the same unit.
        """
        ...

    def get(self, project: bytes, account: bytes) -> ProviderAccount | None: ...

    def named(self, project: bytes, name: str) -> ProviderAccount | None: ...

    def of(self, project: bytes) -> Sequence[ProviderAccount]:
        """All of the project, oldest first."""
        ...

    def update(self, account: ProviderAccount) -> None:
        """Store its settings, weight, disabled and updated_at."""
        ...

    def delete(self, project: bytes, account: bytes) -> bool: ...

    def find(self, account: bytes) -> ProviderAccount | None:
        """An account of any project: a vendor's callback starts here."""
        ...

    def everywhere(self) -> Sequence[tuple[ProviderAccount, Mode]]:
        """Those of every project, with its mode."""
        ...

    def version(self) -> int:
        """A number that changes with every change of an account or of a project's mode."""
        ...
