"""The public surface: what is exported, that both clients have it, and what it costs to import."""

import ast
import dataclasses
import inspect
import io
import json
import re
import subprocess
import sys
import tokenize
import tomllib
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

import httpx2
import pytest

import watchword
from watchword import AsyncWatchword, Watchword, models, records, resources
from watchword.operations import Operation, Resource
from watchword.resources import Messages
from watchword.testing import FakeServer

ROOT = Path(__file__).parents[1]
KEYS = {"dev_key": "demo", "dev_secret": "demo"}


def test_all_is_every_public_name() -> None:
    public = [
        name
        for name, each in vars(watchword).items()
        if not name.startswith("_") and not isinstance(each, ModuleType)
    ]
    assert sorted(watchword.__all__) == sorted([*public, "__version__", "agent", "webhooks"])


def declared(name: str) -> dict[str, ast.ClassDef]:
    """The classes in a stub."""
    stub = ast.parse((ROOT / f"src/watchword/{name}.pyi").read_text())
    return {each.name: each for each in stub.body if isinstance(each, ast.ClassDef)}


def shape(arguments: ast.arguments) -> list[tuple[str, str, bool]]:
    """Name, kind and whether it may be left out, of each argument after self."""
    given = [*arguments.posonlyargs, *arguments.args]
    required = len(given) - len(arguments.defaults)
    found = [(each.arg, "POSITIONAL_OR_KEYWORD", n >= required) for n, each in enumerate(given)]
    named = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    found += [(each.arg, "KEYWORD_ONLY", default is not None) for each, default in named]
    if arguments.kwarg:
        found.append((arguments.kwarg.arg, "VAR_KEYWORD", False))
    return found[1:]


def runtime(signature: inspect.Signature) -> list[tuple[str, str, bool]]:
    drawn = signature.parameters.values()
    return [(each.name, each.kind.name, each.default is not each.empty) for each in drawn]


def stubs() -> dict[str, ast.ClassDef]:
    """The groups in the stub, and not what types them."""
    return {name: each for name, each in declared("resources").items() if name != "Method"}


def agree(groups: Mapping[str, type], stub: Mapping[str, ast.ClassDef]) -> None:
    """What is promised to a type checker is what there is: names, arguments, answers."""
    assert set(groups) == set(stub)
    for group, kind in groups.items():
        promised = {each.name: each for each in stub[group].body if hasattr(each, "args")}
        present = {name: each for name, each in vars(kind).items() if isinstance(each, Operation)}
        assert set(promised) == set(present)
        for name, operation in present.items():
            assert shape(promised[name].args) == runtime(inspect.signature(operation)), (
                group,
                name,
            )
            assert operation.verb == "DELETE" or operation.answer in {
                "-", *re.findall(r"m\.(\w+)", ast.unparse(promised[name].returns))
            }, (group, name)  # fmt: skip
            assert ast.get_docstring(promised[name]), (group, name)


def test_the_stub_of_the_operations_says_what_there_is() -> None:
    agree(resources.GROUPS, stubs())


def test_an_argument_that_is_promised_and_not_there_mutant_is_caught() -> None:
    groups = dict(resources.GROUPS)
    changed = Operation("Guard.unlock", "POST /guard/unlock - * address!$")
    groups["Guard"] = type("Guard", (Resource,), {"unlock": changed})
    with pytest.raises(AssertionError, match="unlock"):
        agree(groups, stubs())


def test_the_stub_of_the_models_says_what_there_is() -> None:
    stub = declared("models")
    assert list(stub) == list(models.MODELS) == list(models.__all__)
    for name, model in models.MODELS.items():
        promised = [each for each in stub[name].body if isinstance(each, ast.AnnAssign)]
        present = dataclasses.fields(model)[1:]
        assert [each.target.id for each in promised] == [each.name for each in present], name
        for said, each in zip(promised, present, strict=True):
            missing = (each.default, each.default_factory)
            required = missing == (dataclasses.MISSING, dataclasses.MISSING)
            assert required is (said.value is None), (name, each.name)
            said_time = ast.unparse(said.annotation) == "When"
            assert said_time is (each.type == records.When), (name, each.name)


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


def test_every_operation_of_the_api_is_an_operation_of_the_client() -> None:
    document = json.loads((ROOT.parents[1] / "spec/openapi.json").read_text())
    offered = {
        (verb.upper(), re.sub(r"\{\w+\}", "{}", path.removeprefix("/v1")))
        for path, verbs in document["paths"].items()
        for verb in verbs
    }
    called = set()
    for kind in resources.GROUPS.values():
        for each in vars(kind).values():
            if isinstance(each, Operation):
                for path in filter(None, (each.path, each.path_with_code)):
                    called.add((each.verb, re.sub(r"\{\w+\}", "{}", path)))
    assert called - offered == {("GET", "/healthz")}
    assert offered - called == set()


def by_operation() -> dict[str, str]:
    """The method of this SDK for each operation of the API, by the operation's id."""
    document = json.loads((ROOT.parents[1] / "spec/openapi.json").read_text())
    rows = [each for kind in resources.GROUPS.values() for each in vars(kind).values()]
    found = {
        (each.verb, re.sub(r"\{\w+\}", "{}", path)): each.__qualname__
        for each in rows
        if isinstance(each, Operation)
        for path in (each.path, each.path_with_code)
    }
    return {
        operation["operationId"]: found.get(
            (verb.upper(), re.sub(r"\{\w+\}", "{}", path.removeprefix("/v1"))), "none"
        )
        for path, verbs in document["paths"].items()
        for verb, operation in verbs.items()
    }


def in_node() -> dict[str, str]:
    """The same of the Node SDK, spelt as here: `optOuts.add` is `OptOuts.add`."""
    text = (ROOT.parent / "node/src/resources.ts").read_text(encoding="utf-8")
    table = text[text.index("export const OPERATIONS") :]
    return {
        each: group[0].upper() + group[1:] + "." + re.sub(r"(?=[A-Z])", "_", method).lower()
        for each, group, method in re.findall(r'^  (\w+): "(\w+)\.(\w+)",$', table, re.MULTILINE)
    }


@pytest.mark.parametrize("operation", by_operation())
def test_an_operation_has_one_method_of_the_same_name_in_both_sdks(operation: str) -> None:
    group, _, method = by_operation()[operation].partition(".")
    assert in_node()[operation] == f"{group}.{method}"
    assert callable(getattr(getattr(Watchword(**KEYS), snake(group)), method))


def snake(name: str) -> str:
    return re.sub(r"\B(?=[A-Z])", "_", name).lower()


def test_a_method_that_only_one_sdk_has_mutant_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    table = in_node() | {"sendMessage": "Messages.post"}
    monkeypatch.setattr(sys.modules[__name__], "in_node", lambda: table)
    with pytest.raises(AssertionError):
        test_an_operation_has_one_method_of_the_same_name_in_both_sdks("sendMessage")


def test_both_clients_have_the_promised_operations() -> None:
    promised = """agent.next_step agent.tools
    close events.get events.list events.stream guard.unlock health in_sandbox
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


def test_the_constructors_are_the_same() -> None:
    assert inspect.signature(Watchword) == inspect.signature(AsyncWatchword)


def test_every_group_of_operations_is_typed_as_a_part_of_the_client() -> None:
    server = next(each for name, each in stubs().items() if name == "Server")
    typed = [ast.unparse(each) for each in server.body if isinstance(each, ast.AnnAssign)]
    there = {name: each for name, each in vars(Watchword(**KEYS)).items() if name != "_runner"}
    assert sorted(typed) == sorted(
        f"{name}: {type(one).__name__}[W]" for name, one in there.items()
    )


def test_an_operation_looks_like_what_it_is() -> None:
    send = Watchword(**KEYS).messages.send
    assert inspect.signature(send).return_annotation is watchword.Message
    assert send.__name__ == "send"
    assert isinstance(Messages.send, Operation)
    assert Messages.send.__doc__ == send.__doc__
    assert send.__doc__.startswith("Send a code")
    assert repr(send).startswith("<Messages.send(*, to, template_id, language=None")


CODE_LINES = 1_100
"""With the rows of today, which declare the API as the stubs do, 1,200."""


def code_lines(text: str) -> int:
    """Lines that are no blank, no comment and no docstring."""
    apart = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT)
    found: set[int] = set()
    for each in tokenize.generate_tokens(io.StringIO(text).readline):
        if each.type not in (*apart, tokenize.ENDMARKER):
            found |= set(range(each.start[0], each.end[0] + 1))
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            found -= set(range(node.lineno, node.end_lineno + 1))
    return len(found)


def size(folder: Path) -> int:
    rows = len(resources.OPERATIONS.splitlines()) + len(models.RECORDS.splitlines())
    return sum(code_lines(path.read_text("utf-8")) for path in folder.glob("*.py")) - rows


def test_the_client_is_small() -> None:
    assert size(ROOT / "src/watchword") <= CODE_LINES


def test_a_client_that_grew_mutant_is_caught(tmp_path: Path) -> None:
    for path in (ROOT / "src/watchword").glob("*.py"):
        (tmp_path / path.name).write_text(path.read_text("utf-8"), "utf-8")
    (tmp_path / "more.py").write_text('"""More."""\n\n# and\n' + "pass\n" * 100)
    assert size(tmp_path) == size(ROOT / "src/watchword") + 100 > CODE_LINES


TYPED = """
from collections.abc import AsyncIterator, Iterator
from typing import assert_type
import httpx2
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

Watchword(transport=httpx2.AsyncHTTPTransport())  # E: one to be awaited
AsyncWatchword(transport=httpx2.HTTPTransport())  # E: one that blocks
client.message  # E: no such group
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
