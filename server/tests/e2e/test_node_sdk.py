"""The Node SDK: what its own tests say of the packed package, and its types."""

import json
import re
import subprocess
import tarfile
from pathlib import Path

import pytest

import node_sdk as generator
import tracked
from architecture import MODULE_LINES
from e2e.deployment import Site
from e2e.node_sdk import SOURCE, install, node_tests
from services_needed import ROOT, require_package


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return install(tmp_path_factory.mktemp("node"))


@pytest.mark.parametrize(
    ("files", "at_least"),
    [
        ("vectors.test.mjs", 50),
        ("surface.test.mjs", 3),
        ("client.test.mjs", 15),
        ("agent.test.mjs", 10),
        ("*.cjs", 1),
    ],
)
def test_the_packed_sdk_passes_its_own_tests(program: Path, files: str, at_least: int) -> None:
    assert node_tests(program, files) >= at_least


SCOPES = [
    *("messages:send", "messages:read", "verifications:check", "templates:read"),
    *("templates:manage", "inbox:read", "events:read", "keys:manage", "webhooks:manage"),
]


def test_the_packed_sdk_works_with_a_real_server(program: Path, site: Site) -> None:
    server = site.serve(sandbox_delay_s="0")
    key = site.key(*(word for scope in SCOPES for word in ("--scope", scope)))
    settings = {
        "WATCHWORD_URL": server.url,
        "WATCHWORD_DEV_KEY": key["dev_key"],
        "WATCHWORD_DEV_SECRET": key["dev_secret"],
    }
    assert node_tests(program, "server.test.mjs", **settings) >= 5


TYPED = SOURCE / "tests/typed.ts"
ENDINGS = {"ES module": ".mts", "CommonJS": ".cts"}


def compiled(program: Path, name: str, text: str) -> subprocess.CompletedProcess[str]:
    (program / name).write_text(text)
    tsc = require_package("typescript").parent / ".bin/tsc"
    strict = (
        "--strict",
        "--exactOptionalPropertyTypes",
        "--noEmit",
        "--target",
        "es2022",
        "--lib",
        "es2022",
        "--types",
        "node",
    )
    return subprocess.run(
        [tsc, "--ignoreConfig", *strict, "--module", "nodenext", name], cwd=program,
        capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("kind", ENDINGS)
def test_a_users_program_is_typed(program: Path, kind: str) -> None:
    done = compiled(program, f"typed{ENDINGS[kind]}", TYPED.read_text())
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("old", "new"), [("SentMessage>(true)", "CheckResult>(true)"), ("get(1)", 'get("1")')]
)
def test_a_wrong_type_mutant_is_caught(old: str, new: str, program: Path) -> None:
    text = TYPED.read_text()
    assert old in text
    assert compiled(program, "wrong.mts", text.replace(old, new)).returncode != 0


def tracked_in(folder: str) -> list[str]:
    return [
        path.relative_to(ROOT / folder).as_posix()
        for path in tracked.files()
        if path.is_relative_to(ROOT / folder)
    ]


def test_the_package_holds_the_built_files_and_nothing_else(program: Path) -> None:
    (packed,) = (program.parent / "repository/sdk/node").glob("*.tgz")
    with tarfile.open(packed) as archive:
        names = {name.removeprefix("package/") for name in archive.getnames()}
    assert {"README.md", "package.json", "dist/esm/index.js", "dist/cjs/index.d.ts"} <= names
    assert {f"dist/init/skills/{path}" for path in tracked_in("skills")} <= names
    templates = "sdk/python/src/watchword/init/templates"
    assert {f"dist/init/templates/{path}" for path in tracked_in(templates)} <= names
    assert all(name.startswith(("dist/", "README", "LICENSE", "package.json")) for name in names)
    assert all("/// <reference" not in path.read_text() for path in program.rglob("dist/**/*.d.ts"))


def test_nothing_runs_at_install_time_and_nothing_is_depended_on() -> None:
    package = json.loads((SOURCE / "package.json").read_text())
    assert not package.keys() & {"dependencies", "peerDependencies", "optionalDependencies"}
    assert not package["scripts"].keys() & {"preinstall", "install", "postinstall", "prepare"}
    services = (ROOT / "scripts/services").read_text()
    for name, version in package["devDependencies"].items():
        assert f"{name}@{version}" in services


def test_a_module_that_people_write_is_short() -> None:
    written = set((SOURCE / "src").rglob("*.ts")) - {
        SOURCE / "src" / one for one in generator.read()
    }
    assert len({path for path in written if path.parent.name == "src"}) == 8
    lengths = {path.name: len(path.read_text().splitlines()) for path in written}
    assert {name: lines for name, lines in lengths.items() if lines > MODULE_LINES} == {}


def test_both_sdks_have_one_version() -> None:
    package = json.loads((SOURCE / "package.json").read_text())
    python = (ROOT / "sdk/python/pyproject.toml").read_text()
    assert f'version = "{package["version"]}"' in python
    assert f'VERSION = "{package["version"]}"' in (SOURCE / "src/protocol.ts").read_text()


def test_a_new_operation_needs_no_row() -> None:
    spec = json.loads((ROOT / "spec/openapi.json").read_text())
    view = spec["components"]["schemas"]["ProjectView"]
    spec["components"]["schemas"]["GadgetView"] = view
    answer = {
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/GadgetView"}}}
    }
    spec["paths"]["/v1/gadgets/{gadget_id}"] = {
        "get": {
            "operationId": "getGadget", "tags": ["gadgets"], "summary": "Read a gadget",
            "parameters": [{"name": "gadget_id", "in": "path", "required": True, "schema": {}}],
            "responses": {"200": answer},
        }
    }  # fmt: skip
    written = generator.files(spec)["resources.ts"]
    assert "get(gadgetId: string): Promise<m.Gadget>" in written
    assert "this.gadgets = new Gadgets(runner)" in written
    assert 'getGadget: "gadgets.get"' in written


def test_two_operations_never_get_one_method() -> None:
    spec = json.loads((ROOT / "spec/openapi.json").read_text())
    again = {**spec["paths"]["/v1/projects"]["get"], "operationId": "listProject"}
    spec["paths"]["/v1/projects-again"] = {"get": again}
    with pytest.raises(SystemExit, match=re.escape("projects.list is taken")):
        generator.files(spec)


def test_what_is_generated_is_up_to_date() -> None:
    for name, text in generator.read().items():
        assert (SOURCE / "src" / name).read_text() == text, "make openapi"
