"""How an answer becomes a record; `models.py` says which there are."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, make_dataclass
from datetime import UTC, datetime
from typing import Any, Self

When = datetime | None


def parse_time(value: object) -> When:
    """The instant of an RFC 3339 string; None for anything else."""
    try:
        when = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return when and (when.astimezone(UTC) if when.tzinfo else when.replace(tzinfo=UTC))


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class Record:
    """An answer of the server.

    Comparison and repr are written once, here: making them for each record took 15 ms of import.
    """

    raw: Mapping[str, Any] = field(repr=False)

    @classmethod
    def from_wire(cls, wire: Mapping[str, Any]) -> Self:
        """The record in a JSON object; TypeError if a required member is missing."""
        known: dict[str, Any] = {}
        for each in fields(cls)[1:]:
            value = wire.get(each.name)
            if each.type == When:
                value = parse_time(value)
            elif each.type is tuple and value is not None:
                value = tuple(value)
            if value is not None:
                known[each.name] = value
        return cls(raw=wire, **known)

    def __eq__(self, other: object) -> bool:
        """Whether it says the same, `raw` apart."""
        if type(other) is not type(self):
            return NotImplemented
        return vars(self) | {"raw": None} == vars(other) | {"raw": None}

    def __hash__(self) -> int:
        """Equal ones are shown as equal."""
        return hash(repr(self))

    def __repr__(self) -> str:
        """What no secret and no address is in."""
        shown = (f"{one.name}={getattr(self, one.name)!r}" for one in fields(self) if one.repr)
        return f"{type(self).__name__}({', '.join(shown)})"


def record(name: str, members: str) -> type[Any]:
    """The class of a row in `models.py`."""
    return make_dataclass(
        name, map(_member, members.split()), bases=(Record,), frozen=True, kw_only=True,
        repr=False, eq=False,
        namespace={"__module__": "watchword.models", "__doc__": "See models.pyi."},
    )  # fmt: skip


def _member(word: str) -> tuple[str, Any, Any]:
    name, _, default = word.lstrip("-").partition("=")
    plain = name.rstrip("!@*{}%")
    options: dict[str, Any] = {"repr": word[0] != "-"}
    if name.endswith("}"):
        options["default_factory"] = dict
    elif not name.endswith("!"):
        literal = {"False": False, "0": 0, "": None}
        options["default"] = () if name.endswith("*") else literal.get(default, default)
    kinds = {"@": When, "*": tuple}
    return plain, kinds.get(name[-1], Any), field(**options)
