"""Custom messages and the sandbox: what goes out, and what comes back."""

import base64
import json
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from watchword import AsyncWatchword, Watchword
from watchword.testing import FakeServer

SENT = {"message_id": "ver_1", "status": "pending", "send_channel": "sms"}
Play = Callable[..., Any]  # conftest.Script


def test_a_custom_message_to_one_or_many(client: Watchword, fake: FakeServer) -> None:
    one = client.messages.send_custom(to="+6591234567", template_id="t", code="482913")
    assert (one.status, one.messages) == ("pending", ())
    many = client.messages.send_custom(
        to=["+6591234568", "ada@example.com"], template_id="t", code="482914", params={"a": "b"}
    )
    assert [each["to"] for each in many.messages] == ["+6591234568", "ada@example.com"]
    assert fake.code_for("ada@example.com") == "482914"
    last = many.messages[1]["message_id"]
    assert client.verifications.check(message_id=last, code="482914").verified


def test_a_custom_message_on_the_wire(script: Play) -> None:
    played = script(httpx2.Response(200, json=SENT), httpx2.Response(200, json=SENT))
    client = Watchword(dev_key="k", dev_secret="s", transport=played)
    client.messages.send_custom(to=("a@example.com",), template_id="t", params={"x": "y"})
    client.messages.send_custom(to="a@example.com", template_id="t", code="1234", language="ja")
    bodies = [json.loads(request.content) for request in played.requests]
    assert bodies == [
        {"to": ["a@example.com"], "template": {"id": "t", "params": {"x": "y"}}},
        {
            "to": "a@example.com",
            "template": {"id": "t", "language": "ja", "params": {"code": "1234"}},
        },
    ]
    assert {request.url.path for request in played.requests} == {"/v1/custom-messages"}


@pytest.mark.parametrize("kind", [Watchword, AsyncWatchword])
def test_the_sandbox_needs_no_key(kind: Any) -> None:
    assert repr(kind.in_sandbox("http://127.0.0.1:9")) == f"{kind.__name__}('http://127.0.0.1:9')"


def test_the_calls_of_the_sandbox_on_the_wire(script: Play) -> None:
    hook = {"url": "https://a.example/", "username": "u", "verified": True, "mode": "sandbox"}
    listed = {"data": [{"message_id": "ver_1", "code": "1234", "to": "x"}], "next_cursor": None}
    played = script(httpx2.Response(200, json=hook), httpx2.Response(200, json=listed))
    client = Watchword.in_sandbox(transport=played, max_retries=0)
    set_ = client.sandbox.set_webhook(url="https://a.example/", username="u", secret="s3cr3t")
    assert (set_.url, set_.verified, set_.mode) == ("https://a.example/", True, "sandbox")
    (message,) = client.sandbox.messages(to="+10000000005", limit=5)
    assert message.code == "1234"
    assert "1234" not in repr(message)
    put, get = played.requests
    assert (put.method, put.url.path) == ("PUT", "/v1/sandbox/webhook")
    assert dict(get.url.params)["to"] == "+10000000005"
    pair = base64.b64decode(put.headers["authorization"].split()[1])
    assert pair == b"watchword_sandbox_demo:watchword_sandbox_secret"
