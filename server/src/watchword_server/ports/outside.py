"""The world beyond the database: time, chance, vendors, the worker, the control plane."""

from collections.abc import Callable, Mapping
from typing import Protocol

import msgspec

from watchword_server.domain.delivery import Message, Reason, Receipt
from watchword_server.domain.errors import WatchwordError
from watchword_server.domain.project import Caller, Mode, Project
from watchword_server.domain.template import Template
from watchword_server.ports.records import Job


class Clock(Protocol):
    """The server's time."""

    def now(self) -> int:
        """Milliseconds since 1970; never runs back."""
        ...


Entropy = Callable[[int], bytes]
"""`entropy(n)` is n bytes from the operating system's generator."""


class Rejected(WatchwordError):
    """The provider refused this message for good; another provider or channel may take it."""

    def __init__(self, reason: Reason, raw: str | None = None) -> None:
        super().__init__(reason.value)
        self.reason = reason
        self.raw = raw


class Unavailable(WatchwordError):
    """Nothing was sent; another provider may be tried now."""

    def __init__(self, reason: Reason, raw: str | None = None) -> None:
        super().__init__(reason.value)
        self.reason = reason
        self.raw = raw


class Uncertain(WatchwordError):
    """The message may have been sent: the request left, no answer came."""

    def __init__(self, raw: str | None = None) -> None:
        super().__init__("the hand-over was not answered")
        self.raw = raw


class Provider(Protocol):
    """A vendor adapter.

    Attributes:
        name: its row in the registry.
        channels: what it can carry.
        reports: whether it tells later what became of a message.
        local: whether its messages stay on this machine, readable in the inbox.
        prompt: whether `send` answers without waiting, so that many can be handed over in turn.
    """

    name: str
    channels: frozenset[str]
    reports: bool
    local: bool
    prompt: bool

    async def send(self, message: Message) -> Receipt:
        """Hand one message over; at most 10 s.

        Raises:
            Rejected, Unavailable, Uncertain: the only three ways to fail.
        """
        ...

    async def aclose(self) -> None:
        """Close connections; called once."""
        ...


class Reply(msgspec.Struct, frozen=True):
    """What an outside server answered.

    Attributes:
        retry_after_s: how long it asks to be left alone, at most a day; None where it does not.
        body: the beginning of its body, at most 64 KiB, never decompressed.
    """

    status: int
    retry_after_s: int | None = None
    body: bytes = b""


class Denied(WatchwordError):
    """The destination may not be called: nothing was connected."""

    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule


class Unreachable(WatchwordError):
    """No answer: it could not be connected to, broke off, or took longer than it may."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


class Busy(Unreachable):
    """Nothing was tried: this server has too much under way.  The destination is not to blame."""


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


class Accounts(Protocol):
    """The configured provider accounts."""

    def of(self, mode: Mode, channel: str) -> Provider | None:
        """The account that carries `channel` for a project of this mode, if there is one.

        Only a live project gets an account that leaves the machine.
        """
        ...

    def named(self, name: str) -> Provider | None:
        """The account a delivery was given to."""
        ...


class Directory(Protocol):
    """The control plane as the hot path sees it: cached, at most a second old.

    Each `known_...` is what the call below it would answer without waiting, else None.
    """

    def known_caller(self, authorization: bytes, client_ip: str) -> Caller | None: ...
    def known_project(self, project: bytes) -> Project | None: ...
    def known_template(self, project: bytes, template: str) -> Template | None: ...

    async def authenticate(self, authorization: bytes, client_ip: str) -> Caller:
        """The caller behind an Authorization header.

        Raises:
            Problem: UNAUTHENTICATED, KEY_INACTIVE, or FORBIDDEN for an address not allowed.
        """
        ...

    async def project(self, project: bytes) -> Project:
        """Raises Problem UNKNOWN_ID where there is none."""
        ...

    async def template(self, project: bytes, template: str) -> Template:
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
