"""Any of Apprise's services, by URL: https://github.com/caronc/apprise

Apprise opens its connections itself, past `ports.Network`: what can be known of where they lead
is judged before (`_judged`), redirects are off, and services that act on this machine are refused.
It tells no more than yes or no; an HTTP status is read out of what it says about a failure.
"""

import asyncio
import logging
import re
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Annotated, Any
from urllib.parse import parse_qsl

import apprise
import msgspec
from apprise.manager_plugins import NotificationManager

from watchword_server.domain.channel import CODELESS, Channel
from watchword_server.domain.delivery import Message, Reason, Receipt
from watchword_server.domain.errors import Misconfigured
from watchword_server.ports.outside import Denied, Unreachable
from watchword_server.ports.providers import Provider, Rejected, Setup, Unavailable, Uncertain
from watchword_server.providers import blanks, calling

LOCAL = frozenset({
    "blink1", "dbus", "gio", "glib", "gnome", "growl", "kde", "macosx", "qt", "syslog", "vapid",
    "windows",
})  # fmt: skip
"""Services that show, write or read something on this machine."""
REFUSED = frozenset(
    {"attach", "keyfile", "pgp", "pgpkey", "pgpprv", "pgppub", "redirect", "retry", "subfile",
     "verify", "wait"}
)  # fmt: skip
"""Parameters that read files, weaken TLS, lead elsewhere, or send twice."""
HOSTED = frozenset({"mailgun", "sendpulse", "smtp2go", "sparkpost"})
"""Services whose URL has a host that is only a name in mails."""

_BLANKS = frozenset({"channel", "id", "language", "sender", "to", "to_digits"})
# One recipient and nothing else: Apprise splits texts at commas, semicolons and spaces.
_ONE = re.compile(r"\+?[0-9]{5,20}|[\w.!#$%&'*+/=?^`{|}~-]{1,64}@[\w.-]{1,255}")
_STATUS = re.compile(r"\berror=([1-5][0-9]{2})\b")
_CHANNELS = frozenset(channel.value for channel in Channel if channel not in CODELESS)
_TOTAL_S, _JUDGE_S, _SERVICE_S = 9.5, 3.0, 8.0
_THREADS = 4

# What Apprise logs repeats URLs and recipients; what is needed of it comes with its result.
for _name in ("apprise", "urllib3"):
    logging.getLogger(_name).setLevel(logging.WARNING)
logging.getLogger("apprise").propagate = False
logging.getLogger("apprise").addHandler(logging.NullHandler())


def _doc(description: str, **rules: Any) -> msgspec.Meta:
    return msgspec.Meta(description=description, **rules)


class Settings(calling.Discreet, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of an Apprise account; the URL holds its credentials."""

    url: Annotated[
        str,
        _doc(
            "The service as Apprise writes it, with the recipient as `{to}` or `{to_digits}`.",
            extra={"secret": True},
        ),
    ]
    channels: Annotated[
        tuple[str, ...], _doc("What the service carries.", min_length=1)
    ] = ("sms",)  # fmt: skip

    def __post_init__(self) -> None:
        if not set(self.channels) <= _CHANNELS:
            raise Misconfigured(f"apprise: channels: use {', '.join(sorted(_CHANNELS))}")
        for advice in _flaws(self.url, "email" in self.channels):
            raise Misconfigured(f"apprise: url: {advice}")


def _flaws(url: str, is_mail: bool) -> Iterator[str]:
    """Why a URL cannot be used; its text is never repeated."""
    try:
        names = {name for _, name in blanks.template(url, _BLANKS)}
    except blanks.Flaw:
        yield f"its variables are {', '.join(sorted(_BLANKS))}; write {{{{ for a brace"
        return
    if not names & {"to", "to_digits"}:
        yield "without {to} or {to_digits} everybody's codes would go to one place"
    schema, _, rest = url.partition("://")
    if schema.lower() in LOCAL:
        yield "this service acts on the server's own machine"
    if schema.lower() not in _services() or not rest:
        yield "Apprise has no service of that name, or it needs a package that is not installed"
    keys = {key.lower().lstrip("+-:") for key, _ in parse_qsl(rest.partition("?")[2])}
    if keys & REFUSED:
        yield f"remove the parameter {', '.join(sorted(keys & REFUSED))}"
    made = _service(url, "a@example.com" if is_mail else "+15550100000")
    if made is None:
        yield "Apprise cannot read it: compare it with the service's page"
    elif any(
        isinstance(value, apprise.AppriseAttachment) and value for value in vars(made).values()
    ):
        yield "it names a file"


@cache
def _services() -> dict[str, Any]:
    """All that can be used here, by name; they take a second to load, once."""
    manager: Any = NotificationManager()  # type: ignore[no-untyped-call]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # some still import what Python 3.13 dropped
        manager.load_modules()
    return {name: manager[name] for name in manager.schemas() if manager[name].enabled}


def _service(url: str, to: str, sender: str = "", **more: str) -> Any:
    """The service that a URL with its blanks filled stands for; None if there is none."""
    given = {"to": to, "to_digits": to.removeprefix("+"), "sender": sender}
    given |= {name: more.get(name, "x") for name in _BLANKS - set(given)}
    filled = blanks.fill(blanks.template(url, _BLANKS), given, blanks.in_url)
    return apprise.Apprise.instantiate(filled, asset=_asset())


def _asset() -> apprise.AppriseAsset:
    return apprise.AppriseAsset(
        app_id="Watchword", app_desc="Watchword", http_redirects=False, pgp_autogen=False,
        pem_autogen=False, storage_mode=apprise.PersistentStoreMode.MEMORY, async_mode=False,
        service_timeout=_SERVICE_S,
    )  # fmt: skip


class AppriseUrls(Provider):
    """One Apprise service."""

    name = "apprise"
    channels = _CHANNELS
    reports = False

    def __init__(self, settings: Settings, setup: Setup) -> None:
        self.name = setup.account
        self.channels = frozenset(settings.channels)
        self._settings = settings
        self._setup = setup
        self._closed = False
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="apprise")

    async def send(self, message: Message) -> Receipt:
        """Let Apprise send it; its services give no reference."""
        return calling.ended(await self._hand_over(message))

    async def _hand_over(self, message: Message) -> Receipt | calling.Failure:
        if not _ONE.fullmatch(message.to):
            return Rejected(Reason.INVALID_RECIPIENT, "not one plain recipient")
        service = _service(
            self._settings.url, message.to, message.sender,
            channel=message.channel, id=message.id, language=message.language,
        )  # fmt: skip
        if service is None:
            return Unavailable(Reason.MISCONFIGURED, "Apprise cannot read the URL")
        task = None
        try:
            async with asyncio.timeout(_TOTAL_S):
                denied = await self._judged(service)
                if denied or self._closed:
                    return denied or Unavailable(Reason.INTERRUPTED, "the account is closed")
                task = self._threads.submit(_notify, service, message)
                return await asyncio.wrap_future(task)
        except TimeoutError:
            if task is None or task.cancel():  # it still waited for a thread
                return Unavailable(Reason.THROTTLED, "all threads are in use")
            return Uncertain("no answer in time")

    async def _judged(self, service: Any) -> calling.Failure | None:
        """Why a destination that is known may not be called; None if it may."""
        if not any("{host}" in form for form in service.templates):
            return None
        if service.schemas() & HOSTED:
            return None
        port = service.port or (443 if service.secure else 80)
        host = (getattr(service, "smtp_host", None) or service.host).strip("[]")
        try:
            _, writer = await self._setup.network.connect(host, port, timeout_s=_JUDGE_S)
            writer.transport.abort()
        except Denied as error:
            return Unavailable(
                Reason.MISCONFIGURED, f"the destination may not be called: {error.rule}"
            )
        except Unreachable:
            if service.port:
                return Unavailable(Reason.PROVIDER_DOWN, "nobody is at its host and port")
        return None

    async def aclose(self) -> None:
        """Take nothing more; what is under way ends by itself."""
        self._closed = True
        self._threads.shutdown(wait=False, cancel_futures=True)


def _notify(service: Any, message: Message) -> Receipt | calling.Failure:
    """What Apprise makes of it; it raises nothing of its own."""
    sender = apprise.Apprise(asset=service.asset)
    sender.add(service)
    result = sender.notify(
        body=message.text, title=message.subject or "", body_format=apprise.NotifyFormat.TEXT
    )
    if result:
        return Receipt()
    said = " ".join(str(entry) for one in result for entry in one.logs())
    found = _STATUS.search(said)
    if found is None:
        return Uncertain("Apprise says that it failed, and not how")
    return calling.refusal(int(found[1]), None, f"HTTP {found[1]}")
