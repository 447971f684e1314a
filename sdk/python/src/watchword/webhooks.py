"""Webhooks as they arrive: who sent them, when, and whether for the first time.

    webhook = Webhook(os.environ["WATCHWORD_WEBHOOK_SECRET"])
    event = webhook.verify(body, headers)

The signatures are those of Standard Webhooks 1.0.0, or with a `username` EngageLab's.
"""

import base64
import binascii
import hashlib
import hmac
import json
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from threading import Lock
from typing import Final, Protocol, overload

from watchword.errors import ConfigurationError, WatchwordError
from watchword.models import Callback, Event

TOLERANCE_SECONDS: Final = 300
_PREFIX: Final = "whsec_"
_CALLBACK: Final = "x-callback-id"
_ID, _TIMESTAMP, _SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"


class WebhookRefused(WatchwordError):
    """The webhook is not to be trusted: answer 400."""


class WebhookReplayed(WebhookRefused):
    """The webhook was taken before: answer 200, so that it is not sent again."""


class Memory(Protocol):
    """Ids of webhooks that were taken; keep it where all your processes see it."""

    def add(self, id: str, seconds: int) -> bool:
        """Remember an id for so long, in one step; False if it is remembered already."""

    def discard(self, id: str) -> None:
        """Forget it."""


class RecentIds:
    """A memory in this process, of the last `limit` ids."""

    def __init__(self, limit: int = 100_000, *, now: Callable[[], float] = time.monotonic) -> None:
        self._limit, self._now = limit, now
        self._until: OrderedDict[str, float] = OrderedDict()
        self._lock = Lock()

    def add(self, id: str, seconds: int) -> bool:
        """See `Memory.add`."""
        now = self._now()
        with self._lock:
            while self._until and next(iter(self._until.values())) <= now:
                self._until.popitem(last=False)
            if id in self._until:
                return False
            self._until[id] = now + seconds
            if len(self._until) > self._limit:
                self._until.popitem(last=False)
            return True

    def discard(self, id: str) -> None:
        """See `Memory.discard`."""
        with self._lock:
            self._until.pop(id, None)


class Webhook:
    """Verifies the webhooks of one endpoint.

    Args:
        secret: the endpoint's secret, `whsec_...`; several while you change over from one to
            the next.
        memory: the ids that were taken, over all your processes.
        tolerance: by how many seconds the sender's clock may differ from yours.
        now: seconds since 1970.

    Raises:
        ConfigurationError: the secret is none.
    """

    def __init__(
        self,
        secret: str | Iterable[str],
        *,
        memory: Memory | None = None,
        tolerance: int = TOLERANCE_SECONDS,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._secrets = [secret] if isinstance(secret, str) else list(secret)
        if not [_key(one) for one in self._secrets]:
            raise ConfigurationError("A webhook needs a secret.")
        self._memory = RecentIds() if memory is None else memory
        self._tolerance, self._now = tolerance, now

    def verify(self, body: bytes | str, headers: Mapping[str, str]) -> Event:
        """The event in a webhook; `body` is the request's body as it came, not parsed.

        Raises:
            WebhookRefused: it was not signed with the secret, or not just now.
            WebhookReplayed: it was verified before. If you then failed to handle it, call
                `forget` before you answer with an error, so that the next try is taken.
        """
        event = verify(body, headers, self._secrets, tolerance=self._tolerance, now=self._now)
        # Older ones are refused by their timestamp, so nothing has to be remembered for longer.
        if not self._memory.add(_field(headers, _ID), 2 * self._tolerance):
            raise WebhookReplayed("The webhook was taken before.")
        return event

    def forget(self, headers: Mapping[str, str]) -> None:
        """Let a webhook that could not be handled be taken once more."""
        self._memory.discard(_field(headers, _ID))

    def __repr__(self) -> str:
        """Nothing of the secret."""
        return f"{type(self).__name__}()"


_FIELDS: Final = (_ID, _TIMESTAMP, _SIGNATURE)


@overload
def verify(
    body: bytes | str, headers: Mapping[str, str], secret: str | Iterable[str],
    username: None = None, *, tolerance: int = ..., now: Callable[[], float] = ...,
) -> Event: ...  # fmt: skip
@overload
def verify(
    body: bytes | str, headers: Mapping[str, str], secret: str | Iterable[str],
    username: str, *, tolerance: int = ..., now: Callable[[], float] = ...,
) -> Callback: ...  # fmt: skip
def verify(
    body: bytes | str, headers: Mapping[str, str], secret: str | Iterable[str],
    username: str | None = None, *,
    tolerance: int = TOLERANCE_SECONDS, now: Callable[[], float] = time.time,
) -> Event | Callback:  # fmt: skip
    """The event in a webhook; with a `username`, the callback in EngageLab's dialect.

    Whether it came before is not looked at: `Webhook` does that.

    Raises:
        WebhookRefused: it was not signed with the secret, or not just now.
    """
    secrets = [secret] if isinstance(secret, str) else list(secret)
    raw = body.encode() if isinstance(body, str) else bytes(body)
    if username is None:
        id, timestamp, signatures = (_field(headers, name) for name in _FIELDS)
        signed = f"{id}.{timestamp}.".encode() + raw
        wanted = [sign(_key(one), signed).decode() for one in secrets]
        by_us = _signed(wanted, signatures.split())
    else:
        parts = (part.strip().partition("=") for part in _field(headers, _CALLBACK).split(";"))
        said = {name: value for name, _, value in parts}
        timestamp = said.get("timestamp", "")
        signed = f"{timestamp}{said.get('nonce', '')}{username}".encode()
        wanted = [hmac.digest(one.encode(), signed, hashlib.sha256).hex() for one in secrets if one]
        by_us = _signed(wanted, [said.get("signature", "")]) and said.get("username") == username
    if not by_us:
        raise WebhookRefused("No signature of the webhook was made with this secret.")
    _timely(timestamp, tolerance, now)
    try:
        if username is None:
            return Event.from_wire(json.loads(raw))
        return Callback.from_wire({"total": 0, "rows": (), **json.loads(raw or "{}")})
    except (AttributeError, TypeError, ValueError):
        raise WebhookRefused("The webhook is signed, but it is no event of this dialect.") from None


def _signed(wanted: list[str], given: list[str]) -> bool:
    return any(hmac.compare_digest(w.encode(), g.encode()) for w in wanted for g in given)


def _timely(timestamp: str, tolerance: int, now: Callable[[], float]) -> None:
    if not timestamp.isascii() or not timestamp.isdigit():
        raise WebhookRefused("The webhook's timestamp is not a number.")
    if abs(now() - int(timestamp)) > tolerance:
        raise WebhookRefused("The webhook is too old, or from the future.")


def sign(key: bytes, content: bytes) -> bytes:
    """The signature of `id.timestamp.body`."""
    return b"v1," + base64.b64encode(hmac.digest(key, content, hashlib.sha256))


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.strip().removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not key:
        raise ConfigurationError("A webhook's secret is `whsec_` and Base64.")
    return key


def _field(headers: Mapping[str, str], name: str) -> str:
    for given, value in headers.items():
        if given.lower() == name and value:
            return value
    raise WebhookRefused(f"The webhook has no {name}.")
