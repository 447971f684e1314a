"""Any route that can be saved gives any recipient steps that can be taken, or the refusal that
says why there is none."""

import msgspec
import phonenumbers
import pytest
from hypothesis import Phase, assume, given, settings
from hypothesis import strategies as st
from phonenumbers import phonenumberutil

from watchword_server.domain.address import REACH, Address, Kind
from watchword_server.domain.channel import Channel
from watchword_server.domain.countries import numbers_from
from watchword_server.domain.errors import BAD_FIELD, NO_CHANNEL, UNREACHABLE, Problem
from watchword_server.domain.numbering import NumberType
from watchword_server.domain.route_plan import ALWAYS, Plan, PlanStep, When, choose, route_of
from watchword_server.domain.route_rules import problems
from watchword_server.domain.template import Content, Template
from watchword_server.services.sending.planning import of_plan

QUICK = settings(
    max_examples=200, deadline=None, database=None, derandomize=True, phases=[Phase.generate]
)
NUMBERS = numbers_from(phonenumberutil, phonenumbers.PhoneMetadata)
NAMED = ("SG", "US", "DE")
WORDS = {"default": Content("{{code}}", "Your code")}
some = st.lists(st.sampled_from(NAMED), max_size=2, unique=True).map(tuple)
types = st.sampled_from([(), (NumberType.MOBILE,), (NumberType.FIXED_LINE_OR_MOBILE,)])
channels = st.sampled_from([Channel.SMS, Channel.VOICE, Channel.WHATSAPP, Channel.EMAIL])
plans = st.lists(
    st.builds(
        PlanStep,
        channels,
        st.sampled_from([(), ("acme",)]),
        st.integers(1, 200),
        st.none(),
        st.just(ALWAYS) | st.builds(When, some, some, types),
    ),
    min_size=1,
    max_size=3,
).map(lambda steps: Plan("log-in", tuple(steps)))
people = st.sampled_from(
    [Address(Kind.EMAIL, "ada@example.com")]
    + [
        Address(Kind.PHONE, "+1", region, number_type)
        for region in (*NAMED, "GB")
        for number_type in sorted(NUMBERS.types_in(region))
    ]
)
offered = st.frozensets(channels, min_size=2)
DOCUMENTED = {
    UNREACHABLE: ({"channel"}, {"reason"}),
    NO_CHANNEL: ({"channel", "reason"},),
    BAD_FIELD: ({"field", "rule"},),
}


def gives_steps_or_the_reason(of_plan):
    @QUICK
    @given(plans, people, offered, offered, st.booleans())
    def holds(plan, to, carried, said, with_email):
        assume(not problems(plan, NUMBERS))
        template = Template("t", (), dict.fromkeys(said, WORDS), route="log-in")
        reach = REACH[to.kind] | ({Channel.EMAIL} if with_email else set())
        meant = [
            step
            for step in plan.steps
            if step.channel in reach and step.when.admits(to.region, to.number_type)
        ]
        try:
            route = of_plan(
                plan, to, lambda step: step.channel in carried, template, with_email=with_email
            )
        except Problem as refusal:
            assert any(names <= set(refusal.extra) for names in DOCUMENTED[refusal.kind])
            usable = [step for step in meant if step.channel in carried]
            if refusal.kind is BAD_FIELD:
                assert any(step.channel not in said for step in meant)
            else:
                assert not usable, "refused although a step can be taken"
            return
        assert route, "no step and no reason"
        assert len(set(route)) == len(route), "a step twice"
        kept = [step.step() for step in meant]
        for step in route:
            assert step in kept, "a step that is not for this recipient"
            assert step.channel in carried & said, "a step that cannot be taken"
        places = [kept.index(step) for step in route]
        assert places == sorted(places), "out of order"

    holds()


def test_a_saved_route_gives_steps_that_can_be_taken_or_the_reason_why_not():
    gives_steps_or_the_reason(of_plan)


def takes_all(plan, to, carries, chosen, *, with_email):
    return tuple(step.step() for step in plan.steps)


def gives_nothing(plan, to, carries, chosen, *, with_email):
    try:
        return of_plan(plan, to, carries, chosen, with_email=with_email)
    except Problem:
        return ()


def backwards(plan, *rest, **more):
    return of_plan(plan, *rest, **more)[::-1]


def without_conditions(plan, *rest, **more):
    steps = tuple(msgspec.structs.replace(step, when=ALWAYS) for step in plan.steps)
    return of_plan(msgspec.structs.replace(plan, steps=steps), *rest, **more)


def without_words(plan, to, carries, chosen, *, with_email):
    found = route_of(choose(plan.steps, to, carries, None, with_email=with_email))
    return found or of_plan(plan, to, carries, chosen, with_email=with_email)


def refuses_what_cannot_all_be_taken(plan, *rest, **more):
    route = of_plan(plan, *rest, **more)
    if len(route) < len(plan.steps):
        raise Problem(UNREACHABLE, "no", extra={"reason": "no_step_applies"})
    return route


MUTANTS = (
    takes_all, gives_nothing, backwards, without_conditions, without_words,
    refuses_what_cannot_all_be_taken,
)  # fmt: skip


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_saved_route_gives_steps_mutant_is_caught(mutant):
    with pytest.raises(AssertionError):
        gives_steps_or_the_reason(mutant)
