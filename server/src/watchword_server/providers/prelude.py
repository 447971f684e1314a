"""Prelude: codes by its Verify API, which writes the message itself around our code.

https://docs.prelude.so/verify/v2/documentation/custom-codes : the account needs that feature.
Prelude says `blocked` with HTTP 200: nothing was sent then.
"""

from base64 import urlsafe_b64decode
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from watchword_server.domain.delivery import DeliveryStatus, Message, Reason, Receipt
from watchword_server.domain.errors import Misconfigured
from watchword_server.domain.inbound import Report
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

# https://docs.prelude.so/introduction/errors
CODES: dict[str, Reason] = {
    "blocked": _R.BLOCKED_BY_CARRIER, "channel_not_enabled_in_region": _R.UNREACHABLE,
    "custom_code_not_allowed": _R.MISCONFIGURED, "insufficient_balance": _R.NO_CREDIT,
    "internal": _R.PROVIDER_DOWN, "invalid_api_key": _R.MISCONFIGURED,
    "invalid_bearer_token": _R.MISCONFIGURED, "invalid_callback_url": _R.MISCONFIGURED,
    "invalid_custom_code": _R.CONTENT_REJECTED, "invalid_line_type": _R.UNREACHABLE,
    "invalid_phone_number": _R.INVALID_RECIPIENT, "invalid_sender_id": _R.MISCONFIGURED,
    "invalid_template_id": _R.MISCONFIGURED, "invalid_template_variables": _R.MISCONFIGURED,
}  # fmt: skip
# https://docs.prelude.so/verify/v2/api-reference/create-or-retry-a-verification : why a
# verification is `blocked`; none of it is the account's fault.
BLOCKED: dict[str, Reason] = {
    "in_block_list": _R.BLOCKED_BY_CARRIER, "invalid_phone_line": _R.UNREACHABLE,
    "invalid_phone_number": _R.INVALID_RECIPIENT, "repeated_attempts": _R.THROTTLED,
    "suspicious": _R.BLOCKED_BY_CARRIER,
}  # fmt: skip
# https://docs.prelude.so/verify/v2/documentation/webhook ; why one is undeliverable it never says.
STATUSES: dict[str, tuple[DeliveryStatus, Reason | None]] = {
    "delivered": (_S.DELIVERED, None),
    "undeliverable": (_S.UNDELIVERED, _R.UNREACHABLE),
    "unknown": (_S.UNKNOWN, None),
}

MESSAGES = frozenset({"sms", "whatsapp", "rcs", "viber", "telegram"})
SCHEME = "rsassa-pss-sha256="
LATE_S = 15 * 86_400
"""For two weeks a callback is repeated that was not answered; older ones are not believed."""
EARLY_S = 300
_MS = 1000


class Settings(calling.Discreet, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of a Prelude account."""

    api_key: Annotated[str, secret("The key of the v2 API.")]
    webhook_key: Annotated[
        str | None, doc("What callbacks are checked with (PEM); without it none can be believed.")
    ] = None
    sender_id: Annotated[str | None, doc("Who messages come from; Prelude has to enable it.")] = (
        None
    )
    template_id: Annotated[str | None, doc("The template to write by; unset: Prelude's own.")] = (
        None
    )
    strict_channel: Annotated[
        bool, doc("Never another channel than the route's; Prelude has to enable it.")
    ] = False
    fallbacks: Annotated[
        Annotated[int, msgspec.Meta(ge=0, le=10)] | None,
        doc("Further tries by Prelude itself; Prelude has to enable it; `0` leaves them to us."),
    ] = None
    base_url: Annotated[str, doc("Where the API is.", pattern=calling.URL)] = (
        "https://api.prelude.dev"
    )

    def __post_init__(self) -> None:
        if not self.api_key:
            raise Misconfigured("prelude: api_key: is empty")
        if self.webhook_key and self.key is None:
            raise Misconfigured("prelude: webhook_key: is no public RSA key in PEM")

    @property
    def key(self) -> RSAPublicKey | None:
        """What callbacks are checked with."""
        pem = (self.webhook_key or "").replace("\\n", "\n").encode()
        try:
            key = load_pem_public_key(pem)
        except ValueError:
            return None
        return key if isinstance(key, RSAPublicKey) else None


class Prelude(Provider):
    """One Prelude account."""

    name = "prelude"
    channels = MESSAGES | {"voice"}
    reports = True

    def __init__(self, settings: Settings, setup: Setup) -> None:
        self.name = setup.account
        self.reports = bool(settings.webhook_key and setup.callback_url)
        self._settings = settings
        self._setup = setup
        self._key = settings.key
        self._root = settings.base_url.rstrip("/")

    async def send(self, message: Message) -> Receipt:
        """Hand the code over; the receipt's reference is the verification at Prelude."""
        return calling.ended(await self._hand_over(message))

    async def _hand_over(self, message: Message) -> Receipt | calling.Failure:
        if message.channel not in self.channels:
            return calling.not_carried()
        if not message.code:
            return Rejected(_R.CONTENT_REJECTED, "there is no code, and Prelude sends nothing else")
        reply = await calling.ask(
            self._setup.network, "POST", f"{self._root}/v2/verification",
            self._headers(), msgspec.json.encode(self._body(message)),
        )  # fmt: skip
        if not isinstance(reply, Reply):
            return reply
        said = calling.parsed(reply.body)
        reference, status = said.get("id"), said.get("status")
        if reply.status == 200 and status == "blocked":
            why = str(said.get("reason") or "")
            raw = calling.quoted(message, "blocked", why, self._settings.api_key)
            return Rejected(BLOCKED.get(why, _R.OTHER), raw)
        if reply.status == 200 and isinstance(reference, str) and reference:
            return Receipt(reference=reference)
        code = str(said.get("code") or "")
        raw = calling.quoted(
            message, code or f"HTTP {reply.status}", said.get("message"), self._settings.api_key
        )
        return calling.refusal(reply.status, CODES.get(code), raw)

    def _body(self, message: Message) -> dict[str, Any]:
        mine = self._settings
        options: dict[str, Any] = {"custom_code": message.code}
        if message.channel == "voice":
            options["method"] = "voice"
        elif mine.strict_channel:
            options |= {"method": "message", "channels": [message.channel]}
        else:
            options |= {"method": "message", "preferred_channel": message.channel}
        if message.language not in ("", "default"):
            options["locale"] = message.language.replace("_", "-")
        optional = {
            "sender_id": mine.sender_id,
            "template_id": mine.template_id,
            "max_auto_fallbacks": mine.fallbacks,
            "callback_url": self._setup.callback_url if self.reports else None,
        }
        options |= {name: value for name, value in optional.items() if value is not None}
        return {
            "target": {"type": "phone_number", "value": message.to},
            "metadata": {"correlation_id": message.id},
            "options": options,
        }

    def _headers(self) -> dict[str, str]:
        return {
            "Authorization": f"Bearer {self._settings.api_key}",
            "Content-Type": calling.JSON,
            "Accept": calling.JSON,
        }

    def told(self, callback: Callback) -> Told:
        """What became of an attempt."""
        self._verify(callback)
        said = calling.parsed(callback.body)
        kind, payload = said.get("type"), said.get("payload")
        if not isinstance(kind, str) or not isinstance(payload, dict):
            raise Unreadable("no event")
        self._recent(str(said.get("created_at")))
        word = payload.get("status" if kind == "verify.delivery_status" else "delivery_status")
        known = STATUSES.get(word) if isinstance(word, str) else None
        references = _references(payload)
        if known is None or not references:
            return Told()  # on the way, or an event of another kind
        status, reason = known
        return Told(
            inbound=(Report(references=references, status=status, reason=reason, raw=word),)
        )

    def _verify(self, callback: Callback) -> None:
        """https://docs.prelude.so/verify/v2/documentation/webhook"""
        given = callback.headers.get("x-webhook-signature", "")
        if self._key is None or not given.startswith(SCHEME):
            raise Forged
        try:
            encoded = given.removeprefix(SCHEME).encode("ascii").rstrip(b"=")
            signature = urlsafe_b64decode(encoded + b"=" * (-len(encoded) % 4))
            padding = PSS(mgf=MGF1(SHA256()), salt_length=PSS.DIGEST_LENGTH)
            self._key.verify(signature, callback.body, padding, SHA256())
        except (InvalidSignature, ValueError):
            raise Forged from None

    def _recent(self, created_at: str) -> None:
        """The signature covers no time of its own, but the event's stands in the body."""
        try:
            made = datetime.fromisoformat(created_at[:19]).replace(tzinfo=UTC).timestamp()
        except ValueError:
            raise Unreadable("an event without a time") from None
        now = self._setup.now() / _MS
        if not now - LATE_S <= made <= now + EARLY_S:
            raise Forged

    async def checkup(self) -> Checkup:
        """Whether the key is right: the list of sender IDs costs nothing."""
        url = f"{self._root}/v2/verification/management/sender-id"
        right = Checkup(ok=True, detail="The key is right; Prelude tells no balance.")
        return await calling.checkup(
            self._setup.network, url, self._headers(), lambda said: right
        )  # fmt: skip


def _references(payload: Mapping[str, Any]) -> tuple[str, ...]:
    """Our id first: within some minutes Prelude answers a second message to the same number with
    the same verification."""
    metadata = payload.get("metadata")
    ours = metadata.get("correlation_id") if isinstance(metadata, dict) else None
    found = (ours, payload.get("verification_id"))
    return tuple(one for one in found if isinstance(one, str) and one)
