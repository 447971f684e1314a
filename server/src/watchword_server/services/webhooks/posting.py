"""One POST: the letter is signed, posted and its end put into words."""

import asyncio
from functools import lru_cache

import msgspec

from watchword_server.domain import letter, strangers
from watchword_server.domain.callbacks import Concerned
from watchword_server.domain.events import Event
from watchword_server.domain.letter import Letter
from watchword_server.domain.sealing import NONCE_BYTES, Keyring
from watchword_server.domain.webhook import KEPT_RESPONSE, EndpointSecrets, WebhookEndpoint
from watchword_server.ports.outside import Busy, Clock, Denied, Entropy, Poster, Reply, Unreachable
from watchword_server.telemetry import get_logger

_OPENED = 256
_MARK = b"***"
_ADVICE_PRIVATE = (
    "If this network is yours, its operator names it in WATCHWORD_WEBHOOK_ALLOW and restarts the "
    "server; see docs/destinations.md."
)
_ADVICE_PUBLIC = "Give the URL a public address; see docs/destinations.md."
_ADVICE = {
    "http": "Use https, or the operator sets WATCHWORD_WEBHOOK_ALLOW_HTTP=true and restarts the "
    "server; see docs/destinations.md.",
    "url": "Write a whole URL such as https://example.com/hooks, without user, password and "
    "fragment.",
    "port": "That port belongs to another protocol: let the receiver listen on one such as 443.",
    "host": "Write a host name without a trailing dot, or an address in its usual form.",
    "metadata": _ADVICE_PUBLIC,
    "multicast": _ADVICE_PUBLIC,
    "reserved": _ADVICE_PUBLIC,
    "unspecified": _ADVICE_PUBLIC,
    "this_network": _ADVICE_PUBLIC,
}
"""What to do about a refusal, by its rule; another rule is that of a network."""
_log = get_logger("webhooks")
_encode = msgspec.msgpack.Encoder().encode
_secrets = msgspec.msgpack.Decoder(EndpointSecrets).decode


class Posted(msgspec.Struct, frozen=True):
    """How one POST ended; `answer` is None where nothing was answered.

    One that was put off was not tried: it says nothing of its endpoint.
    """

    at: int
    ms: int
    answer: int | None
    error: str | None = None
    retry_after_s: int | None = None
    response: bytes = b""
    is_put_off: bool = False


class Posting:
    """Signs and posts; seals what endpoints are signed with.

    Args:
        poster: posts for ordinary projects.
        stranger: posts for callers with the public keys, who may reach less.
    """

    def __init__(
        self, clock: Clock, entropy: Entropy, keyring: Keyring, poster: Poster, stranger: Poster
    ) -> None:
        self._clock = clock
        self._entropy = entropy
        self._keyring = keyring
        self._poster = poster
        self._stranger = stranger
        self._opened = lru_cache(_OPENED)(self._open)

    def seal(self, project: bytes, endpoint: bytes, secrets: EndpointSecrets) -> bytes:
        """What an endpoint keeps of its secrets."""
        nonce = self._entropy(NONCE_BYTES)
        return self._keyring.seal(project, endpoint, _encode(secrets), nonce)

    def unseal(self, endpoint: WebhookEndpoint) -> EndpointSecrets:
        """What an endpoint is signed with.

        Raises:
            Unsealable: the keyring is not the one it was sealed with.
        """
        return self._opened(endpoint.project, endpoint.id, endpoint.secrets)

    def _open(self, project: bytes, endpoint: bytes, sealed: bytes) -> EndpointSecrets:
        return _secrets(self._keyring.unseal(project, endpoint, sealed))

    async def event(
        self, endpoint: WebhookEndpoint, event: Event, concerned: Concerned | None
    ) -> Posted:
        """Post an event."""
        now = self._clock.now()
        written = letter.event_letter(
            endpoint, self.unseal(endpoint), event, concerned, now, self._nonce()
        )
        posted = await self._post(endpoint, written, now)
        return posted if concerned is None else _discreet(posted, concerned.to)

    async def ping(self, endpoint: WebhookEndpoint, id: bytes, deadline_s: float) -> Posted:
        """Post a ping."""
        now = self._clock.now()
        written = letter.ping_letter(endpoint, self.unseal(endpoint), id, now, self._nonce())
        try:
            async with asyncio.timeout(deadline_s):
                return await self._post(endpoint, written, now)
        except TimeoutError:
            return self._failed(now, f"no answer within {deadline_s:g} s")

    async def _post(self, endpoint: WebhookEndpoint, written: Letter, now: int) -> Posted:
        owner = endpoint.project
        poster = self._stranger if strangers.owns(owner) else self._poster
        try:
            reply = await poster.post(written.url, written.headers, written.body, owner)
        except Denied as denied:
            return self._failed(now, _refusal(denied.rule))
        except Busy as busy:
            failed = self._failed(now, busy.what)
            return msgspec.structs.replace(failed, is_put_off=True)
        except Unreachable as unreachable:
            return self._failed(now, unreachable.what)
        except Exception as error:
            _log.exception("webhook.post_failed")
            return self._failed(now, type(error).__name__)
        return _answered(reply, now, self._clock.now() - now)

    def _failed(self, now: int, error: str) -> Posted:
        return Posted(now, self._clock.now() - now, None, error)

    def _nonce(self) -> str:
        return self._entropy(NONCE_BYTES).hex()


def _refusal(rule: str) -> str:
    return f"denied: {rule}. {_ADVICE.get(rule, _ADVICE_PRIVATE)}"


def _answered(reply: Reply, at: int, ms: int) -> Posted:
    error = None if reply.status // 100 == 2 else f"HTTP {reply.status}"
    return Posted(at, ms, reply.status, error, reply.retry_after_s, reply.body[:KEPT_RESPONSE])


def _discreet(posted: Posted, to: str) -> Posted:
    """Without the full address, which an endpoint may repeat in its answer."""
    response = posted.response
    for secret in (to, to.lstrip("+")):
        response = response.replace(secret.encode(), _MARK)
    return msgspec.structs.replace(posted, response=response)
