"""The database, as the services see it.

Tenant first: every method that reads or writes a project's rows takes the project first.  The
exceptions look across projects because they must: authentication finds the project of a key,
and the worker sweeps what is due.
"""

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from watchword_server.domain.delivery import Delivery
from watchword_server.domain.events import Event
from watchword_server.domain.project import ApiKey, Project
from watchword_server.domain.template import Template
from watchword_server.domain.verification import Live, Verification
from watchword_server.ports.accounts import ProviderAccounts
from watchword_server.ports.alerts import Alerts, Tallies
from watchword_server.ports.authorizing import Authorizations, Grants
from watchword_server.ports.idempotency import IdempotencyKeys
from watchword_server.ports.inbound import IncomingMessages, OptOuts, Reports
from watchword_server.ports.records import (
    AddressState,
    Checkable,
    InboxMessage,
    Work,
)
from watchword_server.ports.routes import Routes
from watchword_server.ports.webhooks import WebhookDeliveries, WebhookEndpoints

T = TypeVar("T")
Span = tuple[str, str]
"""Types of events from the first word up to, and without, the second."""


class LiveVerifications(Protocol):
    """Pending verifications: at most one per project and address."""

    def insert(self, live: Live) -> bool:
        """Add it, unless the address has one already or the project is gone (then False)."""
        ...

    def insert_fresh(self, live: Live) -> bool:
        """The same, and not where anything is remembered of its address (`Addresses.get`)."""
        ...

    def get(self, project: bytes, verification: bytes) -> Live | None: ...

    def of_address(self, project: bytes, address: bytes) -> Live | None: ...

    def checkable(
        self, project: bytes, verification: bytes, now: int, failures_since: int,
        max_failures: int, max_consecutive: int,
    ) -> Checkable | None:  # fmt: skip
        """The verification if a submitted code may be evaluated.

        None where it may not: ended, expired, exhausted, or the address is locked.
        What was read here decides nothing: `count_check` and `approve` do, on the same condition.
        Units are serial here; a store whose units interleave must hold the row from this call on.
        """
        ...

    def count_check(
        self, project: bytes, verification: bytes, now: int, failures_since: int,
        max_failures: int, max_consecutive: int,
    ) -> bool:  # fmt: skip
        """Count an evaluated wrong code, in one conditional statement."""
        ...

    def approve(
        self, project: bytes, verification: bytes, now: int, failures_since: int,
        max_failures: int, max_consecutive: int,
    ) -> bool:  # fmt: skip
        """Take it out for a right code, in one conditional statement; True for one caller only."""
        ...

    def count_send(
        self, project: bytes, verification: bytes, now: int, next_send_at: int, max_sends: int
    ) -> Live | None:
        """Count one more send, if the cool-down is over and sends are left."""
        ...

    def take_step(self, project: bytes, verification: bytes, step: int) -> None:
        """Move the verification to a later step of its route."""
        ...

    def remove(self, project: bytes, verification: bytes) -> bool:
        """Take it out, secrets and all; True for one caller only: who ends the verification."""
        ...

    def expired(self, now: int, limit: int) -> Sequence[tuple[bytes, bytes]]:
        """(project, id) of those whose time has passed, of any project."""
        ...


class Verifications(Protocol):
    """Ended verifications, and the view over both."""

    def insert(self, verification: Verification) -> None: ...

    def get(self, project: bytes, verification: bytes) -> Verification | None:
        """Pending or ended."""
        ...

    def page(
        self, project: bytes, before: bytes | None, status: str | None, now: int, limit: int
    ) -> Sequence[Verification]:
        """Newest first, pending and ended, those with an id below `before`.

        A pending one whose time has passed at `now` counts as expired.
        """
        ...


class Deliveries(Protocol):
    """Delivery attempts of verifications."""

    def insert(self, delivery: Delivery) -> None: ...

    def get(self, project: bytes, verification: bytes, number: int) -> Delivery | None: ...

    def update(self, delivery: Delivery) -> None:
        """Store its status, reason, raw, reference and updated_at."""
        ...

    def of(self, project: bytes, verification: bytes) -> Sequence[Delivery]:
        """All of one verification, in order."""
        ...


class Events(Protocol):
    """What happened, append-only."""

    def append(self, project: bytes, subject: bytes, type: str, at: int, data: bytes) -> None:
        """Add an event at the end; its place is its subject's next sequence number."""
        ...

    def of(self, project: bytes, subject: bytes) -> Sequence[Event]: ...

    def at(self, project: bytes, number: int) -> Event | None:
        """The event at that place."""
        ...

    def before(
        self, project: bytes, place: int, floor: int, types: Span, limit: int
    ) -> Sequence[Event]:
        """Those of the types below `place` and not below `floor`, newest first."""
        ...

    def of_before(
        self, project: bytes, subject: bytes, place: int, types: Span, limit: int
    ) -> Sequence[Event]:
        """The same for one subject, however far back."""
        ...

    def after(
        self, project: bytes, place: int, ceiling: int, types: Span, limit: int
    ) -> Sequence[Event]:
        """Those of the types above `place` and not above `ceiling`, oldest first."""
        ...

    def newest(self) -> int:
        """The last place in the store, of any project's event; 0 where there is none."""
        ...


class WorkQueue(Protocol):
    """Due work: a row is there until it is done."""

    def add(self, work: Work) -> None: ...

    def claim(self, now: int, lease_until: int, limit: int) -> Sequence[Work]:
        """Due rows of any project, now leased until `lease_until`, oldest first."""
        ...

    def done(self, work: Work) -> bool:
        """Remove a claimed row; False where the lease was lost to another."""
        ...

    def all_done(self, works: Sequence[Work]) -> bool:
        """Remove claimed rows; False where one of the leases was lost (undo the unit then)."""
        ...

    def release(self, project: bytes, verification: bytes) -> None:
        """Give back the only claim on a verification's work: nobody has begun it."""
        ...

    def next_due(self) -> int | None:
        """When the next row is due."""
        ...


class Addresses(Protocol):
    """What is remembered about addresses, by blind index."""

    def get(self, project: bytes, address: bytes, failures_since: int) -> AddressState | None:
        """Its state, or None for an address nothing is remembered of."""
        ...

    def failed_check(self, project: bytes, address: bytes, at: int, id: bytes) -> None:
        """Count a failed check."""
        ...

    def proven(self, project: bytes, address: bytes) -> None:
        """A right code: clear the consecutive count and nothing else."""
        ...

    def sent(self, project: bytes, address: bytes, sends: int, next_send_at: int) -> None:
        """Remember the ladder of a verification that ended without approval."""
        ...

    def unlock(self, project: bytes, address: bytes) -> None:
        """Forget failures; an operator's act."""
        ...

    def sweep(self, ladders_before: int, failures_before: int, limit: int) -> int:
        """Forget ladders and failures older than these instants; how many rows went."""
        ...


class Inbox(Protocol):
    """Messages that stayed on this machine."""

    def add(self, message: InboxMessage) -> None: ...

    def page(
        self, project: bytes, address: bytes | None, before: bytes | None, limit: int
    ) -> Sequence[InboxMessage]:
        """Newest first."""
        ...

    def sweep(self, before: int, limit: int) -> int:
        """Delete messages older than `before`; how many went."""
        ...


class Projects(Protocol):
    """Tenants."""

    def insert(self, project: Project) -> bool:
        """Add it, unless the name is taken (then False)."""
        ...

    def get(self, project: bytes) -> Project | None: ...

    def all(self) -> Sequence[Project]:
        """Every project but the hidden ones."""
        ...

    def hidden(self) -> Sequence[Project]:
        """The hidden ones, oldest first."""
        ...

    def update(self, project: Project) -> None: ...

    def delete(self, project: bytes) -> bool:
        """Delete it with every row it owns."""
        ...


class ApiKeys(Protocol):
    """API keys of projects."""

    def insert(self, key: ApiKey) -> None: ...

    def find(self, key: bytes) -> ApiKey | None:
        """A key of any project: authentication starts here."""
        ...

    def of(self, project: bytes) -> Sequence[ApiKey]: ...

    def update(self, key: ApiKey) -> None: ...

    def delete(self, project: bytes, key: bytes) -> bool: ...


class Templates(Protocol):
    """Templates of projects: each in the version that is in use, and all versions."""

    def put(self, project: bytes, template: Template) -> None:
        """Keep this version and bring it into use."""
        ...

    def keep(self, project: bytes, template: Template) -> None:
        """Keep this version beside the one in use."""
        ...

    def get(self, project: bytes, template: str) -> Template | None:
        """The version in use."""
        ...

    def of(self, project: bytes) -> Sequence[Template]:
        """Every template in the version in use."""
        ...

    def version(self, project: bytes, template: str, version: int) -> Template | None: ...

    def versions(self, project: bytes, template: str, limit: int) -> Sequence[Template]:
        """Newest first."""
        ...

    def newest(self, project: bytes) -> Sequence[Template]:
        """Every template in its newest version."""
        ...

    def delete(self, project: bytes, template: str) -> bool:
        """Delete it with every version."""
        ...


class Transaction(Protocol):
    """One atomic unit: all of it is committed, or none."""

    @property
    def live(self) -> LiveVerifications: ...
    @property
    def verifications(self) -> Verifications: ...
    @property
    def deliveries(self) -> Deliveries: ...
    @property
    def events(self) -> Events: ...
    @property
    def work(self) -> WorkQueue: ...
    @property
    def addresses(self) -> Addresses: ...
    @property
    def inbox(self) -> Inbox: ...
    @property
    def projects(self) -> Projects: ...
    @property
    def api_keys(self) -> ApiKeys: ...
    @property
    def templates(self) -> Templates: ...
    @property
    def routes(self) -> Routes: ...
    @property
    def idempotency_keys(self) -> IdempotencyKeys: ...
    @property
    def webhook_endpoints(self) -> WebhookEndpoints: ...
    @property
    def webhook_deliveries(self) -> WebhookDeliveries: ...
    @property
    def provider_accounts(self) -> ProviderAccounts: ...
    @property
    def reports(self) -> Reports: ...
    @property
    def incoming(self) -> IncomingMessages: ...
    @property
    def opt_outs(self) -> OptOuts: ...
    @property
    def alerts(self) -> Alerts: ...
    @property
    def tallies(self) -> Tallies: ...
    @property
    def authorizations(self) -> Authorizations: ...
    @property
    def grants(self) -> Grants: ...


class Store(Protocol):
    """The database.  Nothing is answered before its commit."""

    async def write(self, unit: Callable[[Transaction], T]) -> T:
        """Run `unit` atomically and return its result once it is durable.

        An exception raised by `unit` undoes that unit alone and is raised here.

        Raises:
            StoreUnavailable: the commit failed; nothing of the unit was done.
        """
        ...

    async def read(self, query: Callable[[Transaction], T]) -> T:
        """Run `query` on a snapshot, without waiting for writers."""
        ...
