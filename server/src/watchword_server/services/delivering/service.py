"""What the worker asks for: claim, hand over, expire, forget."""

from collections.abc import Sequence

from watchword_server.domain import ids
from watchword_server.domain.errors import StoreUnavailable
from watchword_server.domain.policy import LADDER_MEMORY_S, LOCKOUT
from watchword_server.domain.sealing import Keyring
from watchword_server.domain.template import Autofill
from watchword_server.domain.verification import Trigger
from watchword_server.ledger import Ledger
from watchword_server.ports.outside import Clock, Directory, Entropy
from watchword_server.ports.providers import Accounts
from watchword_server.ports.records import Job, Work
from watchword_server.ports.results import Result
from watchword_server.ports.store import Store, Transaction
from watchword_server.services.delivering.claiming import Claiming
from watchword_server.services.delivering.following import Following
from watchword_server.services.delivering.handing_over import HandingOver
from watchword_server.services.delivering.recording import Recording
from watchword_server.telemetry import get_logger

INBOX_KEPT_S = 86_400
_MS = 1000
_log = get_logger("delivering")


class Delivering:
    """Claims, hands over, records, falls back, expires."""

    def __init__(
        self, store: Store, clock: Clock, entropy: Entropy, keyring: Keyring,
        directory: Directory, accounts: Accounts, ledger: Ledger, sequence: ids.Sequence,
        autofill: Autofill | None,
    ) -> None:  # fmt: skip
        self._store = store
        self._clock = clock
        self._accounts = accounts
        self._ledger = ledger
        following = Following(ledger, accounts)
        self._handing_over = HandingOver(keyring, directory, accounts, autofill)
        self._in_flight: dict[bytes, Work] = {}
        self._recording = Recording(
            entropy, keyring, ledger, sequence, accounts, following, self._in_flight
        )
        self._claiming = Claiming(ledger, following, self._recording, self._in_flight)

    async def due(self, limit: int) -> list[Job]:
        """Claim what is due, at most `limit`, and return what has to be handed over.

        From the commit of this claim on, a hand-over may have begun.
        """
        now = self._clock.now()
        return await self._store.write(lambda tx: self._claiming.claim(tx, now, limit))

    async def next_due(self) -> int | None:
        """When the next work is due (ms), or None."""
        return await self._store.read(lambda tx: tx.work.next_due())

    def is_prompt(self, job: Job) -> bool:
        """Whether the hand-over will not wait for anything."""
        provider = self._accounts.named(job.live.project, job.delivery.provider)
        return provider is not None and provider.prompt

    async def hand_over(self, *jobs: Job) -> bool:
        """Hand claimed deliveries over, one after the other, and record what came of them.

        Returns whether more is due now: the next account or step.
        """
        self._in_flight.update((job.work.id, job.work) for job in jobs)
        try:
            return await self._handed_over(jobs)
        finally:
            for job in jobs:
                self._in_flight.pop(job.work.id, None)

    async def _handed_over(self, jobs: Sequence[Job]) -> bool:
        outcome = self._handing_over.outcome
        results = [(job, sent) for job in jobs if (sent := await outcome(job)) is not None]
        try:
            return await self._store.write(
                lambda tx: self._recording.record(tx, results, self._clock.now())
            )
        except StoreUnavailable:
            raise
        except Exception:
            if len(results) == 1:
                raise
            for one in results:  # one that cannot be recorded must not keep the others from it
                await self._record_alone(one)
            return True

    async def expire(self, limit: int) -> int:
        """End pending verifications whose time has passed; how many there were."""
        now = self._clock.now()

        def unit(tx: Transaction) -> int:
            overdue = tx.live.expired(now, limit)
            for project, verification in overdue:
                if live := tx.live.get(project, verification):
                    self._ledger.finish(tx, live, Trigger.TIME_PASSED, now)
            return len(overdue)

        some = await self._store.read(lambda tx: bool(tx.live.expired(now, 1)))
        return await self._store.write(unit) if some else 0

    async def forget(self, limit: int) -> bool:
        """Sweep what has served its time: cool-down ladders, old failures, the inbox.

        Returns whether there may be more.
        """
        now = self._clock.now()
        ladders, failures = now - LADDER_MEMORY_S * _MS, now - LOCKOUT.window_s * _MS

        def unit(tx: Transaction) -> bool:
            states = tx.addresses.sweep(ladders, failures, limit)
            return max(states, tx.inbox.sweep(now - INBOX_KEPT_S * _MS, limit)) >= limit

        return await self._store.write(unit)

    async def _record_alone(self, one: tuple[Job, Result]) -> None:
        try:
            await self._store.write(lambda tx: self._recording.record(tx, [one], self._clock.now()))
        except Exception:
            _log.exception("work.record_failed", delivery=one[0].delivery.id.hex())
