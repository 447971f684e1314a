"""EngageLab OTP: codes by `POST /v1/codes`, which writes the message by a template kept there.

https://www.engagelab.com/docs/otp ; which channel carries it is decided by the template, so that
there is one for each channel.
"""

import asyncio
import hashlib
import hmac
from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import quote

import msgspec

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

# https://github.com/DevEngageLab/engagelab-skills (references/error-codes.md) ; the same numbers
# stand in callbacks.
CODES: dict[int, Reason] = {
    1000: _R.PROVIDER_DOWN, 2001: _R.MISCONFIGURED, 2002: _R.MISCONFIGURED,
    2004: _R.MISCONFIGURED, 3004: _R.THROTTLED, 4001: _R.MISCONFIGURED, 5001: _R.PROVIDER_DOWN,
    5011: _R.INVALID_RECIPIENT, 5012: _R.UNREACHABLE, 5013: _R.BLOCKED_BY_CARRIER,
    5014: _R.CONTENT_REJECTED, 5015: _R.BLOCKED_BY_CARRIER, 5016: _R.PROVIDER_DOWN,
    5017: _R.UNREACHABLE, 5018: _R.UNREACHABLE, 5019: _R.OPTED_OUT, 5020: _R.INVALID_RECIPIENT,
}  # fmt: skip
TOO_SOON = 3004
"""This recipient has had a code by this template already: nothing the account could help."""
# https://www.engagelab.com/docs/otp/api/callback ; the documentation spells one of them in two
# ways.  Of all others there is nothing to report yet.
STATUSES: dict[str, DeliveryStatus] = {
    "delivered": _S.DELIVERED, "verified": _S.DELIVERED,
    "delivered_failed": _S.UNDELIVERED, "sent_failed": _S.UNDELIVERED,
    "sent_fail": _S.UNDELIVERED, "target_invalid": _S.UNDELIVERED,
}  # fmt: skip
LANGUAGES = frozenset({"default", "zh_CN", "zh_HK", "en", "ja", "th", "es"})
APPROVED = 2
WINDOW_S = 300
"""How far a callback's time may be off, as in the vendor's own library."""
_MS = 1000


class Settings(calling.Discreet, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of an EngageLab account."""

    dev_key: Annotated[str, doc("The key of the API.")]
    dev_secret: Annotated[str, secret("Its secret.")]
    sms_template: Annotated[str | None, doc("The template for SMS; unset: no SMS.")] = None
    whatsapp_template: Annotated[
        str | None, doc("The template for WhatsApp; unset: no WhatsApp.")
    ] = None
    voice_template: Annotated[str | None, doc("The template for calls; unset: no calls.")] = None
    email_template: Annotated[str | None, doc("The template for email; unset: no email.")] = None
    callback_username: Annotated[str | None, doc("The user name of the callback.")] = None
    callback_secret: Annotated[
        str | None, secret("Its secret; without it no callback can be believed.")
    ] = None
    base_url: Annotated[str, doc("Where the API is.", pattern=calling.URL)] = (
        "https://otp.api.engagelab.cc"
    )

    def __post_init__(self) -> None:
        for name, is_right, advice in (
            ("dev_key", self.dev_key, "is empty"),
            ("dev_secret", self.dev_secret, "is empty"),
            ("callback_secret", bool(self.callback_username) == bool(self.callback_secret),
             "goes together with callback_username"),
            ("sms_template", self.templates, "give it, or the template of another channel"),
        ):  # fmt: skip
            if not is_right:
                raise Misconfigured(f"engagelab: {name}: {advice}")

    @property
    def templates(self) -> dict[str, str]:
        """The template of each channel that has one."""
        given = {
            "sms": self.sms_template,
            "whatsapp": self.whatsapp_template,
            "voice": self.voice_template,
            "email": self.email_template,
        }
        return {channel: template for channel, template in given.items() if template}


class Engagelab(Provider):
    """One EngageLab account."""

    name = "engagelab"
    channels = frozenset({"sms", "whatsapp", "voice", "email"})
    reports = True

    def __init__(self, settings: Settings, setup: Setup) -> None:
        self.name = setup.account
        self.channels = frozenset(settings.templates)
        self.reports = bool(settings.callback_secret and setup.callback_url)
        self._settings = settings
        self._setup = setup
        self._root = f"{settings.base_url.rstrip('/')}/v1"

    async def send(self, message: Message) -> Receipt:
        """Hand the code over; the receipt's reference is EngageLab's `message_id`."""
        return calling.ended(await self._hand_over(message))

    async def _hand_over(self, message: Message) -> Receipt | calling.Failure:
        if message.channel not in self.channels:
            return calling.not_carried()
        if not message.code:
            return Rejected(_R.CONTENT_REJECTED, "there is no code, and /v1/codes takes one")
        template = {
            "id": self._settings.templates[message.channel],
            "language": message.language if message.language in LANGUAGES else "default",
            "params": message.params,
        }
        body = {"to": message.to, "code": message.code, "template": template}
        reply = await calling.ask(
            self._setup.network, "POST", f"{self._root}/codes",
            self._headers(), msgspec.json.encode(body),
        )  # fmt: skip
        if not isinstance(reply, Reply):
            return reply
        said = calling.parsed(reply.body)
        reference, code = said.get("message_id"), said.get("code")
        if reply.status == 200 and isinstance(reference, str) and reference:
            return Receipt(reference=reference)
        raw = calling.quoted(
            message, code or f"HTTP {reply.status}", said.get("message"), self._settings.dev_secret
        )
        reason = CODES.get(code) if isinstance(code, int) else None
        if code == TOO_SOON:
            return Rejected(_R.THROTTLED, raw)
        return calling.refusal(reply.status, reason, raw)

    def _headers(self) -> dict[str, str]:
        login = calling.basic(self._settings.dev_key, self._settings.dev_secret)
        return {"Authorization": login, "Content-Type": calling.JSON, "Accept": calling.JSON}

    def told(self, callback: Callback) -> Told:
        """Statuses of messages, and messages that came in; what else EngageLab tells is passed
        over."""
        header = callback.headers.get("x-callback-id")
        if header is None and callback.body.strip() in (b"", b"{}"):
            return (
                Told()
            )  # the test when the callback is saved, which may be unsigned: says nothing
        self._verify(header or "")
        said = calling.parsed(callback.body)
        rows = said.get("rows", [])
        if (not said and callback.body.strip() not in (b"", b"{}")) or not isinstance(rows, list):
            raise Unreadable("no rows")
        found = (_inbound(row) for row in rows if isinstance(row, dict))
        return Told(inbound=tuple(one for one in found if one is not None))

    def _verify(self, header: str) -> None:
        """https://www.engagelab.com/docs/otp/api/callback : the body is not covered."""
        mine = self._settings
        pairs = (part.strip().partition("=") for part in header.split(";"))
        given = {name: value for name, _, value in pairs}
        time, nonce = given.get("timestamp", ""), given.get("nonce", "")
        if not mine.callback_secret or given.get("username") != mine.callback_username:
            raise Forged
        told = f"{time}{nonce}{mine.callback_username}".encode("utf-8", "replace")
        right = hmac.new(mine.callback_secret.encode(), told, hashlib.sha256).hexdigest()
        if not calling.same(right, given.get("signature", "")):
            raise Forged
        if not (time.isascii() and time.isdigit() and len(time) < 12):
            raise Forged
        if abs(self._setup.now() // _MS - int(time)) > WINDOW_S:
            raise Forged

    async def checkup(self) -> Checkup:
        """Whether the key is right and every template approved."""
        templates = sorted(set(self._settings.templates.values()))
        made = await asyncio.gather(*map(self._looked_up, templates))
        return next((one for one in made if not one.ok), made[0])

    async def _looked_up(self, template: str) -> Checkup:
        url = f"{self._root}/template-configs/{quote(template, safe='')}"

        def read(said: Mapping[str, Any]) -> Checkup:
            if said.get("status") != APPROVED:
                return Checkup(ok=False, detail="A template is not approved.")
            return Checkup(ok=True, detail="The key is right and every template approved.")

        return await calling.checkup(self._setup.network, url, self._headers(), read)


def _inbound(row: Mapping[str, Any]) -> Inbound | None:
    status, response = row.get("status"), row.get("response")
    if isinstance(status, dict):
        return _report(row, status)
    if isinstance(response, dict) and response.get("event") == "uplink_message":
        return _incoming(row, response.get("response_data"))
    return None


def _report(row: Mapping[str, Any], said: Mapping[str, Any]) -> Report | None:
    reference, word, code = (
        row.get("message_id"),
        said.get("message_status"),
        said.get("error_code"),
    )
    status = STATUSES.get(word) if isinstance(word, str) else None
    if status is None or not isinstance(reference, str) or not reference:
        return None
    reason = None
    if status is _S.UNDELIVERED:
        invalid = _R.INVALID_RECIPIENT if word == "target_invalid" else _R.OTHER
        reason = CODES.get(code, invalid) if isinstance(code, int) else invalid
    raw = calling.kept(f"{word} {code}" if isinstance(code, int) and code else f"{word}")
    return Report(references=(reference,), status=status, reason=reason, raw=raw)


def _incoming(row: Mapping[str, Any], said: object) -> Incoming | None:
    if not isinstance(said, dict):
        return None
    words = [said.get(name) for name in ("from", "to", "body", "message_sid")]
    sender, to, text, reference = (word if isinstance(word, str) else "" for word in words)
    digits = sender.removeprefix("+")
    if not reference or not (digits.isascii() and digits.isdigit()):
        return None
    channel = "whatsapp" if row.get("channel") == "whatsapp" else "sms"
    return Incoming(sender=f"+{digits}", to=to, channel=channel, text=text, reference=reference)
