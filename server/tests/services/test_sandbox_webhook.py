"""The webhook of a sandbox: one for each caller, in EngageLab's dialect, read by its SDK."""

import pytest
from engagelab_otp import WebhookVerifier

from services.hooks import FakePoster
from services.stage import SECOND, THERE, staged
from watchword_server.api.in_process import InProcess
from watchword_server.testing import post_due

USERNAME, SECRET = "sandbox_demo", "sandbox_webhook_secret"
OURS, THEIRS = "https://ours.example.com/in", "https://theirs.example.com/in"


@pytest.fixture
async def stage(tmp_path, clock):
    async with staged(tmp_path, clock, poster=FakePoster()) as stage:
        yield stage


def poster(stage):
    return stage.runtime.poster


async def set_webhook(stage, url, **body):
    body = {"url": url, "username": USERNAME, "secret": SECRET} | body
    status, answer = await InProcess(stage.runtime).call(
        "setSandboxWebhook", stage.caller, body=body
    )
    assert status == 200, answer
    return answer


async def told(stage, url=OURS):
    """What was posted to a URL, as the vendor's SDK reads it; each signature is looked at."""
    await post_due(stage.runtime)
    verifier = WebhookVerifier(USERNAME, SECRET)
    events = []
    for post in poster(stage).posts:
        if post.url == url and post.body != b"{}":
            header = post.headers["x-callback-id"]
            assert verifier.verify(header, now=stage.clock.now() // SECOND)
            events += verifier.parse_events(post.body)
    return events


async def test_a_webhook_is_pinged_and_shown_without_its_secret(stage):
    answer = await set_webhook(stage, OURS)
    assert (answer["url"], answer["username"], answer["verified"], answer["mode"]) == (
        OURS, USERNAME, True, "sandbox",
    )  # fmt: skip
    assert SECRET not in str(answer)
    (ping,) = poster(stage).posts
    assert ping.body == b"{}"
    header = ping.headers["x-callback-id"]
    assert WebhookVerifier(USERNAME, SECRET).verify(header, now=stage.clock.now() // SECOND)


async def test_a_secret_that_was_made_is_shown_once(stage):
    answer = await set_webhook(stage, OURS, secret=None)
    assert len(answer["secret"]) >= 32


async def goes_to_its_own_caller(stage, other):
    await set_webhook(stage, OURS)
    await set_webhook(other, THEIRS)
    await stage.send("+10000000010")
    await stage.deliver()
    assert [event.to for event in await told(stage, OURS)][-1] == "+10000000010"
    assert await told(stage, THEIRS) == []


async def test_each_caller_has_a_webhook_of_its_own(stage):
    await goes_to_its_own_caller(stage, await stage.other(THERE))


async def test_each_caller_has_a_webhook_mutant_is_caught(stage):
    with pytest.raises((AssertionError, IndexError)):
        await goes_to_its_own_caller(stage, stage)


async def test_setting_it_again_replaces_it_and_nothing_else(stage):
    status, _ = await InProcess(stage.runtime).call(
        "createWebhookEndpoint", stage.caller, body={"url": THEIRS, "dialect": "engagelab"}
    )
    assert status == 201
    await set_webhook(stage, "https://old.example.com/in")
    await set_webhook(stage, OURS)
    listed = await stage.services.webhook_endpoints.of(stage.caller)
    assert sorted(one.url for one in listed) == [OURS, THEIRS]


STATUSES = {
    "+10000000010": [("plan", 0), ("sent", 0), ("delivered", 0)],
    "+10000000002": [("plan", 0), ("sent", 0), ("delivered_failed", 5012)],
    "+10000000003": [("plan", 0)],
    "+10000000018": [("plan", 0), ("sent", 0), ("delivered_failed", 5018)],
    "+10000000004": [("plan", 0), ("sent", 0), ("sent", 0), ("delivered", 0)],
    "+10000000014": [
        ("plan", 0), ("sent", 0), ("sent", 0), ("sent", 0), ("delivered_failed", 5018),
    ],
    "+10000000024": [("plan", 0), ("sent", 0), ("delivered", 0)],
    "+10000000101": [("plan", 0), ("sent_failed", 5001)],
}  # fmt: skip
"""What is told of a recipient: a failure in the middle of a chain is not, because the vendor's
SDK takes every failure as final."""


@pytest.mark.parametrize("to", STATUSES)
async def test_the_vendors_sdk_reads_what_happened(stage, to):
    await set_webhook(stage, OURS)
    sent = await stage.send(to)
    for _ in range(12):
        await stage.deliver(1)
        await post_due(stage.runtime)
    events = await told(stage)
    assert [(event.status, event.error_code) for event in events] == STATUSES[to]
    assert {event.to for event in events} == {to}
    assert {event.message_id for event in events} == {f"ver_{sent.verification.id.hex()}"}
