"""The registry: names, lazy import, settings; and outside packages by entry point."""

import subprocess
import sys
from importlib import metadata

import msgspec
import pytest

from watchword_server import providers
from watchword_server.domain.errors import Misconfigured
from watchword_server.providers.inbox import Inbox
from watchword_server.providers.smtp import Smtp


@pytest.fixture
def outside(monkeypatch):
    def install(name, value):
        entry_point = metadata.EntryPoint(name, value, providers.ENTRY_POINTS)
        points = metadata.EntryPoints([entry_point])
        monkeypatch.setattr(metadata, "entry_points", points.select)

    return install


@pytest.mark.parametrize("name", providers.PROVIDERS)
def test_every_row_leads_to_a_provider_of_that_name(name):
    assert providers.load(name).name == name


@pytest.mark.parametrize("name", providers.PROVIDERS)
def test_settings_are_frozen_and_each_says_what_it_is_for(name):
    settings = providers.settings_type(name)
    assert issubclass(settings, msgspec.Struct)
    assert settings.__struct_config__.frozen
    assert all(field.description.endswith((".", "`")) for field in providers.fields(name))


def test_a_secret_is_marked():
    assert [field.name for field in providers.fields("smtp") if field.secret] == [
        "password", "dkim_key", "bounce_secret",
    ]  # fmt: skip


def test_a_required_field_has_no_default():
    required = [field.name for field in providers.fields("smtp") if field.required]
    assert required == ["host", "from_address"]


@pytest.mark.parametrize("name", providers.PROVIDERS)
def test_every_default_can_be_shown(name):
    assert msgspec.json.encode(providers.fields(name))


def test_a_default_that_is_made_anew_is_shown_as_what_it_is():
    assert {field.name: field.default for field in providers.fields("whatsapp")}["languages"] == {}


def test_nothing_is_imported_before_its_first_use():
    look = "import sys, watchword_server.providers as p; print(*sys.modules)"
    modules = subprocess.run(
        [sys.executable, "-c", look], capture_output=True, text=True, check=True
    ).stdout.split()
    assert "watchword_server.providers" in modules
    assert "aiosmtplib" not in modules
    assert "watchword_server.providers.inbox" not in modules


def test_an_unknown_name_is_answered_with_those_there_are():
    with pytest.raises(Misconfigured, match=r"no provider pigeon: it is one of .*inbox, .*smtp"):
        providers.load("pigeon")


def test_an_outside_package_adds_a_provider(outside):
    outside("pigeon", "watchword_server.providers.inbox:Inbox")
    assert providers.load("pigeon") is Inbox
    assert "pigeon" in providers.names()


def test_an_outside_package_cannot_take_the_place_of_ours(outside):
    outside("smtp", "watchword_server.providers.inbox:Inbox")
    assert providers.load("smtp") is Smtp


def test_an_outside_package_that_is_broken_says_so(outside):
    outside("pigeon", "no_such_package:Pigeon")
    with pytest.raises(Misconfigured, match="pigeon cannot be imported"):
        providers.load("pigeon")


def test_settings_come_from_text():
    settings = providers.settings(
        "smtp",
        {"host": "127.0.0.1", "from_address": "a@b.example", "port": "25", "security": "none"},
    )
    assert (settings.port, settings.timeout_s) == (25, 10.0)


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ({"from_address": "a@b.example"}, "host"),
        ({"host": "x", "from_address": "a@b.example", "prot": 25}, "prot"),
        ({"host": "x", "from_address": "a@b.example", "timeout_s": 11}, "timeout_s"),
        ({"host": "x", "from_address": "nobody"}, "from_address"),
    ],
)
def test_wrong_settings_are_named(values, word):
    with pytest.raises(Misconfigured, match=word):
        providers.settings("smtp", values)
