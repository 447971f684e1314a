"""RSA keys, made in a moment, a minute to sign with: their factors are no primes."""

import math
from itertools import count

from cryptography.hazmat.primitives.asymmetric.rsa import (
    RSAPrivateKey,
    RSAPrivateNumbers,
    RSAPublicNumbers,
)
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)


def made(bits: int) -> RSAPrivateKey:
    """A key of that many bits."""
    p = 3 << (bits // 2 - 2) | 1
    q = next(q for n in count(1) if math.gcd(p, q := p + 2 * n) == 1)
    d = (1 << (bits - 2)) | 1
    public = RSAPublicNumbers(65537, p * q)
    numbers = RSAPrivateNumbers(
        p=p, q=q, d=d, dmp1=d % (p - 1), dmq1=d % (q - 1), iqmp=pow(q, -1, p), public_numbers=public
    )
    return numbers.private_key(unsafe_skip_rsa_key_validation=True)


def private_pem(bits: int) -> str:
    """Its private half."""
    key = made(bits)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def public_pem(bits: int) -> str:
    """Its public half."""
    key = made(bits).public_key()
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
