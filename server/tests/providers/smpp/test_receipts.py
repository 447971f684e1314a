"""Receipts become reports, answers become incoming messages, and neither shows a code."""

import pytest
from hypothesis import given
from hypothesis import settings as runs
from hypothesis import strategies as st

from providers.contract import CODE
from providers.smpp.account import settings
from watchword_server.domain.delivery import DeliveryStatus, Reason
from watchword_server.domain.inbound import Incoming, Report
from watchword_server.providers.smpp import receipts
from watchword_server.providers.smpp.pdu import Short, Tag
from watchword_server.providers.smpp.settings import Ids
from watchword_server.providers.smpp.status import MESSAGE_STATES, STATES

untimed = runs(deadline=None)  # a busy machine is no failure

S, R = DeliveryStatus, Reason


class Peer:
    host, port = "127.0.0.1", 2775


def receipt(stat="DELIVRD", err="000", message_id="0123456789", text=CODE, **more):
    """As Appendix B has it."""
    said = (
        f"id:{message_id} sub:001 dlvrd:001 submit date:2611230734 done date:2611230735"
        f" stat:{stat} err:{err} text:{text} is your Acm"
    )
    plain = {"esm_class": 4, "source": "14155552671", "short_message": said.encode("latin-1")}
    return Short(**{**plain, **more})


def read(short, **changes):
    return receipts.read(short, settings(Peer, **changes), "mark")


@pytest.mark.parametrize(
    ("stat", "status", "reason"),
    [
        ("DELIVRD", S.DELIVERED, None), ("EXPIRED", S.UNDELIVERED, R.UNREACHABLE),
        ("DELETED", S.UNDELIVERED, R.OTHER), ("UNDELIV", S.UNDELIVERED, R.UNREACHABLE),
        ("UNKNOWN", S.UNKNOWN, None), ("REJECTD", S.UNDELIVERED, R.BLOCKED_BY_CARRIER),
        ("delivrd", S.DELIVERED, None), ("BOUNCED", S.UNKNOWN, R.OTHER),
    ],
)  # fmt: skip
def test_a_receipt_says_what_became_of_the_message(stat, status, reason):
    assert read(receipt(stat, "0A1")) == Report(
        references=("0123456789",), status=status, reason=reason,
        raw=f"stat:{stat.upper()} err:0A1",
    )  # fmt: skip


def test_a_receipt_in_ucs_2_is_read_too():
    said = receipt("UNDELIV", text="Cod").short_message.decode("latin-1").encode("utf-16-be")
    short = receipt(short_message=said, data_coding=8)
    assert read(short).raw == "stat:UNDELIV err:000"


@pytest.mark.parametrize("stat", ["ACCEPTD", "ENROUTE"])
def test_what_is_not_final_is_no_report(stat):
    assert read(receipt(stat)) is None


def test_an_intermediate_notification_is_no_report():
    assert read(receipt(esm_class=0x20)) is None


def test_every_state_has_a_word_and_every_word_a_meaning():
    assert set(MESSAGE_STATES.values()) == set(STATES)


def test_optional_parameters_say_it_where_the_text_does_not():
    short = Short(
        esm_class=4,
        tlvs=(
            (Tag.RECEIPTED_MESSAGE_ID, b"abc\0"), (Tag.MESSAGE_STATE, b"\5"),
            (Tag.NETWORK_ERROR_CODE, b"\3\0\x1b"),
        ),
    )  # fmt: skip
    assert read(short) == Report(
        references=("abc",), status=S.UNDELIVERED, reason=R.UNREACHABLE, raw="stat:UNDELIV err:3-27"
    )


def test_a_receipt_that_is_marked_by_its_id_only_is_one():
    short = Short(tlvs=((Tag.RECEIPTED_MESSAGE_ID, b"abc"), (Tag.MESSAGE_STATE, b"\2")))
    assert read(short).status is S.DELIVERED


@pytest.mark.parametrize("said", ["", "id: sub:001 stat:DELIVRD", "id:1 sub:001", "hello"])
def test_a_receipt_about_nothing_is_dropped(said):
    assert read(Short(esm_class=4, short_message=said.encode())) is None


@pytest.mark.parametrize(
    ("ids", "answered", "receipted"),
    [
        (Ids.SAME, "7F3A", "7F3A"),
        (Ids.HEX_THEN_DECIMAL, "7F3A", "32570"),
        (Ids.HEX_THEN_DECIMAL, "00007f3a", "0000032570"),
        (Ids.DECIMAL_THEN_HEX, "32570", "7f3a"),
        (Ids.HEX_THEN_DECIMAL, "not-a-number", "not-a-number"),
    ],
)
def test_a_receipt_finds_its_message_however_the_id_is_written(ids, answered, receipted):
    (reference,) = read(receipt(message_id=receipted), message_ids=ids).references
    assert reference == receipts.canonical(answered, ids, receipt=False)


def test_the_parameter_writes_the_id_as_answers_do():
    both = receipt(message_id="0000032570", tlvs=((Tag.RECEIPTED_MESSAGE_ID, b"7F3A\0"),))
    alone = Short(
        esm_class=4, tlvs=((Tag.RECEIPTED_MESSAGE_ID, b"7F3A\0"), (Tag.MESSAGE_STATE, b"\2"))
    )
    for short in (both, alone):
        assert read(short, message_ids=Ids.HEX_THEN_DECIMAL).references == ("32570",)
    assert read(both).references == ("7F3A", "0000032570")


def shows_no_code(read_receipt, text):
    report = read_receipt(receipt(text=text))
    assert report is not None
    assert CODE not in f"{report}{report.raw}"


@untimed
@given(st.sampled_from([CODE, f"stat:{CODE}", f"err:{CODE} id:{CODE}", f"\ntext:{CODE} stat:X"]))
def test_the_text_of_a_receipt_is_never_read(text):
    shows_no_code(read, text)


def test_a_reader_that_keeps_the_whole_receipt_is_caught():
    def careless(short):
        raw = short.short_message.decode()
        return Report(references=("1",), status=S.DELIVERED, raw=raw)

    with pytest.raises(AssertionError):
        shows_no_code(careless, CODE)


@untimed
@given(st.builds(Short, esm_class=st.integers(0, 255), short_message=st.binary(max_size=254),
                 data_coding=st.integers(0, 255), source=st.text(max_size=20)))  # fmt: skip
def test_whatever_comes_is_read_or_dropped(short):
    assert isinstance(read(short), Report | Incoming | None)


# ---- what people send -------------------------------------------------------------------------


def test_an_answer_says_who_sent_it_to_whom():
    short = Short(source="14155552671", source_ton=1, dest="18005550100", short_message=b"STOP")
    assert read(short) == Incoming(
        sender="+14155552671", to="18005550100", channel="sms", text="STOP", reference="mark"
    )


def test_an_answer_in_another_script_is_read():
    said = "СТОП".encode("utf-16-be")
    short = Short(source="79161234567", short_message=said, data_coding=8)
    assert read(short).text == "СТОП"


def test_the_header_of_a_part_is_not_read_as_text():
    short = Short(
        source="14155552671", esm_class=0x40,
        short_message=bytes.fromhex("050003340201") + b"STOP",
    )  # fmt: skip
    assert read(short).text == "STOP"


@pytest.mark.parametrize(
    "short",
    [
        Short(source="Acme", source_ton=5, short_message=b"hi"),
        Short(source="4155552671", source_ton=2, short_message=b"a national number"),
        Short(source="12345", source_ton=3, short_message=b"a short code"),
        Short(source="14155552671", data_coding=4, short_message=b"\0\1"),
        Short(source="14155552671", esm_class=0x08, short_message=b"an acknowledgement"),
    ],
)
def test_what_nobody_can_answer_is_dropped(short):
    assert read(short) is None
