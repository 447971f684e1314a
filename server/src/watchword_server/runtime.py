"""The composition root: the only place where adapters are chosen and joined."""

import time
from contextlib import suppress
from typing import Any

import msgspec
import phonenumbers
from phonenumbers import phonenumberutil, re_util

from watchword_server import adapters, providers
from watchword_server.clock import SteadyClock, local_minutes
from watchword_server.domain import catalogue, ids
from watchword_server.domain.countries import Numbers, numbers_from
from watchword_server.domain.errors import Misconfigured, Problem
from watchword_server.domain.limits import DailyQuota, Throughput
from watchword_server.domain.numbering import Numbering, numbering_from
from watchword_server.domain.project import Caller, Mode, Scope
from watchword_server.domain.sealing import Keyring
from watchword_server.domain.tariff import Tariff
from watchword_server.domain.template import Autofill, OriginBound, TemplateError
from watchword_server.domain.template_review import AutoApprove
from watchword_server.egress.network import GuardedNetwork
from watchword_server.entropy import PagedEntropy
from watchword_server.ledger import Ledger
from watchword_server.ports.outside import Clock, Directory, Dispatch, Entropy, Poster
from watchword_server.ports.providers import Provider
from watchword_server.ports.records import Job
from watchword_server.services.accounts import (
    AccountMaker,
    Choosing,
    Keeper,
    Own,
    ProviderAccounts,
    Sessions,
    SettingsBox,
    Trying,
    Watching,
)
from watchword_server.services.advising import Advising
from watchword_server.services.alert_mails import AlertMailing
from watchword_server.services.alerts import Alerts
from watchword_server.services.api_keys import ApiKeys
from watchword_server.services.authorizing import Clients, Requests, Tokens
from watchword_server.services.bouncing import Bouncing
from watchword_server.services.callbacks import Callbacks
from watchword_server.services.checking import Checking
from watchword_server.services.delivering import Delivering
from watchword_server.services.directory import CachedDirectory
from watchword_server.services.events import Events
from watchword_server.services.hosted_pages import HostedPages
from watchword_server.services.idempotency import Idempotency
from watchword_server.services.opt_outs import OptOuts
from watchword_server.services.projects import Projects
from watchword_server.services.reading import Reading
from watchword_server.services.reporting import Reporting
from watchword_server.services.routes import Routes
from watchword_server.services.sandboxes import Sandboxes
from watchword_server.services.sending import CustomSending, Rehearsing
from watchword_server.services.sending.admission import RATES
from watchword_server.services.sending.draft import Drafter
from watchword_server.services.spending import Spending
from watchword_server.services.templates import Templates
from watchword_server.services.webhooks import Notifying, Posting, WebhookEndpoints, WebhookLog
from watchword_server.settings import PEPPER_LOST, Settings, load_or_create_keyring
from watchword_server.storage.store import HIGH_WATER, SqliteStore

DEFAULT_PROJECT = "default"
MAIL_ACCOUNT = "smtp"
"""The account of the settings file."""
_WARM_UP_PAUSE_S = 0.02
_KEYRING_FACT = "keyring_fingerprint"
_LIMITS = frozenset(RATES[Mode.LIVE]) | {"requests"}


class Services(msgspec.Struct, frozen=True):
    """The use cases, as the faces call them."""

    directory: Directory
    sending: CustomSending
    checking: Checking
    reading: Reading
    events: Events
    api_keys: ApiKeys
    projects: Projects
    templates: Templates
    routes: Routes
    opt_outs: OptOuts
    idempotency: Idempotency
    webhook_endpoints: WebhookEndpoints
    webhook_log: WebhookLog
    provider_accounts: ProviderAccounts
    trying: Trying
    hosted_pages: HostedPages
    advising: Advising
    oauth_clients: Clients
    oauth_requests: Requests
    oauth_tokens: Tokens
    throughput: Throughput
    clock: Clock


class Switchboard:
    """`ports.Dispatch`: passes on to the worker of this process, if there is one."""

    def __init__(self) -> None:
        self.worker: Dispatch | None = None

    def reserve(self) -> bool:
        """See `ports.Dispatch.reserve`."""
        return self.worker is not None and self.worker.reserve()

    def release(self) -> None:
        """See `ports.Dispatch.release`."""
        if self.worker is not None:
            self.worker.release()

    def start(self, job: Job) -> None:
        """See `ports.Dispatch.start`."""
        if self.worker is not None:
            self.worker.start(job)

    def wake(self) -> None:
        """See `ports.Dispatch.wake`."""
        if self.worker is not None:
            self.worker.wake()


class Runtime:
    """A server without its face: store, services and providers, joined by the settings."""

    _open = True

    def __init__(
        self, settings: Settings, store: SqliteStore, clock: Clock, keyring: Keyring,
        own_accounts: Own, network: GuardedNetwork, entropy: Entropy,
        poster: Poster | None = None,
    ) -> None:  # fmt: skip
        self.settings, self.store, self.clock = settings, store, clock
        self._keyring, self._network = keyring, network
        self.dispatch = Switchboard()
        self._numbering = numbering = _plans()
        tariff = Tariff(settings.message_prices, settings.price_currency)
        self.spending = Spending(keyring, numbering, tariff)
        ledger = Ledger(sequence := ids.Sequence(entropy(6)), self.spending.charge)
        own, magic = catalogue.templates(), catalogue.templates(table=catalogue.SANDBOX)
        sandboxes = Sandboxes(store, clock, keyring, (*own, *magic), _per_day(settings))
        directory = CachedDirectory(store, clock, keyring, entropy, sandboxes.caller)
        throughput, quota = Throughput(), DailyQuota()
        more = self._keep(own_accounts, keyring, entropy, throughput)
        accounts = self.accounts
        sending = store, clock, Drafter(keyring, numbering, accounts, entropy), directory
        writing = ledger, self.dispatch, entropy, local_minutes
        approve = AutoApprove(settings.template_auto_approve)
        autofill, url = _autofill(settings), settings.public_url
        self.services = Services(
            directory=directory,
            sending=CustomSending(*sending, throughput, *writing),
            checking=Checking(store, clock, keyring, sequence, ledger),
            reading=Reading(store, clock, keyring, numbering, directory),
            events=Events(store, clock),
            api_keys=ApiKeys(store, clock, entropy, keyring, directory),
            projects=Projects(store, clock, entropy, directory, own, magic, _LIMITS, approve),
            templates=Templates(store, clock, directory, autofill, approve, tariff),
            routes=Routes(store, clock, directory, accounts, numbering, _numbers()),
            opt_outs=OptOuts(store, clock, keyring, numbering, sequence),
            idempotency=Idempotency(store, clock, entropy, keyring),
            **more | self._post(keyring, entropy, poster),
            hosted_pages=HostedPages(store, clock, keyring, directory, throughput, url),
            advising=Advising(store, clock, accounts),
            throughput=throughput,
            clock=clock,
        )
        store.committed = self.services.events.hint
        self.rehearsal = msgspec.structs.replace(
            self.services, sending=Rehearsing(*sending, quota, *writing), throughput=quota
        )
        self._hear(keyring, ledger, sequence)
        self.delivering = Delivering(
            store, clock, entropy, keyring, directory, accounts, ledger, sequence, autofill
        )

    def _post(self, keyring: Keyring, entropy: Entropy, told: Poster | None) -> dict[str, Any]:
        """Join what goes to where callers say: webhooks, OAuth; its use cases, by their names."""
        settings, store, clock = self.settings, self.store, self.clock
        self.poster, self._stranger = adapters.posters(settings, clock, told)
        posting = Posting(clock, entropy, keyring, self.poster, self._stranger)
        schedule = settings.webhook_schedule
        self.notifying = Notifying(store, clock, entropy, keyring, posting, schedule)
        http = adapters.plain_http(settings)
        endpoints = WebhookEndpoints(store, clock, entropy, posting, http=http)
        self._documents = adapters.documents(settings, clock)
        held = store, clock, entropy, keyring, settings.public_url
        return {
            "webhook_endpoints": endpoints, "webhook_log": WebhookLog(store, clock, keyring),
            "oauth_clients": Clients(self._documents, clock), "oauth_requests": Requests(*held),
            "oauth_tokens": Tokens(*held),
        }  # fmt: skip

    def _keep(
        self, own: Own, keyring: Keyring, entropy: Entropy, throughput: Throughput
    ) -> dict[str, Any]:
        """Join what keeps the provider accounts; their use cases, by their names."""
        settings, store, clock = self.settings, self.store, self.clock
        box = SettingsBox(keyring, entropy)
        setups = adapters.setups(settings, clock, self._network, entropy)
        maker = AccountMaker(providers, box, setups)
        self.accounts = keeper = Keeper(store, maker.make, own, Choosing(clock, entropy))
        desk = ProviderAccounts(store, clock, entropy, keeper, maker, box, settings.public_url)
        trying = Trying(store, clock, entropy, keeper, self._numbering, throughput)
        return {"provider_accounts": desk, "trying": trying}

    def _hear(self, keyring: Keyring, ledger: Ledger, sequence: ids.Sequence) -> None:
        """Join what takes the vendors' word."""
        store, clock, numbering = self.store, self.clock, self._numbering
        written = ledger, sequence, self.dispatch
        self.reporting = Reporting(store, clock, keyring, numbering, *written)
        self.callbacks = Callbacks(self.accounts, self.reporting, clock)
        self.bouncing = Bouncing(store, self.accounts, self.reporting)
        self.sessions = Sessions(self.accounts, providers, self.reporting.take, clock)
        self._watch()

    def _watch(self) -> None:
        """Join what tells the operator what needs a look."""
        settings, store, clock = self.settings, self.store, self.clock
        self.alerts = Alerts(store, clock, Watching(self.accounts), settings.price_currency)
        self.alert_mailing = AlertMailing(
            store, clock, settings.alert_emails,
            lambda: self.accounts.named(b"", MAIL_ACCOUNT), settings.public_url,
        )  # fmt: skip

    @classmethod
    async def open(
        cls, settings: Settings, *, clock: Clock | None = None,
        entropy: Entropy | None = None, outside: tuple[Provider, ...] | None = None,
        inbox: Provider | None = None, poster: Poster | None = None,
    ) -> "Runtime":  # fmt: skip
        """A runtime on the settings' database, which is made and migrated as needed.

        `clock`, `entropy`, `outside` (providers of live projects), `inbox` and `poster`
        replace the real ones in tests.

        Raises:
            Misconfigured: a setting is wrong, or the pepper file is not the database's own.
        """
        path = settings.database_path
        if path is None:
            raise Misconfigured(
                "WATCHWORD_DATABASE_URL must be sqlite:///path; this version has no other store."
            )
        steady = clock or SteadyClock()
        entropy = entropy or PagedEntropy()
        is_new = not path.exists() or path.stat().st_size == 0
        if not is_new and not settings.pepper_file.exists():
            raise Misconfigured(PEPPER_LOST)
        keyring = load_or_create_keyring(settings.pepper_file, entropy)
        store = SqliteStore(path, settings.sqlite_synchronous, steady.now)
        if isinstance(steady, SteadyClock):
            steady.hold_above(int(store.fact(HIGH_WATER) or 0))
        _same_keyring(store, keyring)
        network = adapters.vendors(settings, steady)
        own = Own(
            inbox or adapters.inbox(settings),
            adapters.magic(settings),
            adapters.outside(settings, steady, network, entropy) if outside is None else outside,
        )
        runtime = cls(settings, store, steady, keyring, own, network, entropy, poster)
        await runtime.accounts.refresh()
        await runtime._default_project()
        return runtime

    async def close(self) -> None:
        """Close providers and store; what was accepted is durable."""
        self._open = False
        await self.services.events.close()
        await self.accounts.aclose()
        await self._network.aclose()
        await self.poster.aclose()
        await self._stranger.aclose()
        await self._documents.aclose()
        await self.store.close()

    def warm_up(self) -> None:
        """Compile every country's numbering plan, so that no first number has to wait for it.

        Takes some seconds, most of them pauses: it is meant for a thread, and holds the
        interpreter's lock only now and then, so that the first requests do not wait for it either.
        """
        for code in phonenumbers.COUNTRY_CODE_TO_REGION_CODE:
            self._numbering.prepare((code,))
            time.sleep(_WARM_UP_PAUSE_S)

    def services_of(self, caller: Caller) -> Services:
        """The use cases as they are for a caller: those of the sandbox differ."""
        return self.rehearsal if caller.mode is Mode.SANDBOX else self.services

    def derived(self, purpose: bytes) -> bytes:
        """32 secret bytes for one purpose, the same for every process of this deployment."""
        marks = (self._keyring.fingerprint(b"", purpose + half) for half in (b"\x00", b"\x01"))
        return b"".join(marks)

    def ready(self) -> bool:
        """Whether requests can be served."""
        return self._open

    async def operator(self, project: str | None = None) -> Caller:
        """The operator of this machine, acting in a project given by name or id.

        Raises:
            Problem: UNKNOWN_ID where there is no such project.
        """
        wanted = project or DEFAULT_PROJECT
        for one in await self.services.projects.all():
            if wanted in (one.name, ids.text(ids.Prefix.PROJECT, one.id)):
                return Caller(
                    project=one.id, api_key=b"", name="operator", scopes=frozenset(Scope),
                    client_ip="127.0.0.1", mode=one.mode, limits=one.limits,
                )  # fmt: skip
        raise ids.unknown(ids.Prefix.PROJECT)

    async def _default_project(self) -> None:
        """A fresh server has one development project."""
        if not await self.services.projects.all():
            with suppress(Problem):  # another process that starts now was faster
                await self.services.projects.create(DEFAULT_PROJECT, Mode.DEVELOPMENT)


def _plans() -> Numbering:
    re_util.enable_pattern_cache()  # for the few numbers that the library itself answers
    return numbering_from(phonenumberutil, phonenumbers.PhoneMetadata)


def _numbers() -> Numbers:
    return numbers_from(phonenumberutil, phonenumbers.PhoneMetadata)


def _same_keyring(store: SqliteStore, keyring: Keyring) -> None:
    """Refuse another deployment's keys before they make every sealed row unreadable."""
    mark = keyring.fingerprint(b"", b"keyring").hex()
    kept = store.fact(_KEYRING_FACT)
    if kept is None:
        store.put_fact(_KEYRING_FACT, mark)
    elif kept != mark:
        raise Misconfigured(PEPPER_LOST)


def _per_day(settings: Settings) -> int | None:
    """The quota of a sandbox; None where there is none."""
    return settings.sandbox_requests_per_day if settings.sandbox_is_on else None


def _autofill(settings: Settings) -> Autofill | None:
    if settings.autofill_domain is None:
        return None
    try:
        return OriginBound(settings.autofill_domain)
    except TemplateError as error:
        raise Misconfigured(f"WATCHWORD_AUTOFILL_DOMAIN: {error}.") from None
