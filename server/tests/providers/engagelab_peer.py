"""EngageLab on loopback, strict: what its documents say of `/v1/codes` and of templates.

The schema is in words there (https://www.engagelab.com/docs/otp), and here too.
"""

import base64
import json
import re
from typing import Any

from providers.vendor_peer import Answered, Heard

KEY, SECRET = "acme_dev", "w8Zr4KtX1mVb6QpN3sLd9YcF"
TEMPLATES = {"acme-sms": 2, "acme-wa": 2, "acme-voice": 2, "acme-mail": 2, "draft": 1}
_PHONE = re.compile(r"\+[1-9][0-9]{6,14}")
_MAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_LANGUAGES = {"default", "zh_CN", "zh_HK", "en", "ja", "th", "es"}


def problem(status: int, code: int, words: str = "Words") -> Answered:
    """An error as EngageLab spells it."""
    return Answered(status, {"code": code, "message": words})


class FakeEngagelab:
    """Takes what EngageLab would take; `answer` is given to what is right instead of a success."""

    def __init__(self, answer: Answered | None = None) -> None:
        self.answer = answer
        self.taken: list[dict[str, Any]] = []

    def __call__(self, heard: Heard) -> Answered:
        login = "Basic " + base64.b64encode(f"{KEY}:{SECRET}".encode()).decode()
        if heard.headers.get("authorization") != login:
            return problem(401, 2001, "auth failed")
        if heard.method == "GET" and heard.path.startswith("/v1/template-configs/"):
            template = heard.path.rpartition("/")[2]
            if template not in TEMPLATES:
                return problem(400, 4001, "config not exist")
            return Answered(200, {"template_id": template, "status": TEMPLATES[template]})
        if (heard.method, heard.path) != ("POST", "/v1/codes"):
            return problem(404, 4001)
        if heard.headers.get("content-type") != "application/json":
            return problem(400, 3001)
        try:
            body = json.loads(heard.body)
        except ValueError:
            return problem(400, 3001, "body is not valid JSON")
        refused = _codes(body)
        if refused or self.answer:
            return refused or self.answer
        self.taken.append(body)
        message_id = str(1725407449772531712 + len(self.taken))
        return Answered(200, {"message_id": message_id, "send_channel": "sms"})


def _codes(body: Any) -> Answered | None:
    if not isinstance(body, dict) or body.keys() != {"to", "code", "template"}:
        return problem(400, 3002, "parameters do not meet requirements")
    template = body["template"]
    right = (
        isinstance(template, dict)
        and template.keys() <= {"id", "language", "params"}
        and isinstance(template.get("id"), str)
        and template.get("language", "default") in _LANGUAGES
        and _are_texts(template.get("params", {}))
        and isinstance(body["code"], str)
        and isinstance(body["to"], str)
    )
    if not right or not body["code"]:
        return problem(400, 3002, "parameters do not meet requirements")
    if template["id"] not in TEMPLATES:
        return problem(400, 4001, "config not exist")
    if not _PHONE.fullmatch(body["to"]) and not _MAIL.fullmatch(body["to"]):
        return problem(400, 5011, f"Invalid phone number {body['to']}")
    return None


def _are_texts(params: Any) -> bool:
    return isinstance(params, dict) and all(isinstance(value, str) for value in params.values())
