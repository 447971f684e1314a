"""Vendors: what an adapter offers, what it is given, and the accounts that are configured."""

from collections.abc import Awaitable, Callable, Container, Iterator, Mapping, Sequence
from typing import Protocol

import msgspec

from watchword_server.domain.delivery import Message, Reason, Receipt
from watchword_server.domain.errors import WatchwordError
from watchword_server.domain.inbound import Inbound
from watchword_server.domain.project import Mode
from watchword_server.domain.routing import Outcome, Step
from watchword_server.ports.outside import Entropy, Network


class Rejected(WatchwordError):
    """The provider refused this message for good; another channel may take it."""

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


class Forged(WatchwordError):
    """The callback's signature is missing or wrong: nothing of it is believed."""


class Unreadable(WatchwordError):
    """The callback is signed, or its vendor signs nothing, but it is not what that vendor sends."""


class Callback(msgspec.Struct, frozen=True, kw_only=True):
    """A request that a vendor made to an account's callback URL.

    Attributes:
        url: as the vendor has signed it: the account's `callback_url` with the query, if any.
        headers: their names in lower case.
        body: at most 64 KiB.
    """

    method: str
    url: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    def __repr__(self) -> str:
        return f"<Callback {self.method}>"

    __str__ = __repr__

    def __rich_repr__(self) -> Iterator[str]:  # type: ignore[override]
        yield self.method


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What a callback said, and what its vendor wants to be answered (with status 200)."""

    inbound: tuple[Inbound, ...] = ()
    answer: bytes = b""
    content_type: str = "text/plain"


class Checkup(msgspec.Struct, frozen=True, kw_only=True):
    """How an account is doing, by the vendor's own word.

    Attributes:
        ok: whether it can be used: reachable, credentials right, money left.
        detail: one sentence for the operator; without secrets.
        balance: what is left, as the vendor writes it (`12.34`), where it tells.
        currency: ISO 4217, where it tells.
    """

    ok: bool
    detail: str
    balance: str | None = None
    currency: str | None = None


class Setup(msgspec.Struct, frozen=True, kw_only=True):
    """What an adapter is given beside its settings.

    Attributes:
        account: the account's name: the adapter's `name`.
        callback_url: where its vendor can reach this server; empty where it cannot.
        network: the only way out.
        now: the server's clock, ms since 1970.
    """

    account: str
    callback_url: str
    network: Network
    now: Callable[[], int]
    entropy: Entropy

    def __repr__(self) -> str:
        return f"<Setup {self.account}>"


Listener = Callable[[Sequence[Inbound]], Awaitable[None]]
"""Takes what came in over a provider's own session; returns once it is durable."""


class Provider(Protocol):
    """A vendor adapter: a class with this made by `Adapter(settings, setup)`.

    Inherit it: everything but `send` has a default.

    Attributes:
        name: the provider account it is made for.
        channels: what it can carry.
        reports: whether it tells later what became of a message.
        local: whether its messages stay on this machine, readable in the inbox.
        prompt: whether `send` answers without waiting, so that many can be handed over in turn.
    """

    name: str
    channels: frozenset[str]
    reports: bool = False
    local: bool = False
    prompt: bool = False

    async def send(self, message: Message) -> Receipt:
        """Hand one message over; at most 10 s.

        Raises:
            Rejected, Unavailable, Uncertain: the only three ways to fail.
        """
        ...

    def told(self, callback: Callback) -> Told:
        """What a callback says; pure.

        Raises:
            Forged: its signature is missing or wrong.
            Unreadable: it is nothing this vendor sends.
        """
        raise Unreadable("this provider takes no callbacks")

    async def run(self, listener: Listener) -> None:
        """Keep the session open over which things come in; until canceled.

        Returns at once where there is none.
        """
        return

    async def checkup(self) -> Checkup:
        """Ask the vendor how the account is doing, without sending anything; at most 10 s."""
        return Checkup(ok=True, detail="This provider has nothing to ask.")

    def preview(self, message: Message) -> Mapping[str, object] | None:
        """What would leave for this message, its secrets masked; nothing is sent.

        None where the provider has nothing to show.
        """
        return None

    async def revoke(self, reference: str) -> bool:
        """Ask for a message to be taken back; whether the vendor says that it was.

        At most 10 s; whatever it raises is only noted.
        """
        return False

    async def aclose(self) -> None:
        """Close connections; may be called twice."""
        return


class Field(msgspec.Struct, frozen=True):
    """One setting of a provider, as the API, `doctor` and the documentation show it.

    Attributes:
        type: `string`, `integer`, `number`, `boolean`, `object`, `array` or `choice`.
        choices: what may be written, of a choice.
    """

    name: str
    description: str
    required: bool
    default: object
    secret: bool
    type: str
    choices: tuple[str, ...] = ()


class ProviderType(msgspec.Struct, frozen=True, kw_only=True):
    """A vendor that this server can speak to.

    Attributes:
        channels, reports: as a new account has them; settings may change them.
        local: whether its messages stay on this machine: no account is made for it.
        session: whether it keeps a session open over which things come in.
        ours: whether it is one of this server's own, which have a page each.
    """

    name: str
    description: str
    channels: tuple[str, ...]
    reports: bool
    local: bool
    session: bool
    ours: bool
    fields: tuple[Field, ...]


class Vendors(Protocol):
    """The registry of vendors, as those who handle accounts see it.

    Raises:
        Misconfigured: from each but `names`: there is none of that name, or its package is broken.
    """

    def names(self) -> list[str]:
        """Every vendor there is; nothing is imported for it."""
        ...

    def describe(self, name: str) -> ProviderType:
        """What it is and what it has to be told."""
        ...

    def settings_type(self, name: str) -> type[msgspec.Struct]:
        """The type of its settings; its checks may raise Misconfigured."""
        ...

    def make(self, name: str, settings: msgspec.Struct, setup: Setup) -> Provider:
        """An adapter; Misconfigured also where the settings do not work here."""
        ...


class Accounts(Protocol):
    """The configured provider accounts; nothing here waits.

    Only a live project gets an account whose messages leave the machine.

    Attributes:
        generation: changes whenever an answer of `carries` may have changed.
    """

    generation: int

    def carries(self, project: bytes, mode: Mode, step: Step) -> bool:
        """Whether any account of the project can carry the step, healthy or not."""
        ...

    def pick(
        self, project: bytes, mode: Mode, step: Step, tried: Container[str] = ()
    ) -> str | None:
        """The account to try for a step: by weight among the healthy ones, else among all.

        None where every account of the step was `tried`.
        """
        ...

    def named(self, project: bytes, name: str) -> Provider | None:
        """The account a delivery was given to."""
        ...

    def told(self, project: bytes, name: str, outcome: Outcome) -> None:
        """What came of a hand-over to it: this is what its health is made of."""
        ...
