"""A command line in an empty directory, in this process or in one of its own."""

import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from click.testing import CliRunner, Result

from watchword_server.cli.main import main

Cli = Callable[..., Result]


@pytest.fixture(autouse=True)
def a_clean_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No setting from outside, an empty working directory; logging and umask as before."""
    for name in os.environ:
        if name.startswith("WATCHWORD_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("WATCHWORD_SQLITE_SYNCHRONOUS", "off")
    monkeypatch.chdir(tmp_path)
    root, mask = logging.getLogger(), os.umask(0o022)
    handlers, level, logs = root.handlers, root.level, structlog.get_config()
    yield
    os.umask(mask)
    root.handlers, root.level = handlers, level
    structlog.configure(**logs)
    logging.captureWarnings(capture=False)


@pytest.fixture
def cli() -> Cli:
    """Runs a command in this process."""
    runner = CliRunner()

    def run(*words: str, code: int = 0, **options: Any) -> Result:
        result = runner.invoke(main, words, prog_name="watchword-server", **options)
        assert result.exit_code == code, result.output
        return result

    return run


@pytest.fixture
def as_json(cli: Cli) -> Callable[..., Any]:
    """Runs a command with --json and reads what it printed."""

    def run(*words: str, code: int = 0) -> Any:
        return json.loads(cli(*words, "--json", code=code).stdout)

    return run


class Served:
    """A server in a process of its own."""

    def __init__(self, *words: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "watchword_server", "serve", "--port", "0", *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.line = self.process.stdout.readline()
        self.url = self.line.removeprefix("Watchword is ready: ").split(" ")[0].strip()

    def stop(self, number: int = signal.SIGTERM) -> tuple[int, str, str]:
        """Exit code, and what it printed since the first line."""
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=30)
        return self.process.returncode, out, err


@pytest.fixture
def served() -> Iterator[Callable[..., Served]]:
    """Starts servers, and ends those that still run."""
    started: list[Served] = []

    def start(*words: str) -> Served:
        started.append(Served(*words))
        return started[-1]

    yield start
    for server in started:
        if server.process.poll() is None:
            server.process.kill()
        server.process.communicate()
