"""Any gateway that takes messages over HTTP, from configuration alone.

The request is a template; so is what an answer and a callback mean.  Everything is checked when
the settings are saved, so that a hand-over cannot fail for a mistake in them.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

import msgspec

from watchword_server.domain import destinations
from watchword_server.domain.channel import CODELESS, Channel
from watchword_server.domain.delivery import DeliveryStatus, Message, Reason, Receipt
from watchword_server.domain.errors import Misconfigured
from watchword_server.domain.inbound import Report
from watchword_server.ports.outside import Reply
from watchword_server.ports.providers import (
    Callback,
    Forged,
    Provider,
    Rejected,
    Setup,
    Told,
    Unavailable,
    Uncertain,
    Unreadable,
)  # fmt: skip
from watchword_server.providers import blanks, calling

UNCERTAIN = "uncertain"
MASK = "***"
SECRET_LENGTH = range(16, blanks.MAX_VALUE + 1)
"""Of what callbacks prove to know: it must not be guessed, and is looked up like any value."""
_OF_OURS = frozenset({Reason.TIMED_OUT, Reason.NOT_NEEDED, Reason.INTERRUPTED})
MEANINGS = frozenset({UNCERTAIN, *(reason.value for reason in Reason if reason not in _OF_OURS)})
"""What a code of a gateway may mean."""

_FIELD = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_RESERVED = frozenset({
    "accept-encoding", "connection", "content-length", "content-type", "expect", "host", "te",
    "trailer", "transfer-encoding", "upgrade",
})  # fmt: skip
_NUMBER = re.compile(r"\+?[0-9]{7,}")  # of a phone, in a code that is none
_HOST = re.compile(r"[a-z]+://[^/?]*")
_CHANNELS = frozenset(channel.value for channel in Channel if channel not in CODELESS)


def _doc(description: str, **rules: Any) -> msgspec.Meta:
    return msgspec.Meta(description=description, **rules)


Text = dict[str, str]
Values = tuple[str, ...]


class Settings(calling.Discreet, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of a gateway; a place is a JSON pointer, `query:`, `form:`, `header:` or `after:`
    with a name, or `text`."""

    url: Annotated[str, _doc("Where messages are handed over; variables in path and query.")]
    method: Annotated[
        Literal["POST", "GET", "PUT", "PATCH"], _doc("The request's method.")
    ] = "POST"  # fmt: skip
    channels: Annotated[Values, _doc("What it carries.", min_length=1)] = ("sms",)
    query: Annotated[Text, _doc("Added to the URL; each value is a template.")] = {}
    headers: Annotated[Text, _doc("Header fields; each value is a template.")] = {}
    json: Annotated[
        dict[str, Any] | list[Any] | None, _doc("The body as JSON; each text is a template.")
    ] = None
    form: Annotated[Text | None, _doc("The body as a form; each value is a template.")] = None
    auth: Annotated[
        Literal["none", "basic", "bearer"],
        _doc("`basic` sends `username` and `password`, `bearer` sends `token`."),
    ] = "none"
    username: Annotated[str | None, _doc("Who logs in; also a variable.")] = None
    password: Annotated[
        str | None, _doc("The password; also a variable.", extra={"secret": True})
    ] = None
    token: Annotated[
        str | None, _doc("An API key or token; also a variable.", extra={"secret": True})
    ] = None
    accept_statuses: Annotated[
        tuple[int, ...], _doc("HTTP statuses of an accepted message; unset: all 2xx.")
    ] = ()
    accept_at: Annotated[
        str | None, _doc("The place in the answer that says whether it was accepted.")
    ] = None
    accept_values: Annotated[Values, _doc("What stands there if it was; unset: anything.")] = ()
    id_at: Annotated[str | None, _doc("The place of the gateway's id of the message.")] = None
    error_at: Annotated[str | None, _doc("The place of the error code in the answer.")] = None
    failures: Annotated[
        Text,
        _doc("What an error code, or a status as `http:503`, means: a reason, or `uncertain`."),
    ] = {}
    report_id_at: Annotated[
        str | None, _doc("The place in a callback of the gateway's id or ours (`{id}`).")
    ] = None
    report_status_at: Annotated[
        str | None, _doc("The place of the status; unset: the gateway does not report.")
    ] = None
    report_delivered: Annotated[Values, _doc("Statuses of a message that arrived.")] = ()
    report_undelivered: Annotated[Values, _doc("Statuses of one that will not arrive.")] = ()
    report_error_at: Annotated[
        str | None, _doc("The place of the error code, which `failures` explains.")
    ] = None
    report_list_at: Annotated[
        str | None, _doc("The JSON array of reports, if one callback brings several.")
    ] = None
    report_secret: Annotated[
        str | None, _doc("What a callback proves to know; also a variable.", extra={"secret": True})
    ] = None
    report_secret_at: Annotated[
        str | None, _doc("The place of the secret (`header:` or `query:`) or of the signature.")
    ] = None
    report_check: Annotated[
        Literal["equal", "hmac_sha256"],
        _doc("`equal`: the secret itself; `hmac_sha256`: the body's HMAC, in hex or base64."),
    ] = "equal"
    report_answer: Annotated[str, _doc("What a callback is answered with.")] = ""
    timeout_s: Annotated[float, _doc("Seconds an answer may take.", gt=0, le=9)] = 9.0

    def __post_init__(self) -> None:
        for name, advice in _flaws(self):
            raise Misconfigured(f"http: {name}: {advice}")


# ---- settings are checked -----------------------------------------------------------------------


def _flaws(to: Settings) -> Iterator[tuple[str, str]]:
    """The settings that cannot work, each with what to do."""
    if not blanks.is_shallow(to.json):
        yield "json", f"at most {blanks.MAX_DEPTH} levels deep"
    yield from _wrong_templates(to)
    for name, is_right, advice in (
        ("channels", set(to.channels) <= _CHANNELS, f"use {', '.join(sorted(_CHANNELS))}"),
        ("json", to.json is None or to.form is None, "give either json or form"),
        ("method", to.method != "GET" or (to.json is None and to.form is None), "GET has no body"),
        ("username", to.auth != "basic" or to.username, "auth basic needs username and password"),
        ("password", to.auth != "basic" or to.password, "auth basic needs username and password"),
        ("username", ":" not in (to.username or "") or to.auth != "basic", "remove the colon"),
        ("token", to.auth != "bearer" or to.token, "auth bearer needs a token"),
        ("token", (to.token or "").isascii(), "remove what is not ASCII"),
        ("accept_values", to.accept_at or not to.accept_values, "needs accept_at"),
        ("accept_statuses", all(100 <= one < 600 for one in to.accept_statuses), "100 to 599"),
        ("failures", MEANINGS.issuperset(to.failures.values()),
         f"each means one of {', '.join(sorted(MEANINGS))}"),
    ):  # fmt: skip
        if not is_right:
            yield name, advice
    for name in msgspec.structs.asdict(to):
        place = getattr(to, name)
        if name.endswith("_at") and place is not None and not blanks.is_place(place):
            yield name, "write /a/0/b (JSON pointer), query:x, form:x, header:x, after:x or text"
    yield from _wrong_reports(to)


def _wrong_reports(to: Settings) -> Iterator[tuple[str, str]]:
    """What is wrong with how callbacks are read."""
    places = [to.report_id_at, to.report_status_at, to.report_error_at]
    reports, signed = to.report_status_at is not None, to.report_check == "hmac_sha256"
    for name, is_right, advice in (
        ("report_id_at", reports == (to.report_id_at is not None), "goes with report_status_at"),
        ("report_delivered", reports == bool(to.report_delivered), "goes with report_status_at"),
        ("report_secret", not reports or len(to.report_secret or "") in SECRET_LENGTH,
         f"anybody could report without {SECRET_LENGTH[0]} to {SECRET_LENGTH[-1]} characters"),
        ("report_secret_at", not reports or to.report_secret_at, "says where the secret stands"),
        ("report_secret_at", blanks.is_outside(to.report_secret_at), "use header:x or query:x"),
        ("report_check", not signed or all(map(blanks.in_body, filter(None, places))),
         "a signature covers the body alone: take id, status and error from there"),
        ("report_undelivered", not set(to.report_undelivered) & set(to.report_delivered),
         "a status cannot be in both lists"),
        ("report_list_at", (to.report_list_at or "/").startswith("/"), "write a JSON pointer"),
    ):  # fmt: skip
        if not is_right:
            yield name, advice


def _wrong_templates(to: Settings) -> Iterator[tuple[str, str]]:
    used: set[str] = set()
    for name, text, allowed in _templates(to):
        try:
            used |= {blank for _, blank in blanks.template(text, allowed)}
        except blanks.Flaw as flaw:
            yield name, str(flaw)
            return
    if not used & {"to", "to_digits"}:
        yield "url", "no template contains the recipient: {to} or {to_digits}"
    if not used & {"text", "code"}:
        yield "url", "no template contains the message: {text} or {code}"
    try:
        destinations.parse(_sample(to.url))
    except destinations.BadDestination:
        yield "url", "write http:// or https:// and a host, without a variable in it or a fragment"
    for name, text in to.headers.items():
        if not _FIELD.fullmatch(name) or name.lower() in _RESERVED:
            yield "headers", "a field's name is wrong, or is one that is set for you"
        if not text.strip() or not text.isascii() or not text.isprintable():
            yield "headers", "a value is empty, or holds a line break or what is not ASCII"
    if to.auth != "none" and "authorization" in map(str.lower, to.headers):
        yield "headers", "auth sets Authorization already"


def _templates(to: Settings) -> Iterator[tuple[str, str, frozenset[str]]]:
    head, _, query = to.url.partition("?")
    yield "url", head, blanks.IN_PATH
    yield "url", query, blanks.BLANKS
    for name, some in (("query", to.query), ("headers", to.headers), ("form", to.form or {})):
        for text in some.values():
            yield name, text, blanks.BLANKS
    for text in blanks.leaves(to.json):
        yield "json", text, blanks.BLANKS


def _sample(url: str) -> str:
    """The URL with an `x` in each blank, but in its host, where none may stand."""
    found = _HOST.match(url)
    end = found.end() if found else 0
    return url[:end] + re.sub("{[a-z_]+}", "x", url[end:])


# ---- the request --------------------------------------------------------------------------------


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One request with its blanks filled; its repr shows nothing of it."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes

    def __repr__(self) -> str:
        return f"<Request {self.method}>"

    __str__ = __repr__


def request(to: Settings, given: Mapping[str, str]) -> Request:
    """What is sent for these values; pure."""

    def filled(text: str, escape: blanks.Escape) -> str:
        return blanks.fill(blanks.template(text), given, escape)

    def whole(some: Mapping[str, str]) -> list[tuple[str, str]]:
        return [(name, filled(text, blanks.as_it_is)) for name, text in some.items()]

    url = filled(to.url, blanks.in_url)
    if to.query:
        url += ("&" if "?" in url else "?") + urlencode(whole(to.query))
    headers = {name: filled(text, blanks.in_header).strip() for name, text in to.headers.items()}
    if to.auth == "basic":
        headers["Authorization"] = calling.basic(given["username"], given["password"])
    elif to.auth == "bearer":
        headers["Authorization"] = f"Bearer {blanks.in_header(given['token'])}"
    body = b""
    if to.json is not None:
        headers["Content-Type"] = calling.JSON
        body = msgspec.json.encode(blanks.fill_leaves(to.json, given))
    elif to.form is not None:
        headers["Content-Type"] = calling.FORM
        body = calling.form(whole(to.form))
    return Request(method=to.method, url=url, headers=headers, body=body)


# ---- the provider -------------------------------------------------------------------------------


class HttpGateway(Provider):
    """One gateway account."""

    name = "http"
    channels = _CHANNELS
    reports = True

    def __init__(self, settings: Settings, setup: Setup) -> None:
        self.name = setup.account
        self.channels = frozenset(settings.channels)
        self.reports = settings.report_status_at is not None
        self._settings = settings
        self._setup = setup

    async def send(self, message: Message) -> Receipt:
        """Make the request; the receipt's reference is what stands at `id_at`."""
        return calling.ended(await self._hand_over(message))

    def preview(self, message: Message) -> dict[str, object]:
        """The request that `send` would make, with the account's secrets masked."""
        given = self._values(message)
        masked = given | {name: MASK for name in blanks.SECRETS if given[name]}
        made = request(self._settings, masked)
        if self._settings.auth == "basic":
            made.headers["Authorization"] = f"Basic {MASK}"
        return {
            "method": made.method, "url": made.url, "headers": made.headers,
            "body": made.body.decode(),
        }  # fmt: skip

    async def _hand_over(self, message: Message) -> Receipt | calling.Failure:
        made = request(self._settings, self._values(message))
        reply = await calling.ask(
            self._setup.network, made.method, made.url, made.headers, made.body,
            timeout_s=self._settings.timeout_s,
        )  # fmt: skip
        return self._judged(reply, message) if isinstance(reply, Reply) else reply

    def _values(self, message: Message) -> dict[str, str]:
        own = msgspec.structs.asdict(self._settings)
        return blanks.values(message, self._setup.callback_url, own)

    def _judged(self, reply: Reply, message: Message) -> Receipt | calling.Failure:
        to, answer = self._settings, blanks.Source(body=reply.body)
        is_fine = reply.status in (to.accept_statuses or range(200, 300))
        said = to.accept_at and blanks.find(to.accept_at, answer)
        if is_fine and (to.accept_at is None or (said and said in (to.accept_values or (said,)))):
            return Receipt(reference=to.id_at and blanks.find(to.id_at, answer))
        code = to.error_at and blanks.find(to.error_at, answer)
        meaning = to.failures.get(code or "") or to.failures.get(f"http:{reply.status}")
        secrets = filter(None, (to.username, to.password, to.token, to.report_secret))
        raw = calling.quoted(message, f"HTTP {reply.status}", code or said or "", *secrets)
        if meaning is None and is_fine:  # what is not at `accept_at` may have been cut off
            return Rejected(Reason.OTHER, raw) if code or said else Uncertain(raw)
        if meaning is None:
            return calling.refusal(reply.status, None, raw)
        if meaning == UNCERTAIN:
            return Uncertain(raw)
        reason = Reason(meaning)
        return Unavailable(reason, raw) if reason in calling.OURS else Rejected(reason, raw)

    def told(self, callback: Callback) -> Told:
        """The reports of a callback that proves to know the secret."""
        to = self._settings
        if to.report_status_at is None:
            raise Unreadable
        source = blanks.Source(body=callback.body, query=callback.query, headers=callback.headers)
        if not _is_signed(to, source):
            raise Forged
        sources = blanks.find_list(to.report_list_at, source) if to.report_list_at else [source]
        if not sources:
            raise Unreadable
        reports = [report for one in sources for report in _reported(to, one)]
        return Told(inbound=tuple(reports), answer=to.report_answer.encode())


def _is_signed(to: Settings, source: blanks.Source) -> bool:
    given = to.report_secret_at and blanks.find(to.report_secret_at, source)
    if not given or not to.report_secret:
        return False
    if to.report_check == "equal":
        return calling.same(given, to.report_secret)
    digest = hmac.new(to.report_secret.encode(), source.body, hashlib.sha256).digest()
    given = given.removeprefix("sha256=")
    in_base64 = calling.same(given, base64.b64encode(digest).decode())
    return calling.same(given.lower(), digest.hex()) or in_base64


def _reported(to: Settings, source: blanks.Source) -> Iterator[Report]:
    """The report at a source; none where its status is only a step on the way."""
    reference = to.report_id_at and blanks.find(to.report_id_at, source)
    status = to.report_status_at and blanks.find(to.report_status_at, source)
    if not reference or not status:
        raise Unreadable
    code = to.report_error_at and blanks.find(to.report_error_at, source)
    raw = calling.printable(_NUMBER.sub(MASK, f"{status} {code or ''}"))
    if status in to.report_delivered:
        yield Report(references=(reference,), status=DeliveryStatus.DELIVERED, raw=raw)
    elif status in to.report_undelivered:
        meaning = to.failures.get(code or "") or to.failures.get(status)
        reason = Reason(meaning) if meaning and meaning != UNCERTAIN else Reason.OTHER
        yield Report(
            references=(reference,), status=DeliveryStatus.UNDELIVERED, reason=reason, raw=raw
        )
