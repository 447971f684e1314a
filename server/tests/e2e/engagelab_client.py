"""A client of EngageLab's OTP API, written from its documents alone: nine endpoints, no SDK.

Its base URL, paths, bodies and success shapes are those of the vendor's OpenAPI files and, for
the sandbox's webhook, of its SANDBOX.md.
"""

import base64
import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

TIMEOUT_S = 10


class Failed(Exception):
    """An answer of 4xx or 5xx: `{"code": int, "message": str}`."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


@dataclass(frozen=True)
class EngageLab:
    """The nine documented calls."""

    base_url: str
    dev_key: str
    dev_secret: str

    def send(self, to: str, template: dict[str, Any]) -> Any:
        return self._call("POST", "/v1/messages", {"to": to, "template": template})

    def send_code(self, to: str, code: str, template: dict[str, Any]) -> Any:
        return self._call("POST", "/v1/codes", {"to": to, "code": code, "template": template})

    def verify(self, message_id: str, verify_code: str) -> Any:
        body = {"message_id": message_id, "verify_code": verify_code}
        return self._call("POST", "/v1/verifications", body)

    def send_custom(self, to: str | list[str], template: dict[str, Any]) -> Any:
        return self._call("POST", "/v1/custom-messages", {"to": to, "template": template})

    def create_template(self, template: dict[str, Any]) -> Any:
        return self._call("POST", "/v1/template-configs", template)

    def list_templates(self) -> Any:
        return self._call("GET", "/v1/template-configs")

    def template(self, template_id: str) -> Any:
        return self._call("GET", f"/v1/template-configs/{template_id}")

    def delete_template(self, template_id: str) -> Any:
        return self._call("DELETE", f"/v1/template-configs/{template_id}")

    def set_sandbox_webhook(self, url: str, username: str, secret: str) -> Any:
        body = {"url": url, "username": username, "secret": secret}
        return self._call("PUT", "/v1/sandbox/webhook", body)

    def _call(self, method: str, path: str, body: object = None) -> Any:
        pair = base64.b64encode(f"{self.dev_key}:{self.dev_secret}".encode()).decode()
        header = {"Authorization": f"Basic {pair}", "Content-Type": "application/json"}
        raw = None if body is None else json.dumps(body).encode()
        asked = urllib.request.Request(self.base_url + path, raw, header, method=method)
        try:
            with urllib.request.urlopen(asked, timeout=TIMEOUT_S) as answer:
                return json.loads(answer.read())
        except urllib.error.HTTPError as error:
            said = json.loads(error.read())
            raise Failed(error.code, said["code"], said["message"]) from None
