"""Who is really calling, and by which name: trusted proxies and the list of host names.

A forwarding header is believed only from a trusted proxy, and of its hops only the rightmost
that is not one itself.  Where `Forwarded` and `X-Forwarded-For` are both there and disagree, one
of them was written by the caller: then neither is believed.
"""

import functools
import re
from collections.abc import Mapping, Sequence
from ipaddress import IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

from watchword_server.domain.errors import WRONG_HOST, Problem

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")

_HOST = re.compile(rb"(\[[0-9a-f:.]{2,45}\]|[a-z0-9_](?:[a-z0-9_.-]{0,252}))(?::[0-9]{1,5})?")
_FOR = re.compile(r'(?:^|;)\s*for\s*=\s*("[^"]*"|[^;\s]*)\s*(?=;|$)', re.IGNORECASE)
_WITH_PORT = re.compile(r"\[([^\]]+)\](?::[0-9]+)?|([0-9.]+):[0-9]+")
_REMEMBERED = 4096

Headers = Mapping[bytes, bytes]


class Hosts:
    """The names this server answers to, on any port."""

    def __init__(self, public_url: str, allowed: Sequence[str]) -> None:
        public = urlsplit(public_url).netloc.rpartition("@")[2].encode().lower()
        names = {name.encode().lower() for name in (*LOOPBACK, *allowed)}
        found = _HOST.fullmatch(public)
        self._names = names | ({found[1]} if found else set())
        self.known = {public, *self._names}

    def check(self, host: bytes | None) -> None:
        """Refuse a name that is not on the list; `known` has those seen lately.

        Raises:
            Problem: WRONG_HOST.
        """
        found = _HOST.fullmatch((host or b"").lower())
        if host is None or not found or found[1] not in self._names:
            raise Problem(WRONG_HOST, "The Host header names another server.")
        if len(self.known) < _REMEMBERED:
            self.known.add(host)


UNKNOWN = ""
"""A client whom nobody can name: on no allow-list, and counted with all others like it."""


class Proxies:
    """The networks whose forwarding headers are believed."""

    def __init__(self, cidrs: Sequence[str]) -> None:
        self._networks = tuple(ip_network(cidr) for cidr in cidrs)
        self._trusts = functools.lru_cache(maxsize=_REMEMBERED)(self._is_trusted)

    def __bool__(self) -> bool:
        return bool(self._networks)

    def client(self, peer: str, headers: Headers) -> str:
        """The address of the client behind the peer of the connection."""
        if not self._trusts(peer):
            return _address(peer) or peer
        forwarded = headers.get(b"forwarded")
        plain = headers.get(b"x-forwarded-for")
        said = [
            self._rightmost(hops)
            for hops in (
                None if forwarded is None else _forwarded(forwarded),
                None if plain is None else plain.decode("latin-1").split(","),
            )
            if hops is not None
        ]
        if not said:
            return _address(peer) or peer
        return said[0] if said.count(said[0]) == len(said) else UNKNOWN

    def _rightmost(self, hops: Sequence[str]) -> str:
        """The last hop that is no trusted proxy; the last trusted one before anything odd.

        Where the proxy next to us says nothing readable, nobody knows who is behind it.
        """
        known = UNKNOWN
        for hop in reversed(hops):
            address = _address(hop)
            if address is None:
                return known
            known = address
            if not self._trusts(address):
                break
        return known

    def _is_trusted(self, address: str) -> bool:
        plain = _address(address)
        if plain is None:
            return False
        parsed = ip_address(plain)
        return any(parsed in network for network in self._networks)


def _forwarded(value: bytes) -> list[str]:
    """The `for` parameters of a Forwarded header (RFC 7239), left to right."""
    hops = []
    for element in value.decode("latin-1").split(","):
        found = _FOR.findall(element)
        hops.append(found[0].strip('"') if len(found) == 1 else "")
    return hops


def _address(hop: str) -> str | None:
    """A hop's address without its port, an IPv4 address in IPv6 unwrapped; None if it is none."""
    text = hop.strip()
    if found := _WITH_PORT.fullmatch(text):
        text = found[1] or found[2]
    try:
        parsed = ip_address(text)
    except ValueError:
        return None
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(parsed)
