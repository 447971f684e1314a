"""`watchword init` in a sample project of each framework, and what it wrote driven as people do.

The project is set up, its user adds the lines that were printed, its app runs, and a code goes
through it in the sandbox of a real server, which tells the app by a signed webhook.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from e2e.deployment import Site, until
from e2e.init_commands import FLAVOURS, Built, contents, init
from services_needed import ROOT, require_package
from watchword import Watchword

PORT = re.compile(r"^\d+$", re.MULTILINE)
SANDBOX_KEY = ("watchword_sandbox_demo", "watchword_sandbox_secret")
SERVE_WSGI = """
from wsgiref.simple_server import make_server
server = make_server("127.0.0.1", 0, app)
print(server.server_port, flush=True)
server.serve_forever()
"""
SERVE_ASGI = """
import socket, uvicorn
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
uvicorn.Server(uvicorn.Config(app, log_level="warning")).run(sockets=[listener])
"""
DJANGO_SITE = """
import django
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.urls import include, path
settings.configure(
    ROOT_URLCONF=__name__, ALLOWED_HOSTS=["127.0.0.1"], SECRET_KEY="of this test",
    MIDDLEWARE=["django.middleware.csrf.CsrfViewMiddleware"],
)
urlpatterns = []
app = get_wsgi_application()
"""
SERVE_EXPRESS = """
app.use(express.json());
const server = app.listen(0, "127.0.0.1", () => console.log(server.address().port));
"""
NEXT = """
import { createServer } from "node:http";
import next from "next";
const app = next({ dev: true, dir: import.meta.dirname });
await app.prepare();
const server = createServer(app.getRequestHandler());
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
"""


@dataclass(frozen=True)
class Sample:
    """A user's project before, and how its user starts it after."""

    manifest: str
    content: str
    app: str
    command: tuple[str, ...]
    prefix: str = "/watchword"


PYTHON = (sys.executable, "app.py")
SAMPLES = {
    "fastapi": Sample(
        "pyproject.toml",
        '[project]\nname = "mine"\nversion = "1"\ndependencies = ["fastapi>=0.100"]\n',
        f"from fastapi import FastAPI\napp = FastAPI()\n#mount\n{SERVE_ASGI}",
        PYTHON,
    ),
    "flask": Sample(
        "requirements.txt",
        "Flask>=3\n",
        f"from flask import Flask\napp = Flask(__name__)\n#mount\n{SERVE_WSGI}",
        PYTHON,
    ),
    "django": Sample(
        "requirements.txt",
        "django>=5",
        f"{DJANGO_SITE.replace('urlpatterns = []', 'urlpatterns = [#mount]')}{SERVE_WSGI}",
        PYTHON,
    ),
    "express": Sample(
        "package.json",
        '{"type": "module", "dependencies": {"express": "^5"}}\n',
        f'import express from "express";\nconst app = express();\n//mount\n{SERVE_EXPRESS}',
        ("node", "app.mjs"),
    ),
    "next": Sample(
        "package.json",
        '{"private": true, "dependencies": {"next": "^16", "react": "^19", "react-dom": "^19"}}\n',
        NEXT,
        ("node", "start.mjs"),
        "/api/watchword",
    ),
    "express-commonjs": Sample(
        "package.json",
        '{\n    "dependencies": {}, "devDependencies": {"express": "^5"}\n}\n',
        f'const express = require("express");\nconst app = express();\n//mount\n{SERVE_EXPRESS}',
        ("node", "app.cjs"),
    ),
}


def mounted(name: str, said: str, app: str) -> str:
    """The user's app with the lines that were printed for it."""
    if name == "next":
        return app
    lines = said.partition("add to your app:\n")[2].splitlines()
    wanted = [line.strip() for line in lines if line.startswith("     ")][
        : lines.index(next(line for line in lines if line.startswith("  ") and line[2].isdigit()))
    ]
    if name == "django":
        return app.replace("#mount", wanted[0].partition("  #")[0])
    if name == "express":
        return wanted[0] + "\n" + app.replace("//mount", wanted[1])
    return app.replace("#mount", "\n".join(wanted)).replace("//mount", "\n".join(wanted))


@contextmanager
def running(built: Built, command: tuple[str, ...], folder: Path, output: Path) -> Iterator[str]:
    """The user's app with its .env; its URL."""
    pairs = (line.partition("=") for line in (folder / ".env").read_text().splitlines())
    settings = {name: value for name, _, value in pairs} | {"NEXT_TELEMETRY_DISABLED": "1"}
    with output.open("w") as out:
        process = subprocess.Popen(
            command, cwd=folder, env=built.environment() | settings, stdout=out, stderr=out
        )
        try:
            until(
                lambda: PORT.search(output.read_text()) or process.poll() is not None,
                "the app starts",
            )
            port = PORT.search(output.read_text())
            assert port, output.read_text()
            yield f"http://127.0.0.1:{port[0]}"
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)


def post(url: str, body: Any) -> tuple[int, Any]:
    """Status and JSON of an answer."""
    asked = urllib.request.Request(
        url, json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(asked, timeout=60) as answer:
            return answer.status, json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as refusal:
        with refusal:
            text = refusal.read()
            return refusal.code, json.loads(text) if text.startswith(b"{") else None


def set_up(built: Built, flavour: str, name: str, folder: Path, url: str) -> Sample:
    """The project of a sample, set up by the command and by its user; twice changes nothing."""
    sample = SAMPLES[name]
    folder.mkdir()
    (folder / sample.manifest).write_text(sample.content)
    shown = init(built, flavour, folder, "--url", url, "--dry-run")
    assert set(contents(folder)) == {sample.manifest}, "a dry run changes nothing"
    assert "+WATCHWORD_DEV_KEY=watchword_sandbox_demo" in shown
    said = init(built, flavour, folder, "--url", url)
    once = contents(folder)
    for each in FLAVOURS:
        assert "Nothing to change." in init(built, each, folder, "--url", url)
    assert contents(folder) == once, "a second run changes nothing"
    for agent in (".agents", ".claude"):
        for skill in (path for path in (ROOT / "skills").rglob("*.md") if path.is_file()):
            name_there = f"{agent}/skills/{skill.relative_to(ROOT / 'skills').as_posix()}"
            assert once[name_there] == skill.read_bytes()
    app = sample.command[-1]
    program = Path(app).name
    (folder / program).write_text(mounted(name, said, sample.app))
    return sample


def drive(built: Built, folder: Path, sample: Sample, server_url: str) -> None:
    """A code through the app: sent, mistyped, verified, told by webhook; forgeries are refused."""
    output = folder / "output.txt"
    us = Watchword(server_url, *SANDBOX_KEY)
    with us, running(built, sample.command, folder, output) as app:
        routes = app + sample.prefix
        env = (folder / ".env").read_text()
        secret = env.partition("WATCHWORD_WEBHOOK_SECRET=")[2].splitlines()[0]
        # First of all, because a development server compiles a route when it is asked for.
        assert post(f"{routes}/webhook", {"type": "verification.approved", "data": {}})[0] == 400
        endpoint = us.webhooks.create(url=f"{routes}/webhook", secret=secret)
        assert endpoint.verified, endpoint.raw
        status, sent = post(f"{routes}/send", {"to": "+10000000005"})
        assert status == 200, sent
        about = {"message_id": sent["message_id"]}
        wrong = post(f"{routes}/verify", about | {"code": "000000"})
        assert (wrong[0], wrong[1]["verified"]) == (200, False)
        right = post(f"{routes}/verify", about | {"code": "123456"})
        assert (right[0], right[1]["verified"]) == (200, True)
        told = f"verification.approved {sent['message_id']}"
        until(lambda: told in output.read_text(), "the app hears of it")
        again = post(f"{routes}/verify", about | {"code": "123456"})
        assert again[0] == 409, again
        limited = post(f"{routes}/send", {"to": "+10000000099"})
        assert limited[0] == 429
        assert limited[1]["retry_after"] > 0
        assert "code 3004" not in limited[1]["message"], "a sentence for a person"
        assert post(f"{routes}/send", {"to": "+10000001503"})[0] == 503
        assert post(f"{routes}/send", {})[0] in (400, 422)
        assert "123456" not in output.read_text()


def own_and_other(names: list[str], own: str, other: str) -> list[Any]:
    """Each app, set up by its own language's command; by the other's where there is time."""
    return [pytest.param(name, own, id=name) for name in names] + [
        pytest.param(name, other, id=f"{name}-by-{other}", marks=pytest.mark.long) for name in names
    ]


@pytest.mark.parametrize(
    ("name", "flavour"), own_and_other(["fastapi", "flask", "django"], "python", "node")
)
def test_a_python_app_verifies_a_code_and_hears_of_it(
    name: str, flavour: str, built: Built, site: Site, tmp_path: Path
) -> None:
    server = site.serve(sandbox_delay_s="0")
    sample = set_up(built, flavour, name, tmp_path / "mine", server.url)
    drive(built, tmp_path / "mine", sample, server.url)


def node_modules(built: Built, folder: Path, framework: str) -> None:
    """What the project's package manager would install: its framework, and the packed SDK."""
    modules = require_package(framework).parent
    # Links to the same bytes: Next.js takes no link that leads out of the project.
    shutil.copytree(modules, folder / "node_modules", copy_function=os.link, symlinks=True)
    shutil.copytree(built.node, folder / "node_modules/watchword")


@pytest.mark.parametrize(
    ("name", "flavour"),
    [
        *own_and_other(["express", "express-commonjs"], "node", "python"),
        pytest.param("next", "node", marks=pytest.mark.long),
    ],
)
def test_a_node_app_verifies_a_code_and_hears_of_it(
    name: str, flavour: str, built: Built, site: Site, tmp_path: Path
) -> None:
    server = site.serve(sandbox_delay_s="0")
    sample = set_up(built, flavour, name, tmp_path / "mine", server.url)
    node_modules(built, tmp_path / "mine", "next" if name == "next" else "express")
    drive(built, tmp_path / "mine", sample, server.url)


def test_routes_that_trust_every_webhook_mutant_is_caught(
    built: Built, site: Site, tmp_path: Path
) -> None:
    server = site.serve(sandbox_delay_s="0")
    folder = tmp_path / "mine"
    sample = set_up(built, "python", "flask", folder, server.url)
    path = folder / "watchword_routes.py"
    refusal = 'return make_response("", 400)'
    assert refusal in path.read_text()
    path.write_text(path.read_text().replace(refusal, 'return make_response("", 204)'))
    with pytest.raises(AssertionError, match="204"):
        drive(built, folder, sample, server.url)
