"""The sandbox of each caller with the public keys: a hidden project of its own.

The keys are public, so whoever uses them is told apart by the client's address: nobody sees what
another one sends, changes its templates or takes its webhook.  The project is made at the first
call and keeps no address, only a keyed hash of it.
"""

from collections.abc import Sequence
from ipaddress import ip_address

import msgspec

from watchword_server.domain import ids, sandbox, strangers
from watchword_server.domain.errors import UNAUTHENTICATED, Problem
from watchword_server.domain.limits import DAY_S
from watchword_server.domain.project import Caller, Mode, Project
from watchword_server.domain.sealing import Keyring
from watchword_server.domain.template import Template
from watchword_server.ports.outside import Clock
from watchword_server.ports.store import Store, Transaction

MOST = 1_000
"""Sandboxes that are kept; the oldest goes when one more is made."""
_SUBNET_BYTES = 8
"""Of an IPv6 address: one caller has a /64 (RFC 6177)."""


class Sandboxes:
    """Finds and makes sandboxes.

    Args:
        templates: what each starts with.
        requests_per_day: how many requests each may make until midnight; None where the
            sandbox is off.
    """

    def __init__(
        self, store: Store, clock: Clock, keyring: Keyring, templates: Sequence[Template],
        requests_per_day: int | None, most: int = MOST,
    ) -> None:  # fmt: skip
        self._store = store
        self._clock = clock
        self._keyring = keyring
        self._templates = templates
        self._per_day = requests_per_day
        self._most = most

    async def caller(self, dev_key: str, client_ip: str) -> Caller:
        """Whoever called with a public key from this address.

        Raises:
            Problem: UNAUTHENTICATED where the sandbox is off.
        """
        if self._per_day is None:
            raise Problem(
                UNAUTHENTICATED,
                "The sandbox is off on this server: its operator can set WATCHWORD_SANDBOX=on.",
                extra={"reason": "sandbox_off"},
            )
        project = strangers.project_id(self._keyring.fingerprint(b"sandbox", _caller(client_ip)))
        if await self._store.read(lambda tx: tx.projects.get(project)) is None:
            await self._store.write(lambda tx: self._make(tx, project))
        return Caller(
            project=project, api_key=project, name=dev_key, scopes=sandbox.SCOPES,
            client_ip=client_ip, mode=Mode.SANDBOX,
            limits={"requests": (self._per_day, DAY_S)},
        )  # fmt: skip

    def _make(self, tx: Transaction, project: bytes) -> None:
        if tx.projects.get(project) is not None:  # another call was faster
            return
        now = self._clock.now()
        others = tx.projects.hidden()
        for one in others[: max(0, len(others) - self._most + 1)]:
            tx.projects.delete(one.id)
        name = ids.text(ids.Prefix.PROJECT, project)
        tx.projects.insert(
            Project(id=project, name=name, mode=Mode.SANDBOX, created_at=now, hidden=True)
        )
        for template in self._templates:
            tx.templates.put(project, msgspec.structs.replace(template, created_at=now))


def _caller(client_ip: str) -> bytes:
    """The part of an address that one caller has for itself."""
    try:
        address = ip_address(client_ip)
    except ValueError:
        return client_ip.encode()
    if address.version == 4:
        return address.packed
    mapped = address.ipv4_mapped
    return address.packed[:_SUBNET_BYTES] if mapped is None else mapped.packed
