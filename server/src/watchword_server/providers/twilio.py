"""Twilio: SMS and WhatsApp by its Messages API, calls by its Calls API that read a text out.

What is sent and how it is answered: https://www.twilio.com/docs/messaging/api/message-resource and
https://www.twilio.com/docs/voice/api/call-resource .  Both are told our id of the delivery in the
query of the callback's URL, so that a report finds it also where no answer ever came.
"""

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import parse_qsl, urlencode, urlsplit
from xml.sax.saxutils import escape

import msgspec

from watchword_server.domain.delivery import DeliveryStatus, Message, Reason, Receipt
from watchword_server.domain.errors import Misconfigured
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
    Unreadable,
)
from watchword_server.providers import calling
from watchword_server.providers.calling import doc, secret

_R = Reason
_S = DeliveryStatus

# https://www.twilio.com/docs/api/errors ; the same numbers stand in answers and in callbacks.
# What depends on the recipient must not be a fault of the account (`calling.OURS`): a country that
# is switched off (21215, 21408) or a number that a trial may not reach is `unreachable`.
CODES: dict[int, Reason] = {
    10001: _R.MISCONFIGURED, 10004: _R.THROTTLED,
    20003: _R.MISCONFIGURED, 20005: _R.MISCONFIGURED, 20006: _R.MISCONFIGURED,
    20008: _R.MISCONFIGURED, 20404: _R.MISCONFIGURED, 20429: _R.THROTTLED,
    21201: _R.INVALID_RECIPIENT, 21210: _R.MISCONFIGURED, 21211: _R.INVALID_RECIPIENT,
    21212: _R.MISCONFIGURED, 21213: _R.MISCONFIGURED, 21214: _R.UNREACHABLE,
    21215: _R.UNREACHABLE, 21216: _R.BLOCKED_BY_CARRIER, 21217: _R.INVALID_RECIPIENT,
    21219: _R.UNREACHABLE,
    21408: _R.UNREACHABLE, 21602: _R.CONTENT_REJECTED, 21603: _R.MISCONFIGURED,
    21604: _R.INVALID_RECIPIENT, 21606: _R.MISCONFIGURED, 21608: _R.UNREACHABLE,
    21610: _R.OPTED_OUT, 21611: _R.THROTTLED, 21612: _R.UNREACHABLE,
    21614: _R.INVALID_RECIPIENT, 21617: _R.CONTENT_REJECTED, 21635: _R.UNREACHABLE,
    21656: _R.MISCONFIGURED, 21659: _R.MISCONFIGURED, 21660: _R.MISCONFIGURED,
    21661: _R.MISCONFIGURED, 21701: _R.MISCONFIGURED, 21703: _R.MISCONFIGURED,
    21705: _R.MISCONFIGURED,
    30001: _R.THROTTLED, 30002: _R.MISCONFIGURED, 30003: _R.UNREACHABLE,
    30004: _R.BLOCKED_BY_CARRIER, 30005: _R.INVALID_RECIPIENT, 30006: _R.UNREACHABLE,
    30007: _R.BLOCKED_BY_CARRIER, 30008: _R.OTHER, 30022: _R.THROTTLED, 30023: _R.THROTTLED,
    30024: _R.SENDER_REJECTED, 30032: _R.SENDER_REJECTED, 30034: _R.SENDER_REJECTED,
    30036: _R.TIMED_OUT, 30038: _R.CONTENT_REJECTED, 30040: _R.SENDER_REJECTED,
    30044: _R.CONTENT_REJECTED, 30450: _R.BLOCKED_BY_CARRIER,
    63001: _R.MISCONFIGURED, 63003: _R.UNREACHABLE, 63005: _R.CONTENT_REJECTED,
    63007: _R.MISCONFIGURED, 63010: _R.PROVIDER_DOWN, 63012: _R.PROVIDER_DOWN,
    63013: _R.CONTENT_REJECTED, 63015: _R.UNREACHABLE, 63016: _R.CONTENT_REJECTED,
    63018: _R.THROTTLED, 63020: _R.MISCONFIGURED, 63024: _R.INVALID_RECIPIENT,
    63032: _R.BLOCKED_BY_CARRIER, 63033: _R.OPTED_OUT, 63038: _R.THROTTLED,
}  # fmt: skip
# https://www.twilio.com/docs/messaging/api/message-resource#message-status-values and
# https://www.twilio.com/docs/voice/api/call-resource#call-status-values ; of all others there is
# nothing to report yet.
STATUSES: dict[str, DeliveryStatus] = {
    "delivered": _S.DELIVERED, "read": _S.DELIVERED, "completed": _S.DELIVERED,
    "undelivered": _S.UNDELIVERED, "failed": _S.UNDELIVERED, "canceled": _S.UNDELIVERED,
    "busy": _S.UNDELIVERED, "no-answer": _S.UNDELIVERED, "partially_delivered": _S.UNKNOWN,
}  # fmt: skip
UNANSWERED = frozenset({"busy", "no-answer"})
# https://www.twilio.com/docs/voice/twiml/say#attributes-language ; a language without its region.
SPOKEN: dict[str, str] = {
    "ar": "arb", "da": "da-DK", "de": "de-DE", "en": "en-US", "es": "es-ES", "fi": "fi-FI",
    "fr": "fr-FR", "hi": "hi-IN", "it": "it-IT", "ja": "ja-JP", "ko": "ko-KR", "nb": "nb-NO",
    "nl": "nl-NL", "pl": "pl-PL", "pt": "pt-BR", "pt-PT": "pt-PT", "ru": "ru-RU", "sv": "sv-SE",
    "tr": "tr-TR", "zh": "zh-CN", "zh-HK": "zh-HK", "zh-TW": "zh-TW", "en-GB": "en-GB",
    "en-AU": "en-AU", "es-MX": "es-MX", "fr-CA": "fr-CA",
}  # fmt: skip
CHOICES = {"STOP": Choice.OUT, "START": Choice.IN}

DELIVERY = "delivery"
"""The name under which our id stands in the query of the callback's URL."""
NO_REPLY = b"<Response/>"
MAX_VALIDITY_S = 36_000
_WHATSAPP = "whatsapp:"


def _sid(prefix: str) -> str:
    return f"^{prefix}[0-9a-fA-F]{{32}}$"


_E164 = r"^\+[1-9][0-9]{6,14}$"


class Settings(calling.Discreet, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of a Twilio account."""

    account_sid: Annotated[str, doc("The account, `AC` and 32 digits.", pattern=_sid("AC"))]
    auth_token: Annotated[
        str | None, secret("Its auth token; without it no callback can be believed.")
    ] = None
    api_key_sid: Annotated[
        Annotated[str, msgspec.Meta(pattern=_sid("SK"))] | None,
        doc("An API key to log in with in place of the auth token, `SK` and 32 digits."),
    ] = None
    api_key_secret: Annotated[str | None, secret("The API key's secret.")] = None
    sms_from: Annotated[str | None, doc("Who SMS come from: a number, a short code or a name.")] = (
        None
    )
    messaging_service_sid: Annotated[
        Annotated[str, msgspec.Meta(pattern=_sid("MG"))] | None,
        doc("A messaging service that chooses whom SMS come from, `MG` and 32 digits."),
    ] = None
    whatsapp_from: Annotated[
        Annotated[str, msgspec.Meta(pattern=_E164)] | None,
        doc("The number that WhatsApp messages come from; unset: no WhatsApp."),
    ] = None
    whatsapp_content_sid: Annotated[
        Annotated[str, msgspec.Meta(pattern=_sid("HX"))] | None,
        doc("The authentication template; its variable `1` is the code."),
    ] = None
    voice_from: Annotated[
        Annotated[str, msgspec.Meta(pattern=_E164)] | None,
        doc("The number that calls come from; unset: no calls."),
    ] = None
    base_url: Annotated[
        str, doc("Where the API is: a region of Twilio, or a proxy.", pattern=calling.URL)
    ] = "https://api.twilio.com"

    def __post_init__(self) -> None:
        for name, is_right, advice in (
            ("auth_token", self.auth_token or self.api_key_sid, "give it, or an API key"),
            ("api_key_secret", bool(self.api_key_sid) == bool(self.api_key_secret), "goes together"
             " with api_key_sid"),
            ("whatsapp_content_sid", bool(self.whatsapp_from) == bool(self.whatsapp_content_sid),
             "goes together with whatsapp_from"),
            ("sms_from", self.channels, "give it, messaging_service_sid, whatsapp_from or"
             " voice_from"),
        ):  # fmt: skip
            if not is_right:
                raise Misconfigured(f"twilio: {name}: {advice}")

    @property
    def channels(self) -> frozenset[str]:
        """What it can carry."""
        able = {
            "sms": self.sms_from or self.messaging_service_sid,
            "whatsapp": self.whatsapp_from,
            "voice": self.voice_from,
        }
        return frozenset(channel for channel, given in able.items() if given)


class Twilio(Provider):
    """One Twilio account."""

    name = "twilio"
    channels = frozenset({"sms", "whatsapp", "voice"})
    reports = True

    def __init__(self, settings: Settings, setup: Setup) -> None:
        self.name = setup.account
        self.channels = settings.channels
        self.reports = bool(settings.auth_token and setup.callback_url)
        self._settings = settings
        self._setup = setup
        self._root = f"{settings.base_url.rstrip('/')}/2010-04-01/Accounts/{settings.account_sid}"

    async def send(self, message: Message) -> Receipt:
        """Hand the message over; the receipt's reference is Twilio's SID."""
        return calling.ended(await self._hand_over(message))

    async def _hand_over(self, message: Message) -> Receipt | calling.Failure:
        if message.channel not in self.channels:
            return calling.not_carried()
        if message.channel == "whatsapp" and not message.code:
            return Rejected(_R.CONTENT_REJECTED, "there is no code for the template")
        kind = "Calls" if message.channel == "voice" else "Messages"
        fields = self._call(message) if kind == "Calls" else self._text(message)
        if self.reports:
            query = urlencode({DELIVERY: message.id})
            fields["StatusCallback"] = f"{self._setup.callback_url}?{query}"
        reply = await calling.ask(
            self._setup.network, "POST", f"{self._root}/{kind}.json",
            {**self._headers(), "Content-Type": calling.FORM}, calling.form(fields),
        )  # fmt: skip
        if not isinstance(reply, Reply):
            return reply
        said = calling.parsed(reply.body)
        sid, code = said.get("sid"), said.get("code")
        if reply.status in (200, 201) and isinstance(sid, str) and sid:
            return Receipt(reference=sid)
        raw = calling.quoted(
            message, code or f"HTTP {reply.status}", said.get("message"), *self._secrets()
        )
        return calling.refusal(reply.status, CODES.get(code) if type(code) is int else None, raw)

    def _text(self, message: Message) -> dict[str, str]:
        mine = self._settings
        validity = {"ValidityPeriod": str(min(message.ttl_s, MAX_VALIDITY_S))}
        fields = validity if message.ttl_s > 0 else {}
        if message.channel == "whatsapp":
            return fields | {
                "To": _WHATSAPP + message.to,
                "From": f"{_WHATSAPP}{mine.whatsapp_from}",
                "ContentSid": mine.whatsapp_content_sid or "",
                "ContentVariables": msgspec.json.encode({"1": message.code}).decode(),
            }
        fields |= {"To": message.to, "Body": message.text}
        if mine.messaging_service_sid:
            fields["MessagingServiceSid"] = mine.messaging_service_sid
        if mine.sms_from:
            fields["From"] = mine.sms_from
        return fields

    def _call(self, message: Message) -> dict[str, str]:
        return {
            "To": message.to,
            "From": self._settings.voice_from or "",
            "Twiml": twiml(message.text, message.language),
        }

    def _secrets(self) -> tuple[str, ...]:
        return self._settings.auth_token or "", self._settings.api_key_secret or ""

    def _headers(self) -> dict[str, str]:
        mine = self._settings
        user = mine.api_key_sid or mine.account_sid
        password = mine.api_key_secret or mine.auth_token or ""
        return {"Authorization": calling.basic(user, password), "Accept": calling.JSON}

    def told(self, callback: Callback) -> Told:
        """A status callback, or a message that came in."""
        fields = self._verified(callback)
        if "CallStatus" in fields:
            inbound = _report(fields, "CallSid", "CallStatus", callback.query)
        elif fields.get("MessageStatus", "received") != "received":
            inbound = _report(fields, "MessageSid", "MessageStatus", callback.query)
        elif "Body" in fields and "From" in fields and "MessageSid" in fields:
            return Told(inbound=_incoming(fields), answer=NO_REPLY, content_type="text/xml")
        else:
            raise Unreadable("neither a status nor a message")
        return Told(inbound=inbound)

    def _verified(self, callback: Callback) -> Mapping[str, str]:
        """The callback's fields, if the signature is right.

        https://www.twilio.com/docs/usage/security#validating-requests
        """
        token, given = self._settings.auth_token, callback.headers.get("x-twilio-signature")
        if not token or not given:
            raise Forged
        signed, fields = "", callback.query
        if "bodySHA256" in callback.query:
            digest = hashlib.sha256(callback.body).hexdigest()
            if not calling.same(digest, callback.query["bodySHA256"].lower()):
                raise Forged
            fields = {k: v for k, v in calling.parsed(callback.body).items() if isinstance(v, str)}
        elif callback.method == "POST":
            pairs = _pairs(callback.body)
            signed = "".join(name + value for name, value in sorted(set(pairs)))
            fields = dict(pairs)
        right = [
            calling.same(_signature(token, url + signed), given) for url in _urls(callback.url)
        ]
        if not any(right):
            raise Forged
        return fields

    async def checkup(self) -> Checkup:
        """The account's balance."""
        url = f"{self._root}/Balance.json"
        return await calling.checkup(self._setup.network, url, self._headers(), _balance)


def twiml(text: str, language: str) -> str:
    """A call's instructions: a pause, while the phone is lifted to the ear, and the text."""
    tag = language.replace("_", "-")
    spoken = SPOKEN.get(tag) or SPOKEN.get(tag.partition("-")[0])
    said = f'<Say language="{spoken}">' if spoken else "<Say>"
    return f'<Response><Pause length="1"/>{said}{escape(text)}</Say></Response>'


def _report(
    fields: Mapping[str, str], sid: str, status: str, query: Mapping[str, str]
) -> tuple[Inbound, ...]:
    references = tuple(filter(None, (fields.get(sid), query.get(DELIVERY))))
    word, code = fields[status], fields.get("ErrorCode", "")
    if not references:
        raise Unreadable("a status of nothing")
    if word not in STATUSES:
        return ()
    reason = None
    if STATUSES[word] is _S.UNDELIVERED:
        known = CODES.get(int(code)) if code.isascii() and code.isdigit() else None
        reason = known or (_R.UNREACHABLE if word in UNANSWERED else _R.OTHER)
    raw = calling.kept(f"{word} {code}")
    return (Report(references=references, status=STATUSES[word], reason=reason, raw=raw),)


def _incoming(fields: Mapping[str, str]) -> tuple[Inbound, ...]:
    sender = fields["From"].removeprefix(_WHATSAPP)
    if not (sender.startswith("+") and sender[1:].isascii() and sender[1:].isdigit()):
        return ()  # a short code or a name: nobody we write to
    return (
        Incoming(
            sender=sender,
            to=fields.get("To", "").removeprefix(_WHATSAPP),
            channel="whatsapp" if fields["From"].startswith(_WHATSAPP) else "sms",
            text=fields["Body"],
            reference=fields["MessageSid"],
            choice=CHOICES.get(fields.get("OptOutType", "")),
        ),
    )


def _balance(said: Mapping[str, Any]) -> Checkup:
    balance, currency = said.get("balance"), said.get("currency")
    if not isinstance(balance, str) or not isinstance(currency, str):
        return Checkup(ok=True, detail="The credentials are right; the balance is not told.")
    has_money = not balance.strip().startswith("-") and balance.strip("0. ") != ""
    detail = "The credentials are right." if has_money else "There is no money left."
    return Checkup(ok=has_money, detail=detail, balance=balance, currency=currency)


def _pairs(body: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=200)
    except ValueError:
        raise Forged from None


def _signature(token: str, signed: str) -> str:
    made = hmac.new(token.encode(), signed.encode("utf-8", "replace"), hashlib.sha1).digest()
    return b64encode(made).decode()


def _urls(url: str) -> tuple[str, ...]:
    """The URL as Twilio may have signed it: with its port and without."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    bare = f"[{host}]" if ":" in host else host
    port = parts.port or (443 if parts.scheme == "https" else 80)
    spelled = (parts._replace(netloc=netloc).geturl() for netloc in (bare, f"{bare}:{port}"))
    return (url, *spelled)
