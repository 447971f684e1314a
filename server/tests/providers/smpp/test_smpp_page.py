"""docs/providers/smpp.md says what the code does: its tables are the code's, its JSON is taken."""

import json
import re

import pytest

import tracked
from watchword_server import providers
from watchword_server.providers.smpp import status

PAGE = (tracked.ROOT / "docs/providers/smpp.md").read_text()


def written(default):
    """A default as the page writes it."""
    if default is None or default == "":
        return "none" if default is None else "empty"
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    return f"`{default:g}`" if isinstance(default, int | float) else f"`{default}`"


@pytest.mark.parametrize("field", providers.fields("smpp"), ids=lambda field: field.name)
def test_every_setting_stands_on_the_page(field):
    default = "required" if field.required else written(field.default)
    secret = " Secret: never logged, never shown." if field.secret else ""
    assert f"| `{field.name}` | {default} | {field.description}{secret} |" in PAGE


def test_every_status_stands_on_the_page_with_its_meaning():
    tables = ((status.REFUSED, "rejected"), (status.UNAVAILABLE, "unavailable"))
    for table, outcome in tables:
        for code, reason in table.items():
            row = rf"\| [^|\n]*`{status.raw(code)}`[^|\n]* \| {outcome} \| `{reason}` \|"
            assert re.search(row, PAGE), status.raw(code)


def test_every_state_of_a_receipt_stands_on_the_page():
    for word, means in status.STATES.items():
        said = f"`{means[0]}`" if means else "none yet"
        reason = f"`{means[1]}`" if means and means[1] else "none"
        assert f"| `{word}` | {said} | {reason} |" in PAGE


def test_the_settings_shown_are_taken():
    (shown,) = re.findall(r"<<'SETTINGS'\n(.*?)SETTINGS\n", PAGE, re.DOTALL)
    shown = json.dumps(json.loads(shown) | {"password": "s3cr3tpw"})
    assert repr(providers.settings("smpp", json.loads(shown))) == "<smpp smsc.example.com>"
    (private,) = re.findall(r'`("tls": false, .*?)`', PAGE)
    plain = json.loads(shown) | json.loads(f"{{{private}}}")
    assert providers.settings("smpp", plain)
