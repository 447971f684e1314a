"""Field types that several resources share: each with its constraints, description and example."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import UNSET, Meta, UnsetType

from watchword_server.domain.channel import Channel
from watchword_server.domain.ids import Prefix, text
from watchword_server.domain.project import Caller, Mode

T = TypeVar("T")

END = r"$(?!\n)"
"""The end of a pattern: in Python `$` alone would let a last line feed through."""

_MS = 1000
_VERIFICATION = text(Prefix.VERIFICATION, b"")

CHANNELS = {channel.value: channel for channel in Channel}
"""By word: five times as fast as `Channel(word)`."""


class Body(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A request body or query; its repr never shows what was submitted."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    def __rich_repr__(self) -> list[tuple[str, object]]:
        return []


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """An answer."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    def __rich_repr__(self) -> list[tuple[str, object]]:
        return []


def like(prefix: Prefix) -> dict[str, Any]:
    """How an id looks: said, and not enforced, for an id of another form is just unknown."""
    return {"pattern": rf"^{prefix.value}_[0-9a-f]{{32}}$"}


EXAMPLE_ID = "0193f2c1a7b47c3e9d5a1b2c3d4e5f60"
EXAMPLE_MESSAGE = f"{Prefix.VERIFICATION.value}_{EXAMPLE_ID}"
EXAMPLE_KEY = f"{Prefix.API_KEY.value}_{EXAMPLE_ID}"
EXAMPLE_PROJECT = f"{Prefix.PROJECT.value}_{EXAMPLE_ID}"

To = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=254,
        description="The recipient: a phone number in E.164 form (`+` and the country code "
        "first), or an email address.",
        examples=["+14155550123"],
    ),
]
MaskedTo = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=254,
        description="The recipient, masked.",
        examples=["+14*****0123"],
    ),
]
MessageId = Annotated[
    str,
    Meta(
        description="The id of the verification: keep it to check the code.",
        examples=[EXAMPLE_MESSAGE],
        extra_json_schema=like(Prefix.VERIFICATION),
    ),
]
TemplateId = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=128,
        pattern=rf"^[A-Za-z0-9][A-Za-z0-9_.:-]*{END}",
        description="The id of an approved template.",
        examples=["otp-sms"],
    ),
]
Language = Annotated[
    str,
    Meta(
        max_length=35,
        pattern=rf"^[A-Za-z]{{2,8}}([_-][A-Za-z0-9]{{1,8}}){{0,3}}{END}",
        description="A language tag such as `en`, `pt-BR` or `zh_CN`, or `default`. A language "
        "the template does not have falls back to the nearest one it has.",
        examples=["en"],
    ),
]
Instant = Annotated[
    datetime,
    Meta(tz=True, description="RFC 3339, UTC.", examples=["2026-03-01T12:00:00Z"]),
]
Cursor = Annotated[
    str,
    Meta(
        pattern=rf"^[0-9a-f]{{32}}{END}",
        description="`next_cursor` of the page before.",
        examples=[EXAMPLE_ID],
    ),
]
NextCursor = Annotated[
    str | None,
    Meta(
        description="Pass it as `cursor` to get the next page; null on the last one.",
        examples=[EXAMPLE_ID],
        extra_json_schema={"pattern": "^[0-9a-f]{32}$"},
    ),
]
Limit = Annotated[int, Meta(ge=1, le=100, description="How many items at most.", examples=[20])]
ShownMode = (
    Annotated[
        Mode,
        Meta(
            description="Only there when the project is not live: nothing leaves the server.",
            examples=["development"],
        ),
    ]
    | UnsetType
)
Cidr = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=49,
        description="An IP address or network in CIDR form.",
        examples=["203.0.113.0/24"],
    ),
]
Name = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=100,
        pattern=rf"^[^\u0000-\u001f\u007f]+{END}",
        description="A name for people.",
        examples=["my-app"],
    ),
]
Done = Annotated[
    bool, Meta(description="Always true.", examples=[True], extra_json_schema={"const": True})
]
Deleted = Done
URI = {"format": "uri"}
SOME = {"minLength": 1}
"""Of text that may be null: where it is not, it says something."""


def message_id(verification: bytes) -> str:
    """`ids.text` for a verification, without looking the prefix up."""
    return _VERIFICATION + verification.hex()


def instant(ms: int) -> datetime:
    """A moment of the store, ms since 1970, as an aware datetime."""
    return datetime.fromtimestamp(ms / _MS, UTC)


def instant_or_none(ms: int | None) -> datetime | None:
    """The same for a moment that may not have come."""
    return None if ms is None else instant(ms)


def seconds_until(ms: int, now: int) -> int:
    """Whole seconds from `now` until `ms`, rounded up; 0 once it has come."""
    return max(0, -((now - ms) // _MS))


def shown_mode(caller: Caller) -> Mode | UnsetType:
    """The caller's mode, left out when it is live."""
    return UNSET if caller.mode is Mode.LIVE else caller.mode


def position(cursor: str | UnsetType) -> bytes | None:
    """The id below which a page begins."""
    return None if isinstance(cursor, UnsetType) else bytes.fromhex(cursor)


def page(items: Sequence[T], limit: int) -> tuple[Sequence[T], bool]:
    """The items of a page when one more than `limit` was asked for, and whether more follow."""
    return items[:limit], len(items) > limit
