"""The world beyond the database: time, chance, the network, the worker, the control plane."""

import asyncio
import ssl
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import msgspec

from watchword_server.domain.errors import WatchwordError
from watchword_server.domain.project import Caller, Project
from watchword_server.domain.route_plan import Plan
from watchword_server.domain.template import Template
from watchword_server.ports.records import Job


class Clock(Protocol):
    """The server's time."""

    def now(self) -> int:
        """Milliseconds since 1970; never runs back."""
        ...


Entropy = Callable[[int], bytes]
"""`entropy(n)` is n bytes from the operating system's generator."""


LocalMinutes = Callable[[str, int], Sequence[int]]
"""`local_minutes(number, at)`: the minute of the day at an instant (ms), in every zone where a
number may be; none where that is not known."""


class Reply(msgspec.Struct, frozen=True):
    """What an outside server answered.

    Attributes:
        retry_after_s: how long it asks to be left alone, at most a day; None where it does not.
        body: the beginning of its body, at most 64 KiB, never decompressed.
        fields: the header, its names in lower case.
    """

    status: int
    retry_after_s: int | None = None
    body: bytes = b""
    fields: tuple[tuple[bytes, bytes], ...] = ()

    def field(self, name: str) -> str:
        """The first header field of that name, or an empty text."""
        wanted = name.lower().encode()
        return next((value.decode("latin-1") for key, value in self.fields if key == wanted), "")


class Denied(WatchwordError):
    """The destination may not be called: nothing was connected."""

    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule


class Unreachable(WatchwordError):
    """No answer: it could not be connected to, broke off, or took longer than it may.

    `left` says whether the request may have arrived all the same.
    """

    def __init__(self, what: str, *, left: bool = False) -> None:
        super().__init__(what)
        self.what = what
        self.left = left


class Busy(Unreachable):
    """Nothing was tried: this server has too much under way.  The destination is not to blame."""


class Network(Protocol):
    """The way to vendors and gateways: what an account's settings name is looked up once, every
    address is judged, and only that very address is connected to."""

    async def request(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes = b"",
        *, timeout_s: float = 9.0,
    ) -> Reply:  # fmt: skip
        """One HTTP request; redirects are answers, and nothing is ever sent twice.

        Raises:
            Denied: before anything was connected, also for a URL that is malformed.
            Busy, Unreachable: no answer; `left` says whether the request may have arrived.
        """
        ...

    async def connect(
        self, host: str, port: int, *, tls: ssl.SSLContext | None = None, timeout_s: float = 9.0
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A stream to a server, under TLS (checked against `host`) where a context is given.

        Raises:
            Denied, Unreachable: there is none.
        """
        ...


class Poster(Protocol):
    """Posts to destinations that callers choose, guarded against requests to the inside."""

    async def post(
        self, url: str, headers: Mapping[str, str], body: bytes, owner: bytes = b""
    ) -> Reply:
        """One POST, at most 30 s in all; redirects are answers, not followed.

        `owner` is whose it is: each has a share of what posts have in common.

        Raises:
            Denied: before anything was connected, also for a URL that is malformed.
            Busy: the owner's share is used up; try again in a while.
            Unreachable: it was tried, in vain.
        """
        ...

    async def aclose(self) -> None:
        """Call off what is under way; called once."""
        ...


class Directory(Protocol):
    """The control plane as the hot path sees it: cached, at most a second old.

    Each `known_...` is what the call below it would answer without waiting, else None.
    """

    def known_caller(self, authorization: bytes, client_ip: str) -> Caller | None: ...
    def known_project(self, project: bytes) -> Project | None: ...
    def known_template(self, project: bytes, template: str) -> Template | None: ...
    def known_route(self, project: bytes, route: str) -> Plan | None: ...

    async def authenticate(self, authorization: bytes, client_ip: str) -> Caller:
        """The caller behind an Authorization header.

        Raises:
            Problem: UNAUTHENTICATED, KEY_INACTIVE, or FORBIDDEN for an address not allowed.
        """
        ...

    async def caller_of(self, key: bytes, client_ip: str) -> Caller:
        """The caller that a key makes, where something else than its secret was proven.

        Raises:
            Problem: as `authenticate`.
        """
        ...

    async def project(self, project: bytes) -> Project:
        """Raises Problem UNKNOWN_ID where there is none."""
        ...

    async def template(self, project: bytes, template: str) -> Template:
        """Raises Problem UNKNOWN_ID where there is none."""
        ...

    async def route(self, project: bytes, route: str) -> Plan:
        """Raises Problem UNKNOWN_ID where there is none."""
        ...

    def forget(self) -> None:
        """Read everything anew from now on."""
        ...


class Dispatch(Protocol):
    """The worker of this process, as those who make work see it."""

    def reserve(self) -> bool:
        """Take a slot for a hand-over, if one is free; then `start` or `release` it."""
        ...

    def release(self) -> None:
        """Give a reserved slot back."""
        ...

    def start(self, job: Job) -> None:
        """Hand a job over at once, in the reserved slot."""
        ...

    def wake(self) -> None:
        """There is unclaimed work that is due."""
        ...
