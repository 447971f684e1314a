"""Twilio on loopback, strict: what its published contract would refuse is refused.

Requests are held against the operations of Twilio's own OpenAPI file (samples/twilio/openapi.json);
beyond that stands here what its reference says in words.
"""

import base64
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl
from xml.etree import ElementTree

from providers.vendor_cases import Published, sample
from providers.vendor_peer import Answered, Heard

ACCOUNT = "AC" + "0a" * 16
TOKEN = "3f1d6c1b5a0e4c7f9b2d8e6a7c5b4d3e"
KEY, KEY_SECRET = "SK" + "1b" * 16, "q8Zt5VnX2bLr7KdM4wYc9HsJ3gFp6RuA"
SENDER, SERVICE, CONTENT = "+15005550006", "MG" + "2c" * 16, "HX" + "3d" * 16
ROOT = f"/2010-04-01/Accounts/{ACCOUNT}"
PUBLISHED = Published("twilio")

_NUMBER = re.compile(r"(?:whatsapp:)?\+[1-9][0-9]{6,14}")
# https://www.twilio.com/docs/voice/twiml/say and .../pause
_VERBS = {"Pause": {"length"}, "Say": {"language", "voice", "loop"}}


def error(status: int, code: int, words: str) -> Answered:
    """An error as Twilio spells it."""
    info = f"https://www.twilio.com/docs/errors/{code}"
    return Answered(
        status, {"code": code, "message": words, "more_info": info, "status": status}
    )  # fmt: skip


class FakeTwilio:
    """Takes what Twilio would take; `answer` is given to what is right instead of a success."""

    def __init__(self, answer: Answered | None = None) -> None:
        self.answer = answer
        self.taken: list[tuple[str, dict[str, str]]] = []

    def __call__(self, heard: Heard) -> Answered:
        refused = _stranger(heard)
        if refused:
            return refused
        if (heard.method, heard.path) == ("GET", f"{ROOT}/Balance.json"):
            return Answered(200, json.loads(sample("twilio", "balance.json")))
        kind = heard.path.removeprefix(f"{ROOT}/").removesuffix(".json")
        if heard.method != "POST" or kind not in PUBLISHED.operations or heard.query:
            return error(404, 20404, "The requested resource was not found")
        if heard.headers.get("content-type") != "application/x-www-form-urlencoded":
            return error(415, 21000, "Unsupported content type")
        try:
            fields = dict(pairs := parse_qsl(
                heard.body.decode(), keep_blank_values=True, strict_parsing=True
            ))  # fmt: skip
        except ValueError:
            return error(400, 21000, "Not a form")
        if len(fields) != len(pairs):
            return error(400, 21000, "A field is given twice")
        refused = _unpublished(kind, fields) or _OPERATIONS[kind](fields)
        if refused:
            return refused
        if self.answer:
            return self.answer
        self.taken.append((kind, fields))
        made = "message_created.json" if kind == "Messages" else "call_created.json"
        sid = f"{'SM' if kind == 'Messages' else 'CA'}{len(self.taken):032x}"
        return Answered(201, json.loads(sample("twilio", made)) | {"sid": sid})


def _stranger(heard: Heard) -> Answered | None:
    known = [f"{ACCOUNT}:{TOKEN}", f"{KEY}:{KEY_SECRET}"]
    right = ["Basic " + base64.b64encode(one.encode()).decode() for one in known]
    if heard.headers.get("authorization") not in right:
        return error(401, 20003, "Authenticate")
    return None


def _unpublished(kind: str, fields: Mapping[str, str]) -> Answered | None:
    properties = PUBLISHED.operations[kind]["properties"]
    typed = {name: _typed(properties.get(name, {}), value) for name, value in fields.items()}
    complaints = PUBLISHED.complaints(kind, typed)
    return error(400, 21000, "; ".join(complaints)) if complaints else None


def _typed(schema: Mapping[str, Any], value: str) -> Any:
    if schema.get("type") == "integer" and value.isdigit():
        return int(value)
    return [value] if schema.get("type") == "array" else value


def _message(fields: Mapping[str, str]) -> Answered | None:
    to, sender = fields["To"], fields.get("From")
    if not _NUMBER.fullmatch(to):
        return error(400, 21211, f"The 'To' number {to} is not a valid phone number.")
    if not (sender or fields.get("MessagingServiceSid")):
        return error(400, 21603, "A 'From' phone number is required.")
    if sender and sender.removeprefix("whatsapp:") not in (SENDER, "Acme"):
        return error(400, 21606, f"The From phone number {sender} is not yours.")
    if sender and sender.startswith("whatsapp:") != to.startswith("whatsapp:"):
        return error(400, 63007, "Twilio could not find a Channel with the specified From address")
    if not fields.get("Body") and not fields.get("ContentSid"):
        return error(400, 21602, "Message body is required.")
    if len(fields.get("Body", "")) > 1600:
        return error(400, 21617, "The concatenated message body exceeds the 1600 character limit")
    if not 1 <= int(fields.get("ValidityPeriod", "1")) <= 36_000:
        return error(400, 21000, "ValidityPeriod is out of range")
    if to.startswith("whatsapp:") and fields.get("ContentSid") != CONTENT:
        return error(400, 63016, "Failed to send freeform message: outside the allowed window.")
    variables = json.loads(fields.get("ContentVariables", "{}"))
    if not isinstance(variables, dict) or not all(map(_is_text, variables.values())):
        return error(400, 21656, "The Content Variables parameter is invalid")
    return None


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value)


def _call(fields: Mapping[str, str]) -> Answered | None:
    if not _NUMBER.fullmatch(fields["To"]) or fields["To"].startswith("whatsapp"):
        return error(400, 21211, f"The phone number you are calling, {fields['To']}, is not valid.")
    if fields["From"] != SENDER:
        return error(400, 21210, "The source phone number provided is not yet verified")
    if not {"Url", "Twiml", "ApplicationSid"} & fields.keys():
        return error(400, 21205, "Url parameter is required.")
    if len(fields["Twiml"]) > 4000:
        return error(400, 21000, "Twiml is too long")
    try:
        root = ElementTree.fromstring(fields["Twiml"])
    except ElementTree.ParseError:
        return error(400, 12100, "Document parse failure")
    ok = root.tag == "Response" and all(set(v.attrib) <= _VERBS.get(v.tag, set()) for v in root)
    return None if ok and len(root) else error(400, 12200, "Schema validation warning")


_OPERATIONS = {"Messages": _message, "Calls": _call}
