"""docs/providers: every provider has its page and its row, and no page names what is not there."""

import json
import re

import pytest

import provider_table
import tracked
from e2e.docs_blocks import blocks
from providers.contract import message
from providers.vendor_peer import Answered, setup, vendor
from watchword_server import providers
from watchword_server.domain.delivery import Reason

FOLDER = tracked.ROOT / "docs/providers"
INDEX = provider_table.PAGE.read_text(encoding="utf-8")
ROW = re.compile(r"^\| `(\w+)` \|", re.MULTILINE)
SHOWN = ("apprise", "http", "telegram", "whatsapp")
"""Pages whose blocks of JSON are settings, which are checked as an account's are."""


def page(name):
    return (FOLDER / f"{name}.md").read_text(encoding="utf-8")


def the_index_is_what_the_registry_says(index):
    assert provider_table.table() in index, "run scripts/provider_table.py"
    linked = set(re.findall(r"\]\((\w+)\.md\)", index))
    assert (
        linked
        == set(providers.PROVIDERS)
        == {path.stem for path in FOLDER.glob("*.md") if path.stem != "README"}
    )


def test_the_index_has_a_row_for_every_provider_and_every_page():
    the_index_is_what_the_registry_says(INDEX)


@pytest.mark.parametrize("gone", ["[`http`](http.md)", "| callback |", "`from_address`"])
def test_an_index_that_is_out_of_date_mutant_is_caught(gone):
    assert gone in INDEX
    with pytest.raises(AssertionError):
        the_index_is_what_the_registry_says(INDEX.replace(gone, ""))


def names_every_setting_and_no_other(name, text):
    """In the rows of its section Settings, up to the next heading."""
    section = text.partition("\n## Settings\n")[2].partition("\n## ")[0]
    assert [*ROW.findall(section)] == [field.name for field in providers.fields(name)]


@pytest.mark.parametrize("name", providers.PROVIDERS)
def test_every_page_names_every_setting_in_order_and_no_other(name):
    names_every_setting_and_no_other(name, page(name))


@pytest.mark.parametrize(("there", "put"), [("`id_at`", "`id_place`"), ("| `token` |", "| x |")])
def test_a_page_with_another_setting_mutant_is_caught(there, put):
    with pytest.raises(AssertionError):
        names_every_setting_and_no_other("http", page("http").replace(there, put))


def says_which_are_secret(name, text):
    for field in providers.fields(name):
        (row,) = re.findall(rf"^\| `{field.name}` \|.*$", text, re.MULTILINE)[:1]
        assert ("secret" in row.lower()) >= field.secret, field.name
        assert ("| required |" in row) == field.required, field.name


@pytest.mark.parametrize("name", providers.PROVIDERS)
def test_every_page_says_which_settings_are_required_and_secret(name):
    says_which_are_secret(name, page(name))


def test_a_page_that_hides_what_is_secret_mutant_is_caught():
    with pytest.raises(AssertionError):
        says_which_are_secret("http", page("http").replace("Secret. ", ""))


def examples(name):
    return [json.loads(one.text) for one in blocks(page(name)) if one.language == "json"]


@pytest.mark.parametrize("name", SHOWN)
def test_every_example_of_settings_would_be_saved(name):
    assert examples(name)
    for values in examples(name):
        assert providers.settings(name, values)


@pytest.mark.parametrize(
    ("number", "body", "reference"),
    [(0, {"status": "queued", "messages": [{"id": 7}]}, "7"), (1, b"ID: 4711", "4711")],
)
async def test_every_example_of_a_gateway_sends(number, body, reference):
    heard = []
    async with vendor(lambda one: heard.append(one) or Answered(200, body)) as url:
        values = examples("http")[number]
        values["url"] = url + "/" + values["url"].rpartition("/")[2]
        made = providers.load("http")(providers.settings("http", values), setup())
        receipt = await made.send(message(to="+447700900123", channel="sms"))
    assert receipt.reference == reference
    assert "482913 is your Acme code." in str(heard[0].query) + heard[0].body.decode()


@pytest.mark.parametrize("name", ["whatsapp", "telegram"])
def test_the_table_of_failures_has_every_code(name):
    module = __import__(providers.load(name).__module__, fromlist=["ERRORS"])
    text = page(name).replace("FLOOD_WAIT_…", "FLOOD_WAIT")
    for code, reason in module.ERRORS.items():
        rows = [line for line in text.splitlines() if re.search(rf"(?<!\w){code}(?!\w)", line)]
        assert any(f"`{reason}`" in line for line in rows), code


def test_the_meanings_of_a_gateways_codes_are_all_on_its_page():
    text = page("http")
    module = __import__(providers.load("http").__module__, fromlist=["MEANINGS"])
    assert {one for one in module.MEANINGS if f"`{one}`" not in text} == set()
    assert Reason.NOT_NEEDED.value not in text
