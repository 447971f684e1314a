"""WhatsApp by Meta's Cloud API: authentication templates, signed webhooks.

https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/authentication-templates/authentication-templates
"""

import hashlib
import hmac
import re
from collections.abc import Iterator
from typing import Annotated, Any

import msgspec

from watchword_server.domain.delivery import DeliveryStatus, Message, Reason, Receipt
from watchword_server.domain.inbound import Choice, Inbound, Incoming, Report
from watchword_server.ports.outside import Reply
from watchword_server.ports.providers import (
    Callback,
    Checkup,
    Forged,
    Provider,
    Rejected,
    Setup,
    Told,
    Unavailable,
    Uncertain,
    Unreadable,
)
from watchword_server.providers import calling

_R = Reason

# https://developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes
# The same codes come at once or in a webhook; each says that the message was not sent.
ERRORS: dict[int, Reason] = {
    0: _R.MISCONFIGURED, 3: _R.MISCONFIGURED, 10: _R.MISCONFIGURED, 190: _R.MISCONFIGURED,
    33: _R.MISCONFIGURED, 368: _R.MISCONFIGURED, 2: _R.PROVIDER_DOWN, 4: _R.THROTTLED,
    80007: _R.THROTTLED, 130429: _R.THROTTLED, 131048: _R.THROTTLED, 131056: _R.THROTTLED,
    130472: _R.BLOCKED_BY_CARRIER, 130497: _R.BLOCKED_BY_CARRIER, 131000: _R.PROVIDER_DOWN,
    131005: _R.MISCONFIGURED, 131008: _R.MISCONFIGURED, 131016: _R.PROVIDER_DOWN,
    131021: _R.INVALID_RECIPIENT, 131026: _R.UNREACHABLE, 131030: _R.MISCONFIGURED,
    131031: _R.MISCONFIGURED, 131037: _R.SENDER_REJECTED, 131042: _R.NO_CREDIT,
    131045: _R.MISCONFIGURED, 131047: _R.OPTED_OUT, 131049: _R.BLOCKED_BY_CARRIER,
    131050: _R.OPTED_OUT, 131051: _R.MISCONFIGURED, 131057: _R.PROVIDER_DOWN,
    132000: _R.MISCONFIGURED, 132001: _R.MISCONFIGURED, 132005: _R.CONTENT_REJECTED,
    132007: _R.CONTENT_REJECTED, 132012: _R.MISCONFIGURED, 132015: _R.MISCONFIGURED,
    132016: _R.MISCONFIGURED, 133004: _R.PROVIDER_DOWN, 133010: _R.MISCONFIGURED,
}  # fmt: skip
PERMISSIONS = range(200, 300)
"""The same page: every one is a permission that is missing or was taken away."""
MAX_CODE = 15
"""Of an authentication template's parameter."""
CHOICES = {"stop": Choice.OUT, "resume": Choice.IN}

_CHALLENGE = re.compile(r"[\w.-]{1,200}", re.ASCII)


def _doc(description: str, **rules: Any) -> msgspec.Meta:
    return msgspec.Meta(description=description, **rules)


class Settings(calling.Discreet, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of a WhatsApp business number."""

    phone_number_id: Annotated[
        str, _doc("Meta's id of the number that sends.", pattern="^[0-9]{5,30}$")
    ]
    access_token: Annotated[
        str, _doc("A system user's token.", pattern="^[!-~]+$", extra={"secret": True})
    ]
    template: Annotated[
        str, _doc("The authentication template's name.", pattern="^[a-z0-9_]{1,512}$")
    ]
    language: Annotated[
        str, _doc("The language it has for everybody else.", pattern="^[A-Za-z_]{2,10}$")
    ] = "en_US"  # fmt: skip
    languages: Annotated[
        dict[str, str], _doc("Meta's code for a language of ours, such as `pt-BR`: `pt_BR`.")
    ] = {}  # fmt: skip
    templates: Annotated[
        dict[str, str], _doc("Another name for messages of a template of ours, by its id.")
    ] = {}  # fmt: skip
    button: Annotated[
        bool, _doc("It has a button: copy-code, one-tap and zero-tap have; each is sent alike.")
    ] = True  # fmt: skip
    app_secret: Annotated[
        str | None,
        _doc("The app's secret, which signs webhooks; unset: no reports.", extra={"secret": True}),
    ] = None
    verify_token: Annotated[
        str | None,
        _doc("What you also type in beside the callback URL.", extra={"secret": True}),
    ] = None
    api_version: Annotated[str, _doc("The Graph API's version.", pattern=r"^v[0-9]+\.[0-9]+$")] = (
        "v24.0"
    )
    base_url: Annotated[str, _doc("Where the Graph API is.", pattern=calling.URL)] = (
        "https://graph.facebook.com"
    )


class Whatsapp(Provider):
    """One number of a WhatsApp business account."""

    name = "whatsapp"
    channels = frozenset({"whatsapp"})
    reports = True

    def __init__(self, settings: Settings, setup: Setup) -> None:
        self.name = setup.account
        self.reports = settings.app_secret is not None
        self._settings = settings
        self._setup = setup

    @property
    def _url(self) -> str:
        to = self._settings
        return f"{to.base_url.rstrip('/')}/{to.api_version}/{to.phone_number_id}"

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._settings.access_token}"}

    async def send(self, message: Message) -> Receipt:
        """Send the template with the code; the receipt's reference is the `wamid`."""
        return calling.ended(await self._hand_over(message))

    async def _hand_over(self, message: Message) -> Receipt | calling.Failure:
        if not 0 < len(message.code) <= MAX_CODE:
            raw = f"an authentication template carries a code of 1 to {MAX_CODE} characters"
            return Rejected(_R.CONTENT_REJECTED, raw)
        body = msgspec.json.encode(payload(self._settings, message))
        headers = self._headers() | {"Content-Type": calling.JSON}
        reply = await calling.ask(
            self._setup.network, "POST", f"{self._url}/messages", headers, body
        )
        if not isinstance(reply, Reply):
            return reply
        answer = calling.parsed(reply.body)
        if reply.status == 200:
            wamid = _text(_first(answer.get("messages")).get("id"))
            return Receipt(reference=wamid) if wamid else Uncertain("HTTP 200 without an id")
        return _refused(reply.status, _dict(answer.get("error")), message, self._settings)

    async def checkup(self) -> Checkup:
        """What Meta says of the number."""
        fields = "verified_name,quality_rating,status"
        return await calling.checkup(
            self._setup.network, f"{self._url}?fields={fields}", self._headers(), _number
        )

    def told(self, callback: Callback) -> Told:
        """The statuses and messages of a signed webhook; or the handshake's answer."""
        if callback.method == "GET":
            return _handshake(callback, self._settings.verify_token)
        secret = self._settings.app_secret
        given = callback.headers.get("x-hub-signature-256", "")
        if secret is None or not _is_signed(callback.body, given, secret):
            raise Forged
        value = calling.parsed(callback.body)
        if value.get("object") != "whatsapp_business_account":
            raise Unreadable
        changes = [
            _dict(_dict(change).get("value"))
            for entry in _list(value.get("entry"))
            for change in _list(_dict(entry).get("changes"))
        ]
        # One app has one URL: what concerns its other numbers is not this account's.
        ours = [one for one in changes if _number_id(one) == self._settings.phone_number_id]
        return Told(inbound=tuple(inbound for one in ours for inbound in _inbound(one)))


# ---- sending: pure ------------------------------------------------------------------------------


def payload(to: Settings, message: Message) -> dict[str, object]:
    """The request's body.

    The code stands twice: in the text and behind the button, which is of the subtype `url` whether
    it copies the code or hands it to an app.
    """
    code = [{"type": "text", "text": message.code}]
    components: list[dict[str, object]] = [{"type": "body", "parameters": code}]
    if to.button:
        components.append({"type": "button", "sub_type": "url", "index": "0", "parameters": code})
    return {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": message.to,
        "type": "template",
        "biz_opaque_callback_data": message.id,
        "template": {
            "name": to.templates.get(message.template, to.template),
            "language": {"code": language(to, message.language)},
            "components": components,
        },
    }


def language(to: Settings, tag: str) -> str:
    """Meta's code for a tag, or for its language without a region, or the default."""
    return to.languages.get(tag) or to.languages.get(tag.partition("-")[0]) or to.language


def reason_of(code: object) -> Reason | None:
    """What a code of Meta means; None if it is not known."""
    if not isinstance(code, int):
        return None
    return Reason.MISCONFIGURED if code in PERMISSIONS else ERRORS.get(code)


def _refused(status: int, error: dict[str, Any], message: Message, to: Settings) -> calling.Failure:
    code = error.get("code")
    details = _dict(error.get("error_data")).get("details") or error.get("message") or ""
    secrets = (to.access_token, to.app_secret or "", to.verify_token or "")
    raw = calling.quoted(message, f"HTTP {status}" if code is None else code, details, *secrets)
    reason = reason_of(code)
    if reason is None:
        return calling.refusal(status, None, raw)
    return Unavailable(reason, raw) if reason in calling.OURS else Rejected(reason, raw)


def _number(answer: dict[str, Any]) -> Checkup:
    status, quality = _text(answer.get("status")), _text(answer.get("quality_rating"))
    is_fine = status in ("", "CONNECTED")
    said = f"The number is {status or 'known'}, its quality {quality or 'unknown'}."
    return Checkup(ok=is_fine, detail=calling.printable(said))


# ---- webhooks: pure -----------------------------------------------------------------------------


def _handshake(callback: Callback, verify_token: str | None) -> Told:
    given = callback.query.get("hub.verify_token", "")
    if verify_token is None or not calling.same(given, verify_token):
        raise Forged
    challenge = callback.query.get("hub.challenge", "")
    if callback.query.get("hub.mode") != "subscribe" or not _CHALLENGE.fullmatch(challenge):
        raise Unreadable
    return Told(answer=challenge.encode())


def _is_signed(body: bytes, given: str, secret: str) -> bool:
    right = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return calling.same(given, f"sha256={right}")


def _inbound(value: dict[str, Any]) -> Iterator[Inbound]:
    to = _text(_dict(value.get("metadata")).get("display_phone_number"))
    for status in _list(value.get("statuses")):
        yield from _report(_dict(status))
    for message in _list(value.get("messages")):
        yield from _message(_dict(message), to)
    for preference in _list(value.get("user_preferences")):
        yield from _preference(_dict(preference), to)


def _report(status: dict[str, Any]) -> Iterator[Report]:
    """What a status says; nothing, where it is only on its way."""
    ids = (status.get("id"), status.get("biz_opaque_callback_data"))
    references = tuple(filter(None, map(_text, ids)))
    state = status.get("status")
    if not references:
        return
    if state in ("delivered", "read"):
        yield Report(references=references, status=DeliveryStatus.DELIVERED, raw=state)
    elif state == "failed":
        error = _first(status.get("errors"))
        code = error.get("code")
        raw = calling.printable(f"{code} {_text(error.get('title'))}") if code else "failed"
        yield Report(
            references=references, status=DeliveryStatus.UNDELIVERED,
            reason=reason_of(code) or Reason.OTHER, raw=raw,
        )  # fmt: skip


def _message(message: dict[str, Any], to: str) -> Iterator[Incoming]:
    sender, reference = _text(message.get("from")), _text(message.get("id"))
    if not sender.isdigit() or not reference:
        return
    kind = message.get("type")
    held = _dict(message.get(kind)) if isinstance(kind, str) else {}
    text = _text(held.get("body")) or _text(held.get("text"))
    choice = None
    if kind == "system":  # how a changed preference was told before it had a field of its own
        choice = CHOICES.get(_text(held.get("marketing")))
    yield Incoming(
        sender=f"+{sender}", to=to, channel="whatsapp", text=text, reference=reference,
        choice=choice,
    )  # fmt: skip


def _preference(preference: dict[str, Any], to: str) -> Iterator[Incoming]:
    sender, value = _text(preference.get("wa_id")), _text(preference.get("value"))
    choice = CHOICES.get(value)
    if not sender.isdigit() or choice is None:
        return
    # Meta gives it no id: who, what and when make one that tells nothing.
    about = f"{sender} {value} {preference.get('timestamp')}"
    reference = f"preference-{hashlib.sha256(about.encode()).hexdigest()[:32]}"
    yield Incoming(
        sender=f"+{sender}", to=to, channel="whatsapp", text=_text(preference.get("detail")),
        reference=reference, choice=choice,
    )  # fmt: skip


def _number_id(value: dict[str, Any]) -> str:
    return _text(_dict(value.get("metadata")).get("phone_number_id"))


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _first(value: object) -> dict[str, Any]:
    return _dict(next(iter(_list(value)), None))


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
