"""Reading what is there: messages with their timeline, the inbox; and unlocking."""

from collections.abc import Container, Sequence

import msgspec

from watchword_server.domain import address as addresses
from watchword_server.domain import ids, sandbox
from watchword_server.domain.address import InvalidAddress
from watchword_server.domain.delivery import Delivery
from watchword_server.domain.errors import NOT_ALLOWED_HERE, Problem, bad_field
from watchword_server.domain.events import Event
from watchword_server.domain.numbering import Numbering
from watchword_server.domain.project import Caller, Mode
from watchword_server.domain.sealing import Keyring
from watchword_server.domain.verification import Details, Status, Verification, as_of
from watchword_server.ports.inbound import KeptReport
from watchword_server.ports.outside import Clock, Directory
from watchword_server.ports.records import InboxBody, InboxMessage
from watchword_server.ports.store import Store, Transaction

_PAGE = 100
_details = msgspec.msgpack.Decoder(Details).decode
_body = msgspec.msgpack.Decoder(InboxBody).decode


class Timeline(msgspec.Struct, frozen=True):
    """A verification with everything that happened to it.

    `next_send_at` (ms) is None once it has ended; `is_bound`: to an amount and a payee.
    """

    verification: Verification
    next_send_at: int | None
    metadata: dict[str, str]
    deliveries: Sequence[Delivery]
    reports: Sequence[KeptReport]
    events: Sequence[Event]
    is_bound: bool = False


class InboxItem(msgspec.Struct, frozen=True):
    """A message that stayed on this machine, opened."""

    id: bytes
    verification: bytes
    to: str
    channel: str
    text: str
    code: str
    at: int

    def __repr__(self) -> str:
        return f"<InboxItem {self.id.hex()}>"


class Reading:
    """The read side.  It writes nothing, but for `unlock`."""

    def __init__(
        self, store: Store, clock: Clock, keyring: Keyring, numbering: Numbering,
        directory: Directory,
    ) -> None:  # fmt: skip
        self._store = store
        self._clock = clock
        self._keyring = keyring
        self._numbering = numbering
        self._directory = directory

    async def message(self, caller: Caller, verification: bytes) -> Timeline:
        """One verification.

        Raises:
            Problem: UNKNOWN_ID.
        """
        project, now = caller.project, self._clock.now()

        def query(tx: Transaction) -> Timeline | None:
            found = tx.verifications.get(project, verification)
            if found is None:
                return None
            found = as_of(found, now)
            is_pending = found.status is Status.PENDING
            live = tx.live.get(project, verification) if is_pending else None
            details = _details(self._keyring.unseal(project, verification, found.details))
            return Timeline(
                found,
                live.next_send_at if live else None,
                details.metadata,
                tx.deliveries.of(project, verification),
                tx.reports.of(project, verification),
                tx.events.of(project, verification),
                live is not None and bool(live.binding),
            )

        timeline = await self._store.read(query)
        if timeline is None:
            raise ids.unknown(ids.Prefix.VERIFICATION)
        return timeline

    async def messages(
        self, caller: Caller, status: str | None, before: bytes | None, limit: int
    ) -> Sequence[Verification]:
        """Verifications of the project, newest first."""
        now = self._clock.now()
        found = await self._store.read(
            lambda tx: tx.verifications.page(caller.project, before, status, now, limit)
        )
        return [as_of(one, now) for one in found]

    async def inbox(
        self, caller: Caller, to: str | None, before: bytes | None, limit: int
    ) -> Sequence[InboxItem]:
        """Messages of a project that is not live, codes and all, newest first.

        Raises:
            Problem: NOT_ALLOWED_HERE in a live project, BAD_FIELD for a bad address.
        """
        project = await self._directory.project(caller.project)
        if project.mode is Mode.LIVE:
            raise Problem(
                NOT_ALLOWED_HERE, "A live project has no inbox.", extra={"reason": "live_project"}
            )
        if to is not None and project.mode is Mode.SANDBOX:
            identity = self._parsed(to, sandbox.MAGIC).identity
            return await self._picked(caller.project, identity, before, limit)
        index = None if to is None else self._index(caller.project, to)
        rows = await self._store.read(
            lambda tx: tx.inbox.page(caller.project, index, before, limit)
        )
        return [self._opened(row) for row in rows]

    async def _picked(
        self, project: bytes, identity: str, before: bytes | None, limit: int
    ) -> Sequence[InboxItem]:
        """Those to one recipient, where every message has an index of its own."""
        found: list[InboxItem] = []
        while len(found) < limit:
            rows = await self._page(project, before)
            found += [one for one in map(self._opened, rows) if one.to.lower() == identity]
            if len(rows) < _PAGE:
                break
            before = rows[-1].id
        return found[:limit]

    async def _page(self, project: bytes, before: bytes | None) -> Sequence[InboxMessage]:
        return await self._store.read(lambda tx: tx.inbox.page(project, None, before, _PAGE))

    async def unlock(self, caller: Caller, to: str) -> str:
        """Forget the failed checks of an address; its masked form.

        Raises:
            Problem: BAD_FIELD for a bad address.
        """
        index = self._index(caller.project, to)
        await self._store.write(lambda tx: tx.addresses.unlock(caller.project, index))
        return addresses.mask(self._parsed(to).value)

    def _parsed(self, to: str, magic: Container[str] = frozenset()) -> addresses.Address:
        try:
            return addresses.parse(to, self._numbering, magic=magic)
        except InvalidAddress as error:
            raise bad_field("to", error.rule, f"{error}.") from None

    def _index(self, project: bytes, to: str) -> bytes:
        return self._keyring.blind_index(project, self._parsed(to).identity)

    def _opened(self, row: InboxMessage) -> InboxItem:
        body = _body(self._keyring.unseal(row.project, row.id, row.body))
        return InboxItem(
            row.id, row.verification, body.to, row.channel, body.text, body.code, row.at
        )
