"""How one setting is read: a word for people, and a function from what was written to a value.

A reader takes what an environment variable (always text) or a TOML file (text, number, boolean
or list) holds.  It raises ValueError with a sentence that says what to write instead and never
repeats the value, which may be a secret.
"""

import re
from collections.abc import Callable
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from watchword_server.domain.channel import Channel

_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off"})
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\]")
_SIMPLE_EMAIL = re.compile(r"[^@\s<>]+@[^@\s<>]+")
_PRICE = re.compile(r"([a-z]+(?::[A-Z]{2})?)=(\d{1,6}(?:\.\d{1,6})?)")
_CHANNELS = frozenset(channel.value for channel in Channel)
_CURRENCY = re.compile(r"[A-Z]{3}")
_DURATION = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,3})?)([smhd])", re.ASCII)
_UNIT_S = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_KUBERNETES = re.compile(r"(?:tcp|udp)://")
DATABASES = ("sqlite", "postgresql")


class Reader(msgspec.Struct, frozen=True):
    """A type of setting: its name in the documentation, and how it is read."""

    name: str
    read: Callable[[object], object]


def _written(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError("write one value: text or a number")
    return str(value).strip()


def _text(value: object) -> str:
    text = _written(value)
    if not text.isprintable():
        raise ValueError("remove the line breaks and control characters")
    return text


def _optional(value: object) -> str | None:
    return _text(value) or None


def _flag(value: object) -> bool:
    if isinstance(value, bool):
        return value
    word = _written(value).lower()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise ValueError("write true or false")


def _path(value: object) -> Path:
    text = _text(value)
    if not text:
        raise ValueError("write the path of a file")
    return Path(text).expanduser()


def _optional_path(value: object) -> Path | None:
    return _path(value) if _text(value) else None


def _words(value: object) -> tuple[str, ...]:
    if isinstance(value, list):
        return tuple(_text(item) for item in value)
    return tuple(word for word in re.split(r"[,\s]+", _text(value)) if word)


def _cidrs(value: object) -> tuple[str, ...]:
    try:
        return tuple(str(ip_network(word)) for word in _words(value))
    except ValueError:
        raise ValueError("write networks such as 10.0.0.0/8, separated by commas") from None


def _optional_cidrs(value: object) -> tuple[str, ...] | None:
    if not isinstance(value, list) and _text(value).lower() == "none":
        return ()
    return _cidrs(value) or None


def _hosts(value: object) -> tuple[str, ...]:
    hosts = tuple(word.lower() for word in _words(value))
    if all(_HOST.fullmatch(host) for host in hosts):
        return hosts
    raise ValueError("write host names without scheme, port or path, separated by commas")


def _public_url(value: object) -> str:
    text = _text(value).rstrip("/")
    if not text:
        return ""
    try:
        parts = urlsplit(text)
        port_is_fine = parts.port is None or parts.port > 0
    except ValueError:
        port_is_fine = False
    if (
        not port_is_fine
        or parts.scheme not in ("http", "https")
        or not _HOST.fullmatch(parts.netloc.rpartition("@")[2].partition(":")[0] or "[")
        or parts.username is not None
        or parts.query
        or parts.fragment
    ):
        raise ValueError("write what callers type, such as https://otp.example.com")
    return text


def _database_url(value: object) -> str:
    text = _text(value)
    scheme, separator, rest = text.partition("://")
    if scheme not in DATABASES or not separator:
        raise ValueError("write sqlite:///watchword.db (a path) or postgresql://user@host/name")
    if scheme == "sqlite" and (not rest.startswith("/") or rest == "/"):
        raise ValueError(
            "write three slashes and a path: sqlite:///watchword.db is in the working directory, "
            "sqlite:////var/lib/watchword/watchword.db is absolute"
        )
    if scheme == "sqlite" and ":memory:" in rest:
        raise ValueError("name a file: a database in memory forgets everything at the first stop")
    return text


def _email(value: object) -> str | None:
    text = _text(value)
    if text and not _SIMPLE_EMAIL.fullmatch(text):
        raise ValueError("write a plain address such as codes@example.com; a name goes elsewhere")
    return text or None


def _emails(value: object) -> tuple[str, ...]:
    words = _words(value)
    if all(_SIMPLE_EMAIL.fullmatch(word) for word in words):
        return words
    raise ValueError("write plain addresses such as ops@example.com, separated by commas")


def _optional_host(value: object) -> str | None:
    text = _text(value).lower()
    if text and not _HOST.fullmatch(text):
        raise ValueError("write a host name such as example.com, without scheme, port or path")
    return text or None


def _bind_host(value: object) -> str:
    text = _text(value)
    if not text or "/" in text:
        raise ValueError("write an address such as 127.0.0.1, or 0.0.0.0 for every interface")
    return text.strip("[]")


def _prices(value: object) -> tuple[tuple[str, str], ...]:
    found = [_PRICE.fullmatch(word) for word in _words(value)]
    if not all(match and match[1].partition(":")[0] in _CHANNELS for match in found):
        raise ValueError("write prices such as sms=0.04,sms:SG=0.032 (a channel, a country)")
    return tuple((match[1], match[2]) for match in found if match is not None)


def _currency(value: object) -> str:
    text = _text(value).upper()
    if not _CURRENCY.fullmatch(text):
        raise ValueError("write the three letters of a currency, such as EUR")
    return text


def integer(lowest: int, highest: int) -> Reader:
    """A whole number between two bounds, both included."""

    def read(value: object) -> int:
        text = _written(value)
        if _KUBERNETES.match(text):
            raise ValueError(
                "Kubernetes wrote this one, for a Service named `watchword`: set "
                "`enableServiceLinks: false` in the pod, or give the Service another name"
            )
        if text.isascii() and text.isdigit() and lowest <= int(text) <= highest:
            return int(text)
        raise ValueError(f"write a whole number from {lowest} to {highest}")

    return Reader(f"{lowest} to {highest}", read)


def seconds(lowest: float, highest: float) -> Reader:
    """A duration in seconds between two bounds, both included."""

    def read(value: object) -> float:
        try:
            number = float(_written(value))
        except ValueError:
            number = -1.0
        if lowest <= number <= highest:
            return number
        raise ValueError(f"write seconds, from {lowest:g} to {highest:g}")

    return Reader(f"seconds, {lowest:g} to {highest:g}", read)


def durations(most: int) -> Reader:
    """Waits such as 0s, 5m, 24h, at least one and at most `most`; the value is seconds."""

    def read(value: object) -> tuple[float, ...]:
        found = [_DURATION.fullmatch(word.lower()) for word in _words(value)]
        if not 1 <= len(found) <= most or not all(found):
            raise ValueError(f"write 1 to {most} durations such as 0s,5s,5m,2h, with commas")
        return tuple(float(one[1]) * _UNIT_S[one[2]] for one in found if one)

    return Reader("durations", read)


def choice(*words: str) -> Reader:
    """One word of a closed list."""

    def read(value: object) -> str:
        word = ("on" if value else "off") if isinstance(value, bool) else _written(value).lower()
        if word in words:
            return word
        raise ValueError(f"write one of: {', '.join(words)}")

    return Reader(" or ".join(words), read)


OPTIONAL_TEXT = Reader("text", _optional)
FLAG = Reader("true or false", _flag)
PATH = Reader("path", _path)
OPTIONAL_PATH = Reader("path", _optional_path)
CIDRS = Reader("networks", _cidrs)
OPTIONAL_CIDRS = Reader("networks, or none", _optional_cidrs)
HOSTS = Reader("host names", _hosts)
BIND_HOST = Reader("address", _bind_host)
PUBLIC_URL = Reader("URL", _public_url)
DATABASE_URL = Reader("URL", _database_url)
EMAIL = Reader("email address", _email)
EMAILS = Reader("email addresses", _emails)
OPTIONAL_HOST = Reader("host name", _optional_host)
PRICES = Reader("prices", _prices)
CURRENCY = Reader("currency", _currency)
