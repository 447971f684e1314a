"""Idempotency keys: of equal requests with one key one is executed, and all get its answer.

A request claims its key in one commit, is executed, and keeps its answer in another; whoever
comes meanwhile waits.  In this process they wait for the execution itself, in others they look
at the row.  A claim has a lease, which a live process renews: if the process dies before the
answer is kept, the same request may be executed again once the lease is over.

Of the request only keyed hashes are kept.  The answer may hold a secret that is shown once, so it
is sealed to its key and request.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import msgspec

from watchword_server.domain.errors import (
    IDEMPOTENCY_KEY_REUSED,
    REQUEST_IN_FLIGHT,
    Problem,
    StoreUnavailable,
)
from watchword_server.domain.sealing import NONCE_BYTES, Keyring
from watchword_server.ports.outside import Clock, Entropy
from watchword_server.ports.records import IdempotencyKey
from watchword_server.ports.store import Store, Transaction
from watchword_server.telemetry import get_logger

KEPT_S = 86_400
PATIENCE_S = 10.0
"""How long an equal request waits for the answer of the one that is executed."""
LEASE_S = 15
RENEW_S = 5.0
_POLL_S = 0.05
_RETRY_S = 5
_CLAIM_BYTES = 16
_MS = 1000
_log = get_logger("idempotency")


class Keyed(msgspec.Struct, frozen=True):
    """A request with a key: `use` says whose key on which call, `body` what is asked."""

    project: bytes
    use: bytes
    body: bytes

    def __repr__(self) -> str:
        return "<Keyed>"


class Outcome(msgspec.Struct, frozen=True):
    """What an execution ended in; an answer that is not `definite` leaves the key free."""

    answer: bytes
    definite: bool

    def __repr__(self) -> str:
        return f"<Outcome definite={self.definite}>"


Execute = Callable[[], Awaitable[Outcome]]


class _Given(msgspec.Struct, frozen=True):
    """The answer, and whether another request was executed for it."""

    answer: bytes
    replayed: bool


class _Running(msgspec.Struct, frozen=True):
    """What this process does about a key."""

    body: bytes
    task: asyncio.Task[_Given]


class Idempotency:
    """Executes requests with a key, each key once."""

    def __init__(
        self, store: Store, clock: Clock, entropy: Entropy, keyring: Keyring,
        patience_s: float = PATIENCE_S,
    ) -> None:  # fmt: skip
        self._store = store
        self._clock = clock
        self._entropy = entropy
        self._keyring = keyring
        self._patience_s = patience_s
        self._running: dict[tuple[bytes, bytes], _Running] = {}

    async def once(self, request: Keyed, execute: Execute) -> tuple[bytes, bool]:
        """The answer to a request, and whether it is another request's answer.

        `execute` must not raise.  It goes on where its caller goes away: its answer is kept for
        whoever asks again.

        Raises:
            Problem: IDEMPOTENCY_KEY_REUSED for another body, REQUEST_IN_FLIGHT for too long.
            StoreUnavailable: nothing was executed.
        """
        id, body = self._hashed(request, b"use", request.use), self._body(request)
        place = request.project, id
        running = self._running.get(place)
        if running is None:
            key = self._new(request.project, id, body)
            task = asyncio.create_task(self._answered(key, execute))
            self._running[place] = _Running(body, task)
            task.add_done_callback(lambda ended: self._ended(place, ended))
            await asyncio.wait((task,))
            given = task.result()
            return given.answer, given.replayed
        if running.body != body:
            raise _reused()
        done, _ = await asyncio.wait((running.task,), timeout=self._patience_s)
        if not done:
            raise _in_flight()
        return running.task.result().answer, True

    async def forget(self, limit: int) -> bool:
        """Sweep keys that are a day old; whether there may be more."""
        before = self._clock.now() - KEPT_S * _MS
        return await self._store.write(lambda tx: tx.idempotency_keys.sweep(before, limit)) >= limit

    def _ended(self, place: tuple[bytes, bytes], task: asyncio.Task[_Given]) -> None:
        del self._running[place]
        if not task.cancelled():
            task.exception()  # whoever waits has it; if nobody does, nobody need be told

    async def _answered(self, key: IdempotencyKey, execute: Execute) -> _Given:
        """Claim the key and execute, or wait for whoever did."""
        until = asyncio.get_running_loop().time() + self._patience_s
        while True:
            found = await self._store.write(lambda tx: self._claim(tx, key))
            if found is None:
                return _Given(await self._execute(key, execute), replayed=False)
            if found.body != key.body:
                raise _reused()
            if found.answer is not None:
                return _Given(self._unsealed(found), replayed=True)
            await self._change_of(found, until)

    def _claim(self, tx: Transaction, key: IdempotencyKey) -> IdempotencyKey | None:
        """Who has the key; None: this request, from now on."""
        now = self._clock.now()
        claim = msgspec.structs.replace(key, made_at=now, lease_until=now + LEASE_S * _MS)
        if tx.idempotency_keys.claim(claim, now - KEPT_S * _MS):
            return None
        return tx.idempotency_keys.get(key.project, key.id)

    async def _change_of(self, seen: IdempotencyKey, until: float) -> None:
        """Wait until another process has answered, has given the key back, or is gone.

        Raises:
            Problem: REQUEST_IN_FLIGHT.
        """
        while True:
            found = await self._store.read(
                lambda tx: tx.idempotency_keys.get(seen.project, seen.id)
            )
            if found is None or found.claim != seen.claim or found.answer is not None:
                return
            if found.lease_until <= self._clock.now():
                return
            if asyncio.get_running_loop().time() >= until:
                raise _in_flight()
            await asyncio.sleep(_POLL_S)

    async def _execute(self, key: IdempotencyKey, execute: Execute) -> bytes:
        """Execute, and keep the answer if it is definite."""
        task = asyncio.ensure_future(execute())
        while not (await asyncio.wait((task,), timeout=RENEW_S))[0]:
            await self._renew(key)
        outcome = task.result()
        project, id, claim = key.project, key.id, key.claim
        sealed = self._sealed(key, outcome.answer) if outcome.definite else None

        def unit(tx: Transaction) -> bool:
            if sealed is None:
                return tx.idempotency_keys.release(project, id, claim)
            return tx.idempotency_keys.answer(project, id, claim, sealed)

        try:
            kept = await self._store.write(unit)
        except StoreUnavailable as error:
            # What was done was done, so its caller is told; the lease ends by itself.
            _log.warning("idempotency.not_kept", error=str(error))
        else:
            if not kept:
                _log.warning("idempotency.claim_lost")
        return outcome.answer

    async def _renew(self, key: IdempotencyKey) -> None:
        lease_until = self._clock.now() + LEASE_S * _MS
        with suppress(StoreUnavailable):
            await self._store.write(
                lambda tx: tx.idempotency_keys.renew(key.project, key.id, key.claim, lease_until)
            )

    def _new(self, project: bytes, id: bytes, body: bytes) -> IdempotencyKey:
        claim = self._entropy(_CLAIM_BYTES)
        return IdempotencyKey(
            project=project, id=id, body=body, claim=claim, made_at=0, lease_until=0, answer=None
        )

    def _body(self, request: Keyed) -> bytes:
        return self._hashed(request, b"body", request.body)

    def _hashed(self, request: Keyed, purpose: bytes, what: bytes) -> bytes:
        return self._keyring.fingerprint(request.project, b"idempotency %b\0" % purpose + what)

    def _sealed(self, key: IdempotencyKey, answer: bytes) -> bytes:
        nonce = self._entropy(NONCE_BYTES)
        return self._keyring.seal(key.project, key.id + key.body, answer, nonce)

    def _unsealed(self, key: IdempotencyKey) -> bytes:
        return self._keyring.unseal(key.project, key.id + key.body, key.answer or b"")


def _reused() -> Problem:
    return Problem(
        IDEMPOTENCY_KEY_REUSED,
        "This Idempotency-Key came with another body before; a new request needs a new key.",
        extra={"reason": "idempotency_key_reused"},
    )


def _in_flight() -> Problem:
    return Problem(
        REQUEST_IN_FLIGHT,
        "The first request with this Idempotency-Key has not been answered yet.",
        retry_after=_RETRY_S,
        extra={"reason": "request_in_flight"},
    )
