"""The accounts in memory: what the hot path asks, without waiting.

The rows of every project are read again when they have changed: at once after a change of this
process, within a second after one of another.  What was read is replaced as a whole, so threads
may ask while it happens.  An adapter is made when somebody first needs it, and again when its
settings were changed; the old one is closed once no hand-over can be using it any more.
"""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Container, Hashable, Iterator, Sequence

import msgspec

from watchword_server.domain.breaker import Health
from watchword_server.domain.errors import Misconfigured, WatchwordError
from watchword_server.domain.project import Mode
from watchword_server.domain.provider_account import ProviderAccount
from watchword_server.domain.routing import Outcome, Step
from watchword_server.ports.providers import Provider
from watchword_server.ports.store import Store, Transaction
from watchword_server.services.accounts.choosing import Candidate, Choosing
from watchword_server.telemetry import get_logger

LINGER_S = 15.0
"""Longer than a hand-over can take, from the look-up of its account to its end."""
_log = get_logger("accounts")

Make = Callable[[ProviderAccount], Provider]
"""The adapter of an account; raises WatchwordError where there can be none."""


class Own(msgspec.Struct, frozen=True):
    """The server's own accounts: they have no rows.

    Attributes:
        inbox: of development projects.
        magic: of sandboxes.
        outside: offered to every live project under their own names.
    """

    inbox: Provider
    magic: Provider
    outside: tuple[Provider, ...] = ()


class Held:
    """One account's adapter, made on first use."""

    def __init__(self, account: ProviderAccount, make: Make) -> None:
        self._account = account
        self._make = make
        self._lock = threading.Lock()
        self._is_made = False
        self._adapter: Provider | None = None
        self._broken: str | None = None

    @property
    def settings(self) -> bytes:
        """What it is made of."""
        return self._account.settings

    @property
    def open(self) -> Provider | None:
        """The adapter, if it was made."""
        return self._adapter

    def adapter(self) -> Provider | None:
        """The adapter; None where there can be none."""
        if not self._is_made:
            with self._lock:
                if not self._is_made:
                    self._try()
                    self._is_made = True
        return self._adapter

    def broken(self) -> str | None:
        """Why there can be no adapter."""
        self.adapter()
        return self._broken

    def _try(self) -> None:
        try:
            self._adapter = self._make(self._account)
        except WatchwordError as error:
            self._broken = str(error) or type(error).__name__
        except Exception as error:
            self._broken = f"it cannot be made ({type(error).__name__})"
        if self._broken is not None:
            _log.warning("account.broken", account=self._account.name, reason=self._broken)


class Entry(msgspec.Struct, frozen=True):
    """An account as it was last read."""

    account: ProviderAccount
    mode: Mode
    held: Held

    @property
    def is_used(self) -> bool:
        """Whether messages may go to it."""
        return self.mode is Mode.LIVE and not self.account.disabled


_Names = dict[str, Entry]


class _Snapshot:
    """Everything that was read at one version, and what follows from it."""

    def __init__(self, version: int, entries: Sequence[Entry]) -> None:
        self.version = version
        self.by_id = {entry.account.id: entry for entry in entries}
        self.by_project: dict[bytes, _Names] = {}
        for entry in entries:
            self.by_project.setdefault(entry.account.project, {})[entry.account.name] = entry
        self.candidates: dict[tuple[bytes, str], tuple[Candidate, ...]] = {}


class Keeper:
    """`ports.Accounts`; `refresh` is for one event loop, everything else for any thread.

    Attributes:
        turned: told when an account's breaker has opened or closed: project, name, health.
        generation: changes with every change of what is kept.
    """

    def __init__(
        self, store: Store, make: Make, own: Own, choosing: Choosing, *,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:  # fmt: skip
        if any(one.prompt and not one.local for one in (own.inbox, *own.outside, own.magic)):
            raise Misconfigured("a provider that leaves this machine cannot be prompt")
        self.turned: Callable[[bytes, str, Health], None] | None = None
        self.generation = 0
        self.changed = asyncio.Event()
        self._store = store
        self._make = make
        self._choosing = choosing
        self._asking = threading.Lock()
        self._sleep = sleep
        self._named = {one.name: one for one in (own.inbox, *own.outside, own.magic)}
        self._outside = own.outside
        self._local = {Mode.DEVELOPMENT: own.inbox, Mode.SANDBOX: own.magic}
        self._at_home = frozenset({own.inbox.name, own.magic.name})
        self._snapshot = _Snapshot(-1, ())
        self._refreshing = asyncio.Lock()
        self._retired: dict[asyncio.Task[None], Provider] = {}

    # ---- ports.Accounts -------------------------------------------------------------------------

    def carries(self, project: bytes, mode: Mode, step: Step) -> bool:
        """See `ports.Accounts.carries`."""
        local = self._local.get(mode)
        if local is not None:
            return step.channel in local.channels
        return bool(self._of_step(project, step))

    def pick(
        self, project: bytes, mode: Mode, step: Step, tried: Container[str] = ()
    ) -> str | None:
        """See `ports.Accounts.pick`."""
        local = self._local.get(mode)
        if local is not None:
            fits = step.channel in local.channels and local.name not in tried
            return local.name if fits else None
        candidates = self._of_step(project, step)
        with self._asking:
            return self._choosing.pick(candidates, tried)

    def named(self, project: bytes, name: str) -> Provider | None:
        """See `ports.Accounts.named`."""
        if name not in self._at_home:
            entry = self._snapshot.by_project.get(project, {}).get(name)
            if entry is not None:
                return entry.held.adapter() if entry.is_used else None
        return self._named.get(name)

    def told(self, project: bytes, name: str, outcome: Outcome) -> None:
        """See `ports.Accounts.told`."""
        if name in self._at_home:
            return
        key = self._key(project, name)
        with self._asking:
            has_turned = self._choosing.told(key, outcome)
        if has_turned:
            health = self.health(project, name)
            _log.warning("account.turned", account=name, state=health.state.value)
            if self.turned is not None:
                self.turned(project, name, health)

    # ---- what others ask ------------------------------------------------------------------------

    def health(self, project: bytes, name: str) -> Health:
        """How an account is doing by what this process has seen."""
        with self._asking:
            return self._choosing.health(self._key(project, name))

    def called(self, account: bytes) -> tuple[bytes, Provider] | None:
        """The project and the adapter of the account with this id, also of one that is disabled:
        what its vendor reports is about messages that it was given before."""
        entry = self._snapshot.by_id.get(account)
        adapter = None if entry is None else entry.held.adapter()
        return None if entry is None or adapter is None else (entry.account.project, adapter)

    def entry(self, account: bytes) -> Entry | None:
        """The account of any project with this id."""
        return self._snapshot.by_id.get(account)

    def used(self) -> Iterator[Entry]:
        """The accounts that messages may go to."""
        return (entry for entry in self._snapshot.by_id.values() if entry.is_used)

    def own(self) -> tuple[Provider, ...]:
        """The server's own accounts that leave this machine."""
        return self._outside

    # ---- keeping up -----------------------------------------------------------------------------

    async def refresh(self) -> bool:
        """Read the accounts again if they have changed; whether they had."""
        async with self._refreshing:
            known = self._snapshot.version
            read = await self._store.read(lambda tx: _changed(tx, known))
            if read is None:
                return False
            version, rows = read
            self._replace(version, rows)
            return True

    def _replace(self, version: int, rows: Sequence[tuple[ProviderAccount, Mode]]) -> None:
        old = self._snapshot.by_id
        entries = [Entry(account, mode, self._held(account)) for account, mode in rows]
        self._snapshot = _Snapshot(version, entries)
        self.generation += 1
        kept = {id(entry.held) for entry in entries}
        for account, entry in old.items():
            if id(entry.held) not in kept:
                with self._asking:
                    self._choosing.forget(account)
                self._retire(entry.held)
        self.changed.set()

    def _held(self, account: ProviderAccount) -> Held:
        known = self._snapshot.by_id.get(account.id)
        if known is not None and known.held.settings == account.settings:
            return known.held
        return Held(account, self._make)

    def _retire(self, held: Held) -> None:
        adapter = held.open
        if adapter is not None:
            task = asyncio.create_task(self._close_later(adapter))
            self._retired[task] = adapter
            task.add_done_callback(lambda done: self._retired.pop(done, None))

    async def _close_later(self, adapter: Provider) -> None:
        await self._sleep(LINGER_S)
        await _close(adapter)

    async def aclose(self) -> None:
        """Close every adapter."""
        retired = dict(self._retired)
        for task in retired:
            task.cancel()
        await asyncio.gather(*retired, return_exceptions=True)
        entries = self._snapshot.by_id.values()
        made = [entry.held.open for entry in entries if entry.held.open is not None]
        for adapter in (*self._named.values(), *made, *retired.values()):
            await _close(adapter)

    # ---- candidates -----------------------------------------------------------------------------

    def _of_step(self, project: bytes, step: Step) -> Sequence[Candidate]:
        candidates = self._candidates(project, step.channel)
        if not step.accounts:
            return candidates
        return [one for one in candidates if one.name in step.accounts]

    def _candidates(self, project: bytes, channel: str) -> Sequence[Candidate]:
        snapshot = self._snapshot
        owner = project if project in snapshot.by_project else b""
        known = snapshot.candidates.get((owner, channel))
        if known is None:
            found = self._find(snapshot.by_project.get(owner, {}), channel)
            known = snapshot.candidates[owner, channel] = tuple(found)
        return known

    def _find(self, own: _Names, channel: str) -> Iterator[Candidate]:
        for name, entry in own.items():
            if entry.is_used and (made := entry.held.adapter()) and channel in made.channels:
                yield Candidate(entry.account.id, name, entry.account.weight)
        for one in self._outside:
            if one.name not in own and channel in one.channels:
                yield Candidate(one.name, one.name)

    def _key(self, project: bytes, name: str) -> Hashable:
        entry = self._snapshot.by_project.get(project, {}).get(name)
        return name if entry is None else entry.account.id


def _changed(
    tx: Transaction, known: int
) -> tuple[int, Sequence[tuple[ProviderAccount, Mode]]] | None:
    version = tx.provider_accounts.version()
    return None if version == known else (version, tx.provider_accounts.everywhere())


async def _close(adapter: Provider) -> None:
    try:
        await adapter.aclose()
    except Exception as error:
        _log.warning("account.close_failed", account=adapter.name, error=type(error).__name__)
