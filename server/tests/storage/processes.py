"""What a second process does to the same file; run by `spawn`, so it stands by itself."""

import asyncio
import multiprocessing
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from storage.records import DAY, NOW, OURS, VERIFICATION
from storage.sqlite import opened

CONTEXT = multiprocessing.get_context("spawn")
PATIENCE_S = 60


def conditionally(folder: str, calls: int, ready: Any) -> int:
    """Count checks by the conditional statement, eight at a time; how many were evaluated."""

    async def count() -> int:
        async with opened(Path(folder), lambda: NOW) as store:

            async def check() -> bool:
                fresh = (NOW, NOW - DAY, 15, 100)
                unit = lambda tx: tx.live.count_check(OURS, VERIFICATION, *fresh)  # noqa: E731
                return await store.write(unit)

            ready.wait(PATIENCE_S)
            done = 0
            for _ in range(0, calls, 8):
                done += sum(await asyncio.gather(*(check() for _ in range(min(8, calls)))))
            return done

    return asyncio.run(count())


def read_then_write(folder: str, calls: int, ready: Any) -> int:
    """Count checks the naive way, in step with the other process; how many were evaluated."""

    async def count() -> int:
        async with opened(Path(folder), lambda: NOW) as store:
            done = 0
            for _ in range(calls):
                seen = (await store.read(lambda tx: tx.live.get(OURS, VERIFICATION))).checks
                ready.wait(PATIENCE_S)

                def unit(tx: Any, seen: int = seen) -> None:
                    record = tx.live.get(OURS, VERIFICATION)
                    tx.live.remove(OURS, VERIFICATION)
                    tx.live.insert(msgspec.structs.replace(record, checks=seen + 1))

                if seen < 5:
                    await store.write(unit)
                    done += 1
                ready.wait(PATIENCE_S)
            return done

    return asyncio.run(count())


def _answer(work: Callable[..., int], answers: Any, *given: Any) -> None:
    answers.put(work(*given))


def together(work: Callable[..., int], folder: Path, calls: int, processes: int = 2) -> list[int]:
    """What `work` answered in each of several processes that ran at once."""
    answers, ready = CONTEXT.Queue(), CONTEXT.Barrier(processes)
    running = [
        CONTEXT.Process(target=_answer, args=(work, answers, str(folder), calls, ready))
        for _ in range(processes)
    ]
    for process in running:
        process.start()
    found = [answers.get(timeout=PATIENCE_S) for _ in running]
    for process in running:
        process.join(PATIENCE_S)
        process.close()
    answers.close()
    answers.join_thread()
    return found
