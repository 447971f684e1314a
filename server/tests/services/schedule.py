"""One verification over `whatsapp|sms|voice`, carriers that fail, hang, lie or answer late, and
everything that may happen to it meanwhile, in an order that chance decides.

`Schedule` plays it and looks after each turn of the worker whether what must hold holds.  What it
knows of the world it knows from itself: which resends it asked for, when it ended the
verification, which reports it sent.
"""

from typing import Any

from services.desk import Desk
from watchword_server.domain.delivery import DeliveryStatus, Reason, Receipt, may_follow
from watchword_server.domain.errors import Problem
from watchword_server.domain.inbound import Report
from watchword_server.domain.routing import Until
from watchword_server.domain.verification import Status
from watchword_server.ports.providers import Rejected, Unavailable, Uncertain
from watchword_server.testing import FakeProvider

CODE = "482913"
ROUTE = ("whatsapp", "sms", "voice")
WAIT_S = 60
MOST_DELIVERIES = 40
_S = DeliveryStatus
_OVER = frozenset({_S.FAILED, _S.UNDELIVERED})
_SILENT = frozenset({_S.SENT, _S.UNKNOWN})

FATES: dict[str, Any] = {
    "sent": Receipt(),
    "delivered": Receipt(delivered=True),
    "rejected": Rejected(Reason.UNREACHABLE, "550"),
    "unavailable": Unavailable(Reason.PROVIDER_DOWN, "503"),
    "uncertain": Uncertain("timeout"),
    "a bug": ZeroDivisionError("of the adapter"),
}
LATE, CRASHED, SENT_AND_CRASHED = "late", "crashed", "sent and crashed"
CARRIERS = (
    ("wa 1", "whatsapp", True), ("wa 2", "whatsapp", True), ("sms 1", "sms", True),
    ("sms 2", "sms", False), ("voice 1", "voice", False), ("voice 2", "voice", True),
)  # fmt: skip
"""Name, channel, and whether it reports: several accounts for each channel."""


def carriers() -> list[FakeProvider]:
    """The accounts of a desk."""
    return [FakeProvider(name=name, channels=[on], reports=told) for name, on, told in CARRIERS]


class Schedule:
    """One verification, and what is done to it."""

    def __init__(self, desk: Desk, outside: list[FakeProvider], to: str, fates: Any) -> None:
        self.desk, self.outside, self.to = desk, outside, to
        self.runtime, self.project = desk.runtime, desk.caller.project
        self._fates = fates
        self._late: list[Any] = []
        self._resent: set[int] = set()
        self._crashes = 0
        self._ended = False

    async def start(self, until: Until | None) -> None:
        """Begin."""
        for one in self.outside:
            one.messages.clear()
        self.id = await self.desk.start(self.to, template="otp-any", code=CODE, ttl_s=600)
        self._expires = self.desk.clock.now() + 600_000
        await self.desk.with_steps(self.id, until=until, wait_s=WAIT_S)
        self.until = until

    # ---- what may happen -------------------------------------------------------------------

    async def work(self, _: int = 0) -> None:
        """The worker claims and hands over until nothing is due."""
        delivering = self.runtime.delivering
        while True:
            due = await delivering.next_due()
            if due is None or due > self.desk.clock.now():
                break
            for job in await delivering.due(8):
                assert job.live.id == self.id, "work of another schedule"
                assert not self.ended, "handed over after the end"
                await self._hand_over(job)
        await self._nothing_due_is_left_undone()

    async def _hand_over(self, job: Any) -> None:
        fate = next(self._fates)
        # What answers late may have been given up for lost before.
        self._crashes += fate in (LATE, CRASHED, SENT_AND_CRASHED)
        if fate == LATE:
            self._late.append(job)
        elif fate == SENT_AND_CRASHED:
            await self.runtime.delivering._handing_over.outcome(job)
        elif fate != CRASHED:
            await self._answer(job, fate)

    async def _answer(self, job: Any, fate: str) -> None:
        for one in self.outside:
            one.script = [FATES[fate]]
        await self.runtime.delivering.hand_over(job)

    async def answer(self, choice: int) -> None:
        """A carrier answers late, perhaps after its lease."""
        if self._late:
            job = self._late.pop(choice % len(self._late))
            await self._answer(job, list(FATES)[choice % len(FATES)])

    async def report(self, choice: int) -> None:
        """A carrier tells something of one of its messages: true or not, again or for the first
        time."""
        told = [(one, message) for one in self.outside for message in one.messages]
        if told:
            provider, message = told[choice % len(told)]
            status = (_S.DELIVERED, _S.UNDELIVERED, _S.UNDELIVERED, _S.UNKNOWN)[choice % 4]
            one = Report(references=(message.id,), status=status, raw=str(choice))
            await self.runtime.reporting.take(self.project, provider.name, [one])

    async def resend(self, choice: int) -> None:
        """The caller asks for it once more, perhaps by a channel."""
        try:
            await self.desk.resend(self.id, (None, *ROUTE)[choice % 4])
        except Problem:
            return
        self._resent.add(len(await self.deliveries()))

    async def right(self, _: int) -> None:
        """The right code."""
        await self._end(self.desk.check(self.id, CODE))

    async def wrong(self, _: int) -> None:
        """A wrong one."""
        await self._end(self.desk.check(self.id, "000000"))

    async def cancel(self, _: int) -> None:
        """The caller cancels."""
        await self._end(self.desk.cancel(self.id))

    async def race(self, choice: int) -> None:
        """Two minutes later the caller asks for it once more, and it ends before the worker has
        seen that."""
        self.wait(120_000)
        await self.resend(0)
        if choice % 3 == 0:
            self.wait(max(0, self._expires - self.desk.clock.now()))
        else:
            await (self.right(0) if choice % 3 == 1 else self.cancel(0))

    async def _end(self, asked: Any) -> None:
        try:
            checked = await asked
        except Problem:
            return
        self._ended |= checked is None or checked.status is not Status.PENDING

    def wait(self, ms: int) -> None:
        """Time passes."""
        self.desk.clock.advance(ms)

    @property
    def ended(self) -> bool:
        """Whether it has been approved, canceled or exhausted, or its time has passed."""
        return self._ended or self.desk.clock.now() >= self._expires

    # ---- what must hold ----------------------------------------------------------------------

    async def deliveries(self) -> Any:
        """As the store has them."""
        return await self.runtime.store.read(lambda tx: tx.deliveries.of(self.project, self.id))

    async def _nothing_due_is_left_undone(self) -> None:
        deliveries = await self.deliveries()
        assert len(deliveries) <= MOST_DELIVERIES, "it never ends"
        front = max(one.step for one in deliveries)
        if self.ended or front == len(ROUTE) - 1:
            return
        lead = [one for one in deliveries if one.step == front][-1]
        assert lead.status not in _OVER, "stays on a step that has failed"
        if lead.status is _S.QUEUED or self._has_reached(lead):
            return
        assert self.desk.clock.now() < lead.updated_at + WAIT_S * 1000, "waits for too long"

    def _has_reached(self, lead: Any) -> bool:
        reports = any(told for name, _, told in CARRIERS if name == lead.provider)
        until = self.until or (Until.DELIVERED if reports else Until.SENT)
        reached = {Until.VERIFIED: (), Until.DELIVERED: (_S.DELIVERED,)}
        return lead.status in reached.get(until, (_S.SENT, _S.DELIVERED))

    async def finish(self) -> None:
        """Let everything come to its end, and look at what became of it."""
        for choice in range(len(self._late)):
            await self.answer(choice)
        while not self.ended:
            await self.work()
            due = await self.runtime.delivering.next_due()
            self.wait(max(WAIT_S * 1000, (due or self._expires) - self.desk.clock.now()))
        await self.work()
        self.wait(WAIT_S * 1000)  # every lease and wait is over
        await self.work()
        for choice in range(len(self._late)):
            await self.answer(choice)
        await self.runtime.delivering.expire(10)
        await self.work()
        await self._everything_has_ended()
        await self._no_step_was_taken_twice()
        await self._no_state_moved_backwards()
        sent = [message.id for one in self.outside for message in one.messages]
        assert len(sent) == len(set(sent)), "one delivery was handed over twice"

    async def _everything_has_ended(self) -> None:
        assert await self.runtime.delivering.next_due() is None, "work is left"
        deliveries = await self.deliveries()
        statuses = {one.status for one in deliveries}
        assert _S.QUEUED not in statuses, "a delivery never ends"
        status = await self.desk.status(self.id)
        assert status is not Status.PENDING
        failed = statuses == {_S.FAILED}
        assert failed or status is not Status.FAILED, "given up although it may have left"
        if failed and not any(one.reason == Reason.NOT_NEEDED for one in deliveries):
            assert self._ended or status is Status.FAILED, "nothing left, and nobody was told"

    async def _no_step_was_taken_twice(self) -> None:
        repeated = 0
        before: list[Any] = []
        for one in await self.deliveries():
            same = [other for other in before if other.step == one.step]
            if same and one.number not in self._resent:
                failed = same[-1].status is _S.FAILED
                again = one.maybe_duplicate and one.step == len(ROUTE) - 1
                assert failed or again, "a step was taken twice"
                assert not failed or same[-1].reason != Reason.UNREACHABLE, "sent a refused one on"
                tried = {other.provider for other in same}
                assert again or one.provider not in tried, "an account was tried twice"
                repeated += not failed
            elif one.number not in self._resent:
                steps = [other.step for other in before]
                assert one.step == max(steps, default=-1) + 1, "a step was left out, or taken late"
            before.append(one)
        assert repeated <= 1 + self._crashes + len(self._resent), "sent once more again and again"

    async def _no_state_moved_backwards(self) -> None:
        states: dict[bytes, DeliveryStatus] = {}
        for event in (await self.desk.timeline(self.id)).events:
            subject, _, reached = event.type.partition(".")
            if subject == "delivery":
                delivery = event.data[event.data.index(b"dlv_") :][:36]
                then = DeliveryStatus(reached)
                assert may_follow(states.get(delivery, _S.QUEUED), then), "moved backwards"
                states[delivery] = then
        for one in await self.deliveries():
            assert states[b"dlv_" + one.id.hex().encode()] is one.status
