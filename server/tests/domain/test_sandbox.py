"""The table of magic recipients: complete, consistent, and what it foretells comes back."""

import msgspec
import pytest

from watchword_server.domain import errors, sandbox
from watchword_server.domain.channel import Channel
from watchword_server.domain.delivery import DeliveryStatus, Reason, may_follow
from watchword_server.domain.sandbox import MAGIC, TABLE, Magic, Then

VENDORS = {
    "+10000000000", "+10000000005", "+10000000010", "sandbox@example.com", "+10000000001",
    "+10000000011", "+10000000012", "+10000000099", "+10000000002", "+10000000003",
    "+10000000018", "+10000000004", "+10000000014", "+10000000024",
}  # fmt: skip
"""EngageLab's own, from its SANDBOX.md."""

PROVOKED_OTHERWISE = {2001, 3001, 3002, 4001}
"""Wrong credentials, no JSON, a bad field, an unknown id: anyone can do that."""

DOCUMENTED = {
    1000, 2001, 2002, 2004, 3001, 3002, 3003, 3004, 4001, 5001, 5011, 5012, 5013, 5014, 5015,
    5016, 5017, 5018, 5019, 5020,
}  # fmt: skip


def every_code_can_be_provoked(table):
    answered = {row.error.code for row in table if row.error is not None}
    assert answered | PROVOKED_OTHERWISE == DOCUMENTED


def is_consistent(row):
    assert (row.error is None) is bool(row.then), "a row is refused, or something happens"
    states = {}
    for each in row.then:
        before = states.get(each.channel, DeliveryStatus.QUEUED)
        assert may_follow(before, each.status)
        states[each.channel] = each.status
        assert (each.code > 0) is (each.status in (sandbox.FAILED, DeliveryStatus.FAILED))
        assert not each.code or each.code in sandbox.REASONS
    assert [each.at for each in row.then] == sorted(each.at for each in row.then)
    assert row.error is None or not (row.code or row.ttl_s)


def test_every_vendors_number_is_there_and_each_recipient_once():
    assert set(MAGIC) >= VENDORS
    assert len(MAGIC) == len(TABLE)


def test_every_documented_error_can_be_provoked():
    every_code_can_be_provoked(TABLE)


def test_every_documented_error_mutant_is_caught():
    with pytest.raises(AssertionError):
        every_code_can_be_provoked([row for row in TABLE if row.to != "+10000005014"])


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.to)
def test_a_row_is_consistent(row):
    is_consistent(row)


@pytest.mark.parametrize(
    "change",
    [
        {"error": errors.INTERNAL},
        {"then": ()},
        {"then": (Then(0, None, DeliveryStatus.DELIVERED),)},
        {"then": (Then(1, None, DeliveryStatus.SENT), Then(0, None, DeliveryStatus.DELIVERED))},
        {"then": (Then(0, None, DeliveryStatus.SENT), Then(1, None, sandbox.FAILED))},
    ],
)
def test_a_row_mutant_is_caught(change):
    with pytest.raises(AssertionError):
        is_consistent(msgspec.structs.replace(MAGIC["+10000000010"], **change))


def test_an_error_of_ours_has_its_code_in_its_number():
    for row in TABLE:
        if row.to not in VENDORS and row.error not in (None, errors.UNAVAILABLE):
            assert row.to == f"+1000000{row.error.code}"


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.to)
def test_a_refusal_looks_like_the_real_one_and_says_its_mode(row):
    if row.error is None:
        return
    problem = sandbox.refusal(row, row.error)
    assert problem.kind is row.error
    assert problem.extra["mode"] == "sandbox"
    assert (problem.retry_after is not None) is (row.error.status in (429, 503))
    assert row.to not in problem.detail


def test_an_act_follows_the_row_on_each_channel():
    fails = sandbox.act("+10000000004", "whatsapp")
    assert (fails.first, fails.last, fails.after, fails.code) == (
        DeliveryStatus.SENT, DeliveryStatus.UNDELIVERED, 1, 5012,
    )  # fmt: skip
    arrives = sandbox.act("+10000000004", "sms")
    assert (arrives.last, arrives.after) == (DeliveryStatus.DELIVERED, 1)
    assert sandbox.act("+10000000004", "voice") is sandbox.ARRIVES
    assert sandbox.act("+14155552671", "sms") is sandbox.ARRIVES


def comes_back(foretell):
    for to, channel in (("+10000000018", "sms"), ("+10000000000", "voice")):
        act = sandbox.act(to, channel)
        report = sandbox.foretold(foretell("dlv_1", act))
        assert report is not None
        assert report.status is act.last
        assert report.raw == (str(act.code) if act.code else None)


def test_a_report_that_was_foretold_comes_back():
    comes_back(sandbox.foretell)
    failed = sandbox.foretold(sandbox.foretell("dlv_1", sandbox.act("+10000000018", "sms")))
    assert failed == sandbox.Foretold(sandbox.FAILED, Reason.UNREACHABLE, "5018")


def test_a_report_that_was_foretold_mutant_is_caught():
    with pytest.raises(AssertionError):
        comes_back(lambda id, act: id)


@pytest.mark.parametrize("reference", [None, "", "dlv_1", "dlv_1.sent.0", "SM123.x"])
def test_another_reference_foretells_nothing(reference):
    assert sandbox.foretold(reference) is None


def test_an_outcome_is_put_into_words():
    assert sandbox.outcome(MAGIC["+10000000001"]) == "HTTP 400, code 5011"
    assert sandbox.outcome(MAGIC["+10000000004"]) == (
        "at once: whatsapp sent; after the delay: whatsapp undelivered 5012, sms sent; "
        "after two: sms delivered"
    )
    row = Magic(to="x", does="y", then=(Then(0, Channel.SMS, DeliveryStatus.SENT),))
    assert sandbox.outcome(row) == "at once: sms sent"
