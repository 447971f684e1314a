"""The skills and plugins, installed by the programs that people have; files are asserted."""

import json
import shutil
import subprocess
import threading
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from e2e.agent_clients import Machine, files
from e2e.deployment import Site
from watchword_server.api.site import site as serving
from watchword_server.api.site import skills

ROOT = Path(__file__).resolve().parents[3]
AGENTS = ("claude-code", "cursor", "codex", "windsurf", "github-copilot", "gemini-cli")
SHARED = ".agents/skills"
IN_PROJECT = {
    "claude-code": ".claude/skills",
    "cursor": SHARED,
    "codex": SHARED,
    "windsurf": ".windsurf/skills",
    "github-copilot": SHARED,
    "gemini-cli": SHARED,
}
IN_HOME = {
    "claude-code": ".claude/skills",
    "cursor": SHARED,
    "codex": SHARED,
    "windsurf": ".codeium/windsurf/skills",
    "github-copilot": SHARED,
    "gemini-cli": SHARED,
}


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine.under(tmp_path)


def wanted() -> dict[str, bytes]:
    return {
        f"{skill.name}/{path}": content
        for skill in skills.skills()
        for path, content in skill.files.items()
    }


def add(machine: Machine, source: str, *words: str) -> None:
    (machine.project / ".windsurf").mkdir(exist_ok=True)  # else the installer skips Windsurf
    words = (source, "--skill", "*", "-y", *words, "-a", *AGENTS)
    machine.npm_program("skills", "dist/cli.mjs", "add", *words)


def not_right(root: Path, folders: dict[str, str]) -> list[str]:
    """The agents whose folder has not exactly the files of the skills."""
    return [agent for agent, folder in folders.items() if files(root / folder) != wanted()]


def test_the_installer_puts_every_file_of_a_path_where_six_agents_look(machine: Machine) -> None:
    add(machine, str(ROOT))
    assert not_right(machine.project, IN_PROJECT) == []


def test_the_installer_clones_a_repository(machine: Machine, tmp_path: Path) -> None:
    repository = tmp_path / "clone-me"
    shutil.copytree(skills.skills_folder(), repository / "skills")
    author = ("-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false")
    for words in (("init", "-q"), ("add", "-A"), (*author, "commit", "-qm", "Skills.")):
        subprocess.run(["git", "-C", str(repository), *words], check=True)
    add(machine, repository.as_uri())
    assert not_right(machine.project, IN_PROJECT) == []


def test_the_installer_does_so_for_all_projects(machine: Machine) -> None:
    add(machine, str(ROOT), "-g")
    assert not_right(machine.home, IN_HOME) == []


def test_the_installer_takes_them_from_a_running_server(machine: Machine, site: Site) -> None:
    add(machine, site.serve().url)
    assert not_right(machine.project, IN_PROJECT) == []


@contextmanager
def published(altered: str = "", hidden: str = "") -> Iterator[str]:
    """The site's files with one archive altered, or some paths hidden."""
    found = serving.Site("http://127.0.0.1", dict)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            page = None if hidden and hidden in self.path else found.find(self.path, b"")
            self.send_response(200 if page else 404)
            body = page.body if page else b""
            if altered and self.path.endswith(altered):
                body += b"\0"
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_an_archive_that_differs_from_its_digest_mutant_is_caught(machine: Machine) -> None:
    with published(altered="/watchword-webhooks.tar.gz") as url:
        add(machine, url)
    assert not_right(machine.project, IN_PROJECT) == list(IN_PROJECT)


def test_an_installer_that_knows_only_the_older_index_gets_the_same(machine: Machine) -> None:
    with published(hidden="/agent-skills/") as url:
        add(machine, url)
    assert not_right(machine.project, IN_PROJECT) == []


def test_add_mcp_writes_the_server_into_the_configuration_of_six_clients(machine: Machine) -> None:
    url = "http://127.0.0.1:8080/mcp"
    names = ("cursor", "claude-code", "codex", "vscode", "windsurf", "gemini-cli")
    chosen = [word for name in names for word in ("-a", name)]
    header = ("--header", "Authorization: Bearer ${WATCHWORD_API_KEY}")
    machine.npm_program(
        "add-mcp", "dist/index.js", url, "-n", "watchword", "-y", "-g", *chosen, *header
    )

    def written(path: str) -> dict[str, object]:
        text = (machine.home / path).read_text()
        found: dict[str, object] = (
            tomllib.loads(text) if path.endswith(".toml") else json.loads(text)
        )
        return found

    places = {
        ".cursor/mcp.json": ("mcpServers", "url"),
        ".claude.json": ("mcpServers", "url"),
        ".codex/config.toml": ("mcp_servers", "url"),
        ".config/Code/User/mcp.json": ("servers", "url"),
        ".codeium/windsurf/mcp_config.json": ("mcpServers", "serverUrl"),
        ".gemini/settings.json": ("mcpServers", None),
    }
    for path, (section, field) in places.items():
        entry = written(path)[section]["watchword"]  # type: ignore[index]
        assert url in (entry.values() if field is None else [entry[field]]), path
        assert "${WATCHWORD_API_KEY}" in json.dumps(entry), path
