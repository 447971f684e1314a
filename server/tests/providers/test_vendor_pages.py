"""The pages of vendors: every example could be saved, every code stands beside its reason."""

import json
import re

import pytest

import tracked
from e2e.docs_blocks import blocks
from providers.vonage_peer import PEM
from watchword_server import providers
from watchword_server.providers import calling, engagelab, prelude, twilio, vonage

VENDORS = {"twilio": twilio, "vonage": vonage, "prelude": prelude, "engagelab": engagelab}
ROW = re.compile(r"^\| `(\w+)` \|", re.MULTILINE)


def page(name):
    return (tracked.ROOT / f"docs/providers/{name}.md").read_text(encoding="utf-8")


def section(text, title):
    return text.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


@pytest.mark.parametrize("name", VENDORS)
def test_every_example_of_settings_would_be_saved(name):
    examples = [json.loads(one.text) for one in blocks(page(name)) if one.language == "json"]
    assert examples
    for values in examples:
        if "private_key" in values:
            values["private_key"] = PEM
        assert providers.settings(name, values)


@pytest.mark.parametrize("name", VENDORS)
def test_every_setting_has_its_row_in_order(name):
    rows = ROW.findall(section(page(name), "Settings"))
    assert rows == [field.name for field in providers.fields(name)]


@pytest.mark.parametrize("name", VENDORS)
def test_every_secret_is_called_one_and_every_default_is_right(name):
    for field in providers.fields(name):
        row = next(line for line in page(name).splitlines() if line.startswith(f"| `{field.name}`"))
        assert ("| Secret. " in row) == field.secret
        shown = json.dumps(field.default) if isinstance(field.default, bool) else field.default
        default = "required" if field.required else f"`{shown}`"
        assert f"| {'none' if field.default is None and not field.required else default} |" in row


def is_beside(text, code, reason):
    """Whether a row of the tables has this code and this reason."""
    whole = re.compile(rf"(?<![\w-]){code}(?![\w-])")
    rows = [line.split("|") for line in text.splitlines() if line.startswith("|")]
    return any(whole.search(row[1]) and f"`{reason}`" in row[-2] for row in rows)


TABLES = {
    "twilio": [twilio.CODES],
    "vonage": [vonage.CODES, vonage.CALLS],
    "prelude": [prelude.CODES, prelude.BLOCKED],
    "engagelab": [engagelab.CODES],
}


@pytest.mark.parametrize("name", VENDORS)
def test_every_code_stands_beside_its_reason(name):
    for table in TABLES[name]:
        missing = [
            code for code, reason in table.items() if not is_beside(page(name), code, reason)
        ]
        assert missing == []


@pytest.mark.parametrize("name", ["twilio", "vonage", "prelude"])
def test_every_code_stands_in_the_row_of_its_outcome(name):
    for line in section(page(name), "What a failure means").splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) == 5 and cells[3].startswith("`") and cells[1] != "`repeated_attempts`":
            ours = cells[3].strip("`") in calling.OURS
            assert cells[2] == ("unavailable" if ours else "rejected"), line


@pytest.mark.parametrize(
    ("name", "there", "put"),
    [("twilio", "21610,", ""), ("vonage", "`1240`", "`9240`"), ("engagelab", "5019", "5091")],
)
def test_a_page_without_a_code_mutant_is_caught(name, there, put):
    text = page(name).replace(there, put)
    codes = TABLES[name][0]
    assert not all(is_beside(text, code, reason) for code, reason in codes.items())


@pytest.mark.parametrize("name", VENDORS)
def test_every_status_has_its_row(name):
    rows = section(page(name), "Reports and messages").splitlines()
    rows += section(page(name), "Reports").splitlines()
    for word in VENDORS[name].STATUSES:
        assert any(f"`{word}`" in row for row in rows if row.startswith("|")), word
