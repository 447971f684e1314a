"""Flows that a program can run as they stand (Arazzo 1.0.1), with the sandbox's values."""

from base64 import b64encode
from collections.abc import Mapping
from typing import Any

from watchword_server.domain import sandbox

_KEY, _SECRET = "watchword_sandbox_demo", sandbox.CREDENTIALS["watchword_sandbox_demo"]
_BASIC = "Basic " + b64encode(f"{_KEY}:{_SECRET}".encode()).decode()
_OK = {"condition": "$statusCode == 200"}
_APPROVED = {"condition": "$response.body#/status == 'approved'"}
_ID = "$steps.send.outputs.message_id"


def document(url: str) -> dict[str, Any]:
    """The Arazzo description of a server."""
    return {
        "arazzo": "1.0.1",
        "info": {
            "title": "Watchword flows",
            "summary": "Send a code and verify it, against the sandbox.",
            "description": "Each workflow can be run without a key of your own: its values are "
            "those of the sandbox. For your own project change the key, template and recipient.",
            "version": "1.0.0",
        },
        "sourceDescriptions": [{"name": "watchword", "url": f"{url}/openapi.json",
                                "type": "openapi"}],
        "workflows": [
            _workflow(
                "send-and-verify", "Send a code and verify it.",
                _send("+10000000005", "sandbox-otp-tpl"), _check("123456"),
            ),
            _workflow(
                "send-resend-and-verify", "Send a code, send it again, and verify it.",
                _send("+10000000005", "sandbox-otp-tpl"), _resend("sms"), _check("123456"),
            ),
            _workflow(
                "send-fall-back-and-verify",
                "WhatsApp fails, SMS arrives; the code is read from the sandbox and verified.",
                _send("+10000000004", "sandbox-otp-tpl-wa"), _arrived("sms"),
                _read("+10000000004"), _check("$steps.read.outputs.code"),
            ),
        ],
    }  # fmt: skip


def operations(described: Mapping[str, Any]) -> set[str]:
    """The ids of the operations that the workflows call."""
    return {step["operationId"] for flow in described["workflows"] for step in flow["steps"]}


def _workflow(id: str, summary: str, *steps: dict[str, Any]) -> dict[str, Any]:
    return {
        "workflowId": id, "summary": summary,
        "description": f"{summary} Its recipient and code are the sandbox's.",
        "parameters": [{"name": "Authorization", "in": "header", "value": _BASIC}],
        "steps": list(steps),
        "outputs": {"status": "$steps.check.outputs.status"},
    }  # fmt: skip


def _step(
    id: str, operation: str, description: str, *criteria: dict[str, Any], **more: Any
) -> dict[str, Any]:
    return {
        "stepId": id, "operationId": operation, "description": description,
        **more, "successCriteria": [_OK, *criteria],
    }  # fmt: skip


def _send(to: str, template: str) -> dict[str, Any]:
    return _step(
        "send", "sendMessage", "Start a verification.",
        {"condition": "$response.body#/status == 'pending'"},
        requestBody={"contentType": "application/json",
                     "payload": {"to": to, "template": {"id": template}}},
        outputs={"message_id": "$response.body#/message_id"},
    )  # fmt: skip


def _resend(channel: str) -> dict[str, Any]:
    return _step(
        "resend", "resendMessage", "Send the same code again.",
        {"condition": f"$response.body#/send_channel == '{channel}'"},
        parameters=[{"name": "message_id", "in": "path", "value": _ID}],
        requestBody={"contentType": "application/json", "payload": {"channel": channel}},
    )  # fmt: skip


def _arrived(channel: str) -> dict[str, Any]:
    """Look until the second channel has delivered."""
    return _step(
        "fallback", "getMessage", "Wait until the next channel has delivered the message.",
        {"condition": f"$response.body#/deliveries/1/channel == '{channel}'"},
        {"condition": "$response.body#/deliveries/1/status == 'delivered'"},
        parameters=[{"name": "message_id", "in": "path", "value": _ID}],
        onFailure=[{"name": "look-again", "type": "retry", "retryAfter": 1, "retryLimit": 20}],
    )  # fmt: skip


def _read(to: str) -> dict[str, Any]:
    return _step(
        "read", "listSandboxMessages", "Read the code back; only the sandbox tells it.",
        parameters=[
            {"name": "to", "in": "query", "value": to},
            {"name": "limit", "in": "query", "value": 1},
        ],
        outputs={"code": "$response.body#/data/0/code"},
    )  # fmt: skip


def _check(code: str) -> dict[str, Any]:
    return _step(
        "check", "checkVerification", "Verify what the person typed.", _APPROVED,
        requestBody={"contentType": "application/json",
                     "payload": {"message_id": _ID, "verify_code": code}},
        outputs={"status": "$response.body#/status"},
    )  # fmt: skip
