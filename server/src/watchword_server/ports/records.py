"""What the store keeps besides the records of the domain."""

import msgspec

from watchword_server.domain.delivery import Delivery
from watchword_server.domain.verification import Details, Live, Secrets


class AddressState(msgspec.Struct, frozen=True):
    """What is remembered about an address beyond one verification (times in ms).

    `sends` and `next_send_at` are the cool-down ladder; `consecutive` counts failed checks in a
    row; `failures` those within the lock-out window and `oldest_failure_at` the first of them;
    `opted_out` are the channels over which it gets no messages.
    """

    sends: int = 0
    next_send_at: int = 0
    consecutive: int = 0
    failures: int = 0
    oldest_failure_at: int = 0
    opted_out: tuple[str, ...] = ()


class Checkable(msgspec.Struct, frozen=True):
    """A pending verification whose next submitted code may be evaluated.

    `remembered`: whether anything is remembered of its address.
    """

    live: Live
    remembered: bool


class Work(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Something due: `deliver` hands delivery `number` over, `advance` ends a step's wait.

    Attributes:
        due_at: when it is due; once claimed, when the claim's lease ends.
        claims: how often it was claimed. Above 1 an earlier hand-over may have begun.
    """

    due_at: int
    id: bytes
    project: bytes
    verification: bytes
    kind: str
    number: int
    claims: int


class InboxMessage(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A message that stayed on this machine; `body` is sealed."""

    project: bytes
    id: bytes
    address: bytes
    verification: bytes
    channel: str
    at: int
    body: bytes


class InboxBody(msgspec.Struct, frozen=True):
    """What is sealed in `InboxMessage.body`."""

    to: str
    text: str
    code: str

    def __repr__(self) -> str:
        return "<InboxBody>"


class IdempotencyKey(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A caller's key for one call, and once the call is done its answer.

    Attributes:
        id: a keyed hash of the API key, the call and the key that was sent.
        body: a keyed hash of what was asked.
        claim: who executes: random, so that nobody else can answer or release it.
        made_at: when it was claimed; a day later it is forgotten.
        lease_until: until then whoever claimed it is believed to be at work.
        answer: sealed; None while the call runs.
    """

    project: bytes
    id: bytes
    body: bytes
    claim: bytes
    made_at: int
    lease_until: int
    answer: bytes | None


class Job(msgspec.Struct, frozen=True, gc=False):
    """A delivery that is claimed and is to be handed over now.

    Attributes:
        opened: what is sealed in `live`, where whoever made the job had it in hand.
    """

    work: Work
    live: Live
    delivery: Delivery
    opened: tuple[Details, Secrets] | None = None

    def __repr__(self) -> str:
        return f"<Job {self.delivery.id.hex()}>"
