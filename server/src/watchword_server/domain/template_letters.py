"""Letters that deceive: invisible ones, ones that turn the direction, look-alikes.

Sources: UAX #9 (bidirectional controls), UTS #39 (which scripts may stand together, and the
look-alikes of Latin letters that spoofed names use most).
"""

import functools
import re
import unicodedata

BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Characters that turn the direction of what follows; a renderer adds its own where needed."""

_JOINERS = "\u200c\u200d"
_HIDDEN = frozenset({"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"})
_BREAKS = frozenset("\n\r\t")
_NO_BREAKS = str.maketrans("", "", "\n\r\t")
_CONFUSABLE = frozenset({"LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE"})
_STYLED = frozenset(
    {"MATHEMATICAL", "FULLWIDTH", "SQUARED", "CIRCLED", "PARENTHESIZED", "NEGATIVE"}
)
_TOGETHER: tuple[frozenset[str], ...] = (
    frozenset({"LATIN", "CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA"}),
    frozenset({"LATIN", "CJK", "BOPOMOFO"}),
    frozenset({"LATIN", "CJK", "HANGUL"}),
)
"""UTS #39, section 5.2, "highly restrictive"; any single script is fine too."""

_LOOK_ALIKES = {
    ord(other): latin
    for latin, others in {
        "a": "аΑα", "b": "вΒ", "c": "с", "d": "ԁ", "e": "еΕ", "g": "ɡ", "h": "һнΗ", "i": "іΙι",
        "j": "ј", "k": "кΚκ", "m": "мΜ", "n": "Ν", "o": "оΟο", "p": "рΡρ", "s": "ѕ", "t": "тΤ",
        "u": "υ", "v": "ѵ", "x": "хΧχ", "y": "уΥ", "z": "Ζ",
    }.items()
    for other in others
}  # fmt: skip
_DIGITS = str.maketrans("013457@$", "oleastas")
_WORD = re.compile(r"[^\W\d_][^\W_]*")
_SPACED = re.compile(r"(?<!\w)(?:\w[\s._*-]){3,40}\w(?!\w)")


def hidden(text: str) -> tuple[str, ...]:
    """Invisible characters, as `U+200B`, without those that an Indic or Arabic word needs."""
    if text.isascii() and text.translate(_NO_BREAKS).isprintable():
        return ()
    found = []
    for place, letter in enumerate(text):
        if letter in BIDI or letter in _BREAKS:
            continue
        if letter in _JOINERS and place and ord(text[place - 1]) > 0x2FF:
            continue
        if unicodedata.category(letter) in _HIDDEN:
            found.append(f"U+{ord(letter):04X}")
    return tuple(dict.fromkeys(found))


def turning(text: str) -> tuple[str, ...]:
    """Bidirectional controls, as `U+202E`."""
    return tuple(f"U+{ord(letter):04X}" for letter in sorted(BIDI.intersection(text)))


def scripts(text: str) -> frozenset[str]:
    """The scripts of a text's letters, by the first word of their Unicode names."""
    return frozenset(_script(letter) for letter in set(text) if letter.isalpha())


@functools.lru_cache(4096)
def _script(letter: str) -> str:
    return unicodedata.name(letter, "UNKNOWN").split(" ")[0]


def is_styled(text: str) -> bool:
    """Whether letters are written with symbols that only look like letters."""
    return bool(scripts(text) & _STYLED)


def may_stand_together(found: frozenset[str]) -> bool:
    """Whether one name may be written in these scripts."""
    return len(found) <= 1 or any(found <= group for group in _TOGETHER)


def mixed_words(text: str) -> tuple[str, ...]:
    """Words with letters of two scripts that look alike."""
    words = dict.fromkeys(_WORD.findall(text))
    return tuple(word for word in words if len(scripts(word) & _CONFUSABLE) > 1)


def folded(text: str) -> str:
    """A text as the eye reads it: no case, accents, invisible characters or look-alikes."""
    if text.isascii():
        return " ".join(text.lower().split())
    apart = unicodedata.normalize("NFKD", text)
    seen = "".join(letter for letter in apart if unicodedata.category(letter) not in ("Mn", "Cf"))
    return " ".join(seen.translate(_LOOK_ALIKES).casefold().split())


def disguises(text: str) -> tuple[str, ...]:
    """Readings of a folded text: as it stands, digits as letters, spaced letters put together."""
    joined = _SPACED.sub(lambda spaced: re.sub(r"[\s._*-]", "", spaced[0]), text)
    return tuple(dict.fromkeys((text, text.translate(_DIGITS), joined)))
