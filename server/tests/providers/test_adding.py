"""ADDING_PROVIDERS.md: the example is the shortest provider and works as a package of its own."""

import re
import sys
from importlib import metadata

import pytest

import tracked
from e2e.docs_blocks import blocks
from providers.test_textbelt import KEY, FakeTextbelt
from providers.vendor_peer import setup, vendor
from services.desk import PHONE
from watchword_server import providers
from watchword_server.domain.project import Mode
from watchword_server.domain.verification import Status
from watchword_server.services.sending import Start
from watchword_server.testing import deliver_due, open_runtime

PAGE = (tracked.ROOT / "ADDING_PROVIDERS.md").read_text(encoding="utf-8")
SOURCES = tracked.ROOT / "server/src/watchword_server/providers"
(EXAMPLE,) = (one.text for one in blocks(PAGE) if one.language == "python")


def lines(source):
    return len(source.splitlines())


def test_the_example_is_the_file_in_the_tree():
    assert (SOURCES / "textbelt.py").read_text(encoding="utf-8") == EXAMPLE


def test_the_example_is_the_shortest_provider_of_all():
    modules = {path.rpartition(".")[0].rpartition(".")[2] for path in providers.PROVIDERS.values()}
    sizes = {
        name: lines((SOURCES / f"{name}.py").read_text())
        for name in modules
        if (SOURCES / f"{name}.py").is_file()  # a vendor in several files is not the shortest
    }
    assert min(sizes, key=sizes.__getitem__) == "textbelt"
    assert sizes["textbelt"] < 80


def test_the_page_leads_to_all_that_one_needs():
    assert "](ADDING_PROVIDERS.md)" in (tracked.ROOT / "CONTRIBUTING.md").read_text()
    assert "ADDING_PROVIDERS.md" in (tracked.ROOT / "docs/providers/README.md").read_text()


@pytest.fixture
def package(tmp_path, monkeypatch):
    """The example as an installed package of somebody else, by the page's own entry point."""
    (toml,) = (one.text for one in blocks(PAGE) if one.language == "toml")
    name, _, value = toml.splitlines()[1].partition(" = ")
    module, _, attribute = value.strip('"').partition(":")
    source = EXAMPLE.replace("class Textbelt(", f"class {attribute}(")
    (tmp_path / f"{module}.py").write_text(source, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    point = metadata.EntryPoint(name, value.strip('"'), providers.ENTRY_POINTS)
    monkeypatch.setattr(metadata, "entry_points", metadata.EntryPoints([point]).select)
    yield name
    sys.modules.pop(module, None)


async def test_the_example_sends_as_a_package_of_ones_own(package, tmp_path):
    assert package in providers.names()
    assert [field.name for field in providers.fields(package)] == ["key", "base_url"]
    fake = FakeTextbelt()
    async with vendor(fake) as url:
        given = providers.settings(package, {"key": KEY, "base_url": url})
        adapter = providers.load(package)(given, setup(account=package))
        async with open_runtime(tmp_path, outside=(adapter,)) as runtime:
            await runtime.services.projects.create("shop", Mode.LIVE)
            caller = await runtime.operator("shop")
            asked = Start(to=PHONE, template="otp-sms")
            started = await runtime.services.sending.start(caller, asked)
            await deliver_due(runtime)
            (heard,) = fake.heard
            code = re.search(r"[0-9]{6}", heard.form["message"])[0]
            checked = await runtime.services.checking.check(
                caller, started.verification.id, code, None
            )
            timeline = await runtime.services.reading.message(caller, started.verification.id)
    assert (heard.form["phone"], checked.status) == (PHONE, Status.APPROVED)
    (delivery,) = timeline.deliveries
    assert (delivery.provider, delivery.reference) == (package, "12345")


def test_an_example_that_differs_mutant_is_caught():
    with pytest.raises(AssertionError):
        assert EXAMPLE.replace("NO_CREDIT", "OTHER") == (SOURCES / "textbelt.py").read_text()
