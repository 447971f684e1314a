"""Destinations that callers choose, and the addresses that may not be among them.

The table below is explicit because `ipaddress.is_global` is no guard: it calls NAT64, 6to4,
IPv4-compatible, site-local, SRv6 and multicast addresses global.  Sources: the IANA IPv4 and
IPv6 Special-Purpose Address Registries and the IPv6 Address Space registry, as of 2026-08, and
the RFC named at each row.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

import msgspec

from watchword_server.domain.errors import WatchwordError

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

LOOPBACK: tuple[Network, ...] = (ip_network("127.0.0.0/8"), ip_network("::1/128"))

DENIED: tuple[tuple[Network, str], ...] = tuple(
    (ip_network(network), rule)
    for network, rule in (
        ("0.0.0.0/8", "this_network"),  # RFC 791, section 3.2
        ("10.0.0.0/8", "private"),  # RFC 1918
        ("100.64.0.0/10", "shared"),  # RFC 6598: carriers' NAT, and clouds' metadata
        ("127.0.0.0/8", "loopback"),  # RFC 1122, section 3.2.1.3
        ("168.63.129.16/32", "metadata"),  # public, but Azure's WireServer inside Azure
        ("169.254.0.0/16", "link_local"),  # RFC 3927; clouds' metadata
        ("172.16.0.0/12", "private"),  # RFC 1918
        ("192.0.0.0/24", "protocol_assignment"),  # RFC 6890, section 2.1
        ("192.0.2.0/24", "documentation"),  # RFC 5737
        ("192.31.196.0/24", "as112"),  # RFC 7535
        ("192.52.193.0/24", "amt"),  # RFC 7450
        ("192.88.99.0/24", "6to4_relay"),  # RFC 7526
        ("192.168.0.0/16", "private"),  # RFC 1918
        ("192.175.48.0/24", "as112"),  # RFC 7534
        ("198.18.0.0/15", "benchmarking"),  # RFC 2544
        ("198.51.100.0/24", "documentation"),  # RFC 5737
        ("203.0.113.0/24", "documentation"),  # RFC 5737
        ("224.0.0.0/4", "multicast"),  # RFC 5771
        ("240.0.0.0/4", "reserved"),  # RFC 1112, section 4; the broadcast address too
        ("::1/128", "loopback"),  # RFC 4291, section 2.5.3
        ("::/128", "unspecified"),  # RFC 4291, section 2.5.2
        ("::/96", "ipv4_compatible"),  # RFC 4291, section 2.5.5.1
        ("::ffff:0:0/96", "ipv4_mapped"),  # RFC 4291, section 2.5.5.2
        ("::ffff:0:0:0/96", "ipv4_translated"),  # RFC 2765
        ("64:ff9b::/96", "nat64"),  # RFC 6052
        ("64:ff9b:1::/48", "nat64"),  # RFC 8215
        ("100::/64", "discard"),  # RFC 6666
        ("100:0:0:1::/64", "dummy"),  # RFC 9780
        ("2001::/32", "teredo"),  # RFC 4380
        ("2001::/23", "protocol_assignment"),  # RFC 2928: ORCHID, benchmarking and the like
        ("2001:db8::/32", "documentation"),  # RFC 3849
        ("2002::/16", "6to4"),  # RFC 3056
        ("2620:4f:8000::/48", "as112"),  # RFC 7534
        ("3ffe::/16", "6bone"),  # RFC 3701: given back
        ("3fff::/20", "documentation"),  # RFC 9637
        ("5f00::/16", "srv6"),  # RFC 9602
        ("fc00::/7", "unique_local"),  # RFC 4193; Amazon's metadata over IPv6
        ("fe80::/10", "link_local"),  # RFC 4291, section 2.5.6
        ("fec0::/10", "site_local"),  # RFC 3879: deprecated, still routed in places
        ("ff00::/8", "multicast"),  # RFC 4291, section 2.7
        ("::/3", "not_global"),  # RFC 4291, section 2.4: only 2000::/3 is given to networks
        ("4000::/2", "not_global"),
        ("8000::/1", "not_global"),
    )
)
"""Networks nobody may name, with the rule that is told; the first row that fits counts."""

_EMBEDDED: tuple[tuple[IPv6Network, int], ...] = tuple(
    (IPv6Network(network), shift)
    for network, shift in (
        ("::/96", 0), ("::ffff:0:0/96", 0), ("::ffff:0:0:0/96", 0), ("64:ff9b::/96", 0),
        ("64:ff9b:1::/48", 0), ("2002::/16", 80),
    )
)  # fmt: skip
"""Where an IPv6 address holds an IPv4 one: by how many bits it is shifted up."""

BAD_PORTS: frozenset[int] = frozenset({
    1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102,
    103, 104, 109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465,
    512, 513, 514, 515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993,
    995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6379, 6566, 6665, 6666, 6667,
    6668, 6669, 6679, 6697, 10080, 11211,
})  # fmt: skip
"""Ports of other protocols, which a POST could be made to speak: https://fetch.spec.whatwg.org,
"bad port", and two caches that obey plain text (Redis 6379, memcached 11211)."""

MAX_URL = 2048
_DEFAULT_PORTS = {"http": 80, "https": 443}
_URL = re.compile(
    r"(?P<scheme>https?)://"
    r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)"
    r"(?::(?P<port>[1-9][0-9]{0,4}))?"
    r"(?P<target>(?:/[!$-;=@-Z_a-z~]*)?(?:\?[!$-;=?-Z_a-z~\[\]]*)?)"
)
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_MAX_NAME = 253


class BadDestination(WatchwordError):
    """A URL that nothing may be posted to, whatever its host resolves to."""

    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule


class Destination(msgspec.Struct, frozen=True):
    """A URL taken apart.

    Attributes:
        host: lower-case; of an IPv6 address without its brackets.
        address: the host, where it is an address.
        target: path and query as they stand in a request line.
    """

    scheme: str
    host: str
    port: int
    target: str
    address: Address | None

    @property
    def authority(self) -> str:
        """The Host field."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    def __repr__(self) -> str:
        return f"<Destination {self.scheme}>"


def parse(url: str) -> Destination:
    """A URL that is written without any trick.

    Only printable ASCII, no credentials, no fragment, no port of another protocol; an IPv4
    address in its one usual form, since resolvers take 2130706433, 0x7f.1 and 0177.0.0.1 for
    127.0.0.1 too.

    Raises:
        BadDestination: it is not.
    """
    match = _URL.fullmatch(url) if len(url) <= MAX_URL else None
    if match is None:
        raise BadDestination("url")
    scheme, host = match["scheme"], match["host"].lower()
    port = int(match["port"] or _DEFAULT_PORTS[scheme])
    if port > 65_535 or port in BAD_PORTS:
        raise BadDestination("port")
    address = _address(host)
    if address is not None:
        host = str(address)
    elif len(host) > _MAX_NAME or not all(_LABEL.fullmatch(part) for part in host.split(".")):
        raise BadDestination("host")
    target = match["target"]
    if not target.startswith("/"):
        target = "/" + target
    return Destination(scheme, host, port, target, address)


def _address(host: str) -> Address | None:
    """The address a host is, or None for a name."""
    try:
        if host.startswith("["):
            return IPv6Address(host[1:-1])
        if _NUMBER.fullmatch(host.rpartition(".")[2]):  # no name ends in a number
            return IPv4Address(host)
    except ValueError:
        raise BadDestination("host") from None
    return None


def is_allowed(address: Address, allowed: Iterable[Network]) -> bool:
    """Whether the operator allows it by name of its network."""
    return any(address.version == net.version and address in net for net in allowed)


@lru_cache(4096)
def refusal(address: Address, allowed: tuple[Network, ...] = ()) -> str | None:
    """The rule that keeps an address from being called; None where none does.

    A network that the operator allows overrides the table; of an IPv4 address inside an allowed
    IPv6 one (NAT64) the table is asked again.
    """
    if not is_allowed(address, allowed):
        for network, rule in DENIED:
            if address.version == network.version and address in network:
                return rule
    inner = _embedded(address)
    return None if inner is None else refusal(inner, allowed)


def _embedded(address: Address) -> IPv4Address | None:
    if isinstance(address, IPv6Address) and address not in LOOPBACK[1]:
        for network, shift in _EMBEDDED:
            if address in network:
                return IPv4Address(int(address) >> shift & 0xFFFF_FFFF)
    return None


def networks(cidrs: Iterable[str]) -> tuple[Network, ...]:
    """Networks as they are compared."""
    return tuple(ip_network(cidr) for cidr in cidrs)


def address_of(text: str) -> Address:
    """An address as a resolver writes it."""
    return ip_address(text)
