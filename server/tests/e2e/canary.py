"""Secrets that can be recognised wherever they turn up, and the search for them.

Every secret of a kind carries the kind's mark, a run of characters that nothing else contains, so
one search for the marks, in each form that a secret can be written in, finds all of them, also
where one was cut short.  That is why codes here are ten characters with letters: six digits occur
by chance in any megabyte of ids and ciphertext.  Codes that the server makes are six digits; they
are searched for in text alone (logs, events, errors) and only where no letter or digit stands
before or after, after the times, which have six digits of microseconds, are taken out.
"""

import base64
import random
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

CODE_MARK, PARAM_MARK, METADATA_MARK = "Kx7Qz9", "Pm9Xw3", "Md4Jt8"
PHONE_MARK, EMAIL_MARK = "14152755", "cnry7q"
LETTERS = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_TIME = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?")


def code(dice: random.Random) -> str:
    return CODE_MARK + "".join(dice.choices(LETTERS, k=4))


def param(dice: random.Random) -> str:
    return PARAM_MARK + "".join(dice.choices(LETTERS, k=8))


def metadata(dice: random.Random) -> str:
    return METADATA_MARK + "".join(dice.choices(LETTERS, k=8))


def phone(n: int) -> str:
    """The number of flow `n`; +1 415 275-5nnn is valid."""
    return f"+{PHONE_MARK}{n % 1000:03}"


def email(n: int) -> str:
    return f"{EMAIL_MARK}.{n}@mail.test"


def forms(secret: str) -> dict[str, bytes]:
    """How a text may be written, so that each contains it whole or all but its ends."""
    raw = secret.encode()
    return {
        "raw": raw,
        "hex": raw.hex().encode(),
        "HEX": raw.hex().upper().encode(),
        "percent": "".join(f"%{byte:02X}" for byte in raw).encode(),
        "percent, small": "".join(f"%{byte:02x}" for byte in raw).encode(),
        "spaced": " ".join(secret).encode(),
        "dashed": "-".join(secret).encode(),
        "reversed": raw[::-1],
        "utf-16": secret.encode("utf-16-le"),
        **{f"base64, {shift} before": _base64(raw, shift) for shift in range(3)},
    }


def _base64(raw: bytes, before: int) -> bytes:
    """What base64 always makes of `raw` behind so many bytes: without its edges, which depend on
    what stands around it."""
    whole = base64.b64encode(bytes(before) + raw)
    first = -(-before * 8 // 6)
    return whole[first : (before + len(raw)) * 8 // 6]


@dataclass
class Canaries:
    """What must not be found: marks anywhere, digits in text."""

    marks: dict[str, str] = field(
        default_factory=lambda: {
            "a code": CODE_MARK,
            "a parameter": PARAM_MARK,
            "metadata": METADATA_MARK,
            "a phone number": PHONE_MARK,
            "an email address": EMAIL_MARK,
        }
    )
    digits: set[str] = field(default_factory=set)

    def in_bytes(self, content: bytes) -> Iterator[str]:
        """What is found in a file of any kind."""
        for name, mark in self.marks.items():
            for form, needle in forms(mark).items():
                if (at := content.find(needle)) >= 0:
                    yield f"{name} ({form}): {content[max(0, at - 60) : at + 40]!r}"
        national = re.search(rb"415[ .)-]{1,2}275[ .-]?5", content)
        if national:
            yield f"a phone number (grouped): {national[0]!r}"

    def in_text(self, content: bytes) -> Iterator[str]:
        """What is found in a text: the same, and codes of digits alone."""
        yield from self.in_bytes(content)
        for found in re.finditer(rb"(?<![0-9A-Za-z])\d{6}(?![0-9A-Za-z])", _TIME.sub(b"", content)):
            if found[0].decode() in self.digits:
                yield f"a code of digits: {found[0]!r}"
        for digits in self.digits:
            if " ".join(digits).encode() in content:
                yield f"a code of digits (spaced): {digits}"


def nothing_leaks(
    canaries: Canaries, texts: Mapping[str, bytes], files: Iterable[tuple[str, bytes]]
) -> None:
    """No canary is in any text or file."""
    found = [f"{name}: {what}" for name, text in texts.items() for what in canaries.in_text(text)]
    found += [f"{name}: {what}" for name, file in files for what in canaries.in_bytes(file)]
    assert not found, "\n".join(["leaked:", *found[:20]])
