"""What goes out to a webhook endpoint: URL, header and body of one attempt."""

from datetime import UTC, datetime

import msgspec

from watchword_server import __version__
from watchword_server.domain import callbacks, event_wire, ids, standard_webhooks
from watchword_server.domain.callbacks import Concerned
from watchword_server.domain.events import Event
from watchword_server.domain.ids import Prefix
from watchword_server.domain.webhook import Dialect, EndpointSecrets, WebhookEndpoint

_MS = 1000
_FIXED = {"content-type": "application/json", "user-agent": f"Watchword/{__version__}"}
_encode = msgspec.json.Encoder().encode


class Letter(msgspec.Struct, frozen=True):
    """A signed request.  It may hold a full address, so its repr shows nothing of it."""

    url: str
    headers: dict[str, str]
    body: bytes

    def __repr__(self) -> str:
        return "<Letter>"


def event_letter(
    endpoint: WebhookEndpoint, secrets: EndpointSecrets, event: Event,
    concerned: Concerned | None, now: int, nonce: str,
) -> Letter:  # fmt: skip
    """An event for an endpoint.

    Its `webhook-id` is the same at every attempt and replay; time and signature are new.
    """
    id = f"{ids.text(Prefix.EVENT, event.id)}-{endpoint.id.hex()}"
    if endpoint.dialect is Dialect.ENGAGELAB:
        body = callbacks.body(event, concerned)
    else:
        body = event_wire.encode(event)
    return _letter(endpoint, secrets, id, body, now, nonce)


def ping_letter(
    endpoint: WebhookEndpoint, secrets: EndpointSecrets, id: bytes, now: int, nonce: str
) -> Letter:
    """A ping: signed like everything else, and about nothing."""
    body = callbacks.PING_BODY
    if endpoint.dialect is Dialect.STANDARD:
        body = _encode(
            {
                "type": standard_webhooks.PING_TYPE,
                "id": ids.text(Prefix.EVENT, id),
                "timestamp": datetime.fromtimestamp(now / _MS, UTC),
                "project_id": ids.text(Prefix.PROJECT, endpoint.project),
                "data": {"endpoint_id": ids.text(Prefix.WEBHOOK_ENDPOINT, endpoint.id)},
            }
        )
    return _letter(endpoint, secrets, f"ping_{id.hex()}", body, now, nonce)


def _letter(
    endpoint: WebhookEndpoint, secrets: EndpointSecrets, id: str, body: bytes, now: int, nonce: str
) -> Letter:
    current, timestamp = secrets.current(now), now // _MS
    if endpoint.dialect is Dialect.ENGAGELAB:
        username = secrets.username or callbacks.DEFAULT_USERNAME
        signed = callbacks.headers(username, current[0], secrets.authorization, timestamp, nonce)
        return Letter(endpoint.url, _FIXED | signed | {"webhook-id": id}, body)
    signed = standard_webhooks.headers(current, id, timestamp, body)
    return Letter(endpoint.url, _FIXED | signed, body)
