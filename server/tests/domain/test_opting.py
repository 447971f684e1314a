"""STOP and START, however people write them."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchword_server.domain import opting
from watchword_server.domain.default_words import PIECES
from watchword_server.domain.inbound import Choice

OUT = {word for words in (opting.CARRIERS_OUT, *opting.OUT.values()) for word in words}
IN = {word for words in (opting.CARRIERS_IN, *opting.IN.values()) for word in words}
CARRIERS = ["STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "ARRET", "TD"]


@pytest.mark.parametrize("word", sorted(OUT))
def test_every_word_of_the_table_opts_out(word):
    assert opting.choice_of(word) is Choice.OUT


@pytest.mark.parametrize("word", sorted(IN))
def test_every_word_of_the_table_opts_in(word):
    assert opting.choice_of(word) is Choice.IN


def test_no_word_means_both():
    assert not {opting._plain(word) for word in OUT} & {opting._plain(word) for word in IN}


def test_every_language_of_the_templates_has_words_for_both():
    assert set(PIECES) - {"en"} <= set(opting.OUT)
    assert set(PIECES) - {"en"} <= set(opting.IN)


@pytest.mark.parametrize("word", CARRIERS)
@pytest.mark.parametrize("written", ["{}", " {}!\n", "“{}”", "{}."])
def test_what_carriers_require_counts_in_any_case(word, written):
    for spelt in (word, word.lower(), word.title()):
        assert opting.choice_of(written.format(spelt)) is Choice.OUT


@pytest.mark.parametrize(
    ("text", "choice"),
    [
        ("Arrêt", Choice.OUT), ("ARRÊTER", Choice.OUT), ("STOP ALL", Choice.OUT),
        ("opt-out", Choice.OUT), ("ＳＴＯＰ", Choice.OUT), ("إيقاف", Choice.OUT),
        ("الغاء", Choice.OUT), ("הסר.", Choice.OUT), ("退订", Choice.OUT),
        ("配信停止。", Choice.OUT),
        ("ｽﾄｯﾌﾟ", Choice.OUT), ("\u200fהסר\u200f", Choice.OUT), ("ยกเลิก", Choice.OUT),
        ("СТОП", Choice.OUT), ("sí", Choice.IN), ("SI", Choice.IN), ("हाँ", Choice.IN),
        ("Unstop", Choice.IN), ("नमस्ते", None), ("please do not stop", None), ("482913", None),
        ("stop it now", None), ("", None), ("…", None), ("stop" * 300, None),
    ],
)  # fmt: skip
def test_a_choice_is_the_whole_message(text, choice):
    assert opting.choice_of(text) is choice
    assert opting.choice_of(unicodedata.normalize("NFD", text)) is choice


def no_code_is_shown(discreet):
    for text in ("it is 482913", "482 913", "4-8-2-9-1-3", "٤٨٢٩١٣", "call +14155552671", "12.34"):
        shown = discreet(text)
        assert "***" in shown
        assert sum(one.isdigit() for one in shown) < 4, shown
    assert discreet("I got ab3dE2 twice, AB3DE2", "Ab3De2") == "I got *** twice, ***"


def test_no_code_and_no_number_is_shown():
    no_code_is_shown(opting.discreet)


@pytest.mark.parametrize(
    "mutant",
    [lambda text, code="": text, lambda text, code="": opting.discreet(text)],
    ids=["as it is", "whatever the code"],
)
def test_no_code_is_shown_mutant_is_caught(mutant):
    with pytest.raises(AssertionError):
        no_code_is_shown(mutant)


@given(st.text(max_size=2_000))
def test_a_message_is_bounded_and_printable(text):
    shown = opting.discreet(text)
    assert len(shown) <= opting.MOST_TEXT
    assert shown.isprintable()
    opting.choice_of(text)
