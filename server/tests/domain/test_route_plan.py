"""Saved routes: the short form, and which steps a recipient gets."""

import msgspec
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from watchword_server.domain.address import Address, Kind
from watchword_server.domain.channel import Channel
from watchword_server.domain.numbering import NumberType
from watchword_server.domain.route_plan import (
    RESERVED,
    LeftOut,
    Plan,
    PlanError,
    PlanStep,
    When,
    choose,
    is_id,
    parse_short,
    route_of,
    short_form,
    step_for,
)
from watchword_server.domain.routing import Step, Until

QUICK = settings(
    max_examples=120, deadline=None, database=None, derandomize=True, phases=[Phase.generate]
)
SG = Address(Kind.PHONE, "+6581234567", "SG", NumberType.MOBILE)
US = Address(Kind.PHONE, "+14155552671", "US", NumberType.FIXED_LINE_OR_MOBILE)
MAIL = Address(Kind.EMAIL, "ada@example.com")
SMS, VOICE, EMAIL = PlanStep(Channel.SMS), PlanStep(Channel.VOICE), PlanStep(Channel.EMAIL)


def everybody(_step):
    return True


short_steps = st.lists(
    st.builds(
        PlanStep,
        st.sampled_from(Channel),
        st.just(()),
        st.integers(1, 600),
        st.sampled_from([None, *Until]),
    ),
    min_size=1,
    max_size=8,
    unique_by=lambda step: step.channel,
).map(tuple)


def comes_back(short_form):
    @QUICK
    @given(short_steps)
    def holds(steps):
        assert parse_short(short_form(steps)) == steps

    holds()


def test_a_short_form_says_all_of_what_it_can_say():
    comes_back(short_form)


@pytest.mark.parametrize(
    "mutant",
    [
        lambda steps: short_form(steps).replace("until=sent", ""),
        lambda steps: short_form(steps).replace("s,", ","),
        lambda steps: short_form(steps[::-1]),
    ],
    ids=["until", "wait", "order"],
)
def test_a_short_form_mutant_is_caught(mutant):
    with pytest.raises((AssertionError, PlanError)):
        comes_back(mutant)


@pytest.mark.parametrize(
    ("words", "steps"),
    [
        ("sms", (SMS,)),
        (" SMS | voice ", (SMS, VOICE)),
        ("sms(30s)", (PlanStep(Channel.SMS, wait_s=30),)),
        ("sms ( 45S , until=Sent )", (PlanStep(Channel.SMS, wait_s=45, until=Until.SENT),)),
        (
            "whatsapp(until=verified,5s)|sms",
            (PlanStep(Channel.WHATSAPP, wait_s=5, until=Until.VERIFIED), SMS),
        ),
    ],
)
def test_a_short_form_is_read(words, steps):
    assert parse_short(words) == steps


@pytest.mark.parametrize(
    ("words", "rule", "says"),
    [
        ("sms||voice", "empty_step", "step 2"),
        ("", "empty_step", "step 1"),
        ("sms|pigeon", "channel", "step 2"),
        ("sms|pig eon", "channel", "step 2"),
        ("sms(30s", "channel", "step 1"),
        ("sms(30s)(30s)", "channel", "step 1"),
        ("sms|voice|sms", "repeated_channel", "step 3"),
        ("sms(0s)", "wait_s", "step 1"),
        ("sms(601s)", "wait_s", "1 to 600"),
        ("sms(30)", "option", "a wait such as 30s"),
        ("sms()", "option", "step 1"),
        ("sms(until=read)", "option", "until=delivered"),
        ("sms(verified)", "option", "until=verified"),
        ("sms(٣٠s)", "option", "step 1"),
        ("sms(30s,40s)", "repeated_option", "its wait twice"),
        ("sms(until=sent,until=sent)", "repeated_option", "its until twice"),
        ("|".join(["sms"] * 11), "too_many_steps", "at most 10"),
    ],
)
def test_a_short_form_that_is_none_names_its_step(words, rule, says):
    with pytest.raises(PlanError) as caught:
        parse_short(words, "short_form")
    assert (caught.value.field, caught.value.rule) == ("short_form", rule)
    assert says in str(caught.value)


def test_what_does_not_fit_into_a_short_form_has_none():
    assert short_form([PlanStep(Channel.SMS, ("acme",))]) is None
    assert short_form([PlanStep(Channel.SMS, when=When(("SG",)))]) is None
    assert short_form([SMS, VOICE]) == "sms|voice"


def test_an_id_is_no_short_form():
    assert all(is_id(id) for id in ("log-in", "A", "x.y_z:1", "smsx", "a" * 64))
    assert not any(is_id(id) for id in ("", "-a", "a b", "a|b", "sms(3s)", "a" * 65, "a\n", "é"))
    assert not any(is_id(form) for word in RESERVED for form in (word, word.upper()))


when = st.just(When()) | st.builds(
    When,
    st.sampled_from([(), ("SG",), ("US",), ("SG", "US")]),
    st.sampled_from([(), ("SG",), ("US",)]),
    st.sampled_from([(), (NumberType.MOBILE,), (NumberType.FIXED_LINE_OR_MOBILE,)]),
)
steps = st.lists(
    st.builds(
        PlanStep,
        st.sampled_from([Channel.SMS, Channel.VOICE, Channel.EMAIL, Channel.SILENT]),
        st.sampled_from([(), ("acme", "bulk"), ("bulk", "acme")]),
        st.just(30),
        st.just(None),
        when,
    ),
    min_size=1,
    max_size=6,
)
ALL = {"sms", "voice", "email", "silent"}
carried = st.sampled_from([ALL, ALL, ALL - {"sms"}, ALL - {"email", "silent"}])
spoken = st.none() | st.frozensets(st.sampled_from(Channel))


def gives_what_can_be_taken(choose):
    """Each step is taken, or left out for a reason that is true."""

    @QUICK
    @given(steps, st.sampled_from([SG, US, MAIL]), carried, spoken, st.booleans())
    def holds(steps, to, carried, contents, with_email):
        choices = choose(
            steps, to, lambda step: step.channel in carried, contents, with_email=with_email
        )
        assert [one.step for one in choices] == steps
        taken = []
        for one in choices:
            step = one.step
            meant = not step.when.countries or to.region in step.when.countries
            meant &= to.region not in step.when.not_countries
            meant &= not step.when.number_types or to.number_type in step.when.number_types
            is_email = step.channel is Channel.EMAIL
            reached = with_email or to is MAIL if is_email else to is not MAIL
            same = (step.channel, set(step.accounts)) in taken
            said = contents is None or step.channel in {*contents, Channel.SILENT}
            expected = {
                LeftOut.UNREACHABLE: not reached,
                LeftOut.CONDITION: not meant,
                LeftOut.REPEATED: same,
                LeftOut.NO_CONTENT: not said,
                LeftOut.NO_ACCOUNT: step.channel not in carried,
            }
            if one.left_out is None:
                assert not any(expected.values()), "taken although it cannot be"
                taken.append((step.channel, set(step.accounts)))
            else:
                assert expected[one.left_out], "left out for nothing"
        kept = route_of(choices)
        assert len(kept) == len(taken)

    holds()


def forgets(reason):
    def mutant(*args, **more):
        return tuple(
            msgspec.structs.replace(one, left_out=None) if one.left_out is reason else one
            for one in choose(*args, **more)
        )

    return mutant


def test_a_recipient_gets_the_steps_that_can_be_taken():
    gives_what_can_be_taken(choose)


@pytest.mark.parametrize("reason", LeftOut)
def test_a_recipient_gets_the_steps_mutant_is_caught(reason):
    with pytest.raises(AssertionError):
        gives_what_can_be_taken(forgets(reason))


def test_a_recipient_without_a_step_mutant_is_caught():
    def lazy(steps, *args, **more):
        return tuple(
            msgspec.structs.replace(one, left_out=LeftOut.NO_ACCOUNT)
            for one in choose(steps, *args, **more)
        )

    with pytest.raises(AssertionError):
        gives_what_can_be_taken(lazy)


def test_an_address_has_no_country_and_no_type():
    assert When(not_countries=("US",)).admits(None, None)
    assert not When(countries=("US",)).admits(None, None)
    assert not When(number_types=(NumberType.MOBILE,)).admits(None, None)


def test_a_kept_step_has_its_accounts_wait_and_until():
    step = PlanStep(Channel.SMS, ("acme",), 45, Until.VERIFIED, When(("SG",)))
    assert route_of(choose([step], SG, everybody)) == (Step("sms", ("acme",), 45, Until.VERIFIED),)


def test_a_plan_without_conditions_says_so():
    assert not Plan("p", (SMS, VOICE)).has_conditions
    assert Plan("p", (SMS, msgspec.structs.replace(VOICE, when=When(("SG",))))).has_conditions


A, B, C = Step("sms", ("a",)), Step("sms", ("b",)), Step("voice")


@pytest.mark.parametrize(
    ("route", "channel", "current", "taken", "step"),
    [
        ((A, C), "voice", 0, {0}, 1),
        ((A, C), "sms", 0, {0}, 0),
        ((A, C), "sms", 1, {0, 1}, 0),
        ((A, B, C), "sms", 0, {0}, 1),
        ((A, B, C), "sms", 1, {0, 1}, 1),
        ((A, B, C), "sms", 2, {0, 2}, 1),
        ((A, C, B), "sms", 1, {0, 1}, 2),
        ((A, C, B), "sms", 2, {0, 1, 2}, 2),
        ((A, C), "email", 0, {0}, None),
    ],
)
def test_a_channel_means_the_next_step_of_it_else_the_last_one_taken(
    route, channel, current, taken, step
):
    assert step_for(route, channel, current, taken) == step
