"""Webhook endpoints as their owner handles them: made, changed, rotated, tested, deleted."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import msgspec

from watchword_server.domain import callbacks, ids, standard_webhooks, strangers, webhook
from watchword_server.domain.errors import NOT_ALLOWED_HERE, RATE_LIMITED, Problem, bad_field
from watchword_server.domain.ids import Prefix
from watchword_server.domain.project import Caller
from watchword_server.domain.webhook import Dialect, Disabled, EndpointSecrets, WebhookEndpoint
from watchword_server.ports.outside import Clock, Entropy
from watchword_server.ports.store import Store, Transaction
from watchword_server.services.webhooks.posting import Posting

PING_S = 5
"""A ping is answered while somebody waits (EngageLab's own limit is 3 s)."""
PINGS_PER_PROJECT = 4
PINGS = 64
"""Pings at a time: they have no place among the posts of the dispatcher, so they are few."""
MOST_ENDPOINTS = 100
_ID_RANDOM = 10
_MS = 1000


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """An endpoint as it is asked for; what is None is made or left out."""

    url: str
    description: str = ""
    dialect: Dialect = Dialect.STANDARD
    types: tuple[str, ...] = ()
    secret: str | None = None
    username: str | None = None
    authorization: str | None = None

    def __repr__(self) -> str:
        return "<Asked>"


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """What changes about an endpoint; None stays.  An empty `authorization` takes it away."""

    url: str | None = None
    description: str | None = None
    types: tuple[str, ...] | None = None
    disabled: bool | None = None
    username: str | None = None
    authorization: str | None = None

    def __repr__(self) -> str:
        return "<Changes>"


class Ping(msgspec.Struct, frozen=True):
    """What came of a ping."""

    succeeded: bool
    ms: int
    answer: int | None
    error: str | None


class IssuedEndpoint(msgspec.Struct, frozen=True):
    """An endpoint with the secret that is shown this once."""

    endpoint: WebhookEndpoint
    secret: str

    def __repr__(self) -> str:
        return f"<IssuedEndpoint {self.endpoint.id.hex()}>"


class WebhookEndpoints:
    """The use cases of `/v1/webhook-endpoints`.

    Args:
        http: whether a project's URLs may be plain http.
    """

    def __init__(
        self, store: Store, clock: Clock, entropy: Entropy, posting: Posting, *,
        http: Callable[[bytes], bool],
    ) -> None:  # fmt: skip
        self._store = store
        self._http = http
        self._clock = clock
        self._entropy = entropy
        self._posting = posting
        self._pings: Counter[bytes] = Counter()

    async def create(
        self, caller: Caller, asked: Asked, *, replaces: bool = False
    ) -> tuple[IssuedEndpoint, Ping]:
        """A new endpoint, which is then pinged: it is kept whatever it answers.

        With `replaces`, those of the same description go.

        Raises:
            Problem: BAD_FIELD, NOT_ALLOWED_HERE where the project has too many, or RATE_LIMITED
                where too many pings are under way.
        """
        with self._pinging(caller):
            return await self._created(caller, asked, replaces)

    async def _created(
        self, caller: Caller, asked: Asked, replaces: bool
    ) -> tuple[IssuedEndpoint, Ping]:
        now = self._clock.now()
        secret = _secret(asked.dialect, asked.secret, self._entropy)
        id = ids.make(now, self._entropy(_ID_RANDOM))
        sealed = self._posting.seal(caller.project, id, _secrets(asked, secret))
        endpoint = WebhookEndpoint(
            project=caller.project, id=id,
            url=webhook.check_url(asked.url, http=self._http(caller.project)),
            description=asked.description, dialect=asked.dialect,
            types=webhook.check_types(asked.types), secrets=sealed, verified=False,
            disabled=None, failing_since=None, not_before=0, after=0,
            created_at=now, updated_at=now,
        )  # fmt: skip

        def unit(tx: Transaction) -> WebhookEndpoint:
            _make_room(tx, endpoint, replaces=replaces)
            made = _from_now_on(tx, endpoint)
            if not tx.webhook_endpoints.insert(made):
                raise ids.unknown(Prefix.PROJECT)
            return made

        made = await self._store.write(unit)
        ping = await self._ping(made)
        verified = msgspec.structs.replace(made, verified=ping.succeeded)
        return IssuedEndpoint(verified, secret), ping

    async def of(self, caller: Caller) -> Sequence[WebhookEndpoint]:
        """Every endpoint of the project."""
        return await self._store.read(lambda tx: tx.webhook_endpoints.of(caller.project))

    async def get(self, caller: Caller, endpoint: bytes) -> tuple[WebhookEndpoint, dict[str, int]]:
        """One endpoint, and how many deliveries it has in each state.

        Raises:
            Problem: UNKNOWN_ID.
        """

        def query(tx: Transaction) -> tuple[WebhookEndpoint, dict[str, int]]:
            found = _owned(tx, caller, endpoint)
            return found, tx.webhook_deliveries.by_status(caller.project, endpoint)

        return await self._store.read(query)

    def secrets(self, endpoint: WebhookEndpoint) -> EndpointSecrets:
        """What an endpoint is signed with, for its own project's faces."""
        return self._posting.unseal(endpoint)

    async def update(self, caller: Caller, endpoint: bytes, changes: Changes) -> WebhookEndpoint:
        """Change what is not None; an endpoint that is enabled gets what happens from then on.

        One that moves to another origin leaves its `authorization` behind: that was for the old.

        Raises:
            Problem: UNKNOWN_ID, BAD_FIELD.
        """
        now = self._clock.now()
        fields: dict[str, object] = {"updated_at": now}
        if changes.url is not None:
            fields["url"] = webhook.check_url(changes.url, http=self._http(caller.project))
            fields["verified"] = False
        if changes.description is not None:
            fields["description"] = changes.description
        if changes.types is not None:
            fields["types"] = webhook.check_types(changes.types)

        def unit(tx: Transaction) -> WebhookEndpoint:
            old = _owned(tx, caller, endpoint)
            moves = changes.url is not None and not webhook.same_origin(old.url, changes.url)
            new = msgspec.structs.replace(self._with_secrets(old, changes, moves), **fields)
            if moves:
                new = msgspec.structs.replace(new, failing_since=None)
            if changes.disabled and old.disabled is None:
                new = msgspec.structs.replace(new, disabled=Disabled.REQUESTED)
            elif changes.disabled is False and old.disabled is not None:
                enabled = msgspec.structs.replace(
                    new, disabled=None, failing_since=None, not_before=0
                )
                new = _from_now_on(tx, enabled)
            tx.webhook_endpoints.update(new)
            return new

        return await self._store.write(unit)

    async def delete(self, caller: Caller, endpoint: bytes) -> None:
        """Delete an endpoint with its deliveries and their log.

        Raises:
            Problem: UNKNOWN_ID.
        """

        def unit(tx: Transaction) -> None:
            _owned(tx, caller, endpoint)
            tx.webhook_endpoints.delete(caller.project, endpoint)

        await self._store.write(unit)

    async def rotate(
        self, caller: Caller, endpoint: bytes, overlap_s: int, secret: str | None
    ) -> IssuedEndpoint:
        """A new secret.  A standard endpoint is signed with both for `overlap_s` seconds more.

        An EngageLab header has room for one signature only: there the new one is used at once.

        Raises:
            Problem: UNKNOWN_ID, BAD_FIELD for a secret that the dialect cannot use.
        """
        now = self._clock.now()

        def unit(tx: Transaction) -> IssuedEndpoint:
            old = _owned(tx, caller, endpoint)
            new_secret = _secret(old.dialect, secret, self._entropy)
            kept = self._posting.unseal(old)
            until = now + overlap_s * _MS
            overlaps = overlap_s > 0 and old.dialect is Dialect.STANDARD
            older = tuple((one, until) for one, end in kept.secrets if end is None and overlaps)
            secrets = msgspec.structs.replace(kept, secrets=((new_secret, None), *older))
            sealed = self._posting.seal(old.project, old.id, secrets)
            new = msgspec.structs.replace(old, secrets=sealed, updated_at=now)
            tx.webhook_endpoints.update(new)
            return IssuedEndpoint(new, new_secret)

        return await self._store.write(unit)

    async def test(self, caller: Caller, endpoint: bytes) -> Ping:
        """Ping an endpoint, also a disabled one.

        Raises:
            Problem: UNKNOWN_ID, or RATE_LIMITED where too many pings are under way.
        """
        with self._pinging(caller):
            found = await self._store.read(lambda tx: _owned(tx, caller, endpoint))
            return await self._ping(found)

    @contextmanager
    def _pinging(self, caller: Caller) -> Iterator[None]:
        """A place for a ping while it is under way."""
        if self._pings[caller.project] >= PINGS_PER_PROJECT or self._pings.total() >= PINGS:
            raise Problem(
                RATE_LIMITED, "Too many pings of webhook endpoints are under way.",
                retry_after=PING_S, extra={"limit": "pings"},
            )  # fmt: skip
        self._pings[caller.project] += 1
        try:
            yield
        finally:
            self._pings[caller.project] -= 1
            if not self._pings[caller.project]:
                del self._pings[caller.project]

    async def _ping(self, endpoint: WebhookEndpoint) -> Ping:
        id = ids.make(self._clock.now(), self._entropy(_ID_RANDOM))
        posted = await self._posting.ping(endpoint, id, PING_S)
        succeeded = posted.answer is not None and posted.answer // 100 == 2
        if succeeded and not endpoint.verified:
            await self._store.write(lambda tx: _verified(tx, endpoint))
        return Ping(succeeded, posted.ms, posted.answer, posted.error)

    def _with_secrets(
        self, endpoint: WebhookEndpoint, changes: Changes, moves: bool
    ) -> WebhookEndpoint:
        if changes.username is None and changes.authorization is None and not moves:
            return endpoint
        kept = self._posting.unseal(endpoint)
        authorization = changes.authorization
        if authorization is None and not moves:
            authorization = kept.authorization
        secrets = EndpointSecrets(
            kept.secrets,
            _username(endpoint.dialect, changes.username or kept.username),
            _authorization(endpoint.dialect, authorization),
        )
        sealed = self._posting.seal(endpoint.project, endpoint.id, secrets)
        return msgspec.structs.replace(endpoint, secrets=sealed)


def _owned(tx: Transaction, caller: Caller, endpoint: bytes) -> WebhookEndpoint:
    found = tx.webhook_endpoints.get(caller.project, endpoint)
    if found is None:
        raise ids.unknown(Prefix.WEBHOOK_ENDPOINT)
    return found


def _make_room(tx: Transaction, endpoint: WebhookEndpoint, *, replaces: bool) -> None:
    """Delete what the endpoint replaces, or refuse it where the project has too many."""
    rows, project = tx.webhook_endpoints, endpoint.project
    others = rows.of(project)
    replaced = [one for one in others if replaces and one.description == endpoint.description]
    most = strangers.most(project, strangers.ENDPOINTS, MOST_ENDPOINTS)
    if len(others) - len(replaced) >= most:
        detail = f"This project has at most {most} webhook endpoints: delete or change one."
        raise Problem(NOT_ALLOWED_HERE, detail, extra={"reason": "too_many_endpoints"})
    for one in replaced:
        rows.delete(project, one.id)


def _verified(tx: Transaction, endpoint: WebhookEndpoint) -> None:
    found = tx.webhook_endpoints.get(endpoint.project, endpoint.id)
    if found is not None and found.url == endpoint.url:
        tx.webhook_endpoints.update(msgspec.structs.replace(found, verified=True))


def _from_now_on(tx: Transaction, endpoint: WebhookEndpoint) -> WebhookEndpoint:
    """The endpoint, which gets nothing that has happened already.

    While no endpoint is enabled nobody reads events, so the first one moves the cursor here.
    """
    newest = tx.events.newest()
    if not tx.webhook_endpoints.any_enabled():
        tx.webhook_deliveries.move_cursor(newest)
    return msgspec.structs.replace(endpoint, after=newest)


def _secrets(asked: Asked, secret: str) -> EndpointSecrets:
    return EndpointSecrets(
        ((secret, None),),
        _username(asked.dialect, asked.username),
        _authorization(asked.dialect, asked.authorization),
    )


def _secret(dialect: Dialect, given: str | None, entropy: Entropy) -> str:
    """The secret that was given if the dialect can use it, else a new one."""
    if given is None:
        random = entropy(standard_webhooks.NEW_SECRET_BYTES)
        return (
            standard_webhooks.secret_from(random) if dialect is Dialect.STANDARD else random.hex()
        )
    if dialect is Dialect.STANDARD:
        try:
            standard_webhooks.key_of(given)
        except ValueError as error:
            raise bad_field("secret", "secret", f"For the secret {error}.") from None
    return given


def _username(dialect: Dialect, given: str | None) -> str | None:
    if dialect is Dialect.STANDARD:
        if given is not None:
            raise webhook.refuse_dialect("username")
        return None
    return given or callbacks.DEFAULT_USERNAME


def _authorization(dialect: Dialect, given: str | None) -> str | None:
    if given and dialect is Dialect.STANDARD:
        raise webhook.refuse_dialect("authorization")
    return given or None
