"""The packages as their users get them: built, installed into an environment, and run there."""

import json
import os
import re
import subprocess
import sys
import sysconfig
import urllib.request
import venv
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import packages
import tracked

ROOT = Path(tracked.ROOT)
PIP = next((ROOT / "scripts/pip").glob("pip-*.whl"))
QUICKSTART = """
from watchword import Watchword

client = Watchword.in_sandbox()
sent = client.messages.send(to="+10000000005", template_id="sandbox-otp-tpl")
print(client.verifications.check(message_id=sent.message_id, code="123456").status)
"""
TYPED = """
from watchword import Watchword

sent = Watchword().messages.send(to="+6591234567", template_id="otp-sms")
reveal_type(sent.message_id)
reveal_type(Watchword().verifications.check(message_id=sent.message_id, code="1").verified)
"""
MISTYPED = TYPED + "sent.message_identifier\nWatchword().messages.send(phone='+6591234567')\n"


@dataclass
class Installed:
    """An environment with our wheels in it, and of this one only what they depend on."""

    folder: Path
    wheels: list[Path]

    def environment(self, **settings: str) -> dict[str, str]:
        ours = {name: word for name, word in os.environ.items() if not name.startswith("WATCH")}
        ours.pop("PYTHONPATH", None)
        return ours | settings

    def run(self, program: str, *words: str, **settings: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [str(self.folder / "bin" / program), *words], cwd=self.folder.parent, timeout=90,
            env=self.environment(**settings), capture_output=True, text=True, check=False,
        )  # fmt: skip


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    place = tmp_path_factory.mktemp("installed")
    wheels = packages.build(place / "dist")
    venv.create(place / "venv", with_pip=False)
    made = Installed(place / "venv", wheels)
    said = made.run(
        "python", str(PIP / "pip"), "install", "--quiet", "--no-index", "--no-deps",
        "--disable-pip-version-check", *map(str, wheels),
    )  # fmt: skip
    assert said.returncode == 0, said.stderr
    # A path in a .pth comes last and its own .pth files are not read: what we depend on is
    # found there, our packages that are installed in place are not.
    (site_packages,) = (place / "venv").glob("lib/python*/site-packages")
    (site_packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return made


@pytest.fixture(scope="module")
def served(installed: Installed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a server that runs from the wheel."""
    database = tmp_path_factory.mktemp("served") / "watchword.db"
    settings = {"WATCHWORD_DATABASE_URL": f"sqlite:///{database}"}
    server = subprocess.Popen(
        [str(installed.folder / "bin/watchword-server"), "serve", "--port", "0"],
        cwd=database.parent, env=installed.environment(**settings), text=True,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    assert server.stdout is not None
    line = server.stdout.readline()
    try:
        yield line.removeprefix("Watchword is ready: ").split()[0]
    finally:
        server.terminate()
        server.wait(90)
        server.stdout.close()


def get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=30) as answer:
        return bytes(answer.read())


def test_the_installed_packages_are_the_wheels_own(installed: Installed) -> None:
    said = installed.run(
        "python",
        "-c",
        "import watchword, watchword_server as s; print(watchword.__file__, s.__file__)",
    )
    assert said.stdout.count(str(installed.folder)) == 2, said.stderr


def test_the_demo_runs_from_the_wheel(installed: Installed) -> None:
    done = installed.run("watchword-server", "demo")
    assert done.returncode == 0, done.stderr
    assert "approved" in done.stdout


def test_the_sandbox_quickstart_runs_from_the_wheels(installed: Installed, served: str) -> None:
    done = installed.run("python", "-c", QUICKSTART, WATCHWORD_URL=served)
    assert done.stdout == "approved\n", done.stderr


def test_every_page_is_served_from_the_wheel(served: str) -> None:
    index = get(f"{served}/llms.txt").decode()
    for page in sorted((ROOT / "docs").glob("*.md")):
        linked = re.findall(rf"{re.escape(served)}(?:/docs)?/{page.name}", index)
        assert linked, page.name
        assert get(linked[0]), page.name


def test_a_wheel_has_every_file_of_its_package(installed: Installed) -> None:
    for folder, wheel in zip(packages.folders(), installed.wheels, strict=True):
        source = folder / "src"
        wanted = {
            path.relative_to(source).as_posix()
            for path in tracked.files()
            if path.is_relative_to(source)
        }
        with zipfile.ZipFile(wheel) as archive:
            names = set(archive.namelist())
        assert wanted - names == set()
        assert any(name.endswith("/licenses/LICENSE") for name in names)
        assert (folder / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()


def test_documentation_missing_from_a_wheel_mutant_is_caught(installed: Installed) -> None:
    """The shape of the failure that the page test is there for: a server without its folder."""
    (docs,) = installed.folder.glob("lib/python*/site-packages/watchword_server/_docs")
    away = docs.with_name("_hidden")
    docs.rename(away)
    try:
        program = "from watchword_server.api.site import sources; print(len(sources.written()))"
        assert installed.run("python", "-c", program).stdout == "0\n"
    finally:
        away.rename(docs)


@pytest.fixture(scope="module")
def typed(installed: Installed) -> str:
    """What mypy says of a user's two programs, with the wheel's types."""
    place = installed.folder.parent
    (place / "right.py").write_text(TYPED)
    (place / "wrong.py").write_text(MISTYPED)
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file", "",
         "--python-executable", str(installed.folder / "bin/python"), "right.py", "wrong.py"],
        cwd=place, env=installed.environment(), capture_output=True, text=True,
        timeout=180, check=False,
    )  # fmt: skip
    return done.stdout


def test_a_user_of_mypy_gets_typed_answers(typed: str) -> None:
    said = [line for line in typed.splitlines() if line.startswith("right.py")]
    assert [line.split()[-1] for line in said] == ['"str"', '"bool"']


def test_a_wrong_name_mutant_is_caught_by_mypy(typed: str) -> None:
    assert 'has no attribute "message_identifier"' in typed
    assert 'Unexpected keyword argument "phone"' in typed


def test_a_client_without_settings_says_what_to_set_and_offers_the_sandbox(
    installed: Installed,
) -> None:
    done = installed.run("python", "-c", "from watchword import Watchword; Watchword()")
    assert "WATCHWORD_DEV_KEY and WATCHWORD_DEV_SECRET" in done.stderr
    assert "Watchword.in_sandbox()" in done.stderr
    assert json.dumps("watchword_sandbox_secret") not in done.stderr
