"""Meta's Graph API as far as messages go: refuses what its reference refuses."""

import re

from providers.vendor_cases import sample
from providers.vendor_peer import Answered, Heard

TOKEN = "EAAJB-access-0123456789"
NUMBER_ID = "106540352242922"
LANGUAGES = {"en_US", "pt_BR", "de"}
CODES = {
    "+447700900001": (400, 131026), "+447700900002": (400, 131050), "+447700900003": (429, 130429),
    "+447700900004": (400, 999999), "+447700900005": (500, 1), "+447700900006": (503, 131016),
    "+447700900007": (400, 131042),
}  # fmt: skip
"""How it refuses a recipient."""


def error(status: int, code: int, details: str) -> Answered:
    about = {"messaging_product": "whatsapp", "details": details}
    said = {"message": f"(#{code}) No", "type": "OAuthException", "code": code}
    return Answered(status, {"error": said | {"error_data": about, "fbtrace_id": "AbC"}})


class Graph:
    """One business number with an authentication template of three languages.

    Attributes:
        heard: every message that was taken.
    """

    def __init__(self, *, button: bool = True) -> None:
        self.button = button
        self.heard: list[Heard] = []

    def __call__(self, heard: Heard) -> Answered:
        if heard.headers.get("authorization") != f"Bearer {TOKEN}":
            return error(401, 190, f"Invalid token {heard.headers.get('authorization')}")
        if heard.method == "GET":
            known = heard.path == f"/v24.0/{NUMBER_ID}"
            fields = {"status": "CONNECTED", "quality_rating": "GREEN", "id": NUMBER_ID}
            return Answered(200, fields) if known else error(404, 100, "no such object")
        refusal = self._refusal(heard)
        if refusal is not None:
            return refusal
        to = heard.json["to"]
        if to == "+447700900009":
            return Answered(hang_up=True)
        if to == "+447700900008":
            return Answered(200, {"messaging_product": "whatsapp"})
        if to in CODES:
            status, code = CODES[to]
            return error(status, code, f"Message to {to} failed")
        self.heard.append(heard)
        return Answered(200, sample("whatsapp", "accepted.json"))

    def _refusal(self, heard: Heard) -> Answered | None:
        if (heard.method, heard.path) != ("POST", f"/v24.0/{NUMBER_ID}/messages"):
            return error(400, 100, "Unsupported post request")
        if heard.headers.get("content-type") != "application/json":
            return error(400, 100, "wrong content type")
        body = heard.json
        fields = {"messaging_product", "recipient_type", "to", "type", "template"}
        if set(body) - {"biz_opaque_callback_data"} != fields:
            return error(400, 131008, "unknown or missing field")
        if (body["messaging_product"], body["recipient_type"]) != ("whatsapp", "individual"):
            return error(400, 100, "Invalid parameter")
        if not re.fullmatch(r"\+?[1-9]\d{6,14}", body["to"]) or body["type"] != "template":
            return error(400, 131009, "Parameter value is not valid")
        if len(body.get("biz_opaque_callback_data", "")) > 512:
            return error(400, 100, "Invalid parameter")
        return self._bad_template(body["template"])

    def _bad_template(self, template: dict) -> Answered | None:
        if set(template) != {"name", "language", "components"} or set(template["language"]) != {
            "code"
        }:
            return error(400, 131008, "unknown or missing field")
        if template["name"] not in ("verification_code", "log_in_code"):
            return error(404, 132001, f"template name ({template['name']}) does not exist")
        if template["language"]["code"] not in LANGUAGES:
            return error(404, 132001, "template name does not exist in the translation")
        parts = template["components"]
        wanted = [{"type": "body"}] + [
            {"type": "button", "sub_type": "url", "index": "0"} for _ in range(self.button)
        ]
        if [{k: v for k, v in part.items() if k != "parameters"} for part in parts] != wanted:
            return error(400, 132000, "Number of parameters does not match")
        texts = []
        for part in parts:
            (parameter,) = part["parameters"]
            if set(parameter) != {"type", "text"} or parameter["type"] != "text":
                return error(400, 132012, "Parameter format does not match")
            texts.append(parameter["text"])
        if len(set(texts)) != 1 or not 0 < len(texts[0]) <= 15:
            return error(400, 132012, "the code stands twice, and has at most 15 characters")
        return None
