"""Marketing: whether a project may send it, and when a recipient may be disturbed by it."""

import re
from collections.abc import Collection

import msgspec

DAY_MIN = 1_440
_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])|24:00")


class Marketing(msgspec.Struct, frozen=True):
    """A project's say on marketing.

    Attributes:
        start: the first minute of the recipient's day in which it may be sent; `end` is the first
            one after it.  By default 08:00 to 21:00, as 47 CFR 64.1200(c)(1) has it for calls.
    """

    enabled: bool = False
    start: int = 480
    end: int = 1_260

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.end <= DAY_MIN:
            raise ValueError("`start` comes before `end`, both within a day")


def minutes(time: str) -> int:
    """The minute of the day that `HH:MM` names.

    Raises:
        ValueError: it names none.
    """
    if _TIME.fullmatch(time) is None:
        raise ValueError("a time of the day is written HH:MM")
    hour, _, minute = time.partition(":")
    return int(hour) * 60 + int(minute)


def written(minute: int) -> str:
    """A minute of the day as `HH:MM`."""
    return f"{minute // 60:02}:{minute % 60:02}"


def wait_min(marketing: Marketing, local: Collection[int]) -> int | None:
    """Minutes until it is no quiet hour anywhere the recipient may be; 0 where it is none now.

    `local` are the minutes of the day in every zone of the number.  None: where that is not
    known, and where the zones are so far apart that some hour is always quiet.
    """
    if not local:
        return None
    for wait in range(DAY_MIN):
        if all(marketing.start <= (one + wait) % DAY_MIN < marketing.end for one in local):
            return wait
    return None
