"""Authentication and the cached view of the control plane.

A key, project or template that was read is trusted for one second, so that a key that another
process disabled is refused a second later at most.  What this process changes itself is
forgotten at once.  The raw secret is not kept: a key is found again by a keyed digest of the
whole Authorization header.
"""

import base64
import binascii
import hmac
from collections.abc import Awaitable, Callable
from hashlib import blake2b
from typing import Generic, TypeVar

from watchword_server.domain import ids, sandbox
from watchword_server.domain.errors import (
    FORBIDDEN,
    KEY_INACTIVE,
    UNAUTHENTICATED,
    UNKNOWN_ID,
    Problem,
)
from watchword_server.domain.project import ApiKey, Caller, Project, ip_allowed
from watchword_server.domain.route_plan import Plan
from watchword_server.domain.sealing import Keyring
from watchword_server.domain.template import Template
from watchword_server.ports.outside import Clock, Entropy
from watchword_server.ports.store import Store, Transaction

FRESH_MS = 1_000
_ENTRIES = 10_000
V = TypeVar("V")
K = TypeVar("K")


class _Fresh(Generic[K, V]):
    """Values with the ms until which they are trusted.

    `generation` counts the clearings: what was read before one is not kept after it.
    """

    def __init__(self) -> None:
        self.generation = 0
        self._entries: dict[K, tuple[int, V]] = {}

    def get(self, key: K, now: int) -> V | None:
        entry = self._entries.get(key)
        return entry[1] if entry is not None and entry[0] > now else None

    def put(self, key: K, value: V, now: int, generation: int) -> None:
        if generation != self.generation:
            return
        if len(self._entries) >= _ENTRIES:
            self._entries.clear()
        self._entries[key] = (now + FRESH_MS, value)

    def clear(self) -> None:
        self.generation += 1
        self._entries.clear()


SandboxCaller = Callable[[str, str], Awaitable[Caller]]
"""Whoever calls with a public key of the sandbox, from an address."""


class CachedDirectory:
    """`ports.Directory` over the store; without `sandbox_caller` the sandbox is off."""

    def __init__(
        self, store: Store, clock: Clock, keyring: Keyring, entropy: Entropy,
        sandbox_caller: SandboxCaller | None = None,
    ) -> None:  # fmt: skip
        self._store = store
        self._clock = clock
        self._keyring = keyring
        self._sandbox_caller = sandbox_caller
        self._key = entropy(32)
        self._callers: _Fresh[tuple[bytes, str], Caller] = _Fresh()
        self._projects: _Fresh[bytes, Project] = _Fresh()
        self._templates: _Fresh[tuple[bytes, str], Template] = _Fresh()
        self._routes: _Fresh[tuple[bytes, str], Plan] = _Fresh()

    async def authenticate(self, authorization: bytes, client_ip: str) -> Caller:
        """See `ports.Directory.authenticate`."""
        if caller := self.known_caller(authorization, client_ip):
            return caller
        now = self._clock.now()
        generation = self._callers.generation
        caller = await self._proven(authorization, client_ip, now)
        self._callers.put((self._digest(authorization), client_ip), caller, now, generation)
        return caller

    def known_caller(self, authorization: bytes, client_ip: str) -> Caller | None:
        """See `ports.Directory.known_caller`."""
        return self._callers.get((self._digest(authorization), client_ip), self._clock.now())

    async def project(self, project: bytes) -> Project:
        """See `ports.Directory.project`."""
        if known := self.known_project(project):
            return known
        now = self._clock.now()
        generation = self._projects.generation
        found = await self._store.read(lambda tx: tx.projects.get(project))
        if found is None:
            raise ids.unknown(ids.Prefix.PROJECT)
        self._projects.put(project, found, now, generation)
        return found

    def known_project(self, project: bytes) -> Project | None:
        """See `ports.Directory.known_project`."""
        return self._projects.get(project, self._clock.now())

    async def template(self, project: bytes, template: str) -> Template:
        """See `ports.Directory.template`."""
        if known := self.known_template(project, template):
            return known
        now = self._clock.now()
        generation = self._templates.generation
        found = await self._store.read(lambda tx: tx.templates.get(project, template))
        if found is None:
            raise Problem(UNKNOWN_ID, "There is no such template in this project.")
        self._templates.put((project, template), found, now, generation)
        return found

    def known_template(self, project: bytes, template: str) -> Template | None:
        """See `ports.Directory.known_template`."""
        return self._templates.get((project, template), self._clock.now())

    async def route(self, project: bytes, route: str) -> Plan:
        """See `ports.Directory.route`."""
        if known := self.known_route(project, route):
            return known
        now = self._clock.now()
        generation = self._routes.generation
        found = await self._store.read(lambda tx: tx.routes.get(project, route))
        if found is None:
            detail = "There is no such route in this project, and no channel of that name."
            raise Problem(UNKNOWN_ID, detail, extra={"field": "route"})
        self._routes.put((project, route), found, now, generation)
        return found

    def known_route(self, project: bytes, route: str) -> Plan | None:
        """See `ports.Directory.known_route`."""
        return self._routes.get((project, route), self._clock.now())

    def forget(self) -> None:
        """See `ports.Directory.forget`."""
        self._routes.clear()
        self._callers.clear()
        self._projects.clear()
        self._templates.clear()

    def _digest(self, authorization: bytes) -> bytes:
        """What a header is remembered by; secrets are not kept, nor compared byte by byte."""
        return blake2b(authorization, digest_size=32, key=self._key).digest()

    async def _proven(self, authorization: bytes, client_ip: str, now: int) -> Caller:
        """The caller whose key's secret the header holds, if it may be used now and from here."""
        dev_key, secret = _credentials(authorization)
        if dev_key in sandbox.CREDENTIALS:
            return await self._public(dev_key, secret, client_ip)
        key_id = _key_id(dev_key)
        key, project = await self._store.read(lambda tx: _key_and_project(tx, key_id))
        digest = self._keyring.secret_digest(secret)
        secrets = key.secrets if key is not None else ((b"", None),)
        good = [
            until for stored, until in secrets if hmac.compare_digest(stored, digest)
        ]  # every secret is compared, so that time tells nothing
        if key is None or project is None or not good:
            raise Problem(UNAUTHENTICATED, "The key or its secret is wrong.")
        rotated = good[0] is not None and good[0] <= now
        caller = _usable(key, project, client_ip, now)
        if rotated:
            raise Problem(KEY_INACTIVE, "This key is expired.", extra={"reason": "expired"})
        return caller

    async def caller_of(self, key: bytes, client_ip: str) -> Caller:
        """See `ports.Directory.caller_of`."""
        found, project = await self._store.read(lambda tx: _key_and_project(tx, key))
        if found is None or project is None:
            raise Problem(UNAUTHENTICATED, "The key is gone.")
        return _usable(found, project, client_ip, self._clock.now())

    async def _public(self, dev_key: str, secret: str, client_ip: str) -> Caller:
        is_known = secret == sandbox.CREDENTIALS[dev_key]  # no secret: the documentation has it
        if not is_known or self._sandbox_caller is None:
            raise Problem(UNAUTHENTICATED, "The key or its secret is wrong.")
        return await self._sandbox_caller(dev_key, client_ip)


def _usable(key: ApiKey, project: Project, client_ip: str, now: int) -> Caller:
    """The caller that a key makes, if it may be used now and from here.

    Raises:
        Problem: KEY_INACTIVE, FORBIDDEN.
    """
    expired = key.expires_at is not None and key.expires_at <= now
    if key.disabled or expired:
        state = "disabled" if key.disabled else "expired"
        raise Problem(KEY_INACTIVE, f"This key is {state}.", extra={"reason": state})
    if key.allowed_ips and not ip_allowed(key.allowed_ips, client_ip):
        raise Problem(
            FORBIDDEN,
            "This key may not be used from this address.",
            extra={"reason": "ip_not_allowed"},
        )
    return Caller(
        project=key.project,
        api_key=key.id,
        name=key.name,
        scopes=key.scopes,
        client_ip=client_ip,
        mode=project.mode,
        limits=project.limits,
        allowed_ips=key.allowed_ips,
        expires_at=key.expires_at,
    )


def _key_and_project(tx: Transaction, key_id: bytes) -> tuple[ApiKey | None, Project | None]:
    key = tx.api_keys.find(key_id)
    return key, None if key is None else tx.projects.get(key.project)


def _credentials(authorization: bytes) -> tuple[str, str]:
    """Key and secret of a Basic or Bearer header.

    Raises:
        Problem: UNAUTHENTICATED.
    """
    scheme, _, value = authorization.partition(b" ")
    read = _READERS.get(scheme.lower())
    try:
        if read is None:
            raise ValueError
        dev_key, separator, secret = read(value.strip())
        if not separator:
            raise ValueError
        return dev_key, secret
    except ValueError:
        raise Problem(
            UNAUTHENTICATED,
            "Send an Authorization header with an API key." if not authorization else _NO_KEY,
        ) from None


def _key_id(dev_key: str) -> bytes:
    try:
        return ids.parse(ids.Prefix.API_KEY, dev_key)
    except Problem:
        raise Problem(UNAUTHENTICATED, _NO_KEY) from None


_NO_KEY = "The Authorization header holds no API key."


def _basic(value: bytes) -> tuple[str, str, str]:
    try:
        return base64.b64decode(value, validate=True).decode().partition(":")
    except binascii.Error as error:
        raise ValueError from error


def _bearer(value: bytes) -> tuple[str, str, str]:
    return value.decode().partition(".")


_READERS: dict[bytes, Callable[[bytes], tuple[str, str, str]]] = {
    b"basic": _basic,
    b"bearer": _bearer,
}
