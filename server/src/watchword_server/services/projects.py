"""Projects: made with their templates, renamed, switched, deleted."""

from collections.abc import Sequence

import msgspec

from watchword_server.domain import ids
from watchword_server.domain.errors import CONFLICT, Problem, bad_field
from watchword_server.domain.events import Data, EventType, encode
from watchword_server.domain.project import Mode, Project
from watchword_server.domain.quiet_hours import Marketing
from watchword_server.domain.template import Template
from watchword_server.domain.template_review import AutoApprove, approves_itself, as_live, in_use
from watchword_server.ports.outside import Clock, Directory, Entropy
from watchword_server.ports.store import Store, Transaction

_ID_RANDOM = 10
_EVERY_VERSION = 1_000_000


class Projects:
    """The use cases of `/v1/projects`.

    Args:
        templates: what every new project starts with.
        sandbox_templates: what those of mode sandbox have besides.
        limits: the names of the limits a project may override.
        auto_approve: in which projects templates need no person's yes.
    """

    def __init__(
        self, store: Store, clock: Clock, entropy: Entropy, directory: Directory,
        templates: Sequence[Template], sandbox_templates: Sequence[Template],
        limits: frozenset[str], auto_approve: AutoApprove,
    ) -> None:  # fmt: skip
        self._store = store
        self._clock = clock
        self._entropy = entropy
        self._directory = directory
        self._templates = templates
        self._sandbox_templates = sandbox_templates
        self._limits = limits
        self._auto_approve = auto_approve

    async def create(self, name: str, mode: Mode) -> Project:
        """A new project with the built-in templates.

        Raises:
            Problem: CONFLICT where the name is taken.
        """
        now = self._clock.now()
        id = ids.make(now, self._entropy(_ID_RANDOM))
        project = Project(id=id, name=name, mode=mode, created_at=now)

        def unit(tx: Transaction) -> None:
            if not tx.projects.insert(project):
                raise _taken(name)
            more = self._sandbox_templates if mode is Mode.SANDBOX else ()
            for template in (*self._templates, *more):
                tx.templates.put(project.id, msgspec.structs.replace(template, created_at=now))

        await self._store.write(unit)
        return project

    async def all(self) -> Sequence[Project]:
        """Every project of the server, oldest first."""
        return await self._store.read(lambda tx: tx.projects.all())

    async def get(self, project: bytes) -> Project:
        """One project.

        Raises:
            Problem: UNKNOWN_ID.
        """
        return await self._directory.project(project)

    async def update(
        self, project: bytes, name: str | None, mode: Mode | None,
        limits: dict[str, tuple[int, int]] | None, link_domains: tuple[str, ...] | None = None,
        marketing: Marketing | None = None,
        daily_budget: str | None = None, low_balance: str | None = None,
    ) -> Project:  # fmt: skip
        """Change what is not None; `limits` maps a limit's name to (count, period in seconds), and
        an empty amount takes it away.

        Once it is live, templates that were approved by the setting alone wait for a person.

        Raises:
            Problem: UNKNOWN_ID, CONFLICT where the name is taken, BAD_FIELD for an unknown limit.
        """
        for limit, (count, period) in (limits or {}).items():
            if limit not in self._limits:
                known = ", ".join(sorted(self._limits))
                raise bad_field("limits", "limit", f"There is no such limit; known: {known}.")
            if count < 1 or period < 1:
                raise bad_field("limits", "positive", "Count and period are at least 1.")
        wanted = {
            "name": name, "mode": mode, "limits": limits, "link_domains": link_domains,
            "marketing": marketing,
            "daily_budget": daily_budget, "low_balance": low_balance,
        }  # fmt: skip
        changes = {field: value for field, value in wanted.items() if value is not None}
        now = self._clock.now()

        def unit(tx: Transaction) -> Project:
            old = tx.projects.get(project)
            if old is None:
                raise ids.unknown(ids.Prefix.PROJECT)
            if any(one.name == name and one.id != project for one in tx.projects.all()):
                raise _taken(name or "")
            new = msgspec.structs.replace(old, **changes)
            tx.projects.update(new)
            goes_live = new.mode is Mode.LIVE and old.mode is not Mode.LIVE
            if goes_live and not approves_itself(self._auto_approve, Mode.LIVE):
                _await_review(tx, project, now)
            return new

        changed = await self._store.write(unit)
        self._directory.forget()
        return changed

    async def delete(self, project: bytes) -> None:
        """Delete a project with everything it owns.

        Raises:
            Problem: UNKNOWN_ID.
        """

        def unit(tx: Transaction) -> None:
            if not tx.projects.delete(project):
                raise ids.unknown(ids.Prefix.PROJECT)

        await self._store.write(unit)
        self._directory.forget()


def _await_review(tx: Transaction, project: bytes, now: int) -> None:
    """Take back what only a setting has approved; what a person approved stays."""
    for used in tx.templates.of(project):
        versions = tx.templates.versions(project, used.id, _EVERY_VERSION)
        judged = [as_live(version) for version in versions]
        changed = [new for old, new in zip(versions, judged, strict=True) if new is not old]
        for version in changed:
            tx.templates.keep(project, version)
        if changed:
            tx.templates.put(project, in_use(judged))
            data = encode(Data())
            type = EventType.TEMPLATE_SUBMITTED
            tx.events.append(project, used.id.encode(), type.value, now, data)


def _taken(name: str) -> Problem:
    return Problem(CONFLICT, f"There is a project named {name} already.", extra={"field": "name"})
