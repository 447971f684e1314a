"""Templates with one flaw each: the rule that must find it, and why it is a flaw."""

from typing import NamedTuple

import msgspec

from watchword_server.domain.channel import Channel
from watchword_server.domain.template import Alphabet, Category, Content, Template
from watchword_server.domain.template_lint import Severity

GOOD = "{{brand_name}}: {{code}} is your code, good for {{ttl}} minutes. Do not share it."
ALLOWED = frozenset({"example.com"})
_E, _W = Severity.ERROR, Severity.WARNING


def template(text=GOOD, channel=Channel.SMS, language="default", **changes):
    """A flawless template but for what is given."""
    said = {"default": Content(GOOD, "Your code" if channel is Channel.EMAIL else None)}
    said |= {language: msgspec.structs.replace(said["default"], text=text)}
    plain = Template("log-in", (channel,), {channel: said}, brand_name="Example")
    return msgspec.structs.replace(plain, **changes)


def email(page, subject="Your code", **changes):
    """An email with a page of HTML."""
    said = {"default": Content(GOOD, subject, page)}
    return template(channel=Channel.EMAIL, contents={Channel.EMAIL: said}, **changes)


def preset(text="{{x}}", channel=Channel.SMS, sender=None, **values):
    """The usual words, then these, with values of the template's own."""
    said = Content(f"{GOOD} {text}", sender=sender, presets=values)
    if channel is Channel.EMAIL:
        said = msgspec.structs.replace(said, subject="Your code")
    return template(channel=channel, contents={channel: {"default": said}})


def ending(words):
    """The usual words and then these."""
    return template(f"{{{{brand_name}}}}: {{{{code}}}} is your code. {words}")


class Case(NamedTuple):
    rule: str
    severity: Severity
    why: str
    template: Template


CASES = (
    # ---- parts that are missing or out of bounds ----
    Case("code", _E, "a code that is not in the text reaches nobody", template("Hello")),
    Case("length", _E, "brands have at most 10 characters", template(brand_name="Elevenchars")),
    Case("length", _E, "and at least 2", template(brand_name="E")),
    Case("characters", _E, "a brand is what is seen", template(brand_name="Exam\u200bple")),
    Case("too_long", _E, "no SMS has 1,600 characters", ending("x" * 1_600)),
    Case("too_long", _E, "a description is a line", template(description="x" * 256)),
    Case("subject", _E, "an email without a subject is spam", email("<p>{{code}}</p>", None)),
    Case("range", _E, "a code of three digits is guessed", template(code_length=3)),
    Case("range", _E, "a code lives ten minutes at most", template(ttl_s=660)),
    Case("whatsapp", _E, "WhatsApp knows 1, 5, 10", template(channel=Channel.WHATSAPP, ttl_s=180)),
    Case("voice", _E, "nobody hears capitals", template(
        channel=Channel.VOICE, code_alphabet=Alphabet.LOWERCASE | Alphabet.UPPERCASE)),
    Case("content", _E, "a step needs words", template(strategy=(Channel.SMS, Channel.VOICE))),
    Case("category", _E, "an offer carries no code", template(category=Category.MARKETING)),
    Case("language", _E, "a language is a tag", template(language="e")),
    # ---- who sends ----
    Case("brand_missing", _W, "Watchword sends for others", template(brand_name="Watchword")),
    Case("brand_script", _E, "Cyrillic а is not Latin a", template(brand_name="P\u0430yment")),
    Case("brand_styled", _E, "mathematical letters are no letters", template(brand_name="𝐁ank 𝐁")),
    Case("brand_link", _E, "a handset makes a link of it", template(brand_name="evil.com")),
    Case("brand_famous", _W, "only its owner may say so", template(brand_name="PayPal")),
    Case("brand_famous", _W, "a zero is read as an o", template(brand_name="G00gle")),
    Case("brand_generic", _W, "everybody could be this", template(brand_name="Security")),
    Case("brand_absent", _W, "the reader must know who asks", template("{{code}} is your code.")),
    # ---- links ----
    Case("link_foreign", _E, "it leads away", ending("See https://evil.test/login")),
    Case("link_foreign", _E, "handsets make links of bare names", ending("Go to evil.com now")),
    Case("link_foreign", _E, "example.com is only its end", ending("https://example.com.evil.net")),
    Case("link_foreign", _E, "an address of mail leads away too", ending("Ask help@evil.net")),
    Case("link_foreign", _E, "a full-width dot is a dot", ending("evil。com")),
    Case("link_foreign", _E, "so is a dot in brackets", ending("evil[.]com")),
    Case("link_shortener", _E, "nobody sees where it leads", ending("https://bit.ly/3xyz")),
    Case("link_address", _E, "an address has no owner to ask", ending("https://203.0.113.9/x")),
    Case("link_userinfo", _E, "the host is behind the @", ending("https://example.com@evil.net")),
    Case("link_look_alike", _E, "a Cyrillic а", ending("https://ex\u0430mple.com")),
    Case("link_variable", _E, "callers choose the target", ending("https://example.com/{{path}}")),
    Case("link_scheme", _E, "it opens an app", ending("myapp://open?x=1")),
    Case("link_plain", _W, "everybody on the way can read it", ending("http://example.com")),
    Case("link_in_code", _W, "carriers filter it", ending("https://www.example.com/help")),
    Case("autofill_line", _E, "it binds the code to a website", ending("\n@evil.com #{{code}}")),
    Case("number_to_call", _W, "so do pretenders", ending("Questions? +1 415 555 0100")),
    Case("voice_link", _E, "nobody can click in a call", template(
        GOOD + " See example.com", Channel.VOICE)),
    *(Case("link_foreign", _E, f"{href}: a browser goes there", email(
        f"<a href='{href}'>x</a>{{{{code}}}}"))
      for href in ("//evil.zip", "https:evil.zip", "https:\\\\evil.zip", "/\\evil.zip",
                   "https:/evil.zip",
                   "\\\\evil.zip", " https:///evil.zip", "ht\ntps://evil.zip", "mailto:x@evil.net",
                   "https://evil.zip\\.example.com", "&#104;ttps:evil.zip", "HTTPS:evil.zip")),
    *(Case("link_foreign", _E, f"{words}: so may a handset", ending(words))
      for words in ("https:evil.zip", "https:\\\\evil.zip", "https://evil.zip\\.example.com")),
    Case("link_scheme", _E, "any app may be behind it", email("<a href='app:x'>x</a>{{code}}")),
    *(Case("link_broken", _E, f"{href}: who knows", email(f'<a href="{href}">x</a>{{{{code}}}}'))
      for href in ("https://example.com'.evil.zip", "https://evil.zip%2f.example.com")),
    # ---- values of its own, and the sender ----
    Case("link_foreign", _E, "a value is read too", preset(x="See https://evil.test")),
    Case("link_foreign", _E, "put together", preset("{{x}}{{y}}", x="https://evil", y=".zip")),
    Case("asks_for_code", _E, "whoever said it", preset(x="Reply with this code.")),
    Case("asks_for_secret", _E, "in two pieces", preset("card num{{x}}", x="ber")),
    Case("bidi_control", _E, "it turns what is around it", preset(x="\u202e321")),
    Case("too_many_segments", _E, "its length counts", preset("{{x}} " * 3, x="x" * 250)),
    Case("link_foreign", _E, "a sender is read", preset("", Channel.EMAIL, "See https://evil.zip")),
    Case("asks_for_secret", _E, "a sender speaks", preset("", Channel.EMAIL, "Card number?")),
    Case("bidi_control", _E, "a sender turned round", preset("", Channel.EMAIL, "\u202elapyap")),
    Case("brand_famous", _W, "a sender who pretends", preset("", Channel.EMAIL, "PayPa1 PayPal")),
    Case("too_many_variables", _E, "each has 256 characters", email("{{ttl}}" * 100 + "{{code}}")),
    Case("rendered_size", _E, "all together", msgspec.structs.replace(template(), contents={
        Channel.SMS: {tag: preset("{{x}}" * 90, x="x" * 256).contents[Channel.SMS]["default"]
                      for tag in ("default", *(f"e{letter}" for letter in "abcdefghi"))}})),
    # ---- words ----
    Case("asks_for_code", _E, "nobody may ask for it", ending("Reply with this code to log in.")),
    Case("asks_for_code", _E, "nor in Spanish", ending("Envíenos el código por favor.")),
    Case("asks_for_code", _E, "nor in Chinese", ending("请将验证码发送给客服。")),
    Case("asks_for_secret", _E, "that is phishing", ending("Confirm your card number.")),
    Case("asks_for_secret", _E, "in letters that look alike", ending("C\u0430rd numb\u0435r?")),
    Case("asks_for_secret", _E, "with digits for letters", ending("Enter your passw0rd here.")),
    Case("asks_for_secret", _E, "in German", ending("Bitte Kartennummer angeben.")),
    Case("asks_for_secret", _E, "in Japanese", ending("カード番号を入力")),
    Case("asks_for_secret", _E, "in Thai", ending("หมายเลขบัตร")),
    Case("pressure", _E, "threats are phishing", ending("Your account will be suspended.")),
    Case("pressure", _E, "in Portuguese", ending("Sua conta será bloqueada.")),
    Case("prize", _E, "fraud promises", ending("You have won a car.")),
    Case("promotion", _E, "no offers beside a code", ending("Get 20% off today.")),
    Case("promotion", _E, "in French", ending("Une offre spéciale.")),
    Case("password", _W, "right for a reset only", ending("It resets your password.")),
    # ---- letters ----
    Case("bidi_control", _E, "it turns what follows", ending("\u202e321")),
    Case("invisible", _E, "filters do not see the word", ending("pass\u200bword")),
    Case("invisible", _E, "a soft hyphen hides too", ending("pass\u00adword")),
    Case("mixed_script", _E, "a spoofed word", ending("Y\u043eur ba\u043ek.")),
    Case("styled_letters", _E, "filters do not see the word", ending("𝓒𝓵𝓲𝓬𝓴")),
    Case("language", _W, "not Thai at all", template(GOOD, language="th")),
    Case("shouting", _W, "it looks like spam", ending("THIS IS VERY URGENT AND IMPORTANT")),
    # ---- variables ----
    Case("unknown_variable", _E, "the server knows no otp", ending("{{otp}}")),
    Case("unknown_variable", _E, "names have their case", ending("{{Brand_Name}}")),
    Case("free_variable", _W, "callers put anything there", ending("Hi {{name}}.")),
    Case("pwa_url", _E, "there is no such app", ending("{{pwa_url}}")),
    Case("placeholder", _E, "it would be sent as it stands", ending("{code}")),
    Case("placeholder", _E, "filters are not known", ending("{{ name|upper }}")),
    Case("placeholder", _E, "another product's marks", ending("%code%")),
    Case("unused_preset", _W, "a leftover", template(contents={
        Channel.SMS: {"default": Content(GOOD, presets={"product": "Pro"})}})),
    # ---- length ----
    Case("segments", _W, "each one is paid", ending("Thank you for being with us. " * 5)),
    Case("too_many_segments", _E, "carriers drop parts", ending("Thank you for that. " * 30)),
    Case("encoding", _W, "one letter halves every segment", ending("x" * 90 + " señor “x”")),
    # ---- email ----
    Case("html_script", _E, "no mail needs one", email("<p>{{code}}</p><script>x()</script>")),
    Case("html_script", _E, "handlers are scripts", email("<p onclick='x()'>{{code}}</p>")),
    Case("html_script", _E, "links can be scripts", email(
        "<a href='javascript:x()'>x</a>{{code}}")),
    Case("html_form", _E, "a form asks for answers", email("<form><input></form>{{code}}")),
    Case("html_frame", _E, "a page in the page", email("<iframe src=x></iframe>{{code}}")),
    Case("html_remote", _E, "an image counts readers", email(
        "<img src='https://example.com/x.gif'>{{code}}")),
    Case("html_remote", _E, "so does a style", email(
        "<p style='background: url(//evil.net/x)'>{{code}}</p>")),
    Case("html_base", _E, "it moves every link", email("<base href='https://evil.net/'>{{code}}")),
    Case("html_hidden", _W, "filters read it, people do not", email(
        "<p style='display: none'>free</p>{{code}}")),
    Case("html_attribute", _E, "a value breaks out of the tag", email(
        "<p class='{{name}}'>{{code}}</p>")),
    *(Case("html_attribute", _E, f"{page}: a variable makes the tag", email(page + "{{code}}"))
      for page in ("<{{x}}>", "<b {{x}}>x</b>", "<b {{x}}=''>x</b>", "<img alt={{x}}>",
                   "<style>{{x}}</style>", "<b on{{x}}=''>x</b>", "<!-- {{x}} -->",
                   "<a href='{{x}}:y'>x</a>", "<a href='https://example.com/{{x}}'>x</a>",
                   "<p onclick='{{x}}'>x</p>", "<p style='color:{{x}}'>x</p>")),
    *(Case("html_broken", _E, f"{page}: each mends it its own way", email(page + "{{code}}"))
      for page in ("<a ", "<a href=", "<a href='", '<a href="x', "<!-- ", "<!-->x-->", "<!--->x-->",
                   "<style>", "<b</b>", "</b x>", "</ b>", "<?x>", "<![if mso]>", "<b{{x}}>",
                   "</{{x}}>", "<a href='x'title='y'>", "<style\u00a0>x</style>", "&#" + "1" * 5000,
                   "<title>x", "<a b='>", "<a x=y=z>", "<!doctype {{x}}>", "<!x>")),
    Case("html_size", _E, "no mail has so many tags", email("<b>" * 2_001 + "{{code}}")),
    Case("html_size", _E, "no tag has so many", email("<b" + " x" * 31 + ">{{code}}</b>")),
    Case("html_remote", _E, "the second one of them is remote", email(
        "<img srcset='x 1x, https://example.com/y 2x'>{{code}}")),
    Case("html_remote", _E, "browsers turn it round", email("<img src='\\\\evil.net/x'>{{code}}")),
    Case("link_foreign", _E, "the link behind the words", email(
        "<a href='https://evil.net'>example.com</a>{{code}}")),
    Case("asks_for_secret", _E, "tags in the word", email("Your card <b>num</b>ber: {{code}}")),
    Case("code_in_subject", _W, "mail servers log it", email("<p>{{code}}</p>", "{{code}}")),
)  # fmt: skip

FLAWLESS = (
    template(),
    template("Your Example code: {{code}}"),
    ending("Never share your password or card number."),
    ending("Nunca comparta su contraseña."),
    ending("We will never ask you to reply with this code."),
    template("{{brand_name}}：{{code}}，{{ttl}}分钟内有效。请勿告知他人。", language="zh_CN"),
    template("{{code}} आपका {{brand_name}} कोड है।", language="hi"),
    template(brand_name="楽天Pay"),
    template(brand_name="Яндекс"),
    template("Your order is on its way. {{brand_name}}", code_length=0, category=Category.UTILITY),
    template(
        "20% off today. {{brand_name}} https://example.com", code_length=0,
        category=Category.MARKETING,
    ),
    email("<p>Your {{brand_name}} code is <b>{{code}}</b>.</p><a href='https://example.com'>x</a>"),
    email("1 < 2 <3 & <b title='{{brand_name}}' lang=en>{{code}}</b ><br/><!-- x --> {{ttl}}"),
    email("<!DOCTYPE html><title>a <b> c</title><style>b > i {color: red}</style>{{code}}"
          " {{brand_name}}"),
)  # fmt: skip
"""Templates in which nothing may be found."""
