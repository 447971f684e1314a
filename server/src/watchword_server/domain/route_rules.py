"""What a route has to keep to be saved: every step can be taken by somebody, and only once.

Whether a condition can ever hold is decided over all sorts of recipients that the conditions of
the route tell apart: each country it names with the types of number that country has, one for
all other countries, and email addresses.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from watchword_server.domain.address import REACH, Kind
from watchword_server.domain.channel import Channel
from watchword_server.domain.countries import EVERY_TYPE, Numbers
from watchword_server.domain.numbering import NumberType
from watchword_server.domain.policy import MAX_TTL_S
from watchword_server.domain.route_plan import (
    ALWAYS,
    MAX_STEPS,
    MAX_WAIT_S,
    MIN_WAIT_S,
    RESERVED,
    Plan,
    PlanError,
    PlanStep,
    is_id,
)
from watchword_server.domain.routing import Until

MAX_ACCOUNTS = 10
_ELSEWHERE = ""
"""Stands for all countries that no condition names."""


class _Sort(NamedTuple):
    """Recipients that no condition of the route tells apart."""

    kind: Kind
    country: str | None
    number_type: NumberType | None

    def takes(self, step: PlanStep) -> bool:
        """Whether the step is for them; a number may come with an email address beside it."""
        reached = step.channel in REACH[self.kind] or step.channel is Channel.EMAIL
        return reached and step.when.admits(self.country, self.number_type)


def problems(plan: Plan, numbers: Numbers) -> tuple[PlanError, ...]:
    """Everything that keeps a route from being saved, in reading order; what depends on the
    provider accounts and templates of its project is not looked at here."""
    head = tuple(_head_problems(plan))
    each = [
        problem
        for place, step in enumerate(plan.steps)
        for problem in _step_problems(step, place, numbers)
    ]
    if each or not plan.steps or len(plan.steps) > MAX_STEPS:
        return (*head, *each)
    return (*head, *_never_run(plan.steps, numbers))


def at(place: int, part: str = "") -> str:
    """The field of a step, as the API writes it: `steps[1].channel`."""
    return f"steps[{place}].{part}" if part else f"steps[{place}]"


def _head_problems(plan: Plan) -> Iterator[PlanError]:
    if plan.id.lower() in RESERVED:
        message = "this id is a path of the API, or the word for a channel"
        yield PlanError(message, field="route_id", rule="reserved")
    elif not is_id(plan.id):
        message = "an id has 1 to 64 letters, digits and _ . : -"
        yield PlanError(message, field="route_id", rule="id")
    if not plan.steps:
        yield PlanError("a route needs a step", field="steps", rule="no_steps")
    if len(plan.steps) > MAX_STEPS:
        message = f"a route has at most {MAX_STEPS} steps"
        yield PlanError(message, field="steps", rule="too_many_steps")


def _step_problems(step: PlanStep, place: int, numbers: Numbers) -> Iterator[PlanError]:
    def problem(part: str, rule: str, message: str) -> PlanError:
        return PlanError(f"step {place + 1}: {message}", field=at(place, part), rule=rule)

    if not MIN_WAIT_S <= step.wait_s <= MAX_WAIT_S:
        yield problem("wait_s", "range", f"a step waits {MIN_WAIT_S} to {MAX_WAIT_S} seconds")
    if len(step.accounts) > MAX_ACCOUNTS:
        yield problem("accounts", "too_many", f"a step has at most {MAX_ACCOUNTS} accounts")
    if len(set(step.accounts)) < len(step.accounts):
        yield problem("accounts", "duplicate", "an account is there twice")
    when = step.when
    for part, countries in (
        ("when.countries", when.countries),
        ("when.not_countries", when.not_countries),
    ):
        if unknown := [country for country in countries if country not in numbers.regions]:
            words = f"{_shown(unknown[0])} is no country with numbers (ISO 3166-1, such as SG)"
            yield problem(part, "country", words)
        if len(set(countries)) < len(countries):
            yield problem(part, "duplicate", "a country is there twice")
    if len(set(when.number_types)) < len(when.number_types):
        yield problem("when.number_types", "duplicate", "a type is there twice")


def _shown(country: str) -> str:
    """A country's letters if they are two, as they may be repeated."""
    plain = len(country) == 2 and country.isascii() and country.isalpha()
    return country if plain else "this"


def _never_run(steps: Sequence[PlanStep], numbers: Numbers) -> Iterator[PlanError]:
    """The steps that nobody is ever sent a message by, and why."""
    meant: set[int] = set()
    turns: dict[int, int] = {}
    carriers = [step.carrier for step in steps]
    for sort in _sorts(steps, numbers):
        taken, waited = set(), 0
        for place, step in enumerate(steps):
            if not sort.takes(step):
                continue
            meant.add(place)
            if carriers[place] not in taken:
                taken.add(carriers[place])
                turns[place] = min(waited, turns.get(place, waited))
                waited += _waited(step)
    for place, step in enumerate(steps):
        if place not in meant:
            yield _contradiction(step, place)
        elif place not in turns:
            message = f"step {place + 1} repeats an earlier step for everybody it is meant for"
            yield PlanError(message, field=at(place), rule="repeated_step")
        elif turns[place] >= MAX_TTL_S:
            message = (
                f"step {place + 1}: its turn comes after {turns[place]} seconds of waiting, and "
                f"no code lives longer than {MAX_TTL_S}: shorten the waits before it, or let them "
                "wait until sent"
            )
            yield PlanError(message, field=at(place), rule="turn_too_late")


def _waited(step: PlanStep) -> int:
    """How long a silent step is waited for; one that only has to be sent is not."""
    return 0 if step.until is Until.SENT else step.wait_s


def _contradiction(step: PlanStep, place: int) -> PlanError:
    when = step.when
    if when.countries and set(when.countries) <= set(when.not_countries):
        message = "every country it is for is among those it is not for"
        part = "when.not_countries"
    elif not when.countries and not when.number_types:
        message = "it is for no country at all"
        part = "when.not_countries"
    else:
        message = (
            "its countries have no numbers of these types; where a plan cannot tell mobile from "
            "fixed lines, the type is fixed_line_or_mobile"
        )
        part = "when.number_types"
    return PlanError(f"step {place + 1}: {message}", field=at(place, part), rule="contradiction")


def _sorts(steps: Sequence[PlanStep], numbers: Numbers) -> tuple[_Sort, ...]:
    found = [_Sort(Kind.EMAIL, None, None)]
    named: set[str] = set()
    for step in steps:
        if step.when != ALWAYS:
            named.update(step.when.countries, step.when.not_countries)
    for country in sorted(named):
        found += [_Sort(Kind.PHONE, country, each) for each in numbers.types_in(country)]
    if named < numbers.regions:
        found += [_Sort(Kind.PHONE, _ELSEWHERE, each) for each in EVERY_TYPE]
    return tuple(found)
