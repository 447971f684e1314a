"""Checking a submitted code.

One conditional statement counts a wrong code, or takes the verification out for a right one; where
it finds nothing, the evaluation never was.  So under any concurrency exactly one check approves and
exactly `max_checks` are evaluated.
"""

import msgspec

from watchword_server.domain import passcode
from watchword_server.domain.errors import NOT_ALLOWED_HERE, Problem
from watchword_server.domain.events import Data, EventType
from watchword_server.domain.ids import Sequence
from watchword_server.domain.policy import LOCKOUT
from watchword_server.domain.project import Caller
from watchword_server.domain.sealing import Keyring
from watchword_server.domain.verification import Assurance, Live, Status, Trigger
from watchword_server.ledger import Ledger, lockout, not_pending
from watchword_server.ports.outside import Clock
from watchword_server.ports.store import Store, Transaction

_WINDOW_MS = LOCKOUT.window_s * 1000


class Checked(msgspec.Struct, frozen=True):
    """What one evaluated check said; once the verification has ended no check is left."""

    verification: bytes
    verified: bool
    status: Status
    checks_left: int
    assurance: Assurance


class Checking:
    """The use case of `POST /v1/verifications`."""

    def __init__(
        self, store: Store, clock: Clock, keyring: Keyring, sequence: Sequence, ledger: Ledger
    ) -> None:
        self._store = store
        self._clock = clock
        self._keyring = keyring
        self._sequence = sequence
        self._ledger = ledger

    async def check(
        self, caller: Caller, verification: bytes, code: str, binding: tuple[str, str] | None
    ) -> Checked:
        """Evaluate a code.  A wrong code is an answer, no error; so is a wrong amount or payee,
        or a missing one where the code was bound to them.

        Raises:
            Problem: UNKNOWN_ID, ALREADY_USED, ENDED, or RATE_LIMITED for a locked address; then
                nothing was evaluated or counted.
        """
        now = self._clock.now()
        return await self._store.write(
            lambda tx: self._check(tx, caller.project, verification, code, binding, now)
        )

    def _check(
        self, tx: Transaction, project: bytes, verification: bytes, code: str,
        binding: tuple[str, str] | None, now: int,
    ) -> Checked:  # fmt: skip
        allowed = (now, now - _WINDOW_MS, LOCKOUT.max_failures, LOCKOUT.max_consecutive)
        found = tx.live.checkable(project, verification, *allowed)
        if found is None:
            raise self._refusal(tx, project, verification, now)
        live = found.live
        checks = live.checks + 1
        if self._matches(live, code, binding):
            if not tx.live.approve(project, verification, *allowed):
                raise self._refusal(tx, project, verification, now)
            self._ledger.approved(tx, live, checks, now, remembered=found.remembered)
            return _checked(live, checks, Status.APPROVED)
        if not tx.live.count_check(project, verification, *allowed):
            raise self._refusal(tx, project, verification, now)
        tx.addresses.failed_check(project, live.address, now, self._sequence.make(now))
        self._ledger.append(
            tx, live, EventType.VERIFICATION_CHECK_FAILED, now,
            Data(checks=checks, checks_left=live.max_checks - checks),
        )  # fmt: skip
        if checks < live.max_checks:
            return _checked(live, checks, Status.PENDING)
        spent = msgspec.structs.replace(live, checks=checks)
        self._ledger.finish(tx, spent, Trigger.LAST_WRONG_CODE, now)
        return _checked(live, checks, Status.EXHAUSTED)

    def _matches(self, live: Live, code: str, binding: tuple[str, str] | None) -> bool:
        bound_to = b""
        if binding is not None:
            bound_to = self._keyring.fingerprint(live.project, passcode.joined(binding))
        message = passcode.bound(live.id, live.address, live.purpose, bound_to, code)
        mac = self._keyring.code_mac(live.project, live.pepper)
        return passcode.matches(live.digest, mac(message))

    def _refusal(self, tx: Transaction, project: bytes, verification: bytes, now: int) -> Problem:
        live = tx.live.get(project, verification)
        if live is not None and live.expires_at > now:
            state = tx.addresses.get(project, live.address, now - _WINDOW_MS)
            if state is not None and (locked := lockout(state, now)):
                return locked
        known = tx.verifications.get(project, verification)
        if known is not None and not known.max_checks:
            detail = "This message carried no code."
            return Problem(NOT_ALLOWED_HERE, detail, extra={"reason": "no_code"})
        return not_pending(tx, project, verification, now)


def _checked(live: Live, checks: int, status: Status) -> Checked:
    verified = status is Status.APPROVED
    left = live.max_checks - checks if status is Status.PENDING else 0
    return Checked(live.id, verified, status, left, live.assurance)
