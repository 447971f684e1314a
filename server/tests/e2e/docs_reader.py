"""Somebody who follows a page: a shell in a folder, with what a reader of the page has."""

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import services_needed
from e2e.deployment import environment
from e2e.docs_blocks import RUN, Block, is_foreign, normal, shows
from e2e.docs_forks import Forks
from e2e.docs_json import judge, judge_settings

ROOT = services_needed.ROOT
PYTHON_S = Path(sys.executable).parent.parent
_SHOWN_BY_MAKE = ("demo", "help", "run")
_END = "\x1eend of block "
_MAKE = """#!/bin/sh
case " $* " in
  {shown})
    WATCHWORD_PORT=0 exec {make} --no-print-directory -C {root} "$@" ;;
  *) exec {make} -n -C {root} "$@" ;;
esac
"""
_UVX = """#!/bin/sh
exec "$@"
"""
_ENDINGS = {"sh": "sh", "python": "py", "js": "mjs", "ts": "mts"}

T = TypeVar("T")


class Broken(AssertionError):
    """A block does not do what its page says."""


@dataclass(frozen=True)
class Placed:
    """A block, and the block that shows its output, if there is one."""

    block: Block
    shown: Block | None
    is_shown: bool


class Reader:
    """Follows blocks in their order; whatever they started ends with it.

    Args:
        page: the page's name, such as `docs/sandbox.md`.
        folder: where the shell begins; it may hold files already.
        settings: the reader's own, of which `url` is where `http` blocks go.
        timeout_s: what the whole page may take; then everything is killed.
    """

    def __init__(
        self, page: str, folder: Path, settings: dict[str, str], forks: Forks, timeout_s: float,
        **variables: str,
    ) -> None:  # fmt: skip
        self._page, self._folder, self._server = page, folder, settings["url"]
        self._before = ""
        self._count = 0
        _furnish(folder.parent, forks)
        names = environment(**settings) | variables
        names["PATH"] = f"{folder.parent}/bin:{folder.parent}/.venv/bin:{os.environ['PATH']}"
        (folder / ".venv").symlink_to(folder.parent / ".venv")
        self._errors = (folder.parent / "errors").open("w+", encoding="utf-8")
        self._shell = subprocess.Popen(
            ["bash", "--noprofile", "--norc"], cwd=folder, text=True, start_new_session=True,
            env=names | {"HOME": str(folder.parent), "PYTHONDONTWRITEBYTECODE": "1"},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors,
        )  # fmt: skip
        self._is_late = threading.Event()
        self._deadline = threading.Timer(timeout_s, self._give_up)
        self._deadline.start()
        self._tell("set -eum -o pipefail")

    def __enter__(self) -> "Reader":
        return self

    def __exit__(self, *_: object) -> None:
        self._deadline.cancel()
        self._deadline.join()
        end_session(self._shell.pid)
        self._shell.wait()
        for pipe in (self._shell.stdin, self._shell.stdout, self._errors):
            with suppress(BrokenPipeError):
                _of(pipe).close()

    def _give_up(self) -> None:
        """End the page: whatever is read from it then comes to an end."""
        self._is_late.set()
        end_session(self._shell.pid)

    def follow(self, placed: Placed) -> str:
        """Do what a block says; what it printed."""
        with at(placed.block, Path(self._errors.name)):
            return self._follow(placed.block, placed)

    def _follow(self, block: Block, placed: Placed) -> str:
        if block.language in RUN:
            self._before = self._sent(block) if block.language == "http" else self._ran(block)
            assert placed.shown is None or shows(placed.shown.text, self._before), (
                f"it shows\n{normal(placed.shown.text)}\nand prints\n{normal(self._before)}"
            )
            return self._before
        if block.language == "json":
            judge(block, self._before, self._page)
        elif block.language == "toml":
            judge_settings(block)
        elif block.language == "console" and not placed.is_shown:
            self._session(block.text)
        elif placed.is_shown:
            assert self._before.strip(), "output of nothing"
        self._before = ""
        return ""

    def _ran(self, block: Block) -> str:
        self._count += 1
        file = self._folder / f"block{self._count}.{_ENDINGS[block.language]}"
        file.write_text(block.text, encoding="utf-8")
        self._tell(f"{_command(block, file)} </dev/null")
        return self._until_end()

    def _until_end(self) -> str:
        self._tell(f"printf '%s\\n' '{_END}'")
        lines = []
        for line in _of(self._shell.stdout):
            if line.endswith(f"{_END}\n"):
                return "".join((*lines, line.removesuffix(f"{_END}\n")))
            lines.append(line)
        ended = self._shell.wait()
        why = "it took too long" if self._is_late.is_set() else f"it failed with {ended}"
        raise Broken(f"{why} after printing {''.join(lines)[-2000:]}")

    def _session(self, text: str) -> None:
        """Run what stands behind `$ ` until it has printed what is shown; some run on."""
        for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
            command, _, expected = part.partition("\n")
            said, ended = self._folder.parent / "said", self._folder.parent / "ended"
            for path in (said, ended):
                path.unlink(missing_ok=True)
            inside = f"{command}; echo $? > {shlex.quote(str(ended))}"
            self._tell(f"( {inside} ) >{shlex.quote(str(said))} </dev/null &")
            self._until_end()
            self._watch(expected, said, ended)
            self._tell("kill -TERM -- -$! 2>/dev/null || true; wait $! 2>/dev/null || true")
            self._until_end()

    def _watch(self, expected: str, said: Path, ended: Path) -> None:
        while True:
            is_over = ended.exists() or self._is_late.is_set()
            printed = said.read_text(encoding="utf-8") if said.exists() else ""
            if shows(expected, printed):
                return
            assert not is_over, f"it shows\n{normal(expected)}\nand prints\n{normal(printed)}"
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
            with urllib.request.urlopen(asked, timeout=60) as answer:
                told: str = answer.read().decode()
                return told
        except urllib.error.HTTPError as error:
            raise Broken(f"{error.code}: {error.read().decode()}") from error

    def _tell(self, line: str) -> None:
        pipe = _of(self._shell.stdin)
        with suppress(BrokenPipeError):  # the shell has ended: reading says why
            pipe.write(line + "\n")
            pipe.flush()


@contextmanager
def at(block: Block, errors: Path | None = None) -> Iterator[None]:
    """Say where a page is broken, and what was printed on standard error."""
    try:
        yield
    except Exception as error:
        told = errors.read_text(encoding="utf-8")[-3000:] if errors else ""
        raise Broken(f"line {block.line}, {block.language}: {error!r}\n{told}") from error


def end_session(leader: int) -> None:
    """Kill every process that a shell left, whichever group it put itself in."""
    listed = subprocess.run(
        ["ps", "-A", "-o", "pid=,sess="], capture_output=True, text=True, check=True
    )
    for line in listed.stdout.splitlines():
        pid, session = map(int, line.split())
        if session == leader:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def _command(block: Block, file: Path) -> str:
    path = shlex.quote(str(file))
    if block.language == "sh":
        return f". {path}"
    if block.language == "python":
        return f"{'$VENDORS_PYTHON' if is_foreign(block) else 'python -W error'} {path}"
    return f"{shlex.quote(services_needed.node_22())} --no-warnings {path}"


def _furnish(place: Path, forks: Forks) -> None:
    """What a reader in a checkout has: its environment, in which `watchword-server` is forked; a
    `uvx` that runs what is in it, in the place of the index; and a `make` that shows something
    (`demo`, `help`, `run`) or names the steps of what changes or checks the tree, because these
    tests are one of those steps."""
    programs = place / ".venv/bin"
    programs.mkdir(parents=True)
    for name in ("pyvenv.cfg", "lib"):
        (place / ".venv" / name).symlink_to(PYTHON_S / name)
    for program in (PYTHON_S / "bin").iterdir():
        (programs / program.name).symlink_to(program)
    for name in ("activate", "watchword-server"):
        (programs / name).unlink(missing_ok=True)
    (programs / "activate").write_text(f'PATH="{programs}:$PATH"\n')
    forks.write_command(programs / "watchword-server")
    (place / "bin").mkdir()
    make, root = shlex.quote(shutil.which("make") or "make"), shlex.quote(str(ROOT))
    shown = "|".join(f"*' {target} '*" for target in _SHOWN_BY_MAKE)
    shims = {"make": _MAKE.format(make=make, root=root, shown=shown), "uvx": _UVX}
    for name, text in shims.items():
        (place / "bin" / name).write_text(text)
        (place / "bin" / name).chmod(0o755)


def _of(found: T | None) -> T:
    assert found is not None
    return found
