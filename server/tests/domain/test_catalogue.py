"""The built-in templates are complete, short enough, and safe to read out."""

import html.parser
import re

import msgspec
import pytest

from watchword_server.domain import segments
from watchword_server.domain.catalogue import BUILT_IN, SANDBOX, WORDS, Words, templates
from watchword_server.domain.channel import Channel
from watchword_server.domain.template import (
    OriginBound,
    Status,
    is_right_to_left,
    render,
    variables_of,
)
from watchword_server.domain.template_rules import problems

LONGEST_BRAND = "TenLetters"
ALL = {made.id: made for made in (*templates(LONGEST_BRAND), *templates(LONGEST_BRAND, SANDBOX))}
LANGUAGES = ["default", *WORDS]
RIGHT_TO_LEFT = {"ar", "he"}


def sent(name, channel, language, autofill=None):
    return render(ALL[name], channel, language, {}, autofill, code="123456", ttl_s=600)


def test_every_project_starts_with_the_same_templates():
    assert list(BUILT_IN) == ["otp-sms", "otp-email", "otp-whatsapp", "otp-voice", "otp-any"]
    assert ALL["otp-any"].strategy == (Channel.WHATSAPP, Channel.SMS, Channel.VOICE)
    assert {made.status for made in ALL.values()} == {Status.APPROVED}


@pytest.mark.parametrize("made", ALL.values(), ids=ALL)
def test_a_built_in_template_has_no_problem_in_any_language(made):
    assert problems(made) == ()
    assert made.brand_name == LONGEST_BRAND
    for channel in made.strategy:
        assert list(made.contents[channel]) == LANGUAGES
        assert made.contents[channel]["default"] == made.contents[channel]["en"]


def test_the_vendors_languages_and_more_are_there():
    assert {"zh_CN", "zh_HK", "en", "ja", "th", "es"} <= set(WORDS)
    assert {"pt", "fr", "de", "ar", "he", "hi"} <= set(WORDS)


def fits_one_segment(text):
    assert segments.count(text).segments == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_sms_fits_one_segment(language):
    fits_one_segment(sent("otp-sms", Channel.SMS, language).text)


@pytest.mark.parametrize("language", ["en", "es", "pt", "fr", "de"])
def test_an_sms_in_gsm7_has_room_for_autofill(language):
    text = sent("otp-sms", Channel.SMS, language, OriginBound("accounts.example.com")).text
    assert segments.beyond_gsm7(text) == ()
    fits_one_segment(text)


def test_an_accent_beyond_gsm7_is_caught():
    text = sent("otp-sms", Channel.SMS, "es").text
    with pytest.raises(AssertionError):
        fits_one_segment(text.replace("clave", "código"))


@pytest.mark.parametrize("language", WORDS)
def test_every_text_uses_only_preset_variables(language):
    for text in msgspec.structs.astuple(WORDS[language]):
        assert set(variables_of(text)) <= {"code", "brand_name", "ttl"}
        assert "{{" not in re.sub(r"\{\{\w+\}\}", "", text)


def has_everything(words: Words):
    for text in (words.sms, words.chat, words.voice):
        assert "brand_name" in variables_of(text)
        assert "code" in variables_of(text)
    assert words.voice.count("{{code}}") == 2
    assert "ttl" in variables_of(words.sms) and "ttl" in variables_of(words.expiry)
    assert "code" not in variables_of(words.subject)
    assert "\n" not in words.subject


@pytest.mark.parametrize("language", WORDS)
def test_every_language_says_everything(language):
    has_everything(WORDS[language])


def test_a_language_that_leaves_something_out_is_caught():
    for part in (
        {"sms": "{{code}}"},
        {"voice": "{{brand_name}} {{code}}"},
        {"subject": "{{code}}"},
    ):
        with pytest.raises(AssertionError):
            has_everything(msgspec.structs.replace(WORDS["en"], **part))


SCRIPTS = {
    "zh_CN": r"\u3000-\u303f\u4e00-\u9fff\uff00-\uffef",
    "zh_HK": r"\u3000-\u303f\u4e00-\u9fff\uff00-\uffef",
    "ja": r"\u3000-\u30ff\u4e00-\u9fff",
    "th": r"\u0e00-\u0e7f",
    "ar": r"\u0600-\u06ff",
    "he": r"\u0590-\u05ff",
    "hi": r"\u0900-\u097f",
}


@pytest.mark.parametrize("language", WORDS)
def test_a_language_is_written_in_its_script(language):
    for text in msgspec.structs.astuple(WORDS[language]):
        own = SCRIPTS.get(language, r"A-Za-zÀ-ÿ’")
        strange = re.sub(rf"[{own}\s.,:;!?/-]", "", re.sub(r"\{\{\w+\}\}", "", text))
        assert strange == ""
        assert is_right_to_left(text) == (language in RIGHT_TO_LEFT)


class Page(html.parser.HTMLParser):
    """The tags of a page and its attributes."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.open = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_email_is_accessible(language):
    email = sent("otp-email", Channel.EMAIL, language)
    page = Page(email.html)
    spoken = "en" if language == "default" else language.replace("_", "-")
    assert page.open == []
    assert page.tags[0] == (
        "html",
        {"lang": spoken, "dir": "rtl" if language in RIGHT_TO_LEFT else "ltr"},
    )
    assert {"title", "main"} <= {tag for tag, _ in page.tags}
    assert not {"img", "a", "script", "link", "style", "form"} & {tag for tag, _ in page.tags}
    assert email.html.count("123456") == 1
    assert "123456" in email.text and "123456" not in email.subject
    assert LONGEST_BRAND in email.subject
    assert "{" not in email.html + email.text + email.subject
