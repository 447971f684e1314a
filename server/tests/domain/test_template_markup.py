"""HTML is read once from left to right, whatever is in it."""

import pytest

from watchword_server.domain import template_html, template_markup
from watchword_server.domain.template_markup import Comment, Scanner, pieces

SIZE = 60_000
HOSTILE = {
    piece: (head + piece * SIZE)[:SIZE]
    for head, piece in (
        ("", "<a "), ("", "<a href=\""), ("", "<a href='"), ("", "<!--"), ("", "<!-"), ("", "<!"),
        ("", "</"), ("", "</a "), ("", "<"), ("", "<a"), ("", "<a/"), ("<a ", "x=\"\" "),
        ("<a ", "x = "), ("<a", " "), ("<a x", " "), ("<a x=", " "), ("<a x='", "\\'"),
        ("<a ", "="), ("", "<?"), ("", "<![CDATA["), ("", "<style>"), ("", "<title>"),
        ("", "<script>"), ("<style>", "</style"), ("<style>", "</"), ("", "<!doctype "),
        ("<!--", "-"), ("<!--", "--!"), ("", "&#"), ("&#", "1"), ("&#x", "f"), ("", "&"),
        ("", "<{{"), ("", "<b>"), ("", "<b></b>"), ("", "<!-- -->"), ("", "<b x=y>"),
    )
}  # fmt: skip


class Counting(Scanner):
    """Counts characters that are looked at; a search without success looks at all that follow."""

    looked = 0

    def take(self, pattern):
        before = self.place
        found = super().take(pattern)
        Counting.looked += 1 + self.place - before
        return found

    def seek(self, pattern):
        before = self.place
        passed = super().seek(pattern)
        Counting.looked += 1 + (len(self.page) if passed is None else self.place) - before
        return passed


def is_read_once(page):
    Counting.looked = 0
    found = list(pieces(page))
    assert Counting.looked <= 3 * len(page)
    assert len(found) <= 2 * template_markup.MAX_TAGS + 3
    return found


@pytest.mark.parametrize("page", HOSTILE.values(), ids=range(len(HOSTILE)))
def test_a_hostile_page_is_read_once(monkeypatch, page):
    monkeypatch.setattr(template_markup, "Scanner", Counting)
    is_read_once(page)
    template_html.read(page)


def test_reading_on_after_an_open_comment_mutant_is_caught(monkeypatch):
    def goes_on(scanner):
        scanner.place += len("<!--")
        scanner.seek(template_markup._COMMENT_END)
        return Comment("")

    monkeypatch.setattr(template_markup, "Scanner", Counting)
    monkeypatch.setattr(template_markup, "_comment", goes_on)
    with pytest.raises(AssertionError):
        is_read_once(HOSTILE["<!--"][:6_000])


def test_what_is_behind_a_fault_is_text():
    """So that it is still looked at for words."""
    page = template_html.read("<p>one</p><a href='two")
    assert page.text == "one\n<a href='two"
    assert (page.has_tags, page.broken) == (True, ("html_broken",))


def test_words_without_tags_are_no_page():
    page = template_html.read("1 < 2, I <3 it & more &lt;")
    assert (page.text, page.has_tags) == ("1 < 2, I <3 it & more <", False)
