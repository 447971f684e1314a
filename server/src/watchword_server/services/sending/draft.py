"""From a request to a verification that only has to be written: what needs no store.

Parsing, the choice of the steps that can run, the code and its sealing happen here, before the
unit of work, so that the writer is held as briefly as possible.
"""

from collections.abc import Container
from functools import lru_cache

import msgspec

from watchword_server.domain import address as addresses
from watchword_server.domain import ids, passcode, template
from watchword_server.domain.address import Address, InvalidAddress, Kind
from watchword_server.domain.channel import Channel
from watchword_server.domain.errors import (
    INVALID_NUMBER,
    NO_CHANNEL,
    NOT_ALLOWED_HERE,
    UNREACHABLE,
    Problem,
    bad_field,
)
from watchword_server.domain.numbering import Numbering
from watchword_server.domain.policy import MAX_TTL_S, Policy
from watchword_server.domain.project import Caller, Mode
from watchword_server.domain.routing import Route, Step
from watchword_server.domain.sealing import NONCE_BYTES, Keyring
from watchword_server.domain.template import Template, TemplateError
from watchword_server.domain.template_review import may_be_sent
from watchword_server.domain.verification import (
    Assurance,
    Details,
    Live,
    Secrets,
    Status,
    weakest,
)
from watchword_server.ledger import encode_route
from watchword_server.ports.outside import Entropy
from watchword_server.ports.providers import Accounts

_MS = 1000
_REMEMBERED = 4096
_ID_RANDOM = 10
_FIRST_NONCE = slice(_ID_RANDOM, _ID_RANDOM + NONCE_BYTES)
_SECOND_NONCE = slice(_ID_RANDOM + NONCE_BYTES, _ID_RANDOM + 2 * NONCE_BYTES)
_encode = msgspec.msgpack.Encoder().encode
_NEEDS = {
    Kind.EMAIL: "The channel {channel} cannot reach an email address. Send to a phone number, or "
    "choose a template, channel or route with email.",
    Kind.PHONE: "The channel {channel} cannot reach a phone number. Send to an email address, "
    "give one in `alternates.email`, or choose a template, channel or route that reaches phones.",
}


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
    """

    live: Live
    route: Route
    account: str
    opened: tuple[Details, Secrets]

    def __repr__(self) -> str:
        return f"<Draft {self.live.id.hex()}>"


class Drafter:
    """Makes drafts of verifications."""

    def __init__(
        self, keyring: Keyring, numbering: Numbering, accounts: Accounts, entropy: Entropy
    ) -> None:
        self._keyring = keyring
        self._numbering = numbering
        self._accounts = accounts
        self._entropy = entropy
        self._routes: dict[tuple[bytes, str, Kind, Mode], tuple[Template, Route]] = {}
        self._routes_of = accounts.generation

    def alternate(self, email: str | None) -> Address | None:
        """The second address of the recipient, if one is given.

        Raises:
            Problem: BAD_FIELD where it is no email address.
        """
        if email is None:
            return None
        found = self._parse(email, "alternates.email")
        if found.kind is not Kind.EMAIL:
            raise bad_field("alternates.email", "email_syntax", "It is not an email address.")
        return found

    def address(self, to: str, magic: Container[str] = frozenset()) -> Address:
        """The recipient; `magic` ones need not exist.

        Raises:
            Problem: INVALID_NUMBER or, for an email address, BAD_FIELD.
        """
        return self._parse(to, "to", magic)

    def route(self, asked: Start, chosen: Template, to: Address, caller: Caller) -> Route:
        """The steps that can run for this recipient, in order.

        Steps of the template's own strategy that cannot reach the recipient or have no account
        are left out; a channel or route that the caller names must be usable as a whole.

        Raises:
            Problem: the template is not approved, or no step, or a named one, can run.
        """
        usual = None
        if _is_usual(asked):
            usual = (caller.project, chosen.id, to.kind, caller.mode)
        if usual is not None:
            if self._routes_of != self._accounts.generation:
                self._routes.clear()
                self._routes_of = self._accounts.generation
            known = self._routes.get(usual)
            if known is not None and known[0] is chosen:
                return known[1]
        route = self._new_route(asked, chosen, to, caller)
        if usual is not None:
            if len(self._routes) >= _REMEMBERED:
                self._routes.clear()
            self._routes[usual] = (chosen, route)
        return route

    def _new_route(self, asked: Start, chosen: Template, to: Address, caller: Caller) -> Route:
        if not may_be_sent(chosen, caller.mode):
            raise Problem(
                NOT_ALLOWED_HERE,
                f"The template is {chosen.status}, not approved.",
                extra={"reason": "template_not_approved"},
            )
        named = asked.channel or asked.route
        steps = _named_steps(asked, chosen) if named else chosen.strategy
        reach = addresses.REACH[to.kind]
        if asked.alternate_email is not None:
            reach = reach | {Channel.EMAIL}
        unfit = [step for step in steps if step not in reach]
        if unfit and (named or len(unfit) == len(steps)):
            raise Problem(
                UNREACHABLE,
                _NEEDS[to.kind].format(channel=unfit[0]),
                extra={"field": "to", "channel": unfit[0].value},
            )
        reachable = (_step(step.value) for step in steps if step in reach)
        usable = tuple(
            step for step in reachable if self._accounts.carries(caller.project, caller.mode, step)
        )
        if not usable:
            raise _no_account(steps[0].value)
        return usable

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
            live, route, self.account(caller.project, caller.mode, route[0]), (details, secrets)
        )

    def account(self, project: bytes, mode: Mode, step: Step) -> str:
        """Who is to take a step.

        Raises:
            Problem: NO_CHANNEL where nobody does.
        """
        account = self._accounts.pick(project, mode, step)
        if account is None:
            raise _no_account(step.channel)
        return account

    def _code(self, asked: Start, chosen: Template, policy: Policy) -> str:
        if asked.code is not None:
            return passcode.check_supplied(asked.code)
        length = chosen.code_length or policy.code_length
        return passcode.make(length, passcode.alphabet(chosen.code_alphabet), self._entropy)

    def _parse(self, to: str, field: str, magic: Container[str] = frozenset()) -> Address:
        try:
            return addresses.parse(to, self._numbering, field=field, magic=magic)
        except InvalidAddress as error:
            if "@" in to or field != "to":
                raise bad_field(field, error.rule, f"{error}.") from None
            extra: dict[str, str | int] = {"field": field, "rule": error.rule}
            raise Problem(INVALID_NUMBER, f"{error}.", extra=extra) from None


def _no_account(channel: str) -> Problem:
    return Problem(
        NO_CHANNEL,
        f"No provider account carries {channel} for this project.",
        extra={"channel": channel, "reason": "no_provider_account"},
    )


def _is_usual(asked: Start) -> bool:
    """Whether the template alone decides the route."""
    return asked.channel is None and asked.route is None and asked.alternate_email is None


def _sameness(asked: Start, bound: bytes, route: Route) -> bytes:
    """What makes a second start of a pending verification its resend (design section 5)."""
    alternate = (asked.alternate_email or "").lower()
    return _encode((asked.template, asked.purpose, asked.code, alternate, bound, _encoded(route)))


def _named_steps(asked: Start, chosen: Template) -> tuple[Channel, ...]:
    field = "channel" if asked.channel else "route"
    try:
        steps = template.parse_strategy(asked.channel or asked.route or "")
    except TemplateError as error:
        raise bad_field(field, error.rule, f"{error}.") from None
    for step in steps:
        if step not in chosen.contents:
            raise bad_field(field, "content", f"The template has no content for {step}.")
    return steps


@lru_cache(64)
def _step(channel: str) -> Step:
    return Step(channel)


@lru_cache(1024)
def _encoded(route: Route) -> bytes:
    return encode_route(route)


@lru_cache(1024)
def _assurance(route: Route) -> Assurance:
    return weakest(Channel(step.channel) for step in route)
