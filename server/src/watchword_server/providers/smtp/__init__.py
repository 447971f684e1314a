"""Email over SMTP (RFC 5321): to a relay, over TLS, optionally signed (DKIM), and its bounces.

The three ways to fail follow from where the dialogue broke: before the content left nothing was
sent; after it, without an answer, nobody knows.  What a server says is kept with the code, the
address and the credentials masked, because servers echo what they were given.
"""

from watchword_server.providers.smtp.failures import (
    CLOSING,
    DEFERRED,
    MAX_RAW,
    REFUSED,
    REFUSED_LOGIN,
    REFUSED_RCPT,
    Stage,
    answered,
)
from watchword_server.providers.smtp.provider import Smtp
from watchword_server.providers.smtp.settings import Settings

__all__ = [
    "CLOSING", "DEFERRED", "MAX_RAW", "REFUSED", "REFUSED_LOGIN", "REFUSED_RCPT", "Settings",
    "Smtp", "Stage", "answered",
]  # fmt: skip
