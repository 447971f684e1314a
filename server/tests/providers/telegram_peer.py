"""The Telegram Gateway: refuses what its reference refuses, sends no request id twice."""

import re

from providers.vendor_cases import sample
from providers.vendor_peer import Answered, Heard

TOKEN = "AAFx-telegram-0123456789"
REQUEST_ID = "6140411223344556677"
ERRORS = {
    "+447700900001": "PHONE_NUMBER_NOT_AVAILABLE", "+447700900002": "BALANCE_NOT_ENOUGH",
    "+447700900003": "FLOOD_WAIT_17", "+447700900004": "SOMETHING_NEW",
    "+447700900005": "PHONE_NUMBER_INVALID",
}  # fmt: skip
"""How it refuses a recipient when it is asked whether it can be reached."""
OPTIONAL = {"sender_username", "code", "callback_url", "payload", "ttl"}


class Gateway:
    """One account.

    Attributes:
        heard: every message that was taken.
        silent: the methods that are done, and then not answered.
    """

    def __init__(self, *silent: str, lost: bool = False) -> None:
        self.heard: list[Heard] = []
        self.revoked: list[str] = []
        self.silent = silent
        self.lost = lost

    def __call__(self, heard: Heard) -> Answered:
        method = heard.path.removeprefix("/")
        if heard.headers.get("authorization") != f"Bearer {TOKEN}":
            return _no("ACCESS_TOKEN_INVALID")
        if heard.method != "POST" or heard.headers.get("content-type") != "application/json":
            return _no("UNKNOWN_METHOD")
        answered = {
            "checkSendAbility": self._check, "sendVerificationMessage": self._send,
            "checkVerificationStatus": self._status, "revokeVerificationMessage": self._revoke,
        }.get(method, lambda heard: _no("UNKNOWN_METHOD"))(heard)  # fmt: skip
        return Answered(hang_up=True) if method in self.silent else answered

    def _check(self, heard: Heard) -> Answered:
        if set(heard.json) != {"phone_number"}:
            return _no("PARAMETER_INVALID")
        to = heard.json["phone_number"]
        if not re.fullmatch(r"\+[1-9]\d{6,14}", to):
            return _no("PHONE_NUMBER_INVALID")
        if to == "+447700900006":
            return Answered(502, b"<html>Bad Gateway</html>")
        return _no(ERRORS[to]) if to in ERRORS else Answered(200, sample("telegram", "able.json"))

    def _send(self, heard: Heard) -> Answered:
        given = heard.json
        if set(given) - OPTIONAL != {"phone_number", "request_id"}:
            return _no("PARAMETER_INVALID")
        if given["request_id"] != REQUEST_ID:
            return _no("REQUEST_ID_INVALID")
        if not re.fullmatch(r"[0-9]{4,8}", given["code"]):
            return _no("CODE_INVALID")
        if not 30 <= given.get("ttl", 30) <= 3600:
            return _no("TTL_INVALID")
        url = given.get("callback_url", "https://")
        if len(url) > 256 or not url.startswith("https://"):
            return _no("CALLBACK_URL_INVALID")
        if len(given.get("payload", "").encode()) > 128:
            return _no("PAYLOAD_INVALID")
        if self.lost:
            return Answered(hang_up=True)
        if self.heard:
            return _no("MESSAGE_ALREADY_SENT")
        self.heard.append(heard)
        return Answered(200, sample("telegram", "sent.json"))

    def _status(self, heard: Heard) -> Answered:
        if heard.json["request_id"] != REQUEST_ID:
            return _no("REQUEST_ID_INVALID")
        return Answered(200, sample("telegram", "sent.json" if self.heard else "able.json"))

    def _revoke(self, heard: Heard) -> Answered:
        if set(heard.json) != {"request_id"}:
            return _no("REQUEST_ID_REQUIRED")
        self.revoked.append(heard.json["request_id"])
        return Answered(200, {"ok": True, "result": True})


def _no(error: str) -> Answered:
    return Answered(200, {"ok": False, "error": error})
