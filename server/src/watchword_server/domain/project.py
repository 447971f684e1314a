"""Projects, API keys, scopes and callers: who may ask for what."""

import re
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

import msgspec

from watchword_server.domain.quiet_hours import Marketing

LONGEST_LABEL = 64
_UNFIT = re.compile(r"[^A-Za-z0-9 ._:/-]")
_NUMBER = re.compile(r"(?<![A-Za-z0-9-])\+?\d[\d ().-]{2,}\d(?![A-Za-z0-9-])")
"""What may be a telephone number, or a code; digits within an id are neither."""


class Mode(StrEnum):
    """How real a project is: only `live` lets a message leave the machine."""

    LIVE = "live"
    DEVELOPMENT = "development"
    SANDBOX = "sandbox"


class Scope(StrEnum):
    """What a key may do; `server:admin`, `templates:review` and `agent:verify` (to check codes by
    MCP) are apart from the scopes of a project: no key has one unless an operator gave it."""

    MESSAGES_SEND = "messages:send"
    MESSAGES_READ = "messages:read"
    VERIFICATIONS_CHECK = "verifications:check"
    TEMPLATES_READ = "templates:read"
    TEMPLATES_MANAGE = "templates:manage"
    TEMPLATES_REVIEW = "templates:review"
    INBOX_READ = "inbox:read"
    EVENTS_READ = "events:read"
    KEYS_MANAGE = "keys:manage"
    GUARD_MANAGE = "guard:manage"
    WEBHOOKS_MANAGE = "webhooks:manage"
    PROVIDERS_MANAGE = "providers:manage"
    ROUTES_MANAGE = "routes:manage"
    AGENT_VERIFY = "agent:verify"
    SERVER_ADMIN = "server:admin"


PROJECT_SCOPES: frozenset[Scope] = frozenset(Scope) - {
    Scope.SERVER_ADMIN,
    Scope.TEMPLATES_REVIEW,
    Scope.AGENT_VERIFY,
}


class Project(msgspec.Struct, frozen=True, kw_only=True):
    """A tenant.

    `limits` overrides rows of the mode's throughput table by name; `link_domains` are those that
    links in its templates may lead to.  A `hidden` one is in no list: it belongs to a caller with
    the public keys of the sandbox.  `daily_budget` and `low_balance` are amounts, or empty: alerts
    are raised at 80 % of the one, and where a provider's balance is below the other.
    """

    id: bytes
    name: str
    mode: Mode
    created_at: int
    limits: dict[str, tuple[int, int]] = {}
    link_domains: tuple[str, ...] = ()
    hidden: bool = False
    marketing: Marketing = Marketing()
    daily_budget: str = ""
    low_balance: str = ""


class ApiKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key as the store keeps it; of its secrets only keyed hashes exist.

    `secrets` pairs a hash with the ms at which it stops working (None: never); there are two
    of them while a rotation overlaps.
    """

    project: bytes
    id: bytes
    name: str
    scopes: frozenset[Scope]
    allowed_ips: tuple[str, ...]
    expires_at: int | None
    disabled: bool
    created_at: int
    secrets: tuple[tuple[bytes, int | None], ...]


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks.  Only the server makes one: from a key, or for its own operator.

    `mode` and `limits` are its project's, so that the hot path need not look the project up;
    `allowed_ips` and `expires_at` are its key's, which no key it makes may exceed.  `site` is the
    network of a caller with a public key whose requests are counted together, or empty.  `agent`
    and `run_id` are what an agent says of itself: words for people to read, which prove nothing.
    """

    project: bytes
    api_key: bytes
    name: str
    scopes: frozenset[Scope]
    client_ip: str
    mode: Mode
    limits: dict[str, tuple[int, int]] = {}
    allowed_ips: tuple[str, ...] = ()
    expires_at: int | None = None
    site: bytes = b""
    agent: str = ""
    run_id: str = ""


def said_by(caller: Caller) -> tuple[str | None, str | None]:
    """What the agent behind a call says of itself, and its run; None where nothing was said."""
    return caller.agent or None, caller.run_id or None


def label(said: object) -> str:
    """What an agent calls itself or its run, fit to be kept: short, plain, and no address."""
    text = said if isinstance(said, str) else ""
    if "@" in text or _NUMBER.search(text):
        return "withheld"
    return _UNFIT.sub("", text)[:LONGEST_LABEL].strip()


def is_within(caller: Caller, allowed_ips: tuple[str, ...], expires_at: int | None) -> bool:
    """Whether a key with these restrictions can do no more than the caller's own."""
    if caller.expires_at is not None and (expires_at is None or expires_at > caller.expires_at):
        return False
    if not caller.allowed_ips:
        return True
    own = [ip_network(cidr) for cidr in caller.allowed_ips]
    return bool(allowed_ips) and all(
        any(_is_part(ip_network(cidr), network) for network in own) for cidr in allowed_ips
    )


def _is_part(inner: IPv4Network | IPv6Network, outer: IPv4Network | IPv6Network) -> bool:
    if isinstance(inner, IPv4Network) and isinstance(outer, IPv4Network):
        return inner.subnet_of(outer)
    if isinstance(inner, IPv6Network) and isinstance(outer, IPv6Network):
        return inner.subnet_of(outer)
    return False


def ip_allowed(allowed: tuple[str, ...], client_ip: str) -> bool:
    """Whether an address is on a key's allow-list of CIDRs; an empty list allows all."""
    if not allowed:
        return True
    try:
        address = ip_address(client_ip)
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return any(address in ip_network(cidr, strict=False) for cidr in allowed)
