"""One POST: the letter is signed, posted and its end put into words."""

import asyncio

import msgspec

from watchword_server.domain import letter
from watchword_server.domain.callbacks import Concerned
from watchword_server.domain.events import Event
from watchword_server.domain.letter import Letter
from watchword_server.domain.sealing import NONCE_BYTES, Keyring
from watchword_server.domain.webhook import KEPT_RESPONSE, EndpointSecrets, WebhookEndpoint
from watchword_server.ports.outside import Clock, Denied, Entropy, Poster, Reply, Unreachable
from watchword_server.telemetry import get_logger

DEADLINE_S = 30
_MARK = b"***"
_log = get_logger("webhooks")
_encode = msgspec.msgpack.Encoder().encode
_secrets = msgspec.msgpack.Decoder(EndpointSecrets).decode


class Posted(msgspec.Struct, frozen=True):
    """How one POST ended; `answer` is None where nothing was answered."""

    at: int
    ms: int
    answer: int | None
    error: str | None = None
    retry_after_s: int | None = None
    response: bytes = b""


class Posting:
    """Signs and posts; seals what endpoints are signed with."""

    def __init__(self, clock: Clock, entropy: Entropy, keyring: Keyring, poster: Poster) -> None:
        self._clock = clock
        self._entropy = entropy
        self._keyring = keyring
        self._poster = poster

    def seal(self, project: bytes, endpoint: bytes, secrets: EndpointSecrets) -> bytes:
        """What an endpoint keeps of its secrets."""
        nonce = self._entropy(NONCE_BYTES)
        return self._keyring.seal(project, endpoint, _encode(secrets), nonce)

    def unseal(self, endpoint: WebhookEndpoint) -> EndpointSecrets:
        """What an endpoint is signed with.

        Raises:
            Unsealable: the keyring is not the one it was sealed with.
        """
        return _secrets(self._keyring.unseal(endpoint.project, endpoint.id, endpoint.secrets))

    async def event(
        self, endpoint: WebhookEndpoint, event: Event, concerned: Concerned | None
    ) -> Posted:
        """Post an event."""
        now = self._clock.now()
        written = letter.event_letter(
            endpoint, self.unseal(endpoint), event, concerned, now, self._nonce()
        )
        posted = await self._post(written, now, DEADLINE_S)
        return posted if concerned is None else _discreet(posted, concerned.to)

    async def ping(self, endpoint: WebhookEndpoint, id: bytes, deadline_s: float) -> Posted:
        """Post a ping."""
        now = self._clock.now()
        written = letter.ping_letter(endpoint, self.unseal(endpoint), id, now, self._nonce())
        return await self._post(written, now, deadline_s)

    async def _post(self, written: Letter, now: int, deadline_s: float) -> Posted:
        try:
            async with asyncio.timeout(deadline_s):
                reply = await self._poster.post(written.url, written.headers, written.body)
        except Denied as denied:
            return self._failed(now, f"denied: {denied.rule}")
        except Unreachable as unreachable:
            return self._failed(now, unreachable.what)
        except TimeoutError:
            return self._failed(now, "timed out")
        except Exception as error:
            _log.exception("webhook.post_failed")
            return self._failed(now, type(error).__name__)
        return _answered(reply, now, self._clock.now() - now)

    def _failed(self, now: int, error: str) -> Posted:
        return Posted(now, self._clock.now() - now, None, error)

    def _nonce(self) -> str:
        return self._entropy(NONCE_BYTES).hex()


def _answered(reply: Reply, at: int, ms: int) -> Posted:
    error = None if reply.status // 100 == 2 else f"HTTP {reply.status}"
    return Posted(at, ms, reply.status, error, reply.retry_after_s, reply.body[:KEPT_RESPONSE])


def _discreet(posted: Posted, to: str) -> Posted:
    """Without the full address, which an endpoint may repeat in its answer."""
    response = posted.response
    for secret in (to, to.lstrip("+")):
        response = response.replace(secret.encode(), _MARK)
    return msgspec.structs.replace(posted, response=response)
