"""Codes in Telegram, by its Gateway API: https://core.telegram.org/gateway/api

Each hand-over first asks whether the number can be reached, which costs nothing if it cannot, and
sends under the request id of that answer.  So nothing is sent twice, and where the second answer
is lost, a third question says what became of it.
"""

import hashlib
import hmac
import re
from typing import Annotated, Any

import msgspec

from watchword_server.domain.delivery import DeliveryStatus, Message, Reason, Receipt
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
    Unavailable,
    Uncertain,
    Unreadable,
)
from watchword_server.providers import calling

_R = Reason

# The vendor names ACCESS_TOKEN_INVALID: https://core.telegram.org/gateway/api#making-requests
# The others are those its parameters imply, as public clients of it have met them.
ERRORS: dict[str, Reason] = {
    "ACCESS_TOKEN_INVALID": _R.MISCONFIGURED, "ACCESS_TOKEN_REQUIRED": _R.MISCONFIGURED,
    "BALANCE_NOT_ENOUGH": _R.NO_CREDIT, "CALLBACK_URL_INVALID": _R.MISCONFIGURED,
    "CODE_INVALID": _R.CONTENT_REJECTED, "CODE_LENGTH_INVALID": _R.CONTENT_REJECTED,
    "FLOOD_WAIT": _R.THROTTLED, "PAYLOAD_INVALID": _R.MISCONFIGURED,
    "PHONE_NUMBER_INVALID": _R.INVALID_RECIPIENT, "PHONE_NUMBER_NOT_AVAILABLE": _R.UNREACHABLE,
    "PHONE_NUMBER_NOT_FOUND": _R.UNREACHABLE, "SENDER_NOT_OWNED": _R.SENDER_REJECTED,
    "SENDER_NOT_VERIFIED": _R.SENDER_REJECTED, "SENDER_USERNAME_INVALID": _R.SENDER_REJECTED,
    "TTL_INVALID": _R.MISCONFIGURED, "UNKNOWN_METHOD": _R.MISCONFIGURED,
}  # fmt: skip
SENT = "MESSAGE_ALREADY_SENT"

# https://core.telegram.org/gateway/api#deliverystatus ; `sent` is a step on the way.
STATUSES: dict[str, tuple[DeliveryStatus, Reason | None]] = {
    "delivered": (DeliveryStatus.DELIVERED, None),
    "read": (DeliveryStatus.DELIVERED, None),
    "expired": (DeliveryStatus.UNDELIVERED, _R.UNREACHABLE),
    "revoked": (DeliveryStatus.UNDELIVERED, _R.OTHER),
}
LEFT = frozenset({"sent", "delivered", "read"})
CODE = re.compile(r"[0-9]{4,8}")
"""https://core.telegram.org/gateway/api#sendverificationmessage, as are the limits below."""
MIN_TTL_S, MAX_TTL_S = 30, 3600
MAX_CALLBACK_URL = 256
MAX_AGE_S = 86_400
"""A report older than this is none: it is tried ten times, and no state moves backwards anyway."""

_CHECK_S, _SEND_S, _ASK_S = 3.0, 4.5, 2.0  # under 10 s together


def _doc(description: str, **rules: Any) -> msgspec.Meta:
    return msgspec.Meta(description=description, **rules)


class Settings(calling.Discreet, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of a Telegram Gateway account."""

    token: Annotated[
        str, _doc("The API token.", pattern="^[!-~]+$", extra={"secret": True})
    ]  # fmt: skip
    sender_username: Annotated[
        str | None, _doc("A verified channel of yours that codes come from.")
    ] = None  # fmt: skip
    base_url: Annotated[str, _doc("Where the API is.", pattern=calling.URL)] = (
        "https://gatewayapi.telegram.org"
    )


class Telegram(Provider):
    """One account of the Telegram Gateway."""

    name = "telegram"
    channels = frozenset({"telegram"})
    reports = True

    def __init__(self, settings: Settings, setup: Setup) -> None:
        self.name = setup.account
        url = setup.callback_url
        self._reports_to = url if url.startswith("https://") else ""
        self.reports = 0 < len(self._reports_to) <= MAX_CALLBACK_URL
        self._settings = settings
        self._setup = setup

    async def send(self, message: Message) -> Receipt:
        """Send the code; the receipt's reference is Telegram's request id."""
        return calling.ended(await self._hand_over(message))

    async def _hand_over(self, message: Message) -> Receipt | calling.Failure:
        if not CODE.fullmatch(message.code):
            return Rejected(_R.CONTENT_REJECTED, "Telegram takes codes of 4 to 8 digits")
        check = {"phone_number": message.to}
        able = await self._call("checkSendAbility", check, message, _CHECK_S)
        if isinstance(able, Uncertain):
            return Unavailable(_R.PROVIDER_DOWN, able.raw)  # nothing is sent by asking
        if not isinstance(able, dict):
            return able
        request_id = able.get("request_id")
        if not isinstance(request_id, str) or not request_id:
            return Unavailable(_R.PROVIDER_DOWN, "no request id")
        asked = check | {"request_id": request_id} | self._options(message)
        sent = await self._call("sendVerificationMessage", asked, message, _SEND_S)
        if isinstance(sent, Uncertain):
            return await self._found_out(request_id, message) or sent
        return Receipt(reference=request_id) if isinstance(sent, dict) else sent

    def _options(self, message: Message) -> dict[str, object]:
        given: dict[str, object] = {"code": message.code, "payload": message.id}
        if self._settings.sender_username:
            given["sender_username"] = self._settings.sender_username
        if self.reports:
            given["callback_url"] = self._reports_to
        if message.ttl_s:
            given["ttl"] = min(MAX_TTL_S, max(MIN_TTL_S, message.ttl_s))
        return given

    async def _found_out(self, request_id: str, message: Message) -> Receipt | None:
        """Whether what was sent without an answer has left; None if that stays unknown."""
        asked = {"request_id": request_id}
        found = await self._call("checkVerificationStatus", asked, message, _ASK_S)
        if isinstance(found, dict) and _status(found) in LEFT:
            return Receipt(reference=request_id)
        return None

    async def _call(
        self, method: str, given: dict[str, Any], message: Message, timeout_s: float
    ) -> dict[str, Any] | calling.Failure:
        """The result of a method, or the failure that its error stands for."""
        reply = await self._ask(method, given, timeout_s)
        if not isinstance(reply, Reply):
            return reply
        answer = calling.parsed(reply.body)
        result, error = answer.get("result"), answer.get("error")
        if answer.get("ok") is True and isinstance(result, dict):
            return result
        if error == SENT:
            return {}
        raw = calling.quoted(
            message, error if isinstance(error, str) else f"HTTP {reply.status}", "",
            self._settings.token,
        )  # fmt: skip
        if not isinstance(error, str):
            return calling.refusal(reply.status, None, raw)
        name = "FLOOD_WAIT" if error.startswith("FLOOD_WAIT") else error
        reason = ERRORS.get(name, _R.OTHER)
        return Unavailable(reason, raw) if reason in calling.OURS else Rejected(reason, raw)

    async def _ask(
        self, method: str, given: dict[str, Any], timeout_s: float
    ) -> Reply | calling.Failure:
        headers = {
            "Authorization": f"Bearer {self._settings.token}", "Content-Type": calling.JSON,
        }  # fmt: skip
        return await calling.ask(
            self._setup.network, "POST", f"{self._settings.base_url.rstrip('/')}/{method}",
            headers, msgspec.json.encode(given), timeout_s=timeout_s,
        )  # fmt: skip

    async def revoke(self, reference: str) -> bool:
        """Ask for a message to be taken back; one that was delivered already stays."""
        reply = await self._ask("revokeVerificationMessage", {"request_id": reference}, _SEND_S)
        return isinstance(reply, Reply) and calling.parsed(reply.body).get("ok") is True

    async def checkup(self) -> Checkup:
        """Whether the token is taken: a request that does not exist is asked for."""
        reply = await self._ask("checkVerificationStatus", {"request_id": "0"}, _SEND_S)
        if not isinstance(reply, Reply):
            return Checkup(ok=False, detail=f"No answer: {reply.raw}.")
        answer = calling.parsed(reply.body)
        error = answer.get("error")
        if reply.status >= 500 or not (answer.get("ok") is True or isinstance(error, str)):
            return Checkup(ok=False, detail=f"The answer was HTTP {reply.status}.")
        if isinstance(error, str) and ERRORS.get(error) is _R.MISCONFIGURED:
            return Checkup(ok=False, detail="The token was refused.")
        return Checkup(ok=True, detail="The token is taken; the balance is told with each message.")

    def told(self, callback: Callback) -> Told:
        """The report of a signed callback."""
        at = callback.headers.get("x-request-timestamp", "")
        given = callback.headers.get("x-request-signature", "")
        if not calling.same(given, signature(self._settings.token, at, callback.body)):
            raise Forged
        if not at.isdecimal() or abs(self._setup.now() // 1000 - int(at[:12])) > MAX_AGE_S:
            raise Forged("the report is too old")
        status = calling.parsed(callback.body)
        ids = (status.get("request_id"), status.get("payload"))
        references = tuple(one for one in ids if isinstance(one, str) and one)
        if not references:
            raise Unreadable
        name = _status(status)
        if name not in STATUSES:
            return Told()
        became, reason = STATUSES[name]
        report = Report(references=references, status=became, reason=reason, raw=name)
        return Told(inbound=(report,))


def signature(token: str, at: str, body: bytes) -> str:
    """https://core.telegram.org/gateway/api#checking-report-integrity"""
    key = hashlib.sha256(token.encode()).digest()
    return hmac.new(key, at.encode("utf-8", "replace") + b"\n" + body, hashlib.sha256).hexdigest()


def _status(found: dict[str, Any]) -> str:
    delivery = found.get("delivery_status")
    name = delivery.get("status") if isinstance(delivery, dict) else None
    return name if isinstance(name, str) else ""
