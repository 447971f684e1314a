"""What callers with the public keys may hold: each has a hidden project, and all are strangers.

A hidden project is told by its id alone, so that no path has to look the project up.
"""

from collections.abc import Sequence
from ipaddress import ip_address

from watchword_server.domain import ids
from watchword_server.domain.limits import Rate, Subject
from watchword_server.domain.project import Caller

ENDPOINTS = 2
REPLAYED = 100
"""Webhooks that one call posts again."""
STREAMS = 4
TEMPLATES = 20
ROUTES = 20
VERSIONS = 20
SHARE = 4
"""All strangers together have one of so many places for webhooks under way and for streams."""
CALLERS_PER_SITE = 8
"""One site has a /48 (RFC 6177), so 65,536 callers: it has the quota, and the sandboxes, of 8."""
_CALLER_BYTES, _SITE_BYTES = 8, 6
"""Of an IPv6 address: one caller has a /64, one site a /48."""
_EPOCH = bytes(6)
"""The instant in the id of a hidden project; every other was made later than 1970."""


def project_id(digest: bytes) -> bytes:
    """The id of the hidden project of whom a keyed digest stands for."""
    return ids.make(0, digest[:10])


def owns(project: bytes) -> bool:
    """Whether a project is a hidden one."""
    return project.startswith(_EPOCH)


def most(project: bytes, theirs: int, ordinary: int) -> int:
    """How many of something a project may have."""
    return theirs if owns(project) else ordinary


def network(client_ip: str) -> tuple[bytes, bytes]:
    """The part of an address that one caller has for itself, and the site it is one of many of,
    which is empty where there is none."""
    try:
        address = ip_address(client_ip)
    except ValueError:
        return client_ip.encode(), b""
    if address.version == 4:
        return address.packed, b""
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped.packed, b""
    return address.packed[:_CALLER_BYTES], address.packed[:_SITE_BYTES]


def counted(rate: Rate, caller: Caller) -> Sequence[tuple[Rate, Subject]]:
    """On what the requests of a caller are counted: on its key, and on its site."""
    own: tuple[Rate, Subject] = (rate, caller.api_key)
    if not caller.site:
        return (own,)
    return own, (Rate(rate.name, rate.count * CALLERS_PER_SITE, rate.period_s), caller.site)
