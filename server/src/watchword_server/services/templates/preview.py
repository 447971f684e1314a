"""What a template looks like on each channel and in each language, before anything is sent."""

from collections.abc import Iterator, Mapping

import msgspec

from watchword_server.domain import segments
from watchword_server.domain.channel import Channel
from watchword_server.domain.segments import Segments
from watchword_server.domain.tariff import Cost, Tariff
from watchword_server.domain.template import (
    Alphabet,
    Autofill,
    Rendered,
    Template,
    TemplateError,
    content_for,
    render,
)
from watchword_server.domain.template_rules import (
    MAX_RENDERED,
    MAX_VARIABLES,
    has_too_many_variables,
)

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
        TemplateError: the template has nothing for the channel; the messages are too long.
    """
    room = MAX_RENDERED
    for each in template.contents if channel is None else (channel,):
        for tag in template.contents.get(each, ()) if language is None else (language,):
            code = example_code(template)
            if has_too_many_variables(content_for(template, each, tag)[1]):
                message = f"{each}, {tag}: a message has at most {MAX_VARIABLES} variables"
                raise TemplateError(message, field="contents", rule="too_many_variables")
            rendered = render(template, each, tag, params, autofill, code=code)
            room -= len(rendered.text) + len(rendered.subject or "") + len(rendered.html or "")
            if room < 0:
                raise TemplateError(
                    f"the messages have more than {MAX_RENDERED} characters: "
                    "ask for one channel and language",
                    field="contents", rule="rendered_size",
                )  # fmt: skip
            size = segments.count(rendered.text) if each is Channel.SMS else None
            cost = tariff.cost(each, country, size.segments if size else 1)
            yield Preview(each, rendered, size, cost)


def example_code(template: Template) -> str:
    """A code of the template's length and alphabet that is nobody's."""
    parts = {Alphabet.DIGITS: _DIGITS, Alphabet.LOWERCASE: _SMALL, Alphabet.UPPERCASE: _LARGE}
    letters = [part for kind, part in parts.items() if kind in template.code_alphabet]
    length = template.code_length or 6
    return "".join(letters[place % len(letters)][place % 10] for place in range(length))
