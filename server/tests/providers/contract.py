"""What every provider keeps, as clauses; each raises AssertionError where one is broken.

A vendor's tests inherit `ProviderContract` and say in `situations` how to bring the provider into
each of its ends.  `test_contract.py` has a provider that breaks each clause.
"""

import asyncio
import traceback
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

from watchword_server.domain.channel import Channel
from watchword_server.domain.delivery import Message, Reason, Receipt
from watchword_server.ports.providers import Provider, Rejected, Unavailable, Uncertain

FAILURES = (Rejected, Unavailable, Uncertain)
MAX_RAW = 200
CODE = "482913"
TESTS = str(Path(__file__).parent)


def message(**changes: object) -> Message:
    """A message whose code and address appear nowhere else."""
    plain = Message(
        id="dlv_019ab2c3d4e57f60a1b2c3d4e5f60718",
        to="rosalind@lab.example.com",
        channel="email",
        language="en",
        sender="Acme",
        subject="Your Acme code",
        text=f"{CODE} is your Acme code.\n\n@acme.example #{CODE}",
        html=f"<p><b>{CODE}</b> is your Acme code.</p>",
        code=CODE,
    )
    return msgspec.structs.replace(plain, **changes)


@dataclass(frozen=True)
class Situation:
    """A provider that is about to end its hand-over in one way.

    Attributes:
        secrets: credentials and the like, which must not be shown either.
        patience: seconds after which a hand-over counts as endless.
    """

    make: Callable[[], Provider]
    ends_in: type
    message: Message = message()
    secrets: tuple[str, ...] = ()
    patience: float = 10.0


@dataclass(frozen=True)
class Ended:
    """How it did end."""

    provider: Provider
    receipt: object = None
    error: BaseException | None = None


async def hand_over(situation: Situation) -> Ended:
    provider = situation.make()
    try:
        async with asyncio.timeout(situation.patience):
            return Ended(provider, receipt=await provider.send(situation.message))
    except Exception as error:
        return Ended(provider, error=error)
    finally:
        with suppress(Exception):
            await provider.aclose()


def hides(situation: Situation, *shown: object) -> None:
    for text in map(str, shown):
        for hidden in (situation.message.code, situation.message.to, *situation.secrets):
            assert hidden.lower() not in text.lower(), "shows what it must hide"


# ---- the clauses ----------------------------------------------------------------------------


async def says_what_it_is(situation: Situation) -> None:
    provider = situation.make()
    await provider.aclose()
    assert isinstance(provider.name, str) and provider.name.isidentifier()
    assert isinstance(provider.channels, frozenset)
    assert provider.channels
    assert provider.channels <= {channel.value for channel in Channel}
    assert isinstance(provider.reports, bool)
    assert isinstance(provider.local, bool)


async def ends_in_a_receipt_or_one_of_three(situation: Situation) -> None:
    ended = await hand_over(situation)
    if ended.error is None:
        assert type(ended.receipt) is Receipt
    else:
        assert type(ended.error) in FAILURES, type(ended.error)


async def ends_as_it_should(situation: Situation) -> None:
    ended = await hand_over(situation)
    assert type(ended.receipt if ended.error is None else ended.error) is situation.ends_in


async def gives_a_reason_of_the_list(situation: Situation) -> None:
    error = (await hand_over(situation)).error
    if isinstance(error, Rejected | Unavailable):
        assert isinstance(error.reason, Reason)


async def keeps_raw_short_and_printable(situation: Situation) -> None:
    raw = getattr((await hand_over(situation)).error, "raw", None)
    assert raw is None or (isinstance(raw, str) and len(raw) <= MAX_RAW and raw.isprintable())


async def shows_nothing_in_repr(situation: Situation) -> None:
    provider = situation.make()
    await provider.aclose()
    hides(situation, repr(provider), *(repr(value) for value in vars(provider).values()))


async def shows_nothing_in_a_receipt(situation: Situation) -> None:
    hides(situation, (await hand_over(situation)).receipt)


async def shows_nothing_in_an_error(situation: Situation) -> None:
    """Not in its text, its raw, its chain, nor the locals that a structured traceback prints."""
    error = (await hand_over(situation)).error
    if error is None:
        return
    hides(situation, repr(error), getattr(error, "raw", ""), *error.args)
    assert error.__cause__ is None and error.__context__ is None, "carries the vendor's error"
    for frame in traceback.TracebackException.from_exception(error, capture_locals=True).stack:
        if not frame.filename.startswith(f"{TESTS}/contract"):
            hides(situation, frame.line, *(frame.locals or {}).values())


async def closes_twice(situation: Situation) -> None:
    provider = situation.make()
    with suppress(*FAILURES):
        await provider.send(situation.message)
    await provider.aclose()
    try:
        await provider.aclose()
    except Exception as error:
        raise AssertionError("cannot be closed twice") from error


async def lets_itself_be_canceled(situation: Situation) -> None:
    provider = situation.make()
    task = asyncio.ensure_future(provider.send(situation.message))
    await asyncio.sleep(0)
    if task.cancel():
        done, _ = await asyncio.wait([task], timeout=situation.patience)
        assert done, "goes on after it was canceled"
        assert task.cancelled() or isinstance(task.exception(), FAILURES)
    await provider.aclose()


Clause = Callable[[Situation], Awaitable[None]]

CLAUSES: tuple[Clause, ...] = (
    says_what_it_is,
    ends_in_a_receipt_or_one_of_three,
    ends_as_it_should,
    gives_a_reason_of_the_list,
    keeps_raw_short_and_printable,
    shows_nothing_in_repr,
    shows_nothing_in_a_receipt,
    shows_nothing_in_an_error,
    closes_twice,
    lets_itself_be_canceled,
)


class ProviderContract:
    """Inherit it and give `situations`: by name, one for each way in which the provider ends."""

    ends: frozenset[type] = frozenset({Receipt, *FAILURES})

    @pytest.fixture
    def situations(self) -> Iterator[dict[str, Situation]]:
        raise NotImplementedError

    @pytest.mark.asyncio
    @pytest.mark.parametrize("clause", CLAUSES, ids=lambda clause: clause.__name__)
    async def test_the_contract(self, clause: Clause, situations: dict[str, Situation]) -> None:
        for name, situation in situations.items():
            try:
                await clause(situation)
            except AssertionError as broken:
                broken.add_note(f"in the situation {name!r}")
                raise

    def test_every_end_is_tried(self, situations: dict[str, Situation]) -> None:
        assert {situation.ends_in for situation in situations.values()} == self.ends
