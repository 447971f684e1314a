"""What a text costs in SMS, by 3GPP TS 23.038 and 23.040."""

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from watchword_server.domain import segments
from watchword_server.domain.segments import CONCATENATED, SINGLE, Encoding, count

QUICK = settings(
    max_examples=40, deadline=None, database=None, derandomize=True, phases=[Phase.generate]
)


@st.composite
def near_a_boundary(draw):
    """A text with pairs about where one segment ends and the next begins."""
    narrow, wide, room = draw(st.sampled_from([("a", "€", 153), ("ж", "😀", 67), ("a", "[", 153)]))
    parts = draw(st.lists(st.integers(-3, 1), min_size=1, max_size=3))
    return wide.join(narrow * (room + part) for part in parts) + draw(st.sampled_from(["", wide]))


@pytest.mark.parametrize(
    ("text", "encoding", "units", "needed"),
    [
        ("", Encoding.GSM7, 0, 1),
        ("a" * 160, Encoding.GSM7, 160, 1),
        ("a" * 161, Encoding.GSM7, 161, 2),
        ("a" * 306, Encoding.GSM7, 306, 2),
        ("a" * 307, Encoding.GSM7, 307, 3),
        ("€" * 80, Encoding.GSM7, 160, 1),
        ("a" * 152 + "€" + "a" * 152, Encoding.GSM7, 306, 3),
        ("ж" * 70, Encoding.UCS2, 70, 1),
        ("ж" * 71, Encoding.UCS2, 71, 2),
        ("ж" * 134, Encoding.UCS2, 134, 2),
        ("😀" * 35, Encoding.UCS2, 70, 1),
        ("ж" * 66 + "😀" + "ж" * 66, Encoding.UCS2, 134, 3),
        ("@£$¥èéùìòÇØøÅåΔ_ÆæßÉ¤¡ÄÖÑÜ§¿äöñüà\n\r", Encoding.GSM7, 35, 1),
        ("código", Encoding.UCS2, 6, 1),
        ("`", Encoding.UCS2, 1, 1),
    ],
)
def test_a_text_costs(text, encoding, units, needed):
    found = count(text)
    assert (found.encoding, found.units, found.segments) == (encoding, units, needed)
    assert found.per_segment == (SINGLE if needed == 1 else CONCATENATED)[encoding]


def test_the_alphabet_has_every_position_of_the_standard():
    assert len(segments.DEFAULT_ALPHABET) == 127
    assert len(segments.EXTENSION) == 10
    assert not segments.DEFAULT_ALPHABET & segments.EXTENSION


def test_characters_that_force_ucs2_are_named_once_in_order():
    assert segments.beyond_gsm7("ñ ó € ó “x”") == ("ó", "“", "”")
    assert segments.beyond_gsm7("plain [text]") == ()


def packed_by_hand(text, encoding, room, split):
    """The segments a sender would fill, character by character."""
    filled = [0]
    for character in text:
        gsm7 = encoding is Encoding.GSM7
        wide = character in segments.EXTENSION if gsm7 else character > "\uffff"
        for width in [1, 1] if wide and split else [2 if wide else 1]:
            if filled[-1] + width > room:
                filled.append(0)
            filled[-1] += width
    return len(filled)


def agrees_with_packing(split):
    @QUICK
    @given(near_a_boundary())
    def agree(text):
        found = count(text)
        if found.segments > 1:
            room = CONCATENATED[found.encoding]
            assert found.segments == packed_by_hand(text, found.encoding, room, split)
        else:
            assert found.units <= SINGLE[found.encoding]

    agree()


def test_no_pair_is_split_over_two_segments():
    agrees_with_packing(split=False)


def test_a_packing_that_splits_pairs_is_caught():
    with pytest.raises(AssertionError):
        agrees_with_packing(split=True)
