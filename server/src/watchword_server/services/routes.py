"""The use cases of `/v1/routes`: saved, checked, read and deleted."""

import asyncio
from collections.abc import Container, Iterator, Mapping, Sequence

import msgspec

from watchword_server.domain import ids, strangers
from watchword_server.domain.address import Address
from watchword_server.domain.channel import CODELESS, Channel
from watchword_server.domain.countries import Numbers
from watchword_server.domain.errors import (
    NOT_ALLOWED_HERE,
    UNKNOWN_ID,
    Problem,
    bad_field,
)
from watchword_server.domain.numbering import Numbering
from watchword_server.domain.project import Caller, Mode
from watchword_server.domain.provider_account import ProviderAccount
from watchword_server.domain.recipients import alternate
from watchword_server.domain.recipients import recipient as parsed
from watchword_server.domain.route_plan import Choice, Plan, PlanError, choose
from watchword_server.domain.route_rules import at, problems
from watchword_server.domain.routing import Step
from watchword_server.domain.template import Template
from watchword_server.domain.template_rules import on_route
from watchword_server.ports.outside import Clock, Directory
from watchword_server.ports.providers import Accounts, Provider
from watchword_server.ports.store import Store, Transaction

MAX_ROUTES = 200
"""Of one project: the list is one answer, without pages."""

_NAMED = 20
"""Templates that a refusal names."""


class SavedRoute(msgspec.Struct, frozen=True):
    """A saved route, and the templates that name it."""

    plan: Plan
    templates: tuple[str, ...]


class Recipient(msgspec.Struct, frozen=True):
    """For whom a route is to be looked at."""

    to: str
    alternate_email: str | None = None

    def __repr__(self) -> str:
        return "<Recipient>"


class CheckedRoute(msgspec.Struct, frozen=True):
    """What keeps a route from being saved, and what becomes of each step for a recipient."""

    problems: tuple[PlanError, ...]
    choices: tuple[Choice, ...] | None


class Routes:
    """Saves, checks and reads routes."""

    def __init__(
        self, store: Store, clock: Clock, directory: Directory, accounts: Accounts,
        numbering: Numbering, numbers: Numbers,
    ) -> None:  # fmt: skip
        self._store = store
        self._clock = clock
        self._directory = directory
        self._accounts = accounts
        self._numbering = numbering
        self._numbers = numbers

    async def all(self, caller: Caller) -> Sequence[SavedRoute]:
        """Every route of the project."""

        def query(tx: Transaction) -> Sequence[SavedRoute]:
            naming = _templates(tx, caller.project)
            return [_saved(plan, naming) for plan in tx.routes.of(caller.project)]

        return await self._store.read(query)

    async def get(self, caller: Caller, route: str) -> SavedRoute:
        """One route.

        Raises:
            Problem: UNKNOWN_ID.
        """

        def query(tx: Transaction) -> SavedRoute:
            plan = tx.routes.get(caller.project, route)
            if plan is None:
                raise _unknown()
            return _saved(plan, _templates(tx, caller.project))

        return await self._store.read(query)

    async def put(self, caller: Caller, plan: Plan) -> SavedRoute:
        """Save a route, new or in place of the one with its id.

        Raises:
            Problem: BAD_FIELD naming the step that cannot be; NOT_ALLOWED_HERE naming the
                templates that have no words for a step, or where there are too many routes.
        """
        if found := await self._problems(caller, plan):
            raise _refused(found)
        now = self._clock.now()

        def unit(tx: Transaction) -> SavedRoute:
            project = caller.project
            old = tx.routes.get(project, plan.id)
            most = strangers.most(project, strangers.ROUTES, MAX_ROUTES)
            if old is None and len(tx.routes.of(project)) >= most:
                detail = f"This project has at most {most} routes; delete one."
                raise Problem(NOT_ALLOWED_HERE, detail, extra={"reason": "too_many_routes"})
            if tx.projects.get(project) is None:  # it was deleted just now
                raise ids.unknown(ids.Prefix.PROJECT)
            naming = _templates(tx, project)
            _check_templates(plan, naming)
            made = now if old is None else old.created_at
            new = msgspec.structs.replace(plan, created_at=made, updated_at=now)
            tx.routes.put(project, new)
            return _saved(new, naming)

        done = await self._store.write(unit)
        self._directory.forget()
        return done

    async def delete(self, caller: Caller, route: str) -> None:
        """Delete a route that no template names.

        Raises:
            Problem: UNKNOWN_ID; NOT_ALLOWED_HERE naming the templates.
        """

        def unit(tx: Transaction) -> None:
            plan = tx.routes.get(caller.project, route)
            if plan is None:
                raise _unknown()
            if naming := _saved(plan, _templates(tx, caller.project)).templates:
                names = ", ".join(naming[:_NAMED])
                detail = f"Templates name this route: {names}. Give them another first."
                extra: dict[str, str | int] = {"reason": "route_in_use", "templates": names}
                raise Problem(NOT_ALLOWED_HERE, detail, extra=extra)
            tx.routes.delete(caller.project, route)

        await self._store.write(unit)
        self._directory.forget()

    async def check(
        self, caller: Caller, plan: Plan, template: str | None, recipient: Recipient | None
    ) -> CheckedRoute:
        """Everything that keeps a route from being saved, and from being named by a template;
        and which of its steps a recipient would get.  Nothing is saved or sent.

        Raises:
            Problem: UNKNOWN_ID for the template; INVALID_NUMBER or BAD_FIELD for the recipient.
        """
        to = None if recipient is None else self._recipient(recipient)
        chosen = None
        if template is not None:
            chosen = (await self._directory.template(caller.project, template)).contents
        found = [*await self._problems(caller, plan), *_wordless(plan, chosen)]
        choices = None
        if to is not None and recipient is not None:
            choices = choose(
                plan.steps, to, lambda step: self._carries(caller, step), chosen,
                with_email=recipient.alternate_email is not None,
            )  # fmt: skip
        return CheckedRoute(tuple(found), choices)

    def _recipient(self, recipient: Recipient) -> Address:
        alternate(recipient.alternate_email, self._numbering)
        return parsed(recipient.to, self._numbering)

    def _carries(self, caller: Caller, step: Step) -> bool:
        return self._accounts.carries(caller.project, caller.mode, step)

    async def _problems(self, caller: Caller, plan: Plan) -> tuple[PlanError, ...]:
        names = {name for step in plan.steps for name in step.accounts}
        kept: dict[str, ProviderAccount | None] = {}
        if names:
            kept = await self._store.read(
                lambda tx: {
                    name: tx.provider_accounts.named(caller.project, name) for name in names
                }
            )
        # Conditions of many countries take tens of milliseconds: too long for everybody's loop.
        found = await asyncio.to_thread(problems, plan, self._numbers)
        return (*found, *self._account_problems(caller, plan, kept))

    def _account_problems(
        self, caller: Caller, plan: Plan, kept: Mapping[str, ProviderAccount | None]
    ) -> Iterator[PlanError]:
        """Steps whose accounts are not there, or cannot carry them."""
        is_live = caller.mode is Mode.LIVE
        for place, step in enumerate(plan.steps):
            for name in step.accounts:
                account = self._accounts.named(caller.project, name)
                if problem := _account_problem(step.channel, account, kept[name], is_live=is_live):
                    rule, words = problem
                    field = at(place, "accounts")
                    yield PlanError(f"step {place + 1}: {words}", field=field, rule=rule)
            if is_live and not step.accounts and not self._carries(caller, step.step()):
                message = f"step {place + 1}: no provider account carries {step.channel}"
                field = at(place, "channel")
                yield PlanError(message, field=field, rule="no_provider_account")


def _account_problem(
    channel: Channel, used: Provider | None, kept: ProviderAccount | None, *, is_live: bool
) -> tuple[str, str] | None:
    """Why a step cannot be carried by an account: `kept` as the project has it, `used` as messages
    go to it, which they do of a live project only."""
    if kept is None and (used is None or used.local):
        return "unknown_account", "there is no provider account of that name"
    if kept is not None and kept.disabled:
        return "disabled_account", "this provider account is disabled"
    if used is None:
        broken = "this provider account cannot be used; GET /v1/providers says why"
        return ("broken_account", broken) if is_live else None
    if channel not in used.channels:
        return "incapable_account", f"this provider account does not carry {channel}"
    return None


def _templates(tx: Transaction, project: bytes) -> dict[str, list[Template]]:
    """The versions that are in use or newest, by the route they name."""
    found: dict[str, list[Template]] = {}
    for each in (*tx.templates.of(project), *tx.templates.newest(project)):
        if each.route is not None:
            found.setdefault(each.route, []).append(each)
    return found


def _saved(plan: Plan, naming: dict[str, list[Template]]) -> SavedRoute:
    ids = {template.id for template in naming.get(plan.id, ())}
    return SavedRoute(plan, tuple(sorted(ids)))


def _check_templates(plan: Plan, naming: dict[str, list[Template]]) -> None:
    """Refuse steps that a template which names the route has no words for."""
    broken = {
        template.id: problem
        for template in naming.get(plan.id, ())
        for problem in on_route(template, plan.channels)[:1]
    }
    if not broken:
        return
    names = ", ".join(sorted(broken)[:_NAMED])
    problem = next(iter(broken.values()))
    detail = f"Templates that name this route would not fit it any more: {names} ({problem})."
    extra: dict[str, str | int] = {
        "reason": "templates_do_not_fit", "rule": problem.rule, "templates": names,
    }  # fmt: skip
    raise Problem(NOT_ALLOWED_HERE, detail, extra=extra)


def _wordless(plan: Plan, contents: Container[Channel] | None) -> Iterator[PlanError]:
    """Steps that a template has no words for."""
    for place, step in enumerate(plan.steps):
        if contents is not None and step.channel not in CODELESS and step.channel not in contents:
            message = f"step {place + 1}: the template has no content for {step.channel}"
            yield PlanError(message, field=at(place, "channel"), rule="content")


def _refused(found: Sequence[PlanError]) -> Problem:
    first, more = found[0], len(found) - 1
    others = f" There are {more} more: POST /v1/routes/check." if more else ""
    return bad_field(first.field, first.rule, f"{_sentence(first)}{others}")


def _sentence(problem: PlanError) -> str:
    words = str(problem)
    return f"{words[:1].upper()}{words[1:]}."


def _unknown() -> Problem:
    return Problem(UNKNOWN_ID, "There is no such route in this project.")
