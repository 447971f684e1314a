"""What lies outside, as the settings choose it: networks, the server's own provider accounts, and
what the adapters of accounts are given.  It is the other half of `runtime`."""

import ssl
from collections.abc import Callable
from pathlib import Path

from watchword_server import providers
from watchword_server.domain import destinations, ids, sandbox, strangers
from watchword_server.domain.errors import Misconfigured
from watchword_server.domain.provider_account import ProviderAccount
from watchword_server.egress.network import GuardedNetwork, OwnedNetwork
from watchword_server.ports.outside import Clock, Entropy, Poster
from watchword_server.ports.providers import Provider, Setup
from watchword_server.providers.inbox import Inbox, magic_script
from watchword_server.settings import Settings


def inbox(settings: Settings) -> Provider:
    """The inbox of development projects."""
    script = {"script": settings.inbox_script or ""}
    made: Provider = providers.load("inbox")(providers.settings("inbox", script))
    return made


def magic(settings: Settings) -> Provider:
    """The inbox of sandboxes, which plays the magic recipients."""
    return Inbox(script=magic_script(settings.sandbox_delay_s), name=sandbox.ACCOUNT)


def outside(
    settings: Settings, clock: Clock, network: GuardedNetwork, entropy: Entropy
) -> tuple[Provider, ...]:
    """The accounts that every live project has: the settings' mail server, if there is one."""
    account = settings.smtp_account()
    if account is None:
        return ()
    setup = Setup(account="smtp", callback_url="", network=network, now=clock.now, entropy=entropy)
    return (providers.make("smtp", providers.settings("smtp", account), setup),)


def setups(
    settings: Settings, clock: Clock, network: GuardedNetwork, entropy: Entropy
) -> Callable[[ProviderAccount], Setup]:
    """What adapters of accounts are given."""

    def setup(account: ProviderAccount) -> Setup:
        id = ids.text(ids.Prefix.PROVIDER, account.id)
        url = f"{settings.public_url}/callbacks/{id}"
        owned = OwnedNetwork(network, account.project)
        return Setup(
            account=account.name, callback_url=url, network=owned, now=clock.now, entropy=entropy
        )

    return setup


def vendors(settings: Settings, clock: Clock) -> GuardedNetwork:
    """The way to vendors; plain http only to networks that the operator names."""
    trust = _trust(settings.provider_ca_file, "WATCHWORD_PROVIDER_CA_FILE")
    allowed = destinations.networks(settings.provider_networks)
    return GuardedNetwork(clock.now, allowed, allow_http=False, trust=trust)


def documents(settings: Settings, clock: Clock) -> GuardedNetwork:
    """The way to the documents of OAuth clients, which strangers name: never by plain http."""
    trust = _trust(settings.webhook_ca_file, "WATCHWORD_WEBHOOK_CA_FILE")
    allowed = destinations.networks(settings.oauth_allow)
    return GuardedNetwork(clock.now, allowed, allow_http=False, trust=trust)


def posters(settings: Settings, clock: Clock, told: Poster | None) -> tuple[Poster, Poster]:
    """What posts for ordinary projects, and for callers with the public keys."""
    if told is not None:
        return told, told
    ordinary, stranger = settings.webhook_networks, settings.sandbox_webhook_networks
    return _poster(settings, clock, ordinary), _poster(settings, clock, stranger)


def plain_http(settings: Settings) -> Callable[[bytes], bool]:
    """Whether a project's webhooks may go by plain http, at least to somewhere."""
    public = settings.webhook_allow_http
    http = public or bool(settings.webhook_networks)
    of_strangers = public or bool(settings.sandbox_webhook_networks)
    return lambda project: of_strangers if strangers.owns(project) else http


def _poster(settings: Settings, clock: Clock, allowed: tuple[str, ...]) -> GuardedNetwork:
    trust = _trust(settings.webhook_ca_file, "WATCHWORD_WEBHOOK_CA_FILE")
    http, networks = settings.webhook_allow_http, destinations.networks(allowed)
    return GuardedNetwork(clock.now, networks, allow_http=http, trust=trust)


def _trust(ca_file: Path | None, variable: str) -> ssl.SSLContext | None:
    """The system's certificates and those of a file; None for the system's alone."""
    if ca_file is None:
        return None
    trust = ssl.create_default_context()
    try:
        trust.load_verify_locations(ca_file)
    except OSError as error:
        raise Misconfigured(
            f"{variable} names {ca_file}, which cannot be used ({error.strerror or error})."
        ) from None
    return trust
