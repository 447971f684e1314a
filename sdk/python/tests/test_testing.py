"""The public test kit keeps the rules a person notices, for both clients."""

import httpx2
import pytest

import watchword
from watchword import AsyncWatchword, Watchword
from watchword.testing import CHECKS, COOL_DOWN_SECONDS, TTL_SECONDS, FakeServer

TO = "+6591234567"


def send(client: Watchword, to: str = TO, **more: str) -> watchword.Message:
    return client.messages.send(to=to, template_id=more.pop("template_id", "otp-sms"), **more)


def test_a_code_approves_once(client: Watchword, fake: FakeServer) -> None:
    message = send(client)
    assert (message.status, message.send_channel, message.mode) == ("pending", "sms", "sandbox")
    checked = {"message_id": message.message_id, "code": fake.code_for(TO)}
    result = client.verifications.check(**checked)
    assert (result.verified, result.status, result.checks_left) == (True, "approved", 0)
    assert client.messages.get(message.message_id).status == "approved"
    with pytest.raises(watchword.Conflict) as caught:
        client.verifications.check(**checked)
    assert (caught.value.code, caught.value.extra["reason"]) == (3003, "approved")
    assert caught.value.next_action == "stop"


def test_wrong_codes_exhaust_a_verification(client: Watchword) -> None:
    message = send(client)
    results = [
        client.verifications.check(message_id=message.message_id, code="000000")
        for _ in range(CHECKS)
    ]
    assert [each.checks_left for each in results] == [4, 3, 2, 1, 0]
    assert not any(each.verified for each in results)
    assert results[-1].status == "exhausted"
    with pytest.raises(watchword.Gone) as caught:
        client.verifications.check(message_id=message.message_id, code="000000")
    assert caught.value.extra["reason"] == "exhausted"


def test_a_second_send_waits_for_the_cool_down_and_is_then_a_resend(
    client: Watchword, fake: FakeServer
) -> None:
    message, code = send(client), fake.code_for(TO)
    fake.advance(1.5)
    for again in (lambda: send(client), lambda: client.messages.resend(message.message_id)):
        with pytest.raises(watchword.RateLimited) as caught:
            again()
        assert caught.value.retry_after == COOL_DOWN_SECONDS - 1
        assert caught.value.extra["message_id"] == message.message_id
    fake.advance(COOL_DOWN_SECONDS)
    assert send(client).message_id == message.message_id
    assert fake.code_for(TO) == code


def test_another_template_cancels_what_is_pending(client: Watchword, fake: FakeServer) -> None:
    first = send(client)
    fake.advance(COOL_DOWN_SECONDS)
    second = send(client, template_id="other", code="424242")
    assert second.message_id != first.message_id
    assert client.messages.get(first.message_id).status == "canceled"
    assert fake.code_for(TO) == "424242"


def test_an_expired_or_canceled_verification_is_gone(client: Watchword, fake: FakeServer) -> None:
    canceled = client.messages.cancel(send(client, to="zoe@example.com").message_id)
    expired = send(client)
    fake.advance(TTL_SECONDS)
    assert (canceled.status, canceled.send_channel) == ("canceled", "email")
    for message, reason in ((canceled, "canceled"), (expired, "expired")):
        with pytest.raises(watchword.Gone) as caught:
            client.messages.resend(message.message_id)
        assert caught.value.extra["reason"] == reason
    assert [each.status for each in client.messages.list()] == ["canceled", "expired"]


def test_what_it_does_not_know_is_refused_in_the_servers_shape(client: Watchword) -> None:
    with pytest.raises(watchword.NotFound) as caught:
        client.messages.get("ver_0")
    assert (caught.value.code, caught.value.next_action) == (4001, "fix_request")
    with pytest.raises(watchword.NotFound, match="path"):
        client.projects.get("prj_1")
    with pytest.raises(LookupError):
        FakeServer().code_for(TO)
    answer = httpx2.Client(transport=FakeServer()).post("http://x/v1/messages", json={})
    assert (answer.status_code, answer.json()["field"]) == (400, "to")


async def test_the_async_client_meets_the_same_server(fake: FakeServer) -> None:
    async with AsyncWatchword(dev_key="demo", dev_secret="demo", transport=fake) as client:
        message = await client.messages.send(to=TO, template_id="otp-sms")
        checked = await client.verifications.check(
            message_id=message.message_id, code=fake.code_for(TO)
        )
        assert checked.verified
        assert [each.status async for each in client.messages.list()] == ["approved"]


def test_a_call_with_a_key_of_its_own_is_executed_once(client: Watchword, fake: FakeServer) -> None:
    mine = client.with_options(idempotency_key="signup-42")
    assert send(mine) == send(mine)
    with pytest.raises(watchword.BadRequest) as caught:
        send(mine, to="+6591234568")
    assert (caught.value.http_status, caught.value.extra["reason"]) == (
        422,
        "idempotency_key_reused",
    )
    with pytest.raises(watchword.RateLimited):
        send(client)
    fake.advance(TTL_SECONDS)
    first = send(client)
    assert send(mine).message_id != first.message_id
    fake.advance(86_401)
    assert send(mine).message_id not in (first.message_id, None)


def test_a_cool_down_leaves_the_key_free(client: Watchword, fake: FakeServer) -> None:
    message, mine = send(client), client.with_options(idempotency_key="signup-42")
    with pytest.raises(watchword.RateLimited):
        send(mine)
    fake.advance(COOL_DOWN_SECONDS)
    assert send(mine).message_id == message.message_id
