"""Webhooks, as the services see them in the store.

Tenant first, as everywhere; what looks across projects is the dispatcher's.
"""

from collections.abc import Sequence
from typing import Protocol

from watchword_server.domain.events import Event
from watchword_server.domain.webhook import WebhookAttempt, WebhookDelivery, WebhookEndpoint


class WebhookEndpoints(Protocol):
    """Where events are posted to."""

    def insert(self, endpoint: WebhookEndpoint) -> bool:
        """Add it, unless its project is gone (then False)."""
        ...

    def get(self, project: bytes, endpoint: bytes) -> WebhookEndpoint | None: ...

    def of(self, project: bytes) -> Sequence[WebhookEndpoint]: ...

    def update(self, endpoint: WebhookEndpoint) -> None: ...

    def delete(self, project: bytes, endpoint: bytes) -> bool:
        """Delete it with its deliveries and their attempts."""
        ...

    def any_enabled(self) -> bool:
        """Whether any project has an endpoint that is enabled."""
        ...


class WebhookDeliveries(Protocol):
    """What is to be delivered, and the log of attempts."""

    def add(self, delivery: WebhookDelivery) -> None:
        """Add it, unless the endpoint has this event already."""
        ...

    def get(self, project: bytes, endpoint: bytes, number: int) -> WebhookDelivery | None: ...

    def update(self, delivery: WebhookDelivery) -> None:
        """Store everything of it that can change."""
        ...

    def page(
        self, project: bytes, endpoint: bytes, before: int | None, status: str | None,
        since: int, until: int, limit: int,
    ) -> Sequence[WebhookDelivery]:  # fmt: skip
        """Newest first: those with a number below `before`, made within [since, until)."""
        ...

    def claim(
        self, project: bytes, endpoint: bytes, now: int, lease_until: int, limit: int
    ) -> Sequence[WebhookDelivery]:
        """Due ones of one endpoint, the longest due first, now leased until `lease_until`."""
        ...

    def to_replay(
        self, project: bytes, endpoint: bytes, after: int, status: str | None,
        since: int, until: int, now: int, limit: int,
    ) -> Sequence[WebhookDelivery]:  # fmt: skip
        """Oldest first: those with a number above `after` that are not under way."""
        ...

    def count_to_replay(
        self, project: bytes, endpoint: bytes, status: str | None, since: int, until: int, now: int
    ) -> int:
        """How many `to_replay` would find in all."""
        ...

    def by_status(self, project: bytes, endpoint: bytes) -> dict[str, int]:
        """How many there are in each state."""
        ...

    def log(self, attempt: WebhookAttempt) -> None:
        """Add an attempt to the log."""
        ...

    def attempts(self, project: bytes, endpoint: bytes, number: int) -> Sequence[WebhookAttempt]:
        """Every attempt of one delivery, in order."""
        ...

    def event(self, project: bytes, number: int, sequence: int) -> Event | None:
        """The event at a place in the store, if it is the project's."""
        ...

    def sequence(self, event: Event) -> int:
        """The place of an event among those of its subject."""
        ...

    def agenda(self) -> Sequence[tuple[bytes, bytes, int]]:
        """(project, endpoint, ms) of every enabled endpoint for which something waits."""
        ...

    def newest_event(self) -> int:
        """The place of the newest event of any project; 0 where there is none."""
        ...

    def events_after(self, number: int, limit: int) -> Sequence[Event]:
        """The next events of any project; their sequence is not counted."""
        ...

    def cursor(self) -> int:
        """The place up to which events were looked at."""
        ...

    def move_cursor(self, number: int) -> None: ...

    def sweep(self, before: int, limit: int) -> int:
        """Forget deliveries that ended before an instant, with their attempts; how many."""
        ...
