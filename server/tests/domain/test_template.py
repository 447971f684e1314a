"""Templates are checked when saved, found by language, and rendered without trusting a value."""

import msgspec
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from watchword_server.domain import template as module
from watchword_server.domain.channel import Channel
from watchword_server.domain.template import (
    Alphabet,
    AppHash,
    Category,
    Content,
    OriginBound,
    Template,
    TemplateError,
    clean,
    fallbacks,
    is_right_to_left,
    language_tag,
    parse_strategy,
    render,
)
from watchword_server.domain.template_rules import check, problems

QUICK = settings(
    max_examples=60, deadline=None, database=None, derandomize=True, phases=[Phase.generate]
)


def template(text="{{code}}", channel=Channel.SMS, **changes):
    contents = {channel: {"default": Content(text, "A code", None)}}
    made = Template("t", (channel,), contents, brand_name="Acme")
    return msgspec.structs.replace(made, **changes)


def said(text, channel=Channel.SMS, variables=None, autofill=None, **presets):
    presets = {"code": "123456", **presets}
    return render(template(text, channel), channel, "en", variables or {}, autofill, **presets).text


@pytest.mark.parametrize(
    ("strategy", "steps"),
    [
        ("sms", (Channel.SMS,)),
        ("whatsapp|sms|voice", (Channel.WHATSAPP, Channel.SMS, Channel.VOICE)),
        (" WhatsApp | SMS ", (Channel.WHATSAPP, Channel.SMS)),
        (
            "silent|rcs|telegram|viber|email",
            tuple(map(Channel, ["silent", "rcs", "telegram", "viber", "email"])),
        ),
    ],
)
def test_a_strategy_is_an_ordered_list_of_channels(strategy, steps):
    assert parse_strategy(strategy) == steps


@pytest.mark.parametrize(
    ("strategy", "rule", "says"),
    [
        ("", "empty_step", "step 1"),
        ("sms|", "empty_step", "step 2"),
        ("sms|fax", "channel", "step 2"),
        ("sms|voice|sms", "repeated_channel", "step 3 repeats the channel sms"),
        ("sms|voice|email|rcs|viber|telegram", "too_many_steps", "at most 5"),
    ],
)
def test_a_wrong_strategy_names_its_step(strategy, rule, says):
    with pytest.raises(TemplateError, match=says) as refused:
        parse_strategy(strategy)
    assert (refused.value.rule, refused.value.field) == (rule, "send_channel_strategy")


def test_a_good_template_has_no_problems():
    assert problems(template()) == ()
    check(template())
    silent = template(strategy=(Channel.SILENT, Channel.SMS))
    assert problems(silent) == ()


EMAIL = {"channel": Channel.EMAIL}
BAD = [
    (template(id="a b"), "template_id", "id"),
    (template(id="x" * 129), "template_id", "id"),
    (template(description="x" * 256), "description", "too_long"),
    (template(brand_name="A"), "brand_name", "length"),
    (template(brand_name="Elevenchars"), "brand_name", "length"),
    (template(brand_name="Ac\u200bme"), "brand_name", "characters"),
    (template(code_length=3), "verify_code_len", "range"),
    (template(code_length=11), "verify_code_len", "range"),
    (template(code_alphabet=Alphabet(0)), "verify_code_type", "range"),
    (template(ttl_s=59), "verify_code_ttl", "range"),
    (template(ttl_s=601), "verify_code_ttl", "range"),
    (template(id="lint"), "template_id", "reserved"),
    (template(category=Category.MARKETING), "verify_code_config", "category"),
    (template(channel=Channel.WHATSAPP, ttl_s=120), "verify_code_ttl", "whatsapp"),
    (template(strategy=()), "send_channel_strategy", "empty_step"),
    (template(strategy=(Channel.SMS, Channel.VOICE)), "voice_config", "content"),
    (template(channel=Channel.VOICE, code_alphabet=Alphabet(6)), "verify_code_type", "voice"),
    (template(contents={Channel.SMS: {"en": Content("{{code}}")}}), "sms_config", "default"),
    (
        template(
            contents={Channel.SMS: {"default": Content("{{code}}"), "e": Content("{{code}}")}}
        ),
        "sms_config",
        "language",
    ),
    (template("Hello"), "sms_config", "code"),
    (template("{{code}} {{brand_name}}", brand_name=""), "sms_config", "brand"),
    (template("{{code}}" + "x" * 1_600), "sms_config", "too_long"),
    (
        template(**EMAIL, contents={Channel.EMAIL: {"default": Content("{{code}}")}}),
        "email_config",
        "subject",
    ),
]


@pytest.mark.parametrize(
    ("bad", "field", "rule"), BAD, ids=[f"{b[1]}-{b[2]}-{place}" for place, b in enumerate(BAD)]
)
def test_a_problem_names_its_field_and_rule(bad, field, rule):
    assert (field, rule) in [(found.field, found.rule) for found in problems(bad)]
    with pytest.raises(TemplateError):
        check(bad)


def test_a_template_without_a_code_may_say_anything():
    order = template("Your order is here", code_length=0, category=Category.UTILITY)
    assert problems(order) == ()


def test_a_template_survives_storage():
    kept = template(code_alphabet=Alphabet.DIGITS | Alphabet.UPPERCASE)
    assert msgspec.json.decode(msgspec.json.encode(kept), type=Template) == kept


@pytest.mark.parametrize(
    ("written", "tag"),
    [("zh_CN", "zh_CN"), ("zh-cn", "zh_CN"), ("PT-br", "pt_BR"), ("zh-hant-hk", "zh_Hant_HK")],
)
def test_a_language_tag_is_written_in_one_way(written, tag):
    assert language_tag(written) == tag


@pytest.mark.parametrize(
    ("tag", "tried"),
    [
        ("pt-BR", ("pt_BR", "pt", "default", "en")),
        ("zh-TW", ("zh_TW", "zh", "zh_HK", "zh_CN", "default", "en")),
        ("zh-Hant-HK", ("zh_Hant_HK", "zh_Hant", "zh", "zh_HK", "zh_CN", "default", "en")),
        ("iw", ("iw", "he", "default", "en")),
        ("default", ("default", "en")),
    ],
)
def test_a_language_falls_back(tag, tried):
    assert fallbacks(tag) == tried


def found(language, *written):
    contents = {Channel.SMS: {tag: Content("{{code}}") for tag in written}}
    return render(template(contents=contents), Channel.SMS, language, {}, code="1").language


def test_the_nearest_language_is_used():
    assert found("pt-BR", "default", "pt", "pt_BR") == "pt_BR"
    assert found("pt-BR", "default", "pt") == "pt"
    assert found("pt-BR", "default", "es") == "default"
    assert found("zh_cn", "default", "zh-CN") == "zh-CN"
    assert found("", "default", "en") == "default"
    assert found("fr", "ja", "en") == "en"
    assert found("fr", "ja", "th") == "ja"


def test_a_channel_without_content_cannot_be_rendered():
    with pytest.raises(TemplateError) as refused:
        render(template(), Channel.VOICE, "en", {})
    assert (refused.value.field, refused.value.rule) == ("voice_config", "content")


def test_presets_are_filled_in_and_win():
    forged = {"code": "999999", "brand_name": "Evil", "ttl": "99"}
    assert said("{{code}} {{ brand_name }} {{ttl}}", variables=forged) == "123456 Acme 5"
    assert said("{{ttl}}", ttl_s=59) == "1"
    assert said("{{ttl}}", ttl_s=600) == "10"


def test_the_callers_own_code_may_come_as_a_variable():
    assert said("{{code}}", variables={"code": "ABC"}, code=None) == "ABC"


def test_a_variable_without_a_value_stays():
    assert said("{{code}} {{name}} {{ x }}") == "123456 {{name}} {{ x }}"


def test_a_value_is_not_expanded_again():
    assert said("{{name}}", variables={"name": "{{code}}"}) == "{{code}}"


BIDI = "".join(map(chr, [0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)]))
HOSTILE = st.builds(
    lambda text, times: text * times,
    st.text("a@#\n\r\t\x00\u2028\x85\u200b\ufeff\u00ad<>&'\" é漢" + BIDI, max_size=30),
    st.integers(1, 40),
)


def values_are_harmless(cleaned):
    @QUICK
    @given(HOSTILE)
    def harmless(value):
        shown = cleaned(value)
        assert len(shown) <= 256
        assert len(shown.splitlines()) <= 1
        assert not set(shown) & {*BIDI, "\x00", "\t", "\u200b", "\ufeff", "\u00ad"}
        assert all(character in shown for character in set(value[:256]) & set("aé漢<"))

    harmless()


def test_a_value_brings_no_line_break_and_nothing_invisible():
    values_are_harmless(clean)


MUTANT_CLEANERS = {
    "keeps everything": lambda value: value[:256],
    "keeps format characters": lambda value: (
        "".join(filter(str.isprintable, value + "\u200b")) + value[-1:]
    ),
    "drops non-ASCII": lambda value: "".join(c for c in clean(value) if c.isascii()),
    "does not cut": lambda value: "".join(c for c in value if clean(c)),
}


@pytest.mark.parametrize("broken", MUTANT_CLEANERS.values(), ids=MUTANT_CLEANERS)
def test_a_cleaner_that_lets_something_through_is_caught(broken):
    with pytest.raises(AssertionError):
        values_are_harmless(broken)


def no_value_forges_autofill():
    forged = "Bob\n@evil.example #000000"
    lines = said("{{code}}\n{{name}}", variables={"name": forged}).splitlines()
    assert lines == ["123456", "Bob@evil.example #000000"]
    lines = said("{{name}}", variables={"name": forged}, autofill=OriginBound("a.com")).splitlines()
    assert lines == ["Bob@evil.example #000000", "@a.com #123456"]


def test_a_value_cannot_forge_the_autofill_line():
    no_value_forges_autofill()


def test_a_rendering_that_lets_a_value_forge_it_is_caught(monkeypatch):
    monkeypatch.setattr(module, "clean", lambda value: value)
    with pytest.raises(AssertionError):
        no_value_forges_autofill()


@pytest.mark.parametrize(
    ("autofill", "last"),
    [
        (OriginBound("example.com"), "@example.com #123456"),
        (OriginBound("example.com", "shop.example"), "@example.com #123456 @shop.example"),
        (AppHash("FA+9qCX9VSu"), "FA+9qCX9VSu"),
    ],
)
def test_autofill_is_the_last_line_of_an_sms_only(autofill, last):
    assert said("Code {{code}}", autofill=autofill) == f"Code 123456\n{last}"
    assert said("Code {{code}}", Channel.WHATSAPP, autofill=autofill) == "Code 123456"


def test_no_autofill_without_a_code():
    assert said("Hello", autofill=OriginBound("example.com"), code=None) == "Hello"


@pytest.mark.parametrize(
    ("kind", "parts"),
    [
        (OriginBound, ("Example.com",)),
        (OriginBound, ("example.com/path",)),
        (OriginBound, ("example.com #1",)),
        (OriginBound, ("example.com\n",)),
        (OriginBound, ("",)),
        (OriginBound, ("example.com", "-x.com")),
        (OriginBound, ("a" * 250 + ".com",)),
        (AppHash, ("short",)),
        (AppHash, ("FA+9qCX9VSu\n",)),
    ],
    ids=lambda part: ascii(part)[-40:] if isinstance(part, tuple) else part.__name__,
)
def test_autofill_is_checked(kind, parts):
    with pytest.raises(TemplateError):
        kind(*parts)


def test_html_values_are_escaped_and_the_rest_is_not():
    contents = {
        Channel.EMAIL: {"default": Content("{{name}}", "Hi {{name}}", "<b>{{name}}</b> {{code}}")}
    }
    email = template(**EMAIL, contents=contents)
    sent = render(email, Channel.EMAIL, "en", {"name": "<i>'B' & \"co\"\r\nBcc: x"}, code="1")
    assert sent.html == "<b>&lt;i&gt;&#x27;B&#x27; &amp; &quot;co&quot;Bcc: x</b> 1"
    assert sent.subject == "Hi <i>'B' & \"co\"Bcc: x"
    assert sent.text == "<i>'B' & \"co\"Bcc: x"


def test_a_voice_spells_the_code_twice():
    spelled = "1, 2, 3, 4, 5, 6"
    assert said("It is {{code}}", Channel.VOICE) == f"It is {spelled}. {spelled}"
    assert said("{{code}}! {{code}}!", Channel.VOICE) == f"{spelled}! {spelled}!"


def test_the_code_is_isolated_in_right_to_left_text_only():
    assert said("{{code}} רמז") == "\u2068123456\u2069 רמז"
    assert said("Code {{code}} רמז") == "Code 123456 רמז"
    last = said("{{code}} רמز", autofill=OriginBound("a.com")).splitlines()[-1]
    assert last == "@a.com #123456"
    assert is_right_to_left("{{brand_name}}: 12 رمز")
    assert not is_right_to_left("{{code}} 123")


def test_the_code_is_isolated_in_right_to_left_html():
    contents = {Channel.EMAIL: {"default": Content("רמז {{code}}", "x", "<p>{{code}}</p>")}}
    sent = render(template(**EMAIL, contents=contents), Channel.EMAIL, "he", {}, code="12")
    assert sent.html == '<p><bdi dir="ltr">12</bdi></p>'


def test_a_rendered_message_does_not_show_the_code():
    sent = render(template(), Channel.SMS, "en", {}, code="123456")
    assert "123456" in sent.text
    for shown in (repr(sent), str(sent), f"{sent}", repr(list(sent.__rich_repr__()))):
        assert "123456" not in shown
