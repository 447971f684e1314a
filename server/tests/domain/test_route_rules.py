"""What keeps a route from being saved: each rule, and that the steps of one that is saved can be
taken by somebody."""

import re

import msgspec
import phonenumbers
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from phonenumbers import phonenumberutil

from watchword_server.domain.address import Address, Kind
from watchword_server.domain.channel import Channel
from watchword_server.domain.countries import Numbers, numbers_from
from watchword_server.domain.numbering import NO_COUNTRY, NumberType, numbering_from
from watchword_server.domain.policy import MAX_TTL_S
from watchword_server.domain.route_plan import ALWAYS, Plan, PlanStep, When, choose
from watchword_server.domain.route_rules import problems
from watchword_server.domain.routing import Until

QUICK = settings(
    max_examples=120, deadline=None, database=None, derandomize=True, phases=[Phase.generate]
)
NUMBERS = numbers_from(phonenumberutil, phonenumbers.PhoneMetadata)
MOBILE, FIXED = (NumberType.MOBILE,), (NumberType.FIXED_LINE,)
SMS, VOICE = PlanStep(Channel.SMS), PlanStep(Channel.VOICE)


def step(channel=Channel.SMS, **more):
    return msgspec.structs.replace(PlanStep(channel), **more)


def sms(*countries, types=(), other_than=(), **more):
    return step(when=When(countries, other_than, types), **more)


CASES = [
    ("no steps", (), "steps", "no_steps"),
    ("eleven steps", (SMS,) * 11, "steps", "too_many_steps"),
    ("no wait", (SMS, step(Channel.VOICE, wait_s=0)), "steps[1].wait_s", "range"),
    ("a long wait", (step(wait_s=601),), "steps[0].wait_s", "range"),
    ("an account twice", (step(accounts=("a", "a")),), "steps[0].accounts", "duplicate"),
    (
        "many accounts",
        (step(accounts=tuple("abcdefghijk")),),
        "steps[0].accounts",
        "too_many",
    ),
    ("no such country", (sms("SG", "XX"),), "steps[0].when.countries", "country"),
    ("a country in words", (SMS, sms("sg")), "steps[1].when.countries", "country"),
    ("no such country to leave out", (sms(other_than=("UK",)),), "steps[0].when.not_countries",
     "country"),
    ("a country twice", (sms("SG", "SG"),), "steps[0].when.countries", "duplicate"),
    ("a type twice", (sms(types=MOBILE * 2),), "steps[0].when.number_types", "duplicate"),
    ("in and out", (SMS, sms("SG", other_than=("SG", "US"))), "steps[1].when.not_countries",
     "contradiction"),
    ("nowhere", (sms(other_than=tuple(sorted(NUMBERS.regions))),), "steps[0].when.not_countries",
     "contradiction"),
    ("a type that the plan does not tell", (sms("US", types=MOBILE),),
     "steps[0].when.number_types", "contradiction"),
    ("a type that nothing valid has", (sms(types=(NumberType.UNKNOWN,)),),
     "steps[0].when.number_types", "contradiction"),
    ("the same again", (SMS, VOICE, SMS), "steps[2]", "repeated_step"),
    ("the same for some", (SMS, VOICE, sms("SG")), "steps[2]", "repeated_step"),
    ("the same for all by two", (sms("SG"), sms(other_than=("SG",)), SMS), "steps[2]",
     "repeated_step"),
    ("the same accounts", (step(accounts=("a", "b")), step(accounts=("b", "a"))), "steps[1]",
     "repeated_step"),
    ("too late", (step(wait_s=300), step(Channel.VOICE, wait_s=300), step(Channel.WHATSAPP)),
     "steps[2]", "turn_too_late"),
    ("too late for all it is for", (sms("SG", wait_s=600), step(Channel.VOICE, when=When(("SG",)))),
     "steps[1]", "turn_too_late"),
]  # fmt: skip

GOOD = [
    (SMS,),
    (SMS, VOICE, step(Channel.EMAIL)),
    (sms("SG"), VOICE, sms("US")),
    (step(accounts=("a",)), step(accounts=("b",)), SMS),
    (sms("SG"), VOICE, SMS),
    (sms("SG", types=MOBILE), sms("US", types=(NumberType.FIXED_LINE_OR_MOBILE,))),
    (sms(NO_COUNTRY),),
    (step(wait_s=599), step(Channel.VOICE, wait_s=600)),
    (step(wait_s=600, until=Until.SENT), VOICE),
    (sms("SG", wait_s=600), step(Channel.VOICE, when=When(("US",), (), ()))),
    (step(Channel.EMAIL, when=When(("SG",))),),
]


@pytest.mark.parametrize(("steps", "field", "rule"), [case[1:] for case in CASES],
                         ids=[case[0] for case in CASES])  # fmt: skip
def test_a_route_that_breaks_a_rule_names_the_step(steps, field, rule):
    found = problems(Plan("log-in", steps), NUMBERS)
    assert (field, rule) in [(one.field, one.rule) for one in found]
    for number in re.findall(r"\[(\d)\]", field):
        assert f"step {int(number) + 1}" in str(found[0])


@pytest.mark.parametrize("steps", GOOD, ids=range(len(GOOD)))
def test_a_route_that_can_be_taken_has_no_problem(steps):
    assert problems(Plan("log-in", steps), NUMBERS) == ()


@pytest.mark.parametrize(
    ("id", "rule"),
    [("check", "reserved"), ("SMS", "reserved"), ("a b", "id"), ("", "id"), ("x" * 65, "id")],
)
def test_an_id_that_is_none_is_refused(id, rule):
    assert [one.rule for one in problems(Plan(id, (SMS,)), NUMBERS)] == [rule]


def test_a_problem_repeats_nothing_but_a_country():
    found = problems(Plan("log-in", (sms("XX", "482913"),)), NUMBERS)
    assert "XX" in str(found[0])
    assert "482913" not in " ".join(map(str, found))
    assert "this is no country" in str(problems(Plan("p", (sms("482913"),)), NUMBERS)[0])


# ---- whoever is sent a message by it -------------------------------------------------------------

NAMED = ("SG", "US", "DE")
PEOPLE = [Address(Kind.EMAIL, "ada@example.com")] + [
    Address(Kind.PHONE, "+1", region, number_type)
    for region in (*NAMED, "GB", "FR", "IT", "MX", "RU")
    for number_type in NUMBERS.types_in(region)
]
"""Countries that a route names below, and others that together have every type."""

some = st.lists(st.sampled_from(NAMED), max_size=2, unique=True).map(tuple)
types = st.lists(
    st.sampled_from([NumberType.MOBILE, NumberType.FIXED_LINE, NumberType.VOIP]),
    max_size=2,
    unique=True,
).map(tuple)
plans = st.lists(
    st.builds(
        PlanStep,
        st.sampled_from([Channel.SMS, Channel.VOICE, Channel.EMAIL]),
        st.sampled_from([(), (), ("acme",)]),
        st.sampled_from([30, 300, 600]),
        st.sampled_from([None, *Until]),
        st.just(ALWAYS) | st.builds(When, some) | st.builds(When, some, some, types),
    ),
    min_size=1,
    max_size=3,
).map(lambda steps: Plan("log-in", tuple(steps)))


def reaches_everybody_it_can(plan):
    """Whether each step is taken for somebody, before the longest code has expired."""
    taken = set()
    for to in PEOPLE:
        waited = 0
        for place, one in enumerate(choose(plan.steps, to, lambda _: True, with_email=True)):
            if one.left_out is not None:
                continue
            if waited < MAX_TTL_S:
                taken.add(place)
            waited += 0 if one.step.until is Until.SENT else one.step.wait_s
    return taken == set(range(len(plan.steps)))


def is_saved_if_every_step_can_be_taken(problems):
    @QUICK
    @given(plans)
    def holds(plan):
        assert (not problems(plan, NUMBERS)) == reaches_everybody_it_can(plan)

    holds()


def test_a_route_is_saved_if_every_step_of_it_can_be_taken():
    is_saved_if_every_step_can_be_taken(problems)


def overlooks(rule):
    return lambda plan, numbers: [one for one in problems(plan, numbers) if one.rule != rule]


def knows_no_plan(plan, numbers):
    return problems(plan, Numbers(numbers.regions, lambda region: frozenset(NumberType)))


def forbids_the_same_channel(plan, numbers):
    channels = [step.channel for step in plan.steps]
    return problems(plan, numbers) or len(set(channels)) < len(channels)


MUTANTS = (
    *map(overlooks, ("contradiction", "repeated_step", "turn_too_late")),
    knows_no_plan,
    forbids_the_same_channel,
)


@pytest.mark.parametrize("mutant", MUTANTS, ids=range(len(MUTANTS)))
def test_a_route_is_saved_mutant_is_caught(mutant):
    with pytest.raises(AssertionError):
        is_saved_if_every_step_can_be_taken(mutant)


# ---- what is known about countries ---------------------------------------------------------------


def tells_the_types(types_in):
    """Each country's own examples of numbers are of a type it is said to have."""
    numbering = numbering_from(phonenumberutil, phonenumbers.PhoneMetadata)
    seen = 0
    for region in sorted(NUMBERS.regions - {NO_COUNTRY}):
        for kind in range(11):
            example = phonenumbers.example_number_for_type(region, kind)
            if example is None:
                continue
            answer = numbering.look_up(f"+{example.country_code}{example.national_number}")
            if getattr(answer, "region", None) == region:
                assert answer.number_type in types_in(region), (region, kind)
                seen += 1
    assert seen > 800


def test_a_country_has_the_types_of_its_example_numbers():
    tells_the_types(NUMBERS.types_in)


def test_a_country_has_the_types_mutant_is_caught():
    with pytest.raises(AssertionError):
        tells_the_types(lambda region: NUMBERS.types_in(region) - {NumberType.VOIP})


def test_a_plan_that_cannot_tell_mobile_from_fixed_lines_says_so():
    assert NumberType.FIXED_LINE_OR_MOBILE in NUMBERS.types_in("US")
    assert not NUMBERS.types_in("US") & {NumberType.MOBILE, NumberType.FIXED_LINE}
    assert {NumberType.MOBILE, NumberType.FIXED_LINE} <= NUMBERS.types_in("SG")
    assert NumberType.UNKNOWN not in NUMBERS.types_in(NO_COUNTRY)
