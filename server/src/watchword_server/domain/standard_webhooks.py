"""Standard Webhooks 1.0.0: secrets and signatures (https://www.standardwebhooks.com).

The signed content is `id.timestamp.body`; while a rotation overlaps there is one signature for
each secret, with spaces between them.
"""

import base64
import binascii
import hmac
from collections.abc import Iterable
from hashlib import sha256

MARK = "whsec_"
SECRET_BYTES = range(24, 65)
NEW_SECRET_BYTES = 32
PING_TYPE = "webhook.ping"


def secret_from(random: bytes) -> str:
    """A secret as it is shown and kept."""
    return MARK + base64.b64encode(random).decode()


def key_of(secret: str) -> bytes:
    """The bytes that a secret signs with.

    Raises:
        ValueError: it is not `whsec_` and the base64 of 24 to 64 bytes.
    """
    try:
        key = base64.b64decode(secret.removeprefix(MARK), validate=True)
    except binascii.Error:
        key = b""
    if not secret.startswith(MARK) or len(key) not in SECRET_BYTES:
        raise ValueError("write `whsec_` and the base64 of 24 to 64 bytes")
    return key


def signature(secret: str, id: str, timestamp: int, body: bytes) -> str:
    """One signature: `v1,` and the base64 of an HMAC-SHA256."""
    content = b"%b.%d.%b" % (id.encode(), timestamp, body)
    return "v1," + base64.b64encode(hmac.digest(key_of(secret), content, sha256)).decode()


def headers(secrets: Iterable[str], id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The header fields of one attempt; `timestamp` is in seconds."""
    signatures = (signature(secret, id, timestamp, body) for secret in secrets)
    return {
        "webhook-id": id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signatures),
    }
