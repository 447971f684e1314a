"""Runs the blocks of a page as a reader would: in their order, in one shell and one folder.

The page has a server of its own, a fresh key of its default project in the environment, and the
sandbox.  Where it names these places it means this run's:

    http://127.0.0.1:8080    the server
    http://127.0.0.1:3000    a program that takes webhooks and answers 200
    http://127.0.0.1:9900    a gateway that takes messages over HTTP and answers 200
    127.0.0.1:1025, :2525    a mail server

`make` runs what shows something (`demo`, `run`) and only names the steps of what changes or
checks the tree, because these tests are one of those steps.
"""

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import services_needed
from e2e.deployment import PATIENCE_S, Site, environment
from e2e.docs_blocks import LANGUAGES, RUN, Block, blocks, is_run, normal, shows
from e2e.docs_json import judge, judge_settings
from e2e.docs_peers import Mailbox, MailServer, Taker

ROOT = services_needed.ROOT
_SERVER, _HOOKS, _GATEWAY = (f"http://127.0.0.1:{port}" for port in (8080, 3000, 9900))
_MAIL = re.compile(r'(127\.0\.0\.1:|--set port=|"port": |SMTP_PORT=)(?:1025|2525)\b')
_SHOWN_BY_MAKE = ("demo", "run")
_SESSION_S = 60
_END = "\x1eend of block "
_MAKE = """#!/bin/sh
case " $* " in
  {shown})
    WATCHWORD_PORT=0 exec {make} --no-print-directory -C {root} "$@" ;;
  *) exec {make} -n -C {root} "$@" ;;
esac
"""


T = TypeVar("T")


class Broken(AssertionError):
    """A block does not do what its page says."""


@dataclass
class Ran:
    """What a page printed, and what came to its peers."""

    said: str = ""
    hooks: list[bytes] = field(default_factory=list)
    mails: list[bytes] = field(default_factory=list)


def run_page(text: str, site: Site, timeout_s: float = PATIENCE_S) -> Ran:
    """Run every block of a page; fail at the first that does not do what the page says."""
    if not any(is_run(block) for block in blocks(text)):
        return _judged(blocks(text))
    server, key = site.serve(), site.key()
    with ExitStack() as stack:
        hooks, gateway = stack.enter_context(Taker()), stack.enter_context(Taker())
        mailbox = Mailbox()
        mail = MailServer(mailbox, hostname="127.0.0.1", port=0)
        mail.start()
        stack.callback(mail.stop)
        for named, url in ((_SERVER, server.url), (_HOOKS, hooks.url), (_GATEWAY, gateway.url)):
            text = text.replace(named, url)
        text = _MAIL.sub(rf"\g<1>{mail.port}", text)
        folder = site.folder / "reader"
        names = {
            "url": server.url, "dev_key": key["dev_key"], "dev_secret": key["dev_secret"],
            "database_url": f"sqlite:///{site.database}", "sqlite_synchronous": "off",
        }  # fmt: skip
        reader = stack.enter_context(Reader(folder, names, timeout_s))
        said = [reader.follow(block) for block in _with_neighbours(blocks(text))]
        return Ran("".join(said), hooks.bodies, mailbox.mails)


def _judged(found: list[Block]) -> Ran:
    """A page on which nothing runs."""
    for block in found:
        with _at(block):
            assert block.language in LANGUAGES, "no way to follow it"
            if block.language == "json":
                judge(block, "")
            elif block.language == "toml":
                judge_settings(block)
    return Ran()


@contextmanager
def _at(block: Block, errors: str | None = None) -> Iterator[None]:
    """Say where a page is broken, and what was printed on standard error."""
    try:
        yield
    except Exception as error:
        told = Path(errors).read_text(encoding="utf-8")[-3000:] if errors else ""
        raise Broken(f"line {block.line}, {block.language}: {error!r}\n{told}") from error


@dataclass(frozen=True)
class Placed:
    """A block, and the `console` block that shows its output, if there is one."""

    block: Block
    shown: Block | None


def _with_neighbours(found: list[Block]) -> list[Placed]:
    following = [*found[1:], None]
    return [
        Placed(one, after if after is not None and _is_output(after) else None)
        for one, after in zip(found, following, strict=True)
    ]


def _is_output(block: Block) -> bool:
    return block.language == "console" and not block.text.startswith("$ ")


class Reader:
    """Somebody who follows a page: a shell in a folder of its own."""

    def __init__(self, folder: Path, settings: dict[str, str], timeout_s: float) -> None:
        self._folder, self._timeout_s = folder, timeout_s
        self._server = settings["url"]
        self._before = ""
        self._count = 0
        _furnish(folder)
        path = f"{folder / 'bin'}:{Path(sys.executable).parent}:{os.environ['PATH']}"
        self._errors = (folder / "errors").open("w+", encoding="utf-8")
        self._shell = subprocess.Popen(
            ["bash", "--noprofile", "--norc"], cwd=folder, text=True, start_new_session=True,
            env=environment(**settings) | {"PATH": path}, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=self._errors,
        )  # fmt: skip
        self._tell("set -eum")

    def __enter__(self) -> "Reader":
        return self

    def __exit__(self, *_: object) -> None:
        if self._shell.poll() is None:
            os.killpg(self._shell.pid, signal.SIGKILL)
        self._shell.wait()
        for pipe in (self._shell.stdin, self._shell.stdout, self._errors):
            _of(pipe).close()

    def follow(self, placed: Placed) -> str:
        """Do what a block says; what it printed."""
        with _at(placed.block, self._errors.name):
            return self._follow(placed.block, placed.shown)

    def _follow(self, block: Block, shown: Block | None) -> str:
        assert block.language in LANGUAGES, f"no way to follow {block.language or 'no language'}"
        if block.language in RUN:
            self._before = self._sent(block) if block.language == "http" else self._ran(block)
            assert shown is None or shows(shown.text, self._before), (
                f"it shows\n{normal(_of(shown).text)}\nand prints\n{normal(self._before)}"
            )
            return self._before
        if block.language == "json":
            judge(block, self._before)
        elif block.language == "toml":
            judge_settings(block)
        elif block.language == "console" and block.text.startswith("$ "):
            self._session(block.text)
        elif block.language == "console":
            assert self._before, "output of nothing"
        self._before = ""
        return ""

    def _ran(self, block: Block) -> str:
        self._count += 1
        file = self._folder / f"block{self._count}.{_ENDINGS[block.language]}"
        file.write_text(block.text, encoding="utf-8")
        self._tell(f"{_command(block.language, file)} </dev/null")
        return self._until_end()

    def _until_end(self) -> str:
        self._tell(f"printf '%s\\n' '{_END}'")
        lines = []
        for line in _of(self._shell.stdout):
            if line.endswith(f"{_END}\n"):
                return "".join((*lines, line.removesuffix(f"{_END}\n")))
            lines.append(line)
        raise Broken(f"it failed with {self._shell.wait()} after printing {''.join(lines)[-2000:]}")

    def _session(self, text: str) -> None:
        """Run what stands behind `$ ` until it has printed what is shown; some run on."""
        for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
            command, _, expected = part.partition("\n")
            said, ended = self._folder / "said", self._folder / "ended"
            for path in (said, ended):
                path.unlink(missing_ok=True)
            inside = f"{command}; echo $? > {shlex.quote(str(ended))}"
            self._tell(f"( {inside} ) >{shlex.quote(str(said))} </dev/null &")
            self._until_end()
            self._watch(expected, said, ended)
            self._tell("kill -TERM -- -$! 2>/dev/null || true; wait $! 2>/dev/null || true")
            self._until_end()

    def _watch(self, expected: str, said: Path, ended: Path) -> None:
        deadline = time.monotonic() + min(self._timeout_s, _SESSION_S)
        while True:
            is_over = ended.exists()
            printed = said.read_text(encoding="utf-8") if said.exists() else ""
            if shows(expected, printed):
                return
            assert not is_over and time.monotonic() < deadline, (
                f"it shows\n{normal(expected)}\nand prints\n{normal(printed)}"
            )
            time.sleep(0.05)

    def _sent(self, block: Block) -> str:
        head, _, body = block.text.partition("\n\n")
        first, *rest = head.splitlines()
        method, path = first.split(" ")[:2]
        fields = dict(line.split(": ", 1) for line in rest)
        fields.pop("Host", None)
        asked = urllib.request.Request(
            self._server + path, body.strip().encode() or None, fields, method=method
        )
        try:
            with urllib.request.urlopen(asked, timeout=self._timeout_s) as answer:
                told: str = answer.read().decode()
                return told
        except urllib.error.HTTPError as error:
            raise Broken(f"{error.code}: {error.read().decode()}") from error

    def _tell(self, line: str) -> None:
        pipe = _of(self._shell.stdin)
        try:
            pipe.write(line + "\n")
            pipe.flush()
        except BrokenPipeError:
            pass  # the shell has ended: reading says why


_ENDINGS = {"sh": "sh", "python": "py", "js": "mjs", "ts": "mts"}


def _command(language: str, file: Path) -> str:
    if language == "sh":
        return f". {shlex.quote(str(file))}"
    if language == "python":
        return f"python {shlex.quote(str(file))}"
    node = services_needed.node_22()
    return f"{shlex.quote(node)} --no-warnings {shlex.quote(str(file))}"


def _furnish(folder: Path) -> None:
    """What a reader in a checkout has beside the shell."""
    (folder / "bin").mkdir(parents=True)
    (folder / ".venv").symlink_to(Path(sys.executable).parent.parent)
    make = shlex.quote(shutil.which("make") or "make")
    shown = "|".join(f"*' {target} '*" for target in _SHOWN_BY_MAKE)
    shim = folder / "bin/make"
    shim.write_text(_MAKE.format(make=make, root=shlex.quote(str(ROOT)), shown=shown))
    shim.chmod(0o755)


def _of(found: T | None) -> T:
    assert found is not None
    return found
