"""Templates with blanks such as `{to}`, and places in an answer such as `/messages/0/id`; pure.

No value can leave the place it is filled into: each is escaped for where it stands.  Places are no
regular expressions, because an account's settings must not be able to keep the server busy.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from string import Formatter
from typing import Any
from urllib.parse import parse_qsl, quote

import msgspec

from watchword_server.domain.delivery import Message
from watchword_server.domain.errors import WatchwordError

SECRETS = ("password", "report_secret", "token")
BLANKS = frozenset({
    "callback_url", "channel", "code", "id", "language", "sender", "subject", "template", "text",
    "to", "to_digits", "ttl_min", "ttl_s", "username", *SECRETS,
})  # fmt: skip
"""What a template may contain; the last five are the account's own settings."""
IN_PATH = BLANKS - {"callback_url", "sender", "subject", "template", "text"}
"""What may stand in a URL's path: nothing that could read `..`, which some servers obey."""
MAX_VALUE = 200
"""A longer reference or code is none that a gateway would give."""
MAX_DEPTH = 16
"""How deep JSON may be nested in settings."""

_MAX_FIELDS = 200
_PLACE = re.compile(
    r"(?:/(?:[^~/]|~[01])*)+|(?:query|form|header):[!-~]+|after:.*\S.*|text", re.DOTALL
)
_ENDS_A_WORD = re.compile(r"[\s<>\"',;&]")


class Flaw(WatchwordError):
    """A template or a place cannot be used; the message says why, for people."""


Escape = Callable[[str], str]
Template = tuple[tuple[str, str], ...]
"""Literal text, and the name of the blank behind it; an empty name is none."""


# ---- templates ------------------------------------------------------------------------------


def template(text: str, allowed: frozenset[str] = BLANKS) -> Template:
    """The template that a text is.

    Raises:
        Flaw: it has a brace too many, or a blank that is not `allowed`.
    """
    try:
        found = tuple(Formatter().parse(text))
    except ValueError:
        raise Flaw("a brace is alone: write {{ for {, and }} for }") from None
    for _, name, spec, conversion in found:
        if name is not None and (spec or conversion or name not in BLANKS):
            raise Flaw(f"unknown variable: there are {', '.join(sorted(BLANKS))}")
        if name and name not in allowed:
            raise Flaw(f"{{{name}}} may not stand here: put it into the query or the body")
    return tuple((literal, name or "") for literal, name, _, _ in found)


def fill(made: Template, values: Mapping[str, str], escape: Escape) -> str:
    """The template with its blanks filled."""
    return "".join(literal + (escape(values[name]) if name else "") for literal, name in made)


def values(message: Message, callback_url: str, own: Mapping[str, str | None]) -> dict[str, str]:
    """What the blanks stand for; `own` are the account's settings."""
    plain = {
        "callback_url": callback_url, "channel": message.channel, "code": message.code,
        "id": message.id, "language": message.language, "sender": message.sender,
        "subject": message.subject or "", "template": message.template, "text": message.text,
        "to": message.to, "to_digits": message.to.removeprefix("+"),
        "ttl_min": str(-(-message.ttl_s // 60)), "ttl_s": str(message.ttl_s),
    }  # fmt: skip
    plain |= {name: own.get(name) or "" for name in ("username", *SECRETS)}
    return {name: value.encode("utf-8", "replace").decode() for name, value in plain.items()}


def in_url(value: str) -> str:
    """Escaped for a URL's path or query."""
    return quote(value, safe="")


def in_header(value: str) -> str:
    """Escaped for a header field's value: what is no printable ASCII is percent-encoded."""
    return quote(value, safe=_PRINTABLE)


_PRINTABLE = "".join(map(chr, range(0x20, 0x7F)))


def as_it_is(value: str) -> str:
    """For where whole values are encoded afterwards."""
    return value


def is_shallow(value: Any, left: int = MAX_DEPTH) -> bool:
    """Whether a JSON value is nested no deeper than `MAX_DEPTH`."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return not inner or (left > 0 and all(is_shallow(one, left - 1) for one in inner))


def leaves(value: Any) -> Iterator[str]:
    """The texts in a JSON value, each a template."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from leaves(one)


def fill_leaves(value: Any, given: Mapping[str, str]) -> Any:
    """The JSON value with each of its texts filled."""
    if isinstance(value, str):
        return fill(template(value), given, as_it_is)
    if isinstance(value, list):
        return [fill_leaves(one, given) for one in value]
    if isinstance(value, dict):
        return {name: fill_leaves(one, given) for name, one in value.items()}
    return value


# ---- places ---------------------------------------------------------------------------------


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """An answer or a callback, in which values are looked for; header names in lower case."""

    body: bytes
    query: Mapping[str, str] = {}
    headers: Mapping[str, str] = {}
    json: Any = msgspec.UNSET

    def __repr__(self) -> str:
        return "<Source>"

    __str__ = __repr__

    @property
    def value(self) -> Any:
        """The body as JSON; None where it is none."""
        return decoded(self.body) if self.json is msgspec.UNSET else self.json


def is_place(text: str) -> bool:
    """Whether a text names a place: a JSON pointer, one of a name, after a word, or everything."""
    return _PLACE.fullmatch(text) is not None


def in_body(place: str) -> bool:
    """Whether a place is in the body, which a signature covers."""
    return not place.startswith(("query:", "header:"))


def is_outside(place: str | None) -> bool:
    """Whether a place, if there is one, is in the URL or the header."""
    return place is None or place.startswith(("query:", "header:"))


def find(place: str, source: Source) -> str | None:
    """The value at a place; None where there is none, or where it is too long to be one."""
    found = _found(place, source)
    return found if found and len(found) <= MAX_VALUE and found.isprintable() else None


def find_list(pointer: str, source: Source) -> list[Source]:
    """The elements of a JSON array, each a source of its own; none where there is no array."""
    found = _at(pointer, source.value)
    if not isinstance(found, list):
        return []
    return [msgspec.structs.replace(source, json=element) for element in found]


def _found(place: str, source: Source) -> str | None:
    if place.startswith("/"):
        return _plain(_at(place, source.value))
    kind, _, name = place.partition(":")
    if kind == "query":
        return source.query.get(name)
    if kind == "header":
        return source.headers.get(name.lower())
    text = source.body.decode("utf-8", "replace")
    if kind == "form":
        return _form(text).get(name)
    if kind == "text":
        return text.strip()
    _, there, rest = text.partition(name)
    return _ENDS_A_WORD.split(rest.lstrip(), maxsplit=1)[0] if there else None


def _form(text: str) -> dict[str, str]:
    try:
        return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=_MAX_FIELDS))
    except ValueError:
        return {}


def decoded(body: bytes) -> Any:
    """JSON, or None."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None


def _at(pointer: str, value: Any) -> Any:
    """RFC 6901; None where it leads nowhere."""
    for step in pointer.split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict):
            value = value.get(name)
        elif isinstance(value, list) and re.fullmatch(r"0|[1-9][0-9]{0,6}", name):
            value = value[int(name)] if int(name) < len(value) else None
        else:
            return None
    return value


def _plain(value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int | float) else None
