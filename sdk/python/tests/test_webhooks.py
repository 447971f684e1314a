"""The verifier of webhooks: what it takes, and what it refuses."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any

import pytest
import standardwebhooks

from watchword import ConfigurationError, webhooks
from watchword.webhooks import RecentIds, Webhook, WebhookRefused, WebhookReplayed

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_" + base64.b64encode(b"another secret, 24 bytes").decode()
AT = 1_614_265_330
BODY = json.dumps(
    {
        "type": "verification.approved",
        "id": "evt_019ca9450a7b70008000000000000007",
        "timestamp": "2026-03-01T12:00:00.123000Z",
        "project_id": "prj_000102030405060708090a0b0c0d0e0f",
        "data": {"message_id": "ver_1", "sequence": 4},
    }
).encode()


class Clock:
    now = float(AT)

    def __call__(self) -> float:
        return self.now


def signed(body: bytes = BODY, id: str = "msg_1", at: int = AT, secret: str = SECRET) -> dict:
    """The header that a sender makes: by the public library, not by ours."""
    when = datetime.fromtimestamp(at, UTC)
    signature = standardwebhooks.Webhook(secret).sign(id, when, body.decode())
    return {"Webhook-Id": id, "Webhook-Timestamp": str(at), "Webhook-Signature": signature}


def webhook(secret: Any = SECRET, **options: Any) -> Webhook:
    return Webhook(secret, now=Clock(), **options)


def test_a_webhook_becomes_an_event() -> None:
    event = webhook().verify(BODY, signed())
    assert (event.type, event.data["message_id"]) == ("verification.approved", "ver_1")
    assert event.timestamp is not None
    assert event.timestamp.microsecond == 123_000


def test_the_vector_of_the_specification_is_verified() -> None:
    headers = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    with pytest.raises(WebhookRefused, match="signed, but it is no event"):
        webhook().verify('{"test": 2432232314}', headers)


def wrong() -> dict[str, tuple[bytes, dict[str, str]]]:
    fine = signed()
    return {
        "tampered": (BODY.replace(b"approved", b"canceled"), fine),
        "another secret": (BODY, signed(secret=OTHER)),
        "old": (BODY, signed(at=AT - 301)),
        "from the future": (BODY, signed(at=AT + 301)),
        "another id": (BODY, fine | {"Webhook-Id": "msg_2"}),
        "another time": (BODY, fine | {"Webhook-Timestamp": str(AT + 1)}),
        "no signature": (BODY, fine | {"Webhook-Signature": ""}),
        "another scheme": (BODY, fine | {"Webhook-Signature": "v1a,AAAA"}),
        "the signature alone": (BODY, fine | {"Webhook-Signature": fine["Webhook-Signature"][3:]}),
        "not ASCII": (BODY, fine | {"Webhook-Signature": "v1,é"}),
        "no header": (BODY, {}),
        "a time that is none": (BODY, fine | {"Webhook-Timestamp": "soon"}),
        "no JSON": (b"x", signed(b"x")),
        "no object": (b"[]", signed(b"[]")),
    }


def refuses(made: Any) -> None:
    for what, (body, headers) in wrong().items():
        with pytest.raises(WebhookRefused):
            made().verify(body, headers)
            raise AssertionError(what)


def test_what_was_not_signed_now_with_the_secret_is_refused() -> None:
    refuses(webhook)


class Trusting(Webhook):
    """Believes what was signed with any secret, at any time."""

    def __init__(self) -> None:
        super().__init__([SECRET, OTHER], now=Clock(), tolerance=10_000)


def test_what_was_not_signed_now_with_the_secret_is_refused_mutant_is_caught() -> None:
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        refuses(Trusting)


def test_the_edge_of_the_tolerance_is_taken() -> None:
    for id, at in (("msg_1", AT - 300), ("msg_2", AT + 300)):
        webhook().verify(BODY, signed(id=id, at=at))


def takes_each_once(made: Webhook) -> None:
    made.verify(BODY, signed())
    with pytest.raises(WebhookReplayed):
        made.verify(BODY, signed())
    with pytest.raises(WebhookReplayed):
        made.verify(BODY, signed(at=AT + 60))  # the sender's next try: a new time, the same id
    made.verify(BODY, signed(id="msg_2"))


def test_each_id_is_taken_once() -> None:
    takes_each_once(webhook())


def test_each_id_is_taken_once_mutant_is_caught() -> None:
    class Forgetful(RecentIds):
        def add(self, id: str, seconds: int) -> bool:
            return True

    with pytest.raises(pytest.fail.Exception):
        takes_each_once(webhook(memory=Forgetful()))


def test_a_webhook_that_could_not_be_handled_is_taken_again() -> None:
    made = webhook()
    made.verify(BODY, signed())
    made.forget(signed())
    assert made.verify(BODY, signed()).type == "verification.approved"


def test_what_is_refused_is_not_remembered() -> None:
    made = webhook()
    with pytest.raises(WebhookRefused):
        made.verify(BODY + b" ", signed())
    made.verify(BODY, signed())


@pytest.mark.parametrize("secret", [SECRET, OTHER, [SECRET, OTHER]])
def test_while_the_secret_changes_both_are_good(secret: Any) -> None:
    headers = signed()
    headers["Webhook-Signature"] += " " + signed(secret=OTHER)["Webhook-Signature"]
    webhook(secret).verify(BODY, headers)


def test_the_memory_forgets_in_time_and_is_bounded() -> None:
    clock = Clock()
    ids = RecentIds(limit=2, now=clock)
    assert ids.add("a", 10)
    assert not ids.add("a", 10)
    clock.now += 10
    assert ids.add("a", 10)
    assert ids.add("b", 10)
    assert ids.add("c", 10)
    assert ids.add("a", 10)  # pushed out by the limit


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_?", [], "é"])
def test_what_is_no_secret_is_said_at_once(secret: Any) -> None:
    with pytest.raises(ConfigurationError):
        Webhook(secret)


def test_nothing_of_the_secret_is_shown() -> None:
    assert "MfKQ" not in repr(webhook())


CALLBACK = b'{"total": 1, "rows": [{"message_id": "ver_1", "status": {"message_status": "sent"}}]}'


def called_back(secret: str = "s3cret", username: str = "watchword", at: int = AT) -> dict:
    """The header of the other dialect, as its vendor describes it."""
    content = f"{at}4f1{username}".encode()
    signature = hmac.new(secret.encode(), content, hashlib.sha256).hexdigest()
    said = f"timestamp={at};nonce=4f1;username={username};signature={signature}"
    return {"X-Callback-Id": said}


def verify(*given: Any) -> Any:
    return webhooks.verify(*given, now=Clock())


def test_the_function_verifies_both_dialects() -> None:
    assert verify(BODY, signed(), SECRET).type == "verification.approved"
    assert verify(BODY, signed(secret=OTHER), [SECRET, OTHER]).type == "verification.approved"
    callback = verify(CALLBACK, called_back(), "s3cret", "watchword")
    assert (callback.total, callback.rows[0]["message_id"]) == (1, "ver_1")
    assert verify(b"{}", called_back(), "s3cret", "watchword").rows == ()


@pytest.mark.parametrize(
    ("body", "headers", "secret"),
    [
        (CALLBACK, called_back(secret="another"), "s3cret"),
        (CALLBACK, called_back(username="somebody"), "s3cret"),
        (CALLBACK, called_back(at=AT - 301), "s3cret"),
        (CALLBACK, called_back(secret=""), ""),
        (CALLBACK, {"X-Callback-Id": "signature="}, "s3cret"),
        (CALLBACK, {}, "s3cret"),
        (CALLBACK, signed(), SECRET),
        (b"[]", called_back(), "s3cret"),
        (b"{", called_back(), "s3cret"),
    ],
)
def test_the_other_dialect_is_refused_when_anything_is_wrong(
    body: bytes, headers: dict, secret: str
) -> None:
    with pytest.raises(WebhookRefused):
        verify(body, headers, secret, "watchword")


def test_an_altered_body_is_refused_in_the_standard_dialect_alone() -> None:
    """The other one does not sign its body: that is its vendor's design."""
    with pytest.raises(WebhookRefused):
        verify(BODY + b" ", signed(), SECRET)
    assert verify(CALLBACK + b" ", called_back(), "s3cret", "watchword").total == 1
