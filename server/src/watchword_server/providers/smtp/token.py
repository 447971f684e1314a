"""The token that names a delivery in an envelope's sender: its id, and proof that we wrote it.

A token is 40 letters and digits, so that it stands in a local part of 64 octets, and its case says
nothing, because some mail servers fold it.  The key never leaves this machine: who has not been
sent a mail cannot name its delivery.
"""

import hashlib
import hmac
from base64 import b32decode, b32encode
from binascii import Error

from watchword_server.domain import ids
from watchword_server.domain.errors import Problem

ID_BYTES = 16
PROOF_BYTES = 9
"""72 bits: a guess is one mail, and a mail server takes no 2**71 of them."""
TOKEN_CHARS = (ID_BYTES + PROOF_BYTES) * 8 // 5
_DOMAIN = b"watchword bounce 1\0"


def make(secret: str, delivery: str) -> str | None:
    """The token of a delivery, named as on the wire (`dlv_...`); None for anything else."""
    try:
        raw = ids.parse(ids.Prefix.DELIVERY, delivery)
    except Problem:
        return None
    return b32encode(raw + _proof(secret, raw)).decode().lower()


def read(secret: str, token: str) -> str | None:
    """The delivery that a token names, or None where we did not write it."""
    if len(token) != TOKEN_CHARS:
        return None
    try:
        raw = b32decode(token.encode(), casefold=True)
    except (Error, ValueError):
        return None
    id, proof = raw[:ID_BYTES], raw[ID_BYTES:]
    if not hmac.compare_digest(proof, _proof(secret, id)):
        return None
    return ids.text(ids.Prefix.DELIVERY, id)


def _proof(secret: str, raw: bytes) -> bytes:
    return hmac.digest(secret.encode(), _DOMAIN + raw, hashlib.sha256)[:PROOF_BYTES]
