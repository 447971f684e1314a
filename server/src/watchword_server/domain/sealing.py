"""The keys and what is done with them: sealing, blind index, digests.

A keyring comes from the pepper file, which lives outside the database: several peppers with
ids, so that they can be rotated, and one separate index key, so that rotation never resets a
counter.  Every key in use is derived per project and purpose by HKDF-SHA256 (RFC 5869), so one
project's rows are noise to another's key.

Sealed bytes are AES-256-GCM: pepper id (1 byte), nonce (12), ciphertext and tag.
"""

import hashlib
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from watchword_server.domain.errors import WatchwordError

NONCE_BYTES = 12
KEY_BYTES = 32
INDEX_BYTES = 16
_TAG_BYTES = 16
_KEYS_CACHED = 4096


class Unsealable(WatchwordError):
    """Sealed bytes do not open: another pepper, another row, or they were changed."""


class Mac:
    """HMAC-SHA256 (RFC 2104) under one key.

    The two key blocks are hashed once and copied for each message: a third of the cost of
    setting the key up anew, which the hot path would pay six times per verification.
    """

    __slots__ = ("_inner", "_outer")

    def __init__(self, key: bytes) -> None:
        block = key.ljust(hashlib.sha256().block_size, b"\x00")
        self._inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in block))
        self._outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in block))

    def __call__(self, message: bytes) -> bytes:
        """The 32 bytes for one message."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(message)
        outer.update(inner.digest())
        return outer.digest()


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
        self._cipher = lru_cache(_KEYS_CACHED)(self._new_cipher)
        self._index = lru_cache(_KEYS_CACHED)(self._new_index)
        self.code_mac = lru_cache(_KEYS_CACHED)(self._new_code_mac)

    def __repr__(self) -> str:
        return f"<Keyring peppers={sorted(self._peppers)} current={self.current}>"

    def secret_digest(self, secret: str) -> bytes:
        """The stored form of an API secret (256 random bits, so a keyed hash is enough)."""
        return self._index(b"api-secret", b"")(secret.encode())

    def blind_index(self, project: bytes, address: str) -> bytes:
        """The look-up key of an address: equal for equal addresses of one project only."""
        return self._index(b"address", project)(address.encode())[:INDEX_BYTES]

    def fingerprint(self, project: bytes, text: bytes) -> bytes:
        """A keyed hash of request parts, to compare two requests without keeping them."""
        return self._index(b"fingerprint", project)(text)[:INDEX_BYTES]

    def seal(self, project: bytes, subject: bytes, plain: bytes, nonce: bytes) -> bytes:
        """`plain` sealed to one project and subject (associated data), under a fresh nonce."""
        cipher = self._cipher(project, self.current)
        return bytes((self.current,)) + nonce + cipher.encrypt(nonce, plain, subject)

    def unseal(self, project: bytes, subject: bytes, sealed: bytes) -> bytes:
        """What was sealed.

        Raises:
            Unsealable: the pepper is unknown, or project, subject or bytes differ.
        """
        if len(sealed) < 1 + NONCE_BYTES + _TAG_BYTES:
            raise Unsealable("sealed bytes were cut off")
        cipher = self._cipher(project, sealed[0])
        nonce, body = sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :]
        try:
            return cipher.decrypt(nonce, body, subject)
        except InvalidTag:
            raise Unsealable("sealed bytes do not belong to this row or pepper") from None

    def _new_code_mac(self, project: bytes, pepper: int) -> Mac:
        """What a project's codes are hashed with.

        Raises:
            Unsealable: the pepper is not in the keyring.
        """
        return Mac(self._derived(b"code", project, pepper))

    def _new_cipher(self, project: bytes, pepper: int) -> AESGCM:
        return AESGCM(self._derived(b"seal", project, pepper))

    def _new_index(self, purpose: bytes, project: bytes) -> Mac:
        return Mac(_hkdf(self._index_key, purpose + b"\x00" + project))

    def _derived(self, purpose: bytes, project: bytes, pepper: int) -> bytes:
        material = self._peppers.get(pepper)
        if material is None:
            raise Unsealable(f"pepper {pepper} is not in the keyring")
        return _hkdf(material, purpose + b"\x00" + project)


def _hkdf(material: bytes, info: bytes) -> bytes:
    return HKDF(SHA256(), KEY_BYTES, salt=None, info=b"watchword/1 " + info).derive(material)
