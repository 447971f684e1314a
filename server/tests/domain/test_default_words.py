"""The words of templates that bring none of their own."""

import pytest

from watchword_server.domain import segments
from watchword_server.domain.catalogue import WORDS, contents_of
from watchword_server.domain.channel import Channel
from watchword_server.domain.default_words import PIECES, default_contents
from watchword_server.domain.template import variables_of

PHONE = (Channel.SMS, Channel.WHATSAPP, Channel.VOICE)


def test_with_everything_they_are_the_catalogues():
    for channel in PHONE:
        assert default_contents(channel) == contents_of(channel)


def every_piece_is_there_once(pieces):
    for language, said in pieces.items():
        words = WORDS[language]
        for text, parts in (
            (words.sms, said[:2]),
            (words.chat, said[2:4]),
            (words.voice, said[4:]),
        ):
            assert [text.count(part) for part in parts] == [1] * len(parts), language


def test_every_piece_stands_in_its_text_exactly_once():
    assert set(PIECES) == set(WORDS)
    every_piece_is_there_once(PIECES)


@pytest.mark.parametrize("field", ["sms_expiry", "chat_warning", "voice_warning"])
def test_a_piece_that_is_not_there_mutant_is_caught(field):
    with pytest.raises(AssertionError):
        every_piece_is_there_once({"en": PIECES["en"]._replace(**{field: " Nowhere."})})


@pytest.mark.parametrize("channel", PHONE)
def test_what_is_not_wanted_is_left_out_in_every_language(channel):
    whole = default_contents(channel)
    bare = default_contents(channel, contain_security=False, contain_expire=False)
    for language, content in bare.items():
        assert len(content.text) < len(whole[language].text)
        assert {"code", "brand_name"} <= set(variables_of(content.text))
        assert "ttl" not in variables_of(content.text)
        assert content.text == content.text.strip()
        assert segments.count(content.text).segments <= 2
    timed = default_contents(channel, contain_security=False)
    if channel is not Channel.VOICE:
        assert all("ttl" in variables_of(each.text) for each in timed.values())
