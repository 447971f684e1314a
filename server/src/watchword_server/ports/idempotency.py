"""What the store keeps of idempotency keys."""

from typing import Protocol

from watchword_server.ports.records import IdempotencyKey


class IdempotencyKeys(Protocol):
    """Keys that make a call happen once, and the answers that are given again."""

    def claim(self, key: IdempotencyKey, forgotten_before: int) -> bool:
        """Take it, in one conditional statement; True for whoever is to execute the call.

        It is free when it is not there, when it was made before `forgotten_before`, or when its
        lease ran out without an answer and the body is the same.
        """
        ...

    def get(self, project: bytes, id: bytes) -> IdempotencyKey | None: ...

    def renew(self, project: bytes, id: bytes, claim: bytes, lease_until: int) -> bool:
        """Still at work; False where the claim was lost."""
        ...

    def answer(self, project: bytes, id: bytes, claim: bytes, answer: bytes) -> bool:
        """Keep the (sealed) answer; False where the claim was lost."""
        ...

    def release(self, project: bytes, id: bytes, claim: bytes) -> bool:
        """Make the key as if never used; False where the claim was lost."""
        ...

    def sweep(self, before: int, limit: int) -> int:
        """Delete keys made before this instant; how many went."""
        ...
