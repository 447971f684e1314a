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
    Health,
    InboxMessage,
    LintReport,
    Message,
    Project,
    SandboxWebhook,
    Template,
    TemplatePreview,
    TemplateVersion,
)
from watchword.protocol import __version__

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
    "Gone",
    "Health",
    "InboxMessage",
    "LintReport",
    "Message",
    "NotFound",
    "PermissionDenied",
    "Project",
    "RateLimited",
    "SandboxWebhook",
    "ServerError",
    "Template",
    "TemplatePreview",
    "TemplateVersion",
    "TimedOut",
    "UnexpectedResponse",
    "Watchword",
    "WatchwordError",
    "__version__",
]
