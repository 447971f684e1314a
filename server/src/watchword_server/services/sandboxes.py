"""The sandbox of each caller with the public keys: a hidden project of its own.

The keys are public, so whoever uses them is told apart by the client's address: nobody sees what
another one sends, changes its templates or takes its webhook.  The project is made at the first
call and keeps no address, only a keyed hash of it.
"""

from collections.abc import Sequence

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
"""Sandboxes that are kept; the one that is idle for longest goes when one more is made."""
_NEVER = (0, b"")


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
        # When each was last called, and from which site: what may be lost with the process.
        self._seen: dict[bytes, tuple[int, bytes]] = {}

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
        own, site = strangers.network(client_ip)
        project = strangers.project_id(self._keyring.fingerprint(b"sandbox", own))
        if await self._store.read(lambda tx: tx.projects.get(project)) is None:
            for gone in await self._store.write(lambda tx: self._make(tx, project, site)):
                self._seen.pop(gone, None)
        self._seen[project] = self._clock.now(), site
        return Caller(
            project=project, api_key=project, name=dev_key, scopes=sandbox.SCOPES,
            client_ip=client_ip, mode=Mode.SANDBOX,
            limits={"requests": (self._per_day, DAY_S)}, site=site,
        )  # fmt: skip

    def _make(self, tx: Transaction, project: bytes, site: bytes) -> Sequence[bytes]:
        """Make a sandbox; which others had to go."""
        if tx.projects.get(project) is not None:  # another call was faster
            return ()
        now = self._clock.now()
        gone = self._too_many(tx.projects.hidden(), site)
        for one in gone:
            tx.projects.delete(one)
        name = ids.text(ids.Prefix.PROJECT, project)
        tx.projects.insert(
            Project(id=project, name=name, mode=Mode.SANDBOX, created_at=now, hidden=True)
        )
        for template in self._templates:
            tx.templates.put(project, msgspec.structs.replace(template, created_at=now))
        return gone

    def _too_many(self, others: Sequence[Project], site: bytes) -> Sequence[bytes]:
        """Which have to go for one more: those of its own site that are too many, or else those
        that are idle for longest."""

        def last_used(one: Project) -> int:
            return max(one.created_at, self._seen.get(one.id, _NEVER)[0])

        idle_first = [one.id for one in sorted(others, key=last_used)]
        if site:
            near = [one for one in idle_first if self._seen.get(one, _NEVER)[1] == site]
            if len(near) >= strangers.CALLERS_PER_SITE:
                return near[: len(near) - strangers.CALLERS_PER_SITE + 1]
        return idle_first[: max(0, len(idle_first) - self._most + 1)]
