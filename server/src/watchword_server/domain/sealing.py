"""The keys and what is done with them: sealing, blind index, digests.

A keyring comes from the pepper file, which lives outside the database: several peppers with
ids, so that they can be rotated, and one separate index key, so that rotation never resets a
counter.  Every key in use is derived per project and purpose by HKDF-SHA256 (RFC 5869), so one
project's rows are noise to another's key.

Sealed bytes are AES-256-GCM: pepper id (1 byte), nonce (12), ciphertext and tag.
"""

import hmac
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from watchword_server.domain.errors import WatchwordError

NONCE_BYTES = 12
KEY_BYTES = 32
INDEX_BYTES = 16
_KEYS_CACHED = 4096


class Unsealable(WatchwordError):
    """Sealed bytes do not open: another pepper, another row, or they were changed."""


class Keyring:
    """The secret keys of a deployment.  Its repr shows nothing of them.

    Args:
        peppers: id (0-255) to 32 bytes.
        current: the id under which new things are sealed.
        index_key: 32 bytes for the blind index of addresses.
    """

    def __init__(self, peppers: dict[int, bytes], current: int, index_key: bytes) -> None:
        if current not in peppers:
            raise ValueError(f"the current pepper {current} is not in the keyring")
        if any(len(key) != KEY_BYTES for key in (*peppers.values(), index_key)):
            raise ValueError(f"every key of the keyring has {KEY_BYTES} bytes")
        self.current = current
        self._peppers = peppers
        self._index_key = index_key
        self._derive = lru_cache(_KEYS_CACHED)(self._derive_uncached)
        self._cipher = lru_cache(_KEYS_CACHED)(self._cipher_uncached)

    def __repr__(self) -> str:
        return f"<Keyring peppers={sorted(self._peppers)} current={self.current}>"

    def code_key(self, project: bytes, pepper: int) -> bytes:
        """The key under which a project's codes are hashed.

        Raises:
            Unsealable: the pepper is not in the keyring.
        """
        return self._derive(b"code", project, pepper)

    def secret_digest(self, secret: str) -> bytes:
        """The stored form of an API secret (256 random bits, so a keyed hash is enough)."""
        return hmac.digest(self._derive_index(b"api-secret", b""), secret.encode(), "sha256")

    def blind_index(self, project: bytes, address: str) -> bytes:
        """The look-up key of an address: equal for equal addresses of one project only."""
        key = self._derive_index(b"address", project)
        return hmac.digest(key, address.encode(), "sha256")[:INDEX_BYTES]

    def fingerprint(self, project: bytes, text: bytes) -> bytes:
        """A keyed hash of request parts, to compare two requests without keeping them."""
        key = self._derive_index(b"fingerprint", project)
        return hmac.digest(key, text, "sha256")[:INDEX_BYTES]

    def seal(self, project: bytes, subject: bytes, plain: bytes, nonce: bytes) -> bytes:
        """`plain` sealed to one project and subject (associated data), under a fresh nonce."""
        cipher = self._cipher(project, self.current)
        return bytes((self.current,)) + nonce + cipher.encrypt(nonce, plain, subject)

    def unseal(self, project: bytes, subject: bytes, sealed: bytes) -> bytes:
        """What was sealed.

        Raises:
            Unsealable: the pepper is unknown, or project, subject or bytes differ.
        """
        cipher = self._cipher(project, sealed[0])
        nonce, body = sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :]
        try:
            return cipher.decrypt(nonce, body, subject)
        except InvalidTag:
            raise Unsealable("sealed bytes do not belong to this row or pepper") from None

    def _cipher_uncached(self, project: bytes, pepper: int) -> AESGCM:
        return AESGCM(self._derive(b"seal", project, pepper))

    def _derive_uncached(self, purpose: bytes, project: bytes, pepper: int) -> bytes:
        material = self._peppers.get(pepper)
        if material is None:
            raise Unsealable(f"pepper {pepper} is not in the keyring")
        return _hkdf(material, purpose + b"\x00" + project)

    @lru_cache(_KEYS_CACHED)  # noqa: B019 - one keyring per process
    def _derive_index(self, purpose: bytes, project: bytes) -> bytes:
        return _hkdf(self._index_key, purpose + b"\x00" + project)


def _hkdf(material: bytes, info: bytes) -> bytes:
    return HKDF(SHA256(), KEY_BYTES, salt=None, info=b"watchword/1 " + info).derive(material)
