"""API keys: created, changed, rotated, deleted.  A secret is shown once and stored as a hash."""

from collections.abc import Iterable, Sequence
from ipaddress import ip_network

import msgspec

from watchword_server.domain import events, ids
from watchword_server.domain.errors import FORBIDDEN, Problem, bad_field
from watchword_server.domain.events import Data, EventType
from watchword_server.domain.project import PROJECT_SCOPES, ApiKey, Caller, Scope, is_within
from watchword_server.domain.sealing import Keyring
from watchword_server.ports.outside import Clock, Directory, Entropy
from watchword_server.ports.store import Store, Transaction

_MS = 1000
_SECRET_BYTES = 32
_MARK = "wws_"
"""What a secret begins with, so that scanners for leaked secrets can know it."""
_ID_RANDOM = 10


class Issued(msgspec.Struct, frozen=True):
    """A key with the secret that is shown this once."""

    key: ApiKey
    dev_secret: str

    @property
    def bearer(self) -> str:
        """Key and secret as one bearer value."""
        return f"{ids.text(ids.Prefix.API_KEY, self.key.id)}.{self.dev_secret}"

    def __repr__(self) -> str:
        return f"<Issued {self.key.id.hex()}>"


class ApiKeys:
    """The use cases of `/v1/api-keys`."""

    def __init__(
        self, store: Store, clock: Clock, entropy: Entropy, keyring: Keyring, directory: Directory
    ) -> None:
        self._store = store
        self._clock = clock
        self._entropy = entropy
        self._keyring = keyring
        self._directory = directory

    async def create(
        self, caller: Caller, name: str, scopes: Iterable[Scope] | None, expires_in_s: int | None,
        allowed_ips: Sequence[str], project: bytes | None = None,
    ) -> Issued:  # fmt: skip
        """A new key of the caller's project; by default with every scope of a project.

        Raises:
            Problem: FORBIDDEN for a scope the caller lacks or a project that is not its own,
                BAD_FIELD for a bad CIDR, UNKNOWN_ID for an unknown project.
        """
        now = self._clock.now()
        admin = Scope.SERVER_ADMIN in caller.scopes
        if project is not None and project != caller.project and not admin:
            raise ids.unknown(ids.Prefix.PROJECT)
        owner = (await self._directory.project(project or caller.project)).id
        default = PROJECT_SCOPES if admin else PROJECT_SCOPES & caller.scopes
        secret = self._secret()
        networks = _cidrs(allowed_ips)
        expires_at = None if expires_in_s is None else now + expires_in_s * _MS
        _within(caller, networks, expires_at)
        key = ApiKey(
            project=owner,
            id=ids.make(now, self._entropy(_ID_RANDOM)),
            name=name,
            scopes=_granted(caller, default if scopes is None else scopes),
            allowed_ips=networks,
            expires_at=expires_at,
            disabled=False,
            created_at=now,
            secrets=((self._keyring.secret_digest(secret), None),),
        )

        def unit(tx: Transaction) -> None:
            tx.api_keys.insert(key)
            _append(tx, caller, key, EventType.KEY_CREATED, now)

        await self._store.write(unit)
        return Issued(key, secret)

    async def of(self, caller: Caller) -> Sequence[ApiKey]:
        """Every key of the project."""
        return await self._store.read(lambda tx: tx.api_keys.of(caller.project))

    async def get(self, caller: Caller, key: bytes) -> ApiKey:
        """One key of the project.

        Raises:
            Problem: UNKNOWN_ID.
        """
        return await self._store.read(lambda tx: _owned(tx, caller, key))

    async def update(
        self, caller: Caller, key: bytes, name: str | None, disabled: bool | None,
        allowed_ips: Sequence[str] | None, scopes: Iterable[Scope] | None,
    ) -> ApiKey:  # fmt: skip
        """Change what is not None.

        Raises:
            Problem: UNKNOWN_ID, FORBIDDEN for a scope the caller lacks, BAD_FIELD.
        """
        changes: dict[str, object] = {}
        if name is not None:
            changes["name"] = name
        if disabled is not None:
            changes["disabled"] = disabled
        if allowed_ips is not None:
            changes["allowed_ips"] = networks = _cidrs(allowed_ips)
            _within(caller, networks, caller.expires_at)
        if scopes is not None:
            changes["scopes"] = _granted(caller, scopes)
        return await self._change(caller, key, changes)

    async def delete(self, caller: Caller, key: bytes) -> None:
        """Delete a key; it is refused at once here, within a second elsewhere.

        Raises:
            Problem: UNKNOWN_ID.
        """

        now = self._clock.now()

        def unit(tx: Transaction) -> None:
            found = _changeable(tx, caller, key)
            tx.api_keys.delete(caller.project, key)
            _append(tx, caller, found, EventType.KEY_DELETED, now)

        await self._store.write(unit)
        self._directory.forget()

    async def rotate(self, caller: Caller, key: bytes, overlap_s: int) -> Issued:
        """A new secret; the old one works for `overlap_s` more seconds.

        Raises:
            Problem: UNKNOWN_ID.
        """
        now = self._clock.now()
        secret = self._secret()
        digest = self._keyring.secret_digest(secret)

        def unit(tx: Transaction) -> ApiKey:
            old = _changeable(tx, caller, key)
            until = now + overlap_s * _MS
            kept = tuple((one, until) for one, end in old.secrets if end is None and overlap_s > 0)
            new = msgspec.structs.replace(old, secrets=((digest, None), *kept))
            tx.api_keys.update(new)
            _append(tx, caller, new, EventType.KEY_ROTATED, now)
            return new

        rotated = await self._store.write(unit)
        self._directory.forget()
        return Issued(rotated, secret)

    async def _change(self, caller: Caller, key: bytes, changes: dict[str, object]) -> ApiKey:
        now = self._clock.now()

        def unit(tx: Transaction) -> ApiKey:
            old = _changeable(tx, caller, key)
            new = msgspec.structs.replace(old, **changes)
            changed = [name for name in changes if getattr(old, name) != getattr(new, name)]
            if changed:
                tx.api_keys.update(new)
                said = " ".join(sorted(changed))
                _append(tx, caller, new, EventType.KEY_UPDATED, now, said)
            return new

        changed = await self._store.write(unit)
        self._directory.forget()
        return changed

    def _secret(self) -> str:
        return _MARK + self._entropy(_SECRET_BYTES).hex()


def _append(
    tx: Transaction, caller: Caller, key: ApiKey, type: EventType, now: int,
    changed: str | None = None,
) -> None:  # fmt: skip
    """The event of a change; who did it is told to its own project only."""
    is_own = caller.api_key and caller.project == key.project
    by = ids.text(ids.Prefix.API_KEY, caller.api_key) if is_own else "operator"
    tx.events.append(key.project, key.id, type, now, events.encode(Data(by=by, changed=changed)))


def _owned(tx: Transaction, caller: Caller, key: bytes) -> ApiKey:
    found = tx.api_keys.find(key)
    if found is None or found.project != caller.project:
        raise ids.unknown(ids.Prefix.API_KEY)
    return found


def _changeable(tx: Transaction, caller: Caller, key: bytes) -> ApiKey:
    """A key the caller may change: one that can do no more than the caller itself.

    Raises:
        Problem: UNKNOWN_ID, or FORBIDDEN, lest a key take over a stronger one.
    """
    found = _owned(tx, caller, key)
    _granted(caller, found.scopes)
    _within(caller, found.allowed_ips, found.expires_at)
    return found


def _granted(caller: Caller, scopes: Iterable[Scope]) -> frozenset[Scope]:
    """The scopes, if the caller has each of them itself: nobody grants more than they have."""
    wanted = frozenset(scopes)
    lacking = sorted(scope.value for scope in wanted - caller.scopes)
    if lacking and Scope.SERVER_ADMIN not in caller.scopes:
        raise Problem(
            FORBIDDEN,
            f"This key has not the scope {lacking[0]}, so it can neither grant nor change it.",
            extra={"scope": lacking[0]},
        )
    return wanted


def _within(caller: Caller, allowed_ips: tuple[str, ...], expires_at: int | None) -> None:
    """Refuse a key that may be used from more places, or for longer, than the caller's."""
    if Scope.SERVER_ADMIN not in caller.scopes and not is_within(caller, allowed_ips, expires_at):
        raise Problem(
            FORBIDDEN,
            "This key is restricted, and a key it makes or changes must be as much: give "
            "`allowed_ips` within its own and an `expires_in` that ends no later.",
            extra={"reason": "key_restricted"},
        )


def _cidrs(allowed_ips: Sequence[str]) -> tuple[str, ...]:
    try:
        return tuple(str(ip_network(cidr, strict=False)) for cidr in allowed_ips)
    except ValueError:
        raise bad_field(
            "allowed_ips", "cidr", "Each entry is an address or a network such as 192.0.2.0/24."
        ) from None
