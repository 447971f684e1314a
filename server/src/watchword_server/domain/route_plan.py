"""Saved routes: steps with conditions, how they are written in short, and which are taken.

What depends on the recipient (its kind, country and type of number) is decided by `choose` when
a verification starts; the verification keeps only the steps that were taken.
"""

import re
from collections.abc import Callable, Container, Iterable, Sequence
from enum import StrEnum

import msgspec

from watchword_server.domain.address import REACH, Address
from watchword_server.domain.channel import CODELESS, Channel
from watchword_server.domain.numbering import NumberType
from watchword_server.domain.routing import DEFAULT_WAIT_S, Route, Step, Until

MAX_STEPS = 10
MIN_WAIT_S, MAX_WAIT_S = 1, 600
MAX_SHORT = 400
"""Characters of a short form: ten steps with everything."""

RESERVED = frozenset({"check"}) | {channel.value for channel in Channel}
"""Words that are no ids: a path of the API, and the short forms of one step."""

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}")
_SHORT_STEP = re.compile(r"\s*(?P<channel>[^()\s]*)\s*(?:\((?P<options>[^()]*)\))?\s*")
_SHORT_WAIT = re.compile(r"(?P<seconds>[0-9]{1,4})s", re.ASCII)


class PlanError(ValueError):
    """A route breaks a rule; `field` names the step as the API does: `steps[1].channel`."""

    def __init__(self, message: str, *, field: str, rule: str) -> None:
        super().__init__(message)
        self.field = field
        self.rule = rule


class When(msgspec.Struct, frozen=True, omit_defaults=True):
    """For whom a step is: every list that is not empty has to agree.

    Countries are ISO 3166-1 alpha-2, `001` for numbers of no country; an email address has
    neither a country nor a type.
    """

    countries: tuple[str, ...] = ()
    not_countries: tuple[str, ...] = ()
    number_types: tuple[NumberType, ...] = ()

    def admits(self, country: str | None, number_type: NumberType | None) -> bool:
        """Whether a recipient is meant."""
        if self.countries and country not in self.countries:
            return False
        if country in self.not_countries:
            return False
        return not self.number_types or number_type in self.number_types


ALWAYS = When()


class PlanStep(msgspec.Struct, frozen=True, omit_defaults=True):
    """One step of a saved route; see `routing.Step` for all but its condition."""

    channel: Channel
    accounts: tuple[str, ...] = ()
    wait_s: int = DEFAULT_WAIT_S
    until: Until | None = None
    when: When = ALWAYS

    def step(self) -> Step:
        """What a verification keeps of it."""
        return Step(self.channel.value, self.accounts, self.wait_s, self.until)

    @property
    def carrier(self) -> tuple[Channel, frozenset[str]]:
        """What it is the same step by: taken twice, it would be the same message twice."""
        return self.channel, frozenset(self.accounts)


class Plan(msgspec.Struct, frozen=True, omit_defaults=True):
    """A saved route (times in ms)."""

    id: str
    steps: tuple[PlanStep, ...]
    description: str = ""
    created_at: int = 0
    updated_at: int = 0

    @property
    def channels(self) -> tuple[Channel, ...]:
        """Its channels, each once, in order."""
        return tuple(dict.fromkeys(step.channel for step in self.steps))

    @property
    def has_conditions(self) -> bool:
        """Whether it depends on more than the kind of the recipient's address."""
        return any(step.when != ALWAYS for step in self.steps)


class LeftOut(StrEnum):
    """Why a step is not taken for a recipient."""

    UNREACHABLE = "unreachable"
    CONDITION = "condition"
    NO_CONTENT = "no_content"
    NO_ACCOUNT = "no_provider_account"
    REPEATED = "repeated"


class Choice(msgspec.Struct, frozen=True):
    """One step of a plan, and why it is left out for a recipient (None: it is taken)."""

    step: PlanStep
    left_out: LeftOut | None


def choose(
    steps: Iterable[PlanStep], to: Address, carries: Callable[[Step], bool],
    contents: Container[Channel] | None = None, *, with_email: bool = False,
) -> tuple[Choice, ...]:  # fmt: skip
    """What becomes of each step for a recipient.

    Args:
        carries: whether an account carries a step.
        contents: the channels a template has words for; None where that is not asked.
        with_email: whether an email address was given beside a number.
    """
    reach = REACH[to.kind] | {Channel.EMAIL} if with_email else REACH[to.kind]
    choices: list[Choice] = []
    taken = set()
    for step in steps:
        left_out = None
        if step.channel not in reach:
            left_out = LeftOut.UNREACHABLE
        elif not step.when.admits(to.region, to.number_type):
            left_out = LeftOut.CONDITION
        elif step.carrier in taken:
            left_out = LeftOut.REPEATED
        elif not (contents is None or step.channel in contents or step.channel in CODELESS):
            left_out = LeftOut.NO_CONTENT
        elif not carries(step.step()):
            left_out = LeftOut.NO_ACCOUNT
        else:
            taken.add(step.carrier)
        choices.append(Choice(step, left_out))
    return tuple(choices)


def route_of(choices: Sequence[Choice]) -> Route:
    """The steps that are taken."""
    return tuple(one.step.step() for one in choices if one.left_out is None)


def step_for(route: Route, channel: str, current: int, taken: Container[int]) -> int | None:
    """The step that a request for a channel means: the next of that channel that was not taken,
    else one before that was not, else the one that was taken last; None where there is none."""
    places = [place for place, step in enumerate(route) if step.channel == channel]
    fresh = [place for place in places if place not in taken]
    ahead = [place for place in fresh if place > current]
    earlier = [place for place in places if place <= current]
    ranked = (*ahead, *fresh, *reversed(earlier), *places)
    return ranked[0] if ranked else None


def is_id(text: str) -> bool:
    """Whether a text that stands for a route is the id of a saved one; else it is a short form."""
    return _ID.fullmatch(text) is not None and text.lower() not in RESERVED


def parse_short(text: str, field: str = "route") -> tuple[PlanStep, ...]:
    """The steps of a short form such as `whatsapp(30s)|sms(45s,until=verified)|voice`.

    Raises:
        PlanError: naming `field`; its message names the step.
    """
    words = text.split("|")
    if len(words) > MAX_STEPS:
        raise PlanError(
            f"a route has at most {MAX_STEPS} steps", field=field, rule="too_many_steps"
        )
    steps = tuple(_short_step(word, place, field) for place, word in enumerate(words, start=1))
    channels: set[Channel] = set()
    for place, step in enumerate(steps, start=1):
        if step.channel in channels:
            message = f"step {place} repeats the channel {step.channel}"
            raise PlanError(message, field=field, rule="repeated_channel")
        channels.add(step.channel)
    return steps


def _short_step(word: str, place: int, field: str) -> PlanStep:
    def error(message: str, rule: str) -> PlanError:
        return PlanError(f"step {place} {message}", field=field, rule=rule)

    if not word.strip():
        raise error("of the route is empty", "empty_step")
    found = _SHORT_STEP.fullmatch(word)
    name = found["channel"].lower() if found else ""
    if found is None or name not in _CHANNELS:
        known = ", ".join(Channel)
        raise error(f"of the route is no channel; known: {known}", "channel")
    wait_s, until = DEFAULT_WAIT_S, None
    given: set[str] = set()
    for option in found["options"].split(",") if found["options"] is not None else ():
        option = option.strip().lower()
        kind = "until" if option.startswith("until=") else "wait"
        if kind in given:
            raise error(f"says its {kind} twice", "repeated_option")
        given.add(kind)
        if seconds := _SHORT_WAIT.fullmatch(option):
            wait_s = int(seconds["seconds"])
            if not MIN_WAIT_S <= wait_s <= MAX_WAIT_S:
                raise error(f"waits {MIN_WAIT_S} to {MAX_WAIT_S} seconds", "wait_s")
        elif option.removeprefix("until=") in _UNTIL and kind == "until":
            until = Until(option.removeprefix("until="))
        else:
            raise error(
                "has in its parentheses a wait such as 30s, or until=sent, until=delivered or "
                "until=verified",
                "option",
            )
    return PlanStep(Channel(name), wait_s=wait_s, until=until)


def short_form(steps: Iterable[PlanStep]) -> str | None:
    """Steps in their short form; None where it cannot say all of it."""
    words = []
    for step in steps:
        if step.accounts or step.when != ALWAYS:
            return None
        options = [f"{step.wait_s}s"] if step.wait_s != DEFAULT_WAIT_S else []
        options += [f"until={step.until}"] if step.until is not None else []
        words.append(f"{step.channel}({','.join(options)})" if options else step.channel.value)
    return "|".join(words)


_CHANNELS = frozenset(channel.value for channel in Channel)
_UNTIL = frozenset(until.value for until in Until)
