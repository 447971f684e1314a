"""How a hosted page looks: one template, its style and script in it, nothing from elsewhere."""

import base64
import hashlib
from functools import lru_cache
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader
from markupsafe import Markup, escape

from watchword_server.api.hosted.words import Spoken

_FOLDER = "watchword_server.api.hosted"


def render(
    spoken: Spoken, *, title: str, said: str = "", brand: str = "", sent: Markup | str = "",
    numeric: bool = True, form: bool = False, kind: str = "",
) -> bytes:  # fmt: skip
    """The whole page; without `form` it only says something."""
    page: str = _template().render(
        language=spoken, words=spoken.words, title=title, said=said, brand=brand, sent=sent,
        numeric=numeric, form=form, kind=kind, style=_text("page.css"), script=_text("page.js"),
    )  # fmt: skip
    return page.encode()


def isolated(text: str, **values: str) -> Markup:
    """A text whose values keep their own direction; an address is read left to right."""
    marked = {
        name: Markup('<bdi dir="{}">{}</bdi>').format("ltr" if name == "address" else "auto", one)
        for name, one in values.items()
    }
    return escape(text).format(**marked)


@lru_cache(1)
def policy() -> bytes:
    """The Content-Security-Policy: only this very style and script, the form only to itself."""
    return (
        f"default-src 'none'; style-src '{_hash('page.css')}'; script-src '{_hash('page.js')}'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ).encode()


def _hash(name: str) -> str:
    digest = hashlib.sha256(_text(name).encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"


@lru_cache(4)
def _text(name: str) -> str:
    path = resources.files(_FOLDER) / "templates" / name
    return path.read_text(encoding="utf-8")


@lru_cache(1)
def _template() -> Any:
    loader = PackageLoader(_FOLDER)
    environment = Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    return environment.get_template("page.html")
