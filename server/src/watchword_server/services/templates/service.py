"""The use cases of `/v1/template-configs`: written, reviewed by version, previewed, deleted."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from itertools import takewhile
from typing import TypeVar

import msgspec

from watchword_server.domain import ids, strangers
from watchword_server.domain.channel import CODELESS, Channel
from watchword_server.domain.errors import (
    ALREADY_SO,
    CONFLICT,
    NO_CHANNEL_CONFIG,
    NOT_ALLOWED_HERE,
    UNKNOWN_ID,
    Problem,
    bad_field,
)
from watchword_server.domain.events import Data, EventType, encode
from watchword_server.domain.project import Caller
from watchword_server.domain.tariff import Tariff
from watchword_server.domain.template import (
    Autofill,
    OriginBound,
    Status,
    Template,
    TemplateError,
)
from watchword_server.domain.template_lint import Finding, Policy, errors, lint
from watchword_server.domain.template_review import (
    AUTOMATIC_REMARK,
    TRANSITIONS,
    AutoApprove,
    approves_itself,
    decided,
)
from watchword_server.domain.template_rules import on_route, problems
from watchword_server.ports.outside import Clock, Directory
from watchword_server.ports.store import Store, Transaction
from watchword_server.services.templates.preview import Preview, previews

MAX_TEMPLATES = 500
"""Of one project: the list is one answer, without pages, as with the vendor."""

MAX_VERSIONS = 1_000
"""Of one template; all of them are kept."""

_SHOWN_VERSIONS = 100

T = TypeVar("T")
_TRIES = 3
_REMEMBERED = 1_000
_NOTHING = encode(Data())
_DECIDED = {
    Status.APPROVED: EventType.TEMPLATE_APPROVED,
    Status.REJECTED: EventType.TEMPLATE_REJECTED,
}


class Standing(msgspec.Struct, frozen=True):
    """A template: the version in use, and the newest one, which may wait for its review."""

    used: Template
    newest: Template


class Templates:
    """Writes, reviews and reads templates."""

    def __init__(
        self, store: Store, clock: Clock, directory: Directory, autofill: Autofill | None,
        auto_approve: AutoApprove, tariff: Tariff,
    ) -> None:  # fmt: skip
        self._store = store
        self._clock = clock
        self._directory = directory
        self._autofill = autofill
        self._auto_approve = auto_approve
        self._tariff = tariff
        self._found: dict[object, tuple[Finding, ...]] = {}

    async def all(self, caller: Caller) -> Sequence[Standing]:
        """Every template of the project."""
        used, newest = await self._store.read(
            lambda tx: (tx.templates.of(caller.project), tx.templates.newest(caller.project))
        )
        by_id = {each.id: each for each in newest}
        return [Standing(each, by_id.get(each.id, each)) for each in used]

    async def get(self, caller: Caller, template: str) -> Standing:
        """One template.

        Raises:
            Problem: UNKNOWN_ID.
        """
        return await self._store.read(lambda tx: _standing(tx, caller.project, template))

    async def lint(self, caller: Caller, template: Template) -> tuple[Finding, ...]:
        """What the policy says about a template, saved or not."""
        # A long page takes tens of milliseconds: too long for the loop that serves everybody.
        return await asyncio.to_thread(lint, template, await self._policy(caller))

    async def findings(self, caller: Caller, template: Template) -> tuple[Finding, ...]:
        """The same of a saved version, which cannot change: it is remembered."""
        policy = await self._policy(caller)
        made = template.created_at, template.submitted_at
        key = caller.project, template.id, template.version, made, policy.link_domains
        found = self._found.get(key)
        if found is None:
            found = await asyncio.to_thread(lint, template, policy)
            if len(self._found) >= _REMEMBERED:
                self._found.clear()
            self._found[key] = found
        return found

    async def create(self, caller: Caller, template: Template) -> Standing:
        """Submit a new template.

        Raises:
            Problem: CONFLICT where the id is taken; what the lint finds wrong.
        """
        now = self._clock.now()
        await self._pass(caller, template)
        new = msgspec.structs.replace(template, version=1, created_at=now, submitted_at=now)

        def unit(tx: Transaction) -> Standing:
            if tx.templates.get(caller.project, new.id) is not None:
                detail = "There is a template with this id already: PUT or PATCH changes it."
                raise Problem(CONFLICT, detail, extra={"field": "template_id"})
            most = strangers.most(caller.project, strangers.TEMPLATES, MAX_TEMPLATES)
            if len(tx.templates.of(caller.project)) >= most:
                detail = f"This project has at most {most} templates; delete one."
                raise Problem(NOT_ALLOWED_HERE, detail, extra={"reason": "too_many_templates"})
            return self._submit(tx, caller, None, new, now)

        return await self._written(unit)

    async def change(
        self, caller: Caller, template: str, change: Callable[[Template], Template]
    ) -> Standing:
        """Submit a new version, made of the newest one; what is approved stays in use.

        Raises:
            Problem: UNKNOWN_ID; what the lint finds wrong; CONFLICT where others change it
                all the time.
        """
        for _ in range(_TRIES):
            before = (await self.get(caller, template)).newest
            changed = change(before)
            await self._pass(caller, changed)
            done = await self._written(self._changing(caller, before, changed))
            if done is not None:
                return done
        detail = "The template was changed meanwhile; read it and decide again."
        raise Problem(CONFLICT, detail, extra={"reason": "changed_meanwhile"})

    async def delete(self, caller: Caller, template: str) -> None:
        """Delete a template with its versions; what is pending of it is not sent any more.

        Raises:
            Problem: UNKNOWN_ID.
        """
        now = self._clock.now()

        def unit(tx: Transaction) -> None:
            if not tx.templates.delete(caller.project, template):
                raise _unknown()
            _note(tx, caller.project, template, EventType.TEMPLATE_DELETED, now)

        await self._written(unit)

    async def versions(self, caller: Caller, template: str) -> tuple[int, Sequence[Template]]:
        """The number of the version in use, and the newest versions.

        Raises:
            Problem: UNKNOWN_ID.
        """

        def query(tx: Transaction) -> tuple[int, Sequence[Template]]:
            used = _standing(tx, caller.project, template).used
            return used.version, tx.templates.versions(caller.project, template, _SHOWN_VERSIONS)

        return await self._store.read(query)

    async def review(
        self, caller: Caller, template: str, status: Status, remark: str, version: int | None
    ) -> Standing:
        """Approve or reject a version, by default the newest.

        Raises:
            Problem: UNKNOWN_ID; ALREADY_SO; CONFLICT where several versions wait and none is
                named: nobody shall approve what was submitted behind their back.
        """
        now = self._clock.now()

        def unit(tx: Transaction) -> Standing:
            project = caller.project
            standing = _standing(tx, project, template)
            judged = _judged(tx, project, standing, status, version)
            is_other = judged.version != standing.used.version
            returns = is_other and judged.status is status is Status.APPROVED
            if status not in TRANSITIONS[judged.status] and not returns:
                detail = f"Version {judged.version} is {judged.status} already."
                raise Problem(ALREADY_SO, detail, extra={"reason": f"already_{judged.status}"})
            if status is Status.APPROVED:
                _check_route(tx, project, judged)
            new = decided(judged, status, remark, caller.name, now)
            is_used = status is Status.APPROVED or new.version == standing.used.version
            (tx.templates.put if is_used else tx.templates.keep)(project, new)
            _note(tx, project, template, _DECIDED[status], now)
            return _standing(tx, project, template)

        return await self._written(unit)

    async def preview(
        self, caller: Caller, template: str, version: int | None, channel: Channel | None,
        language: str | None, params: Mapping[str, str], country: str | None,
    ) -> tuple[Template, Sequence[Preview]]:  # fmt: skip
        """The newest version, or another one, as it would be sent.

        Raises:
            Problem: UNKNOWN_ID; BAD_FIELD where it has nothing for the channel.
        """

        def query(tx: Transaction) -> Template:
            newest = _standing(tx, caller.project, template).newest
            if version is None or version == newest.version:
                return newest
            found = tx.templates.version(caller.project, template, version)
            if found is None:
                raise Problem(UNKNOWN_ID, "This template has no such version.")
            return found

        chosen = await self._store.read(query)
        try:
            shown = previews(
                chosen, channel, language, params, country, self._autofill, self._tariff
            )
            return chosen, tuple(shown)
        except TemplateError as error:
            raise bad_field("channel", error.rule, f"{error}.") from None

    async def _policy(self, caller: Caller) -> Policy:
        project = await self._directory.project(caller.project)
        domains = set(project.link_domains)
        if isinstance(self._autofill, OriginBound):
            domains.add(self._autofill.host)
        return Policy(frozenset(domains), self._autofill)

    async def _pass(self, caller: Caller, template: Template) -> None:
        """Refuse what cannot be saved.

        Raises:
            Problem: NO_CHANNEL_CONFIG or BAD_FIELD for a part that is missing or out of bounds,
                NOT_ALLOWED_HERE for one that breaks the policy.
        """
        _check_contents(template, template.strategy)
        for problem in problems(template):
            raise bad_field(problem.field, problem.rule, f"{problem}.")
        found = errors(await self.lint(caller, template))
        if found:
            first, more = found[0], len(found) - 1
            others = f" There are {more} more: POST /v1/template-configs/lint." if more else ""
            raise Problem(
                NOT_ALLOWED_HERE, f"{first.message}. {first.fix}{others}",
                extra={"reason": "template_policy", "field": first.field, "rule": first.rule},
            )  # fmt: skip

    def _changing(
        self, caller: Caller, before: Template, changed: Template
    ) -> Callable[[Transaction], Standing | None]:
        now = self._clock.now()

        def unit(tx: Transaction) -> Standing | None:
            standing = _standing(tx, caller.project, before.id)
            if standing.newest.version != before.version:
                return None
            most = strangers.most(caller.project, strangers.VERSIONS, MAX_VERSIONS)
            if before.version >= most:
                detail = f"A template has at most {most} versions here; make a new template."
                raise Problem(NOT_ALLOWED_HERE, detail, extra={"reason": "too_many_versions"})
            new = msgspec.structs.replace(
                changed, version=before.version + 1, submitted_at=now, status=Status.PENDING,
                audit_remark="", reviewed_at=None, reviewed_by="", automatic=False,
            )  # fmt: skip
            return self._submit(tx, caller, standing.used, new, now)

        return unit

    def _submit(
        self, tx: Transaction, caller: Caller, used: Template | None, new: Template, now: int
    ) -> Standing:
        """Keep a version; approve it where the setting does, else what is approved stays."""
        project = caller.project
        _check_route(tx, project, new)
        _note(tx, project, new.id, EventType.TEMPLATE_SUBMITTED, now)
        owner = tx.projects.get(project)
        if owner is None:  # it was deleted just now
            raise ids.unknown(ids.Prefix.PROJECT)
        if approves_itself(self._auto_approve, owner.mode):
            remark = AUTOMATIC_REMARK
            new = decided(new, Status.APPROVED, remark, "", now, automatic=True)
            _note(tx, project, new.id, EventType.TEMPLATE_APPROVED, now)
        stays = used is not None and used.status is Status.APPROVED
        replaces = new.status is Status.APPROVED or not stays
        (tx.templates.put if replaces else tx.templates.keep)(project, new)
        return Standing(new if replaces or used is None else used, new)

    async def _written(self, unit: Callable[[Transaction], T]) -> T:
        done = await self._store.write(unit)
        self._directory.forget()
        return done


def _check_contents(template: Template, channels: Sequence[Channel]) -> None:
    for step in channels:
        if step not in CODELESS and not template.contents.get(step):
            field = f"{step}_config"
            detail = f"The step {step} has no {field}."
            raise Problem(NO_CHANNEL_CONFIG, detail, extra={"field": field})


def _check_route(tx: Transaction, project: bytes, template: Template) -> None:
    """Refuse a template whose saved route is not there, or has a step it has no words for.

    Raises:
        Problem: BAD_FIELD; NO_CHANNEL_CONFIG.
    """
    if template.route is None:
        return
    plan = tx.routes.get(project, template.route)
    if plan is None:
        raise bad_field("route", "unknown_route", "There is no such route in this project.")
    _check_contents(template, plan.channels)
    for problem in on_route(template, plan.channels):
        raise bad_field(problem.field, problem.rule, f"{problem}.")


def _standing(tx: Transaction, project: bytes, template: str) -> Standing:
    used = tx.templates.get(project, template)
    if used is None:
        raise _unknown()
    newest = tx.templates.versions(project, template, 1)
    return Standing(used, newest[0] if newest else used)


def _judged(
    tx: Transaction, project: bytes, standing: Standing, status: Status, version: int | None
) -> Template:
    """The version that a decision is about."""
    newest = standing.newest
    if version is not None and version != newest.version:
        found = tx.templates.version(project, newest.id, version)
        if found is None:
            raise Problem(UNKNOWN_ID, "This template has no such version.")
        return found
    if version is None and status is Status.APPROVED:
        versions = tx.templates.versions(project, newest.id, _SHOWN_VERSIONS)
        waiting = tuple(takewhile(lambda each: each.status is Status.PENDING, versions))
        if len(waiting) > 1:
            numbers = ", ".join(str(each.version) for each in waiting)
            detail = f"Several versions wait: {numbers}. Name the one you have read."
            raise Problem(CONFLICT, detail, extra={"reason": "several_versions_wait"})
    return newest


def _note(tx: Transaction, project: bytes, template: str, type: EventType, now: int) -> None:
    tx.events.append(project, template.encode(), type.value, now, _NOTHING)


def _unknown() -> Problem:
    return Problem(UNKNOWN_ID, "There is no such template in this project.")
