"""The opt-out list, as operators read and change it; people change it by their answers."""

from collections.abc import Sequence

from watchword_server.domain import address as addresses
from watchword_server.domain import ids
from watchword_server.domain.address import Address, InvalidAddress
from watchword_server.domain.channel import CODELESS, Channel
from watchword_server.domain.errors import bad_field
from watchword_server.domain.inbound import OptOut
from watchword_server.domain.numbering import Numbering
from watchword_server.domain.project import Caller
from watchword_server.domain.sealing import Keyring
from watchword_server.ports.outside import Clock
from watchword_server.ports.store import Store, Transaction

OPERATOR = "operator"


class OptOuts:
    """Lists, adds and lifts."""

    def __init__(
        self, store: Store, clock: Clock, keyring: Keyring, numbering: Numbering,
        sequence: ids.Sequence,
    ) -> None:  # fmt: skip
        self._store = store
        self._clock = clock
        self._keyring = keyring
        self._numbering = numbering
        self._sequence = sequence

    async def page(
        self, caller: Caller, to: str | None, before: bytes | None, limit: int
    ) -> Sequence[OptOut]:
        """Those of the project, newest first, or those of one address.

        Raises:
            Problem: BAD_FIELD for a bad address.
        """
        project = caller.project
        if to is None:
            return await self._store.read(lambda tx: tx.opt_outs.page(project, before, limit))
        index = self._index(project, self._parsed(to))
        return await self._store.read(lambda tx: tx.opt_outs.of_address(project, index))

    async def add(
        self, caller: Caller, to: str, channels: Sequence[str] | None
    ) -> Sequence[OptOut]:
        """Have an address get nothing over these channels, or over any that reaches it.

        Returns those that the address has from then on.

        Raises:
            Problem: BAD_FIELD for a bad address, or a channel that cannot reach it.
        """
        project, now = caller.project, self._clock.now()
        address = self._parsed(to)
        reach = addresses.REACH[address.kind]
        chosen = [one for one in Channel if one in reach and one not in CODELESS]
        if channels is not None:
            chosen = [Channel(one) for one in channels]
        if any(one not in reach for one in chosen):
            raise bad_field("channels", "reach", "One of them cannot reach this kind of address.")
        index = self._index(project, address)

        def unit(tx: Transaction) -> Sequence[OptOut]:
            for channel in chosen:
                tx.opt_outs.add(
                    OptOut(
                        project=project, id=self._sequence.make(now), address=index,
                        channel=channel.value, masked=address.masked, source=OPERATOR, at=now,
                    )
                )  # fmt: skip
            return tx.opt_outs.of_address(project, index)

        return await self._store.write(unit)

    async def remove(self, caller: Caller, to: str, channel: str | None) -> int:
        """Lift those of an address, of one channel or of all; how many there were.

        Raises:
            Problem: BAD_FIELD for a bad address, UNKNOWN_ID where there are none.
        """
        project = caller.project
        index = self._index(project, self._parsed(to))
        removed = await self._store.write(lambda tx: tx.opt_outs.remove(project, index, channel))
        if not removed:
            raise ids.unknown(ids.Prefix.OPT_OUT)
        return removed

    def _parsed(self, to: str) -> Address:
        try:
            return addresses.parse(to, self._numbering)
        except InvalidAddress as error:
            raise bad_field("to", error.rule, f"{error}.") from None

    def _index(self, project: bytes, address: Address) -> bytes:
        return self._keyring.blind_index(project, address.identity)
