"""Webhooks: endpoints and their owner's view of them, and the dispatcher's side."""

from watchword_server.services.webhooks.endpoints import (
    Asked,
    Changes,
    IssuedEndpoint,
    Ping,
    WebhookEndpoints,
)
from watchword_server.services.webhooks.log import EVER, Replayed, Selection, Told, WebhookLog
from watchword_server.services.webhooks.notifying import Job, Notifying, Result, Turn
from watchword_server.services.webhooks.posting import Posting

__all__ = [
    "EVER",
    "Asked",
    "Changes",
    "IssuedEndpoint",
    "Job",
    "Notifying",
    "Ping",
    "Posting",
    "Replayed",
    "Result",
    "Selection",
    "Told",
    "Turn",
    "WebhookEndpoints",
    "WebhookLog",
]
