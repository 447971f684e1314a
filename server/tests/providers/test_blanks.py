"""Templates with blanks, and places in an answer: no value leaves the place it is filled into."""

import json
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from providers.contract import message
from watchword_server.domain import destinations
from watchword_server.egress.exchange import request as written
from watchword_server.providers import blanks, http_gateway
from watchword_server.providers.blanks import Source, find
from watchword_server.providers.http_gateway import Settings

EVERYWHERE = Settings(
    url="https://gw.example.com/v1/{to}/{code}/send?first={sender}&second={text}",
    query={"third": "<{text}>", "fourth": "{token}"},
    headers={"X-Sender": "from {sender}", "X-Text": "{text}", "X-Token": "{token}"},
    json={"to": ["{to}", {"text": "say: {text}"}], "n": 1, "b": True, "key": "{token}"},
)
AS_FORM = Settings(
    url="https://gw.example.com/send", form={"to": "{to_digits}", "text": "{text}", "last": "x"}
)
ANY = st.text(max_size=60) | st.sampled_from(
    ['"}', '","to":"+1', "&to=+1", "\r\nX-Evil: 1", "..", "../../admin", "%2e%2e", "#", "?a=b",
     "{to}", "{{", "\x00", "\ud800", "\u2028", "é漢🙂", "\\", " ", ""]
)  # fmt: skip


def filled(made, text, sender, token="tok", to="+447700900123", code="482913"):
    plain = message(channel="sms", to=to, text=text, sender=sender, code=code)
    return http_gateway.request(made, blanks.values(plain, "", {"token": token}))


def kept(text):
    return text.encode("utf-8", "replace").decode()


def stays_in_its_place(make=filled, **values):
    """Path, query, fields and JSON have the shape of the template, whatever the values are."""
    text, sender = values["text"], values["sender"]
    made = make(EVERYWHERE, **values)
    url = urlsplit(made.url)
    assert (url.scheme, url.netloc, url.fragment) == ("https", "gw.example.com", "")
    steps = url.path.split("/")
    assert (len(steps), steps[1], steps[-1]) == (5, "v1", "send")
    assert unquote(steps[2]) == kept(values.get("to", "+447700900123"))
    assert parse_qsl(url.query, keep_blank_values=True) == [
        ("first", kept(sender)), ("second", kept(text)), ("third", f"<{kept(text)}>"),
        ("fourth", kept(values.get("token", "tok"))),
    ]  # fmt: skip
    assert set(made.headers) == {"X-Sender", "X-Text", "X-Token", "Content-Type"}
    for value in made.headers.values():
        assert value.isascii() and (value.isprintable() or not value)
    if len(made.url) <= destinations.MAX_URL:
        head, _, _ = written(
            "POST", destinations.parse(made.url), made.headers, made.body
        ).partition(b"\r\n\r\n")
        assert head.count(b"\r\n") == 8  # four of them the frame
    assert json.loads(made.body) == {
        "to": [kept(values.get("to", "+447700900123")), {"text": f"say: {kept(text)}"}],
        "n": 1, "b": True, "key": kept(values.get("token", "tok")),
    }  # fmt: skip


@settings(deadline=None)
@given(text=ANY, sender=ANY, token=ANY)
def test_no_value_leaves_its_place(text, sender, token):
    stays_in_its_place(text=text, sender=sender, token=token)


@settings(deadline=None)
@given(to=ANY.filter(lambda to: kept(to) not in (".", "..")), code=ANY)
def test_not_even_an_address_that_is_none_leaves_its_place(to, code):
    made = filled(EVERYWHERE, "t", "s", to=to, code=code)
    steps = urlsplit(made.url).path.split("/")
    assert (len(steps), unquote(steps[2]), unquote(steps[3])) == (5, kept(to), kept(code))


@settings(deadline=None)
@given(text=ANY)
def test_no_value_leaves_its_place_in_a_form(text):
    made = filled(AS_FORM, text, "s")
    assert parse_qsl(made.body.decode(), keep_blank_values=True) == [
        ("to", "447700900123"), ("text", kept(text)), ("last", "x")
    ]  # fmt: skip


@pytest.mark.parametrize("url", ["https://gw.example.com", "https://gw.example.com/?"])
def test_the_query_is_one_however_the_url_ends(url):
    made = Settings(url=url, query={"to": "{to}", "text": "{text}"}, method="GET")
    query = urlsplit(filled(made, "t", "s").url).query
    assert parse_qsl(query) == [("to", "+447700900123"), ("text", "t")]


def unescaped(where):
    """A variant that fills one kind of place without escaping."""

    def make(made, **values):
        plain = getattr(blanks, where)
        setattr(blanks, where, blanks.as_it_is)
        try:
            return filled(made, **values)
        finally:
            setattr(blanks, where, plain)

    return make


def json_by_hand(template, **values):
    """A variant that fills the JSON's text instead of its strings."""
    made = filled(template, **values)
    text = json.dumps(template.json)
    for name in ("text", "to", "token"):
        text = text.replace(f"{{{name}}}", kept(values.get(name, "")))
    return http_gateway.Request(
        method="POST", url=made.url, headers=made.headers, body=text.encode()
    )


@pytest.mark.parametrize(
    "mutant", [unescaped("in_url"), unescaped("in_header"), json_by_hand],
    ids=["url", "header", "json"],
)  # fmt: skip
def test_a_value_that_leaves_its_place_mutant_is_caught(mutant):
    with pytest.raises((AssertionError, ValueError, destinations.BadDestination)):
        for text in ('"}', "&to=+1", "a\r\nX-Evil: 1", "x/../y?#"):
            stays_in_its_place(mutant, text=text, sender=text)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("{to", "a brace is alone"),
        ("}", "a brace is alone"),
        ("{nobody}", "unknown variable"),
        ("{to!r}", "unknown variable"),
        ("{to:>99999999}", "unknown variable"),
        ("{}", "unknown variable"),
        ("{to.__class__}", "unknown variable"),
        ("{text[0]}", "unknown variable"),
    ],
)
def test_a_template_that_cannot_be_filled_says_why(text, word):
    with pytest.raises(blanks.Flaw, match=word):
        blanks.template(text)


def test_braces_are_written_twice():
    assert blanks.fill(blanks.template("{{{to}}}"), {"to": "x"}, blanks.as_it_is) == "{x}"


BODY = Source(
    body=b'{"a": {"b/c": [1, {"~x": "deep"}]}, "n": 12345678901234567890123, "t": true, "f": 1.5,'
    b' "z": null, "l": [], "m": "two\\nlines", "long": "' + b"x" * 201 + b'"}',
    query={"key": "q"},
    headers={"x-key": "h"},
)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("/a/b~1c/0", "1"),
        ("/a/b~1c/1/~0x", "deep"),
        ("/n", "12345678901234567890123"),
        ("/t", "true"),
        ("/f", "1.5"),
        ("query:key", "q"),
        ("header:X-Key", "h"),
        ("/z", None),
        ("/l", None),
        ("/l/0", None),
        ("/a/b~1c/01", None),
        ("/a/b~1c/-1", None),
        ("/t/0", None),
        ("/m", None),
        ("/long", None),
        ("query:none", None),
    ],
)
def test_a_place_leads_to_a_value_or_to_none(place, value):
    assert blanks.is_place(place)
    assert find(place, BODY) == value


@pytest.mark.parametrize(
    ("body", "place", "value"),
    [
        (b"ID: 4711\r\n", "after:ID:", "4711"),
        (b"ERR: 001, Authentication failed", "after:ERR:", "001"),
        (b"<r><id>abc</id></r>", "after:<id>", "abc"),
        (b"nothing", "after:ID:", None),
        (b"ID:", "after:ID:", None),
        (b" 1701 \n", "text", "1701"),
        (b"status=0&id=4711", "form:id", "4711"),
        (b"&".join([b"a=1"] * 500), "form:a", None),
        (b"\xff\xfe", "/a", None),
        (b"[" * 60_000, "/a", None),
        (b"", "text", None),
    ],
)
def test_a_place_in_text_or_in_what_is_broken(body, place, value):
    assert find(place, Source(body=body)) == value


@settings(deadline=None)
@given(st.binary(max_size=300), st.sampled_from(["/a/0", "form:a", "after:a", "text"]))
def test_no_body_breaks_a_place(body, place):
    value = find(place, Source(body=body))
    assert value is None or value.isprintable()


@pytest.mark.parametrize("text", ["", "a", "/~2", "query:", "cookie:a", "after:", "after: ", "$.a"])
def test_what_is_no_place_is_known(text):
    assert not blanks.is_place(text)
