"""After a run: every pair that was counted is in the database, whole, and nothing else is."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from bench.processes import Failed
from bench.stored import count as stored_rows
from watchword_server.domain.delivery import DeliveryStatus
from watchword_server.domain.events import EventType
from watchword_server.domain.verification import Status, Verification
from watchword_server.ports.store import Transaction
from watchword_server.runtime import Runtime
from watchword_server.settings import Settings

_EVENTS = [
    EventType.VERIFICATION_CREATED.value,
    EventType.DELIVERY_SENT.value,
    EventType.DELIVERY_DELIVERED.value,
    EventType.VERIFICATION_APPROVED.value,
]
_PAGE = 1_000


def prove(database: Path, pairs: int, stored: int = 0) -> list[str]:
    """Check a stopped server's database; returns what is wrong with a pair, for each such pair.

    Args:
        pairs: how many pairs were completed: so many rows are to be approved, each with exactly
            one delivery, which was delivered before the check, and its four events in order.
        stored: older rows that were put there beforehand; of these, a page is looked at.

    Raises:
        Failed: there are more or fewer rows than that, or work was left undone.
    """
    found, wrong, due = asyncio.run(_look(database, pairs + min(stored, _PAGE)))
    if due is not None:
        raise Failed("work was left undone")
    count = stored_rows(database) if stored else found
    if count != pairs + stored:
        raise Failed(f"{count} verifications are stored, {pairs + stored} were made")
    return wrong


async def _look(database: Path, most: int) -> tuple[int, list[str], int | None]:
    """The newest rows, `most` of them and what is left of a page."""
    runtime = await Runtime.open(Settings(database_url=f"sqlite:///{database}"))
    try:
        project = (await runtime.operator()).project
        wrong: list[str] = []
        found, before = 0, None
        while found <= most:
            page, complaints = await runtime.store.read(
                lambda tx, before=before: _page(tx, project, before)
            )
            wrong += complaints
            found += len(page)
            if len(page) < _PAGE:
                break
            before = page[-1].id
        return found, wrong, await runtime.delivering.next_due()
    finally:
        await runtime.close()


def _page(
    tx: Transaction, project: bytes, before: bytes | None
) -> tuple[Sequence[Verification], list[str]]:
    page = tx.verifications.page(project, before, None, 0, _PAGE)
    complaints = [complaint for one in page if (complaint := _complaint(tx, one))]
    return page, complaints


def _complaint(tx: Transaction, one: Verification) -> str | None:
    if one.status is not Status.APPROVED:
        return f"it is {one.status}"
    deliveries = [(each.status, each.reason) for each in tx.deliveries.of(one.project, one.id)]
    if deliveries != [(DeliveryStatus.DELIVERED, None)]:
        return f"its deliveries are {deliveries}"
    events = [event.type for event in tx.events.of(one.project, one.id)]
    return None if events == _EVENTS else f"its events are {events}"
