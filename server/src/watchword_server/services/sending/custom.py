"""Custom messages: the caller's own code, or no code at all, to one recipient or many.

All of a call is accepted, or none: every recipient is looked at first, then all are counted on
every limit, then all are written in one unit.  So one bad address, or one that has to wait,
keeps the others from being sent to.
"""

from collections.abc import Sequence

import msgspec

from watchword_server.domain import passcode
from watchword_server.domain.address import Address
from watchword_server.domain.errors import Problem, bad_field
from watchword_server.domain.limits import Standing, Throughput
from watchword_server.domain.policy import NATIVE
from watchword_server.domain.project import Caller
from watchword_server.domain.quiet_hours import Marketing
from watchword_server.domain.route_plan import Plan
from watchword_server.domain.template import Category, Template, variables_of
from watchword_server.domain.verification import Live
from watchword_server.ledger import Ledger
from watchword_server.ports.outside import Clock, Directory, Dispatch, Entropy, LocalMinutes
from watchword_server.ports.store import Store, Transaction
from watchword_server.services.sending.admission import admit_all
from watchword_server.services.sending.draft import Draft, Drafter, Start, saved_route
from watchword_server.services.sending.marketing import allowed, check_hours
from watchword_server.services.sending.service import Accepted, Sending
from watchword_server.services.sending.willing import unsubscribed

_CODE = "template.params.code"
_SERIAL_BYTES = 16


class Occasion(Address, frozen=True):
    """A recipient on one occasion: counters, cool-downs and the rule of one pending verification
    know it again only by its `serial`."""

    serial: str = ""

    @property
    def identity(self) -> str:
        """See `Address.identity`."""
        return f"{self.value} {self.serial}"


class Prepared(msgspec.Struct, frozen=True):
    """A verification that only has to be counted and written, and its recipient.

    `is_marketing`: whoever opted out of any channel gets it over none.
    """

    draft: Draft
    to: Address
    is_marketing: bool = False


class CustomSending(Sending):
    """Sending, and custom messages."""

    def __init__(
        self, store: Store, clock: Clock, drafter: Drafter, directory: Directory,
        throughput: Throughput, ledger: Ledger, dispatch: Dispatch, entropy: Entropy,
        local_minutes: LocalMinutes,
    ) -> None:  # fmt: skip
        super().__init__(store, clock, drafter, directory, throughput, ledger, dispatch)
        self._entropy = entropy
        self._local_minutes = local_minutes

    async def start_custom(
        self, caller: Caller, asked: Start, more: Sequence[str] | None = None
    ) -> Sequence[Accepted]:
        """Send a message of the caller's own to `asked.to`, or to all of `more` instead.

        A template with a code needs `asked.code`, and can be verified.  One without (a notice)
        takes no part in the verifications of its recipient, and cannot.

        Raises:
            Problem: as `start` does for one of them; `field` says which, such as `to[3]`.
        """
        now = self._clock.now()
        chosen = await self._directory.template(caller.project, asked.template)
        is_notice = not _carries_code(chosen)
        if asked.code is None and not is_notice:
            raise bad_field(_CODE, "required", f"`{_CODE}` is missing.")
        if asked.code is not None and not is_notice:
            _check_code(asked.code)
        saved = saved_route(asked, chosen)
        plan = None if saved is None else await self._plan(caller, saved)
        marketing = await self._marketing(caller, chosen)
        messages: list[Prepared] = []
        for place, to in enumerate([asked.to] if more is None else more):
            one = msgspec.structs.replace(asked, to=to, code=None if is_notice else asked.code)
            with _Naming(place if more is not None else None):
                message = self._prepare(caller, one, chosen, plan, now, is_notice=is_notice)
                if marketing is not None:
                    check_hours(marketing, message.to, self._local_minutes, now)
                    message = msgspec.structs.replace(message, is_marketing=True)
                messages.append(message)
        _check_unrepeated(messages)
        standing = self._count(caller, [message.to for message in messages], now)

        def unit(tx: Transaction) -> list[Live]:
            return [
                self._placed(tx, message, place if more is not None else None, now)
                for place, message in enumerate(messages)
            ]

        written = await self._store.write(unit)
        self._dispatch.wake()
        return [Accepted(live, live.next_send_at, standing) for live in written]

    async def _marketing(self, caller: Caller, chosen: Template) -> Marketing | None:
        """The project's hours for a template of marketing; None for any other.

        Raises:
            Problem: NOT_ALLOWED_HERE where the project sends none.
        """
        if chosen.category is not Category.MARKETING:
            return None
        return allowed(await self._directory.project(caller.project))

    def _prepare(
        self, caller: Caller, asked: Start, chosen: Template, plan: Plan | None, now: int,
        *, is_notice: bool,
    ) -> Prepared:  # fmt: skip
        to = self._drafter.address(asked.to)
        route = self._drafter.route(asked, chosen, to, caller, plan)
        known_as = self._occasion(to) if is_notice else to
        draft = self._drafter.draft(caller, asked, chosen, known_as, route, NATIVE, now)
        return Prepared(unchecked(draft) if is_notice else draft, to)

    def _occasion(self, to: Address) -> Occasion:
        serial = self._entropy(_SERIAL_BYTES).hex()
        return Occasion(to.kind, to.value, to.region, to.number_type, serial)

    def _count(self, caller: Caller, to: Sequence[Address], now: int) -> Standing:
        return admit_all(self._throughput, caller, to, now)

    def _placed(self, tx: Transaction, message: Prepared, place: int | None, now: int) -> Live:
        with _Naming(place):
            return self._begin(tx, self._wanted(tx, message, now), False, now)[0]

    def _wanted(self, tx: Transaction, message: Prepared, now: int) -> Draft:
        """The draft with only the steps that its recipient wants; a notice is known by its
        occasion alone, so its recipient is looked up here."""
        project, identity = message.draft.live.project, message.to.identity
        state = tx.addresses.get(project, self._drafter.index(project, identity), now)
        if state is None or not state.opted_out:
            return message.draft
        if message.is_marketing:
            raise unsubscribed(state.opted_out[0])
        return self._left(tx, message.draft, state.opted_out)


class _Naming:
    """Has a problem of one recipient of many say which one it is."""

    def __init__(self, place: int | None) -> None:
        self._place = place

    def __enter__(self) -> None:
        """Nothing to do."""

    def __exit__(self, _type: object, error: BaseException | None, _trace: object) -> None:
        """Name the place in a problem that concerns the recipient."""
        if self._place is None or not isinstance(error, Problem):
            return
        if error.extra.get("field") in (None, "to"):
            error.extra = error.extra | {"field": f"to[{self._place}]"}


def _check_code(code: str) -> None:
    try:
        passcode.check_supplied(code)
    except Problem as problem:
        problem.extra = problem.extra | {"field": _CODE}
        raise


def _carries_code(template: Template) -> bool:
    contents = (one for each in template.contents.values() for one in each.values())
    return any("code" in variables_of(content.text) for content in contents)


def unchecked(draft: Draft) -> Draft:
    """A verification that no code can approve: what carries none."""
    live = msgspec.structs.replace(draft.live, max_checks=0)
    return msgspec.structs.replace(draft, live=live)


def _check_unrepeated(messages: Sequence[Prepared]) -> None:
    seen: dict[str, int] = {}
    for place, message in enumerate(messages):
        if seen.setdefault(message.to.identity, place) != place:
            raise bad_field(f"to[{place}]", "duplicate", "A recipient is there twice.")
