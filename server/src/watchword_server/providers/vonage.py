"""Vonage: SMS and WhatsApp by its Messages API, calls by its Voice API that read a text out.

https://developer.vonage.com/en/api/messages and https://developer.vonage.com/en/api/voice .
Every report gives our id of the delivery back: a message's as `client_ref`, a call's in the query
of the URL that its events go to.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import urlencode

import msgspec
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from watchword_server.domain.delivery import DeliveryStatus, Message, Reason, Receipt
from watchword_server.domain.errors import Misconfigured
from watchword_server.domain.inbound import Inbound, Incoming, Report
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

# The numbers of https://developer.vonage.com/en/api-errors/messages and the words of
# https://developer.vonage.com/en/api-errors ; both stand in answers and in reports.
CODES: dict[str, Reason] = {
    "1000": _R.THROTTLED, "1022": _R.MISCONFIGURED, "1030": _R.PROVIDER_DOWN,
    "1040": _R.INVALID_RECIPIENT, "1050": _R.BLOCKED_BY_CARRIER, "1060": _R.MISCONFIGURED,
    "1070": _R.NO_CREDIT, "1080": _R.MISCONFIGURED, "1090": _R.CONTENT_REJECTED,
    "1100": _R.PROVIDER_DOWN, "1120": _R.SENDER_REJECTED, "1140": _R.MISCONFIGURED,
    "1160": _R.UNREACHABLE, "1170": _R.INVALID_RECIPIENT, "1180": _R.UNREACHABLE,
    "1190": _R.INVALID_RECIPIENT, "1200": _R.UNREACHABLE, "1210": _R.BLOCKED_BY_CARRIER,
    "1220": _R.UNREACHABLE, "1230": _R.UNREACHABLE, "1240": _R.OPTED_OUT, "1241": _R.THROTTLED,
    "1250": _R.UNREACHABLE, "1251": _R.UNREACHABLE, "1260": _R.UNREACHABLE,
    "1270": _R.BLOCKED_BY_CARRIER, "1280": _R.BLOCKED_BY_CARRIER, "1282": _R.BLOCKED_BY_CARRIER,
    "1290": _R.UNREACHABLE, "1300": _R.UNREACHABLE, "1310": _R.UNREACHABLE,
    "1331": _R.PROVIDER_DOWN, "1340": _R.CONTENT_REJECTED, "1360": _R.TIMED_OUT,
    "1400": _R.MISCONFIGURED, "1410": _R.MISCONFIGURED, "1420": _R.MISCONFIGURED,
    "1430": _R.INVALID_RECIPIENT, "1440": _R.MISCONFIGURED, "1460": _R.THROTTLED,
    "1461": _R.BLOCKED_BY_CARRIER, "1470": _R.BLOCKED_BY_CARRIER, "1472": _R.BLOCKED_BY_CARRIER,
    "1473": _R.BLOCKED_BY_CARRIER, "1474": _R.BLOCKED_BY_CARRIER, "1475": _R.BLOCKED_BY_CARRIER,
    "1476": _R.SENDER_REJECTED, "1480": _R.SENDER_REJECTED, "1481": _R.SENDER_REJECTED,
    "1482": _R.CONTENT_REJECTED, "1483": _R.BLOCKED_BY_CARRIER, "1484": _R.SENDER_REJECTED,
    "2001": _R.BLOCKED_BY_CARRIER,
    "low-balance": _R.NO_CREDIT, "unauthorized": _R.MISCONFIGURED, "forbidden": _R.MISCONFIGURED,
    "unprovisioned": _R.MISCONFIGURED, "account-suspended": _R.MISCONFIGURED,
    "jwt-expired": _R.MISCONFIGURED, "jwt-revoked": _R.MISCONFIGURED,
    "invalid-api-key": _R.MISCONFIGURED, "throttled": _R.THROTTLED,
}  # fmt: skip
# https://developer.vonage.com/en/voice/voice-api/webhook-reference#event-webhook : how a call ended
# that nobody heard, and the `detail` of it.
CALLS: dict[str, Reason] = {
    "busy": _R.UNREACHABLE, "cancelled": _R.OTHER, "failed": _R.OTHER, "rejected": _R.UNREACHABLE,
    "timeout": _R.UNREACHABLE, "unanswered": _R.UNREACHABLE,
    "cannot_route": _R.UNREACHABLE, "number_out_of_service": _R.INVALID_RECIPIENT,
    "internal_error": _R.PROVIDER_DOWN, "restricted": _R.BLOCKED_BY_CARRIER,
    "declined": _R.UNREACHABLE, "unavailable": _R.UNREACHABLE, "carrier_timeout": _R.UNREACHABLE,
}  # fmt: skip
# Whose value was refused: `invalid_parameters` of a 422.
PARAMETERS = {
    "to": _R.INVALID_RECIPIENT, "from": _R.MISCONFIGURED, "text": _R.CONTENT_REJECTED
}  # fmt: skip
STATUSES: dict[str, DeliveryStatus] = {
    "delivered": _S.DELIVERED, "read": _S.DELIVERED, "completed": _S.DELIVERED,
    "rejected": _S.UNDELIVERED, "undeliverable": _S.UNDELIVERED, "busy": _S.UNDELIVERED,
    "cancelled": _S.UNDELIVERED, "failed": _S.UNDELIVERED, "timeout": _S.UNDELIVERED,
    "unanswered": _S.UNDELIVERED,
}  # fmt: skip
PARTLY_UNKNOWN = "1490"
"""Not every part of the SMS was reported on: nobody knows."""
# The `language` of the OpenAPI file of the Voice API, by language.
SPOKEN: dict[str, str] = {
    "ar": "ar", "cs": "cs-CZ", "da": "da-DK", "de": "de-DE", "el": "el-GR", "en": "en-US",
    "es": "es-ES", "fi": "fi-FI", "fil": "fil-PH", "fr": "fr-FR", "he": "he-IL", "hi": "hi-IN",
    "hu": "hu-HU", "id": "id-ID", "it": "it-IT", "ja": "ja-JP", "ko": "ko-KR", "nb": "nb-NO",
    "nl": "nl-NL", "no": "no-NO", "pl": "pl-PL", "pt": "pt-BR", "ro": "ro-RO", "ru": "ru-RU",
    "sk": "sk-SK", "sv": "sv-SE", "th": "th-TH", "tr": "tr-TR", "uk": "uk-UA", "vi": "vi-VN",
    "zh": "cmn-CN", "zh_CN": "cmn-CN", "zh_HK": "yue-CN", "zh_TW": "cmn-TW",
    "en_GB": "en-GB", "en_AU": "en-AU", "es_MX": "es-MX", "fr_CA": "fr-CA", "pt_PT": "pt-PT",
}  # fmt: skip

DELIVERY = "delivery"
MIN_TTL_S, MAX_TTL_S = 1800, 604_800
"""Vonage advises against less than half an hour."""
TOKEN_S = 900
LATE_S, EARLY_S = 86_400, 300
"""For a day a callback is repeated that was not answered; older ones are not believed."""
_MS = 1000


class Settings(calling.Discreet, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of a Vonage account."""

    application_id: Annotated[str | None, doc("The application to send by.")] = None
    private_key: Annotated[str | None, secret("The application's private key (PEM).")] = None
    api_key: Annotated[
        str | None, doc("The account's API key: for the balance, or in place of an application.")
    ] = None
    api_secret: Annotated[str | None, secret("The API key's secret.")] = None
    signature_secret: Annotated[
        str | None, secret("What callbacks are signed with; without it none can be believed.")
    ] = None
    sms_from: Annotated[
        str | None, doc("Who SMS come from: a number or a name; unset: no SMS.")
    ] = None
    whatsapp_from: Annotated[
        str | None, doc("The number that WhatsApp messages come from; unset: no WhatsApp.")
    ] = None
    whatsapp_template: Annotated[str | None, doc("The name of the authentication template.")] = None
    whatsapp_language: Annotated[str, doc("The language that template is written in.")] = "en"
    voice_from: Annotated[str | None, doc("The number that calls come from; unset: no calls.")] = (
        None
    )
    voice_style: Annotated[int, doc("Which of a language's voices speaks.", ge=0, le=99)] = 0
    base_url: Annotated[
        str, doc("Where messages and calls go: a region, or a proxy.", pattern=calling.URL)
    ] = "https://api.nexmo.com"
    account_url: Annotated[str, doc("Where the balance is asked for.", pattern=calling.URL)] = (
        "https://rest.nexmo.com"
    )

    def __post_init__(self) -> None:
        for name, is_right, advice in (
            ("application_id", self.application_id or self.api_key, "give it, or an API key"),
            ("private_key", bool(self.application_id) == bool(self.private_key),
             "goes together with application_id"),
            ("api_secret", bool(self.api_key) == bool(self.api_secret),
             "goes together with api_key"),
            ("private_key", not self.private_key or self.key, "is no RSA key in PEM"),
            ("whatsapp_template", bool(self.whatsapp_from) == bool(self.whatsapp_template),
             "goes together with whatsapp_from"),
            ("voice_from", not self.voice_from or self.application_id, "needs an application"),
            ("sms_from", self.channels, "give it, whatsapp_from or voice_from"),
        ):  # fmt: skip
            if not is_right:
                raise Misconfigured(f"vonage: {name}: {advice}")

    @property
    def key(self) -> RSAPrivateKey | None:
        """The application's key."""
        pem = (self.private_key or "").replace("\\n", "\n").encode()
        try:
            # Checking that its numbers are prime takes 0.1 s: a wrong key is simply refused.
            key = load_pem_private_key(pem, None, unsafe_skip_rsa_key_validation=True)
        except (ValueError, TypeError):
            return None
        return key if isinstance(key, RSAPrivateKey) else None

    @property
    def channels(self) -> frozenset[str]:
        """What it can carry."""
        able = {"sms": self.sms_from, "whatsapp": self.whatsapp_from, "voice": self.voice_from}
        return frozenset(channel for channel, given in able.items() if given)


class Vonage(Provider):
    """One Vonage account."""

    name = "vonage"
    channels = frozenset({"sms", "whatsapp", "voice"})
    reports = True

    def __init__(self, settings: Settings, setup: Setup) -> None:
        self.name = setup.account
        self.channels = settings.channels
        self.reports = bool(
            settings.signature_secret and settings.application_id and setup.callback_url
        )
        self._settings = settings
        self._setup = setup
        self._key = settings.key
        self._root = settings.base_url.rstrip("/")

    async def send(self, message: Message) -> Receipt:
        """Hand the message over; the receipt's reference is Vonage's UUID."""
        return calling.ended(await self._hand_over(message))

    async def _hand_over(self, message: Message) -> Receipt | calling.Failure:
        if message.channel not in self.channels:
            return calling.not_carried()
        if message.channel == "whatsapp" and not message.code:
            return Rejected(_R.CONTENT_REJECTED, "there is no code for the template")
        is_call = message.channel == "voice"
        path, given = ("calls", "uuid") if is_call else ("messages", "message_uuid")
        body = self._call(message) if is_call else self._text(message)
        reply = await calling.ask(
            self._setup.network, "POST", f"{self._root}/v1/{path}",
            self._headers(), msgspec.json.encode(body),
        )  # fmt: skip
        if not isinstance(reply, Reply):
            return reply
        said = calling.parsed(reply.body)
        reference = said.get(given)
        if reply.status in (200, 201, 202) and isinstance(reference, str) and reference:
            return Receipt(reference=reference)
        code = _code(said)
        words = said.get("detail") or said.get("title") or said.get("error_title")
        raw = calling.quoted(message, code or f"HTTP {reply.status}", words, *self._secrets())
        return calling.refusal(reply.status, _refused(said) or CODES.get(code), raw)

    def _text(self, message: Message) -> dict[str, Any]:
        mine = self._settings
        body: dict[str, Any] = {"to": message.to.lstrip("+"), "client_ref": message.id}
        if self.reports:
            body |= {"webhook_url": self._setup.callback_url, "webhook_version": "v1"}
        if message.channel == "whatsapp":
            return body | {
                "channel": "whatsapp",
                "from": (mine.whatsapp_from or "").lstrip("+"),
                "message_type": "custom",
                "custom": _authentication(
                    mine.whatsapp_template or "", mine.whatsapp_language, message.code
                ),
            }
        ttl = {"ttl": min(max(message.ttl_s, MIN_TTL_S), MAX_TTL_S)} if message.ttl_s else {}
        sender = (mine.sms_from or "").lstrip("+")
        text = {"channel": "sms", "message_type": "text", "from": sender, "text": message.text}
        return body | text | ttl

    def _call(self, message: Message) -> dict[str, Any]:
        talk: dict[str, Any] = {"action": "talk", "text": message.text}
        base = message.language.partition("_")[0]
        language = SPOKEN.get(message.language) or SPOKEN.get(base)
        if language:
            talk |= {"language": language, "style": self._settings.voice_style}
        body: dict[str, Any] = {
            "to": [{"type": "phone", "number": message.to.lstrip("+")}],
            "from": {"type": "phone", "number": (self._settings.voice_from or "").lstrip("+")},
            "ncco": [talk],
        }
        if self.reports:
            query = urlencode({DELIVERY: message.id})
            body |= {"event_url": [f"{self._setup.callback_url}?{query}"], "event_method": "POST"}
        return body

    def _secrets(self) -> tuple[str, ...]:
        return self._settings.api_secret or "", self._settings.signature_secret or ""

    def _headers(self) -> dict[str, str]:
        mine = self._settings
        login = calling.basic(mine.api_key or "", mine.api_secret or "")
        if self._key is not None:
            login = f"Bearer {self._token(self._key)}"
        return {"Authorization": login, "Content-Type": calling.JSON, "Accept": calling.JSON}

    def _token(self, key: RSAPrivateKey) -> str:
        """A proof of who we are: https://developer.vonage.com/en/getting-started/concepts/authentication"""
        now = self._setup.now() // _MS
        claims = {
            "application_id": self._settings.application_id, "iat": now, "exp": now + TOKEN_S,
            "jti": self._setup.entropy(16).hex(),
        }  # fmt: skip
        parts = ({"alg": "RS256", "typ": "JWT"}, claims)
        signed = b".".join(_base64url(msgspec.json.encode(part)) for part in parts)
        signature = key.sign(signed, PKCS1v15(), hashes.SHA256())
        return b".".join((signed, _base64url(signature))).decode()

    def told(self, callback: Callback) -> Told:
        """The status of a message, an event of a call, or a message that came in."""
        self._verify(callback)
        said = calling.parsed(callback.body)
        if isinstance(said.get("status"), str):
            return Told(inbound=_report(said, callback.query))
        if "message_uuid" in said and "from" in said:
            return Told(inbound=_incoming(said))
        if "conversation_uuid" in said:
            return Told()
        raise Unreadable("neither a status nor a message")

    def _verify(self, callback: Callback) -> None:
        """https://developer.vonage.com/en/getting-started/concepts/webhooks#decoding-signed-webhooks"""
        shared, scheme = self._settings.signature_secret, "bearer "
        header = callback.headers.get("authorization", "")
        if not shared or not header.lower().startswith(scheme):
            raise Forged
        signed, _, signature = header[len(scheme) :].strip().rpartition(".")
        right = hmac.new(shared.encode(), signed.encode("utf-8", "replace"), hashlib.sha256)
        if not calling.same(_base64url(right.digest()).decode(), signature.rstrip("=")):
            raise Forged
        kind, claims = (_opened(part) for part in (*signed.split(".", 1), "")[:2])
        issued, now = claims.get("iat"), self._setup.now() // _MS
        if kind.get("alg") != "HS256" or not isinstance(issued, int):
            raise Forged
        if not now - LATE_S <= issued <= now + EARLY_S:
            raise Forged
        digest = hashlib.sha256(callback.body).hexdigest()
        if not calling.same(digest, str(claims.get("payload_hash", "")).lower()):
            raise Forged

    async def checkup(self) -> Checkup:
        """The balance where there is an API key; else whether the application's key is right."""
        mine, network = self._settings, self._setup.network
        if mine.api_key and mine.api_secret:
            headers = {"Authorization": calling.basic(mine.api_key, mine.api_secret)}
            url = f"{mine.account_url.rstrip('/')}/account/get-balance"
            return await calling.checkup(network, url, headers, _balance)
        url = f"{self._root}/v1/calls?page_size=1"
        return await calling.checkup(network, url, self._headers(), lambda said: _RIGHT)


_RIGHT = Checkup(ok=True, detail="The application's key is right; the balance needs an API key.")


def _authentication(name: str, language: str, code: str) -> dict[str, Any]:
    """A template with a button that copies the code, in WhatsApp's own words:
    https://developer.vonage.com/en/messages/code-snippets/whatsapp/send-authentication-template"""
    given = [{"type": "text", "text": code}]
    components = [
        {"type": "body", "parameters": given},
        {"type": "button", "sub_type": "url", "index": "0", "parameters": given},
    ]
    spoken = {"policy": "deterministic", "code": language}
    template = {"name": name, "language": spoken, "components": components}
    return {"type": "template", "template": template}


def _code(said: Mapping[str, Any]) -> str:
    """The number or word in an error: the fragment of its type, or its title."""
    title, kind = str(said.get("title", "")), str(said.get("type", ""))
    return title if title.isdigit() else kind.partition("#")[2][:40]


def _refused(said: Mapping[str, Any]) -> Reason | None:
    wrong = said.get("invalid_parameters")
    first = wrong[0] if isinstance(wrong, list) and wrong else None
    return PARAMETERS.get(str(first.get("name"))) if isinstance(first, dict) else None


def _report(said: Mapping[str, Any], query: Mapping[str, str]) -> tuple[Inbound, ...]:
    found = (
        said.get("message_uuid"), said.get("uuid"), said.get("client_ref"), query.get(DELIVERY)
    )  # fmt: skip
    references = tuple(one for one in found if isinstance(one, str) and one)
    if not references:
        raise Unreadable("a status of nothing")
    word, error = said["status"], said.get("error")
    error = error.get("error", error) if isinstance(error, dict) else {}
    code = _code(error) if isinstance(error, dict) else ""
    status = _S.UNKNOWN if code == PARTLY_UNKNOWN else STATUSES.get(word)
    if status is None:
        return ()
    detail = str(said.get("detail") or "")
    reason = None
    if status is _S.UNDELIVERED:
        reason = CODES.get(code) or CALLS.get(detail) or _R.OTHER
        if "uuid" in said and not detail:
            reason = CALLS.get(word, _R.OTHER)
    raw = calling.kept(f"{word} {code or detail}")
    return (Report(references=references, status=status, reason=reason, raw=raw),)


def _incoming(said: Mapping[str, Any]) -> tuple[Inbound, ...]:
    words = {name: said.get(name) for name in ("from", "to", "channel", "text", "message_uuid")}
    if not all(isinstance(word, str) for word in words.values()):
        return ()  # a picture, say
    sender, channel = str(words["from"]).lstrip("+"), str(words["channel"])
    if channel not in ("sms", "whatsapp") or not (sender.isascii() and sender.isdigit()):
        return ()
    return (
        Incoming(
            sender=f"+{sender}", to=str(words["to"]), channel=channel,
            text=str(words["text"]), reference=str(words["message_uuid"]),
        ),
    )  # fmt: skip


def _balance(said: Mapping[str, Any]) -> Checkup:
    value = said.get("value")
    if not isinstance(value, int | float):
        return Checkup(ok=True, detail="The API key is right; the balance is not told.")
    detail = "The API key is right." if value > 0 else "There is no money left."
    return Checkup(ok=value > 0, detail=detail, balance=f"{value:.2f}", currency="EUR")


def _base64url(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def _opened(part: str) -> dict[str, Any]:
    try:
        return calling.parsed(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except ValueError:
        return {}
