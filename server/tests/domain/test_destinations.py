"""Destinations: which addresses are denied, and URLs without tricks."""

from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchword_server.domain import destinations
from watchword_server.domain.destinations import DENIED, BadDestination, parse, refusal

INSIDE = (
    "0.0.0.0", "10.9.8.7", "100.64.0.1", "127.0.0.1", "168.63.129.16", "169.254.169.254",
    "172.31.0.1", "192.0.0.8", "192.88.99.1", "192.168.0.1", "198.19.0.1", "224.0.0.1",
    "255.255.255.255", "::", "::1", "::127.0.0.1", "::ffff:8.8.8.8", "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "2001::1", "2001:db8::1", "2002:7f00:1::", "3fff::1",
    "5f00::1", "fc00::1", "fe80::1", "fec0::1", "ff0e::1", "4000::1", "e000::1",
)  # fmt: skip
OUTSIDE = ("8.8.8.8", "93.184.215.14", "2606:2800:220:1:248:1893:25c8:1946", "2a00:1450:4001::1")


def keeps_the_inside_inside(judge):
    for text in INSIDE:
        assert judge(ip_address(text)) is not None, text
    for text in OUTSIDE:
        assert judge(ip_address(text)) is None, text


def test_the_inside_is_denied_and_the_outside_is_not():
    keeps_the_inside_inside(refusal)


def test_the_inside_is_denied_and_the_outside_is_not_mutant_is_caught():
    with pytest.raises(AssertionError):
        keeps_the_inside_inside(lambda address: None if address.is_global else "private")


def test_every_address_that_python_calls_private_is_denied():
    """The table is wider than `ipaddress`, never narrower."""
    for networks in ("_IPv4Constants", "_IPv6Constants"):
        known = getattr(__import__("ipaddress"), networks)
        for network in known._private_networks:
            for address in (network[0], network[-1]):
                assert refusal(address) is not None, network


@given(st.ip_addresses(v=6))
def test_only_global_unicast_addresses_are_left_of_ipv6(address):
    if address not in ip_network("2000::/3"):
        assert refusal(address) is not None


def test_an_allowed_network_is_let_through_and_nothing_else_is():
    allowed = destinations.networks(["10.1.0.0/16", "::1/128"])
    assert refusal(ip_address("10.1.2.3"), allowed) is None
    assert refusal(ip_address("::1"), allowed) is None
    assert refusal(ip_address("10.2.0.1"), allowed) == "private"
    assert refusal(ip_address("127.0.0.1"), allowed) == "loopback"
    assert refusal(ip_address("::ffff:10.1.2.3"), allowed) == "ipv4_mapped"


def test_an_allowed_nat64_still_denies_what_it_leads_to():
    allowed = destinations.networks(["64:ff9b::/96", "2002::/16"])
    assert refusal(ip_address("64:ff9b::8.8.8.8"), allowed) is None
    assert refusal(ip_address("64:ff9b::127.0.0.1"), allowed) == "loopback"
    assert refusal(ip_address("2002:a9fe:a9fe::1"), allowed) == "link_local"


def test_the_first_row_that_fits_has_the_best_name():
    for network, rule in DENIED:
        before = [row for row in DENIED if row[0].version == network.version]
        first = next(row for row in before if network[0] in row[0])
        assert first[1] == rule or network.prefixlen < first[0].prefixlen, network


@pytest.mark.parametrize(
    ("url", "host", "port", "target", "authority"),
    [
        ("https://example.com", "example.com", 443, "/", "example.com"),
        ("https://Example.COM:8443/a/b?c=d&e=%20", "example.com", 8443, "/a/b?c=d&e=%20",
         "example.com:8443"),
        ("http://example.com:80?x", "example.com", 80, "/?x", "example.com"),
        ("https://xn--bcher-kva.example/", "xn--bcher-kva.example", 443, "/",
         "xn--bcher-kva.example"),
        ("https://93.184.215.14/", "93.184.215.14", 443, "/", "93.184.215.14"),
        ("https://[2606:2800:0:0::1]:444/", "2606:2800::1", 444, "/", "[2606:2800::1]:444"),
        ("http://my_service:3000/@x", "my_service", 3000, "/@x", "my_service:3000"),
    ],
)  # fmt: skip
def test_a_plain_url_is_taken_apart(url, host, port, target, authority):
    found = parse(url)
    assert (found.host, found.port, found.target, found.authority) == (
        host, port, target, authority,
    )  # fmt: skip
    assert "example" not in repr(found)


@given(st.text(max_size=60))
def test_any_text_is_a_destination_or_refused(text):
    for url in (text, f"https://{text}", f"https://{text}/", f"https://a.example/{text}"):
        try:
            found = parse(url)
        except BadDestination:
            continue
        assert found.target.isascii() and found.target.isprintable()
        assert found.host.isascii() and "@" not in found.host
