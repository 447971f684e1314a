"""The code: how it is made, what it is bound to and how it is compared.

Nothing here keeps, prints or logs one.

Made from the operating system's random bytes by rejection, so that every code is equally
likely (OWASP ASVS 5.0 6.5.3); compared as an HMAC-SHA256 under a key from the pepper, bound to
everything the code is for (NIST SP 800-63B-4 section 3.1.3.2, PSD2 dynamic linking), in
constant time.
"""

import hmac
from collections.abc import Callable

from watchword_server.domain.errors import bad_field

DIGITS = "0123456789"
LOWERCASE = "abcdefghijkmnpqrstuvwxyz"
UPPERCASE = "ABCDEFGHJKLMNPQRSTUVWXYZ"
"""Letters that are easily taken for digits or for one another (l, o, I, O) are left out."""

MIN_LENGTH, MAX_LENGTH = 4, 10
_BYTE_VALUES = 256


def alphabet(code_type: int) -> str:
    """The characters of a code; `code_type` adds 1 digits, 2 lower case, 4 upper case."""
    parts = ((1, DIGITS), (2, LOWERCASE), (4, UPPERCASE))
    return "".join(chars for bit, chars in parts if code_type & bit)


def make(length: int, chars: str, random: Callable[[int], bytes]) -> str:
    """A code of `length` characters of `chars`, each equally likely.

    `random(n)` returns n random bytes; bytes that would favour some characters are thrown away.
    """
    size = len(chars)
    bound = _BYTE_VALUES - _BYTE_VALUES % size
    code = ""
    while len(code) < length:
        code += "".join(chars[b % size] for b in random(2 * length) if b < bound)
    return code[:length]


def check_supplied(code: str) -> str:
    """The caller's own code, if it is 4 to 10 letters or digits.

    Raises:
        Problem: BAD_FIELD.
    """
    if not (MIN_LENGTH <= len(code) <= MAX_LENGTH and code.isascii() and code.isalnum()):
        raise bad_field("code", "pattern", "`code` must be 4 to 10 ASCII letters or digits.")
    return code


def bound(verification: bytes, address: bytes, purpose: str, binding: bytes, code: str) -> bytes:
    """The message whose keyed hash is stored instead of the code.

    Everything the code is for stands in it, each part preceded by its length so that none can be
    shifted into another.
    """
    what_for = purpose.encode()
    return (
        b"%c%b%c%b" % (len(verification), verification, len(address), address)
        + b"%c%b%c%b" % (len(what_for), what_for, len(binding), binding)
        + code.encode()
    )


def matches(expected: bytes, candidate: bytes) -> bool:
    """Whether two digests are equal, in time that tells nothing."""
    return hmac.compare_digest(expected, candidate)


def joined(binding: tuple[str, str]) -> bytes:
    """Amount and payee as one unambiguous text."""
    return b"".join(len(part.encode()).to_bytes(2, "big") + part.encode() for part in binding)
