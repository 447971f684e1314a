"""From a request to a verification that only has to be written: what needs no store.

Parsing, the choice of the steps that can run, the code and its sealing happen here, before the
unit of work, so that the writer is held as briefly as possible.
"""

from collections.abc import Container
from functools import lru_cache

import msgspec

from watchword_server.domain import ids, passcode, recipients, template
from watchword_server.domain.address import Address
from watchword_server.domain.channel import Channel
from watchword_server.domain.errors import NOT_ALLOWED_HERE, Problem
from watchword_server.domain.numbering import Numbering
from watchword_server.domain.policy import MAX_TTL_S, Policy
from watchword_server.domain.project import Caller, Mode, said_by
from watchword_server.domain.route_plan import Plan, is_id
from watchword_server.domain.routing import Route, Step
from watchword_server.domain.sealing import NONCE_BYTES, Keyring
from watchword_server.domain.template import Template
from watchword_server.domain.template_review import may_be_sent
from watchword_server.domain.verification import (
    Assurance,
    Details,
    Live,
    Secrets,
    Status,
    weakest,
)
from watchword_server.ledger import SILENT, Said, encode_route
from watchword_server.ports.outside import Entropy
from watchword_server.ports.providers import Accounts
from watchword_server.services.sending import planning

_MS = 1000
_REMEMBERED = 4096
_ID_RANDOM = 10
_FIRST_NONCE = slice(_ID_RANDOM, _ID_RANDOM + NONCE_BYTES)
_SECOND_NONCE = slice(_ID_RANDOM + NONCE_BYTES, _ID_RANDOM + 2 * NONCE_BYTES)
_encode = msgspec.msgpack.Encoder().encode


class Start(msgspec.Struct, frozen=True, kw_only=True):
    """What a caller asks for; the API's `SendMessage` documents each field."""

    to: str
    template: str
    language: str | None = None
    params: dict[str, str] = {}
    channel: str | None = None
    route: str | None = None
    alternate_email: str | None = None
    ttl_s: int | None = None
    signals: dict[str, str] = {}
    binding: tuple[str, str] | None = None
    metadata: dict[str, str] = {}
    purpose: str = ""
    code: str | None = None

    def __repr__(self) -> str:
        return f"<Start {self.template}>"


class Draft(msgspec.Struct, frozen=True):
    """A verification that only has to be written.

    Attributes:
        account: who takes the first step.
        opened: what is sealed in `live`.
        said: by which agent.
    """

    live: Live
    route: Route
    account: str
    opened: tuple[Details, Secrets]
    said: Said = SILENT

    def __repr__(self) -> str:
        return f"<Draft {self.live.id.hex()}>"


class Drafter:
    """Makes drafts of verifications."""

    def __init__(
        self, keyring: Keyring, numbering: Numbering, accounts: Accounts, entropy: Entropy
    ) -> None:
        self._keyring = keyring
        self._numbering = numbering
        self.accounts = accounts
        self._entropy = entropy
        self._routes_of = accounts.generation
        self._routes: dict[tuple[object, ...], tuple[Template, Plan | None, Route]] = {}

    def alternate(self, email: str | None) -> Address | None:
        """The second address of the recipient, if one is given.

        Raises:
            Problem: BAD_FIELD where it is no email address.
        """
        return recipients.alternate(email, self._numbering)

    def address(self, to: str, magic: Container[str] = frozenset()) -> Address:
        """The recipient; `magic` ones need not exist.

        Raises:
            Problem: INVALID_NUMBER or, for an email address, BAD_FIELD.
        """
        return recipients.recipient(to, self._numbering, magic=magic)

    def route(
        self, asked: Start, chosen: Template, to: Address, caller: Caller, plan: Plan | None = None
    ) -> Route:
        """The steps that can run for this recipient, in order.

        `plan` is the saved route that is named by the call, or else by the template.  Steps of it
        that are not for this recipient, and steps of either that cannot reach it or have no
        account, are left out; a channel or short form that the caller names must reach it as a
        whole.

        Raises:
            Problem: the template is not approved, or no step, or a named one, can run.
        """
        usual: tuple[object, ...] | None = None
        if _is_usual(asked):
            usual = (caller.project, chosen.id, to.kind, caller.mode)
            if plan is not None and plan.has_conditions:
                usual = (*usual, to.region, to.number_type)
            if self._routes_of != self.accounts.generation:
                self._routes.clear()
                self._routes_of = self.accounts.generation
            known = self._routes.get(usual)
            if known is not None and known[0] is chosen and known[1] is plan:
                return known[2]
        route = self._new_route(asked, chosen, to, caller, plan)
        if usual is not None:
            if len(self._routes) >= _REMEMBERED:
                self._routes.clear()
            self._routes[usual] = (chosen, plan, route)
        return route

    def _new_route(
        self, asked: Start, chosen: Template, to: Address, caller: Caller, plan: Plan | None
    ) -> Route:
        if not may_be_sent(chosen, caller.mode):
            raise Problem(
                NOT_ALLOWED_HERE,
                f"The template is {chosen.status}, not approved.",
                extra={"reason": "template_not_approved"},
            )

        def carries(step: Step) -> bool:
            return self.accounts.carries(caller.project, caller.mode, step)

        with_email = asked.alternate_email is not None
        words = asked.channel or asked.route
        if words is not None and (asked.channel is not None or not is_id(words)):
            field = "route" if asked.channel is None else "channel"
            steps, as_a_whole = planning.named(words, field, chosen), True
        elif plan is not None:
            return planning.of_plan(plan, to, carries, chosen, with_email=with_email)
        else:
            steps, as_a_whole = planning.of_template(chosen), False
        return planning.usable(steps, to, carries, with_email=with_email, as_a_whole=as_a_whole)

    def draft(
        self, caller: Caller, asked: Start, chosen: Template, to: Address, route: Route,
        policy: Policy, now: int,
    ) -> Draft:  # fmt: skip
        """The new verification, its code hashed and sealed."""
        project, keyring = caller.project, self._keyring
        code = self._code(asked, chosen, policy)
        ttl_s = min(asked.ttl_s or chosen.ttl_s, MAX_TTL_S)
        random = self._entropy(_ID_RANDOM + 2 * NONCE_BYTES)
        verification = ids.make(now, random[:_ID_RANDOM])
        index = keyring.blind_index(project, to.identity)
        bound = passcode.joined(asked.binding) if asked.binding else b""
        binding = keyring.fingerprint(project, bound) if bound else b""
        bound_code = passcode.bound(verification, index, asked.purpose, binding, code)
        details = Details(to.value, asked.metadata, asked.alternate_email)
        secrets = Secrets(code, ttl_s, asked.params)
        sealed = keyring.seal(project, verification, _encode(details), random[_FIRST_NONCE])
        secret = keyring.seal(project, verification, _encode(secrets), random[_SECOND_NONCE])
        live = Live(
            project=project, id=verification, status=Status.PENDING, address=index,
            masked=to.masked, details=sealed, template=chosen.id,
            language=asked.language or template.DEFAULT_LANGUAGE, channel=route[0].channel,
            purpose=asked.purpose, assurance=_assurance(route), api_key=caller.api_key,
            created_at=now, expires_at=now + ttl_s * _MS, ended_at=None,
            checks=0, max_checks=policy.max_checks, sends=1,
            sameness=keyring.fingerprint(project, _sameness(asked, bound, route)), binding=binding,
            pepper=keyring.current, digest=keyring.code_mac(project, keyring.current)(bound_code),
            secrets=secret, policy=policy.name,
            next_send_at=now + policy.cooldown_s(1) * _MS, route=_encoded(route), step=0,
        )  # fmt: skip
        return Draft(
            live, route, self.account(caller.project, caller.mode, route[0]), (details, secrets),
            said_by(caller),
        )  # fmt: skip

    def index(self, project: bytes, identity: str) -> bytes:
        """By what the store knows an address."""
        return self._keyring.blind_index(project, identity)

    def account(self, project: bytes, mode: Mode, step: Step) -> str:
        """Who is to take a step.

        Raises:
            Problem: NO_CHANNEL where nobody does.
        """
        account = self.accounts.pick(project, mode, step)
        if account is None:
            raise planning.no_account(step.channel)
        return account

    def _code(self, asked: Start, chosen: Template, policy: Policy) -> str:
        if asked.code is not None:
            return passcode.check_supplied(asked.code)
        length = chosen.code_length or policy.code_length
        return passcode.make(length, passcode.alphabet(chosen.code_alphabet), self._entropy)


def saved_route(asked: Start, chosen: Template) -> str | None:
    """The id of the saved route that a start goes by, if there is one."""
    if asked.channel is not None:
        return None
    if asked.route is not None:
        return asked.route if is_id(asked.route) else None
    return chosen.route


def _is_usual(asked: Start) -> bool:
    """Whether the template alone decides the route."""
    return asked.channel is None and asked.route is None and asked.alternate_email is None


def _sameness(asked: Start, bound: bytes, route: Route) -> bytes:
    """What makes a second start of a pending verification its resend (design section 5)."""
    alternate = (asked.alternate_email or "").lower()
    return _encode((asked.template, asked.purpose, asked.code, alternate, bound, _encoded(route)))


@lru_cache(1024)
def _encoded(route: Route) -> bytes:
    return encode_route(route)


@lru_cache(1024)
def _assurance(route: Route) -> Assurance:
    return weakest(Channel(step.channel) for step in route)
