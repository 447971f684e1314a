"""SMS over SMPP 3.4, to the SMSC of a carrier or an aggregator."""

import asyncio

from watchword_server.domain.delivery import Message, Reason, Receipt
from watchword_server.ports.providers import (
    Checkup,
    Listener,
    Provider,
    Rejected,
    Setup,
    Unavailable,
    Uncertain,
)
from watchword_server.providers.smpp import receipts, text
from watchword_server.providers.smpp.connection import Connection
from watchword_server.providers.smpp.pdu import Short, Taken
from watchword_server.providers.smpp.session import Progress, Session
from watchword_server.providers.smpp.settings import Settings
from watchword_server.providers.smpp.status import refusal

__all__ = ["Settings", "Smpp"]

_PATIENCE_S = 9.5
_RECEIPT_WANTED = 1  # section 5.2.17: of success and of failure
_DAY_S = 86_400

Failure = Rejected | Unavailable | Uncertain


class Smpp(Provider):
    """One account at an SMSC."""

    name = "smpp"
    channels = frozenset({"sms"})
    reports = True

    def __init__(self, settings: Settings, setup: Setup) -> None:
        self.name = setup.account
        self._settings = settings
        self._session = Session(settings, setup)
        self._reference = int.from_bytes(setup.entropy(2), "big")

    async def send(self, message: Message) -> Receipt:
        """Submit the message; of several parts the last one asks for a receipt.

        The receipt's reference is the last part's message_id.
        """
        outcome = await self._hand_over(message)
        if isinstance(outcome, Receipt):
            return outcome
        raise outcome  # out here its traceback holds nothing of the message

    async def run(self, listener: Listener) -> None:
        """See `ports.Provider.run`."""
        await self._session.run(listener)

    async def checkup(self) -> Checkup:
        """Ask for a sign of life over the session, which is opened if there is none."""
        try:
            async with asyncio.timeout(_PATIENCE_S):
                connection = await self._session.connection()
                if isinstance(connection, Unavailable):
                    said = f"Not bound: {connection.raw or connection.reason.value}."
                    return Checkup(ok=False, detail=said)
                alive = connection.is_bound and await connection.enquire()
        except TimeoutError:
            return Checkup(ok=False, detail="Not bound: the SMSC did not answer in time.")
        if not alive:
            return Checkup(ok=False, detail="The SMSC does not answer enquire_link.")
        return Checkup(ok=True, detail="Bound; the SMSC answers enquire_link.")

    async def aclose(self) -> None:
        """Unbind."""
        await self._session.aclose()

    async def _hand_over(self, message: Message) -> Receipt | Failure:
        """Every part in order."""
        shorts = self._shorts(message)
        taken, progress = "", Progress()
        try:
            async with asyncio.timeout(_PATIENCE_S):
                connection = await self._session.connection()
                if isinstance(connection, Unavailable):
                    return connection
                for number, short in enumerate(shorts):
                    outcome = await self._one(connection, short, message.id, progress)
                    if not isinstance(outcome, str):
                        return _after(outcome, some_taken=number > 0)
                    taken = outcome
        except TimeoutError:
            return _too_late(progress.written)
        ids = self._settings.message_ids
        return Receipt(reference=receipts.canonical(taken, ids, receipt=False) or None)

    async def _one(
        self, connection: Connection, short: Short, ours: str, progress: Progress
    ) -> str | Failure:
        """One part's message_id, or why there is none."""
        try:
            answer = await self._session.submit(connection, short, ours, progress)
        except Unavailable as error:
            return Unavailable(error.reason, error.raw)
        if isinstance(answer, str):
            return Uncertain(answer)
        if answer.status:
            return refusal(answer.status)
        return answer.body.message_id if isinstance(answer.body, Taken) else ""

    def _shorts(self, message: Message) -> list[Short]:
        to = self._settings
        ton, npi, source = to.sender
        self._reference = (self._reference + 1) & 0xFFFF
        parts = text.parts(message.text, to.charset, to.long_messages, self._reference)
        return [
            Short(
                service_type=to.service_type, source_ton=ton, source_npi=npi, source=source,
                dest_ton=to.dest_ton, dest_npi=to.dest_npi, dest=message.to.removeprefix("+"),
                esm_class=part.esm_class,
                validity_period=validity(message.ttl_s) if to.validity else "",
                registered_delivery=_RECEIPT_WANTED if number == len(parts) else 0,
                data_coding=part.data_coding, short_message=part.content, tlvs=part.tlvs,
            )
            for number, part in enumerate(parts, 1)
        ]  # fmt: skip


def _too_late(written: bool) -> Failure:
    if written:
        return Uncertain("the hand-over took too long")
    return Unavailable(Reason.TIMED_OUT, "no time was left to submit anything")


def _after(outcome: Failure, *, some_taken: bool) -> Failure:
    """What a part's failure means for the message, of which parts may be on their way."""
    if some_taken and isinstance(outcome, Unavailable):
        return Uncertain(f"only some parts were taken: {outcome.raw}")
    return outcome


def validity(ttl_s: int) -> str:
    """A validity_period from now on (section 7.1.1), empty for a message that does not expire."""
    if ttl_s <= 0:
        return ""
    days, rest = divmod(min(ttl_s, 30 * _DAY_S), _DAY_S)
    hours, rest = divmod(rest, 3600)
    return f"0000{days:02}{hours:02}{rest // 60:02}{rest % 60:02}000R"
