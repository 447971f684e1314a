"""The public surface: what is exported, that both clients have it, and what it costs to import."""

import inspect
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import httpx2
import pytest

import watchword
from watchword import AsyncWatchword, Watchword
from watchword.resources import Messages, Operation, Resource
from watchword.testing import FakeServer

ROOT = Path(__file__).parents[1]
KEYS = {"dev_key": "demo", "dev_secret": "demo"}


def test_all_is_every_public_name_in_order() -> None:
    public = [
        name
        for name, each in vars(watchword).items()
        if not name.startswith("_") and not isinstance(each, ModuleType)
    ]
    assert watchword.__all__ == sorted([*public, "__version__"])


def test_the_version_is_the_packages() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project.get("version", watchword.__version__) == watchword.__version__


def operations(client: object) -> dict[str, object]:
    """Every public name of a client and of its groups."""
    found: dict[str, object] = {}
    for name in dir(client):
        if name.startswith("_"):
            continue
        each = getattr(client, name)
        if isinstance(each, Resource):
            found |= {f"{name}.{inner}": more for inner, more in operations(each).items()}
        else:
            found[name] = each
    return found


SYNC, LATER = operations(Watchword(**KEYS)), operations(AsyncWatchword(**KEYS))


def test_both_clients_have_the_promised_operations() -> None:
    promised = """close events.get events.list events.stream guard.unlock health in_sandbox
    inbox.list
    keys.create keys.delete keys.get keys.list keys.rotate keys.update
    messages.cancel messages.get messages.list messages.resend messages.send messages.send_custom
    opt_outs.add opt_outs.list opt_outs.remove
    projects.create projects.delete projects.get projects.list projects.update
    providers.create providers.delete providers.dry_run providers.get providers.health
    providers.list providers.test providers.types providers.update
    routes.check routes.delete routes.get routes.list routes.put
    sandbox.messages sandbox.set_webhook templates.approve
    templates.create templates.delete templates.get templates.lint templates.list
    templates.preview templates.reject templates.replace templates.update templates.versions
    verifications.check webhooks.create webhooks.delete webhooks.deliveries
    webhooks.delivery webhooks.get webhooks.list webhooks.replay webhooks.rotate_secret
    webhooks.test webhooks.update with_options"""
    assert sorted(SYNC) == sorted(LATER) == promised.split()


@pytest.mark.parametrize("name", sorted(SYNC))
def test_an_operation_has_the_same_signature_and_docstring_in_both_clients(name: str) -> None:
    sync, later = inspect.signature(SYNC[name]), inspect.signature(LATER[name])
    assert sync == later
    assert "self" not in sync.parameters
    assert SYNC[name].__doc__
    assert SYNC[name].__doc__ == LATER[name].__doc__


def test_the_constructors_differ_only_in_what_has_to_be_async() -> None:
    sync = inspect.signature(Watchword).parameters
    later = inspect.signature(AsyncWatchword).parameters
    assert list(sync) == list(later)
    assert {name for name in sync if sync[name] != later[name]} == {"transport", "sleep"}


def test_an_operation_looks_like_what_it_is() -> None:
    send = Watchword(**KEYS).messages.send
    assert inspect.signature(send).return_annotation is watchword.Message
    assert send.__name__ == "send"
    assert isinstance(Messages.send, Operation)
    assert Messages.send.__doc__ == send.__doc__


TYPED = """
from collections.abc import AsyncIterator, Iterator
from typing import assert_type
from watchword import ApiKey, AsyncWatchword, CheckResult, Event, Health, Message, Watchword

client = Watchword()
assert_type(client.messages.send(to="x", template_id="t", params={"a": "b"}), Message)
assert_type(client.messages.list(status="pending"), Iterator[Message])
assert_type(client.verifications.check(message_id="x", code="1"), CheckResult)
assert_type(client.keys.create(name="n", scopes=["a"], allowed_ips=["::1"]), ApiKey)
assert_type(client.events.stream(type="delivery"), Iterator[Event])
assert_type(client.with_options(timeout=1).health(), Health)

async def later() -> None:
    async with AsyncWatchword() as client:
        assert_type(client, AsyncWatchword)
        assert_type(await client.messages.resend("x", "voice"), Message)
        assert_type(client.messages.list(), AsyncIterator[Message])
        assert_type(await client.verifications.check(message_id="x", code="1"), CheckResult)

client.messages.send("x")  # E: a positional argument
client.messages.get(1)  # E: not an id
client.messages.send(to="x", template="t")  # E: no such argument
"""


def test_a_users_program_is_typed(tmp_path: Path) -> None:
    pytest.importorskip("mypy")
    program = tmp_path / "program.py"
    program.write_text(TYPED)
    checked = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "program.py"],
        cwd=tmp_path,
        env={"MYPYPATH": str(ROOT / "src"), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    wrong = {int(line) for line in re.findall(r"^program\.py:(\d+): error", checked.stdout, re.M)}
    meant = {n for n, line in enumerate(TYPED.splitlines(), 1) if "# E:" in line}
    assert wrong == meant, checked.stdout + checked.stderr


def test_importing_it_loads_nothing_of_a_third_party_but_httpx2() -> None:
    probe = (
        "import sys, json, httpx2; before = set(sys.modules); import watchword;"
        "new = {m.partition('.')[0] for m in set(sys.modules) - before};"
        "print(json.dumps(sorted(new - sys.stdlib_module_names)))"
    )
    env = {"PYTHONPATH": str(ROOT / "src")}
    loaded = subprocess.check_output([sys.executable, "-c", probe], env=env, text=True)
    assert json.loads(loaded) == ["watchword"]


def readme_blocks() -> list[str]:
    return re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.S)


@pytest.mark.parametrize("block", readme_blocks())
def test_an_example_of_the_readme_runs(block: str, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeServer()
    monkeypatch.setenv("WATCHWORD_DEV_KEY", "demo")
    monkeypatch.setenv("WATCHWORD_DEV_SECRET", "demo")
    for kind in (httpx2.Client, httpx2.AsyncClient):
        plain = kind.__init__

        def through(self, *, transport=None, plain=plain, **options) -> None:
            plain(self, transport=transport or fake, **options)

        monkeypatch.setattr(kind, "__init__", through)
    monkeypatch.setattr("builtins.input", lambda _question="": fake.code_for("+6591234567"))
    exec(compile(block, "README.md", "exec"), {"__name__": "readme"})
