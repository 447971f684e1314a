"""What a vendor, or anybody, posts to an account's callback URL."""

import json

import pytest
from structlog.testing import capture_logs

from api.called import DELIVERED, LOST, PUBLIC
from services.vendor import PATH, signature
from watchword_server.domain.delivery import Receipt
from watchword_server.domain.errors import Problem
from watchword_server.services import callbacks as service


async def test_a_signed_report_moves_its_delivery_and_gets_the_vendors_answer(called):
    reply = await called.post(DELIVERED)
    assert (reply.status, reply.body) == (200, b"<ok/>")
    assert reply.headers["content-type"] == "text/xml"
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert await called.desk.deliveries(called.verification) == ["sms delivered"]


async def test_a_report_of_failure_falls_back_at_once(called):
    assert (await called.post(LOST)).status == 200
    assert await called.desk.deliver() == 1
    assert await called.desk.deliveries(called.verification) == ["sms undelivered", "voice sent"]


async def test_a_vendor_may_ask_whether_the_url_is_there_by_get(called):
    reply = await called.post([], f"{PATH}?challenge=42", method="GET", body=b"")
    assert (reply.status, reply.body) == (200, b"42")


async def nothing_changes(called, sent):
    """A refusal in the one shape, and everything as it was."""
    before = await called.state()
    reply = await sent
    assert reply.status >= 400
    assert reply.headers["content-type"] == "application/problem+json"
    assert reply.json["status"] == reply.status
    assert await called.state() == before
    return reply.status, reply.json["code"], reply.json["type"].rpartition("/")[2]


@pytest.mark.parametrize("seal", ["", "0" * 64, "é", signature(PUBLIC + PATH, b"[]")])
async def test_a_callback_with_a_bad_signature_changes_nothing(called, seal):
    refused = await nothing_changes(called, called.post(DELIVERED, signed=seal))
    assert refused == (401, 2001, "forged-callback")


async def test_a_callback_with_a_bad_signature_mutant_is_caught(called, monkeypatch):
    """A vendor whose signature nobody looks at."""
    monkeypatch.setattr("services.vendor.hmac.compare_digest", lambda *_: True)
    with pytest.raises(AssertionError):
        await nothing_changes(called, called.post(DELIVERED, signed="0" * 64))


async def test_the_query_is_part_of_what_was_signed(called):
    body = json.dumps(DELIVERED).encode()
    seal = signature(PUBLIC + PATH, body)
    refused = await nothing_changes(called, called.post(DELIVERED, f"{PATH}?a=1", signed=seal))
    assert refused[0] == 401


@pytest.mark.parametrize("chunks", [None, [b"x" * 40_000, b"x" * 40_000]])
async def test_an_oversized_callback_is_refused_before_it_is_looked_at(called, chunks):
    body = b"x" * 65_537
    refused = await nothing_changes(called, called.post(None, body=body, chunks=chunks))
    assert refused == (413, 3001, "body-too-large")


@pytest.mark.parametrize(
    ("body", "target"),
    [(b"not json", PATH), (b"explode", PATH), (b"[]", f"{PATH}?a=1&a=2"), (b"[]", f"{PATH}?%ff=1")],
)
async def test_what_no_vendor_sends_is_refused(called, body, target):
    refused = await nothing_changes(called, called.post(None, target, body=body))
    assert refused == (400, 3001, "unreadable-callback")


@pytest.mark.parametrize(
    ("path", "slug"),
    [
        (f"/callbacks/prv_{'0' * 32}", "unknown-id"), ("/callbacks/prv_1", "unknown-id"),
        ("/callbacks/nonsense", "unknown-id"), ("/callbacks/", "unknown-path"),
        (f"{PATH}/more", "unknown-path"), ("/callbacks", "unknown-path"),
    ],
)  # fmt: skip
async def test_an_account_that_is_not_there_is_not_found(called, path, slug):
    assert await nothing_changes(called, called.post(DELIVERED, path)) == (404, 4001, slug)


async def test_another_method_is_refused(called):
    assert (await nothing_changes(called, called.post([], method="PUT")))[0] == 405


async def test_another_host_is_refused(called):
    called.client.host = "elsewhere.example.com"
    assert (await nothing_changes(called, called.post(DELIVERED)))[0] == 421


async def test_a_report_on_nothing_known_is_not_found_and_held_for_its_hand_over(called):
    reply = await called.post([{"id": "SM2", "status": "30003"}])
    assert (reply.status, reply.json["code"]) == (404, 4001)
    assert "kept for 10 minutes" in reply.json["detail"]
    called.desk.sms.script = [Receipt(reference="SM2")]
    second = await called.desk.fall_back(to="+14155552672")
    await called.desk.deliver()
    assert await called.desk.deliveries(second) == ["sms undelivered", "voice sent"]


async def test_a_callback_of_which_something_is_known_is_taken(called):
    assert (await called.post([{"id": "SM2", "status": "delivered"}, *DELIVERED])).status == 200
    assert await called.desk.deliveries(called.verification) == ["sms delivered"]


async def test_a_flood_of_forged_callbacks_is_told_to_wait_and_the_vendor_is_not(called):
    for _ in range(service.FORGED.count):
        assert (await called.post(DELIVERED, signed="0")).status == 401
    reply = await called.post(DELIVERED, signed="0")
    assert (reply.status, reply.json["limit"]) == (429, "forged_callbacks")
    assert (await called.post(DELIVERED)).status == 200


async def test_more_reports_than_an_account_may_give_are_put_off(called, monkeypatch):
    few = service.Rate("callbacks", 2, 60)
    monkeypatch.setattr(service, "CALLBACKS", few)
    assert (await called.post([*DELIVERED, *DELIVERED])).status == 200
    reply = await called.post(DELIVERED)
    assert (reply.status, reply.json["limit"]) == (429, "callbacks")
    assert int(reply.headers["retry-after"]) > 0


def logs_nothing_secret(entries):
    shown = str(entries)
    assert "callback.taken" in shown
    for secret in ("30003-secret", "4155552671", "482913", "the vendor's", PATH):
        assert secret not in shown


async def everything_that_goes_wrong(called):
    await called.post([{"id": "SM1", "status": "30003-secret"}])
    await called.post([{"id": "MO1", "from": "+14155552671", "text": "stop 482913"}])
    await called.post(None, body=b"explode")
    await called.post(DELIVERED, signed="the vendor's own secret")


async def test_nothing_of_a_callback_is_logged_but_what_became_of_it(called):
    with capture_logs() as entries:
        await everything_that_goes_wrong(called)
    logs_nothing_secret(entries)


async def test_nothing_of_a_callback_is_logged_mutant_is_caught(called, monkeypatch):
    """A log that says what a callback said."""
    monkeypatch.setattr(service.msgspec.structs, "asdict", lambda _: {"said": "30003-secret"})
    with capture_logs() as entries:
        await everything_that_goes_wrong(called)
    with pytest.raises(AssertionError):
        logs_nothing_secret(entries)


async def test_a_provider_that_takes_no_callbacks_says_so(called, monkeypatch):
    project = called.desk.caller.project
    monkeypatch.setattr(called.desk.runtime.callbacks._accounts, "called",
                        lambda _: (project, called.desk.voice))  # fmt: skip
    with pytest.raises(Problem):
        called.desk.runtime.callbacks.account("nonsense")
    assert (await called.post(DELIVERED)).json["code"] == 3001
