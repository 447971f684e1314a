"""Who gets no messages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from watchword.models import Record, When
from watchword.protocol import Call, Listing, listing
from watchword.resources import Resource, W, operation, paginated


@dataclass(frozen=True, kw_only=True)
class OptOut(Record):
    """An address, masked, that gets no messages over a channel.

    Attributes:
        source: recipient or operator: who wanted it so.
    """

    opt_out_id: str
    channel: str
    to: str | None = field(default=None, repr=False)
    source: str | None = None
    created_at: When = None


Rows = tuple[OptOut, ...]


class OptOuts(Resource[W]):
    """See and change who gets no messages; people opt out by answering STOP."""

    @paginated
    def list(self, to: str | None = None, limit: int | None = None) -> Listing[OptOut]:
        """Those of the project, newest first, or those of one address; at most `limit`."""
        return listing("/opt-outs", OptOut, limit=limit, to=to)

    @operation
    def add(self, *, to: str, channels: Sequence[str] | None = None) -> Call[Rows]:
        """Send an address nothing over these channels, or over any; what it has from then on."""
        body = {"to": to, "channels": channels}
        return Call("POST", "/opt-outs", _rows, body=body, secrets=(to,))

    @operation
    def remove(self, *, to: str, channel: str | None = None) -> Call[int]:
        """Lift those of an address, of one channel or of all; how many there were.

        Raises:
            NotFound: it has none.
        """
        query = {"to": to, "channel": channel}
        return Call("DELETE", "/opt-outs", _removed, query=query, secrets=(to,))


def _rows(wire: Mapping[str, Any]) -> Rows:
    return tuple(OptOut.from_wire(row) for row in wire["data"])


def _removed(wire: Mapping[str, Any]) -> int:
    return int(wire["removed"])
