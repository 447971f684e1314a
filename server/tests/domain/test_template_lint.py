"""The policy finds every flaw, says why, and leaves what is fine alone."""

import msgspec
import pytest

from domain.lint_cases import ALLOWED, CASES, FLAWLESS, GOOD, email, ending, template
from watchword_server.domain import (
    catalogue,
    template_html,
    template_letters,
    template_links,
    template_lint,
    template_rules,
    template_wording,
)
from watchword_server.domain.channel import Channel
from watchword_server.domain.template import AppHash, Content, OriginBound
from watchword_server.domain.template_lint import Policy, Severity, errors, lint

POLICY = Policy(ALLOWED)
IDS = [f"{place}-{case.rule}" for place, case in enumerate(CASES)]


def is_found(case):
    """The flaw is found by its rule, as grave as it is, with a reason and a way out."""
    found = [each for each in lint(case.template, POLICY) if each.rule == case.rule]
    assert found, case
    assert found[0].severity is case.severity
    assert len(found[0].message) > 10 and found[0].fix and found[0].field


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_a_flaw_is_found_with_its_reason(case):
    is_found(case)


def test_there_are_many_cases_each_with_a_reason_of_its_own():
    assert len(CASES) >= 40
    assert len({case.why for case in CASES}) > 0.9 * len(CASES)
    assert {case.severity for case in CASES} == set(Severity)


MUTANTS = {
    "no words": (template_lint, "banned", lambda text, is_code: iter(()), "prize"),
    "no links": (template_links, "flaws", lambda text, allowed: iter(()), "link_foreign"),
    "no look-alikes": (template_wording, "folded", str.lower, "asks_for_secret"),
    "no disguises": (template_wording, "disguises", lambda text: (text,), "asks_for_secret"),
    "no IDN": (template_links, "_ascii", lambda host: "example.com", "link_look_alike"),
    "links not browsed": (
        template_links,
        "behind",
        template_links.flaws,
        "link_foreign",
    ),
    "no values": (template_lint, "with_presets", lambda text, content: text, "link_foreign"),
    "no total": (template_rules, "MAX_RENDERED", 10**9, "rendered_size"),
    "no count": (template_rules, "MAX_VARIABLES", 10**9, "too_many_variables"),
    "links as written": (template_links, "seen", str, "link_foreign"),
    "no bidi": (template_letters, "turning", lambda text: (), "bidi_control"),
    "no hidden": (template_letters, "hidden", lambda text: (), "invisible"),
    "no tags": (template_html, "_FORBIDDEN", {}, "html_form"),
    "no segments": (template_lint, "MAX_SEGMENTS", 10**9, "too_many_segments"),
}


@pytest.mark.parametrize(("module", "name", "broken", "rule"), MUTANTS.values(), ids=MUTANTS)
def test_a_policy_that_overlooks_it_mutant_is_caught(monkeypatch, module, name, broken, rule):
    monkeypatch.setattr(module, name, broken)
    with pytest.raises(AssertionError):
        for case in CASES:
            if case.rule == rule:
                is_found(case)


def nothing_is_found(flawless):
    assert lint(flawless, POLICY) == ()


@pytest.mark.parametrize("flawless", FLAWLESS, ids=range(len(FLAWLESS)))
def test_what_is_fine_is_left_alone(flawless):
    nothing_is_found(flawless)


def test_a_policy_that_finds_too_much_mutant_is_caught(monkeypatch):
    monkeypatch.setattr(template_wording, "_NEGATION", template_wording.re.compile("(?!)"))
    with pytest.raises(AssertionError):
        for each in FLAWLESS:
            nothing_is_found(each)


@pytest.mark.parametrize("built_in", [*catalogue.BUILT_IN, *catalogue.SANDBOX])
def test_nothing_is_found_in_the_words_of_the_server(built_in):
    table = {**catalogue.BUILT_IN, **catalogue.SANDBOX}
    (made,) = catalogue.templates("TenLetters", {built_in: table[built_in]})
    nothing_is_found(made)


def test_a_link_may_lead_to_the_projects_own_domains_only():
    link = ending("https://help.example.com/code")
    assert errors(lint(link, POLICY)) == ()
    assert {each.rule for each in errors(lint(link, Policy()))} == {"link_foreign"}


def test_the_line_for_autofill_counts_towards_the_segments():
    text = "{{brand_name}}: {{code}} is your code. " + "x" * 125
    assert "segments" not in {each.rule for each in lint(template(text), POLICY)}
    for last in (OriginBound("accounts.example.com"), AppHash("FA+9qCX9VSu")):
        rules = {each.rule for each in lint(template(text), Policy(ALLOWED, last))}
        assert "segments" in rules


def test_errors_come_first_and_every_language_is_looked_at():
    words = {"default": Content(GOOD + " Hi {{name}}."), "fr": Content(GOOD + " {{otp}}")}
    found = lint(template(contents={Channel.SMS: words}), POLICY)
    assert [each.severity for each in found] == [Severity.ERROR, Severity.WARNING]
    assert [each.language for each in found] == ["fr", "default"]
    assert found[0].message.startswith("sms, fr: ")


def test_channels_beyond_the_strategy_are_looked_at_too():
    made = template()
    contents = {**made.contents, Channel.VOICE: {"default": Content(GOOD + " You have won.")}}
    found = lint(msgspec.structs.replace(made, contents=contents), POLICY)
    assert {each.rule for each in found} == {"prize"}


def test_values_are_not_filled_in_where_there_would_be_too_much(monkeypatch):
    monkeypatch.setattr(template_lint, "with_presets", lambda *_: pytest.fail("filled"))
    for case in CASES:
        if case.rule in ("too_many_variables", "rendered_size"):
            is_found(case)


HOSTILE = ("a+", "a ", "1 ", "\n", "a.", "a" * 63 + ".", "{ ", "@ ", "<a ", "%a", "a://", "{{", "(")


@pytest.mark.parametrize("piece", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_text_is_read_in_one_go(piece):
    """Each of these would keep an expression that looks back over the whole text busy for hours."""
    lint(template(piece * (20_000 // len(piece)), Channel.EMAIL), POLICY)
    lint(email(piece * (20_000 // len(piece))), POLICY)


def test_a_host_that_is_too_long_is_not_decoded(monkeypatch):
    monkeypatch.setattr(template_links, "_ascii", lambda host: pytest.fail(f"{len(host)}"))
    found = lint(ending("https://" + "é" * 1_000 + ".com"), POLICY)
    assert "link_broken" in {each.rule for each in found}
