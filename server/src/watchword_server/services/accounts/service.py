"""Provider accounts as their owner handles them: made, changed, asked, deleted."""

import asyncio
from collections.abc import Callable, Iterable, Sequence

import msgspec

from watchword_server.domain import ids
from watchword_server.domain.breaker import Health
from watchword_server.domain.errors import (
    CONFLICT,
    NOT_ALLOWED_HERE,
    Misconfigured,
    Problem,
    WatchwordError,
    bad_field,
)
from watchword_server.domain.ids import Prefix
from watchword_server.domain.project import Caller, Scope
from watchword_server.domain.provider_account import MOST_ACCOUNTS, ProviderAccount, check_name
from watchword_server.ports.outside import Clock, Entropy
from watchword_server.ports.providers import Field, Provider, ProviderType, Setup, Vendors
from watchword_server.ports.store import Store, Transaction
from watchword_server.services.accounts.keeper import Keeper
from watchword_server.services.accounts.secrets import (
    SettingsBox,
    Values,
    checked,
    merged,
    refusal,
    refuse_files,
    shown,
)

_ID_RANDOM = 10

SetupOf = Callable[[str, bytes], Setup]
"""What the adapter of an account is given, by the account's name and id."""


class NewAccount(msgspec.Struct, frozen=True, kw_only=True):
    """An account as it is asked for."""

    name: str
    provider: str
    settings: Values
    weight: int = 1
    disabled: bool = False

    def __repr__(self) -> str:
        return f"<NewAccount {self.name}>"


class AccountChanges(msgspec.Struct, frozen=True, kw_only=True):
    """What changes about an account; None stays, of `settings` what is left out."""

    settings: Values | None = None
    unset: tuple[str, ...] = ()
    weight: int | None = None
    disabled: bool | None = None

    def __repr__(self) -> str:
        return "<AccountChanges>"


class ShownAccount(msgspec.Struct, frozen=True, kw_only=True):
    """An account without its secrets.

    Attributes:
        broken: why it cannot be used, whatever its vendor says; None where it can.
    """

    account: ProviderAccount
    channels: tuple[str, ...]
    reports: bool
    settings: dict[str, object]
    secrets_set: tuple[str, ...]
    callback_url: str
    health: Health
    broken: str | None


class AccountMaker:
    """Makes the adapters of accounts."""

    def __init__(self, vendors: Vendors, box: SettingsBox, setup_of: SetupOf) -> None:
        self.vendors = vendors
        self._box = box
        self._setup_of = setup_of

    def make(self, account: ProviderAccount) -> Provider:
        """The adapter of a row.

        Raises:
            WatchwordError: there can be none; says why.
        """
        return self.try_out(account, self._box.open(account))

    def try_out(self, account: ProviderAccount, values: Values) -> Provider:
        """The adapter that an account would have with these settings.

        Raises:
            Problem: a setting is wrong.
            Misconfigured: there is no such provider.
        """
        settings = checked(self.vendors, account.provider, values)
        setup = self._setup_of(account.name, account.id)
        try:
            return self.vendors.make(account.provider, settings, setup)
        except Misconfigured as error:
            raise refusal(str(error), values) from None

    def callback_url(self, account: ProviderAccount) -> str:
        """Where the account's vendor reaches this server."""
        return self._setup_of(account.name, account.id).callback_url


class ProviderAccounts:
    """The use cases of `/v1/providers`, but for what asks the vendor: see `Trying`.

    Attributes:
        public_url: under which this server's pages about vendors are.
    """

    def __init__(
        self, store: Store, clock: Clock, entropy: Entropy, keeper: Keeper, maker: AccountMaker,
        box: SettingsBox, public_url: str,
    ) -> None:  # fmt: skip
        self.public_url = public_url
        self._store = store
        self._clock = clock
        self._entropy = entropy
        self._keeper = keeper
        self._maker = maker
        self._vendors = maker.vendors
        self._box = box

    async def types(self) -> Sequence[ProviderType]:
        """Every vendor an account can be made for; one whose package is broken is left out."""
        return await asyncio.to_thread(lambda: list(_described(self._vendors)))

    async def create(self, caller: Caller, new: NewAccount) -> ShownAccount:
        """A new account, usable at once.

        Raises:
            Problem: BAD_FIELD, CONFLICT where the name is taken, NOT_ALLOWED_HERE where the
                project has too many.
        """
        now = self._clock.now()
        check_name(new.name)
        await self._type(new.provider)
        _may_set(caller, new.settings)
        id = ids.make(now, self._entropy(_ID_RANDOM))
        account = ProviderAccount(
            project=caller.project, id=id, name=new.name, provider=new.provider,
            settings=self._box.seal(caller.project, id, new.settings), weight=new.weight,
            disabled=new.disabled, created_at=now, updated_at=now,
        )  # fmt: skip
        await self._try(account, new.settings)

        def unit(tx: Transaction) -> None:
            _has_room(tx, account)
            if not tx.provider_accounts.insert(account):
                raise ids.unknown(Prefix.PROJECT)

        await self._store.write(unit)
        await self._keeper.refresh()
        return await self.get(caller, id)

    async def of(self, caller: Caller) -> Sequence[ShownAccount]:
        """Every account of the project, oldest first."""
        found = await self._store.read(lambda tx: tx.provider_accounts.of(caller.project))
        await self._keeper.refresh()
        return await asyncio.to_thread(lambda: [self._shown(one) for one in found])

    async def get(self, caller: Caller, account: bytes) -> ShownAccount:
        """One account.

        Raises:
            Problem: UNKNOWN_ID.
        """
        found = await self._store.read(lambda tx: owned(tx, caller, account))
        await self._keeper.refresh()
        return await asyncio.to_thread(self._shown, found)

    async def update(self, caller: Caller, account: bytes, changes: AccountChanges) -> ShownAccount:
        """Change what is given; a secret that is null or left out stays.

        Raises:
            Problem: UNKNOWN_ID, BAD_FIELD.
        """
        now = self._clock.now()
        old = await self._store.read(lambda tx: owned(tx, caller, account))
        fields: dict[str, object] = {"updated_at": now}
        if changes.settings is not None or changes.unset:
            fields["settings"] = await self._changed(caller, old, changes)
        if changes.weight is not None:
            fields["weight"] = changes.weight
        if changes.disabled is not None:
            fields["disabled"] = changes.disabled

        def unit(tx: Transaction) -> None:
            current = owned(tx, caller, account)
            if "settings" in fields and current.settings != old.settings:
                detail = "Its settings were changed by somebody else meanwhile: try again."
                raise Problem(CONFLICT, detail, extra={"field": "settings"})
            tx.provider_accounts.update(msgspec.structs.replace(current, **fields))

        await self._store.write(unit)
        await self._keeper.refresh()
        return await self.get(caller, account)

    async def delete(self, caller: Caller, account: bytes) -> None:
        """Delete an account: what is queued for it goes to another one of its step.

        Raises:
            Problem: UNKNOWN_ID.
        """

        def unit(tx: Transaction) -> None:
            owned(tx, caller, account)
            tx.provider_accounts.delete(caller.project, account)

        await self._store.write(unit)
        await self._keeper.refresh()

    async def _changed(
        self, caller: Caller, old: ProviderAccount, changes: AccountChanges
    ) -> bytes:
        """The new settings, sealed."""
        kind = await self._type(old.provider)
        given = changes.settings or {}
        _may_set(caller, given)
        _known(changes.unset, kind.fields)
        values = merged(self._box.open(old), given, changes.unset, kind.fields)
        await self._try(old, values)
        return self._box.seal(old.project, old.id, values)

    async def _type(self, provider: str) -> ProviderType:
        """What an account may be made for.

        Raises:
            Problem: BAD_FIELD where there is no such provider.
        """
        try:
            kind = await asyncio.to_thread(self._vendors.describe, provider)
        except Misconfigured:
            kind = None
        if kind is None or kind.local:
            names = ", ".join(one.name for one in await self.types())
            raise bad_field("provider", "enum", f"`provider` must be one of: {names}.")
        return kind

    async def _try(self, account: ProviderAccount, values: Values) -> None:
        adapter = await asyncio.to_thread(self._maker.try_out, account, values)
        await adapter.aclose()

    def _shown(self, account: ProviderAccount) -> ShownAccount:
        entry = self._keeper.entry(account.id)
        adapter = entry.held.adapter() if entry else None
        settings, secrets = self._seen(account)
        return ShownAccount(
            account=account,
            channels=tuple(sorted(adapter.channels)) if adapter else (),
            reports=adapter.reports if adapter else False,
            settings=settings,
            secrets_set=secrets,
            callback_url=self._maker.callback_url(account),
            health=self._keeper.health(account.project, account.name),
            broken=entry.held.broken() if entry else None,
        )

    def _seen(self, account: ProviderAccount) -> tuple[dict[str, object], tuple[str, ...]]:
        """Its settings; nothing of an account whose vendor does not say what is secret."""
        try:
            return shown(self._box.open(account), self._vendors.describe(account.provider).fields)
        except WatchwordError:
            return {}, ()


def owned(tx: Transaction, caller: Caller, account: bytes) -> ProviderAccount:
    """The caller's account.

    Raises:
        Problem: UNKNOWN_ID.
    """
    found = tx.provider_accounts.get(caller.project, account)
    if found is None:
        raise ids.unknown(Prefix.PROVIDER)
    return found


def _described(vendors: Vendors) -> Iterable[ProviderType]:
    for name in vendors.names():
        try:
            kind = vendors.describe(name)
        except Misconfigured:
            continue
        if not kind.local:
            yield kind


def _may_set(caller: Caller, given: Values) -> None:
    if Scope.SERVER_ADMIN not in caller.scopes:
        refuse_files(given)


def _known(unset: Iterable[str], fields: Sequence[Field]) -> None:
    known = [field.name for field in fields]
    if not set(unset) <= set(known):
        detail = f"`unset` names a setting that there is not. There are: {', '.join(known)}."
        raise bad_field("unset", "unknown_field", detail)


def _has_room(tx: Transaction, account: ProviderAccount) -> None:
    if tx.provider_accounts.named(account.project, account.name) is not None:
        detail = f"There is a provider account named {account.name} already."
        raise Problem(CONFLICT, detail, extra={"field": "name"})
    if len(tx.provider_accounts.of(account.project)) >= MOST_ACCOUNTS:
        detail = f"This project has at most {MOST_ACCOUNTS} provider accounts: delete one."
        raise Problem(NOT_ALLOWED_HERE, detail, extra={"reason": "too_many_accounts"})
