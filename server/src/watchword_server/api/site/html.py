"""Pages as HTML: one calm template, one style sheet, no script."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from jinja2 import Environment, PackageLoader
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token

_NO_WORD = re.compile(r"[^\w\- ]")


@lru_cache(1)
def _markdown() -> MarkdownIt:
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    markdown.add_render_rule("heading_open", _heading)
    markdown.add_render_rule("table_open", _table_open)
    markdown.add_render_rule("table_close", _table_close)
    return markdown


@lru_cache(1)
def _template() -> Any:
    loader = PackageLoader("watchword_server.api.site")
    environment = Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    return environment.get_template("page.html")


def anchor(heading: str) -> str:
    """The id of a heading, as code hosts make it, so that links work there and here."""
    return _NO_WORD.sub("", heading.lower()).replace(" ", "-")


def render(
    text: str, title: str, path: str, sections: Sequence[tuple[str, Sequence[tuple[str, str]]]]
) -> bytes:
    """A whole HTML page.

    Args:
        text: its Markdown, with links that lead to HTML.
        path: where it is served, without ending.
        sections: the navigation: for each section its title and its pages (URL, title).
    """
    page: str = _template().render(
        body=_markdown().render(text), title=title, path=path, sections=sections
    )
    return page.encode()


def _heading(
    renderer: RendererHTML, tokens: Sequence[Token], index: int, options: Any, env: Any
) -> str:
    token, inline = tokens[index], tokens[index + 1]
    if token.tag != "h1":
        token.attrSet("id", anchor(inline.content.replace("`", "")))
    return renderer.renderToken(tokens, index, options, env)


def _table_open(*_rule: Any) -> str:
    return '<div class="wide" tabindex="0" role="region" aria-label="Table"><table>\n'


def _table_close(*_rule: Any) -> str:
    return "</table></div>\n"
