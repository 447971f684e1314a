"""The contract catches a provider that breaks a clause, and lets one pass that keeps them."""

import asyncio

import pytest

from providers import contract
from providers.contract import CLAUSES, CODE, Clause, Situation
from watchword_server.domain.delivery import Reason, Receipt
from watchword_server.ports.providers import Rejected, Unavailable, Uncertain

TO = contract.message().to


class Good:
    name = "good"
    channels = frozenset({"email"})
    reports = False
    local = False

    async def send(self, message):
        return Receipt(reference="1")

    async def aclose(self):
        pass


class Refusing(Good):
    async def send(self, message):
        raise Rejected(Reason.OTHER, "550 no")


class NoChannels(Good):
    channels = frozenset()


class UnknownChannel(Good):
    channels = frozenset({"pigeon"})


class Silent(Good):
    async def send(self, message):
        return None


class Foreign(Good):
    async def send(self, message):
        raise ConnectionError("no")


class OfItsOwn(Good):
    class Refused(Rejected):
        pass

    async def send(self, message):
        raise self.Refused(Reason.OTHER)


class Endless(Good):
    async def send(self, message):
        await asyncio.Future()


class TooSure(Good):
    async def send(self, message):
        raise Unavailable(Reason.TIMED_OUT)


class OwnReason(Good):
    async def send(self, message):
        rejected = Rejected(Reason.OTHER)
        rejected.reason = "because"
        raise rejected


class LongRaw(Good):
    async def send(self, message):
        raise Uncertain("x" * 201)


class BrokenRaw(Good):
    async def send(self, message):
        raise Uncertain("two\nlines")


class ShowsPassword(Good):
    def __init__(self):
        self.settings = {"password": "hunter2hunter2"}


class ReceiptWithAddress(Good):
    async def send(self, message):
        return Receipt(reference=f"to {message.to.upper()}")


class RawWithAddress(Good):
    async def send(self, message):
        raise Rejected(Reason.INVALID_RECIPIENT, f"550 <{message.to}> unknown")


class RawWithCode(Good):
    async def send(self, message):
        raise Rejected(Reason.CONTENT_REJECTED, f"550 what is {message.code}?")


class Chained(Good):
    async def send(self, message):
        try:
            raise ConnectionError(message.to)
        except ConnectionError:
            raise Uncertain("cut") from None


class LocalWithCode(Good):
    async def send(self, message):
        text = message.text  # noqa: F841 - a traceback with locals prints it
        raise Uncertain("cut")


class ClosesOnce(Good):
    closed = False

    async def aclose(self):
        if self.closed:
            raise RuntimeError("closed already")
        self.closed = True


class Stubborn(Good):
    async def send(self, message):
        while True:
            try:
                return await asyncio.sleep(3, Receipt())
            except asyncio.CancelledError:
                continue


class Swallowing(Good):
    async def send(self, message):
        try:
            await asyncio.sleep(3)
        except asyncio.CancelledError:
            return Receipt()


MUTANTS: dict[Clause, list[type]] = {
    contract.says_what_it_is: [NoChannels, UnknownChannel],
    contract.ends_in_a_receipt_or_one_of_three: [Silent, Foreign, OfItsOwn, Endless],
    contract.ends_as_it_should: [Refusing, TooSure],
    contract.gives_a_reason_of_the_list: [OwnReason],
    contract.keeps_raw_short_and_printable: [LongRaw, BrokenRaw],
    contract.shows_nothing_in_repr: [ShowsPassword],
    contract.shows_nothing_in_a_receipt: [ReceiptWithAddress],
    contract.shows_nothing_in_an_error: [RawWithAddress, RawWithCode, Chained, LocalWithCode],
    contract.closes_twice: [ClosesOnce],
    contract.lets_itself_be_canceled: [Stubborn, Swallowing],
}


def situation(mutant: type, ends_in: type = Receipt) -> Situation:
    return Situation(mutant, ends_in, secrets=("hunter2hunter2",), patience=0.05)


@pytest.mark.asyncio
@pytest.mark.parametrize("clause", CLAUSES, ids=lambda clause: clause.__name__)
async def test_a_clause_catches_what_breaks_it_and_nothing_else(clause):
    assert MUTANTS[clause]
    for mutant in MUTANTS[clause]:
        with pytest.raises(AssertionError):
            await clause(situation(mutant))
    await clause(situation(Good))
    await clause(situation(Refusing, Rejected))
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        task.get_coro().close()


def test_the_example_message_hides_its_code_and_address():
    assert CODE not in repr(contract.message())
    assert TO not in repr(contract.message())
