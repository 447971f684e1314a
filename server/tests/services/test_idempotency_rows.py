"""What is kept of a request with an idempotency key, how it is kept, and for how long."""

import asyncio
from contextlib import suppress

import apsw
import pytest

from services.desk import DAY
from services.keyed import PROJECT, SECRET, Execution, ask
from watchword_server import worker
from watchword_server.domain.sealing import Unsealable
from watchword_server.services import idempotency
from watchword_server.services.idempotency import Outcome


async def test_a_key_is_forgotten_after_a_day(two, clock):
    here, there = two
    execution = Execution()
    await here.once(ask(), execution)
    clock.advance(DAY)
    assert await there.once(ask(), execution) == (SECRET, True)
    clock.advance(1)
    assert await there.once(ask(b"other body"), execution) == (SECRET, False)


async def test_old_keys_are_swept(one, clock, tmp_path):
    for number in range(5):
        await one.once(ask(use=b"%d" % number), Execution())
    clock.advance(DAY + 1)
    await one.once(ask(use=b"new"), Execution())
    assert [await one.forget(3), await one.forget(3)] == [True, False]
    assert len(rows(tmp_path)) == 1


async def the_worker_forgets(desk, monkeypatch, folder):
    """A server that runs sweeps old keys by itself."""
    monkeypatch.setattr(worker, "SWEEP_S", 0.001)
    service, forgotten = desk.services.idempotency, asyncio.Event()
    forget = service.forget

    async def tell(limit):
        more = await forget(limit)
        forgotten.set()
        return more

    monkeypatch.setattr(service, "forget", tell)
    await service.once(ask(), Execution())
    desk.later(86_401)
    at_work = worker.Worker(desk.runtime)
    running = asyncio.create_task(at_work.run())
    async with asyncio.timeout(20):
        await forgotten.wait()
    at_work.stop()
    await running
    assert rows(folder) == []


async def test_the_worker_forgets_old_keys(desk, monkeypatch, tmp_path):
    await the_worker_forgets(desk, monkeypatch, tmp_path)


async def test_the_worker_forgets_old_keys_mutant_is_caught(desk, monkeypatch, tmp_path):
    monkeypatch.setattr(idempotency, "KEPT_S", 86_402)
    with pytest.raises(AssertionError):
        await the_worker_forgets(desk, monkeypatch, tmp_path)


def rows(folder):
    connection = apsw.Connection(str(folder / "watchword.db"))
    try:
        return list(connection.execute("SELECT * FROM idempotency_keys"))
    finally:
        connection.close()


async def nothing_stands_in_the_clear(service, folder):
    use, body = b"order-of-ada@example.com", b'{"to":"+14155552671"}'
    await service.once(ask(body, use), Execution())
    (row,) = rows(folder)
    for value in row:
        for secret in (SECRET, use, body):
            assert not isinstance(value, bytes) or secret not in value
    assert len(row[1]) == len(row[2]) == 16


async def test_key_body_and_answer_are_never_kept_in_the_clear(one, tmp_path):
    await nothing_stands_in_the_clear(one, tmp_path)


async def test_never_in_the_clear_mutant_is_caught(one, tmp_path, monkeypatch):
    monkeypatch.setattr(one, "_sealed", lambda key, answer: answer)
    with pytest.raises(AssertionError):
        await nothing_stands_in_the_clear(one, tmp_path)


async def opens_only_in_its_row(service, folder):
    """An answer that somebody moved to another row is not given."""
    for use in (b"one", b"two"):
        await service.once(ask(use=use), Execution(use))
    one, two = rows(folder)
    for (_, id, _, claim, *_), answer in ((one, two[-1]), (two, one[-1])):
        await service._store.write(
            lambda tx, id=id, claim=claim, answer=answer: tx.idempotency_keys.answer(
                PROJECT, id, claim, answer
            )
        )
    answers = []
    with suppress(Unsealable):
        answers.append(await service.once(ask(use=b"one"), Execution()))
    assert not answers


async def test_an_answer_opens_only_in_its_row(one, tmp_path):
    await opens_only_in_its_row(one, tmp_path)


async def test_an_answer_opens_only_in_its_row_mutant_is_caught(one, tmp_path, monkeypatch):
    """Sealed to the project alone."""
    seal, unseal = one._keyring.seal, one._keyring.unseal
    monkeypatch.setattr(
        one, "_sealed", lambda key, answer: seal(key.project, b"", answer, bytes(12))
    )
    monkeypatch.setattr(one, "_unsealed", lambda key: unseal(key.project, b"", key.answer))
    with pytest.raises(AssertionError):
        await opens_only_in_its_row(one, tmp_path)


async def test_a_repr_shows_nothing():
    assert "secret" not in repr((ask(SECRET, SECRET), Outcome(SECRET, True)))
