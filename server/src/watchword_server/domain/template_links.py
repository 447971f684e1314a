"""Links in a message: where they lead, found as a telephone or a mail program would find them."""

import re
import unicodedata
from collections.abc import Iterator
from ipaddress import ip_address
from typing import NamedTuple
from urllib.parse import urlsplit

_BARE_ENDINGS = [
    "com",
    "net",
    "org",
    "info",
    "biz",
    "app",
    "dev",
    "shop",
    "store",
    "site",
    "online",
    "top",
    "xyz",
    "club",
    "live",
    "link",
    "click",
    "page",
    "web",
    "cloud",
    "tech",
    "icu",
    "vip",
    "cc",
    "io",
    "ai",
    "me",
    "tv",
    "gg",
    "ly",
    "to",
    "cn",
    "hk",
    "jp",
    "th",
    "es",
    "de",
    "fr",
    "uk",
    "us",
    "eu",
    "in",
    "ru",
    "br",
    "au",
    "ca",
    "ch",
    "at",
    "it",
    "nl",
    "be",
    "pl",
    "se",
    "no",
    "dk",
    "fi",
    "pt",
    "mx",
    "sg",
    "my",
    "id",
    "ph",
    "vn",
    "kr",
    "tw",
    "il",
    "ae",
    "sa",
    "za",
    "example",
    "test",
]
"""Endings that make two words with a dot between them a link on a handset."""

SHORTENERS = frozenset(
    [
        "bit.ly",
        "t.co",
        "tinyurl.com",
        "goo.gl",
        "ow.ly",
        "is.gd",
        "buff.ly",
        "rebrand.ly",
        "cutt.ly",
        "t.ly",
        "s.id",
        "rb.gy",
        "shorturl.at",
        "tiny.cc",
        "bl.ink",
        "lnkd.in",
    ]
)
_LABEL = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
_BARE = re.compile(
    rf"(?<![\w.@/-])(?:{_LABEL}\.)+(?:{'|'.join(_BARE_ENDINGS)})(?![\w-])(?:[:/?#][^\s<>\"']*)?",
    re.IGNORECASE,
)
_URL = re.compile(
    r"(?<!\w)(?:https?:[^\s<>\"']|[a-z][a-z0-9+.-]{1,20}://)[^\s<>\"']*", re.IGNORECASE
)
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE)
_WEB = re.compile(r"(https?):[\\/]*", re.IGNORECASE)
_HOST = re.compile(r"[\w.:\[\]-]*")
_CONTROLS = "".join(map(chr, range(0x21)))
_DROPPED = str.maketrans("", "", "\t\n\r")
_OPAQUE = re.compile(r"(?<!\w)(javascript|data|vbscript|file|sms|intent):\S", re.IGNORECASE)
_MAIL = re.compile(rf"(?<![\w.+-])[\w.+-]{{1,64}}@((?:{_LABEL}\.)+[^\W\d_]{{2,}})", re.IGNORECASE)
_NUMBERS = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.])(?:[:/][^\s<>\"']*)?")
_AUTOFILL = re.compile(r"^[ \t]*@\S{1,300}[ \t]+[#%]", re.MULTILINE)
_TEL = re.compile(r"(?<![\w{/])\+?\d(?:[ ().-]{0,2}\d){6,20}(?!\w)")
_DOTS = str.maketrans({"。": ".", "｡": ".", "．": "."})
_DEFANGED = re.compile(r"[ ]?[\[(][ ]?(?:\.|dot)[ ]?[\])][ ]?", re.IGNORECASE)
_VARIABLE = "{{"
_LONGEST_HOST = 253
"""RFC 1035, 2.3.4; encoding a longer one also takes time that grows with its square."""


class Flaw(NamedTuple):
    """What is wrong with one link; `shown` is the host, cut."""

    rule: str
    message: str


def seen(text: str) -> str:
    """The text as a program that makes links of it sees it."""
    plain = text
    if not plain.isascii():
        plain = unicodedata.normalize("NFKC", text.translate(_DOTS))
        plain = "".join(letter for letter in plain if unicodedata.category(letter) != "Cf")
    return _DEFANGED.sub(".", plain)


def forges_autofill(text: str) -> bool:
    """Whether a line looks like the one that binds a code to a web origin."""
    return _AUTOFILL.search(seen(text)) is not None


def has_number_to_call(text: str) -> bool:
    """Whether a telephone number stands in it."""
    return _TEL.search(_URL.sub(" ", _NUMBERS.sub(" ", seen(text)))) is not None


def flaws(text: str, allowed: frozenset[str]) -> Iterator[Flaw]:
    """What is wrong with the links of a text, each host and rule once."""
    found = dict.fromkeys(flaw for link in _links(seen(text)) for flaw in _of(link, allowed))
    yield from found


def behind(href: str, allowed: frozenset[str]) -> Iterator[Flaw]:
    """What is wrong with the target of a link, read as browsers do (the URL standard, 4.4).

    They drop breaks, take a backslash for a slash and do not count slashes after `https:`.
    """
    target = seen(href.strip(_CONTROLS).translate(_DROPPED))
    found = _SCHEME.match(target)
    scheme = found[1].lower() if found else ""
    if scheme in ("http", "https"):
        yield from _of(target, allowed)
    elif not scheme and target[:1] in ("/", "\\") and target[1:2] in ("/", "\\"):
        yield from _of(f"https:{target}", allowed)
    elif scheme in ("", "mailto"):
        yield from flaws(target, allowed)
    elif scheme != "tel":
        yield Flaw("link_scheme", f"a link begins with {_shown(scheme)}:")


def links(text: str) -> bool:
    """Whether there is any link."""
    return any(True for _ in _links(seen(text)))


def _links(text: str) -> Iterator[str]:
    rest = text
    for pattern in (_URL, _OPAQUE, _NUMBERS):
        yield from (match[0] for match in pattern.finditer(rest))
        rest = pattern.sub(" ", rest)
    for match in _MAIL.finditer(rest):
        yield f"mailto://{match[1]}"
    yield from (f"//{match[0]}" for match in _BARE.finditer(_MAIL.sub(" ", rest)))


def _of(link: str, allowed: frozenset[str]) -> Iterator[Flaw]:
    if _VARIABLE in link:
        yield Flaw(
            "link_variable", "a link has a variable in it, so a caller decides where it goes"
        )
    if opaque := _OPAQUE.match(link):
        yield Flaw("link_scheme", f"a link begins with {opaque[1].lower()}:")
        return
    try:
        plain = _WEB.sub(r"\1://", link, count=1) if _WEB.match(link) else link
        plain = plain.replace("\\", "/")
        parts = urlsplit(plain if "//" in plain else f"//{plain}")
        host = (parts.hostname or "").rstrip(".")
    except ValueError:
        yield Flaw("link_broken", "a link cannot be read")
        return
    if parts.scheme == "http":
        yield Flaw("link_plain", f"the link to {_shown(host)} is not encrypted")
    elif parts.scheme not in ("", "https", "mailto"):
        yield Flaw("link_scheme", f"a link begins with {parts.scheme}:")
    if "@" in parts.netloc:
        yield Flaw("link_userinfo", "a link hides its host behind an @")
    if _VARIABLE not in host:
        yield from _of_host(host, allowed)


def _of_host(host: str, allowed: frozenset[str]) -> Iterator[Flaw]:
    if len(host) > _LONGEST_HOST or not _HOST.fullmatch(host):
        yield Flaw("link_broken", "a link cannot be read: its host is none")
        return
    if _is_address(host):
        yield Flaw("link_address", "a link leads to a bare IP address")
        return
    name = _ascii(host)
    if any(name == domain or name.endswith(f".{domain}") for domain in allowed):
        return
    if name in SHORTENERS or name.removeprefix("www.") in SHORTENERS:
        yield Flaw("link_shortener", f"{_shown(name)} hides where a link leads")
    elif name.startswith("xn--") or ".xn--" in name:
        yield Flaw("link_look_alike", f"the host {_shown(name)} can look like another one")
    else:
        yield Flaw("link_foreign", f"{_shown(name)} is not a domain of this project")


def _is_address(host: str) -> bool:
    if re.fullmatch(r"[\d.]+|0x[0-9a-f.x]+", host):
        return True
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _ascii(host: str) -> str:
    try:
        return host.encode("idna").decode().lower()
    except UnicodeError:
        return host.lower()


def _shown(host: str) -> str:
    return host[:60]
