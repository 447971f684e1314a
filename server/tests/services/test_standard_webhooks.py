"""Standard Webhooks: the public libraries verify our signatures unchanged."""

import base64
import json
import subprocess
import time
from datetime import UTC, datetime

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

import services_needed
import tracked
from watchword_server.domain import events, letter, standard_webhooks
from watchword_server.domain.events import Data, Event, EventType
from watchword_server.domain.webhook import Dialect, EndpointSecrets, WebhookEndpoint

NODE = tracked.ROOT / "server/tests/domain/verify_webhook.cjs"
SECRET = standard_webhooks.secret_from(bytes(range(32)))
OLDER = standard_webhooks.secret_from(bytes(range(32, 64)))
PROJECT, SUBJECT, ENDPOINT = bytes(range(16)), bytes(range(16, 32)), bytes(range(32, 48))


def now_ms():
    """Now: the libraries read the clock themselves."""
    return int(time.time() * 1000)


def endpoint():
    return WebhookEndpoint(
        project=PROJECT, id=ENDPOINT, url="https://example.com/", description="",
        dialect=Dialect.STANDARD, types=(), secrets=b"", verified=True, disabled=None,
        failing_since=None, not_before=0, after=0, created_at=0, updated_at=0,
    )  # fmt: skip


def event():
    return Event(
        number=7, sequence=4, project=PROJECT, subject=SUBJECT, at=1_772_366_400_123,
        type=EventType.VERIFICATION_APPROVED, data=events.encode(Data(channel="sms", checks=1)),
    )  # fmt: skip


def written(*secrets, at=None):
    """A letter about an event, signed with these secrets."""
    pairs = tuple((one, None) for one in secrets or (SECRET,))
    now = now_ms() if at is None else at
    return letter.event_letter(endpoint(), EndpointSecrets(pairs), event(), None, now, "00")


def in_python(secret, sent):
    try:
        return Webhook(secret).verify(sent.body, sent.headers)
    except WebhookVerificationError:
        return None


def in_node(secret, sent):
    node = services_needed.require("node")
    library = services_needed.require_package("standardwebhooks")
    asked = {"library": str(library), "secret": secret, "headers": sent.headers}
    done = subprocess.run(
        [node, NODE], input=json.dumps(asked | {"body": sent.body.decode()}),
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.stderr == ""
    if done.returncode:
        assert done.stdout == "WebhookVerificationError"
        return None
    return json.loads(done.stdout)


LIBRARIES = pytest.mark.parametrize("verified", [in_python, in_node])


def accepts_ours_and_nothing_else(verified, sent):
    replace = letter.msgspec.structs.replace
    told = verified(SECRET, sent)
    assert told is not None
    assert told["type"] == "verification.approved"
    assert told["data"]["sequence"] == 4
    assert verified(OLDER, sent) is None
    assert verified(SECRET, replace(sent, body=sent.body.replace(b"sms", b"sns"))) is None
    fields = sent.headers
    assert verified(SECRET, replace(sent, headers=fields | {"webhook-id": "evt_other"})) is None
    later = str(int(fields["webhook-timestamp"]) + 1)
    assert verified(SECRET, replace(sent, headers=fields | {"webhook-timestamp": later})) is None
    assert verified(SECRET, written(at=now_ms() - 400_000)) is None


@LIBRARIES
def test_the_public_library_accepts_our_signature_and_nothing_else(verified):
    accepts_ours_and_nothing_else(verified, written())


@pytest.mark.parametrize(
    "broken",
    [
        lambda id, timestamp, body: f"{id}.{timestamp}".encode(),
        lambda id, timestamp, body: f"{timestamp}.{id}.".encode() + body,
        lambda id, timestamp, body: f"{id}.{timestamp * 1000}.".encode() + body,
    ],
    ids=["no body", "wrong order", "milliseconds"],
)
@LIBRARIES
def test_the_public_library_mutant_is_caught(verified, broken, monkeypatch):
    def signature(secret, id, timestamp, body):
        key = standard_webhooks.key_of(secret)
        digest = standard_webhooks.hmac.digest(key, broken(id, timestamp, body), "sha256")
        return "v1," + base64.b64encode(digest).decode()

    monkeypatch.setattr(standard_webhooks, "signature", signature)
    with pytest.raises(AssertionError):
        accepts_ours_and_nothing_else(verified, written())


@LIBRARIES
def test_while_a_rotation_overlaps_both_secrets_verify(verified):
    sent = written(SECRET, OLDER)
    assert verified(SECRET, sent) is not None
    assert verified(OLDER, sent) is not None


@LIBRARIES
def test_a_ping_verifies(verified):
    secrets = EndpointSecrets(((SECRET, None),))
    sent = letter.ping_letter(endpoint(), secrets, SUBJECT, now_ms(), "00")
    told = verified(SECRET, sent)
    assert told["type"] == "webhook.ping"
    assert datetime.fromisoformat(told["timestamp"]).tzinfo is UTC


def test_the_example_of_the_specification_is_signed_as_it_says():
    """The vector of the specification's own libraries."""
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    body, id = b'{"test": 2432232314}', "msg_p5jXN8AQM9LWM0D4loKWxJek"
    signed = standard_webhooks.signature(secret, id, 1_614_265_330, body)
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_an_id_has_no_point_in_it():
    """It would be a separator (Standard Webhooks 1.0.0)."""
    assert "." not in written().headers["webhook-id"]


@pytest.mark.parametrize(
    "secret",
    ["", "whsec_", "whsec_AAAA", "whsec_!!!!", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
     standard_webhooks.secret_from(bytes(23)), standard_webhooks.secret_from(bytes(65))],
)  # fmt: skip
def test_a_secret_that_is_none_is_refused(secret):
    with pytest.raises(ValueError, match="whsec_"):
        standard_webhooks.key_of(secret)


def test_secrets_are_in_no_repr():
    secrets = EndpointSecrets(((SECRET, None),), authorization="Bearer x")
    assert "whsec" not in repr(secrets) + repr(written()) + str(secrets)
    assert "Bearer" not in repr(secrets)
