"""Texts become octets that handsets read, in parts that fit."""

import pytest
from hypothesis import given
from hypothesis import settings as runs
from hypothesis import strategies as st

from watchword_server.domain import segments
from watchword_server.providers.smpp import text
from watchword_server.providers.smpp.pdu import Tag
from watchword_server.providers.smpp.text import UDHI, Charset, Long, Part, parts

untimed = runs(deadline=None)  # a busy machine is no failure

GSM, LATIN, CODED = Charset(), Charset("latin1"), Charset("gsm7", 3)
IN_GSM = "".join(sorted(segments.DEFAULT_ALPHABET | segments.EXTENSION))
ANYTHING = st.text(st.characters(exclude_categories=["Cs"]), max_size=900)
WORDS = st.one_of(ANYTHING, st.text(IN_GSM, max_size=900), st.text("€[]😀é", max_size=500))
SPLIT = [Long.UDH, Long.UDH16, Long.SAR]


def body(part: Part) -> bytes:
    return text.without_header(part.content) if part.esm_class & UDHI else part.content


def whole(made, charset):
    return "".join(text.decode(body(part), part.data_coding, charset) for part in made)


def arrives_whole(said, charset, long, split=parts):
    made = split(said, charset, long, 7)
    assert whole(made, charset) == said
    for part in made:
        if long is not Long.PAYLOAD:
            octets = len(body(part))
            escapes = body(part).count(b"\x1b") if charset == GSM and not part.data_coding else 0
            room = 140 if part.data_coding == text.UCS_2 else 160
            header = {Long.UDH: (6, 7), Long.UDH16: (8, 8), Long.SAR: (8, 8)}[long]
            if len(made) > 1:
                room -= header[part.data_coding != text.UCS_2]
            assert octets <= room
            assert escapes <= octets / 2
            # each part is read on its own: none ends within a pair
            assert "\ufffd" not in text.decode(body(part), part.data_coding, charset)


@untimed
@given(WORDS.filter(lambda said: "\ufffd" not in said), st.sampled_from(SPLIT))
def test_a_text_arrives_whole_in_parts_that_fit(said, long):
    arrives_whole(said, GSM, long)


@untimed
@given(st.text(IN_GSM, max_size=500), st.sampled_from([LATIN, CODED]), st.sampled_from(SPLIT))
def test_an_smsc_that_speaks_latin_1_is_spoken_to_so(said, charset, long):
    assert whole(parts(said, charset, long, 7), charset) == said


@untimed
@given(WORDS)
def test_the_parts_are_as_many_as_the_bill_says(said):
    assert len(parts(said, GSM, Long.UDH, 7)) == segments.count(said).segments


def test_a_part_that_ends_within_an_escape_is_caught():
    def careless(said, charset, long, reference):
        content = text.encode(said, text.DEFAULT, charset)
        cut = [content[at : at + 153] for at in range(0, len(content), 153)]
        return [text._part(one, 0, long, (reference, len(cut), n)) for n, one in enumerate(cut, 1)]

    said = "a" * 152 + "€" * 20
    arrives_whole(said, GSM, Long.UDH)
    with pytest.raises(AssertionError):
        arrives_whole(said, GSM, Long.UDH, careless)


def test_a_part_that_ends_within_a_surrogate_pair_is_caught():
    def careless(said, charset, long, reference):
        content = text.encode(said, text.UCS_2, charset)
        cut = [content[at : at + 134] for at in range(0, len(content), 134)]
        return [text._part(one, 8, long, (reference, len(cut), n)) for n, one in enumerate(cut, 1)]

    said = "я" * 66 + "😀" * 20
    arrives_whole(said, GSM, Long.UDH)
    with pytest.raises(AssertionError):
        arrives_whole(said, GSM, Long.UDH, careless)


def test_the_table_is_that_of_the_segment_arithmetic():
    assert set(text.ALPHABET) - {"\x1b"} == segments.DEFAULT_ALPHABET
    assert set(text.EXTENSION) == segments.EXTENSION
    assert len(text.ALPHABET) == 128


# 3GPP TS 23.038 section 6.2.1: corners of both tables
@pytest.mark.parametrize(
    ("said", "octets"),
    [
        ("@", "00"), ("$", "02"), ("_", "11"), ("Δ", "10"), (" ", "20"), ("¡", "40"), ("Ä", "5b"),
        ("§", "5f"), ("¿", "60"), ("à", "7f"), ("€", "1b65"), ("[", "1b3c"), ("|", "1b40"),
        ("\f", "1b0a"), ("é", "05"), ("A", "41"), ("z", "7a"), ("9", "39"),
    ],
)  # fmt: skip
def test_a_character_stands_where_the_table_has_it(said, octets):
    (part,) = parts(said, GSM, Long.UDH, 7)
    assert (part.content.hex(), part.data_coding) == (octets, 0)


def test_cyrillic_goes_out_in_ucs_2():
    (part,) = parts("Код: 482913", GSM, Long.UDH, 7)
    assert (part.data_coding, part.content) == (8, "Код: 482913".encode("utf-16-be"))


def test_greek_in_gsm_is_more_than_latin_1_can_say():
    assert parts("ΔΣ", GSM, Long.UDH, 7)[0].data_coding == 0
    assert parts("ΔΣ", LATIN, Long.UDH, 7)[0].data_coding == 8
    assert parts("é", CODED, Long.UDH, 7) == [Part(b"\xe9", 3)]
    assert parts("é", LATIN, Long.UDH, 7) == [Part(b"\xe9", 0)]


def test_a_header_says_which_part_it_is():
    first, second = parts("a" * 161, GSM, Long.UDH, 0x1234)
    assert (first.content[:6].hex(), second.content[:6].hex()) == ("050003340201", "050003340202")
    first, second = parts("a" * 161, GSM, Long.UDH16, 0x1234)
    assert first.content[:7].hex() == "06080412340201"
    assert {first.esm_class, second.esm_class} == {UDHI}


def test_sar_parameters_say_it_too():
    _, second = parts("a" * 161, GSM, Long.SAR, 0x1234)
    assert second.tlvs == (
        (Tag.SAR_MSG_REF_NUM, b"\x12\x34"), (Tag.SAR_TOTAL_SEGMENTS, b"\2"),
        (Tag.SAR_SEGMENT_SEQNUM, b"\2"),
    )  # fmt: skip
    assert second.esm_class == 0


def test_a_payload_is_left_to_the_smsc_to_split():
    (part,) = parts("я" * 300, GSM, Long.PAYLOAD, 7)
    assert part.content == b""
    assert part.tlvs == ((Tag.MESSAGE_PAYLOAD, ("я" * 300).encode("utf-16-be")),)


@untimed
@given(st.binary(max_size=300), st.sampled_from([0, 1, 2, 3, 4, 8, 0xF5]))
def test_any_octets_that_come_in_are_text_or_nothing(content, coding):
    assert isinstance(text.decode(content, coding, GSM), str | None)


def test_what_is_no_text_is_not_read_as_one():
    assert text.decode(b"\1\2", 4, GSM) is None
    assert text.decode(b"STOP", 0, GSM) == "STOP"
    assert text.decode(b"\x1b\x65\x1b\x1b\x1b", 0, GSM) == "€  "


def test_a_header_is_taken_off():
    assert text.without_header(bytes.fromhex("050003340201") + b"STOP") == b"STOP"
    assert text.without_header(b"\xff") == b""
    assert text.without_header(b"") == b""
