"""How often, how long, how many: the table of policies against the design and NIST."""

from itertools import pairwise

import msgspec
import pytest

from watchword_server.domain.policy import LOCKOUT, MAX_TTL_S, NATIVE, POLICIES, SANDBOX, Policy


def stays_within_the_standards(policy):
    """NIST SP 800-63B-4 3.1.3.2 and 3.2.2, OWASP ASVS 5.0 6.5.4; security.md O1-O3."""
    assert 0 < policy.ttl_s <= MAX_TTL_S == 600
    assert 1 <= policy.max_checks <= 5
    assert policy.max_sends >= 1
    assert 4 <= policy.code_length <= 10
    assert all(one <= two for one, two in pairwise(policy.cooldowns_s))
    assert policy.max_checks <= LOCKOUT.max_failures < LOCKOUT.max_consecutive <= 100


@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
def test_every_policy_stays_within_the_standards(policy):
    stays_within_the_standards(policy)


@pytest.mark.parametrize(
    "change",
    [
        {"ttl_s": 601}, {"ttl_s": 0}, {"max_checks": 6}, {"max_sends": 0}, {"code_length": 3},
        {"code_length": 11}, {"cooldowns_s": (60, 30)},
    ],
)  # fmt: skip
def test_every_policy_stays_within_the_standards_mutant_is_caught(change):
    with pytest.raises(AssertionError):
        stays_within_the_standards(msgspec.structs.replace(NATIVE, **change))


def test_the_rows_are_those_of_the_design():
    assert set(POLICIES) == {"native", "twilio", "vonage", "prelude", "sandbox"}
    assert all(name == policy.name for name, policy in POLICIES.items())
    assert Policy("native", 5, 4, (30, 60, 120), 300, 6) == NATIVE
    assert msgspec.structs.replace(NATIVE, name="sandbox", cooldowns_s=()) == SANDBOX
    assert (LOCKOUT.max_failures, LOCKOUT.window_s, LOCKOUT.max_consecutive) == (15, 86_400, 100)


def test_the_cool_down_climbs_and_stays_on_top():
    assert [NATIVE.cooldown_s(sends) for sends in (1, 2, 3, 4, 50)] == [30, 60, 120, 120, 120]
    assert Policy("none", cooldowns_s=()).cooldown_s(3) == 0


def test_a_policy_cannot_be_changed():
    with pytest.raises(AttributeError):
        NATIVE.max_checks = 50
