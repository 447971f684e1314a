"""Tokens: a ticket is exchanged for them once, a refresh token once; a second use of either ends
the grant, because one of the two who used it is a thief (RFC 6749, 4.1.2; OAuth 2.1, 4.3.1)."""

from collections.abc import Collection, Mapping, Sequence

import msgspec

from watchword_server.domain import events, ids, oauth
from watchword_server.domain.events import Data, EventType
from watchword_server.domain.oauth import (
    MARKS,
    Authorization,
    Fault,
    Grant,
    Kind,
    Status,
    Token,
    Unauthorized,
)
from watchword_server.domain.project import ApiKey, Scope
from watchword_server.domain.sealing import Keyring
from watchword_server.ports.outside import Clock, Entropy
from watchword_server.ports.store import Store, Transaction

_MS = 1000
_SECRET_BYTES = 32
_ID_RANDOM = 10
_USED = "It was used before, so everything that came of it has ended."


class Issued(msgspec.Struct, frozen=True):
    """A pair of tokens, shown this once."""

    access: str
    refresh: str
    scopes: str
    expires_in_s: int

    def __repr__(self) -> str:
        return f"<Issued {self.scopes}>"


class Proven(msgspec.Struct, frozen=True):
    """For whom an access token stands."""

    project: bytes
    api_key: bytes
    scopes: frozenset[Scope]


class Tokens:
    """Issues, exchanges, proves and revokes tokens for the resource of `public_url`."""

    def __init__(
        self, store: Store, clock: Clock, entropy: Entropy, keyring: Keyring, public_url: str
    ) -> None:
        self._store = store
        self._clock = clock
        self._entropy = entropy
        self._keyring = keyring
        self._resource = oauth.resource(public_url)

    async def held(self, ticket: str) -> Authorization | None:
        """The request that a ticket is for, however old or used it is."""
        digest = self._keyring.secret_digest(ticket)
        return await self._store.read(lambda tx: tx.authorizations.by_ticket(digest))

    async def exchange(self, ticket: str, client: str) -> Issued:
        """The tokens for a ticket.

        Raises:
            Unauthorized: it is not this client's, or no longer good.
        """
        digest, now = self._keyring.secret_digest(ticket), self._clock.now()
        issued, rows = self._pair(now)

        def unit(tx: Transaction) -> Issued | None:
            request = tx.authorizations.by_ticket(digest)
            if request is None or request.client != client:
                return None
            key = self._key(request, now)
            if tx.projects.get(key.project) is None:
                return None
            if not tx.authorizations.spend(digest, key.id, now):
                if request.status == Status.SPENT:
                    _end(tx, request.project, request.api_key, now)
                return None
            _begin(tx, request, key, now)
            self._add(tx, key.project, key.id, dict.fromkeys(Kind, request.granted), rows)
            return msgspec.structs.replace(issued, scopes=request.granted)

        done = await self._store.write(unit)
        if done is None:
            raise Unauthorized(Fault.INVALID_GRANT, "The authorization code is not good any more.")
        return done

    async def stored(self, token: str) -> tuple[Token, Grant] | None:
        """A token of any kind and age with its grant, while the grant lasts."""
        digest = self._keyring.secret_digest(token)

        def query(tx: Transaction) -> tuple[Token, Grant] | None:
            found = tx.grants.token(digest)
            grant = None if found is None else tx.grants.get(found.project, found.api_key)
            return None if found is None or grant is None else (found, grant)

        return await self._store.read(query)

    async def refresh(self, token: str, client: str, scopes: Collection[str]) -> Issued:
        """New tokens for a refresh token, which is worth nothing afterwards.

        Raises:
            Unauthorized: it is not this client's, or no longer good.
        """
        digest, now = self._keyring.secret_digest(token), self._clock.now()
        issued, rows = self._pair(now)

        def unit(tx: Transaction) -> Issued | str:
            found = tx.grants.token(digest)
            grant = None if found is None else tx.grants.get(found.project, found.api_key)
            if found is None or grant is None or found.kind != Kind.REFRESH:
                return "The refresh token is not known."
            if grant.client != client or grant.resource != self._resource:
                return "The refresh token is another client's, or for another resource."
            if not tx.grants.spend_token(found.project, found.api_key, digest, now):
                if found.spent_at is None:
                    return "The refresh token has expired."
                _end(tx, found.project, found.api_key, now)
                return _USED
            kept = " ".join(one for one in found.scopes.split() if one in scopes)
            said = {Kind.ACCESS: kept, Kind.REFRESH: found.scopes}
            self._add(tx, found.project, found.api_key, said, rows)
            return msgspec.structs.replace(issued, scopes=kept)

        done = await self._store.write(unit)
        if isinstance(done, str):
            raise Unauthorized(Fault.INVALID_GRANT, done)
        return done

    async def prove(self, token: str) -> Proven | None:
        """Whom an access token stands for; None unless it is good here and now."""
        if not token.startswith(MARKS[Kind.ACCESS]):
            return None
        stored = await self.stored(token)
        if stored is None:
            return None
        found, grant = stored
        is_good = found.kind == Kind.ACCESS and found.expires_at > self._clock.now()
        if not is_good or grant.resource != self._resource:
            return None
        scopes = frozenset(Scope(name) for name in found.scopes.split())
        return Proven(found.project, found.api_key, scopes)

    async def of(self, project: bytes) -> Sequence[tuple[Grant, ApiKey]]:
        """The grants of a project, with their keys."""

        def query(tx: Transaction) -> Sequence[tuple[Grant, ApiKey]]:
            keys = {one.id: one for one in tx.api_keys.of(project)}
            grants = tx.grants.of(project)
            return [(one, keys[one.api_key]) for one in grants if one.api_key in keys]

        return await self._store.read(query)

    async def end(self, project: bytes, api_key: bytes) -> bool:
        """End a grant with its key and all its tokens; False where there is none."""
        now = self._clock.now()
        return await self._store.write(lambda tx: _end(tx, project, api_key, now))

    def _key(self, request: Authorization, now: int) -> ApiKey:
        return ApiKey(
            project=request.project, id=ids.make(now, self._entropy(_ID_RANDOM)),
            name=f"OAuth: {request.client_name}",
            scopes=frozenset(Scope(name) for name in request.granted.split()), allowed_ips=(),
            expires_at=now + request.lasts_s * _MS, disabled=False, created_at=now, secrets=(),
        )  # fmt: skip

    def _pair(self, now: int) -> tuple[Issued, dict[Kind, tuple[bytes, int]]]:
        """New tokens, and under which hashes and until when they are kept."""
        access, refresh = (MARKS[kind] + self._entropy(_SECRET_BYTES).hex() for kind in MARKS)
        digest = self._keyring.secret_digest
        rows = {
            Kind.ACCESS: (digest(access), now + oauth.ACCESS_S * _MS),
            Kind.REFRESH: (digest(refresh), now + oauth.REFRESH_S * _MS),
        }
        return Issued(access, refresh, "", oauth.ACCESS_S), rows

    def _add(
        self, tx: Transaction, project: bytes, api_key: bytes, scopes: Mapping[Kind, str],
        rows: Mapping[Kind, tuple[bytes, int]],
    ) -> None:  # fmt: skip
        for kind, (digest, expires_at) in rows.items():
            tx.grants.add_token(
                Token(
                    project=project,
                    api_key=api_key,
                    hash=digest,
                    kind=kind.value,
                    scopes=scopes[kind],
                    expires_at=expires_at,
                )  # fmt: skip
            )


def _begin(tx: Transaction, request: Authorization, key: ApiKey, now: int) -> None:
    tx.api_keys.insert(key)
    tx.grants.insert(
        Grant(
            project=key.project,
            api_key=key.id,
            client=request.client,
            client_name=request.client_name,
            resource=request.resource,
            created_at=now,
        )  # fmt: skip
    )
    _append(tx, key.project, key.id, EventType.KEY_CREATED, now)


def _end(tx: Transaction, project: bytes, api_key: bytes, now: int) -> bool:
    if not tx.grants.remove(project, api_key):
        return False
    if tx.api_keys.delete(project, api_key):
        _append(tx, project, api_key, EventType.KEY_DELETED, now)
    return True


def _append(tx: Transaction, project: bytes, key: bytes, type: EventType, now: int) -> None:
    tx.events.append(project, key, type, now, events.encode(Data(by="operator")))
