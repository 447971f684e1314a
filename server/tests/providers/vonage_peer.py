"""Vonage on loopback, strict: what its published contract would refuse is refused.

Messages are held against Vonage's own OpenAPI file (samples/vonage/openapi.json); calls against
what https://developer.vonage.com/en/api/voice and its NCCO reference say in words.
"""

import base64
import json
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

from providers.vendor_cases import Published
from providers.vendor_peer import Answered, Heard

APPLICATION = "aaaaaaaa-bbbb-cccc-dddd-0123456789ab"
KEY = generate_private_key(65537, 2048)
PEM = KEY.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
).decode()
API_KEY, API_SECRET = "abcd1234", "s3cretS3cretAbCdEf"
SENDER, NAME, TEMPLATE = "447700900001", "Acme", "acme_code"
NOW_S = 1_800_000_000
PUBLISHED = Published("vonage")
UUID = "aaaaaaaa-bbbb-4ccc-8ddd-{:012x}"
TRACE = "bf0ca0bf927b3b52e3cb03217e1a1ddf"

_TALK = {"action", "text", "bargeIn", "loop", "level", "language", "style", "premium"}
_CALL = {
    "to", "from", "ncco", "event_url", "event_method", "machine_detection", "length_timer",
    "ringing_timer", "random_from_number", "advanced_machine_detection",
}  # fmt: skip


def problem(status: int, code: str, words: str, **more: Any) -> Answered:
    """An error as Vonage spells it (RFC 7807)."""
    page = f"/messages#{code}" if code.isdigit() else f"#{code}"
    kind = f"https://developer.vonage.com/api-errors{page}"
    said = {"type": kind, "title": "Refused", "detail": words, "instance": TRACE, **more}
    return Answered(status, said, {"content-type": "application/problem+json"})


class FakeVonage:
    """Takes what Vonage would take; `answer` is given to what is right instead of a success."""

    def __init__(self, answer: Answered | None = None) -> None:
        self.answer = answer
        self.taken: list[dict[str, Any]] = []
        self.tokens: list[dict[str, Any]] = []

    def __call__(self, heard: Heard) -> Answered:
        by_key = heard.headers.get("authorization") == "Basic " + _encoded(API_KEY, API_SECRET)
        claims = None if by_key else _claims(heard.headers.get("authorization", ""))
        if not by_key and claims is None:
            return problem(401, "unauthorized", "You did not provide correct credentials.")
        if heard.method == "GET":
            return self._read(heard, by_key)
        if heard.method != "POST" or heard.path not in ("/v1/messages", "/v1/calls"):
            return problem(404, "not-found", "There is nothing here.")
        if heard.headers.get("content-type") != "application/json":
            return problem(415, "unsupported-media-type", "Send JSON.")
        try:
            body = json.loads(heard.body)
        except ValueError:
            return problem(400, "invalid-json", "Unexpected character")
        refused = _message(body) if heard.path == "/v1/messages" else _call(body, by_key)
        if refused or self.answer:
            return refused or self.answer
        self.taken.append(body)
        self.tokens.append(claims or {})
        uuid = UUID.format(len(self.taken))
        if heard.path == "/v1/messages":
            return Answered(202, {"message_uuid": uuid})
        return Answered(201, {"uuid": uuid, "status": "started", "direction": "outbound"})

    def _read(self, heard: Heard, by_key: bool) -> Answered:
        if heard.path == "/account/get-balance" and by_key:
            return Answered(200, {"value": 10.28, "autoReload": False})
        if heard.path == "/v1/calls" and not by_key and heard.query == {"page_size": "1"}:
            return Answered(200, {"count": 0, "_embedded": {"calls": []}})
        return problem(401, "unauthorized", "You did not provide correct credentials.")


def _encoded(user: str, password: str) -> str:
    return base64.b64encode(f"{user}:{password}".encode()).decode()


def _bytes(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _claims(authorization: str) -> dict[str, Any] | None:
    scheme, _, token = authorization.partition(" ")
    if scheme != "Bearer" or token.count(".") != 2:
        return None
    signed, _, signature = token.rpartition(".")
    try:
        KEY.public_key().verify(_bytes(signature), signed.encode(), PKCS1v15(), hashes.SHA256())
    except (InvalidSignature, ValueError):
        return None
    header, claims = (json.loads(_bytes(part)) for part in signed.split("."))
    right = (
        header == {"alg": "RS256", "typ": "JWT"}
        and claims.keys() == {"application_id", "iat", "exp", "jti"}
        and claims["application_id"] == APPLICATION
        and claims["iat"] <= NOW_S < claims["exp"] <= claims["iat"] + 86_400
        and len(claims["jti"]) >= 16
    )
    return claims if right else None


def _message(body: dict[str, Any]) -> Answered | None:
    kind = body.get("channel")
    if kind not in PUBLISHED.operations:
        return problem(422, "1400", "Unsupported channel")
    complaints = PUBLISHED.complaints(kind, body)
    if complaints:
        wrong = [{"name": complaints[0].partition("'")[2][:20], "reason": complaints[0]}]
        if "to" in body and not str(body["to"]).isdigit():
            wrong = [{"name": "to", "reason": "invalid value"}]
        return problem(422, "1150", "Invalid params", invalid_parameters=wrong)
    if body["from"] not in (SENDER, NAME):
        return problem(422, "1420", "Invalid sender")
    if kind == "whatsapp":
        template = body["custom"]["template"]
        body_part, button = template["components"]
        same = body_part["parameters"] == button["parameters"]
        if template["name"] != TEMPLATE or not same or button.get("index") != "0":
            return problem(422, "1022", "Invalid template")
    return None


def _call(body: dict[str, Any], by_key: bool) -> Answered | None:
    if by_key:
        return problem(401, "unauthorized", "The Voice API takes a JWT alone.")
    said = body.get("ncco")
    right = (
        body.keys() <= _CALL
        and body.keys() >= {"to", "from", "ncco"}
        and [end.keys() == {"type", "number"} for end in body["to"]] == [True]
        and body["from"] == {"type": "phone", "number": SENDER}
        and isinstance(said, list)
        and all(one.keys() <= _TALK and one["action"] == "talk" for one in said)
        and all(0 < len(one["text"]) <= 1500 for one in said)
        and all(isinstance(url, str) for url in body.get("event_url", []))
    )
    if not right:
        return problem(400, "invalid-params", "The value of one or more parameters is invalid.")
    if not str(body["to"][0]["number"]).isdigit():
        wrong = [{"name": "to", "reason": "invalid value"}]
        return problem(400, "invalid-params", "Invalid number", invalid_parameters=wrong)
    return None
