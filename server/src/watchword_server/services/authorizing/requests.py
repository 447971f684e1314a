"""Requests for access: a browser begins one and waits, an operator decides, a client gets a ticket.

Three secrets, of which only keyed hashes are kept: what the browser holds, the operator's one-time
link, and the ticket (the "authorization code" of OAuth), which is exchanged for tokens.
"""

from collections.abc import Collection, Sequence

import msgspec

from watchword_server.domain import oauth
from watchword_server.domain.errors import BAD_FIELD, UNKNOWN_ID, Problem
from watchword_server.domain.oauth import Authorization, Client, Fault, Status, Unauthorized
from watchword_server.domain.project import Scope
from watchword_server.domain.sealing import Keyring
from watchword_server.ports.outside import Clock, Entropy
from watchword_server.ports.store import Store, Transaction

_MS = 1000
_SECRET_BYTES = 32
_WORD_BYTES = 16
_KEPT_S = 86_400
"""Ended requests are kept for a day, so that the second use of a ticket is noticed."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What a client asks for."""

    redirect_uri: str
    scopes: Collection[str] | None
    state: str | None
    challenge: str
    resource: str | None
    client_ip: str


class Requests:
    """The use cases of requests; tokens are for the resource of `public_url`."""

    def __init__(
        self, store: Store, clock: Clock, entropy: Entropy, keyring: Keyring, public_url: str
    ) -> None:
        self._store = store
        self._clock = clock
        self._entropy = entropy
        self._keyring = keyring
        self._url = public_url

    async def begin(self, client: Client, asked: Asked) -> str:
        """Keep a request; what the browser waits with.

        Raises:
            Unauthorized: it asks for what nobody gets here, or too many wait.
        """
        if not oauth.is_registered(client, asked.redirect_uri):
            raise Unauthorized(Fault.INVALID_REQUEST, "The client did not register this redirect.")
        if not oauth.is_ours(asked.resource, self._url):
            raise Unauthorized(Fault.INVALID_TARGET, "Tokens are given for /mcp alone.")
        if asked.state is not None and len(asked.state) > oauth.MOST_STATE:
            raise Unauthorized(Fault.INVALID_REQUEST, "The state is too long.")
        secret, now = self._secret(), self._clock.now()
        request = Authorization(
            id=self._keyring.secret_digest(secret), word=oauth.word(self._entropy(_WORD_BYTES)),
            client=client.id, client_name=client.name, redirect_uri=asked.redirect_uri,
            scopes=" ".join(oauth.wanted(asked.scopes)), state=asked.state,
            challenge=oauth.challenged(asked.challenge), resource=oauth.resource(self._url),
            client_ip=asked.client_ip, created_at=now, expires_at=now + oauth.REQUEST_S * _MS,
        )  # fmt: skip

        def unit(tx: Transaction) -> bool:
            tx.authorizations.sweep(now - _KEPT_S * _MS)
            tx.grants.sweep(now)
            return tx.authorizations.insert(request, oauth.MOST_PENDING)

        if not await self._store.write(unit):
            raise Unauthorized(Fault.UNAVAILABLE, "Too many requests wait for the operator.")
        return secret

    async def waiting(self, secret: str) -> Authorization | None:
        """The request that a browser waits with, while it is of use."""
        id = self._keyring.secret_digest(secret)
        found = await self._store.read(lambda tx: tx.authorizations.get(id))
        return found if found is not None and found.expires_at > self._clock.now() else None

    async def ticket(self, request: Authorization) -> str | None:
        """A ticket for an approved request, in place of an earlier one; None where there is none
        to be had any more."""
        ticket, now = self._secret(), self._clock.now()
        digest, until = self._keyring.secret_digest(ticket), now + oauth.TICKET_S * _MS
        issued = await self._store.write(
            lambda tx: tx.authorizations.issue(request.id, digest, until, now)
        )
        return ticket if issued else None

    async def pending(self) -> Sequence[Authorization]:
        """What waits for the operator."""
        now = self._clock.now()
        return await self._store.read(lambda tx: tx.authorizations.pending(now))

    async def approve(
        self, word: str, project: bytes, scopes: Collection[Scope], lasts_s: int
    ) -> Authorization:
        """Grant a client what it asks for, or less.

        Raises:
            Problem: UNKNOWN_ID where nothing waits under that word; BAD_FIELD for a scope that
                was not asked for.
        """
        request = await self._granted(word, project, scopes, lasts_s)
        return await self._decide(msgspec.structs.replace(request, status=Status.APPROVED.value))

    async def deny(self, word: str) -> Authorization:
        """Refuse a client.

        Raises:
            Problem: UNKNOWN_ID.
        """
        request = await self._named(word)
        return await self._decide(msgspec.structs.replace(request, status=Status.DENIED.value))

    async def link(
        self, word: str, project: bytes, scopes: Collection[Scope], lasts_s: int
    ) -> tuple[Authorization, str]:
        """A link with which whoever opens it may decide, once, between this grant and none.

        Raises:
            Problem: as `approve`.
        """
        secret, now = self._secret(), self._clock.now()
        request = msgspec.structs.replace(
            await self._granted(word, project, scopes, lasts_s),
            link=self._keyring.secret_digest(secret),
        )
        if not await self._store.write(lambda tx: tx.authorizations.offer(request, now)):
            raise _unknown()
        return request, secret

    async def opened(self, link: str) -> Authorization | None:
        """The request behind a link that still decides; nothing changes."""
        digest, now = self._keyring.secret_digest(link), self._clock.now()
        found = await self._store.read(lambda tx: tx.authorizations.by_link(digest))
        return found if found is not None and found.expires_at > now else None

    async def decided(self, link: str, *, yes: bool) -> Authorization | None:
        """Decide by a link; None where it decides nothing any more."""
        request = await self.opened(link)
        if request is None:
            return None
        status = Status.APPROVED if yes else Status.DENIED
        try:
            return await self._decide(msgspec.structs.replace(request, status=status.value))
        except Problem:  # somebody else was faster
            return None

    async def _granted(
        self, word: str, project: bytes, scopes: Collection[Scope], lasts_s: int
    ) -> Authorization:
        request = await self._named(word)
        lacking = [scope for scope in scopes if scope.value not in request.scopes.split()]
        if lacking or not scopes:
            said = f"It asks for {request.scopes}; grant some of that, and nothing else."
            raise Problem(BAD_FIELD, said, extra={"field": "scopes"})
        granted = " ".join(one for one in request.scopes.split() if Scope(one) in scopes)
        return msgspec.structs.replace(request, project=project, granted=granted, lasts_s=lasts_s)

    async def _named(self, word: str) -> Authorization:
        heard = oauth.heard(word)
        found = await self._store.read(lambda tx: tx.authorizations.by_word(heard))
        if found is None or found.status != Status.PENDING:
            raise _unknown()
        return found

    async def _decide(self, request: Authorization) -> Authorization:
        now = self._clock.now()
        if not await self._store.write(lambda tx: tx.authorizations.decide(request, now)):
            raise _unknown()
        return request

    def _secret(self) -> str:
        return self._entropy(_SECRET_BYTES).hex()


def _unknown() -> Problem:
    said = "No request waits under that word: it was decided, or ten minutes have passed."
    return Problem(UNKNOWN_ID, said)
