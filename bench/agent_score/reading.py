"""A naive agent's eyes and hands: it fetches, it runs what it has read, and both are counted."""

import base64
import json
import os
import re
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.agent_score.choosing import Stuck

MOST_FETCHES, MOST_COMMANDS = 3, 5
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_PROGRAM = re.compile(
    r"(?:^|\||\$\(|&&|;)\s*(?:curl|python3?|node|npx|uvx|pip|watchword-server)\b", re.MULTILINE
)
_PATIENCE_S = 60


@dataclass
class Agent:
    """Something that can read and do, and knows nothing but a URL.

    Attributes:
        folder: where it works; it holds a `.venv` with the SDK and the command line, as the
            pages ask for.
        proof: how many verifications the server has approved; not the agent's, but its judge's.
    """

    url: str
    folder: Path
    proof: Callable[[], int]
    fetches: list[str] = field(default_factory=list)
    commands: int = 0

    def read(self, where: str) -> str:
        """A page, by its URL or path."""
        return self.raw(where).decode()

    def raw(self, where: str) -> bytes:
        """What is at a URL or path of the server; also what an error says."""
        url = where if where.startswith("http") else self.url + where
        self.fetches.append(url)
        try:
            with urllib.request.urlopen(url, timeout=_PATIENCE_S) as answer:
                return bytes(answer.read())
        except urllib.error.HTTPError as error:
            raise Stuck(f"{url} answers {error.code}") from None

    def challenge(self, path: str) -> str:
        """What an address says to somebody without a key: its WWW-Authenticate."""
        self.fetches.append(self.url + path)
        try:
            urllib.request.urlopen(self.url + path, timeout=_PATIENCE_S).close()
        except urllib.error.HTTPError as error:
            return " ".join(error.headers.get_all("WWW-Authenticate", []))
        return ""

    def call(self, method: str, where: str, key: str, body: Any = None) -> Any:
        """One request, as `curl` would make it."""
        self.commands += 1
        header = {"Authorization": f"Basic {base64.b64encode(key.encode()).decode()}"}
        data = None if body is None else json.dumps(body).encode()
        if data is not None:
            header["Content-Type"] = "application/json"
        asked = urllib.request.Request(where, data, header, method=method)
        try:
            with urllib.request.urlopen(asked, timeout=_PATIENCE_S) as answer:
                return json.loads(answer.read())
        except urllib.error.HTTPError as error:
            raise Stuck(f"{method} {where} answers {error.code}: {error.read()!r}") from None

    def follow(self, page: str) -> bool:
        """Run a page's blocks in order, in one folder, until something is approved.

        What a block prints proves nothing: the server is asked.
        """
        before = self.proof()
        for language, code in blocks(page):
            if language not in ("sh", "python"):
                continue
            self.commands += len(_PROGRAM.findall(code)) if language == "sh" else 1
            self.shell(
                code if language == "sh" else f"python - <<'END_OF_BLOCK'\n{code}END_OF_BLOCK\n"
            )
            if self.proof() > before:
                return True
        return False

    def shell(self, script: str) -> str:
        """What a script prints, in the session of those before it; a script that fails is a page
        that misleads."""
        tools = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        known = {"PATH": tools, "HOME": str(self.folder), "WATCHWORD_URL": self.url}
        session = "[ ! -e .session ] || . ./.session\nset -a\n"
        whole = f"{session}{script}\nexport -p > .session\n"
        done = subprocess.run(
            ["bash", "-euc", whole], cwd=self.folder, env=known, capture_output=True, text=True,
            timeout=_PATIENCE_S, check=False,
        )  # fmt: skip
        if done.returncode:
            raise Stuck(f"a block fails: {done.stderr.strip()[-300:]}")
        return done.stdout

    @property
    def effort(self) -> str:
        return f"{len(self.fetches)} fetches, {self.commands} commands"

    @property
    def is_thrifty(self) -> bool:
        return len(self.fetches) <= MOST_FETCHES and self.commands <= MOST_COMMANDS


def blocks(page: str) -> list[tuple[str, str]]:
    """The fenced blocks of a page: language and code."""
    return _BLOCK.findall(page)
