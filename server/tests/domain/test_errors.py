"""One table of errors: codes of the field, one rule of what may be retried."""

import re

import msgspec
import pytest

from watchword_server.domain import errors
from watchword_server.domain.errors import KINDS, ErrorKind, NextAction, Problem, bad_field

FIELD_CODES = {
    1000, 2001, 2002, 2004, 3001, 3002, 3003, 3004, 4001, 5001, 5011, 5012, 5013, 5014, 5015,
    5016, 5017, 5018, 5019, 5020,
}  # fmt: skip
"""EngageLab's table; there is no 2003 and nothing between 5001 and 5011."""

STATUSES = {400, 401, 403, 404, 405, 409, 410, 413, 415, 421, 422, 429, 500, 502, 503, 504}
"""What the API may answer: never 501 or 505, which the field's SDKs do not retry."""


def slugs_are_unique(kinds):
    slugs = [kind.slug for kind in kinds]
    assert len(slugs) == len(set(slugs))
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", slug) for slug in slugs)


def codes_are_the_fields(kinds):
    assert {kind.code for kind in kinds} <= FIELD_CODES
    assert {kind.status for kind in kinds} <= STATUSES


def retryable_is_by_code_or_status(kinds):
    for kind in kinds:
        by_code = kind.code in (1000, 5001, 5016)
        by_status = kind.status in (429, 500, 502, 503, 504)
        assert kind.retryable is (by_code or by_status), kind.slug


def every_row_helps(kinds):
    for kind in kinds:
        assert kind.title and not kind.title.endswith("."), kind.slug
        assert kind.fix.endswith("."), kind.slug
        assert isinstance(kind.next_action, NextAction), kind.slug
        waits = kind.next_action in (NextAction.WAIT, NextAction.RETRY)
        assert waits is kind.retryable, kind.slug


RULES = (slugs_are_unique, codes_are_the_fields, retryable_is_by_code_or_status, every_row_helps)


class Stubborn(ErrorKind, frozen=True):
    """Looks at the status alone."""

    @property
    def retryable(self):
        return self.status in errors.RETRYABLE_STATUSES


def row(**changes):
    return msgspec.structs.replace(errors.CONFLICT, slug="another", **changes)


BROKEN = {
    slugs_are_unique: errors.INTERNAL,
    codes_are_the_fields: row(code=2003),
    retryable_is_by_code_or_status: Stubborn("x", 5001, 400, "X", NextAction.RETRY, "X."),
    every_row_helps: row(next_action=NextAction.RETRY),
}


@pytest.mark.parametrize("rule", RULES)
def test_the_table_of_errors_keeps_the_rule(rule):
    rule(KINDS)


@pytest.mark.parametrize("rule", RULES)
def test_the_table_of_errors_mutant_is_caught(rule):
    with pytest.raises(AssertionError):
        rule((*KINDS, BROKEN[rule]))


def test_every_kind_that_has_a_name_is_in_the_table():
    named = {value for value in vars(errors).values() if isinstance(value, ErrorKind)}
    assert named == set(KINDS)


def test_the_slug_is_the_name_of_the_constant():
    for name, value in vars(errors).items():
        if isinstance(value, ErrorKind):
            assert value.slug == name.lower().replace("_", "-")


def test_a_problem_carries_its_row_and_what_a_program_needs():
    problem = Problem(errors.RATE_LIMITED, "Wait.", retry_after=30, extra={"limit": "cooldown"})
    assert (problem.kind, str(problem), problem.retry_after) == (errors.RATE_LIMITED, "Wait.", 30)
    assert problem.extra == {"limit": "cooldown"}
    assert Problem(errors.RATE_LIMITED, "Wait.").extra == {}


def test_a_bad_field_names_the_field_and_the_rule():
    problem = bad_field("to", "length", "`to` is too long.")
    assert problem.kind is errors.BAD_FIELD
    assert problem.extra == {"field": "to", "rule": "length"}


def test_everything_raised_on_purpose_has_one_root():
    for kind in (Problem, errors.StoreUnavailable, errors.Misconfigured):
        assert issubclass(kind, errors.WatchwordError)
