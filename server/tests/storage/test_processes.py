"""Several processes on one file stay exact."""

import pytest

from storage.processes import conditionally, read_then_write, together
from storage.records import OURS, VERIFICATION, live, project
from storage.sqlite import opened


async def evaluates_exactly(work, folder, clock, checks, calls):
    """Two processes that check at once evaluate as many checks as there are."""
    async with opened(folder, clock.now) as store:
        await store.write(lambda tx: tx.projects.insert(project()))
        await store.write(lambda tx: tx.live.insert(live(max_checks=checks)))
        done = together(work, folder, calls)
        assert sum(done) == checks, done
        assert (await store.read(lambda tx: tx.live.get(OURS, VERIFICATION))).checks == checks


async def test_two_processes_evaluate_exactly_as_many_checks_as_there_are(tmp_path, clock):
    await evaluates_exactly(conditionally, tmp_path, clock, checks=701, calls=500)


async def test_two_processes_evaluate_exactly_mutant_is_caught(tmp_path, clock):
    with pytest.raises(AssertionError):
        await evaluates_exactly(read_then_write, tmp_path, clock, checks=5, calls=8)
