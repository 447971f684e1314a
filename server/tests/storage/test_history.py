"""Ended verifications, and the view over pending and ended ones."""

from functools import partial

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from storage.records import ENDED, NOW, OURS, THEIRS, VERIFICATION, ended, key, live, project
from watchword_server.domain.verification import Status, Trigger, Verification


@pytest.fixture(autouse=True)
async def owners(store):
    """The projects whose rows these are."""
    await store.write(
        lambda tx: [tx.projects.insert(project(one)) for one in (OURS, THEIRS, key("p"))]
    )


STATUSES = [None, *Status]


async def test_an_ended_verification_is_read_back_as_it_was(store):
    record = ended(Trigger.LAST_WRONG_CODE, checks=5, sends=3)
    await store.write(lambda tx: tx.verifications.insert(record))
    assert await store.read(lambda tx: tx.verifications.get(OURS, ENDED)) == record
    assert record.status is Status.EXHAUSTED


async def test_a_pending_one_is_seen_without_its_secrets(store):
    await store.write(lambda tx: tx.live.insert(live()))
    found = await store.read(lambda tx: tx.verifications.get(OURS, VERIFICATION))
    assert type(found) is Verification
    assert found.status is Status.PENDING
    assert await store.read(lambda tx: tx.verifications.get(OURS, key("nobody"))) is None


TRIGGERS = list(Trigger)


async def filled(store):
    """Twenty-five verifications of ours, newest last, every fifth pending; some of theirs."""
    for number in range(25):
        id, address = key("v", number), key("a", number)
        if number % 5 == 0:
            record = live(id=id, address=address)
            await store.write(lambda tx, record=record: tx.live.insert(record))
        else:
            past = ended(TRIGGERS[number % 5], id=id)
            await store.write(lambda tx, past=past: tx.verifications.insert(past))
    for number in range(3):
        foreign = ended(project=THEIRS, id=key("v", 50 + number))
        await store.write(lambda tx, foreign=foreign: tx.verifications.insert(foreign))


async def pages_show_each_once(store, page):
    """However big the pages, walking them gives each verification once, newest first."""
    for size in (1, 3, 7, 25, 40):
        for status in STATUSES:
            everything = [key("v", number) for number in reversed(range(25))]
            wanted = [id for id in everything if status in (None, status_of(id))]
            found, before = [], None
            while batch := await store.read(
                partial(page, before=before, status=status, limit=size)
            ):
                assert len(batch) <= size
                found += [one.id for one in batch]
                before = found[-1]
                assert len(found) <= 25
            assert found == wanted, (size, status)


def status_of(id):
    number = int(id[-4:])
    if number % 5 == 0:
        return Status.PENDING
    return ended(TRIGGERS[number % 5]).status


def by_port(tx, before, status, limit):
    return tx.verifications.page(OURS, before, status, NOW, limit)


def with_the_last_again(tx, before, status, limit):
    before = None if before is None else before[:-4] + b"%04d" % (int(before[-4:]) + 1)
    return tx.verifications.page(OURS, before, status, NOW, limit)


def of_everybody(tx, before, status, limit):
    return [
        *tx.verifications.page(THEIRS, before, status, NOW, 1),
        *by_port(tx, before, status, limit),
    ]


async def test_pages_show_each_verification_once_newest_first(store):
    await filled(store)
    await pages_show_each_once(store, by_port)


@pytest.mark.parametrize("broken", [with_the_last_again, of_everybody])
async def test_pages_show_each_verification_once_mutant_is_caught(store, broken):
    await filled(store)
    with pytest.raises(AssertionError):
        await pages_show_each_once(store, broken)


async def test_a_page_reads_what_the_same_unit_wrote(store):
    def unit(tx):
        tx.verifications.insert(ended())
        assert tx.verifications.get(OURS, ENDED) is not None
        tx.live.insert(live())
        return [one.id for one in tx.verifications.page(OURS, None, None, NOW, 9)]

    assert await store.write(unit) == [VERIFICATION, ENDED]


async def test_a_pending_one_whose_time_has_passed_is_listed_as_expired(store):
    await store.write(lambda tx: tx.live.insert(live(expires_at=NOW + 1)))
    await store.write(lambda tx: tx.verifications.insert(ended(Trigger.TIME_PASSED)))

    def listed(tx, status, now):
        return [one.id for one in tx.verifications.page(OURS, None, status, now, 9)]

    assert await store.read(lambda tx: listed(tx, "pending", NOW)) == [VERIFICATION]
    assert await store.read(lambda tx: listed(tx, "expired", NOW)) == [ENDED]
    assert await store.read(lambda tx: listed(tx, "pending", NOW + 1)) == []
    assert await store.read(lambda tx: listed(tx, "expired", NOW + 1)) == [VERIFICATION, ENDED]


@settings(
    max_examples=15, deadline=None, database=None, derandomize=True, phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
@given(
    st.text(max_size=20).filter(lambda text: "\x00" not in text and text.isprintable()),
    st.binary(max_size=40),
    st.integers(0, 2**60),
)
async def test_any_text_bytes_and_number_survive(store, text, blob, number):
    record = ended(masked=text, details=blob, created_at=number, purpose=text)

    def unit(tx):
        tx.verifications.insert(record)
        found = tx.verifications.get(OURS, ENDED)
        raise Undone(found)

    with pytest.raises(Undone) as caught:
        await store.write(unit)
    assert caught.value.found == record


class Undone(Exception):
    def __init__(self, found):
        self.found = found
