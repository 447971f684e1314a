"""The codec: what is encoded reads as itself, and whatever arrives is a PDU or one error."""

import struct
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import settings as runs
from hypothesis import strategies as st

from watchword_server.providers.smpp import pdu
from watchword_server.providers.smpp.pdu import (
    HEADER,
    MAX_PDU,
    Bind,
    Bound,
    Command,
    Frames,
    Malformed,
    Nothing,
    Pdu,
    Short,
    Tag,
    Taken,
    Unknown,
    decode,
    encode,
)

untimed = runs(deadline=None)  # a busy machine is no failure

OCTET = st.integers(0, 255)
WORD = st.integers(0, 0xFFFF_FFFF)
TLVS = st.lists(
    st.tuples(st.integers(0, 0xFFFF), st.binary(max_size=300)), max_size=4
).map(tuple)  # fmt: skip


def fields(kind):
    """Values for every field, as long as its section allows."""
    latin = st.characters(min_codepoint=1, max_codepoint=255)
    values = {
        name: st.text(latin, max_size=size - 1) if size else OCTET
        for name, size in pdu._FIELDS[kind]
    }
    if kind is Short:
        values["short_message"] = st.binary(max_size=254)
    if kind in (Bound, Short, Taken):
        values["tlvs"] = TLVS
    return st.builds(kind, **values)


@st.composite
def pdus(draw):
    command = draw(st.sampled_from(Command))
    body = draw(fields(pdu._BODIES[command]))
    return Pdu(command=command, status=draw(WORD), sequence=draw(WORD), body=body)


FRAME = pdus().map(encode)


def reads_as_itself(one):
    assert decode(encode(one)) == one


def is_read_or_refused(read, data):
    try:
        assert isinstance(read(data), Pdu)
    except Malformed as bad:
        assert bad.status


@untimed
@given(pdus())
def test_every_pdu_reads_as_itself(one):
    reads_as_itself(one)


@untimed
@given(st.binary(max_size=400))
def test_any_octets_are_read_or_refused(data):
    is_read_or_refused(decode, data)


@untimed
@given(st.sampled_from(Command), st.binary(max_size=300))
def test_any_body_of_a_known_command_is_read_or_refused(command, body):
    is_read_or_refused(decode, HEADER.pack(16 + len(body), command, 0, 1) + body)


@untimed
@given(FRAME, st.data())
def test_a_damaged_pdu_is_read_or_refused(frame, data):
    at = data.draw(st.integers(0, len(frame) - 1))
    damaged = frame[:at] + bytes((data.draw(OCTET),)) + frame[at + 1 :]
    is_read_or_refused(decode, damaged)
    is_read_or_refused(decode, frame[:at])


@untimed
@given(st.lists(FRAME, max_size=6), st.data())
def test_a_stream_is_cut_into_the_same_frames_however_it_arrives(frames, data):
    stream, cutter, found = b"".join(frames), Frames(), []
    while stream:
        size = data.draw(st.integers(1, len(stream)))
        found += cutter.feed(stream[:size])
        stream = stream[size:]
    assert found == frames
    assert cutter.held == 0


@untimed
@given(st.lists(st.binary(max_size=200), max_size=20))
def test_a_stream_of_anything_is_never_held_beyond_one_pdu(chunks):
    cutter = Frames()
    for chunk in chunks:
        try:
            for frame in cutter.feed(chunk):
                is_read_or_refused(decode, frame)
        except Malformed:
            assert cutter.held == 0
            return
        assert cutter.held < MAX_PDU


@pytest.mark.parametrize("length", [0, 15, MAX_PDU + 1, 0xFFFF_FFFF])
def test_a_length_beyond_reason_ends_the_stream_before_it_is_waited_for(length):
    cutter = Frames()
    with pytest.raises(Malformed) as refused:
        list(cutter.feed(HEADER.pack(length, Command.DELIVER_SM, 0, 7)))
    assert (refused.value.sequence, refused.value.status) == (7, pdu.INVALID_COMMAND_LENGTH)
    assert cutter.held == 0


def test_frames_before_a_bad_length_are_still_read():
    good = encode(Pdu(command=Command.ENQUIRE_LINK, sequence=1))
    found = []
    with pytest.raises(Malformed):
        for frame in Frames().feed(good + bytes(16)):
            found.append(frame)
    assert found == [good]


# ---- what stands in the specification -----------------------------------------------------------


def test_a_bind_is_encoded_as_the_specification_has_it():
    bind = Bind(system_id="SMPP3TEST", password="secret08", system_type="SUBMIT1")
    frame = encode(Pdu(command=Command.BIND_TRANSMITTER, sequence=1, body=bind))
    # section 3.2.4 shows this PDU with interface_version 0, addr_ton 1 and addr_npi 1
    assert frame == bytes.fromhex(
        "0000002F 00000002 00000000 00000001"
        "534D50503354455354 00 7365637265743038 00 5355424D495431 00 34 00 00 00"
    )


def test_an_answer_that_refuses_needs_no_body():
    for body in ("", "00"):
        content = bytes.fromhex(body)
        frame = HEADER.pack(16 + len(content), Command.SUBMIT_SM_RESP, 0x58, 3) + content
        assert decode(frame).body == Taken()


def test_a_body_that_is_cut_off_says_whose_it_was():
    frame = HEADER.pack(18, Command.DELIVER_SM, 0, 9) + b"\0\0"
    with pytest.raises(Malformed) as refused:
        decode(frame)
    assert (refused.value.command, refused.value.sequence) == (Command.DELIVER_SM, 9)


def test_a_command_nobody_knows_is_kept_as_it_is():
    frame = HEADER.pack(18, 0x0001_0203, 0, 9) + b"\1\2"
    assert decode(frame).body == Unknown(content=b"\1\2")
    assert encode(decode(frame)) == frame


def test_the_first_optional_parameter_of_a_tag_counts():
    short = Short(tlvs=((0x1234, b"x"), (Tag.MESSAGE_STATE, b"\2"), (Tag.MESSAGE_STATE, b"\5")))
    assert short.tlv(Tag.MESSAGE_STATE) == b"\2"
    assert short.tlv(Tag.NETWORK_ERROR_CODE) is None


@pytest.mark.parametrize(
    "body",
    [
        Bind(password="nine chars"), Bind(system_id="a\0b"), Taken(message_id="x" * 65),
        Short(short_message=bytes(255)), Short(dest="1" * 21), Short(validity_period="0" * 17),
    ],
)  # fmt: skip
def test_a_field_that_is_too_long_is_not_sent(body):
    with pytest.raises(Malformed):
        encode(Pdu(command=Command.SUBMIT_SM, sequence=1, body=body))


def test_nothing_of_a_pdu_is_shown():
    one = Pdu(
        command=Command.SUBMIT_SM, sequence=1,
        body=Short(dest="14155552671", short_message=b"482913"),
    )  # fmt: skip
    for shown in (repr(one), str(one), repr(one.body), repr(Bind(password="s3cr3tpw"))):
        assert not any(hidden in shown for hidden in ("4155552671", "482913", "s3cr3tpw"))


# ---- the mutants that these must catch ----------------------------------------------------------


def test_a_codec_that_forgets_a_field_is_caught():
    with (
        mock.patch.dict(pdu._FIELDS, {Taken: ()}),
        pytest.raises(AssertionError),
    ):
        reads_as_itself(Pdu(command=Command.SUBMIT_SM_RESP, sequence=1, body=Taken(message_id="1")))


def test_a_decoder_that_trusts_a_length_is_caught():
    def careless(frame):
        length, command, status, sequence = HEADER.unpack_from(frame)
        name_end = frame.index(b"\0", 16)
        struct.unpack_from(">BB", frame, name_end)
        return Pdu(command=command, sequence=sequence, status=status, body=Nothing())

    with pytest.raises((struct.error, ValueError)):
        is_read_or_refused(careless, HEADER.pack(18, Command.DELIVER_SM, 0, 1) + b"xy")


def test_a_cutter_that_loses_its_place_is_caught():
    class Forgetful(Frames):
        def feed(self, data):
            yield from list(super().feed(data))
            self._held.clear()

    frame, cutter = encode(Pdu(command=Command.UNBIND, sequence=2)), Forgetful()
    assert [*cutter.feed(frame[:5]), *cutter.feed(frame[5:])] != [frame]
