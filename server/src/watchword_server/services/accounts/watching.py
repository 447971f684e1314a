"""The accounts as the watcher sees them: `ports.alerts.Watch`."""

from collections.abc import Iterator

from watchword_server.domain.breaker import State
from watchword_server.ports.alerts import Watched
from watchword_server.services.accounts.keeper import Keeper


class Watching:
    """Those that messages may go to, with what this process has seen of them."""

    def __init__(self, accounts: Keeper) -> None:
        self._accounts = accounts

    def watched(self) -> Iterator[Watched]:
        """See `ports.alerts.Watch.watched`; one that is being probed is still down."""
        kept = self._accounts
        for one in kept.own():
            is_down = kept.health(b"", one.name).state is not State.CLOSED
            yield Watched(None, one.name, is_down, one)
        for entry in kept.used():
            project, name = entry.account.project, entry.account.name
            is_down = kept.health(project, name).state is not State.CLOSED
            yield Watched(project, name, is_down, entry.held.adapter())
