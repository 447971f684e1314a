"""Watchword: verify a phone number or an email address through a Watchword server.

from watchword import Watchword

client = Watchword()
message = client.messages.send(to="+6591234567", template_id="otp-sms")
result = client.verifications.check(message_id=message.message_id, code=typed_by_the_user)
"""

from watchword.client import AsyncWatchword, Watchword
from watchword.errors import (
    APIError,
    Authentication,
    BadRequest,
    ConfigurationError,
    Conflict,
    ConnectionFailed,
    Gone,
    NotFound,
    PermissionDenied,
    RateLimited,
    ServerError,
    TimedOut,
    UnexpectedResponse,
    WatchwordError,
)
from watchword.models import (
    ApiKey,
    CheckResult,
    Event,
    Health,
    InboxMessage,
    LintReport,
    Message,
    Ping,
    Project,
    Replay,
    SandboxWebhook,
    Template,
    TemplatePreview,
    TemplateVersion,
    WebhookDelivery,
    WebhookEndpoint,
)
from watchword.opt_outs import OptOut
from watchword.protocol import __version__
from watchword.routes import Route, RouteReport
from watchword.vendors import (
    Provider,
    ProviderHealth,
    ProviderPreview,
    ProviderTest,
    ProviderType,
)

__all__ = [
    "APIError",
    "ApiKey",
    "AsyncWatchword",
    "Authentication",
    "BadRequest",
    "CheckResult",
    "ConfigurationError",
    "Conflict",
    "ConnectionFailed",
    "Event",
    "Gone",
    "Health",
    "InboxMessage",
    "LintReport",
    "Message",
    "NotFound",
    "OptOut",
    "PermissionDenied",
    "Ping",
    "Project",
    "Provider",
    "ProviderHealth",
    "ProviderPreview",
    "ProviderTest",
    "ProviderType",
    "RateLimited",
    "Replay",
    "Route",
    "RouteReport",
    "SandboxWebhook",
    "ServerError",
    "Template",
    "TemplatePreview",
    "TemplateVersion",
    "TimedOut",
    "UnexpectedResponse",
    "Watchword",
    "WatchwordError",
    "WebhookDelivery",
    "WebhookEndpoint",
    "__version__",
]
