"""What a template looks like on each channel and in each language, before anything is sent."""

from collections.abc import Iterator, Mapping

import msgspec

from watchword_server.domain import segments
from watchword_server.domain.channel import Channel
from watchword_server.domain.segments import Segments
from watchword_server.domain.tariff import Cost, Tariff
from watchword_server.domain.template import Alphabet, Autofill, Rendered, Template, render

_DIGITS, _SMALL, _LARGE = "1234567890", "abcdefghjk", "ABCDEFGHJK"


class Preview(msgspec.Struct, frozen=True):
    """One rendered message; `size` is None where messages have no segments."""

    channel: Channel
    rendered: Rendered
    size: Segments | None
    cost: Cost | None


def previews(
    template: Template, channel: Channel | None, language: str | None, params: Mapping[str, str],
    country: str | None, autofill: Autofill | None, tariff: Tariff,
) -> Iterator[Preview]:  # fmt: skip
    """The messages of the channels and languages asked for; of all of them for None.

    Raises:
        TemplateError: the template has nothing for the channel.
    """
    for each in template.contents if channel is None else (channel,):
        for tag in template.contents.get(each, ()) if language is None else (language,):
            code = example_code(template)
            rendered = render(template, each, tag, params, autofill, code=code)
            size = segments.count(rendered.text) if each is Channel.SMS else None
            cost = tariff.cost(each, country, size.segments if size else 1)
            yield Preview(each, rendered, size, cost)


def example_code(template: Template) -> str:
    """A code of the template's length and alphabet that is nobody's."""
    parts = {Alphabet.DIGITS: _DIGITS, Alphabet.LOWERCASE: _SMALL, Alphabet.UPPERCASE: _LARGE}
    letters = [part for kind, part in parts.items() if kind in template.code_alphabet]
    length = template.code_length or 6
    return "".join(letters[place % len(letters)][place % 10] for place in range(length))
