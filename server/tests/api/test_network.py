"""Who is calling: forwarding headers are believed from trusted proxies alone."""

import pytest

from watchword_server.api.network import UNKNOWN, Hosts, Proxies
from watchword_server.domain.errors import Problem

TRUSTED = ("10.0.0.0/8", "fd00::/8", "192.0.2.1/32")

PROXY, OTHER_PROXY, CLIENT = "10.0.0.1", "192.0.2.1", "203.0.113.7"


@pytest.mark.parametrize(
    ("peer", "headers", "client"),
    [
        (CLIENT, {}, CLIENT),
        (CLIENT, {"x-forwarded-for": "1.2.3.4"}, CLIENT),
        (PROXY, {}, PROXY),
        (PROXY, {"x-forwarded-for": CLIENT}, CLIENT),
        (PROXY, {"x-forwarded-for": f"1.2.3.4, {CLIENT}"}, CLIENT),
        (PROXY, {"x-forwarded-for": f"{CLIENT}, {OTHER_PROXY}, 10.9.9.9"}, CLIENT),
        (PROXY, {"x-forwarded-for": "10.0.0.7, 10.0.0.8"}, "10.0.0.7"),
        (PROXY, {"x-forwarded-for": f"{CLIENT}, nonsense"}, UNKNOWN),
        (PROXY, {"x-forwarded-for": f"nonsense, {OTHER_PROXY}"}, OTHER_PROXY),
        (PROXY, {"x-forwarded-for": ""}, UNKNOWN),
        (PROXY, {"x-forwarded-for": f"{CLIENT}:4711"}, CLIENT),
        (PROXY, {"x-forwarded-for": f"::ffff:{CLIENT}"}, CLIENT),
        (f"::ffff:{PROXY}", {"x-forwarded-for": CLIENT}, CLIENT),
        ("fd00::1", {"forwarded": "for=\"[2001:db8::7]:4711\""}, "2001:db8::7"),
        (PROXY, {"forwarded": f"for={CLIENT};proto=https;by=10.0.0.1"}, CLIENT),
        (PROXY, {"forwarded": f"For=1.2.3.4, for={CLIENT}"}, CLIENT),
        (PROXY, {"forwarded": f"proto=https; for={CLIENT}"}, CLIENT),
        (PROXY, {"forwarded": "for=unknown"}, UNKNOWN),
        (PROXY, {"forwarded": "for=_hidden"}, UNKNOWN),
        (PROXY, {"forwarded": f"for={CLIENT};for=1.2.3.4"}, UNKNOWN),
        (PROXY, {"forwarded": f"for={CLIENT}", "x-forwarded-for": CLIENT}, CLIENT),
        (PROXY, {"forwarded": "for=1.2.3.4", "x-forwarded-for": CLIENT}, UNKNOWN),
        ("", {"x-forwarded-for": CLIENT}, ""),
    ],
)  # fmt: skip
def test_the_rightmost_untrusted_hop_is_the_client(
    peer: str, headers: dict[str, str], client: str
) -> None:
    raw = {name.encode(): value.encode() for name, value in headers.items()}
    assert Proxies(TRUSTED).client(peer, raw) == client


def test_without_trusted_proxies_nothing_is_believed() -> None:
    assert not Proxies(())
    assert Proxies(()).client(PROXY, {b"x-forwarded-for": CLIENT.encode()}) == PROXY


def test_hosts_that_were_checked_are_known_and_their_number_is_bounded() -> None:
    hosts = Hosts("https://otp.example.com:8443/base", ())
    for port in range(1, 6000):
        hosts.check(f"localhost:{port}".encode())
    assert b"otp.example.com" in hosts.known
    assert len(hosts.known) <= 4096
    hosts.check(b"localhost:65000")
    with pytest.raises(Problem):
        hosts.check(b"localhost:65000@evil.example")
