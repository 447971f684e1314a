"""Who may ask for what, from where."""

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from watchword_server.domain.project import PROJECT_SCOPES, Mode, Scope, ip_allowed

QUICK = settings(
    max_examples=25, deadline=None, database=None, derandomize=True, phases=[Phase.generate]
)


def test_the_scopes_of_an_operator_are_apart_from_those_of_a_project():
    operators = {Scope.SERVER_ADMIN, Scope.TEMPLATES_REVIEW, Scope.AGENT_VERIFY}
    assert operators | PROJECT_SCOPES == set(Scope)
    assert not operators & PROJECT_SCOPES


def test_modes_are_those_of_the_design():
    assert {mode.value for mode in Mode} == {"live", "development", "sandbox"}


def only_listed_addresses_are_allowed(allowed):
    assert allowed((), "203.0.113.9")
    assert allowed(("192.0.2.0/24",), "192.0.2.255")
    assert allowed(("192.0.2.7",), "192.0.2.7")
    assert allowed(("192.0.2.0/24",), "::ffff:192.0.2.1")
    assert allowed(("10.0.0.0/8", "2001:db8::/32"), "2001:db8::1")
    for cidrs, ip in (
        (("192.0.2.0/24",), "192.0.3.0"),
        (("192.0.2.7",), "192.0.2.8"),
        (("2001:db8::/32",), "2001:db9::1"),
        (("192.0.2.0/24",), "2001:db8::1"),
        (("0.0.0.0/0",), "::1"),
        (("192.0.2.0/24",), "::ffff:192.0.3.1"),
        (("192.0.2.0/24",), ""),
    ):
        assert not allowed(cidrs, ip), (cidrs, ip)


def test_only_listed_addresses_are_allowed():
    only_listed_addresses_are_allowed(ip_allowed)


def allows_all(cidrs, ip):
    return True


def reads_one_entry(cidrs, ip):
    return ip_allowed(cidrs[:1], ip)


def compares_texts(cidrs, ip):
    return not cidrs or any(ip.startswith(one[:6]) for one in cidrs)


@pytest.mark.parametrize("broken", [allows_all, reads_one_entry, compares_texts])
def test_only_listed_addresses_are_allowed_mutant_is_caught(broken):
    with pytest.raises(AssertionError):
        only_listed_addresses_are_allowed(broken)


@QUICK
@given(st.text(max_size=30))
def test_what_is_no_address_is_on_no_list(client):
    assert ip_allowed((), client)
    if not client.replace(".", "").replace(":", "").isalnum():
        assert not ip_allowed(("0.0.0.0/0", "::/0"), client)
