"""Prelude on loopback, strict: what its published contract would refuse is refused."""

import json
import re
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

from providers.vendor_cases import Published
from providers.vendor_peer import Answered, Heard

API_KEY = "sk_x7Qd2LmV9bTzR4nWk8sYc3hJ"
KEY = generate_private_key(65537, 2048)
PEM = (
    KEY.public_key()
    .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    .decode()
)
PUBLISHED = Published("prelude")
_CODE = re.compile(r"[0-9]{4,8}")
_NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")


def problem(status: int, code: str, words: str = "Words") -> Answered:
    """An error as Prelude spells it."""
    kind = "bad_request" if status < 500 else "internal"
    return Answered(
        status, {"code": code, "message": words, "type": kind, "request_id": "req_1"}
    )  # fmt: skip


def verification(number: int, status: str = "success", **more: Any) -> Answered:
    """What Prelude answers to a verification it has looked at."""
    said = {"id": f"vrf_{number:026d}", "status": status, "method": "message"}
    return Answered(200, said | {"channels": ["sms"], "request_id": "req_1"} | more)


class FakePrelude:
    """Takes what Prelude would take; `answer` is given to what is right instead of a success."""

    def __init__(self, answer: Answered | None = None) -> None:
        self.answer = answer
        self.taken: list[dict[str, Any]] = []

    def __call__(self, heard: Heard) -> Answered:
        if heard.headers.get("authorization") != f"Bearer {API_KEY}":
            return problem(401, "invalid_api_key", "The provided API key is invalid.")
        if (heard.method, heard.path) == ("GET", "/v2/verification/management/sender-id"):
            return Answered(200, {"sender_ids": []})
        if (heard.method, heard.path) != ("POST", "/v2/verification"):
            return problem(404, "not_found")
        if heard.headers.get("content-type") != "application/json":
            return problem(415, "invalid_request")
        try:
            body = json.loads(heard.body)
        except ValueError:
            return problem(400, "invalid_request")
        complaints = PUBLISHED.complaints("verification", body)
        if complaints:
            return problem(400, "invalid_request", "; ".join(complaints))
        if not _NUMBER.fullmatch(body["target"]["value"]):
            return problem(400, "invalid_phone_number", body["target"]["value"])
        if not _CODE.fullmatch(body.get("options", {}).get("custom_code", "0000")):
            return problem(400, "invalid_custom_code")
        if {"custom_code", "code_size"} <= body.get("options", {}).keys():
            return problem(400, "custom_size_conflict")
        if self.answer:
            return self.answer
        self.taken.append(body)
        return verification(len(self.taken), metadata=body.get("metadata", {}))
